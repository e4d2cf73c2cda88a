//! How heavy a node is, judged by its type.

/// The weight of a type that is not in the table.
pub const DEFAULT_WEIGHT: f64 = 100.0;

/// The weight of a node by its type. Progress and the critical path count in these.
///
/// A group has no weight of its own: its weight is the sum of its children's, which the caller
/// forms. A group without children weighs [`DEFAULT_WEIGHT`].
#[must_use]
pub fn node_weight(type_name: &str) -> f64 {
    match type_name {
        "delay" => 1000.0,
        "email" => 800.0,
        "httpRequest" | "http-request" => 500.0,
        "database" | "image" | "shell-command" => 300.0,
        "fileWrite" | "file-system" | "spreadsheet" => 200.0,
        "fileRead" | "parallel" => 100.0,
        "edit-fields" => 80.0,
        "transform" => 50.0,
        "loop" => 20.0,
        "condition" => 10.0,
        _ => DEFAULT_WEIGHT,
    }
}
