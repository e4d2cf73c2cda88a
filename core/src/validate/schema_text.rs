//! Reading a JSON schema, and refusing what would not be checked.

use serde_json::{Map, Number, Value};

use super::schema::{Additional, Schema, Type};
use crate::flow::{Limits, pointer, read_value};

/// Where in the schema, as JSON pointer, and what is wrong there.
type Refusal = (String, String);

/// Bytes of an example that messages show.
const LONGEST_EXAMPLE: usize = 160;

/// Reads a schema from JSON text.
pub(super) fn read(text: &str) -> Result<Schema, Refusal> {
    let value = read_value(text, &Limits::default()).map_err(|error| (error.path, error.message))?;
    schema(&value, "")
}

fn schema(value: &Value, path: &str) -> Result<Schema, Refusal> {
    match value {
        Value::Bool(true) => Ok(Schema::default()),
        Value::Object(keywords) => {
            let mut schema = Schema::default();
            for (keyword, value) in keywords {
                apply(&mut schema, keyword, value, &below(path, keyword))?;
            }
            check_deciders(&schema, path)?;
            Ok(schema)
        }
        _ => refuse(path, "A schema must be an object or `true`"),
    }
}

/// Refuses an `x-when` that names no property beside its own: nothing would ever be told by it.
fn check_deciders(schema: &Schema, path: &str) -> Result<(), Refusal> {
    for name in &schema.names {
        for (other, _) in &schema.properties[name].when {
            if !schema.properties.contains_key(other) {
                let path = below(&below(&below(path, "properties"), name), "x-when");
                return refuse(&path, &format!("There is no property `{other}` beside `{name}`"));
            }
        }
    }
    Ok(())
}

fn apply(schema: &mut Schema, keyword: &str, value: &Value, path: &str) -> Result<(), Refusal> {
    match keyword {
        "type" => schema.types = types(value, path)?,
        "enum" => restrict(schema, list(value, path)?.clone(), path)?,
        "const" => restrict(schema, vec![value.clone()], path)?,
        "anyOf" => schema.any_of = schemas(value, path)?,
        "required" => schema.required = names(value, path)?,
        "properties" => {
            for (name, value) in object(value, path)? {
                let property = self::schema(value, &below(path, name))?;
                schema.names.push(name.clone());
                schema.properties.insert(name.clone(), property);
            }
        }
        "additionalProperties" => {
            schema.additional = match value {
                Value::Bool(true) => Additional::Any,
                Value::Bool(false) => Additional::None,
                other => Additional::Matching(Box::new(self::schema(other, path)?)),
            }
        }
        "items" => schema.items = Some(Box::new(self::schema(value, path)?)),
        "minItems" => schema.min_items = Some(count(value, path)?),
        "maxItems" => schema.max_items = Some(count(value, path)?),
        "minLength" => schema.min_length = Some(count(value, path)?),
        "maxLength" => schema.max_length = Some(count(value, path)?),
        "minimum" => schema.minimum = Some(number(value, path)?),
        "exclusiveMinimum" => schema.exclusive_minimum = Some(number(value, path)?),
        "maximum" => schema.maximum = Some(number(value, path)?),
        "x-duration" => {
            let given = value.as_bool();
            schema.duration = given.map_or_else(|| refuse(path, "Expected `true` or `false`"), Ok)?;
        }
        "x-when" => {
            for (name, values) in object(value, path)? {
                let at = below(path, name);
                let values = list(values, &at)?.clone();
                if values.is_empty() {
                    return refuse(&at, "Expected at least one value");
                }
                schema.when.push((name.clone(), values));
            }
        }
        "default" => schema.default = Some(value.clone()),
        "examples" => schema.example = example(value),
        "$schema" | "$id" | "$comment" | "title" | "description" | "deprecated" => {}
        // By convention an annotation of whoever wrote the schema.
        _ if keyword.starts_with("x-") => {}
        _ => return refuse(path, &format!("The keyword `{keyword}` is not supported")),
    }
    Ok(())
}

/// The first example, as text for messages. As an annotation it may be anything.
fn example(value: &Value) -> Option<String> {
    let text = value.as_array()?.first()?.to_string();
    (text.len() <= LONGEST_EXAMPLE).then_some(text)
}

fn restrict(schema: &mut Schema, values: Vec<Value>, path: &str) -> Result<(), Refusal> {
    if schema.values.is_some() {
        return refuse(path, "Only one of `enum` and `const` is supported");
    }
    schema.values = Some(values);
    Ok(())
}

fn types(value: &Value, path: &str) -> Result<Vec<Type>, Refusal> {
    let one = |value: &Value| value.as_str().and_then(Type::from_name);
    let types = match value {
        Value::Array(list) if !list.is_empty() => list.iter().map(one).collect(),
        other => one(other).map(|found| vec![found]),
    };
    types.map_or_else(|| refuse(path, "Expected the name of a type, or a list of them"), Ok)
}

fn schemas(value: &Value, path: &str) -> Result<Vec<Schema>, Refusal> {
    let list = list(value, path)?;
    if list.is_empty() {
        return refuse(path, "Expected at least one schema");
    }
    let numbered = list.iter().enumerate();
    numbered.map(|(index, value)| schema(value, &below(path, &index.to_string()))).collect()
}

fn names(value: &Value, path: &str) -> Result<Vec<String>, Refusal> {
    let names = list(value, path)?.iter();
    let names: Option<Vec<String>> = names.map(|name| name.as_str().map(str::to_owned)).collect();
    names.map_or_else(|| refuse(path, "Expected a list of names"), Ok)
}

fn list<'v>(value: &'v Value, path: &str) -> Result<&'v Vec<Value>, Refusal> {
    let list = value.as_array();
    list.map_or_else(|| refuse(path, "Expected a list"), Ok)
}

fn object<'v>(value: &'v Value, path: &str) -> Result<&'v Map<String, Value>, Refusal> {
    let object = value.as_object();
    object.map_or_else(|| refuse(path, "Expected an object"), Ok)
}

fn count(value: &Value, path: &str) -> Result<usize, Refusal> {
    let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
    count.map_or_else(|| refuse(path, "Expected a whole number, 0 or more"), Ok)
}

fn number(value: &Value, path: &str) -> Result<Number, Refusal> {
    let number = value.as_number().cloned();
    number.map_or_else(|| refuse(path, "Expected a number"), Ok)
}

fn below(path: &str, key: &str) -> String {
    let mut path = path.to_owned();
    pointer::push_key(&mut path, key);
    path
}

fn refuse<T>(path: &str, message: &str) -> Result<T, Refusal> {
    Err((path.to_owned(), message.to_owned()))
}
