//! The node types that a flow may use, with the schemas of their parameters.

use std::fmt;

use super::schema::Schema;
use super::schema_text;

/// The node types that a flow may use.
///
/// A type with a schema has its parameters checked. Other types are accepted as they are, unless
/// the set is [closed](NodeTypes::closed).
#[derive(Clone, Debug, Default)]
pub struct NodeTypes {
    /// In order of their names: they are few, and a map of its own is much code.
    types: Vec<(String, NodeType)>,
    closed: bool,
    file: bool,
}

/// What is known of one type.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeType {
    pub(super) schema: Schema,
    pub(super) declaration: Declaration,
}

/// What a type says of itself beside the schema of its parameters. What it does not say is not checked.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    /// The handles that an edge may enter by; none where any makes sense.
    pub inputs: Option<Vec<String>>,
    /// The handles that an edge may leave by; none where any makes sense.
    pub outputs: Option<Vec<String>>,
    /// Whether its output names the handles that carry it, so that an edge from any other never does.
    pub routed: bool,
    /// Whether it reads no other parameters than those of its schema.
    pub complete: bool,
    /// Whether it is there for the nodes inside it, so that a node of this type without any is refused.
    pub container: bool,
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
    /// `examples`, `deprecated` and whatever else begins with `x-` say nothing about validity and are
    /// passed over; only the first of `examples` is shown in messages, unless it is long.
    ///
    /// `x-when` of a property lists, by the names of other properties, the values with which it is read. With any other value it is warned
    /// of, unless it is empty, `false` or its own `default`. A property that is not given counts as its `default`.
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
        self.entry(type_name).schema = schema;
        Ok(self)
    }

    /// Adds what else is known of a type. Of one that was not added before, any parameters are accepted.
    #[must_use]
    pub fn declared(mut self, type_name: &str, declaration: Declaration) -> NodeTypes {
        self.entry(type_name).declaration = declaration;
        self
    }

    /// For a flow in a file, which a person wrote: a key that nothing reads is an error there.
    #[must_use]
    pub fn for_file(mut self) -> NodeTypes {
        self.file = true;
        self
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
        !self.closed || self.get(type_name).is_some()
    }

    /// Whether a node without nodes inside may have this type.
    pub(super) fn accepts_leaf(&self, type_name: &str) -> bool {
        self.accepts(type_name) && !self.get(type_name).is_some_and(|known| known.declaration.container)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn is_for_file(&self) -> bool {
        self.file
    }

    pub(super) fn get(&self, type_name: &str) -> Option<&NodeType> {
        self.place(type_name).ok().map(|place| &self.types[place].1)
    }

    /// All that are known, in order of the alphabet, and those that need none.
    pub(super) fn names(&self) -> Vec<&str> {
        let unknown = ["group", "loop"].into_iter().filter(|name| self.get(name).is_none());
        self.types.iter().map(|(name, _)| name.as_str()).chain(unknown).collect()
    }

    fn entry(&mut self, type_name: &str) -> &mut NodeType {
        let place = self.place(type_name).unwrap_or_else(|place| {
            self.types.insert(place, (type_name.to_owned(), NodeType::default()));
            place
        });
        &mut self.types[place].1
    }

    fn place(&self, type_name: &str) -> Result<usize, usize> {
        self.types.binary_search_by(|(name, _)| name.as_str().cmp(type_name))
    }
}
