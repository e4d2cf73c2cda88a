//! Building the tree of values that a text describes, within limits.
//!
//! One builder serves JSON and YAML. It refuses what passes a limit before storing it, and keys
//! that would reach into the prototype of a JavaScript object. The place of a failure is put
//! together while the failure travels outwards, so that a text without one pays nothing for it.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{FlowError, Limits, pointer};
use crate::error::ErrorCode;

const FORBIDDEN_KEYS: [&str; 3] = ["__proto__", "constructor", "prototype"];

/// Counts what limits bound, and remembers why and where reading failed.
pub(super) struct Builder<'l> {
    limits: &'l Limits,
    /// What the text is written in, for messages.
    format: &'static str,
    nodes: Cell<usize>,
    edges: Cell<usize>,
    text: Cell<usize>,
    refusal: RefCell<Option<(ErrorCode, String)>>,
    /// The steps from the failure to the root, innermost first.
    steps: RefCell<Vec<Step>>,
}

enum Step {
    Key(String),
    Index(usize),
}

impl<'l> Builder<'l> {
    pub(super) fn new(limits: &'l Limits, format: &'static str) -> Builder<'l> {
        Builder {
            limits,
            format,
            nodes: Cell::new(0),
            edges: Cell::new(0),
            text: Cell::new(0),
            refusal: RefCell::new(None),
            steps: RefCell::new(Vec::new()),
        }
    }

    /// What reads a whole document.
    pub(super) fn root(&self) -> Seed<'_> {
        Seed { builder: self, place: Place::Root, depth: 0, groups: 0 }
    }

    /// Whether the builder refused the document, and not the parser the text.
    pub(super) fn has_refused(&self) -> bool {
        self.refusal.borrow().is_some()
    }

    /// The builder's own reason for a failure, or else `parser`, with the place in the document.
    pub(super) fn explain(self, parser: impl FnOnce() -> FlowError) -> FlowError {
        let mut error = match self.refusal.into_inner() {
            Some((code, message)) => FlowError::new(code, message),
            None => parser(),
        };
        for step in self.steps.into_inner().into_iter().rev() {
            match step {
                Step::Key(key) => pointer::push_key(&mut error.path, &key),
                Step::Index(index) => pointer::push_index(&mut error.path, index),
            }
        }
        error
    }

    fn refuse<E: Error>(&self, code: ErrorCode, message: String) -> E {
        *self.refusal.borrow_mut() = Some((code, message));
        E::custom("refused")
    }

    fn over<E: Error>(&self, name: &str, limit: usize, found: usize) -> E {
        let message = Limits::exceeded(name, limit, found);
        self.refuse(ErrorCode::ValidationFailed, message)
    }

    fn step<E>(&self, step: Step, error: E) -> E {
        self.steps.borrow_mut().push(step);
        error
    }

    fn check_text<E: Error>(&self, text: &str) -> Result<(), E> {
        let limit = self.limits.string_length;
        if text.len() > limit {
            return Err(self.over("string_length", limit, text.len()));
        }
        // No escape sequence makes a text twice as long: only aliases can pass this.
        let limit = self.limits.bytes.saturating_mul(2);
        let total = self.text.get().saturating_add(text.len());
        self.text.set(total);
        if total > limit {
            return Err(self.over("bytes", limit, total));
        }
        Ok(())
    }

    /// Counts one more element of a list of nodes or edges. `groups`: how many are around it.
    fn count<E: Error>(&self, place: Place, groups: usize) -> Result<(), E> {
        if groups > self.limits.groups {
            return Err(self.over("groups", self.limits.groups, groups));
        }
        let (name, counter, limit) = match place {
            Place::Nodes => ("nodes", &self.nodes, self.limits.nodes),
            Place::Edges => ("edges", &self.edges, self.limits.edges),
            Place::Root | Place::Node | Place::Other => return Ok(()),
        };
        let found = counter.get() + 1;
        counter.set(found);
        if found > limit {
            return Err(self.over(name, limit, found));
        }
        Ok(())
    }
}

/// What a value is to the flow, as far as limits count it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The document: a node, or an envelope with a node as `data`.
    Root,
    Node,
    Nodes,
    Edges,
    Other,
}

impl Place {
    fn of_field(self, key: &str) -> Place {
        match (self, key) {
            (Place::Root | Place::Node, "nodes") => Place::Nodes,
            (Place::Root | Place::Node, "edges") => Place::Edges,
            (Place::Root, "data") => Place::Node,
            _ => Place::Other,
        }
    }

    fn of_element(self) -> Place {
        match self {
            Place::Nodes => Place::Node,
            _ => Place::Other,
        }
    }
}

/// Reads one value.
#[derive(Clone, Copy)]
pub(super) struct Seed<'b> {
    builder: &'b Builder<'b>,
    place: Place,
    /// How many objects and lists are around the value.
    depth: usize,
    /// How many groups are.
    groups: usize,
}

impl Seed<'_> {
    /// The depth of what lies inside of an object or a list at this place.
    fn enter<E: Error>(&self) -> Result<usize, E> {
        let depth = self.depth + 1;
        let limit = self.builder.limits.depth;
        if depth > limit {
            return Err(self.builder.over("depth", limit, depth));
        }
        Ok(depth)
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    /// Integers beyond 64 bits become floating point, as in JavaScript.
    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        match Number::from_f64(value) {
            Some(number) => Ok(Value::Number(number)),
            None => Err(self
                .builder
                .refuse(ErrorCode::DeserializationFailed, format!("A number must be finite, found {value}"))),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.builder.check_text(value)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        self.builder.check_text(&value)?;
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let groups = self.groups + usize::from(self.place == Place::Nodes);
        let element =
            Seed { builder: self.builder, place: self.place.of_element(), depth: self.enter()?, groups };
        let counted = Counted { seed: element, list: self.place };
        let mut list = Vec::new();
        loop {
            match seq.next_element_seed(counted) {
                Ok(Some(value)) => list.push(value),
                Ok(None) => return Ok(Value::Array(list)),
                Err(error) => return Err(self.builder.step(Step::Index(list.len()), error)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let depth = self.enter()?;
        let mut object = Map::new();
        while let Some(key) = map.next_key_seed(Key { builder: self.builder, object: &object })? {
            let place = self.place.of_field(&key);
            let seed = Seed { builder: self.builder, place, depth, groups: self.groups };
            match map.next_value_seed(seed) {
                Ok(value) => object.insert(key, value),
                Err(error) => return Err(self.builder.step(Step::Key(key), error)),
            };
        }
        Ok(Value::Object(object))
    }
}

/// An element of a list, counted before it is read.
#[derive(Clone, Copy)]
struct Counted<'b> {
    seed: Seed<'b>,
    list: Place,
}

impl<'de> DeserializeSeed<'de> for Counted<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.seed.builder.count(self.list, self.seed.groups)?;
        self.seed.deserialize(deserializer)
    }
}

/// Reads one key of an object that holds others already.
#[derive(Clone, Copy)]
struct Key<'b> {
    builder: &'b Builder<'b>,
    object: &'b Map<String, Value>,
}

impl Key<'_> {
    fn refuse<E: Error>(&self, key: &str, code: ErrorCode, message: String) -> E {
        let error = self.builder.refuse(code, message);
        self.builder.step(Step::Key(key.to_owned()), error)
    }
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<String, E> {
        if FORBIDDEN_KEYS.contains(&key) {
            let message = format!("The key `{key}` is not allowed");
            return Err(self.refuse(key, ErrorCode::ValidationFailed, message));
        }
        // Parsers compare keys as they are written: `1` and `'1'` are two for them, and one here.
        if self.object.contains_key(key) {
            let format = self.builder.format;
            let message = format!("Failed to parse {format}: expected each key once, found `{key}` again");
            return Err(self.refuse(key, ErrorCode::DeserializationFailed, message));
        }
        self.builder.check_text(key)?;
        Ok(key.to_owned())
    }
}
