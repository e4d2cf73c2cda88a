//! What is too large is refused, and names the limit that it passes.

#![cfg(feature = "yaml")]

use std::thread;

use conductor_core::error::ErrorCode;
use conductor_core::flow::{
    Edge, FlowError, Limits, NodeDefinition, from_json, from_yaml, from_yaml_documents,
};
use conductor_core::validate::{NodeTypes, Severity, validate};

/// Reads on a stack of 2 MB, what a thread has by default.
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::Builder::new().stack_size(2 * 1024 * 1024);
    thread.spawn(work).unwrap().join().unwrap()
}

fn assert_refused(error: &FlowError, message: &str, path: &str) {
    assert_eq!(error.code, ErrorCode::ValidationFailed, "{error}");
    assert_eq!(error.message, message);
    assert_eq!(error.path, path);
}

fn nested(levels: usize) -> String {
    format!("{}{}", r#"{"id":"g","nodes":["#.repeat(levels), "]}".repeat(levels))
}

#[test]
fn ten_thousand_levels_of_nodes_are_refused_on_a_small_stack() {
    let path = "/nodes/0".repeat(65);
    let error = on_a_small_stack(|| from_json(&nested(10_000), &Limits::default()).unwrap_err());
    assert_refused(&error, "The limit `groups` is 64, found 65", &path);
    let error = on_a_small_stack(|| from_yaml(&nested(10_000), &Limits::default()).unwrap_err());
    assert_eq!(error.code, ErrorCode::ValidationFailed, "{error}");
    assert!(error.message.starts_with("The limit `groups` is 64"), "{error}");
}

#[test]
fn block_style_yaml_is_refused_at_the_same_depth() {
    let text: String = (0..400)
        .map(|level| format!("{}nodes:\n{}-\n", " ".repeat(level * 4), " ".repeat(level * 4 + 2)))
        .collect();
    let error = on_a_small_stack(move || from_yaml(&text, &Limits::default()).unwrap_err());
    assert_eq!(error.code, ErrorCode::ValidationFailed, "{error}");
    assert!(error.message.starts_with("The limit `groups` is 64"), "{error}");
}

#[test]
fn as_many_levels_as_the_limit_allows_are_read_on_a_small_stack() {
    for read in [from_json, from_yaml] {
        let flow = on_a_small_stack(move || read(&nested(65), &Limits::default()));
        let mut deepest = &flow.unwrap();
        let mut levels = 0;
        while let Some(child) = deepest.children().first() {
            (deepest, levels) = (child, levels + 1);
        }
        assert_eq!(levels, 64);
    }
}

#[test]
fn values_in_the_innermost_group_may_be_as_deep_as_elsewhere() {
    let value = format!("{}{}", "[".repeat(127), "]".repeat(127));
    let leaf = format!(r#"{{"id":"a","type":"t","parameters":{value}}}"#);
    let groups = |count: usize| {
        format!("{}{leaf}{}", r#"{"id":"g","type":"t","nodes":["#.repeat(count), "]}".repeat(count))
    };
    for read in [from_json, from_yaml] {
        let (allowed, refused) = (groups(64), groups(65));
        assert!(on_a_small_stack(move || read(&allowed, &Limits::default())).is_ok());
        let error = on_a_small_stack(move || read(&refused, &Limits::default())).unwrap_err();
        assert_eq!(error.message, "The limit `groups` is 64, found 65");
    }
}

#[test]
fn thousands_of_brackets_are_refused_on_a_small_stack() {
    for bracket in ["[", "{", "- ", "? ", "{a: ", "[[{"] {
        for length in [2_000, 100_000] {
            let text = bracket.repeat(length / bracket.len());
            let (as_yaml, as_json) = (text.clone(), text);
            let error = on_a_small_stack(move || from_yaml(&as_yaml, &Limits::default()));
            assert!(error.is_err(), "{bracket}");
            let error = on_a_small_stack(move || from_json(&as_json, &Limits::default()));
            assert!(error.is_err(), "{bracket}");
        }
    }
}

#[test]
fn too_long_a_text_is_not_looked_at() {
    let limits = Limits { bytes: 10, ..Limits::default() };
    let message = "The limit `bytes` is 10, found 11";
    for text in ["not JSON...", "[[[[[[[[[[["] {
        assert_refused(&from_json(text, &limits).unwrap_err(), message, "");
        assert_refused(&from_yaml(text, &limits).unwrap_err(), message, "");
        assert_refused(&from_yaml_documents(text, &limits).unwrap_err(), message, "");
    }
}

#[test]
fn nodes_are_counted_at_every_depth() {
    let text = r#"{"nodes":[{"nodes":[{},{}]},{}]}"#;
    let limits = |nodes| Limits { nodes, ..Limits::default() };
    for read in [from_json, from_yaml] {
        assert!(read(text, &limits(4)).is_ok());
        let error = read(text, &limits(3)).unwrap_err();
        assert_refused(&error, "The limit `nodes` is 3, found 4", "/nodes/1");
    }
    let envelope = format!(r#"{{"version":"1","data":{text}}}"#);
    let error = from_json(&envelope, &limits(3)).unwrap_err();
    assert_refused(&error, "The limit `nodes` is 3, found 4", "/data/nodes/1");
}

#[test]
fn lists_called_nodes_elsewhere_are_not_counted() {
    let text = r#"{"parameters":{"nodes":[1,2,3]},"nodes":[{"x":{"edges":[1,2,3]}}]}"#;
    let limits = Limits { nodes: 1, edges: 0, ..Limits::default() };
    assert!(from_json(text, &limits).is_ok());
}

#[test]
fn edges_are_counted_at_every_depth() {
    let text = r#"{"edges":[{},{}],"nodes":[{"edges":[{}]}]}"#;
    let limits = Limits { edges: 2, ..Limits::default() };
    for read in [from_json, from_yaml] {
        let error = read(text, &limits).unwrap_err();
        assert_refused(&error, "The limit `edges` is 2, found 3", "/nodes/0/edges/0");
    }
}

#[test]
fn strings_and_keys_have_a_length() {
    let limits = Limits { string_length: 6, ..Limits::default() };
    for read in [from_json, from_yaml] {
        let error = read(r#"{"id":"a","x":["123456","1234567"]}"#, &limits).unwrap_err();
        assert_refused(&error, "The limit `string_length` is 6, found 7", "/x/1");
        let error = read(r#"{"id":"a","x":{"1234567":1}}"#, &limits).unwrap_err();
        assert_refused(&error, "The limit `string_length` is 6, found 7", "/x");
    }
}

#[test]
fn aliases_are_counted() {
    let text = "x: &x 1\ny: [*x, *x, *x]\n";
    let limits = |aliases| Limits { aliases, ..Limits::default() };
    let flow = from_yaml(text, &limits(3)).unwrap();
    assert_eq!(flow.extra["y"], serde_json::json!([1, 1, 1]));
    let error = from_yaml(text, &limits(2)).unwrap_err();
    assert_eq!(error.code, ErrorCode::ValidationFailed, "{error}");
    assert_eq!(error.message, "The limit `aliases` is 2, found 3");
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut text = String::from("x0: &x0 [a, a, a, a, a, a, a, a, a]\n");
    for level in 1..10 {
        let below = vec![format!("*x{}", level - 1); 9].join(", ");
        text.push_str(&format!("x{level}: &x{level} [{below}]\n"));
    }
    let error = on_a_small_stack(move || from_yaml(&text, &Limits::default()).unwrap_err());
    assert_eq!(error.code, ErrorCode::ValidationFailed, "{error}");
    assert_eq!(error.message, "Aliases repeat more than 100000 values");
}

#[test]
fn aliases_of_a_long_text_are_refused() {
    let aliases = ["*x"; 50].join(", ");
    let text = format!("x: &x {}\ny: [{aliases}]\n", "a".repeat(1000));
    let limits = Limits { bytes: 2_000, ..Limits::default() };
    let error = from_yaml(&text, &limits).unwrap_err();
    assert_refused(&error, "The limit `bytes` is 4000, found 4002", "/y/2");
}

#[test]
fn an_alias_inside_of_itself_is_refused() {
    let error = on_a_small_stack(|| from_yaml("x: &x [*x]\n", &Limits::default()).unwrap_err());
    assert_eq!(error.code, ErrorCode::DeserializationFailed, "{error}");
}

#[test]
fn a_definition_that_was_never_a_text_has_limits_too() {
    let leaf =
        |id: &str| NodeDefinition { id: id.into(), kind: "transform".into(), ..NodeDefinition::default() };
    let group = |id: &str, nodes| NodeDefinition { nodes: Some(nodes), ..leaf(id) };
    let flow = group("f", vec![group("g", vec![leaf("a"), leaf("b")]), leaf("c")]);
    let found = |limits: Limits| -> Vec<(String, String)> {
        let problems = validate(&flow, &NodeTypes::new(), &limits);
        let errors = problems.into_iter().filter(|problem| problem.severity == Severity::Error);
        errors.map(|problem| (problem.path, problem.message)).collect()
    };
    assert_eq!(found(Limits::default()), []);
    assert_eq!(
        found(Limits { nodes: 3, ..Limits::default() }),
        [("/nodes/0/nodes".into(), "The limit `nodes` is 3, found 4".into())]
    );
    assert_eq!(
        found(Limits { groups: 1, depth: 1, ..Limits::default() }),
        [("/nodes/0/nodes".into(), "The limit `groups` is 1, found 2".into())]
    );
}

#[test]
fn of_a_million_problems_a_thousand_are_listed_and_the_others_counted() {
    let edge = Edge { source: "a".into(), target: "nowhere".into(), ..Edge::default() };
    let flow = NodeDefinition {
        id: "f".into(),
        kind: "group".into(),
        nodes: Some(vec![NodeDefinition { id: "a".into(), kind: "x".into(), ..NodeDefinition::default() }]),
        edges: Some(vec![edge; 1_000_000]),
        ..NodeDefinition::default()
    };
    let problems = validate(&flow, &NodeTypes::new(), &Limits::default());
    assert_eq!(problems.len(), 1001);
    assert_eq!(problems[999].path, "/edges/999/target");
    let last = &problems[1000];
    assert_eq!((last.code, last.path.as_str()), (ErrorCode::ValidationFailed, ""));
    assert_eq!(last.message, "There are 999000 more problems, which are not listed");
}
