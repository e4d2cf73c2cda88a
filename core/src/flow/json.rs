//! Reading and writing JSON.

use serde::de::DeserializeSeed;
use serde_json::Value;

use super::tree::Builder;
use super::{FlowError, Limits, NodeDefinition, document};
use crate::error::ErrorCode;

pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

/// The start of messages about text that is not JSON.
pub(crate) const NOT_JSON: &str = "Failed to parse JSON: ";

/// Reads a flow from JSON. A key may stand only once in an object.
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
    parse(text, limits).map_err(|unread| unread.error)
}

/// Why a text was not read.
pub(super) struct Unread {
    pub(super) error: FlowError,
    /// The offset of the byte from which on the text is not JSON, without a byte order mark. None for what is JSON, but against
    /// the limits or the rules of flows.
    pub(super) at: Option<usize>,
}

/// Reads any JSON value; the length of the text is for the caller to bound.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<Value, Unread> {
    let text = text.trim_start_matches(BYTE_ORDER_MARK);
    let builder = Builder::new(limits, "JSON");
    let mut parser = serde_json::Deserializer::from_str(text);
    // The builder counts the depth itself.
    parser.disable_recursion_limit();
    let read = builder.root().deserialize(&mut parser).and_then(|value| parser.end().map(|()| value));
    read.map_err(|error| Unread {
        at: (!builder.has_refused()).then(|| offset_of(&error, text)),
        error: builder.explain(|| malformed(&error)).at(error.line() as u64, error.column() as u64),
    })
}

fn offset_of(error: &serde_json::Error, text: &str) -> usize {
    if error.is_eof() {
        return text.len();
    }
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    (lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1)).min(text.len())
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
        // Of half a pair with something else behind it, and with nothing.
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            "a text has half of a surrogate pair"
        }
        other => other,
    };
    FlowError::new(ErrorCode::DeserializationFailed, format!("{NOT_JSON}{reason}"))
}
