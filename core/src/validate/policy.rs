//! Checks a node's `policy`.

use serde_json::{Map, Value};

use super::parameters::Report;
use crate::error::ErrorCode;
use crate::flow::{DURATION_EXAMPLES, POLICY_KEYS, kind_of, ms_of, pointer};

/// Reports what is wrong with a policy at `path`.
pub(super) fn check(policy: &Map<String, Value>, path: &mut String, report: &mut Report<'_>) {
    let length = path.len();
    for (key, value) in policy {
        let found = if POLICY_KEYS.contains(&key.as_str()) {
            if value.is_null() { None } else { problem(key, value) }
        } else {
            let keys = POLICY_KEYS.map(|key| format!("`{key}`")).join(", ");
            Some((ErrorCode::ValidationFailed, format!("A policy has no `{key}`; it may have {keys}")))
        };
        if let Some((code, message)) = found {
            pointer::push_key(path, key);
            report(code, path, message);
            path.truncate(length);
        }
    }
}

fn problem(key: &str, value: &Value) -> Option<(ErrorCode, String)> {
    match key {
        "retries" => at_least(value, 0),
        "concurrency" => at_least(value, 1),
        "retryDelay" => duration(value, |ms| ms >= 0.0),
        "timeout" => duration(value, |ms| ms > 0.0),
        "continueOnError" if !value.is_boolean() => Some(mismatch("a boolean", value)),
        _ => None,
    }
}

fn at_least(value: &Value, least: u8) -> Option<(ErrorCode, String)> {
    match value.as_f64() {
        None => Some(mismatch("a whole number", value)),
        Some(number) if number < f64::from(least) || number.fract() != 0.0 => Some((
            ErrorCode::ValidationFailed,
            format!("Expected a whole number of at least {least}, found {value}"),
        )),
        Some(_) => None,
    }
}

fn duration(value: &Value, fits: fn(f64) -> bool) -> Option<(ErrorCode, String)> {
    if !value.is_number() && !value.is_string() {
        return Some(mismatch("a number of ms or a duration", value));
    }
    if ms_of(value).is_some_and(fits) {
        return None;
    }
    let message = format!("Expected a number of ms or a duration such as {DURATION_EXAMPLES}, found {value}");
    Some((ErrorCode::ValidationFailed, message))
}

fn mismatch(expected: &str, value: &Value) -> (ErrorCode, String) {
    (ErrorCode::TypeMismatch, format!("Expected {expected}, found {}", kind_of(value)))
}
