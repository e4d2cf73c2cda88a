//! What a flow is made of.

use serde_json::{Map, Value};

/// The key that data has when an edge names no handle.
pub const DEFAULT_HANDLE: &str = "default";

/// A node, and with `nodes` a group of nodes: a flow is the outermost node.
///
/// The fields that the engine works with are typed; everything else is kept as it is in `extra`, in
/// its order. A value that does not fit its typed field, such as a number as `id`, is kept in
/// `extra` too: nothing is lost by reading, and validation reports it together with all other
/// problems.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeDefinition {
    /// Identifies the node within its group; empty when there is none.
    pub id: String,
    /// The `type`, such as `http-request`; empty when there is none.
    pub kind: String,
    /// What people call the node.
    pub name: Option<String>,
    /// The settings that its executable receives.
    pub parameters: Option<Map<String, Value>>,
    /// The nodes of a group. A node is a group when there is at least one.
    pub nodes: Option<Vec<NodeDefinition>>,
    /// The edges between the nodes of a group.
    pub edges: Option<Vec<Edge>>,
    /// Every other field, in the order of the document.
    pub extra: Map<String, Value>,
}

/// Carries the output of one node to the input of another of the same group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edge {
    /// Identifies the edge; empty when there is none.
    pub id: String,
    /// The id of the node that the data comes from; empty when there is none.
    pub source: String,
    /// The id of the node that the data goes to; empty when there is none.
    pub target: String,
    /// The output of the source, see [`Edge::source_key`].
    pub source_handle: Option<String>,
    /// The input of the target, see [`Edge::target_key`].
    pub target_handle: Option<String>,
    /// Every other field, in the order of the document.
    pub extra: Map<String, Value>,
}

impl NodeDefinition {
    /// The nodes of the group; none for a leaf.
    #[must_use]
    pub fn children(&self) -> &[NodeDefinition] {
        self.nodes.as_deref().unwrap_or_default()
    }

    /// The edges between the nodes of the group.
    #[must_use]
    pub fn connections(&self) -> &[Edge] {
        self.edges.as_deref().unwrap_or_default()
    }

    /// Whether the node has nodes of its own; its type does not matter.
    #[must_use]
    pub fn is_group(&self) -> bool {
        !self.children().is_empty()
    }

    /// What to call the node: its name, or else its type.
    #[must_use]
    pub fn label(&self) -> &str {
        match self.name.as_deref() {
            Some(name) if !name.is_empty() => name,
            _ => &self.kind,
        }
    }

    /// One parameter, if it is given.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        self.parameters.as_ref()?.get(name)
    }

    /// The version of the node, such as `1.0.0`.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.text("version")
    }

    /// What the node is for.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.text("description")
    }

    /// Where the node is filed in a palette.
    #[must_use]
    pub fn category(&self) -> Option<&str> {
        self.text("category")
    }

    /// Author, icon, tags and the like.
    #[must_use]
    pub fn metadata(&self) -> Option<&Map<String, Value>> {
        self.object("metadata")
    }

    /// Where an editor draws the node: `x` and `y`.
    #[must_use]
    pub fn position(&self) -> Option<&Map<String, Value>> {
        self.object("position")
    }

    /// What the node asks of the engine: `retries`, `retryDelay`, `timeout` and the like.
    #[must_use]
    pub fn policy(&self) -> Option<&Map<String, Value>> {
        self.object("policy")
    }

    /// The variables of a flow: name to `{type, defaultValue, description}`.
    #[must_use]
    pub fn variables(&self) -> Option<&Map<String, Value>> {
        self.object("variables")
    }

    /// The settings of a flow: `runtime` and `ui`.
    #[must_use]
    pub fn settings(&self) -> Option<&Map<String, Value>> {
        self.object("settings")
    }

    /// The inputs that an editor offers.
    #[must_use]
    pub fn input_ports(&self) -> &[Value] {
        self.list("inputPorts")
    }

    /// The outputs that an editor offers.
    #[must_use]
    pub fn output_ports(&self) -> &[Value] {
        self.list("outputPorts")
    }

    /// Fills in what hand-written files leave out, here and in every node below: a node with nodes
    /// is a `group`, another one has the `type` of its `metadata`, if any; a name is the `name` of the `metadata` or else the
    /// id; the version is `1.0.0`.
    ///
    /// Reading does not do this by itself, so that what was read can be written back unchanged.
    pub fn fill_defaults(&mut self) {
        if self.kind.is_empty() && !self.extra.contains_key("type") {
            self.kind =
                if self.is_group() { "group" } else { self.metadata_text("type").unwrap_or_default() }
                    .to_owned();
        }
        if self.name.is_none() && !self.extra.contains_key("name") {
            self.name = Some(self.metadata_text("name").unwrap_or(&self.id).to_owned());
        }
        if !self.extra.contains_key("version") {
            self.extra.insert("version".to_owned(), "1.0.0".into());
        }
        for node in self.nodes.iter_mut().flatten() {
            node.fill_defaults();
        }
    }

    fn metadata_text(&self, key: &str) -> Option<&str> {
        self.metadata()?.get(key)?.as_str()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.extra.get(key)?.as_str()
    }

    fn object(&self, key: &str) -> Option<&Map<String, Value>> {
        self.extra.get(key)?.as_object()
    }

    fn list(&self, key: &str) -> &[Value] {
        let list = self.extra.get(key).and_then(Value::as_array);
        list.map(Vec::as_slice).unwrap_or_default()
    }
}

impl Edge {
    /// The handle at the source; [`DEFAULT_HANDLE`] when it is absent, null or empty.
    #[must_use]
    pub fn source_key(&self) -> &str {
        handle(self.source_handle.as_deref())
    }

    /// The handle at the target; [`DEFAULT_HANDLE`] when it is absent, null or empty.
    #[must_use]
    pub fn target_key(&self) -> &str {
        handle(self.target_handle.as_deref())
    }
}

fn handle(name: Option<&str>) -> &str {
    name.filter(|name| !name.is_empty()).unwrap_or(DEFAULT_HANDLE)
}
