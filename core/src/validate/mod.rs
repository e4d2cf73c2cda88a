//! What is wrong with a flow: every problem with a code, a path into the document and a message.
//!
//! Problems are found at once: first the errors, then what probably is not as it was meant, each in the order of the
//! document as it is written. A thousand are listed; a last one says how many more there are. The work is linear in the
//! document.

mod branches;
mod connections;
mod flow;
mod keys;
mod node_types;
mod parameters;
mod policy;
mod problem;
mod rule;
mod schema;
mod schema_text;
mod sections;
mod suggestion;

pub use node_types::{Declaration, NodeTypes, SchemaError};
pub use problem::{LISTED_PROBLEMS, Problem};
pub use rule::{Rule, Severity};

use crate::flow::{Limits, NodeDefinition};

/// Finds everything that is wrong with a flow, errors before warnings; without an error it can run. The
/// [rules](Rule::ALL) say what is looked for.
///
/// Of `limits`, `groups`, `nodes` and `edges` apply to a definition; the others apply to texts.
#[must_use]
pub fn validate(node: &NodeDefinition, types: &NodeTypes, limits: &Limits) -> Vec<Problem> {
    validate_beside(node, types, limits, 0)
}

/// The same where the host left out what has `others` more problems, all of them after the first
/// [`LISTED_PROBLEMS`].
#[must_use]
pub fn validate_beside(
    node: &NodeDefinition,
    types: &NodeTypes,
    limits: &Limits,
    others: usize,
) -> Vec<Problem> {
    flow::validate(node, types, limits, others)
}
