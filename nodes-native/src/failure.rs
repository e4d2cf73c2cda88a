//! Why a native operation failed, in the words of the conductor's error codes.

use std::fmt;

/// A failure with a stable error code. As text it is `[CODE] message`, which the loader of the addon takes apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind of failure.
    pub code: Code,
    /// What was found, and what to do about it.
    pub message: String,
}

/// The error codes that native operations use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// `INVALID_PARAMETERS`
    InvalidParameters,
    /// `TYPE_MISMATCH`
    TypeMismatch,
    /// `DESERIALIZATION_FAILED`
    DeserializationFailed,
    /// `EXECUTION_FAILED`
    ExecutionFailed,
    /// `CANCELLED`
    Cancelled,
    /// `MEMORY_LIMIT_EXCEEDED`
    MemoryLimitExceeded,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::InvalidParameters => "INVALID_PARAMETERS",
            Self::TypeMismatch => "TYPE_MISMATCH",
            Self::DeserializationFailed => "DESERIALIZATION_FAILED",
            Self::ExecutionFailed => "EXECUTION_FAILED",
            Self::Cancelled => "CANCELLED",
            Self::MemoryLimitExceeded => "MEMORY_LIMIT_EXCEEDED",
        }
    }

    /// A failure with this code.
    pub fn because(self, message: impl Into<String>) -> Failure {
        Failure { code: self, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.code.name(), self.message)
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    /// A failure that came through a reader or writer comes out as it was.
    fn from(error: std::io::Error) -> Self {
        error.downcast().unwrap_or_else(|error| Code::ExecutionFailed.because(error.to_string()))
    }
}
