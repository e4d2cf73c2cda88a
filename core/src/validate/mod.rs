//! What is wrong with a flow: every problem with a code, a path into the document and a message.
//!
//! Problems are found at once and come in the order of the document as it is written. The first
//! thousand are listed; a last one says how many more there are. The work is linear in the document.

mod flow;
mod node_types;
mod parameters;
mod policy;
mod schema;
mod schema_text;

pub use node_types::{NodeTypes, SchemaError};

/// How many problems are listed; a last one says how many more there are.
pub const LISTED_PROBLEMS: usize = flow::LISTED_PROBLEMS;

use serde::Serialize;

use crate::error::ErrorCode;
use crate::flow::{FlowError, Limits, NodeDefinition};

/// One thing that is wrong with a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// What kind of problem it is.
    pub code: ErrorCode,
    /// Where in the document, as JSON pointer such as `/nodes/3/edges/1/source`; empty for the
    /// document itself. A field that is missing is named as if it were there.
    pub path: String,
    /// What is wrong, for a person. Values of parameters are not repeated.
    pub message: String,
    /// The id of the node that has the problem, or of the group whose edge has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// The line in the text, from 1, when the flow could not be read from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Problem {
        Problem {
            code: error.code,
            path: error.path,
            message: error.message,
            node_id: None,
            line: error.line,
            column: error.column,
        }
    }
}

/// Finds everything that is wrong with a flow; an empty list says that it can run.
///
/// | code | problem |
/// | --- | --- |
/// | `INVALID_NODE` | a node without id or type, or with the id of another node of its group |
/// | `NODE_NOT_FOUND` | an edge from or to a node that its group does not have |
/// | `MISSING_REQUIRED_FIELD` | an edge without source or target, a required parameter that is absent |
/// | `CIRCULAR_DEPENDENCY` | edges of a group that form a cycle; one cycle per group is named |
/// | `NODE_TYPE_NOT_FOUND` | a type that closed [`NodeTypes`] do not know |
/// | `TYPE_MISMATCH` | a field or parameter of another type than it must have |
/// | `INVALID_PARAMETERS` | a parameter that its schema does not allow |
/// | `VALIDATION_FAILED` | a limit that is passed, what lies beyond it is not looked at; a key or a value that a policy cannot have |
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
