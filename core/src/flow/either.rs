//! Reading text of either format.

use serde_json::Value;

use super::json::{self, BYTE_ORDER_MARK, NOT_JSON, Unread};
use super::{FlowError, Limits, NodeDefinition, document};

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Yaml,
}

/// Reads a flow from JSON or YAML, whichever the text is.
///
/// A text that begins as JSON does, with `{` or `[`, is JSON where it can be read as such, and else YAML, whose collections
/// may be written in brackets too. Where it is neither, the error is that of JSON if there is JSON up to it: more than
/// brackets. `NaN` and `Infinity`, which some programs write where JSON has a number, are refused instead of read as text.
///
/// # Errors
///
/// See [`FlowError`].
pub fn from_text(text: &str, limits: &Limits) -> Result<NodeDefinition, FlowError> {
    document::definition(read_either(text, limits)?.0)
}

/// Reads any value as [`from_text`] does, a text in double quotes included.
pub(crate) fn read_either(text: &str, limits: &Limits) -> Result<(Value, Format), FlowError> {
    super::check_length(text, limits)?;
    let content = text.trim_start_matches(BYTE_ORDER_MARK);
    if !content.trim_start_matches(is_blank).starts_with(['{', '[', '"']) {
        return read_yaml(text, limits);
    }
    let Unread { error, at } = match json::parse(text, limits) {
        Ok(value) => return Ok((value, Format::Json)),
        Err(unread) => unread,
    };
    let Some(at) = at else { return Err(error) };
    let is_json = is_json_up_to(content, at);
    if is_json && let Some(word) = number_without_json(content, at) {
        let message = format!("{NOT_JSON}expected a finite number, found `{word}`");
        return Err(FlowError { message, ..error });
    }
    read_yaml(text, limits).map_err(|other| if is_json { error } else { other })
}

/// Whether there is more of JSON than brackets before this offset, or nothing but brackets in all of the text.
fn is_json_up_to(text: &str, at: usize) -> bool {
    let before = text.as_bytes()[..at].trim_ascii_start();
    let is_collection = before.first().is_some_and(|byte| b"[{".contains(byte));
    let is_bracket = |byte: &u8| b"[{".contains(byte) || byte.is_ascii_whitespace();
    is_collection && (at == text.len() || !before.iter().all(is_bracket))
}

/// The word at this offset that other languages write for a number which JSON has not.
fn number_without_json(text: &str, at: usize) -> Option<&'static str> {
    let is_negative = text.as_bytes()[..at].ends_with(b"-");
    let rest = text.get(at - usize::from(is_negative)..)?;
    let is_value = |after: &str| after.trim_start_matches(is_blank).starts_with([',', ']', '}']);
    ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| rest.strip_prefix(word).is_some_and(is_value))
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

#[cfg(feature = "yaml")]
fn read_yaml(text: &str, limits: &Limits) -> Result<(Value, Format), FlowError> {
    super::read_yaml_value(text, limits).map(|value| (value, Format::Yaml))
}

#[cfg(not(feature = "yaml"))]
fn read_yaml(_: &str, _: &Limits) -> Result<(Value, Format), FlowError> {
    Err(reads_json_only())
}

#[cfg(not(feature = "yaml"))]
pub(crate) fn reads_json_only() -> FlowError {
    FlowError::new(
        crate::error::ErrorCode::DeserializationFailed,
        "This build of the engine has no YAML: convert the flow to JSON, or use the native addon",
    )
}
