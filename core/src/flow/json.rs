//! Reading and writing JSON.

use serde::de::DeserializeSeed;
use serde_json::Value;

use super::tree::Builder;
use super::{FlowError, Limits, NodeDefinition, document};
use crate::error::ErrorCode;

/// Reads a flow from JSON. Of two equal keys in one object the last wins, as in JavaScript.
///
/// # Errors
///
/// See [`FlowError`].
pub fn from_json(text: &str, limits: &Limits) -> Result<NodeDefinition, FlowError> {
    document::definition(read_value(text, limits)?)
}

/// Writes a flow as JSON without white space; `from_json(to_json(x)) == x`.
///
/// # Errors
///
/// `SERIALIZATION_FAILED`, which no definition is known to cause.
pub fn to_json(node: &NodeDefinition) -> Result<String, FlowError> {
    serde_json::to_string(node)
        .map_err(|error| FlowError::new(ErrorCode::SerializationFailed, error.to_string()))
}

/// Reads any JSON value within limits.
pub(crate) fn read_value(text: &str, limits: &Limits) -> Result<Value, FlowError> {
    super::check_length(text, limits)?;
    let builder = Builder::new(limits);
    let mut parser = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
    // The builder counts the depth itself.
    parser.disable_recursion_limit();
    let read = builder.root().deserialize(&mut parser).and_then(|value| parser.end().map(|()| value));
    read.map_err(|error| {
        let (line, column) = (error.line() as u64, error.column() as u64);
        builder.explain(|| malformed(&error)).at(line, column)
    })
}

fn malformed(error: &serde_json::Error) -> FlowError {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = match message.strip_suffix(&place).unwrap_or(&message) {
        "EOF while parsing a value" => "expected a value, found the end of the text",
        "EOF while parsing a list" => "expected the rest of a list, found the end of the text",
        "EOF while parsing an object" => "expected the rest of an object, found the end of the text",
        "EOF while parsing a string" => "expected the rest of a string, found the end of the text",
        "trailing characters" => "expected the end of the text",
        "trailing comma" => "expected another element after the comma",
        "key must be a string" => "expected a key in double quotes",
        "expected value" => "expected a value",
        other => other,
    };
    FlowError::new(ErrorCode::DeserializationFailed, format!("Failed to parse JSON: {reason}"))
}
