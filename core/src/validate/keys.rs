//! The keys that nodes and edges may have. What is not among them is nothing that anything reads.

/// What people write into a node by hand.
pub(super) const NODE_KEYS: [&str; 13] = [
    "id",
    "name",
    "type",
    "description",
    "parameters",
    "policy",
    "nodes",
    "edges",
    "variables",
    "settings",
    "metadata",
    "position",
    "version",
];

/// What people write into an edge by hand.
pub(super) const EDGE_KEYS: [&str; 5] = ["id", "source", "target", "sourceHandle", "targetHandle"];

/// What programs write: the conductor and its earlier versions, stores, and editors that draw with React Flow.
const WRITTEN: [&str; 86] = [
    "author",
    "blueprintId",
    "category",
    "color",
    "compositeId",
    "createdAt",
    "createdBy",
    "data",
    "enabledByDefault",
    "executionId",
    "fields",
    "flowId",
    "icon",
    "inputPorts",
    "isPublic",
    "isTemplate",
    "keywords",
    "label",
    "lastModified",
    "ownerId",
    "outputPorts",
    "parentId",
    "ports",
    "runtime",
    "savedAt",
    "schemaVersion",
    "status",
    "tags",
    "title",
    "updatedAt",
    "updatedBy",
    "userId",
    "viewport",
    "$schema",
    // React Flow: nodes.
    "ariaLabel",
    "ariaLabelConfig",
    "ariaRole",
    "className",
    "computed",
    "connectable",
    "deletable",
    "domAttributes",
    "dragHandle",
    "draggable",
    "dragging",
    "expandParent",
    "extent",
    "focusable",
    "handleBounds",
    "handles",
    "height",
    "hidden",
    "initialHeight",
    "initialWidth",
    "internals",
    "isParent",
    "measured",
    "origin",
    "parentNode",
    "positionAbsolute",
    "resizing",
    "selectable",
    "selected",
    "sourcePosition",
    "style",
    "targetPosition",
    "width",
    "zIndex",
    // React Flow: edges.
    "animated",
    "interactionWidth",
    "labelBgBorderRadius",
    "labelBgPadding",
    "labelBgStyle",
    "labelShowBg",
    "labelStyle",
    "markerEnd",
    "markerStart",
    "pathOptions",
    "reconnectable",
    "sourceNode",
    "sourceX",
    "sourceY",
    "targetNode",
    "targetX",
    "targetY",
    "updatable",
];

/// Whether something reads or writes the key in a node, or in an edge.
pub(super) fn is_known(key: &str, own: &[&str]) -> bool {
    own.contains(&key)
        || WRITTEN.contains(&key)
        || NODE_KEYS[..4].contains(&key)
        || is_note(key)
        || (own.len() == EDGE_KEYS.len() && ["metadata", "type"].contains(&key))
}

/// By convention, what begins with `x-` is for the author alone. A key of a dollar sign or an underscore is some tool's.
fn is_note(key: &str) -> bool {
    key.starts_with("x-") || key.starts_with(['$', '_'])
}
