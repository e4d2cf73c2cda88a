//! The walk through a flow that finds its problems.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{NodeTypes, Problem, parameters, policy};
use crate::error::ErrorCode;
use crate::flow::{Edge, Limits, NodeDefinition, kind_of, pointer};
use crate::graph::{Cycle, Graph};

/// How many nodes of a cycle a message names.
const NAMED_NODES: usize = 32;

/// How many problems are told; of the others, how many there are.
pub(super) const LISTED_PROBLEMS: usize = 1000;

/// `others`: problems that the host knows of beside these.
pub(super) fn validate(
    node: &NodeDefinition,
    types: &NodeTypes,
    limits: &Limits,
    others: usize,
) -> Vec<Problem> {
    let problems = Problems { listed: Vec::new(), others };
    let mut walk = Walk { types, limits, problems, path: String::new(), nodes: 0, edges: 0 };
    walk.node(node, None, 0);
    walk.problems.into_list()
}

/// What was found, as far as it is listed.
struct Problems {
    listed: Vec<Problem>,
    others: usize,
}

impl Problems {
    /// Adds a problem, which is only counted where enough are listed.
    fn add(&mut self, code: ErrorCode, path: &str, owner: Option<&str>, message: String) {
        if self.has_room() {
            self.listed.push(problem(code, path.to_owned(), message, owner));
        }
    }

    /// Whether the next problem is listed; one that is not counts as told by this question, so that its message need not be
    /// made: a flow may have millions of them.
    fn has_room(&mut self) -> bool {
        let has_room = self.listed.len() < LISTED_PROBLEMS;
        self.others += usize::from(!has_room);
        has_room
    }

    fn into_list(mut self) -> Vec<Problem> {
        if self.others > 0 {
            let message = format!("There are {} more problems, which are not listed", self.others);
            self.listed.push(problem(ErrorCode::ValidationFailed, String::new(), message, None));
        }
        self.listed
    }
}

struct Walk<'a> {
    types: &'a NodeTypes,
    limits: &'a Limits,
    problems: Problems,
    /// Where the walk is, as JSON pointer.
    path: String,
    nodes: usize,
    edges: usize,
}

impl Walk<'_> {
    /// `twin` is the place of an earlier node with the same id in the same group, `groups` says how
    /// many groups are around the node.
    fn node(&mut self, node: &NodeDefinition, twin: Option<usize>, groups: usize) {
        let owner = named(&node.id);
        self.identity(node, twin);
        self.fields(&node.extra, &NODE_FIELDS, owner);
        self.element_types(&node.extra, owner);
        self.group(node, groups + usize::from(node.is_group()));
        self.parameters(node);
        self.policy(node);
    }

    fn identity(&mut self, node: &NodeDefinition, twin: Option<usize>) {
        let owner = named(&node.id);
        if node.id.is_empty() && is_absent(&node.extra, "id") {
            self.report_at("id", ErrorCode::InvalidNode, owner, "The node has no id".into());
        }
        if let Some(first) = twin {
            let group = self.path.rsplit_once('/').map_or("", |(group, _)| group);
            let message =
                format!("The id `{}` is used twice in its group, first at {group}/{first}", node.id);
            self.report_at("id", ErrorCode::InvalidNode, owner, message);
        }
        if node.kind.is_empty() {
            if is_absent(&node.extra, "type") {
                let message = "The node has no type".into();
                self.report_at("type", ErrorCode::InvalidNode, owner, message);
            }
        } else if !node.is_group() && is_absent(&node.extra, "nodes") && !self.types.accepts(&node.kind) {
            let message = format!("The node type `{}` is not known", node.kind);
            self.report_at("type", ErrorCode::NodeTypeNotFound, owner, message);
        }
    }

    /// Reports the known fields that reading had to leave among the unknown ones.
    fn fields(&mut self, extra: &Map<String, Value>, fields: &[Field], owner: Option<&str>) {
        for (key, value) in extra {
            let field = fields.iter().find(|(name, ..)| name == key);
            if let Some((name, expected, fits)) = field
                && !value.is_null()
                && !fits(value)
            {
                let message = format!("Expected {expected}, found {}", kind_of(value));
                self.report_at(name, ErrorCode::TypeMismatch, owner, message);
            }
        }
    }

    /// Reports the elements that made reading leave a list of nodes or edges as it was.
    fn element_types(&mut self, extra: &Map<String, Value>, owner: Option<&str>) {
        for name in ["nodes", "edges"] {
            let list = extra.get(name).and_then(Value::as_array);
            for (index, value) in list.into_iter().flatten().enumerate() {
                if !value.is_object() {
                    let message = format!("Expected an object, found {}", kind_of(value));
                    self.within(name, |walk| {
                        walk.report_at(&index.to_string(), ErrorCode::TypeMismatch, owner, message);
                    });
                }
            }
        }
    }

    /// What a node contains. `groups` counts this one, if it is one, and those around it.
    fn group(&mut self, group: &NodeDefinition, groups: usize) {
        let owner = named(&group.id);
        let children = group.children();
        if groups > self.limits.groups && !children.is_empty() {
            let message = Limits::exceeded("groups", self.limits.groups, groups);
            self.report_at("nodes", ErrorCode::ValidationFailed, owner, message);
            return;
        }
        self.nodes = self.nodes.saturating_add(children.len());
        if self.nodes > self.limits.nodes && !children.is_empty() {
            let message = Limits::exceeded("nodes", self.limits.nodes, self.nodes);
            self.report_at("nodes", ErrorCode::ValidationFailed, owner, message);
            return;
        }
        let mut places: HashMap<&str, usize> = HashMap::with_capacity(children.len());
        self.within("nodes", |walk| {
            for (index, child) in children.iter().enumerate() {
                let twin = match named(&child.id) {
                    Some(id) => places.get(id).copied(),
                    None => None,
                };
                if twin.is_none() {
                    places.insert(&child.id, index);
                }
                walk.within_index(index, |walk| walk.node(child, twin, groups));
            }
        });
        self.edges(group, &places);
    }

    fn edges(&mut self, group: &NodeDefinition, places: &HashMap<&str, usize>) {
        let owner = named(&group.id);
        let edges = group.connections();
        self.edges = self.edges.saturating_add(edges.len());
        if self.edges > self.limits.edges && !edges.is_empty() {
            let message = Limits::exceeded("edges", self.limits.edges, self.edges);
            self.report_at("edges", ErrorCode::ValidationFailed, owner, message);
            return;
        }
        let mut links: Vec<(u32, u32)> = Vec::with_capacity(edges.len());
        self.within("edges", |walk| {
            for (index, edge) in edges.iter().enumerate() {
                walk.within_index(index, |walk| {
                    walk.fields(&edge.extra, &EDGE_FIELDS, owner);
                    let source = walk.end(edge, "source", &edge.source, places, owner);
                    let target = walk.end(edge, "target", &edge.target, places, owner);
                    links.extend(source.zip(target));
                });
            }
        });
        if let Err(cycle) = Graph::new(group.children().len(), links).levels() {
            let message = describe(&cycle, group.children());
            self.report_at("edges", ErrorCode::CircularDependency, owner, message);
        }
    }

    /// The place of the node at one end of an edge.
    fn end(
        &mut self,
        edge: &Edge,
        field: &str,
        id: &str,
        places: &HashMap<&str, usize>,
        owner: Option<&str>,
    ) -> Option<u32> {
        if id.is_empty() {
            if is_absent(&edge.extra, field) && self.problems.has_room() {
                let message = format!("{} has no {field}", edge_name(edge));
                self.report_at(field, ErrorCode::MissingRequiredField, owner, message);
            }
            return None;
        }
        let place = places.get(id).and_then(|&place| u32::try_from(place).ok());
        if place.is_none() && self.problems.has_room() {
            let message =
                format!("{} has the {field} `{id}`, which is no node of its group", edge_name(edge));
            self.report_at(field, ErrorCode::NodeNotFound, owner, message);
        }
        place
    }

    fn parameters(&mut self, node: &NodeDefinition) {
        let Some(schema) = self.types.schema(&node.kind) else {
            return;
        };
        if !is_absent(&node.extra, "parameters") {
            return;
        }
        let none = Map::new();
        let given = node.parameters.as_ref().unwrap_or(&none);
        let problems = &mut self.problems;
        let length = self.path.len();
        pointer::push_key(&mut self.path, "parameters");
        parameters::check_object(given, schema, &mut self.path, &mut |code, path, message| {
            problems.add(code, path, named(&node.id), message);
        });
        self.path.truncate(length);
    }

    fn policy(&mut self, node: &NodeDefinition) {
        let Some(given) = node.policy() else { return };
        let problems = &mut self.problems;
        let length = self.path.len();
        pointer::push_key(&mut self.path, "policy");
        policy::check(given, &mut self.path, &mut |code, path, message| {
            problems.add(code, path, named(&node.id), message);
        });
        self.path.truncate(length);
    }

    fn report(&mut self, code: ErrorCode, owner: Option<&str>, message: String) {
        self.problems.add(code, &self.path, owner, message);
    }

    fn report_at(&mut self, field: &str, code: ErrorCode, owner: Option<&str>, message: String) {
        self.within(field, |walk| walk.report(code, owner, message));
    }

    fn within(&mut self, key: &str, visit: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        pointer::push_key(&mut self.path, key);
        visit(self);
        self.path.truncate(length);
    }

    fn within_index(&mut self, index: usize, visit: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        pointer::push_index(&mut self.path, index);
        visit(self);
        self.path.truncate(length);
    }
}

/// A field with the type that it must have, in words and as a test.
type Field = (&'static str, &'static str, fn(&Value) -> bool);

const NODE_FIELDS: [Field; 15] = [
    ("id", "a string", Value::is_string),
    ("name", "a string", Value::is_string),
    ("type", "a string", Value::is_string),
    ("version", "a string", Value::is_string),
    ("description", "a string", Value::is_string),
    ("category", "a string", Value::is_string),
    ("metadata", "an object", Value::is_object),
    ("nodes", "a list", Value::is_array),
    ("edges", "a list", Value::is_array),
    ("inputPorts", "a list", Value::is_array),
    ("outputPorts", "a list", Value::is_array),
    ("parameters", "an object", Value::is_object),
    ("policy", "an object", Value::is_object),
    ("variables", "an object", Value::is_object),
    ("settings", "an object", Value::is_object),
];

const EDGE_FIELDS: [Field; 5] = [
    ("id", "a string", Value::is_string),
    ("source", "a string", Value::is_string),
    ("target", "a string", Value::is_string),
    ("sourceHandle", "a string", Value::is_string),
    ("targetHandle", "a string", Value::is_string),
];

fn problem(code: ErrorCode, path: String, message: String, owner: Option<&str>) -> Problem {
    Problem { code, path, message, node_id: owner.map(str::to_owned), line: None, column: None }
}

fn named(id: &str) -> Option<&str> {
    (!id.is_empty()).then_some(id)
}

fn edge_name(edge: &Edge) -> String {
    match named(&edge.id) {
        Some(id) => format!("The edge `{id}`"),
        None => "The edge".to_owned(),
    }
}

fn is_absent(extra: &Map<String, Value>, field: &str) -> bool {
    extra.get(field).is_none_or(Value::is_null)
}

fn describe(cycle: &Cycle, nodes: &[NodeDefinition]) -> String {
    let mut message = String::from("Cycle detected in node graph: ");
    for &node in cycle.nodes.iter().take(NAMED_NODES) {
        message.push_str(&nodes[node as usize].id);
        message.push_str(" → ");
    }
    if cycle.nodes.len() > NAMED_NODES {
        let others = cycle.nodes.len() - NAMED_NODES;
        message.push_str(&format!("… ({others} more) → "));
    }
    if let Some(&first) = cycle.nodes.first() {
        message.push_str(&nodes[first as usize].id);
    }
    message
}
