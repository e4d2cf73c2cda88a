//! A JSON schema, ready to be checked against.

use std::collections::HashMap;

use serde_json::{Number, Value};

/// The rules for one value. A rule about numbers holds for numbers only, and so on, as JSON schema
/// has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Schema {
    /// The types that are allowed; all when empty.
    pub(super) types: Vec<Type>,
    /// The values that are allowed, from `enum` or `const`.
    pub(super) values: Option<Vec<Value>>,
    pub(super) any_of: Vec<Schema>,
    /// The number may also be written as a duration.
    pub(super) duration: bool,

    pub(super) required: Vec<String>,
    pub(super) properties: HashMap<String, Schema>,
    /// The names of the properties, in the order of the schema.
    pub(super) names: Vec<String>,
    pub(super) additional: Additional,

    pub(super) items: Option<Box<Schema>>,
    pub(super) min_items: Option<usize>,
    pub(super) max_items: Option<usize>,

    /// Lengths count Unicode code points.
    pub(super) min_length: Option<usize>,
    pub(super) max_length: Option<usize>,

    pub(super) minimum: Option<Number>,
    pub(super) exclusive_minimum: Option<Number>,
    pub(super) maximum: Option<Number>,

    /// A value as it may be, as JSON text; missing where that is long.
    pub(super) example: Option<String>,
    /// What a missing value is taken as.
    pub(super) default: Option<Value>,
    /// Other properties, and their values under which this one is read; read under any where there are none.
    pub(super) when: Vec<(String, Vec<Value>)>,
}

/// Parameters of all types of the node library.
const SHARED: [&str; 5] = ["enabled", "timeout", "retries", "label", "description"];

impl Schema {
    /// The names of the properties, in the order of the schema; those that every type has last.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        names.sort_by_key(|name| SHARED.contains(name));
        names
    }
}

/// What keys an object may have besides its `properties`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Additional {
    #[default]
    Any,
    None,
    Matching(Box<Schema>),
}

/// A type of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl Type {
    /// The type that a schema calls by this name.
    pub(super) fn from_name(name: &str) -> Option<Type> {
        Some(match name {
            "null" => Type::Null,
            "boolean" => Type::Boolean,
            "integer" => Type::Integer,
            "number" => Type::Number,
            "string" => Type::String,
            "array" => Type::Array,
            "object" => Type::Object,
            _ => return None,
        })
    }

    /// The type in words, with its article.
    pub(super) fn words(self) -> &'static str {
        match self {
            Type::Null => "null",
            Type::Boolean => "a boolean",
            Type::Integer => "a whole number",
            Type::Number => "a number",
            Type::String => "a string",
            Type::Array => "a list",
            Type::Object => "an object",
        }
    }

    pub(super) fn includes(self, value: &Value) -> bool {
        match self {
            Type::Null => value.is_null(),
            Type::Boolean => value.is_boolean(),
            Type::Integer => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            Type::Number => value.is_number(),
            Type::String => value.is_string(),
            Type::Array => value.is_array(),
            Type::Object => value.is_object(),
        }
    }
}
