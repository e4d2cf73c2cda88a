//! The nodes that a `try` names for a failure and for the end: that they are there, and that no edge contradicts it.

use serde_json::Value;

use super::Rule;
use super::flow::{Walk, edge_name, named};
use super::parameters::is_expression;
use super::problem::Finding;
use crate::flow::{NodeDefinition, Section, section_of};

const NAMES: [&str; 2] = ["catch", "finally"];

/// Reports what is wrong with the sections of a `try`.
#[inline(never)]
pub(super) fn check(walk: &mut Walk<'_>, node: &NodeDefinition) {
    if node.kind != "try" || !node.is_group() {
        return;
    }
    for name in NAMES {
        check_name(walk, node, name);
    }
    let [catch, finally] = NAMES.map(|name| node.parameter(name).and_then(Value::as_str));
    if let (Some(catch), true) = (catch.filter(|id| !id.is_empty()), catch == finally) {
        say(walk, node, "finally", &|| {
            format!("`catch` and `finally` both name `{catch}`: each takes a node of its own")
        });
    }
    if node.children().iter().all(|child| section_of(child, node) != Section::Body) {
        let inside = if node.children().len() == 1 { "node inside is" } else { "nodes inside are" };
        walk.report_at("nodes", Rule::Sections, named(&node.id), &mut |_| {
            Finding::new(format!(
                "The `try` has nothing to try: the {inside} named by `catch` or `finally`. Add the node that may fail"
            ))
        });
    }
    if NAMES.iter().all(|name| node.parameter(name).is_none_or(|value| value.is_null() || value == "")) {
        walk.report_at("parameters", Rule::NoSections, named(&node.id), &mut |_| {
            Finding::new(
                "The `try` has neither `catch` nor `finally`, so that it ends with its first failure as a group does. Name \
                 the node inside that runs after a failure, or use a `group`"
                    .to_owned(),
            )
        });
    }
    check_edges(walk, node);
}

fn check_name(walk: &mut Walk<'_>, node: &NodeDefinition, name: &str) {
    let Some(value) = node.parameter(name).filter(|value| !value.is_null()) else { return };
    let Some(id) = value.as_str() else {
        if walk.types.get("try").is_none() {
            say(walk, node, name, &|| format!("`{name}` is the id of a node inside, found {value}"));
        }
        return;
    };
    if is_expression(id) {
        say(walk, node, name, &|| {
            format!(
                "`{name}` is the id of a node inside: it is read before the flow runs, and takes no expression"
            )
        });
    } else if !id.is_empty() && !node.children().iter().any(|child| child.id == id) {
        walk.report_parameter(name, Rule::Sections, named(&node.id), &mut |budget| {
            let ids: Vec<&str> =
                node.children().iter().filter_map(|child| named(&child.id)).take(budget.left()).collect();
            Finding::new(format!("`{name}` names `{id}`, which is no node of the `try`"))
                .among(id, &ids, budget)
        });
    }
}

/// The order of sections is not that of edges.
fn check_edges(walk: &mut Walk<'_>, node: &NodeDefinition) {
    for (index, edge) in node.connections().iter().enumerate() {
        for (field, id, does) in [("source", &edge.source, "leaves"), ("target", &edge.target, "enters")] {
            let Some(child) = node.children().iter().find(|child| child.id == *id) else { continue };
            let (name, when) = match section_of(child, node) {
                Section::Body => continue,
                Section::Catch => ("catch", "after a failure of the others"),
                Section::Finally => ("finally", "when all else is over"),
            };
            walk.report_edge(index, field, (Rule::Sections, named(&node.id)), &mut |_| {
                Finding::new(format!(
                    "{} {does} `{id}`, which `{name}` names: that begins by itself {when}. Take the edge away; to run \
                     several nodes there, name a group of them",
                    edge_name(edge)
                ))
            });
            break;
        }
    }
}

fn say(walk: &mut Walk<'_>, node: &NodeDefinition, parameter: &str, message: &dyn Fn() -> String) {
    walk.report_parameter(parameter, Rule::Sections, named(&node.id), &mut |_| Finding::new(message()));
}
