//! Schemas of parameters: what can be registered, and what they find.

use conductor_core::error::ErrorCode;
use conductor_core::flow::{Limits, from_json};
use conductor_core::validate::{Declaration, NodeTypes, Severity, validate};
use serde_json::{Value, json};

/// The problems of a node with these parameters, as code and path below the parameters.
fn problems(schema: &Value, parameters: &Value) -> Vec<(ErrorCode, String)> {
    let types = NodeTypes::new().with("node", &schema.to_string()).unwrap();
    let flow = json!({ "id": "n", "type": "node", "parameters": parameters });
    let flow = from_json(&flow.to_string(), &Limits::default()).unwrap();
    validate(&flow, &types, &Limits::default())
        .into_iter()
        .map(|problem| {
            let path = problem.path.strip_prefix("/parameters").unwrap();
            (problem.code, path.to_owned())
        })
        .collect()
}

/// Whether a schema for one value allows it.
fn allows(schema: Value, value: Value) -> bool {
    let schema = json!({ "properties": { "x": schema } });
    problems(&schema, &json!({ "x": value })).is_empty()
}

fn refusal(schema: &str) -> (String, String) {
    let error = NodeTypes::new().with("node", schema).unwrap_err();
    assert_eq!(error.type_name, "node");
    (error.path, error.message)
}

#[test]
fn text_with_an_expression_fits_every_schema_until_its_value_is_known() {
    for schema in [
        json!({ "type": "number" }),
        json!({ "enum": ["a"] }),
        json!({ "maxLength": 2 }),
        json!({ "items": {} }),
    ] {
        assert!(allows(schema.clone(), json!("${{ data.count }}")), "{schema}");
    }
    assert!(!allows(json!({ "items": { "type": "number" } }), json!(["${{ data.count }}", "2"])));
    assert!(!allows(json!({ "type": "number" }), json!("{{ data.count }}")));
}

#[test]
fn each_keyword_draws_its_line() {
    let cases = [
        (json!({ "type": "string" }), json!("a"), json!(1)),
        (json!({ "type": "number" }), json!(1.5), json!("1.5")),
        (json!({ "type": "integer" }), json!(2.0), json!(2.5)),
        (json!({ "type": "boolean" }), json!(false), json!(0)),
        (json!({ "type": "array" }), json!([]), json!({})),
        (json!({ "type": "object" }), json!({}), json!([])),
        (json!({ "type": "null" }), json!(null), json!("")),
        (json!({ "type": ["string", "null"] }), json!(null), json!(1)),
        (json!({ "enum": ["a", 1] }), json!(1.0), json!("1")),
        (json!({ "const": { "a": [1] } }), json!({ "a": [1] }), json!({ "a": [2] })),
        (json!({ "required": ["a"] }), json!({ "a": null }), json!({ "b": 1 })),
        (json!({ "required": ["a"] }), json!("no object"), json!({})),
        (json!({ "properties": { "a": { "type": "null" } } }), json!({ "b": 1 }), json!({ "a": 1 })),
        (json!({ "additionalProperties": false }), json!({}), json!({ "a": 1 })),
        (json!({ "additionalProperties": { "type": "null" } }), json!({ "a": null }), json!({ "a": 1 })),
        (json!({ "items": { "type": "number" } }), json!([1, 2]), json!([1, "2"])),
        (json!({ "minimum": 1 }), json!(1), json!(0.5)),
        (json!({ "maximum": 1.5 }), json!(1.5), json!(2)),
        (json!({ "exclusiveMinimum": 0 }), json!(0.001), json!(0)),
        (json!({ "minLength": 2 }), json!("🦀é"), json!("🦀")),
        (json!({ "maxLength": 2 }), json!("🦀é"), json!("abc")),
        (json!({ "minItems": 1 }), json!([0]), json!([])),
        (json!({ "maxItems": 1 }), json!([0]), json!([0, 0])),
        (json!({ "anyOf": [{ "type": "string" }, { "minimum": 5 }] }), json!(5), json!(4)),
    ];
    for (schema, good, bad) in cases {
        assert!(allows(schema.clone(), good.clone()), "{schema} {good}");
        assert!(!allows(schema.clone(), bad.clone()), "{schema} {bad}");
    }
}

#[test]
fn a_keyword_says_nothing_about_values_of_other_types() {
    for value in [json!("text"), json!(null), json!(true), json!([]), json!({})] {
        assert!(allows(json!({ "minimum": 5, "maximum": 6, "exclusiveMinimum": 5 }), value));
    }
    for value in [json!(1), json!(null), json!([])] {
        assert!(allows(json!({ "minLength": 5, "required": ["a"] }), value));
    }
}

#[test]
fn the_one_alternative_of_the_right_type_explains_itself() {
    let schema = json!({ "properties": { "x": { "anyOf": [
        { "type": "string" },
        { "type": "object", "required": ["a"], "properties": { "a": { "type": "number" } } },
    ] } } });
    let found = |value| problems(&schema, &json!({ "x": value }));
    assert_eq!(found(json!({})), [(ErrorCode::MissingRequiredField, "/x/a".into())]);
    assert_eq!(found(json!({ "a": "1" })), [(ErrorCode::TypeMismatch, "/x/a".into())]);
    assert_eq!(found(json!(1)), [(ErrorCode::TypeMismatch, "/x".into())]);
}

#[test]
fn rules_about_all_parameters_hold_too() {
    let schema = json!({ "type": "object", "anyOf": [{ "required": ["a"] }, { "required": ["b"] }] });
    assert_eq!(problems(&schema, &json!({ "b": 1 })), []);
    assert_eq!(problems(&schema, &json!({})), [(ErrorCode::InvalidParameters, String::new())]);
    assert_eq!(problems(&json!({ "enum": [{}] }), &json!({})), []);
    assert_eq!(problems(&json!({ "type": "null" }), &json!({})), [(ErrorCode::TypeMismatch, String::new())]);
}

#[test]
fn messages_do_not_repeat_values() {
    let types = NodeTypes::new()
        .with("node", r#"{ "properties": { "x": { "enum": ["a"] }, "y": { "maxLength": 3 }, "z": { "type": "null" } } }"#)
        .unwrap();
    let flow =
        r#"{ "id": "n", "type": "node", "parameters": { "x": "secret", "y": "secret", "z": "secret" } }"#;
    let flow = from_json(flow, &Limits::default()).unwrap();
    let problems = validate(&flow, &types, &Limits::default());
    assert_eq!(problems.len(), 3);
    assert!(problems.iter().all(|problem| !problem.message.contains("secret")));
}

#[test]
fn annotations_are_passed_over() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "x", "$comment": "x",
        "title": "x", "description": "x", "default": {}, "examples": [], "deprecated": true,
        "x-required-message": "x",
    });
    assert_eq!(problems(&schema, &json!({ "a": 1 })), []);
}

#[test]
fn a_keyword_that_would_not_be_checked_is_refused() {
    for keyword in ["pattern", "format", "$ref", "oneOf", "allOf", "not", "minimun", "multipleOf"] {
        let schema = json!({ "properties": { "a/b": { "items": { keyword: 1 } } } });
        assert_eq!(
            refusal(&schema.to_string()),
            (
                format!("/properties/a~1b/items/{keyword}"),
                format!("The keyword `{keyword}` is not supported"),
            )
        );
    }
}

#[test]
fn a_keyword_with_a_wrong_value_is_refused() {
    let cases = [
        (json!({ "type": "text" }), "/type"),
        (json!({ "type": [] }), "/type"),
        (json!({ "type": ["string", 1] }), "/type"),
        (json!({ "enum": "a" }), "/enum"),
        (json!({ "enum": [1], "const": 1 }), "/const"),
        (json!({ "required": "a" }), "/required"),
        (json!({ "required": [1] }), "/required"),
        (json!({ "properties": [] }), "/properties"),
        (json!({ "properties": { "a": 1 } }), "/properties/a"),
        (json!({ "additionalProperties": 1 }), "/additionalProperties"),
        (json!({ "items": false }), "/items"),
        (json!({ "minimum": "1" }), "/minimum"),
        (json!({ "minLength": -1 }), "/minLength"),
        (json!({ "maxItems": 1.5 }), "/maxItems"),
        (json!({ "anyOf": [] }), "/anyOf"),
        (json!({ "anyOf": [{}, { "type": 1 }] }), "/anyOf/1/type"),
        (json!(null), ""),
    ];
    for (schema, path) in cases {
        assert_eq!(refusal(&schema.to_string()).0, path, "{schema}");
    }
    assert!(refusal("{").1.starts_with("Failed to parse JSON"));
}

#[test]
fn a_number_of_ms_may_be_written_as_a_duration() {
    let ms = json!({ "type": "number", "x-duration": true, "minimum": 1, "maximum": 3_600_000 });
    for (value, allowed) in [
        (json!(1.5), true),
        (json!("10s"), true),
        (json!("1h"), true),
        (json!("0s"), false),
        (json!("1.5h"), false),
        (json!("10 s"), false),
        (json!(""), false),
        (json!(true), false),
    ] {
        assert_eq!(allows(ms.clone(), value.clone()), allowed, "{value}");
    }
    assert!(!allows(json!({ "type": "number", "x-duration": false }), json!("10s")));
    assert_eq!(refusal(r#"{"x-duration": "yes"}"#).0, "/x-duration");
}

#[test]
fn only_closed_types_refuse_unknown_ones() {
    let types = NodeTypes::new().with("node", "true").unwrap();
    assert!(types.accepts("node") && types.accepts("other"));
    let types = types.closed();
    assert!(types.accepts("node") && !types.accepts("other"));
}

#[test]
fn what_has_another_form_is_shown_an_example_of_the_innermost_parameter() {
    let order = json!({
        "examples": [[{ "field": "total" }]],
        "type": "array",
        "items": {
            "type": "object",
            "required": ["field"],
            "properties": { "field": { "type": "string", "examples": ["a.b"] }, "nulls": { "enum": ["first"] } },
        },
    });
    let long = json!({ "type": "string", "examples": ["x".repeat(200)] });
    let schema = json!({ "required": ["by"], "properties": { "by": order, "long": long } });
    let messages = |parameters: Value| -> Vec<String> {
        let types = NodeTypes::new().with("node", &schema.to_string()).unwrap();
        let flow = json!({ "id": "n", "type": "node", "parameters": parameters });
        let flow = from_json(&flow.to_string(), &Limits::default()).unwrap();
        validate(&flow, &types, &Limits::default()).into_iter().map(|problem| problem.message).collect()
    };
    let by = r#"; for example `by: [{"field":"total"}]`"#;
    assert_eq!(messages(json!({ "by": "total" })), [format!("Expected a list, found a string{by}")]);
    assert_eq!(messages(json!({ "by": ["total"] })), [format!("Expected an object, found a string{by}")]);
    assert_eq!(messages(json!({})), [format!("`by` is required{by}")]);
    let field = r#"; for example `field: "a.b"`"#;
    assert_eq!(messages(json!({ "by": [{}] })), [format!("`field` is required{field}")]);
    assert_eq!(
        messages(json!({ "by": [{ "field": 1 }] })),
        [format!("Expected a string, found a number{field}")]
    );
    let other = messages(json!({ "by": [{ "field": "a", "nulls": "x" }], "long": 1 }));
    assert_eq!(other, [r#"Expected "first""#, "Expected a string, found a number"]);
}

#[test]
fn what_nothing_reads_beside_the_value_of_another_parameter_is_warned_of() {
    let schema = json!({ "properties": {
        "operation": { "enum": ["map", "sort", "group"], "default": "map" },
        "key": { "type": "string", "x-when": { "operation": ["sort", "group"] } },
        "down": { "type": "boolean", "default": false, "x-when": { "operation": ["sort"] } },
        "page": { "type": "boolean", "default": false },
        "title": { "x-when": { "page": [true] } },
        "other": { "x-when": { "free": ["a"] } },
        "free": { "type": "string" },
        "list": { "type": "array", "items": { "type": "object", "properties": {
            "what": { "enum": ["count", "percentile"] },
            "percent": { "type": "number", "x-when": { "what": ["percentile"] } },
        } } },
    } });
    let told = |parameters: Value| -> Vec<String> {
        let complete = Declaration { complete: true, ..Declaration::default() };
        let types = NodeTypes::new().with("node", &schema.to_string()).unwrap().declared("node", complete);
        let flow = json!({ "id": "n", "type": "node", "parameters": parameters });
        let flow = from_json(&flow.to_string(), &Limits::default()).unwrap();
        let found = validate(&flow, &types, &Limits::default()).into_iter();
        found
            .map(|problem| {
                let rule = problem.rule.unwrap();
                assert_eq!((rule.name(), rule.severity()), ("ignored-parameter", Severity::Warning));
                format!("{} {}", problem.path.strip_prefix("/parameters").unwrap(), problem.message)
            })
            .collect()
    };
    assert_eq!(
        told(json!({ "key": "a" })),
        [
            "/key Nothing reads `key` where `operation` is `map`, which it is unless given; it is for `sort`, `group`"
        ]
    );
    assert_eq!(
        told(json!({ "operation": "group", "key": "a", "down": true })),
        ["/down Nothing reads `down` where `operation` is `group`; it is for `sort`"]
    );
    assert_eq!(
        told(json!({ "title": "a", "page": false })),
        ["/title Nothing reads `title` where `page` is `false`; it is for `true`"]
    );
    assert_eq!(
        told(json!({ "list": [{ "what": "percentile", "percent": 9 }, { "what": "count", "percent": 9 }] })),
        ["/list/1/percent Nothing reads `percent` where `what` is `count`; it is for `percentile`"]
    );
    for silent in [
        json!({ "operation": "sort", "key": "a", "down": true }),
        // What editors write into every node, and what is empty.
        json!({ "operation": "map", "key": "", "down": false, "title": null, "other": false }),
        // An expression may give any value; so may a parameter that is not among a few values.
        json!({ "operation": "${{ data.what }}", "key": "a" }),
        json!({ "free": "b", "other": 1 }),
        // Without a default nothing says what it is.
        json!({ "list": [{ "percent": 9 }] }),
        json!({ "title": "a", "page": "${{ data.page }}" }),
    ] {
        assert!(told(silent.clone()).is_empty(), "{silent}");
    }
    assert_eq!(refusal(r#"{"properties": {"a": {"x-when": ["b"]}}}"#).0, "/properties/a/x-when");
    let unknown = r#"{"properties": {"a": {"x-when": {"b": [1]}}}}"#;
    assert_eq!(
        refusal(unknown),
        ("/properties/a/x-when".to_owned(), "There is no property `b` beside `a`".to_owned())
    );
    for values in ["1", "[]"] {
        let schema = format!(r#"{{"properties": {{"a": {{"x-when": {{"b": {values}}}}}}}}}"#);
        assert_eq!(refusal(&schema).0, "/properties/a/x-when/b");
    }
}
