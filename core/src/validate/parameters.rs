//! Checking the parameters of a node against the schema of its type.

use serde_json::{Map, Number, Value};

use super::Rule;
use super::problem::Finding;
use super::schema::{Additional, Schema, Type};
use super::suggestion::Budget;
use crate::flow::{DURATION_EXAMPLES, POLICY_KEYS, duration_ms, kind_of, pointer};

/// What receives the problems: a rule, the place, and what makes the rest of the problem if it is listed.
pub(super) type Report<'r> = dyn FnMut(Rule, &str, &mut dyn FnMut(&mut Budget) -> Finding) + 'r;

/// Reports parameters that are in no schema of a type that reads no others. `also` are allowed beside them. So are keys reported of
/// what lies inside of parameters.
pub(super) fn check_names(
    type_name: &str,
    object: &Map<String, Value>,
    schema: &Schema,
    also: &[&str],
    path: &mut String,
    report: &mut Report<'_>,
) {
    for name in unknown_in(object, schema) {
        if also.contains(&name.as_str()) {
            continue;
        }
        within(path, name, |path| {
            report(Rule::UnknownParameter, path, &mut |budget| {
                let message = format!("`{type_name}` has no parameter `{name}`");
                if POLICY_KEYS.contains(&name.as_str()) {
                    return Finding::new(format!("{message}: it belongs under `policy`"))
                        .meaning(name, "policy");
                }
                Finding::new(message).among(name, &schema.names(), budget)
            });
        });
    }
    check_known(object, schema, path, report);
}

/// Reports what nothing reads of the properties that a schema has, and inside of them.
fn check_known(object: &Map<String, Value>, schema: &Schema, path: &mut String, report: &mut Report<'_>) {
    for (name, value) in object {
        let Some(rules) = schema.properties.get(name) else { continue };
        within(path, name, |path| {
            if !rules.when.is_empty() {
                check_when(name, value, rules, object, schema, path, report);
            }
            check_inner_names(value, rules, path, report);
        });
    }
}

/// Reports a property that is not read beside the values of others. One that is empty, off or has its default asks for nothing:
/// editors write such.
#[inline(never)]
fn check_when(
    name: &str,
    value: &Value,
    rules: &Schema,
    object: &Map<String, Value>,
    schema: &Schema,
    path: &str,
    report: &mut Report<'_>,
) {
    if is_empty(value) || rules.default.as_ref().is_some_and(|preset| same(preset, value)) {
        return;
    }
    for (other, values) in &rules.when {
        let Some(decider) = schema.properties.get(other) else { continue };
        let given = object.get(other).filter(|value| !value.is_null());
        let Some(found) = given.or(decider.default.as_ref()) else { continue };
        // An expression may give any value; one that is not allowed is reported by itself.
        let is_known = match &decider.values {
            Some(known) => known.iter().any(|value| same(value, found)),
            None => found.is_boolean(),
        };
        if is_known && !values.iter().any(|value| same(value, found)) {
            report(Rule::IgnoredParameter, path, &mut |_| {
                let preset = if given.is_none() { ", which it is unless given" } else { "" };
                let wanted: Vec<String> = values.iter().map(quoted).collect();
                let (found, wanted) = (quoted(found), wanted.join(", "));
                Finding::new(format!(
                    "Nothing reads `{name}` where `{other}` is {found}{preset}; it is for {wanted}"
                ))
            });
        }
    }
}

/// Whether a value is what a form has where nothing was put in.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// A value of a schema in a message.
fn quoted(value: &Value) -> String {
    format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// Reports keys of objects inside of parameters that the schema does not have, and so nothing reads.
fn check_inner_names(value: &Value, schema: &Schema, path: &mut String, report: &mut Report<'_>) {
    // Of several forms, one at the most is for objects, or for lists.
    let kind = if value.is_array() { Type::Array } else { Type::Object };
    if let Some(form) = schema.any_of.iter().find(|form| form.types.contains(&kind)) {
        return check_inner_names(value, form, path, report);
    }
    match value {
        Value::Object(object) if !schema.properties.is_empty() => {
            for name in unknown_in(object, schema) {
                within(path, name, |path| {
                    report(Rule::UnknownParameter, path, &mut |budget| {
                        Finding::new(format!("Nothing reads `{name}`")).among(name, &schema.names(), budget)
                    });
                });
            }
            check_known(object, schema, path, report);
        }
        Value::Array(list) => {
            let Some(rules) = &schema.items else { return };
            for (index, value) in list.iter().enumerate() {
                let length = path.len();
                pointer::push_index(path, index);
                check_inner_names(value, rules, path, report);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

/// Keys that are not among the properties of a schema, where no rule for them was applied.
fn unknown_in<'v>(
    object: &'v Map<String, Value>,
    schema: &'v Schema,
) -> impl Iterator<Item = &'v String> + use<'v> {
    let has_rule = schema.additional != Additional::Any;
    object
        .keys()
        .filter(move |name| !has_rule && !schema.properties.contains_key(*name) && !name.starts_with("x-"))
}

/// Reports how an object of parameters at `path` breaks the rules of `schema`.
pub(super) fn check_object(
    object: &Map<String, Value>,
    schema: &Schema,
    path: &mut String,
    report: &mut Report<'_>,
) {
    // What nearly every schema of parameters is; the others need the object as a value.
    let of_type = schema.types.is_empty() || schema.types.contains(&Type::Object);
    if of_type && schema.any_of.is_empty() && schema.values.is_none() {
        check_fields(object, schema, path, report);
    } else {
        check(&Value::Object(object.clone()), schema, path, report);
    }
}

/// What begins an expression in a text; its value is known, and checked, only when the node starts.
const EXPRESSION: &str = "${{";

/// Whether a text holds an expression.
#[inline(never)]
pub(super) fn is_expression(text: &str) -> bool {
    text.contains(EXPRESSION)
}

fn check(value: &Value, schema: &Schema, path: &mut String, report: &mut Report<'_>) {
    if value.as_str().is_some_and(is_expression) {
        return;
    }
    if let (true, Value::String(text)) = (schema.duration, value) {
        match duration_ms(text).and_then(Number::from_f64) {
            Some(ms) => check_range(&ms, schema, path, report),
            None => report(Rule::InvalidParameter, path, &mut |_| {
                Finding::new(format!(
                    "Expected a number of ms or a duration such as {DURATION_EXAMPLES}, found {value}"
                ))
            }),
        }
        return;
    }
    if !schema.types.is_empty() && !schema.types.iter().any(|kind| kind.includes(value)) {
        report(Rule::TypeMismatch, path, &mut |_| Finding::of_form(mismatch(&schema.types, value)));
        return;
    }
    if let Some(values) = &schema.values
        && !values.iter().any(|allowed| same(allowed, value))
    {
        report(Rule::InvalidParameter, path, &mut |budget| one_of(values, value, budget));
        return;
    }
    match value {
        Value::Object(object) => check_fields(object, schema, path, report),
        Value::Array(list) => check_items(list, schema, path, report),
        Value::String(text) => check_length(text, schema, path, report),
        Value::Number(number) => check_range(number, schema, path, report),
        Value::Null | Value::Bool(_) => {}
    }
    check_any_of(value, schema, path, report);
}

#[inline(never)]
fn check_fields(object: &Map<String, Value>, schema: &Schema, path: &mut String, report: &mut Report<'_>) {
    for name in &schema.required {
        if !object.contains_key(name) {
            within(path, name, |path| {
                report(Rule::MissingParameter, path, &mut |_| {
                    let finding = Finding::of_form(format!("`{name}` is required"));
                    match schema.properties.get(name).and_then(|rules| rules.example.as_ref()) {
                        Some(example) => finding.with_example(name, example),
                        None => finding,
                    }
                });
            });
        }
    }
    for (name, value) in object {
        let rules = match (schema.properties.get(name), &schema.additional) {
            (Some(rules), _) => rules,
            (None, Additional::Matching(rules)) => rules,
            (None, Additional::Any) => continue,
            (None, Additional::None) => {
                within(path, name, |path| {
                    report(Rule::InvalidParameter, path, &mut |budget| {
                        let finding = Finding::new(format!("`{name}` is not known"));
                        finding.among(name, &schema.names(), budget)
                    });
                });
                continue;
            }
        };
        within(path, name, |path| match &rules.example {
            Some(example) => check_like(name, example, value, rules, path, report),
            None => check(value, rules, path, report),
        });
    }
}

/// Checks a parameter of which there is an example, which is shown where the parameter has another form.
#[inline(never)]
fn check_like(
    name: &str,
    example: &str,
    value: &Value,
    schema: &Schema,
    path: &mut String,
    report: &mut Report<'_>,
) {
    check(value, schema, path, &mut |rule, path, make| {
        report(rule, path, &mut |budget| make(budget).with_example(name, example));
    });
}

#[inline(never)]
fn check_items(list: &[Value], schema: &Schema, path: &mut String, report: &mut Report<'_>) {
    let bounds = (schema.min_items, schema.max_items);
    if let Some(expected) = outside(list.len(), bounds, "element") {
        report(Rule::InvalidParameter, path, &mut |_| Finding::new(expected.clone()));
    }
    if let Some(rules) = &schema.items {
        for (index, value) in list.iter().enumerate() {
            let length = path.len();
            pointer::push_index(path, index);
            check(value, rules, path, report);
            path.truncate(length);
        }
    }
}

#[inline(never)]
fn check_length(text: &str, schema: &Schema, path: &str, report: &mut Report<'_>) {
    let bounds = (schema.min_length, schema.max_length);
    if bounds == (None, None) {
        return;
    }
    if let Some(expected) = outside(text.chars().count(), bounds, "character") {
        report(Rule::InvalidParameter, path, &mut |_| Finding::new(expected.clone()));
    }
}

#[inline(never)]
fn check_range(number: &Number, schema: &Schema, path: &str, report: &mut Report<'_>) {
    let value = number.as_f64().unwrap_or(0.0);
    let float = |bound: &Option<Number>| bound.as_ref().and_then(Number::as_f64);
    let broken = [
        (float(&schema.minimum).is_some_and(|bound| value < bound), "at least", &schema.minimum),
        (
            float(&schema.exclusive_minimum).is_some_and(|bound| value <= bound),
            "more than",
            &schema.exclusive_minimum,
        ),
        (float(&schema.maximum).is_some_and(|bound| value > bound), "at most", &schema.maximum),
    ];
    for (is_broken, words, bound) in broken {
        if let (true, Some(bound)) = (is_broken, bound) {
            report(Rule::InvalidParameter, path, &mut |_| Finding::new(format!("Expected {words} {bound}")));
        }
    }
}

/// One alternative must hold. When the type of the value decides for a single alternative, its
/// problems are the answer; otherwise all that can be said is that none fits.
#[inline(never)]
fn check_any_of(value: &Value, schema: &Schema, path: &mut String, report: &mut Report<'_>) {
    if schema.any_of.is_empty() || schema.any_of.iter().any(|rules| holds(value, rules, path)) {
        return;
    }
    let of_type =
        |rules: &&Schema| rules.types.is_empty() || rules.types.iter().any(|kind| kind.includes(value));
    let mut candidates = schema.any_of.iter().filter(of_type);
    match (candidates.next(), candidates.next()) {
        (None, _) => {
            let types: Vec<Type> = schema.any_of.iter().flat_map(|rules| rules.types.clone()).collect();
            report(Rule::TypeMismatch, path, &mut |_| Finding::of_form(mismatch(&types, value)));
        }
        (Some(only), None) => check(value, only, path, report),
        (Some(_), Some(_)) => {
            report(Rule::InvalidParameter, path, &mut |_| {
                Finding::of_form(format!("Fits none of the {} forms allowed", schema.any_of.len()))
            });
        }
    }
}

fn holds(value: &Value, schema: &Schema, path: &mut String) -> bool {
    let mut sound = true;
    check(value, schema, path, &mut |_, _, _| sound = false);
    sound
}

/// Equal as JavaScript sees it: `1` and `1.0` are the same number.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (left, right) => left == right,
    }
}

#[inline(never)]
fn mismatch(types: &[Type], value: &Value) -> String {
    let mut words: Vec<&str> = Vec::new();
    for kind in types {
        if !words.contains(&kind.words()) {
            words.push(kind.words());
        }
    }
    let found = match value {
        Value::Number(_) if types.contains(&Type::Integer) => "a number with a fraction",
        other => kind_of(other),
    };
    format!("Expected {}, found {found}", words.join(" or "))
}

#[inline(never)]
fn one_of(values: &[Value], found: &Value, budget: &mut Budget) -> Finding {
    let words: Vec<String> = values.iter().map(Value::to_string).collect();
    let message = match words.as_slice() {
        [only] => format!("Expected {only}"),
        several => format!("Expected one of {}", several.join(", ")),
    };
    let names: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
    Finding::new(message).with_suggestion(found.as_str().unwrap_or(""), &names, budget)
}

#[inline(never)]
fn outside(count: usize, bounds: (Option<usize>, Option<usize>), unit: &str) -> Option<String> {
    let (words, bound) = match bounds {
        (Some(least), _) if count < least => ("at least", least),
        (_, Some(most)) if count > most => ("at most", most),
        _ => return None,
    };
    let plural = if bound == 1 { "" } else { "s" };
    Some(format!("Expected {words} {bound} {unit}{plural}, found {count}"))
}

fn within(path: &mut String, key: &str, visit: impl FnOnce(&mut String)) {
    let length = path.len();
    pointer::push_key(path, key);
    visit(path);
    path.truncate(length);
}
