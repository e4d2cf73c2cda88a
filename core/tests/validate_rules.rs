//! What every rule promises: a place in the documentation, and that warnings keep nothing from running.

use std::fs;
use std::path::Path;

use conductor_core::flow::{Limits, Outline, from_json};
use conductor_core::plan::Plan;
use conductor_core::validate::{Declaration, LISTED_PROBLEMS, NodeTypes, Problem, Rule, Severity, validate};
use proptest::prelude::*;
use serde_json::{Value, json};

fn types() -> NodeTypes {
    let names = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect());
    let schema = r#"{"properties": {"path": {}, "format": {"enum": ["csv", "tsv"]}}}"#;
    NodeTypes::new()
        .with("read", schema)
        .unwrap()
        .declared(
            "read",
            Declaration { outputs: names(&["records"]), complete: true, ..Declaration::default() },
        )
        .declared(
            "check",
            Declaration { outputs: names(&["true", "false"]), routed: true, ..Declaration::default() },
        )
        .declared("keep", Declaration { inputs: names(&["data"]), ..Declaration::default() })
}

fn problems(flow: &Value, types: &NodeTypes) -> Vec<Problem> {
    validate(&from_json(&flow.to_string(), &Limits::default()).unwrap(), types, &Limits::default())
}

#[test]
fn the_documentation_has_every_rule_with_its_code_where_its_severity_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/problems.md");
    let text = fs::read_to_string(path).unwrap();
    let sections: Vec<&str> = text.split("\n## ").collect();
    let rows = |severity: Severity| -> Vec<(String, String)> {
        let title = if severity == Severity::Error { "Errors" } else { "Warnings" };
        let section = sections.iter().find(|section| section.starts_with(title)).unwrap();
        let cells = section.lines().filter(|line| line.starts_with("| `"));
        cells
            .map(|line| {
                let cells: Vec<&str> = line.split('|').map(str::trim).collect();
                assert!(cells[3].len() > 3 && cells[4].len() > 3, "an example and a remedy: {line}");
                (cells[1].trim_matches('`').to_owned(), cells[2].trim_matches('`').to_owned())
            })
            .collect()
    };
    for severity in [Severity::Error, Severity::Warning] {
        let known: Vec<(String, String)> = Rule::ALL
            .iter()
            .filter(|rule| rule.severity() == severity)
            .map(|rule| (rule.name().to_owned(), rule.code().name().to_owned()))
            .collect();
        assert_eq!(rows(severity), known);
    }
}

#[test]
fn errors_come_first_and_are_never_pushed_out_by_warnings() {
    let mut nodes: Vec<Value> =
        (0..2000).map(|n| json!({"id": format!("n{n}"), "type": "t", "wrong": 1})).collect();
    nodes.push(json!({"type": "t"}));
    let flow = json!({"id": "f", "type": "group", "nodes": nodes});
    let found = problems(&flow, &types());
    assert_eq!(found.len(), LISTED_PROBLEMS + 1);
    assert_eq!((found[0].rule, found[0].severity), (Some(Rule::MissingId), Severity::Error));
    assert!(found[1..].iter().all(|problem| problem.severity == Severity::Warning));
    // 2,000 keys and that there are no edges; 999 of them are listed.
    assert_eq!(found.last().unwrap().message, "There are 1002 more problems, which are not listed");
}

#[test]
fn what_is_not_listed_is_an_error_only_where_an_error_is_among_it() {
    let edges: Vec<Value> = (0..1500).map(|_| json!({"source": "a", "target": "b", "wrong": 1})).collect();
    let flow = json!({"id": "f", "type": "group", "nodes": [{"id": "a", "type": "t"}], "edges": edges});
    let found = problems(&flow, &types());
    assert_eq!(found.len(), LISTED_PROBLEMS + 1);
    assert!(found.iter().all(|problem| problem.severity == Severity::Error));
    assert_eq!(found.last().unwrap().message, "There are 2000 more problems, which are not listed");
}

#[test]
fn an_unknown_key_is_an_error_in_a_file_alone() {
    let flow = json!({"id": "f", "type": "t", "params": {}, "x-note": 1, "position": {}, "selected": true});
    let of = |types: NodeTypes| {
        problems(&flow, &types).into_iter().map(|problem| problem.severity).collect::<Vec<_>>()
    };
    assert_eq!(of(types()), [Severity::Warning]);
    assert_eq!(of(types().for_file()), [Severity::Error]);
}

#[test]
fn many_names_are_compared_within_a_budget() {
    let nodes: Vec<Value> = (0..20_000).map(|n| json!({"id": format!("node-{n}"), "type": "t"})).collect();
    let mut edges: Vec<Value> =
        (0..20_000).map(|n| json!({"source": format!("nod-{n}"), "target": "node-1"})).collect();
    edges.insert(0, json!({"source": "node-19999x", "target": "node-2"}));
    let found = problems(&json!({"id": "f", "type": "group", "nodes": nodes, "edges": edges}), &types());
    assert_eq!(found[0].suggestion.as_deref(), Some("node-19999"));
    assert!(found.len() == LISTED_PROBLEMS + 1 && found[LISTED_PROBLEMS - 1].suggestion.is_none());
}

fn any_flow() -> impl Strategy<Value = Value> {
    let word = |words: &'static [&'static str]| prop::sample::select(words);
    let node = (
        word(&["a", "b", "c", "d", "e"]),
        word(&["read", "check", "keep", "other", ""]),
        word(&["parameters", "params", "x-note", "policy", "position"]),
        word(&["path", "pth", "format", "retries", "cache", "timeout"]),
        prop_oneof![Just(json!("csv")), Just(json!("cvs")), Just(json!(3)), Just(json!({}))],
    );
    let edge = (
        word(&["a", "b", "c", "d", "e", "f"]),
        word(&["a", "b", "c", "d", "e", ""]),
        word(&["true", "yes", "records", "error", ""]),
        word(&["data", "dta", "default", ""]),
        word(&["x-y", "animated", "from"]),
    );
    (prop::collection::vec(node, 1..5), prop::collection::vec(edge, 0..6)).prop_map(|(nodes, edges)| {
        let nodes: Vec<Value> = nodes
            .into_iter()
            .map(|(id, kind, field, key, value)| json!({"id": id, "type": kind, field: {key: value}}))
            .collect();
        let edges: Vec<Value> = edges
            .into_iter()
            .map(|(source, target, out, into, key)| {
                json!({"source": source, "target": target, "sourceHandle": out, "targetHandle": into, key: 1})
            })
            .collect();
        json!({"id": "flow", "type": "group", "nodes": nodes, "edges": edges})
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    /// What types know of parameters aside, an error is what keeps a flow from being compiled, and a warning never does.
    #[test]
    fn a_flow_without_errors_can_be_run_and_one_with_only_warnings_too(flow in any_flow()) {
        let definition = from_json(&flow.to_string(), &Limits::default()).unwrap();
        let found = problems(&flow, &NodeTypes::new());
        let has_errors = found.iter().any(|problem| problem.severity == Severity::Error);
        // The outline says nothing of types and of wrong policies: whoever makes it refuses those.
        let of_shape = found.iter().any(|problem| {
            matches!(problem.rule, Some(Rule::DuplicateId | Rule::UnknownNode | Rule::MissingEnd | Rule::Cycle))
        });
        let compiled = Plan::compile(&Outline::of(&definition).0).is_ok();
        prop_assert!(!compiled || !of_shape);
        prop_assert!(has_errors || compiled);
        // The same errors, whatever is known of handles.
        let errors = |types: &NodeTypes| -> Vec<Problem> {
            problems(&flow, types).into_iter().filter(|found| found.severity == Severity::Error && found.rule != Some(Rule::InvalidParameter)).collect()
        };
        prop_assert_eq!(errors(&types()), errors(&NodeTypes::new()));
    }
}

#[test]
fn a_key_of_a_rate_that_one_node_alone_has_is_doubted() {
    let node = |id: &str, key: &str| {
        let policy = serde_json::json!({ "rateLimit": { "limit": 1, "per": "1s", "key": key } });
        serde_json::json!({ "id": id, "type": "transform", "policy": policy })
    };
    let problems = |nodes: &[serde_json::Value]| -> Vec<(String, Option<String>, Option<String>)> {
        let flow = serde_json::json!({ "id": "f", "type": "parallel", "nodes": nodes }).to_string();
        let flow = from_json(&flow, &Limits::default()).unwrap();
        let found = validate(&flow, &NodeTypes::new(), &Limits::default()).into_iter();
        let ignored = found.filter(|problem| problem.rule == Some(Rule::IgnoredPolicy));
        ignored.map(|problem| (problem.path, problem.node_id, problem.suggestion)).collect()
    };
    assert_eq!(problems(&[node("a", "crm"), node("b", "crm")]), []);
    let lone = problems(&[node("a", "crm"), node("b", "crm"), node("c", "cmr")]);
    let path = "/nodes/2/policy/rateLimit/key".to_owned();
    assert_eq!(lone, [(path, Some("c".to_owned()), Some("crm".to_owned()))]);
}
