//! What a node asks of the engine: `policy`, and the parameters that older flows say the same with.

use serde_json::{Map, Value};

use super::{NodeDefinition, NodeLimit, Rate, duration_ms};
use crate::ids::Millis;

/// The keys of a node's `policy`.
pub const POLICY_KEYS: [&str; 10] = [
    "retries",
    "retryDelay",
    "retryJitter",
    "timeout",
    "continueOnError",
    "rateLimit",
    "redact",
    "concurrency",
    "cache",
    "runsOn",
];

/// The `timeout` in ms that editors write under the parameters of every node.
pub const UNASKED_TIMEOUT: f64 = 30_000.0;
/// The types whose `timeout` counts also where it is that one.
pub const KEEPS_TIMEOUT: [&str; 1] = ["shell-command"];
/// The `retries` that editors write there.
pub const UNASKED_RETRIES: f64 = 1.0;
/// The types for which they write none.
pub const UNASKED_NO_RETRIES: [&str; 1] = ["http-request"];

/// The largest count that a record of an outline can bear, as it is written with one added.
const MAX_COUNT: f64 = (u32::MAX - 1) as f64;

/// What a node asks of the engine in case of failure and of delay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) retries: Option<u32>,
    pub(super) retry_delay_ms: Option<Millis>,
    pub(super) retry_jitter: Option<bool>,
    pub(super) timeout_ms: Option<Millis>,
    pub(super) continue_on_error: bool,
    pub(super) rate: Option<Rate>,
    /// Attempts under way at once.
    pub(super) concurrency: Option<u32>,
}

impl Policy {
    /// Each key of `policy` counts. Under `parameters`, what equals the default of the node's type was not asked for.
    pub(super) fn of(node: &NodeDefinition) -> Policy {
        let none = Map::new();
        let policy = node.policy().unwrap_or(&none);
        let parameters = node.parameters.as_ref().unwrap_or(&none);
        let asked = |key: &str, unasked: Option<f64>| match policy.get(key) {
            None | Some(Value::Null) => {
                parameters.get(key).filter(|value| unasked.is_none() || value.as_f64() != unasked)
            }
            given => given,
        };
        let kind = node.kind.as_str();
        let retries = if UNASKED_NO_RETRIES.contains(&kind) { 0.0 } else { UNASKED_RETRIES };
        let timeout = (!KEEPS_TIMEOUT.contains(&kind)).then_some(UNASKED_TIMEOUT);
        Policy {
            retries: asked("retries", Some(retries)).and_then(Value::as_f64).and_then(count),
            retry_delay_ms: asked("retryDelay", None).and_then(ms_of).and_then(count).map(Millis),
            retry_jitter: policy.get("retryJitter").and_then(Value::as_bool),
            timeout_ms: asked("timeout", timeout)
                .and_then(ms_of)
                .filter(|ms| *ms > 0.0)
                .map(|ms| Millis(ms.ceil() as u32)),
            continue_on_error: policy.get("continueOnError") == Some(&Value::Bool(true)),
            rate: policy.get("rateLimit").and_then(rate),
            concurrency: policy.get("concurrency").and_then(amount),
        }
    }
}

/// A number of ms, or a duration as text.
pub(crate) fn ms_of(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => duration_ms(text),
        other => other.as_f64(),
    }
}

/// A rate as text, such as `10/s`, `100/min` or `5/10s`, or an object of `limit` and `per`, which may have a `key`.
pub(crate) fn rate(value: &Value) -> Option<Rate> {
    let (limit, per) = match value {
        Value::String(text) => {
            let (limit, per) = text.split_once('/')?;
            let is_number = limit.bytes().all(|byte| byte.is_ascii_digit());
            (is_number.then(|| limit.parse::<u32>().ok())??, duration_ms(&period(per))?)
        }
        Value::Object(fields) if fields.keys().all(|key| RATE_KEYS.contains(&key.as_str())) => {
            if let Some(key) = fields.get("key").filter(|key| !key.is_null()) {
                key.as_str().filter(|key| is_rate_key(key))?;
            }
            (amount(fields.get("limit")?)?, ms_of(fields.get("per")?)?)
        }
        _ => return None,
    };
    let starts = Some(limit).filter(|limit| (1..=NodeLimit::MOST).contains(limit))?;
    Some(Rate { starts, per_ms: period_ms(per)? })
}

/// The keys of a rate that is an object.
pub(crate) const RATE_KEYS: [&str; 3] = ["limit", "per", "key"];

/// What the nodes have in common that share a rate; `None` for a rate of one node alone.
pub(crate) fn rate_key(rate: &Value) -> Option<&str> {
    rate.get("key")?.as_str()
}

/// Whether nodes can share a rate by this text. It is known before the flow runs, so that it has no expression.
pub(crate) fn is_rate_key(key: &str) -> bool {
    !key.trim().is_empty() && !key.contains("${{")
}

/// Whether processes can declare this text, and nodes ask for it by `runsOn`: without white space, and without an expression, as it is
/// known before the flow runs.
pub(crate) fn is_label(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace) && !text.contains("${{")
}

/// The `limit` of a rate, or how many attempts may be under way at once.
pub(crate) fn amount(value: &Value) -> Option<u32> {
    let limit = value.as_f64().filter(|limit| limit.fract() == 0.0)?;
    (limit >= 1.0 && limit <= f64::from(NodeLimit::MOST)).then_some(limit as u32)
}

/// The time of a rate in whole ms, if it is neither too short nor too long.
pub(crate) fn period_ms(ms: f64) -> Option<Millis> {
    (ms >= 1.0 && ms <= f64::from(Rate::LONGEST_MS)).then_some(Millis(ms.ceil() as u32))
}

/// Whether a text names parts of a value, such as `customer.email`, `rows[*].card`, `["a key"]` or `**.token`.
pub(crate) fn is_redact_path(path: &str) -> bool {
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let Some(after) = after_bracket(inner) else { return false };
            rest = after;
            continue;
        }
        if rest.len() < path.len() {
            let Some(name) = rest.strip_prefix('.') else { return false };
            rest = name;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let name = &rest[..end];
        let is_name = !name.is_empty() && !name.contains([']', '*', '"']);
        if !is_name && name != "*" && name != "**" {
            return false;
        }
        rest = &rest[end..];
    }
    !path.is_empty()
}

/// What follows `*]`, an index, or a key in quotation marks.
fn after_bracket(inner: &str) -> Option<&str> {
    if let Some(quoted) = inner.strip_prefix('"') {
        return quoted.split_once('"')?.1.strip_prefix(']');
    }
    let (index, after) = inner.split_once(']')?;
    let is_index = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    (index == "*" || is_index).then_some(after)
}

/// What follows the slash of a rate as a duration: a unit alone is one of it, and a minute may be called `min`.
fn period(text: &str) -> String {
    match text {
        "min" => "1m".to_owned(),
        unit if unit.starts_with(|letter: char| letter.is_ascii_lowercase()) => format!("1{unit}"),
        duration => duration.to_owned(),
    }
}

fn count(number: f64) -> Option<u32> {
    (number >= 0.0).then(|| number.min(MAX_COUNT) as u32)
}
