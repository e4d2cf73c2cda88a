//! Why a flow could not be read or written.

use std::fmt;

use serde::Serialize;

use crate::error::ErrorCode;

/// Why a flow could not be read or written, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlowError {
    /// `DESERIALIZATION_FAILED` for text that is not JSON or YAML, `SERIALIZATION_FAILED` for a
    /// definition that cannot be written, `VALIDATION_FAILED` for a passed limit or a forbidden key,
    /// `TYPE_MISMATCH` for a document that is not an object.
    pub code: ErrorCode,
    /// What is wrong, for a person.
    pub message: String,
    /// Where in the document, as JSON pointer; empty for the document itself.
    pub path: String,
    /// The line in the text, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl FlowError {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> FlowError {
        FlowError { code, message: message.into(), path: String::new(), line: None, column: None }
    }

    /// The same error at a place in the text. Line 0 says that the place is not known, column 0
    /// that it is the start of the line.
    pub(crate) fn at(mut self, line: u64, column: u64) -> FlowError {
        let narrow = |number: u64| u32::try_from(number).ok();
        self.line = narrow(line).filter(|&line| line > 0);
        self.column = self.line.and(narrow(column.max(1)));
        self
    }
}

impl fmt::Display for FlowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if !self.path.is_empty() {
            write!(f, " at {}", self.path)?;
        }
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, " (line {line}, column {column})")?;
        }
        Ok(())
    }
}

impl std::error::Error for FlowError {}
