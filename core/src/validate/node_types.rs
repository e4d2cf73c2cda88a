//! The node types that a flow may use, with the schemas of their parameters.

use std::collections::HashMap;
use std::fmt;

use super::schema::Schema;
use super::schema_text;

/// The node types that a flow may use.
///
/// A type with a schema has its parameters checked. Other types are accepted as they are, unless
/// the set is [closed](NodeTypes::closed).
#[derive(Clone, Debug, Default)]
pub struct NodeTypes {
    schemas: HashMap<String, Schema>,
    closed: bool,
}

/// Why a schema cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// The node type that the schema is for.
    pub type_name: String,
    /// Where in the schema, as JSON pointer.
    pub path: String,
    /// What is wrong, for a person.
    pub message: String,
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SchemaError { type_name, path, message } = self;
        write!(f, "Schema of `{type_name}`: {message}")?;
        if !path.is_empty() {
            write!(f, " at {path}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SchemaError {}

impl NodeTypes {
    /// No types, and any type accepted.
    #[must_use]
    pub fn new() -> NodeTypes {
        NodeTypes::default()
    }

    /// Adds a type with the JSON schema of its parameters, as JSON text. `true` or `{}` allow any.
    ///
    /// The keywords are `type`, `enum`, `const`, `required`, `properties`, `additionalProperties`,
    /// `items`, `minimum`, `maximum`, `exclusiveMinimum`, `minLength`, `maxLength`, `minItems`,
    /// `maxItems` and `anyOf`; `x-duration` lets a number of ms be written as a duration, such as `10s`; `$schema`, `$id`, `$comment`, `title`, `description`, `default`,
    /// `examples`, `deprecated` and whatever begins with `x-` say nothing about validity and are
    /// passed over.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or the schema has another keyword or a keyword with a wrong value: a
    /// rule that is not checked must not look as if it were.
    pub fn with(mut self, type_name: &str, schema_json: &str) -> Result<NodeTypes, SchemaError> {
        let schema = schema_text::read(schema_json).map_err(|(path, message)| SchemaError {
            type_name: type_name.to_owned(),
            path,
            message,
        })?;
        self.schemas.insert(type_name.to_owned(), schema);
        Ok(self)
    }

    /// Accepts no other types than those added; a group needs none.
    #[must_use]
    pub fn closed(mut self) -> NodeTypes {
        self.closed = true;
        self
    }

    /// Whether nodes may have this type.
    #[must_use]
    pub fn accepts(&self, type_name: &str) -> bool {
        !self.closed || self.schemas.contains_key(type_name)
    }

    pub(super) fn schema(&self, type_name: &str) -> Option<&Schema> {
        self.schemas.get(type_name)
    }
}
