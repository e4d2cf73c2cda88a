//! Writing a flow and reading it again gives the same flow.

#![cfg(feature = "yaml")]

use conductor_core::bridge::{read_document, write_document};
use conductor_core::error::ErrorCode;
use conductor_core::flow::{
    Edge, Limits, NodeDefinition, from_json, from_text, from_yaml, from_yaml_documents, to_json, to_yaml,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Number, Value, json};

/// Texts that a careless writer would turn into something else.
const NASTY: [&str; 58] = [
    "",
    " ",
    "  two",
    "two  ",
    "\t",
    "tab\tinside",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "Yes",
    "true",
    "True",
    "FALSE",
    "null",
    "Null",
    "~",
    "1",
    "1e3",
    "-1",
    "+1",
    "0x1F",
    "0o17",
    "017",
    "1_000",
    "1.5",
    ".5",
    "5.",
    ".inf",
    "-.INF",
    ".nan",
    "NaN",
    "12:30:45",
    "2024-01-31",
    "2024-01-31T10:00:00Z",
    "<<",
    "=",
    "- item",
    "-",
    "?",
    ": value",
    "key: value",
    "a #b",
    "#",
    "line\nline",
    "line\nline\n",
    "\n\nlines\n\n",
    "  indented\nthen not",
    "not\n  then indented\n\n",
    "carriage\r\nreturn",
    "\u{0}\u{1}\u{7f}",
    "\u{85}\u{2028}\u{2029}\u{feff}",
    "---",
    "...",
    "🦀 é ﷽",
    "*alias &anchor !tag |block >fold 'quote' \"double\" %directive @at `tick`",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(NASTY.to_vec()).prop_map(str::to_owned),
        2 => "[a-z][a-z0-9-]{0,12}",
        1 => any::<String>(),
        1 => vec(select(vec![" ", "\n", "a", "#", ":", "-", "'", "\"", "\\", "\t", "\r", "é", "|"]), 0..16)
            .prop_map(|parts| parts.concat()),
        1 => "[ -~]{70,140}",
    ]
}

fn key() -> impl Strategy<Value = String> {
    text().prop_filter("a key of its own", |key| {
        let known = [
            "id",
            "type",
            "name",
            "parameters",
            "nodes",
            "edges",
            "source",
            "target",
            "sourceHandle",
            "targetHandle",
            "__proto__",
            "constructor",
            "prototype",
        ];
        !known.contains(&key.as_str())
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", Number::from_f64).prop_map(Value::Number),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((key(), inner), 0..5).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    vec((key(), value()), 0..4).prop_map(|fields| fields.into_iter().collect())
}

fn edge() -> impl Strategy<Value = Edge> {
    (text(), text(), text(), option::of(text()), option::of(text()), object()).prop_map(
        |(id, source, target, source_handle, target_handle, extra)| Edge {
            id,
            source,
            target,
            source_handle,
            target_handle,
            extra,
        },
    )
}

fn definition() -> impl Strategy<Value = NodeDefinition> {
    let leaf = (text(), text(), option::of(text()), option::of(object()), object()).prop_map(
        |(id, kind, name, parameters, extra)| NodeDefinition {
            id,
            kind,
            name,
            parameters,
            extra,
            ..NodeDefinition::default()
        },
    );
    leaf.prop_recursive(4, 12, 3, |inner| {
        (inner.clone(), option::of(vec(inner, 0..3)), option::of(vec(edge(), 0..3)))
            .prop_map(|(node, nodes, edges)| NodeDefinition { nodes, edges, ..node })
    })
}

/// The limits of the default with room for what the strategies build.
fn limits() -> Limits {
    Limits::default()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn a_flow_survives_yaml(flow in definition()) {
        let text = to_yaml(&flow).unwrap();
        let read = from_yaml(&text, &limits());
        prop_assert_eq!(read.as_ref(), Ok(&flow), "{}", text);
    }

    #[test]
    fn a_flow_survives_json(flow in definition()) {
        let text = to_json(&flow).unwrap();
        let read = from_json(&text, &limits());
        prop_assert_eq!(read.as_ref(), Ok(&flow), "{}", text);
    }

    #[test]
    fn flows_survive_in_one_text(flows in vec(definition(), 0..4)) {
        let written: Vec<String> = flows.iter().map(|flow| to_yaml(flow).unwrap()).collect();
        let text = format!("---\n{}", written.join("---\n"));
        let read = from_yaml_documents(&text, &limits());
        prop_assert_eq!(read.as_ref(), Ok(&flows), "{}", text);
    }

    #[test]
    fn no_text_makes_reading_panic(text in any::<String>()) {
        let _ = from_yaml(&text, &limits());
        let _ = from_json(&text, &limits());
        let _ = from_yaml_documents(&text, &limits());
    }

    #[test]
    fn no_yaml_like_text_makes_reading_panic(
        parts in vec(select(vec![
            "[", "]", "{", "}", ":", " ", "\n", "-", "a", "&a", "*a", "!", "|", ">", "\"", "'", ",",
            "---", "...", "?", "%", "#", "<<", "\t", "id", "nodes", "\u{feff}",
        ]), 0..60)
    ) {
        let text = parts.concat();
        let _ = from_yaml(&text, &limits());
        let _ = from_json(&text, &limits());
        let _ = from_yaml_documents(&text, &limits());
    }
}

#[test]
fn every_nasty_text_survives_in_every_place() {
    for nasty in NASTY {
        let fields = Map::from_iter([(format!("{nasty} "), json!([nasty, { "k": nasty }]))]);
        let child = NodeDefinition {
            id: nasty.to_owned(),
            kind: nasty.to_owned(),
            name: Some(nasty.to_owned()),
            parameters: Some(fields.clone()),
            extra: fields,
            ..NodeDefinition::default()
        };
        let flow = NodeDefinition { nodes: Some(vec![child.clone()]), ..child };
        let text = to_yaml(&flow).unwrap();
        assert_eq!(from_yaml(&text, &limits()), Ok(flow), "{text}");
    }
}

#[test]
fn yaml_is_written_in_a_fixed_order_and_without_wrapping() {
    let long = "word ".repeat(60);
    let flow = json!({
        "settings": { "runtime": { "parallel": 2 } },
        "parameters": { "text": long, "lines": "one\ntwo\n", "flag": "yes" },
        "edges": [{ "data": 1, "targetHandle": "in", "target": "b", "source": "a", "id": "e" }],
        "nodes": [{ "position": { "x": 1, "y": 2.5 }, "type": "transform", "id": "a" }],
        "type": "group", "version": "1.0.0", "name": "Flow", "id": "f",
        "variables": {},
        "inputPorts": [],
        "metadata": { "icon": "file" },
    });
    let flow = from_json(&flow.to_string(), &limits()).unwrap();
    let expected = format!(
        "\
id: f
name: Flow
type: group
version: \"1.0.0\"
metadata:
  icon: file
nodes:
  - id: a
    type: transform
    position:
      x: 1
      \"y\": 2.5
edges:
  - id: e
    source: a
    target: b
    targetHandle: in
    data: 1
inputPorts: []
parameters:
  text: \"{long}\"
  lines: |
    one
    two
  flag: \"yes\"
settings:
  runtime:
    parallel: 2
variables: {{}}
"
    );
    assert_eq!(to_yaml(&flow).unwrap(), expected);
}

#[test]
fn words_of_older_yaml_are_text() {
    let flow = from_yaml("id: yes\ntype: off\nparameters:\n  on: no\n  b: true\n", &limits()).unwrap();
    assert_eq!(flow.id, "yes");
    assert_eq!(flow.kind, "off");
    assert_eq!(flow.parameters, json!({ "on": "no", "b": true }).as_object().cloned());
}

#[test]
fn an_envelope_is_opened() {
    let text = "version: 1.0.0\nmetadata:\n  name: File\ndata:\n  id: f\n  type: group\n";
    let flow = from_yaml(text, &limits()).unwrap();
    assert_eq!((flow.id.as_str(), flow.kind.as_str()), ("f", "group"));
    assert_eq!(flow.metadata(), None);
}

#[test]
fn a_node_may_have_a_field_called_data() {
    let flow = from_json(r#"{"id":"f","version":"1","data":{"id":"other"}}"#, &limits()).unwrap();
    assert_eq!(flow.id, "f");
    assert_eq!(flow.extra["data"], json!({ "id": "other" }));
}

#[test]
fn documents_are_told_apart_by_their_markers() {
    let text = "\
%YAML 1.2
---
id: a
description: |
  text
   --- not a marker
# a comment
...
# between
---
---
id: b
...

id: c
";
    let flows = from_yaml_documents(text, &limits()).unwrap();
    let ids: Vec<&str> = flows.iter().map(|flow| flow.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
}

#[test]
fn an_error_in_a_later_document_has_its_line_in_the_text() {
    let error = from_yaml_documents("id: a\n---\nid: b\nx: [1\n---\nid: c\n", &limits()).unwrap_err();
    assert_eq!(error.line, Some(4), "{error}");
    let error = from_yaml_documents("id: a\n...\n---\nid: b\n__proto__: 1\n", &limits()).unwrap_err();
    assert_eq!((error.line, error.path.as_str()), (Some(5), "/__proto__"));
}

#[test]
fn absent_and_empty_handles_mean_the_default_one() {
    let edges = r#"{"edges":[{"sourceHandle":"","targetHandle":null},{"sourceHandle":"out"}]}"#;
    let flow = from_json(edges, &limits()).unwrap();
    let keys: Vec<_> = flow.connections().iter().map(|edge| (edge.source_key(), edge.target_key())).collect();
    assert_eq!(keys, [("default", "default"), ("out", "default")]);
}

#[test]
fn defaults_fill_what_files_leave_out() {
    let text = "\
id: flow
nodes:
  - id: a
  - id: b
    metadata: {type: delay, name: Wait}
  - id: c
    type: image
    name: Picture
    version: 2.0.0
";
    let mut flow = from_yaml(text, &limits()).unwrap();
    flow.fill_defaults();
    assert_eq!((flow.kind.as_str(), flow.label(), flow.version()), ("group", "flow", Some("1.0.0")));
    let nodes: Vec<_> =
        flow.children().iter().map(|node| (node.kind.as_str(), node.label(), node.version())).collect();
    assert_eq!(
        nodes,
        [
            // What it is to be, nobody can guess.
            ("", "a", Some("1.0.0")),
            ("delay", "Wait", Some("1.0.0")),
            ("image", "Picture", Some("2.0.0")),
        ]
    );
}

#[test]
fn a_value_of_the_wrong_type_is_kept() {
    let text = r#"{"id":7,"nodes":[1],"edges":{},"parameters":[],"name":null}"#;
    let flow = from_json(text, &limits()).unwrap();
    let written: Value = serde_json::from_str(&to_json(&flow).unwrap()).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(text).unwrap());
}

#[test]
fn long_keys_and_long_texts_survive() {
    for unit in ["k", "é", "k ", "k: ", "🦀"] {
        for length in [100, 600, 1100, 5000] {
            let long = unit.repeat(length);
            let object = json!({ long.clone(): { long.clone(): [long] } });
            let flow =
                NodeDefinition { parameters: object.as_object().cloned(), ..NodeDefinition::default() };
            let text = to_yaml(&flow).unwrap();
            assert_eq!(from_yaml(&text, &limits()), Ok(flow), "{unit} {length}");
        }
    }
}

#[test]
fn any_value_reads_as_it_stands() {
    for value in
        [json!("text"), json!(null), json!([1, [2.5]]), json!({"nodes": 1, "type": 7, "b": 1, "a": 2})]
    {
        let read: Value = serde_json::from_str(&read_document(&value.to_string(), "json")).unwrap();
        assert_eq!(read, json!({ "value": value, "format": "json" }));
        assert_eq!(
            read_document(&value.to_string(), "either"),
            read_document(&value.to_string(), expected(&value))
        );
        let written: Value = serde_json::from_str(&write_document(&value.to_string())).unwrap();
        let read = read_document(written["text"].as_str().unwrap(), "yaml");
        assert_eq!(read, json!({ "value": value, "format": "yaml" }).to_string());
    }
    /// Text that begins with none of `{`, `[` and `"` is read as YAML.
    fn expected(value: &Value) -> &'static str {
        if value.is_null() { "yaml" } else { "json" }
    }
}

#[test]
fn a_text_of_either_format_is_read_as_what_it_is() {
    let read = |text: &str| from_text(text, &limits()).map(|flow| flow.extra.get("p").cloned());
    assert_eq!(read("{\"p\": \"\u{7f}\u{9f}\u{fffe}\"}"), Ok(Some(json!("\u{7f}\u{9f}\u{fffe}"))));
    assert_eq!(read("\u{feff}\n {p: [a, 1]} # YAML"), Ok(Some(json!(["a", 1]))));
    assert_eq!(
        read("{\"p\": NaN, q: 1}").unwrap_err().message.split(',').next(),
        Some("Failed to parse JSON: expected a finite number")
    );
    assert_eq!(read("{p: NaN}"), Ok(Some(json!("NaN"))));
    // Places that are not the start of a character, and the very end.
    for text in [
        "{\"p\": é",
        "{\"p\": \"a\"é}",
        "[\"é\", é",
        "{",
        "[",
        "\"",
        "\"é",
        "{\"é",
        "[-",
        "[-é]",
        "{\"p\":-Infinit",
    ] {
        assert!(from_text(text, &limits()).is_err(), "{text}");
    }
}

#[test]
fn keys_that_are_one_as_text_are_refused_with_their_place() {
    let error = from_yaml("{1: a,\n '1': b}", &limits()).unwrap_err();
    assert_eq!(
        (error.code, error.path.as_str(), error.line),
        (ErrorCode::DeserializationFailed, "/1", Some(2))
    );
    assert_eq!(error.message, "Failed to parse YAML: expected each key once, found `1` again");
    let error = from_json("{\"a\": 1,\n \"a\": 2}", &limits()).unwrap_err();
    assert_eq!((error.path.as_str(), error.line), ("/a", Some(2)));
}

#[test]
fn a_value_beyond_the_limits_is_neither_read_nor_written() {
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    let answers = [
        read_document(&deep, "yaml"),
        read_document(&deep, "json"),
        write_document(&deep),
        read_document("__proto__: {a: 1}\n", "yaml"),
        read_document("a: &a [1]\nb: [*a, *b]\n", "yaml"),
        read_document("a: [1\n", "yaml"),
    ];
    for answer in answers {
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let problem = &answer["problems"][0];
        assert!(problem["code"].is_string() && problem["line"].is_number(), "{answer}");
    }
}

proptest! {
    #[test]
    fn any_value_is_written_and_read_back(value in value()) {
        let written: Value = serde_json::from_str(&write_document(&value.to_string())).unwrap();
        let text = written["text"].as_str().unwrap();
        prop_assert_eq!(read_document(text, "yaml"), json!({ "value": value, "format": "yaml" }).to_string());
    }
}
