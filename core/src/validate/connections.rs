//! What the edges of a group mean for its nodes: handles that are not there, nodes that nothing ever reaches.

use std::collections::HashMap;

use serde_json::Value;

use super::Rule;
use super::flow::{Walk, edge_name, named};
use super::node_types::Declaration;
use super::problem::Finding;
use crate::flow::{DEFAULT_HANDLE, Edge, NodeDefinition, Section, section_of};

/// The edge of a node's failure, which every node has.
const ERROR_HANDLE: &str = "error";

/// A group whose edges all lead from one of its nodes to another, without a cycle.
pub(super) struct Scope<'g> {
    pub(super) group: &'g NodeDefinition,
    /// The place of each node by its id.
    pub(super) places: &'g HashMap<&'g str, usize>,
    /// Every node, none before those that it waits for.
    pub(super) order: &'g [u32],
}

/// Reports what probably is not meant as it stands.
pub(super) fn check(walk: &mut Walk<'_>, scope: &Scope<'_>) {
    let Scope { group, places, .. } = scope;
    let (nodes, edges) = (group.children(), group.connections());
    if edges.is_empty() {
        if body_of(group).count() > 1 && !runs_at_once(group) {
            walk.report_at("edges", Rule::NoEdges, named(&group.id), &mut |_| {
                let count = body_of(group).count();
                Finding::new(format!(
                    "None of the {count} nodes has an edge, so that none gets what another one gives"
                ))
            });
        }
        return;
    }
    let mut ends = vec![Ends::default(); nodes.len()];
    let mut links = Vec::with_capacity(edges.len());
    for (index, edge) in edges.iter().enumerate() {
        let (Some(&source), Some(&target)) = (places.get(&*edge.source), places.get(&*edge.target)) else {
            continue;
        };
        let can_carry = handles(walk, index, edge, &nodes[source], &nodes[target], named(&group.id));
        ends[source].has_edge = true;
        ends[source].catches |= edge.source_key() == ERROR_HANDLE;
        ends[target].has_edge = true;
        ends[target].awaits = true;
        links.push(Link { source, target, can_carry });
    }
    spread(&links, scope.order, &mut ends);
    for (index, (node, ends)) in nodes.iter().zip(&ends).enumerate() {
        if ends.has_edge && !ends.catches && continues(node) && is_routed(walk, node) {
            walk.report_within("nodes", index, (Rule::ContinueOnAllRoutes, named(&node.id)), &mut |_| {
                Finding::new(format!(
                    "With `continueOnError` every edge of `{}` fires after its failure, whatever it would have \
                     chosen. Let an edge with `sourceHandle: error` lead to what is to happen then",
                    node.id
                ))
            });
        }
        if !ends.has_edge && !has_branches(group) && section_of(node, group) == Section::Body {
            walk.report_within("nodes", index, (Rule::Unconnected, named(&node.id)), &mut |_| {
                Finding::new(format!("No edge leads to the node `{}` or from it", node.id))
            });
        } else if ends.has_edge && !ends.runs() {
            walk.report_within("nodes", index, (Rule::NeverRuns, named(&node.id)), &mut |_| {
                Finding::new(format!(
                    "The node `{}` never runs: none of the edges that lead to it ever carries anything",
                    node.id
                ))
            });
        }
    }
}

/// Marks the nodes that something can reach, from those that wait for nothing on.
#[inline(never)]
fn spread(links: &[Link], order: &[u32], ends: &mut [Ends]) {
    // The links by their source: of a node, those from its number in `starts` to that of the next.
    let mut starts = vec![0_usize; ends.len() + 1];
    for link in links {
        starts[link.source] += 1;
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut sorted = vec![0_usize; links.len()];
    for (index, link) in links.iter().enumerate() {
        starts[link.source] -= 1;
        sorted[starts[link.source]] = index;
    }
    for &node in order {
        let node = node as usize;
        if !ends[node].runs() {
            continue;
        }
        for &index in &sorted[starts[node]..starts[node + 1]] {
            let link = &links[index];
            ends[link.target].is_reached |= link.can_carry;
        }
    }
}

struct Link {
    source: usize,
    target: usize,
    can_carry: bool,
}

/// What edges do at a node.
#[derive(Clone, Default)]
struct Ends {
    has_edge: bool,
    /// An edge takes its error.
    catches: bool,
    /// An edge leads to the node.
    awaits: bool,
    /// One of them can carry something.
    is_reached: bool,
}

impl Ends {
    fn runs(&self) -> bool {
        !self.awaits || self.is_reached
    }
}

/// The nodes that are ordered by edges, if by anything.
fn body_of(group: &NodeDefinition) -> impl Iterator<Item = &NodeDefinition> {
    group.children().iter().filter(|node| section_of(node, group) == Section::Body)
}

/// Whether the policy of a node lets the flow go on after its failure.
fn continues(node: &NodeDefinition) -> bool {
    node.policy().is_some_and(|policy| policy.get("continueOnError") == Some(&Value::Bool(true)))
}

/// Whether a node chooses the edges that its output goes along.
fn is_routed(walk: &Walk<'_>, node: &NodeDefinition) -> bool {
    !node.is_group() && walk.types.get(&node.kind).is_some_and(|known| known.declaration.routed)
}

/// Whether the group says that its nodes have nothing to do with each other.
fn runs_at_once(group: &NodeDefinition) -> bool {
    group.kind == "parallel" || group.parameter("parallel").is_some_and(|value| value != &Value::Bool(false))
}

/// Whether nodes of the group that no edge joins are branches of it.
fn has_branches(group: &NodeDefinition) -> bool {
    group.kind == "parallel" && group.parameter("mode").is_some_and(Value::is_string)
}

/// Reports the handles of an edge that the types of its ends do not have. Returns whether it can carry anything.
#[inline(never)]
fn handles(
    walk: &mut Walk<'_>,
    index: usize,
    edge: &Edge,
    source: &NodeDefinition,
    target: &NodeDefinition,
    owner: Option<&str>,
) -> bool {
    let types = walk.types;
    let declared = |node: &NodeDefinition| -> Option<&Declaration> {
        // What a group takes and gives is up to what is in it.
        if node.is_group() { None } else { types.get(&node.kind).map(|known| &known.declaration) }
    };
    let mut can_carry = true;
    if let Some(Declaration { outputs: Some(outputs), routed, .. }) = declared(source) {
        // A disabled node passes on what it gets.
        let routed = *routed && source.parameter("enabled") != Some(&Value::Bool(false));
        let handle = edge.source_key();
        let is_error = handle == ERROR_HANDLE;
        can_carry = !routed || is_error || outputs.iter().any(|name| name == handle);
        let fits = if routed {
            can_carry
        } else {
            is_error || handle == DEFAULT_HANDLE || has(outputs, source, "outputPorts", handle)
        };
        if !fits {
            let allowed: Vec<&str> = outputs.iter().map(String::as_str).collect();
            report(
                walk,
                index,
                ("sourceHandle", edge.source_handle.as_deref()),
                owner,
                &|handle| {
                    format!(
                        "{} leaves `{}` by {handle}, which `{}` does not have",
                        edge_name(edge),
                        source.id,
                        source.kind
                    )
                },
                &allowed,
            );
        }
    }
    if let Some(Declaration { inputs: Some(inputs), .. }) = declared(target) {
        let handle = edge.target_key();
        if handle != DEFAULT_HANDLE && !has(inputs, target, "inputPorts", handle) && !mentions(target, handle)
        {
            let allowed: Vec<&str> = inputs.iter().map(String::as_str).collect();
            report(
                walk,
                index,
                ("targetHandle", edge.target_handle.as_deref()),
                owner,
                &|handle| {
                    format!(
                        "{} enters `{}` by {handle}, which `{}` does not have",
                        edge_name(edge),
                        target.id,
                        target.kind
                    )
                },
                &allowed,
            );
        }
    }
    can_carry
}

#[inline(never)]
fn report(
    walk: &mut Walk<'_>,
    index: usize,
    (field, handle): (&str, Option<&str>),
    owner: Option<&str>,
    say: &dyn Fn(&str) -> String,
    allowed: &[&str],
) {
    walk.report_edge(index, field, (Rule::UnknownHandle, owner), &mut |budget| match handle
        .filter(|name| !name.is_empty())
    {
        Some(name) => Finding::new(say(&format!("the handle `{name}`"))).among(name, allowed, budget),
        None => Finding::new(say("no handle")).instead_of(DEFAULT_HANDLE, None, allowed),
    });
}

/// Whether the type has the handle, or else the node itself has such a port.
#[inline(never)]
fn has(handles: &[String], node: &NodeDefinition, ports: &str, handle: &str) -> bool {
    let own = || node.extra.get(ports).and_then(Value::as_array).into_iter().flatten();
    handles.iter().any(|name| name == handle)
        || own().any(|port| port.get("id").and_then(Value::as_str) == Some(handle))
}

/// Whether a parameter speaks of the handle, as code and templates do that read what comes in by it.
#[inline(never)]
fn mentions(node: &NodeDefinition, handle: &str) -> bool {
    node.parameters.iter().flat_map(|map| map.values()).any(|value| speaks(value, handle))
}

fn speaks(value: &Value, handle: &str) -> bool {
    match value {
        // What looks for text in text in the standard library is large, and this is rare.
        Value::String(text) => text.as_bytes().windows(handle.len()).any(|part| part == handle.as_bytes()),
        Value::Array(list) => list.iter().any(|value| speaks(value, handle)),
        Value::Object(object) => object.values().any(|value| speaks(value, handle)),
        _ => false,
    }
}
