//! What a flow is; reading and writing it as JSON and YAML, within limits.
//!
//! Reading is exact: what was read can be written back without loss, fields that the engine does
//! not know included. Whether a definition makes sense is for [`crate::validate`] to say.
//!
//! A document is a node, or the envelope `{version, metadata, data}` with the node as `data`. Paths
//! of problems that reading finds start at the document, those of validation at the node.
//!
//! YAML needs the feature `yaml`, which is on by default.

mod definition;
mod document;
mod duration;
mod either;
mod failure;
mod json;
mod limits;
mod outline;
pub(crate) mod pointer;
mod policy;
mod tree;
#[cfg(feature = "yaml")]
mod yaml;

pub use definition::{DEFAULT_HANDLE, Edge, NodeDefinition};
pub(crate) use document::kind_of;
pub(crate) use duration::EXAMPLES as DURATION_EXAMPLES;
pub use duration::duration_ms;
pub use either::from_text;
#[cfg(not(feature = "yaml"))]
pub(crate) use either::reads_json_only;
pub(crate) use either::{Format, read_either};
pub use failure::FlowError;
pub(crate) use json::{NOT_JSON, read_value};
pub use json::{from_json, to_json};
pub use limits::Limits;
pub use outline::{
    BRANCHES_BITS, BRANCHES_SHIFT, BranchMode, Branches, CONTINUE_SHIFT, DISABLED_SHIFT, EDGE_WORDS,
    HEADER_WORDS, JITTER_SHIFT, LIMIT_WORDS, MAX_WIDTH, MalformedOutline, NODE_WORDS, Name, NodeLimit,
    Outline, OutlineEdge, OutlineNode, OutlineReference, PARALLEL_SHIFT, PERSISTS_SHIFT, REFERENCE_WORDS,
    Rate, SECTION_MASK, SECTION_SHIFT, Section, TOLERANT_SHIFT,
};
pub(crate) use outline::{runs_in_rounds, section_of};
pub use policy::{KEEPS_TIMEOUT, POLICY_KEYS, UNASKED_NO_RETRIES, UNASKED_RETRIES, UNASKED_TIMEOUT};
pub(crate) use policy::{
    RATE_KEYS, amount, is_label, is_rate_key, is_redact_path, ms_of, period_ms, rate, rate_key,
};
#[cfg(feature = "yaml")]
pub use yaml::{from_yaml, from_yaml_documents, to_yaml};
#[cfg(feature = "yaml")]
pub(crate) use yaml::{read_yaml_value, write_value};

use crate::error::ErrorCode;

fn check_length(text: &str, limits: &Limits) -> Result<(), FlowError> {
    if text.len() > limits.bytes {
        let message = Limits::exceeded("bytes", limits.bytes, text.len());
        return Err(FlowError::new(ErrorCode::ValidationFailed, message));
    }
    Ok(())
}
