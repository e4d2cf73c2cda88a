//! What a node asks of the engine: `policy`, and the parameters that older flows say the same with.

use serde_json::{Map, Value};

use super::{NodeDefinition, duration_ms};

/// The keys of a node's `policy`.
pub const POLICY_KEYS: [&str; 8] =
    ["retries", "retryDelay", "timeout", "continueOnError", "rateLimit", "concurrency", "cache", "runsOn"];

/// Those of [`POLICY_KEYS`] that nothing carries out yet: a flow that has them runs as if it had not, and is told so.
pub const POLICY_KEYS_IGNORED: [&str; 5] = ["continueOnError", "rateLimit", "concurrency", "cache", "runsOn"];

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
    pub(super) retry_delay_ms: Option<u32>,
    pub(super) timeout_ms: Option<u32>,
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
            retry_delay_ms: asked("retryDelay", None).and_then(ms_of).and_then(count),
            timeout_ms: asked("timeout", timeout)
                .and_then(ms_of)
                .filter(|ms| *ms > 0.0)
                .map(|ms| ms.ceil() as u32),
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

fn count(number: f64) -> Option<u32> {
    (number >= 0.0).then(|| number.min(MAX_COUNT) as u32)
}
