//! Reading and writing YAML 1.2.

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeSeed;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::NonFiniteFloatPolicy;
use serde_saphyr::{DefaultMessageFormatter, DoubleQuoted, Error, MessageFormatter, Options};

use super::json::BYTE_ORDER_MARK;
use super::tree::Builder;
use super::{FlowError, Limits, NodeDefinition, document};
use crate::error::ErrorCode;

/// How many characters a key may have without a `?` before it, by the rules of YAML.
const KEY_LENGTH: usize = 1024;

/// How many values aliases may repeat in all; nested aliases multiply.
const REPEATED_VALUES: usize = 100_000;

/// Reads a flow from a YAML document.
///
/// Only `true` and `false` are booleans: `yes`, `no`, `on` and `off` are text. A key may stand only
/// once in an object.
///
/// # Errors
///
/// See [`FlowError`].
pub fn from_yaml(text: &str, limits: &Limits) -> Result<NodeDefinition, FlowError> {
    super::check_length(text, limits)?;
    document::definition(read_value(text, limits)?)
}

/// Reads every flow of a YAML text with several documents, separated by lines of `---`. Documents
/// without content are passed over. The limits hold for each document, `bytes` for the whole text.
///
/// # Errors
///
/// See [`FlowError`]; the line is that of the whole text, the path that of the document.
pub fn from_yaml_documents(text: &str, limits: &Limits) -> Result<Vec<NodeDefinition>, FlowError> {
    super::check_length(text, limits)?;
    let mut flows = Vec::new();
    for part in documents(text.trim_start_matches(BYTE_ORDER_MARK)) {
        let flow = read_value(part.text, limits).and_then(|value| match value {
            Value::Null => Ok(None),
            value => document::definition(value).map(Some),
        });
        let flow = flow.map_err(|mut error| {
            error.line = error.line.map(|line| line + part.lines_before);
            error
        });
        flows.extend(flow?);
    }
    Ok(flows)
}

/// Writes a flow as YAML with two spaces of indentation, no wrapped lines and no aliases;
/// `from_yaml(to_yaml(x)) == x`.
///
/// # Errors
///
/// `SERIALIZATION_FAILED`, which no definition is known to cause.
pub fn to_yaml(node: &NodeDefinition) -> Result<String, FlowError> {
    write_value(node)
}

/// Reads any YAML value within limits.
pub(crate) fn read_yaml_value(text: &str, limits: &Limits) -> Result<Value, FlowError> {
    super::check_length(text, limits)?;
    read_value(text, limits)
}

/// Writes any value as YAML in the style of [`to_yaml`].
pub(crate) fn write_value(value: &impl Serialize) -> Result<String, FlowError> {
    let failed = |error: &dyn fmt::Display| FlowError::new(ErrorCode::SerializationFailed, error.to_string());
    let value = serde_json::to_value(value).map_err(|error| failed(&error))?;
    let options = serde_saphyr::ser_options! {
        indent_step: 2,
        compact_list_indent: false,
        folded_wrap_chars: usize::MAX,
    };
    serde_saphyr::to_string_with_options(&Written(&value), options).map_err(|error| failed(&error))
}

/// A value with quotes around every text of one line that begins or ends with white space of Unicode: to YAML that is text
/// like any other, but not to every reader and editor.
struct Written<'v>(&'v Value);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if text.trim().len() < text.len() && !text.contains('\n') => {
                DoubleQuoted(text).serialize(serializer)
            }
            Value::Array(list) => serializer.collect_seq(list.iter().map(Written)),
            Value::Object(object) => {
                serializer.collect_map(object.iter().map(|(key, value)| (key, Written(value))))
            }
            other => other.serialize(serializer),
        }
    }
}

fn read_value(text: &str, limits: &Limits) -> Result<Value, FlowError> {
    let builder = Builder::new(limits, "YAML");
    let read = serde_saphyr::with_deserializer_from_str_with_options(text, options(limits), |parser| {
        builder.root().deserialize(parser)
    });
    read.map_err(|error| {
        let place = error.location();
        let (line, column) = place.map_or((0, 0), |place| (place.line(), place.column()));
        let has_refused = builder.has_refused();
        let found = builder.explain(|| refusal(&error, limits)).at(line, column);
        if has_refused || found.code != ErrorCode::DeserializationFailed {
            found
        } else {
            unquoted(indented(found, text), text)
        }
    })
}

fn options(limits: &Limits) -> Options {
    // The builder refuses too great a depth and names the place. The parser is ahead of it by a
    // level, the scanner below it by as many brackets as it may look ahead for the end of a key.
    let depth = limits.depth.saturating_add(1);
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: depth,
            simple_key_max_lookahead: KEY_LENGTH,
            flow_nesting_limit: depth.saturating_add(KEY_LENGTH),
            max_aliases: limits.aliases,
            max_anchors: limits.aliases,
            max_merge_keys: limits.aliases,
            // A text within `bytes` has no more events than bytes.
            max_events: limits.bytes.saturating_add(16),
            max_nodes: limits.bytes.saturating_add(16),
            max_total_scalar_bytes: usize::MAX,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: REPEATED_VALUES,
        },
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::Reject,
        with_snippet: false,
    }
}

/// Says in our words that a limit was passed, and in the parser's what is wrong with the text.
fn refusal(error: &Error, limits: &Limits) -> FlowError {
    let over = |message| FlowError::new(ErrorCode::ValidationFailed, message);
    match error.without_snippet() {
        Error::AliasError { error, .. } => refusal(error, limits),
        Error::Budget { breach, .. } => over(match breach {
            BudgetBreach::Depth { depth } => Limits::exceeded("depth", limits.depth, depth),
            BudgetBreach::Aliases { aliases: found }
            | BudgetBreach::Anchors { anchors: found }
            | BudgetBreach::MergeKeys { merge_keys: found } => {
                Limits::exceeded("aliases", limits.aliases, found)
            }
            other => format!("The document is too complex: {other:?}"),
        }),
        Error::AliasReplayLimitExceeded { .. } | Error::AliasReplayStackDepthExceeded { .. } => {
            over(format!("Aliases repeat more than {REPEATED_VALUES} values"))
        }
        other => FlowError::new(
            ErrorCode::DeserializationFailed,
            format!("Failed to parse YAML: {}", reason(other)),
        ),
    }
}

/// Says of a line that is indented wrongly what is wrong with it; the parser speaks of what it then missed, and of a tab at
/// the end of the line before.
fn indented(mut error: FlowError, text: &str) -> FlowError {
    let Some(line) = error.line else { return error };
    let indentation = |number: u32| {
        let line = text.lines().nth(number.checked_sub(1)? as usize)?;
        Some(&line[..line.len() - line.trim_start_matches([' ', '\t']).len()])
    };
    let tab = |number: u32| indentation(number)?.find('\t').map(|column| (number, column as u32 + 1));
    if let Some((line, column)) =
        tab(line).or_else(|| tab(line + 1).filter(|_| error.message.contains("tab")))
    {
        (error.line, error.column) = (Some(line), Some(column));
        error.message = "Failed to parse YAML: found a tab in the indentation; indent by spaces".to_owned();
    } else if error.message.contains("did not find expected")
        && let (Some(here), Some(above)) = (indentation(line), indentation(line - 1))
        && error.column == Some(here.len() as u32 + 1)
        && here.len() != above.len()
    {
        error.message.push_str(&format!(
            "; the line is indented by {}, the one above by {}: is that meant?",
            here.len(),
            above.len()
        ));
    }
    error
}

/// Says of an expression at which the parser stopped that it needs quotes: its braces, and a `:` in it, have a meaning in YAML.
fn unquoted(mut error: FlowError, text: &str) -> FlowError {
    if let (Some(line), Some(column)) = (error.line, error.column) {
        let read: String = text
            .lines()
            .nth(line as usize - 1)
            .unwrap_or_default()
            .chars()
            .take(column as usize + 1)
            .collect();
        if read.rsplit_once("${{").is_some_and(|(_, expression)| !expression.contains("}}")) {
            error.message.push_str("; put quotes around `${{ … }}`");
        }
    }
    error
}

/// The parser's words, but for those that speak of its settings.
fn reason(error: &Error) -> Cow<'_, str> {
    match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("expected each key once, found `{key}` again").into()
        }
        Error::DuplicateMappingKey { key: None, .. } => "expected each key once".into(),
        Error::MultipleDocuments { .. } => "expected one document, found several".into(),
        Error::NonFiniteFloat { .. } => "expected a finite number".into(),
        other => DefaultMessageFormatter.format_message(other),
    }
}

/// One document of a text with several.
struct Document<'t> {
    text: &'t str,
    lines_before: u32,
}

/// Cuts a text where documents begin and end. The markers stand at the start of a line, where YAML
/// allows them nowhere inside of a document.
fn documents(text: &str) -> Vec<Document<'_>> {
    let mut found = Vec::new();
    let (mut start, mut lines_before) = (0, 0);
    // Whether the document has begun: comments and directives may precede its first line.
    let mut begun = false;
    let mut offset = 0;
    for (number, line) in (0_u32..).zip(text.split_inclusive('\n')) {
        let end = offset + line.len();
        let content = line.trim_end();
        let closes = is_marker(content, "...");
        let opens = is_marker(content, "---");
        if begun && (opens || closes) {
            let cut = if closes { end } else { offset };
            found.push(Document { text: &text[start..cut], lines_before });
            (start, lines_before) = (cut, number + u32::from(closes));
            begun = false;
        }
        begun |= opens || !(closes || content.is_empty() || content.starts_with(['#', '%']));
        offset = end;
    }
    if begun {
        found.push(Document { text: &text[start..], lines_before });
    }
    found
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}
