//! Checks what a flow asks of the engine: a node's `policy`, and the `runtime` settings of a flow.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::Rule;
use super::parameters::Report;
use super::problem::{Finding, Problems};
use super::suggestion::{self, Budget};
use crate::flow::{
    DURATION_EXAMPLES, NodeLimit, POLICY_KEYS, RATE_KEYS, Rate, amount, is_label, is_rate_key,
    is_redact_path, kind_of, ms_of, period_ms, pointer, rate, rate_key,
};

/// Where a node stands whose policy is checked.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// No nodes are inside of it.
    pub(super) is_leaf: bool,
    /// A loop is around it.
    pub(super) is_in_loop: bool,
    /// It is a loop.
    pub(super) is_loop: bool,
}

/// Reports what is wrong with a policy at `path`.
pub(super) fn check(policy: &Map<String, Value>, place: Place, path: &mut String, report: &mut Report<'_>) {
    let length = path.len();
    for (key, value) in policy {
        pointer::push_key(path, key);
        if !POLICY_KEYS.contains(&key.as_str()) {
            report(Rule::InvalidPolicy, path, &mut |budget| {
                Finding::new(format!("A policy has no `{key}`")).among(key, &POLICY_KEYS, budget)
            });
        } else if key == "rateLimit"
            && let Some(fields) = value.as_object()
        {
            check_rate(fields, path, report);
        } else if key == "cache" {
            check_cache(value, place.is_leaf, path, report);
        } else if !value.is_null() {
            if let Some((rule, message)) = problem(key, value) {
                report(rule, path, &mut |_| Finding::new(message.clone()));
            } else if key == "concurrency" && !place.is_in_loop {
                report(Rule::IgnoredPolicy, path, &mut |_| {
                    let reason = "`concurrency` of a policy has no effect here: no loop is around the node, so one attempt of it runs at a time";
                    let rounds = "How many rounds run at once is said by the parameter `concurrency`";
                    Finding::new(if place.is_loop {
                        format!("{reason}. {rounds}")
                    } else {
                        reason.to_owned()
                    })
                });
            }
        }
        path.truncate(length);
    }
}

/// The rates that nodes share, in the order of the first node of each.
#[derive(Default)]
pub(super) struct SharedRates {
    rates: Vec<SharedRate>,
    /// The place of a rate by its key.
    places: HashMap<String, usize>,
}

/// A rate with a key, as the first node says it.
struct SharedRate {
    key: String,
    rate: Rate,
    /// Where its key stands, as JSON pointer.
    path: String,
    /// The id of that node.
    owner: Option<String>,
    /// How many nodes have the key.
    nodes: usize,
}

/// Reports that nodes which share a rate do not agree on it, or that it cannot be shared.
pub(super) fn check_shared(
    policy: &Map<String, Value>,
    owner: Option<&str>,
    known: &mut SharedRates,
    path: &mut String,
    report: &mut Report<'_>,
) {
    let Some(given) = policy.get("rateLimit") else { return };
    let Some((key, own)) = rate_key(given).zip(rate(given)) else { return };
    let length = path.len();
    pointer::push_key(path, "rateLimit");
    let place = known.places.get(key).copied().unwrap_or_else(|| {
        let (key, owner) = (key.to_owned(), owner.map(str::to_owned));
        known.places.insert(key.clone(), known.rates.len());
        known.rates.push(SharedRate { key, rate: own, path: format!("{path}/key"), owner, nodes: 0 });
        known.rates.len() - 1
    });
    let shared = &mut known.rates[place];
    shared.nodes += 1;
    let first = shared.rate;
    if first != own {
        report(Rule::InvalidPolicy, path, &mut |_| {
            Finding::new(format!(
                "Nodes with the key `{key}` share one rate, which is {} per {} ms at the first of them: write the same here, \
                 or another key",
                first.starts, first.per_ms
            ))
        });
    }
    if policy.get("concurrency").is_some_and(|value| !value.is_null()) {
        report(Rule::InvalidPolicy, path, &mut |_| {
            Finding::new("A rate with a `key` cannot stand beside `concurrency`".to_owned())
        });
    }
    path.truncate(length);
}

/// Reports keys that one node alone has, so that it shares its rate with no other.
pub(super) fn check_lone_keys(known: &SharedRates, problems: &mut Problems) {
    let keys: Vec<&str> = known.rates.iter().map(|shared| shared.key.as_str()).collect();
    for SharedRate { key, path, owner, .. } in known.rates.iter().filter(|shared| shared.nodes == 1) {
        problems.add(Rule::IgnoredPolicy, path, owner.as_deref(), &mut |budget| {
            let message =
                format!("No other node of the flow has the key `{key}`, so that no node shares this rate");
            let others: Vec<&str> = keys.iter().copied().filter(|other| other != key).collect();
            Finding::new(message).with_suggestion(key, &others, budget)
        });
    }
}

/// Reports that the node that is run, at `path`, is to be gone on after: then nothing is left to do.
pub(super) fn check_root(policy: &Map<String, Value>, path: &mut String, report: &mut Report<'_>) {
    if policy.get("continueOnError") == Some(&Value::Bool(true)) {
        let length = path.len();
        pointer::push_key(path, "continueOnError");
        report(Rule::ContinueAtRoot, path, &mut |_| {
            let message = "`continueOnError` has no effect on the node that is run: when it fails, nothing is left to go on \
                           with. Give it to the nodes inside";
            Finding::new(message.to_owned())
        });
        path.truncate(length);
    }
}

/// Reports what is wrong with the object of a rate limit at `path`.
fn check_rate(fields: &Map<String, Value>, path: &mut String, report: &mut Report<'_>) {
    let length = path.len();
    for key in fields.keys().filter(|key| !RATE_KEYS.contains(&key.as_str())) {
        pointer::push_key(path, key);
        report(Rule::InvalidPolicy, path, &mut |budget| {
            Finding::new(format!("A rate limit has no `{key}`")).among(key, &RATE_KEYS, budget)
        });
        path.truncate(length);
    }
    for key in RATE_KEYS {
        if key == "key" && fields.get(key).is_none_or(Value::is_null) {
            continue;
        }
        let found = fields.get(key).unwrap_or(&Value::Null);
        let problem = match key {
            _ if found.is_null() => Some((
                Rule::InvalidPolicy,
                format!("A rate limit needs `{key}`: such as `{{ limit: 100, per: 1m }}`"),
            )),
            "limit" => amount_problem(found),
            "per" => duration(found, |ms| period_ms(ms).is_some())
                .map(|(rule, message)| (rule, format!("{message}; from 1 ms to 24 h"))),
            "key" if !found.is_string() => {
                Some(mismatch("a text that nodes with one rate have in common", found))
            }
            "key" if !found.as_str().is_some_and(is_rate_key) => Some((
                Rule::InvalidPolicy,
                "The key of a rate limit is known before the flow runs: text, which has no expression"
                    .to_owned(),
            )),
            _ => None,
        };
        if let Some((rule, message)) = problem {
            pointer::push_key(path, key);
            report(rule, path, &mut |_| Finding::new(message.clone()));
            path.truncate(length);
        }
    }
}

/// The keys of a cache that is an object.
const CACHE_KEYS: [&str; 2] = ["ttl", "key"];

/// Reports what is wrong with the cache at `path`: not a boolean, a time, or an object of [`CACHE_KEYS`]; or at a node that gives no
/// output of its own.
fn check_cache(value: &Value, is_leaf: bool, path: &mut String, report: &mut Report<'_>) {
    let length = path.len();
    match value {
        Value::Null | Value::Bool(false) => return,
        Value::Object(fields) => {
            for (key, value) in fields {
                pointer::push_key(path, key);
                if !CACHE_KEYS.contains(&key.as_str()) {
                    report(Rule::InvalidPolicy, path, &mut |budget| {
                        Finding::new(format!("A cache has no `{key}`")).among(key, &CACHE_KEYS, budget)
                    });
                } else if let Some((rule, message)) = cache_problem(key, value) {
                    report(rule, path, &mut |_| Finding::new(message.clone()));
                }
                path.truncate(length);
            }
        }
        Value::Bool(true) => {}
        _ if ms_of(value).is_some_and(|ms| ms > 0.0) => {}
        _ => {
            report(Rule::InvalidPolicy, path, &mut |_| {
                Finding::new(format!(
                    "Expected true, false, a time such as `1h`, or an object of `ttl` and `key`, found {value}"
                ))
            });
            return;
        }
    }
    if !is_leaf {
        report(Rule::IgnoredPolicy, path, &mut |_| {
            let message = "`cache` counts for nodes that have none inside; give it to these instead";
            Finding::new(message.to_owned())
        });
    }
}

fn cache_problem(key: &str, value: &Value) -> Option<(Rule, String)> {
    match key {
        _ if value.is_null() => None,
        "ttl" => duration(value, |ms| ms > 0.0),
        _ if !value.is_string() => Some(mismatch("text, such as an expression", value)),
        _ => None,
    }
}

/// What the engine reads of a flow's runtime settings. Editors may keep more there.
const RUNTIME_KEYS: [&str; 2] = ["parallel", "timeout"];

/// Reports what is wrong with the runtime settings at `path`: a time that is none, and a key that is one of ours misspelt.
pub(super) fn check_runtime(runtime: &Map<String, Value>, path: &mut String, report: &mut Report<'_>) {
    let length = path.len();
    for (key, value) in runtime {
        pointer::push_key(path, key);
        if key == "timeout" && value.is_string() {
            if let Some((rule, message)) = duration(value, |ms| ms > 0.0) {
                report(rule, path, &mut |_| Finding::new(message.clone()));
            }
        } else if !RUNTIME_KEYS.contains(&key.as_str())
            && suggestion::closest(key, &RUNTIME_KEYS, &mut Budget::default()).is_some()
        {
            report(Rule::UnknownKey, path, &mut |budget| {
                Finding::new(format!("The runtime settings have no `{key}`")).among(
                    key,
                    &RUNTIME_KEYS,
                    budget,
                )
            });
        }
        path.truncate(length);
    }
}

fn problem(key: &str, value: &Value) -> Option<(Rule, String)> {
    match key {
        "retries" => count_problem(value),
        "concurrency" => amount_problem(value),
        "retryDelay" => duration(value, |ms| ms >= 0.0),
        "timeout" => duration(value, |ms| ms > 0.0),
        "continueOnError" | "retryJitter" if !value.is_boolean() => Some(mismatch("a boolean", value)),
        "rateLimit" => rate_problem(value),
        "redact" => redact(value),
        "runsOn" => label_problem(value),
        _ => None,
    }
}

/// What a process must offer: a label, which is known before the flow runs.
fn label_problem(value: &Value) -> Option<(Rule, String)> {
    let Some(text) = value.as_str() else {
        return Some(mismatch("a label that a process declares, such as `gpu`", value));
    };
    let message = format!(
        "Expected a label that a process declares, such as `gpu`: text without white space and without an expression, found {value}"
    );
    (!is_label(text)).then_some((Rule::InvalidPolicy, message))
}

/// A list of paths.
fn redact(value: &Value) -> Option<(Rule, String)> {
    let Some(paths) = value.as_array() else { return Some(mismatch("a list of paths", value)) };
    paths.iter().find_map(|path| match path.as_str() {
        None => Some(mismatch("a path as text", path)),
        Some(text) if !is_redact_path(text) => Some((
            Rule::InvalidPolicy,
            format!("Expected a path such as `customer.email`, `rows[*].card` or `**.token`, found {path}"),
        )),
        Some(_) => None,
    })
}

/// A count that may be 0.
fn count_problem(value: &Value) -> Option<(Rule, String)> {
    match value.as_f64() {
        None => Some(mismatch("a whole number", value)),
        Some(number) if number < 0.0 || number.fract() != 0.0 => {
            Some((Rule::InvalidPolicy, format!("Expected a whole number of at least 0, found {value}")))
        }
        Some(_) => None,
    }
}

fn duration(value: &Value, fits: fn(f64) -> bool) -> Option<(Rule, String)> {
    if !value.is_number() && !value.is_string() {
        return Some(mismatch("a number of ms or a duration", value));
    }
    if ms_of(value).is_some_and(fits) {
        return None;
    }
    let message = format!("Expected a number of ms or a duration such as {DURATION_EXAMPLES}, found {value}");
    Some((Rule::InvalidPolicy, message))
}

/// How many starts within a time, or attempts at once.
fn amount_problem(value: &Value) -> Option<(Rule, String)> {
    if !value.is_number() {
        return Some(mismatch("a whole number", value));
    }
    let message = format!("Expected a whole number from 1 to {}, found {value}", NodeLimit::MOST);
    amount(value).is_none().then_some((Rule::InvalidPolicy, message))
}

/// A rate limit that is no object.
fn rate_problem(value: &Value) -> Option<(Rule, String)> {
    if !value.is_string() {
        return Some(mismatch("a rate such as `10/s`, or its `limit` and `per`", value));
    }
    if crate::flow::rate(value).is_some() {
        return None;
    }
    let message = format!(
        "Expected a rate such as `10/s`, `100/min`, `1000/h` or `5/10s`, from 1 to {} starts per 1 ms to 24 h, found \
         {value}",
        NodeLimit::MOST
    );
    Some((Rule::InvalidPolicy, message))
}

fn mismatch(expected: &str, value: &Value) -> (Rule, String) {
    (Rule::TypeMismatch, format!("Expected {expected}, found {}", kind_of(value)))
}
