//! What a `parallel` asks of its branches: the modes that make sense, and those that its nodes allow.

use serde_json::Value;

use super::flow::{Walk, named};
use super::problem::Finding;
use super::{NodeTypes, Rule, parameters};
use crate::flow::{Branches, NodeDefinition};
use crate::plan::joined;

const MODES: [&str; 4] = ["all", "race", "allSettled", "first"];
const MODES_TEXT: &str = "all, race, allSettled, first";
/// Why values that are known only while a flow runs come too late.
const READ_BEFORE: &str = "it is read before the flow runs, and takes no expression";

/// Reports what is wrong with the mode of a `parallel`. Values that the schema of the type reports are left to it.
#[inline(never)]
pub(super) fn check(walk: &mut Walk<'_>, node: &NodeDefinition) {
    if node.kind != "parallel" {
        return;
    }
    let given = |name| node.parameter(name).filter(|value| !value.is_null());
    let count = given("count");
    let Some(mode) = given("mode") else {
        if count.is_some() {
            say(walk, node, "count", "`count` is for `mode: first`, and there is no `mode`".to_owned());
        }
        return;
    };
    let Some(known) = mode.as_str().filter(|mode| MODES.contains(mode)) else {
        if is_left(mode, walk.types) {
            say(walk, node, "mode", format!("`mode` is one of {MODES_TEXT}, found {mode}; {READ_BEFORE}"));
        }
        return;
    };
    if !node.is_group() {
        say(walk, node, "mode", "`mode` is for the nodes inside, and there are none".to_owned());
        return;
    }
    if given("parallel").and_then(Value::as_bool) == Some(false) {
        let message =
            format!("`mode: {known}` lets the nodes inside run side by side: take `parallel: false` away");
        say(walk, node, "parallel", message);
    }
    let Some(count) = count else { return };
    if known != "first" {
        say(walk, node, "count", format!("`count` is for `mode: first`, found `mode: {known}`"));
        return;
    }
    if !is_count(count) && is_left(count, walk.types) {
        let most = Branches::MOST;
        let message = format!("`count` is a whole number from 1 to {most}, found {count}; {READ_BEFORE}");
        say(walk, node, "count", message);
    }
}

fn is_count(value: &Value) -> bool {
    value.as_u64().is_some_and(|count| count > 0 && count <= u64::from(Branches::MOST))
}

/// Reports a `first` of more branches than there are. `links`: the edges inside, by place among the nodes.
#[inline(never)]
pub(super) fn check_count(walk: &mut Walk<'_>, node: &NodeDefinition, links: &[(u32, u32)]) {
    let is_first = node.kind == "parallel" && node.parameter("mode").and_then(Value::as_str) == Some("first");
    let Some(count) = node.parameter("count").filter(|count| is_first && is_count(count)) else { return };
    let children = node.children();
    let joined = joined(children.len(), links);
    let mut runs = vec![false; children.len()];
    for (child, first) in children.iter().zip(&joined) {
        runs[*first as usize] |= child.parameter("enabled").and_then(Value::as_bool) != Some(false);
    }
    let branches = runs.iter().filter(|runs| **runs).count();
    if count.as_u64() > Some(branches as u64) {
        let are = if branches == 1 { "branch that runs" } else { "branches that run" };
        let found = format!("`count: {count}` is more than the {branches} {are}");
        say(
            walk,
            node,
            "count",
            format!("{found}: nodes that edges join are one branch, and what is disabled does not count"),
        );
    }
}

/// Whether no schema reports the value.
fn is_left(value: &Value, types: &NodeTypes) -> bool {
    types.get("parallel").is_none() || value.as_str().is_some_and(parameters::is_expression)
}

#[inline(never)]
fn say(walk: &mut Walk<'_>, node: &NodeDefinition, parameter: &str, message: String) {
    walk.report_parameter(parameter, Rule::Branches, named(&node.id), &mut |_| Finding::new(message.clone()));
}
