//! Flows as text: what crosses here is read once by a person's standards, not on the way of a run.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::ErrorCode;
#[cfg(not(feature = "yaml"))]
use crate::flow::NodeDefinition;
use crate::flow::{
    self, FlowError, Format, KEEPS_TIMEOUT, Limits, NodeLimit, POLICY_KEYS, UNASKED_NO_RETRIES,
    UNASKED_RETRIES, UNASKED_TIMEOUT,
};
use crate::graph::{DEFAULT_WEIGHT, node_weight};
use crate::ids::TaskId;
use crate::run::{self, ANIMATIONS, COMPLETE, TaskState};
use crate::validate::{Declaration, LISTED_PROBLEMS, NodeTypes, Problem, validate_beside};

/// Reads a flow from YAML, from JSON, or, for any `format` but `"yaml"` and `"json"`, from whichever it is. The answer is
/// JSON: `{"flow": …}` with the defaults of hand-written files filled in, or `{"problems": [{code, path, message, line?, column?}]}`.
pub fn read_flow(text: &str, format: &str) -> String {
    let limits = Limits::default();
    let read = match format {
        "json" => flow::from_json(text, &limits),
        "yaml" => from_yaml(text, &limits),
        _ => flow::from_text(text, &limits),
    };
    let written = read.and_then(|mut node| {
        node.fill_defaults();
        flow::to_json(&node)
    });
    match written {
        Ok(json) => format!("{{\"flow\":{json}}}"),
        Err(error) => problems(error),
    }
}

/// Writes a flow, given as JSON, as YAML (or as JSON). The answer is JSON: `{"text": …}` or `{"problems": […]}`.
pub fn write_flow(json: &str, format: &str) -> String {
    let limits = Limits::default();
    let written = flow::from_json(json, &limits).map_err(unwritable).and_then(|node| match format {
        "json" => flow::to_json(&node),
        _ => to_yaml(&node),
    });
    written.map_or_else(problems, |text| json!({ "text": text }).to_string())
}

/// Says of a flow, given as JSON, why it cannot be written. Its caller has not seen the JSON, so that places in it say nothing.
fn unwritable(error: FlowError) -> FlowError {
    let mut error = FlowError { line: None, column: None, ..error };
    if let Some(reason) = error.message.strip_prefix(flow::NOT_JSON) {
        error.message = format!("The flow cannot be written: {reason}");
        error.code = ErrorCode::SerializationFailed;
    }
    error
}

/// Reads any value as it stands, within the limits of a flow, from YAML, from JSON, or, for any other `format`, from
/// whichever it is. The answer is JSON: `{"value": …, "format": "yaml" | "json"}` or
/// `{"problems": [{code, path, message, line?, column?}]}`.
pub fn read_document(text: &str, format: &str) -> String {
    let limits = Limits::default();
    let read = match format {
        "json" => flow::read_value(text, &limits).map(|value| (value, Format::Json)),
        "yaml" => read_yaml_value(text, &limits).map(|value| (value, Format::Yaml)),
        _ => flow::read_either(text, &limits),
    };
    match read {
        Ok((value, format)) => {
            let format = if format == Format::Json { "json" } else { "yaml" };
            format!("{{\"value\":{},\"format\":\"{format}\"}}", to_text(&value))
        }
        Err(error) => problems(error),
    }
}

/// Writes any value, given as JSON, as YAML that [`read_document`] gives back as the same value, which is made sure of
/// here. The answer is JSON: `{"text": …}` or `{"problems": […]}`.
pub fn write_document(json: &str) -> String {
    let limits = Limits::default();
    let written = flow::read_value(json, &limits).and_then(|value| {
        let text = write_value(&value)?;
        if read_yaml_value(&text, &limits)? == value {
            Ok(text)
        } else {
            Err(FlowError::new(
                ErrorCode::SerializationFailed,
                "The value has no YAML that reads back the same",
            ))
        }
    });
    written.map_or_else(problems, |text| json!({ "text": text }).to_string())
}

/// Everything that is wrong with a flow, given as JSON; the answer is a JSON list of problems. `types` is JSON:
/// `{"schemas": {type: schema}, "declared": {type: {inputs?, outputs?, routed?, complete?, container?}}, "closed": bool, "file": bool,
/// "others": number}`; a closed set refuses types that it does not name, `file` says that a person wrote the flow
/// ([`NodeTypes::for_file`]), and `others` is how many problems of the flow the host left out ([`validate_beside`]).
pub fn validate_flow(json: &str, types: &str) -> String {
    let limits = Limits::default();
    let found = match (flow::from_json(json, &limits), node_types(types)) {
        (Ok(node), Ok((types, others))) => validate_beside(&node, &types, &limits, others),
        (Err(error), _) | (_, Err(error)) => vec![error.into()],
    };
    to_text(&found)
}

/// What both sides must agree on, as JSON: version, error codes, node states, animation steps, weights.
pub fn constants() -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Code {
        code: ErrorCode,
        number: u8,
        category: crate::error::Category,
        recovery: crate::error::Recovery,
    }
    let codes: Vec<Code> = ErrorCode::ALL
        .iter()
        .map(|code| Code {
            code: *code,
            number: code.number(),
            category: code.category(),
            recovery: code.recovery(),
        })
        .collect();
    let animations: Vec<Value> = ANIMATIONS
        .iter()
        .map(|class| {
            let up_to = class.up_to_weight.is_finite().then_some(class.up_to_weight);
            json!({ "upToWeight": up_to, "steps": class.steps })
        })
        .collect();
    let limits = Limits::default();
    to_text(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "codes": codes,
        "states": TaskState::ALL.iter().map(|(name, _)| name.to_ascii_lowercase()).collect::<Vec<_>>(),
        "animations": animations,
        "complete": COMPLETE,
        "defaultWeight": DEFAULT_WEIGHT,
        "policy": {
            "keys": POLICY_KEYS,
            "unaskedTimeout": UNASKED_TIMEOUT,
            "keepsTimeout": KEEPS_TIMEOUT,
            "unaskedRetries": UNASKED_RETRIES,
            "unaskedNoRetries": UNASKED_NO_RETRIES,
            "mostAtOnce": NodeLimit::MOST,
        },
        "limits": {
            "groups": limits.groups,
            "nodes": limits.nodes,
            "edges": limits.edges,
            "problems": LISTED_PROBLEMS,
        },
    }))
}

/// The ms of a duration such as `10s` ([`flow::duration_ms`]); NaN for a text that is none.
pub fn duration_ms(text: &str) -> f64 {
    flow::duration_ms(text).unwrap_or(f64::NAN)
}

/// The wait in ms before another try of a task ([`run::backoff`]), as a run with this seed has it where it is spread.
pub fn backoff(base: f64, tries: u32, seed: f64, task: u32, spreads: bool) -> f64 {
    run::backoff(base, tries, spreads.then_some((seed as u64, TaskId(task))))
}

/// The limit and the ms of a rate, given as JSON, such as `"10/s"`; `null` for what is no rate. The answer is JSON.
pub fn rate_limit(json: &str) -> String {
    let rate = serde_json::from_str(json).ok().and_then(|value| flow::rate(&value));
    serde_json::json!(rate.map(|rate| (rate.starts, rate.per_ms.0))).to_string()
}

/// The weight of a node of this type.
pub fn weight_of(type_name: &str) -> f64 {
    node_weight(type_name)
}

fn node_types(text: &str) -> Result<(NodeTypes, usize), FlowError> {
    let broken = |message: String| FlowError::new(ErrorCode::InvalidParameters, message);
    let value: Value = serde_json::from_str(text).map_err(|error| broken(error.to_string()))?;
    let none = Map::new();
    let schemas = value.get("schemas").and_then(Value::as_object).unwrap_or(&none);
    let mut types = NodeTypes::new();
    for (name, schema) in schemas {
        types = types.with(name, &schema.to_string()).map_err(|error| broken(format!("{name}: {error}")))?;
    }
    for (name, told) in value.get("declared").and_then(Value::as_object).unwrap_or(&none) {
        types = types.declared(name, declaration(told));
    }
    let others = value.get("others").and_then(Value::as_u64).unwrap_or(0) as usize;
    if is_set(&value, "closed") {
        types = types.closed();
    }
    if is_set(&value, "file") {
        types = types.for_file();
    }
    Ok((types, others))
}

fn declaration(value: &Value) -> Declaration {
    let names = |key: &str| {
        let list = value.get(key).and_then(Value::as_array)?;
        Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    Declaration {
        inputs: names("inputs"),
        outputs: names("outputs"),
        routed: is_set(value, "routed"),
        complete: is_set(value, "complete"),
        container: is_set(value, "container"),
    }
}

fn is_set(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool) == Some(true)
}

#[cfg(feature = "yaml")]
use crate::flow::{from_yaml, read_yaml_value, to_yaml, write_value};

#[cfg(not(feature = "yaml"))]
use crate::flow::reads_json_only;

#[cfg(not(feature = "yaml"))]
fn from_yaml(_: &str, _: &Limits) -> Result<NodeDefinition, FlowError> {
    Err(reads_json_only())
}

#[cfg(not(feature = "yaml"))]
fn to_yaml(_: &NodeDefinition) -> Result<String, FlowError> {
    Err(writes_json_only())
}

#[cfg(not(feature = "yaml"))]
fn read_yaml_value(_: &str, _: &Limits) -> Result<Value, FlowError> {
    Err(reads_json_only())
}

#[cfg(not(feature = "yaml"))]
fn write_value(_: &Value) -> Result<String, FlowError> {
    Err(writes_json_only())
}

#[cfg(not(feature = "yaml"))]
fn writes_json_only() -> FlowError {
    FlowError::new(
        ErrorCode::SerializationFailed,
        "This build of the engine has no YAML: write JSON, or use the native addon",
    )
}

fn problems(error: FlowError) -> String {
    to_text(&json!({ "problems": [Problem::from(error)] }))
}

/// Plain data with string keys always has a text.
fn to_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
