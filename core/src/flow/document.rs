//! Between a document, which is a tree of plain values, and the definition that it describes.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Edge, FlowError, NodeDefinition};
use crate::error::ErrorCode;

/// The fields that are written first; all others follow in their own order.
const ORDER: [&str; 13] = [
    "id",
    "name",
    "type",
    "version",
    "description",
    "category",
    "metadata",
    "nodes",
    "edges",
    "inputPorts",
    "outputPorts",
    "parameters",
    "policy",
];

/// The definition in a document, which is the node itself or the node as `data` of the envelope
/// `{version, metadata, data}` that desktop files have.
pub(super) fn definition(document: Value) -> Result<NodeDefinition, FlowError> {
    match document {
        Value::Object(mut fields) => {
            if is_envelope(&fields)
                && let Some(Value::Object(node)) = fields.remove("data")
            {
                return Ok(node_from(node));
            }
            Ok(node_from(fields))
        }
        other => Err(FlowError::new(
            ErrorCode::TypeMismatch,
            format!("A flow must be an object, found {}", kind_of(&other)),
        )),
    }
}

/// The kind of a value in words, with its article.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn is_envelope(fields: &Map<String, Value>) -> bool {
    let node_fields = ["id", "type", "nodes", "edges"];
    fields.get("data").is_some_and(Value::is_object)
        && fields.contains_key("version")
        && !node_fields.iter().any(|&key| fields.contains_key(key))
}

fn node_from(fields: Map<String, Value>) -> NodeDefinition {
    let mut node = NodeDefinition::default();
    for (key, value) in fields {
        match (key.as_str(), value) {
            ("id", Value::String(text)) => node.id = text,
            ("type", Value::String(text)) => node.kind = text,
            ("name", Value::String(text)) => node.name = Some(text),
            ("parameters", Value::Object(map)) => node.parameters = Some(map),
            ("nodes", Value::Array(list)) if list.iter().all(Value::is_object) => {
                node.nodes = Some(objects(list).map(node_from).collect());
            }
            ("edges", Value::Array(list)) if list.iter().all(Value::is_object) => {
                node.edges = Some(objects(list).map(edge_from).collect());
            }
            (_, value) => {
                node.extra.insert(key, value);
            }
        }
    }
    node
}

fn edge_from(fields: Map<String, Value>) -> Edge {
    let mut edge = Edge::default();
    for (key, value) in fields {
        match (key.as_str(), value) {
            ("id", Value::String(text)) => edge.id = text,
            ("source", Value::String(text)) => edge.source = text,
            ("target", Value::String(text)) => edge.target = text,
            ("sourceHandle", Value::String(text)) => edge.source_handle = Some(text),
            ("targetHandle", Value::String(text)) => edge.target_handle = Some(text),
            (_, value) => {
                edge.extra.insert(key, value);
            }
        }
    }
    edge
}

fn objects(list: Vec<Value>) -> impl Iterator<Item = Map<String, Value>> {
    list.into_iter().filter_map(|value| match value {
        Value::Object(fields) => Some(fields),
        _ => None,
    })
}

/// A typed field as it is written, if it is written at all.
enum Field<'a> {
    Text(&'a str),
    Object(&'a Map<String, Value>),
    Nodes(&'a [NodeDefinition]),
    Edges(&'a [Edge]),
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Field::Text(text) => text.serialize(serializer),
            Field::Object(map) => map.serialize(serializer),
            Field::Nodes(nodes) => nodes.serialize(serializer),
            Field::Edges(edges) => edges.serialize(serializer),
        }
    }
}

impl NodeDefinition {
    fn typed(&self, key: &str) -> Option<Field<'_>> {
        match key {
            "id" => present(&self.id),
            "type" => present(&self.kind),
            "name" => self.name.as_deref().map(Field::Text),
            "parameters" => self.parameters.as_ref().map(Field::Object),
            "nodes" => self.nodes.as_deref().map(Field::Nodes),
            "edges" => self.edges.as_deref().map(Field::Edges),
            _ => None,
        }
    }
}

impl Serialize for NodeDefinition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for key in ORDER {
            if let Some(field) = self.typed(key) {
                map.serialize_entry(key, &field)?;
            } else if let Some(value) = self.extra.get(key) {
                map.serialize_entry(key, value)?;
            }
        }
        for (key, value) in &self.extra {
            if !ORDER.contains(&key.as_str()) {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

impl Edge {
    fn typed(&self, key: &str) -> Option<Field<'_>> {
        match key {
            "id" => present(&self.id),
            "source" => present(&self.source),
            "target" => present(&self.target),
            "sourceHandle" => self.source_handle.as_deref().map(Field::Text),
            "targetHandle" => self.target_handle.as_deref().map(Field::Text),
            _ => None,
        }
    }
}

impl Serialize for Edge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for key in ["id", "source", "target", "sourceHandle", "targetHandle"] {
            if let Some(field) = self.typed(key) {
                map.serialize_entry(key, &field)?;
            }
        }
        for (key, value) in &self.extra {
            if self.typed(key).is_none() {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

fn present(text: &str) -> Option<Field<'_>> {
    (!text.is_empty()).then_some(Field::Text(text))
}
