//! The walk through a flow that finds its problems.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::connections::{self, Scope};
use super::keys::{self, EDGE_KEYS, NODE_KEYS};
use super::problem::{Finding, Problem, Problems};
use super::suggestion::Budget;
use super::{NodeTypes, Rule, branches, parameters, policy, sections};
use crate::flow::{Edge, Limits, NodeDefinition, POLICY_KEYS, kind_of, pointer, runs_in_rounds};
use crate::graph::{Cycle, Graph};

/// How many nodes of a cycle a message names.
const NAMED_NODES: usize = 32;

/// Said of a `loop` with nothing to repeat.
const NO_NODES_IN_LOOP: &str = "A `loop` needs `nodes`: those that it repeats. Move the nodes that are to run for each item \
                                into it, with the edges between them; `${{ item }}` is the item of a round there";

/// Parameters that every node may have, whatever its type.
const COMMON_PARAMETERS: [&str; 6] = ["enabled", "label", "description", "retries", "retryDelay", "timeout"];

/// Whether a parameter that a node does not have comes to its port of that name.
#[inline(never)]
fn comes_by_edge(
    name: &str,
    node: &NodeDefinition,
    around: Option<&NodeDefinition>,
    ports: Option<&[String]>,
) -> bool {
    let brings = |edge: &Edge| edge.target == node.id && edge.target_key() == name;
    ports.is_some_and(|ports| ports.iter().any(|port| port == name))
        && around.is_some_and(|group| group.connections().iter().any(brings))
}

/// `others`: problems that the host knows of beside these.
pub(super) fn validate(
    node: &NodeDefinition,
    types: &NodeTypes,
    limits: &Limits,
    others: usize,
) -> Vec<Problem> {
    let problems = Problems::new(types.is_for_file(), others);
    let mut walk = Walk {
        types,
        limits,
        problems,
        path: String::new(),
        nodes: 0,
        edges: 0,
        loops: 0,
        shared_rates: policy::SharedRates::default(),
    };
    walk.node(node, None, None, 0);
    policy::check_lone_keys(&walk.shared_rates, &mut walk.problems);
    walk.problems.into_list()
}

pub(super) struct Walk<'a> {
    pub(super) types: &'a NodeTypes,
    limits: &'a Limits,
    problems: Problems,
    /// Where the walk is, as JSON pointer.
    path: String,
    nodes: usize,
    edges: usize,
    /// Loops around the node that it is at.
    loops: usize,
    shared_rates: policy::SharedRates,
}

impl Walk<'_> {
    /// `around` is the group that the node is in, `twin` the place of an earlier node with the same id there, `groups` says
    /// how many groups are around the node.
    fn node(
        &mut self,
        node: &NodeDefinition,
        around: Option<&NodeDefinition>,
        twin: Option<usize>,
        groups: usize,
    ) {
        let owner = named(&node.id);
        self.identity(node, twin);
        self.fields(&node.extra, &NODE_FIELDS, owner);
        self.keys(&node.extra, "node", &NODE_KEYS, owner);
        self.element_types(&node.extra, owner);
        self.group(node, groups + usize::from(node.is_group()));
        self.parameters(node, around);
        branches::check(self, node);
        sections::check(self, node);
        self.policy(node);
    }

    #[inline(never)]
    fn identity(&mut self, node: &NodeDefinition, twin: Option<usize>) {
        let owner = named(&node.id);
        if node.id.is_empty() && is_absent(&node.extra, "id") {
            self.say_at("id", Rule::MissingId, owner, "The node has no id");
        }
        if let Some(first) = twin {
            let length = self.path.len();
            let group = self.path.rsplit_once('/').map_or("", |(group, _)| group).to_owned();
            self.report_at("id", Rule::DuplicateId, owner, &mut |_| {
                Finding::new(format!(
                    "The id `{}` is used twice in its group, first at {group}/{first}",
                    node.id
                ))
            });
            self.path.truncate(length);
        }
        if node.kind.is_empty() {
            if is_absent(&node.extra, "type") {
                match node.extra.get("nodes") {
                    // A group is a group by its `nodes`, whose own problem is the only one that it has.
                    Some(Value::Null) => {
                        let message = format!("Expected {LIST_OF_NODES}, found nothing");
                        self.say_at("nodes", Rule::TypeMismatch, owner, &message);
                    }
                    Some(_) => {}
                    None => self.missing_type(node, owner),
                }
            }
        } else if !node.is_group() && is_absent(&node.extra, "nodes") && !self.types.accepts_leaf(&node.kind)
        {
            let types = self.types;
            // Definitions may always have had these; they run, and do nothing.
            let rule = match node.kind.as_str() {
                "group" | "loop" => Rule::NothingInside,
                _ => Rule::UnknownType,
            };
            self.report_at("type", rule, owner, &mut |budget| match node.kind.as_str() {
                "group" => Finding::new("A `group` needs `nodes`: those that it contains".to_owned()),
                "loop" => Finding::new(NO_NODES_IN_LOOP.to_owned()),
                "try" => Finding::new("A `try` needs `nodes`: those that may fail".to_owned()),
                "until" => Finding::new("An `until` needs `nodes`: those that it repeats".to_owned()),
                kind => {
                    let finding = Finding::new(format!("The node type `{kind}` is not known"));
                    finding.among(kind, &types.names(), budget)
                }
            });
        }
    }

    #[inline(never)]
    fn missing_type(&mut self, node: &NodeDefinition, owner: Option<&str>) {
        let types = self.types;
        let is_flow = self.path.is_empty();
        self.report_at("type", Rule::MissingType, owner, &mut |budget| match node.is_group() {
            // Files may leave it out of a group, so that programs are told which node needs it, and what to write.
            true => Finding::new(match (is_flow, node.id.as_str()) {
                (_, "") => "The group has no `type`: write `type: \"group\"`".to_owned(),
                (true, id) => format!("The flow `{id}` itself has no `type`: write `type: \"group\"`"),
                (false, id) => format!("The group `{id}` has no `type`: write `type: \"group\"`"),
            }),
            false => {
                let finding = Finding::new("The node has no `type`, and no `nodes` of its own".to_owned());
                if types.is_closed() { finding.among("", &types.names(), budget) } else { finding }
            }
        });
    }

    /// Reports the keys that nothing reads.
    #[inline(never)]
    fn keys(&mut self, extra: &Map<String, Value>, what: &str, own: &[&str], owner: Option<&str>) {
        for key in extra.keys() {
            if !keys::is_known(key, own) {
                self.report_at(key, Rule::UnknownKey, owner, &mut |budget| {
                    let message = format!("Unknown key `{key}` of {} {what}", article(what));
                    let elsewhere = if what == "node" { place_of(key) } else { None };
                    match elsewhere {
                        Some(place) => {
                            Finding::new(format!("{message}: it belongs under `{place}`")).meaning(key, place)
                        }
                        None => Finding::new(message).among(key, own, budget),
                    }
                });
            }
        }
    }

    /// Reports the known fields that reading had to leave among the unknown ones.
    #[inline(never)]
    fn fields(&mut self, extra: &Map<String, Value>, fields: &[Field], owner: Option<&str>) {
        for (key, value) in extra {
            let field = fields.iter().find(|(name, ..)| name == key);
            if let Some((name, expected, fits)) = field
                && !value.is_null()
                && !fits(value)
            {
                self.report_at(name, Rule::TypeMismatch, owner, &mut |_| {
                    Finding::new(format!("Expected {expected}, found {}", kind_of(value)))
                });
            }
        }
    }

    /// Reports the elements that made reading leave a list of nodes or edges as it was.
    #[inline(never)]
    fn element_types(&mut self, extra: &Map<String, Value>, owner: Option<&str>) {
        for name in ["nodes", "edges"] {
            let list = extra.get(name).and_then(Value::as_array);
            for (index, value) in list.into_iter().flatten().enumerate() {
                if !value.is_object() {
                    self.within(name, |walk| {
                        walk.report_at(&index.to_string(), Rule::TypeMismatch, owner, &mut |_| {
                            Finding::new(format!("Expected an object, found {}", kind_of(value)))
                        });
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
            self.say_at("nodes", Rule::Limit, owner, &message);
            return;
        }
        self.nodes = self.nodes.saturating_add(children.len());
        if self.nodes > self.limits.nodes && !children.is_empty() {
            let message = Limits::exceeded("nodes", self.limits.nodes, self.nodes);
            self.say_at("nodes", Rule::Limit, owner, &message);
            return;
        }
        let mut places: HashMap<&str, usize> = HashMap::with_capacity(children.len());
        let loops = usize::from(runs_in_rounds(&group.kind));
        self.loops += loops;
        self.within("nodes", |walk| {
            for (index, child) in children.iter().enumerate() {
                let twin = match named(&child.id) {
                    Some(id) => places.get(id).copied(),
                    None => None,
                };
                if twin.is_none() {
                    places.insert(&child.id, index);
                }
                walk.within_index(index, |walk| walk.node(child, Some(group), twin, groups));
            }
        });
        self.loops -= loops;
        self.edges(group, &places);
    }

    fn edges(&mut self, group: &NodeDefinition, places: &HashMap<&str, usize>) {
        let owner = named(&group.id);
        let edges = group.connections();
        self.edges = self.edges.saturating_add(edges.len());
        if self.edges > self.limits.edges && !edges.is_empty() {
            let message = Limits::exceeded("edges", self.limits.edges, self.edges);
            self.say_at("edges", Rule::Limit, owner, &message);
            return;
        }
        let mut links: Vec<(u32, u32)> = Vec::with_capacity(edges.len());
        self.within("edges", |walk| {
            for (index, edge) in edges.iter().enumerate() {
                walk.within_index(index, |walk| {
                    walk.fields(&edge.extra, &EDGE_FIELDS, owner);
                    walk.keys(&edge.extra, "edge", &EDGE_KEYS, owner);
                    let source = walk.end(edge, "source", &edge.source, group, places);
                    let target = walk.end(edge, "target", &edge.target, group, places);
                    links.extend(source.zip(target));
                });
            }
        });
        // Edges that lead nowhere, and lists that could not be read, say nothing about the nodes.
        let is_whole = links.len() == edges.len() && is_absent(&group.extra, "edges");
        branches::check_count(self, group, &links);
        let graph = Graph::new(group.children().len(), links);
        match graph.levels() {
            Err(cycle) => {
                self.report_at("edges", Rule::Cycle, owner, &mut |_| {
                    Finding::new(describe(&cycle, group.children()))
                });
            }
            Ok(levels) if is_whole => {
                connections::check(self, &Scope { group, places, order: &levels.order })
            }
            Ok(_) => {}
        }
    }

    /// The place of the node at one end of an edge.
    #[inline(never)]
    fn end(
        &mut self,
        edge: &Edge,
        field: &str,
        id: &str,
        group: &NodeDefinition,
        places: &HashMap<&str, usize>,
    ) -> Option<u32> {
        let owner = named(&group.id);
        if id.is_empty() {
            if is_absent(&edge.extra, field) {
                self.report_at(field, Rule::MissingEnd, owner, &mut |_| {
                    Finding::new(format!("{} has no {field}", edge_name(edge)))
                });
            }
            return None;
        }
        let place = places.get(id).and_then(|&place| u32::try_from(place).ok());
        if place.is_none() {
            self.report_at(field, Rule::UnknownNode, owner, &mut |budget| {
                let ids: Vec<&str> =
                    group.children().iter().filter_map(|node| named(&node.id)).take(budget.left()).collect();
                let message =
                    format!("{} has the {field} `{id}`, which is no node of its group", edge_name(edge));
                Finding::new(message).among(id, &ids, budget)
            });
        }
        place
    }

    #[inline(never)]
    fn parameters(&mut self, node: &NodeDefinition, around: Option<&NodeDefinition>) {
        let Some(known) = self.types.get(&node.kind) else {
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
        let top = self.path.len();
        let ports = known.declaration.inputs.as_deref();
        let report: &mut parameters::Report<'_> = &mut |rule, path, finding| {
            let name = path.get(top + 1..).unwrap_or_default();
            if rule != Rule::MissingParameter || !comes_by_edge(name, node, around, ports) {
                problems.add(rule, path, named(&node.id), finding);
            }
        };
        parameters::check_object(given, &known.schema, &mut self.path, report);
        if known.declaration.complete {
            parameters::check_names(
                &node.kind,
                given,
                &known.schema,
                &COMMON_PARAMETERS,
                &mut self.path,
                report,
            );
        }
        self.path.truncate(length);
    }

    #[inline(never)]
    fn policy(&mut self, node: &NodeDefinition) {
        let problems = &mut self.problems;
        let mut report = |rule, path: &str, finding: &mut dyn FnMut(&mut Budget) -> Finding| {
            problems.add(rule, path, named(&node.id), finding);
        };
        let length = self.path.len();
        if let Some(given) = node.policy() {
            pointer::push_key(&mut self.path, "policy");
            let place = policy::Place {
                is_leaf: node.children().is_empty(),
                is_in_loop: self.loops > 0,
                is_loop: runs_in_rounds(&node.kind),
            };
            policy::check(given, place, &mut self.path, &mut report);
            policy::check_shared(given, named(&node.id), &mut self.shared_rates, &mut self.path, &mut report);
            if length == 0 {
                policy::check_root(given, &mut self.path, &mut report);
            }
            self.path.truncate(length);
        }
        if let Some(given) = node.settings().and_then(|settings| settings.get("runtime")?.as_object()) {
            pointer::push_key(&mut self.path, "settings");
            pointer::push_key(&mut self.path, "runtime");
            policy::check_runtime(given, &mut self.path, &mut report);
            self.path.truncate(length);
        }
    }

    #[inline(never)]
    pub(super) fn report_at(
        &mut self,
        field: &str,
        rule: Rule,
        owner: Option<&str>,
        finding: &mut dyn FnMut(&mut Budget) -> Finding,
    ) {
        self.within(field, |walk| walk.problems.add(rule, &walk.path, owner, finding));
    }

    /// Reports a problem of a parameter.
    #[inline(never)]
    pub(super) fn report_parameter(
        &mut self,
        name: &str,
        rule: Rule,
        owner: Option<&str>,
        finding: &mut dyn FnMut(&mut Budget) -> Finding,
    ) {
        self.within("parameters", |walk| walk.report_at(name, rule, owner, finding));
    }

    #[inline(never)]
    fn say_at(&mut self, field: &str, rule: Rule, owner: Option<&str>, message: &str) {
        self.report_at(field, rule, owner, &mut |_| Finding::new(message.to_owned()));
    }

    /// Reports a problem of the element of a list.
    #[inline(never)]
    pub(super) fn report_within(
        &mut self,
        list: &str,
        index: usize,
        (rule, owner): (Rule, Option<&str>),
        finding: &mut dyn FnMut(&mut Budget) -> Finding,
    ) {
        self.within(list, |walk| {
            walk.within_index(index, |walk| walk.problems.add(rule, &walk.path, owner, finding));
        });
    }

    /// Reports a problem of a field of an edge.
    #[inline(never)]
    pub(super) fn report_edge(
        &mut self,
        index: usize,
        field: &str,
        (rule, owner): (Rule, Option<&str>),
        finding: &mut dyn FnMut(&mut Budget) -> Finding,
    ) {
        self.within("edges", |walk| {
            walk.within_index(index, |walk| walk.report_at(field, rule, owner, finding));
        });
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

const LIST_OF_NODES: &str = "a list such as `[{ id: …, type: … }]`";

const NODE_FIELDS: [Field; 15] = [
    ("id", "a string", Value::is_string),
    ("name", "a string", Value::is_string),
    ("type", "a string", Value::is_string),
    ("version", "a string", Value::is_string),
    ("description", "a string", Value::is_string),
    ("category", "a string", Value::is_string),
    ("metadata", "an object", Value::is_object),
    ("nodes", LIST_OF_NODES, Value::is_array),
    ("edges", "a list such as `[{ source: …, target: … }]`", Value::is_array),
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

pub(super) fn named(id: &str) -> Option<&str> {
    (!id.is_empty()).then_some(id)
}

/// Where a key belongs that was written into the node itself.
fn place_of(key: &str) -> Option<&'static str> {
    match key {
        "enabled" => Some("parameters"),
        _ => POLICY_KEYS.contains(&key).then_some("policy"),
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with('e') { "an" } else { "a" }
}

pub(super) fn edge_name(edge: &Edge) -> String {
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
