//! The codes that every failure carries, and what to do about each.
//!
//! Names and numbers are stable: names are what callers compare in JavaScript, numbers are what
//! crosses the boundary between the engine and its host. A number is never reused.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::{Serialize, Serializer};

/// Why something failed. The discriminant is the stable number of the code, 1 to 22.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u8)]
pub enum ErrorCode {
    /// A flow or a request breaks a rule that no other code names, such as a limit.
    ValidationFailed = 1,
    /// Parameters of a node do not satisfy the schema of its type.
    InvalidParameters = 2,
    /// A node lacks its id or type, or shares its id with another of the same scope.
    InvalidNode = 3,
    /// A required field is absent.
    MissingRequiredField = 4,
    /// A value has another type than its place asks for.
    TypeMismatch = 5,
    /// The executable of a node failed.
    ExecutionFailed = 6,
    /// An edge or a request names a node that does not exist.
    NodeNotFound = 7,
    /// No node type of that name is registered.
    NodeTypeNotFound = 8,
    /// The node type is known, but nothing that executes it is.
    ImplementationNotFound = 9,
    /// The edges of a flow form a cycle.
    CircularDependency = 10,
    /// No factory makes executors for this kind of node.
    NoExecutorFactory = 11,
    /// The time that was granted is over.
    Timeout = 12,
    /// Somebody cancelled the run.
    Cancelled = 13,
    /// The memory that was granted is used up.
    MemoryLimitExceeded = 14,
    /// Too many requests in too little time.
    RateLimitExceeded = 15,
    /// A transport failed to carry a request or its answer.
    TransportError = 16,
    /// There is no way to what should do it: a server, a main process, a worker, a machine.
    NoTransport = 17,
    /// The channel between two processes of the desktop application failed.
    IpcCommunicationFailed = 18,
    /// A value could not be written as text or bytes.
    SerializationFailed = 19,
    /// Text or bytes could not be read as a value.
    DeserializationFailed = 20,
    /// The engine cannot start, or broke one of its own rules.
    InternalError = 21,
    /// Nothing is known about the cause.
    UnknownError = 22,
}

/// What area a code belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum Category {
    /// The flow or request is wrong; nothing ran.
    Validation,
    /// A node or its place in the flow made the run fail.
    Execution,
    /// The circumstances of the run ended it: time, memory, a caller.
    Runtime,
    /// Between two places: the message, not the work, failed.
    Transport,
    /// The engine itself.
    System,
}

/// What a caller can do about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recovery {
    /// Whether the same request can succeed when it is made again.
    pub retryable: bool,
    /// How long to wait before the first retry, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_delay_ms: Option<u32>,
    /// How many further attempts are worth making.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<u32>,
    /// One or two sentences for a person, most useful first.
    pub suggestions: &'static [&'static str],
}

impl ErrorCode {
    /// Every code, in the order of their numbers.
    pub const ALL: [ErrorCode; 22] = [
        ErrorCode::ValidationFailed,
        ErrorCode::InvalidParameters,
        ErrorCode::InvalidNode,
        ErrorCode::MissingRequiredField,
        ErrorCode::TypeMismatch,
        ErrorCode::ExecutionFailed,
        ErrorCode::NodeNotFound,
        ErrorCode::NodeTypeNotFound,
        ErrorCode::ImplementationNotFound,
        ErrorCode::CircularDependency,
        ErrorCode::NoExecutorFactory,
        ErrorCode::Timeout,
        ErrorCode::Cancelled,
        ErrorCode::MemoryLimitExceeded,
        ErrorCode::RateLimitExceeded,
        ErrorCode::TransportError,
        ErrorCode::NoTransport,
        ErrorCode::IpcCommunicationFailed,
        ErrorCode::SerializationFailed,
        ErrorCode::DeserializationFailed,
        ErrorCode::InternalError,
        ErrorCode::UnknownError,
    ];

    /// The stable name, such as `VALIDATION_FAILED`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ErrorCode::ValidationFailed => "VALIDATION_FAILED",
            ErrorCode::InvalidParameters => "INVALID_PARAMETERS",
            ErrorCode::InvalidNode => "INVALID_NODE",
            ErrorCode::MissingRequiredField => "MISSING_REQUIRED_FIELD",
            ErrorCode::TypeMismatch => "TYPE_MISMATCH",
            ErrorCode::ExecutionFailed => "EXECUTION_FAILED",
            ErrorCode::NodeNotFound => "NODE_NOT_FOUND",
            ErrorCode::NodeTypeNotFound => "NODE_TYPE_NOT_FOUND",
            ErrorCode::ImplementationNotFound => "IMPLEMENTATION_NOT_FOUND",
            ErrorCode::CircularDependency => "CIRCULAR_DEPENDENCY",
            ErrorCode::NoExecutorFactory => "NO_EXECUTOR_FACTORY",
            ErrorCode::Timeout => "TIMEOUT",
            ErrorCode::Cancelled => "CANCELLED",
            ErrorCode::MemoryLimitExceeded => "MEMORY_LIMIT_EXCEEDED",
            ErrorCode::RateLimitExceeded => "RATE_LIMIT_EXCEEDED",
            ErrorCode::TransportError => "TRANSPORT_ERROR",
            ErrorCode::NoTransport => "NO_TRANSPORT",
            ErrorCode::IpcCommunicationFailed => "IPC_COMMUNICATION_FAILED",
            ErrorCode::SerializationFailed => "SERIALIZATION_FAILED",
            ErrorCode::DeserializationFailed => "DESERIALIZATION_FAILED",
            ErrorCode::InternalError => "INTERNAL_ERROR",
            ErrorCode::UnknownError => "UNKNOWN_ERROR",
        }
    }

    /// The code with that exact name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<ErrorCode> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// The stable number, 1 to 22.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The code with that number, if there is one.
    #[must_use]
    pub fn from_number(number: u8) -> Option<ErrorCode> {
        let index = usize::from(number).checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// The area the code belongs to.
    #[must_use]
    pub const fn category(self) -> Category {
        match self {
            ErrorCode::ValidationFailed
            | ErrorCode::InvalidParameters
            | ErrorCode::InvalidNode
            | ErrorCode::MissingRequiredField
            | ErrorCode::TypeMismatch => Category::Validation,
            ErrorCode::ExecutionFailed
            | ErrorCode::NodeNotFound
            | ErrorCode::NodeTypeNotFound
            | ErrorCode::ImplementationNotFound
            | ErrorCode::CircularDependency
            | ErrorCode::NoExecutorFactory => Category::Execution,
            ErrorCode::Timeout
            | ErrorCode::Cancelled
            | ErrorCode::MemoryLimitExceeded
            | ErrorCode::RateLimitExceeded => Category::Runtime,
            ErrorCode::TransportError
            | ErrorCode::NoTransport
            | ErrorCode::IpcCommunicationFailed
            | ErrorCode::SerializationFailed
            | ErrorCode::DeserializationFailed => Category::Transport,
            ErrorCode::InternalError | ErrorCode::UnknownError => Category::System,
        }
    }

    /// Whether the same request can succeed when it is made again.
    #[must_use]
    pub const fn retryable(self) -> bool {
        self.recovery().retryable
    }

    /// What a caller can do about it.
    #[must_use]
    pub const fn recovery(self) -> Recovery {
        match self {
            ErrorCode::ExecutionFailed => retry(
                1000,
                3,
                &[
                    "Look at the node's own message and its input.",
                    "Run it again if what it reaches outside may have been unavailable.",
                ],
            ),
            ErrorCode::Timeout => retry(
                1000,
                3,
                &[
                    "Grant the node or the run a longer timeout.",
                    "Check whether the service it waits for answers at all.",
                ],
            ),
            ErrorCode::RateLimitExceeded => {
                retry(5000, 5, &["Wait before asking again.", "Make fewer requests at the same time."])
            }
            ErrorCode::TransportError => retry(
                2000,
                3,
                &[
                    "Check the connection to the server.",
                    "Make sure that the server runs and its address is right.",
                ],
            ),
            ErrorCode::IpcCommunicationFailed => retry(
                2000,
                3,
                &[
                    "Check that the main process of the application is alive.",
                    "Restart the application if it keeps failing.",
                ],
            ),
            ErrorCode::ValidationFailed => never(&[
                "Correct what the message names and try again.",
                "Validate the flow to see every problem at once.",
            ]),
            ErrorCode::InvalidParameters => never(&[
                "Correct the parameters of the node.",
                "Compare them with the parameters that its type describes.",
            ]),
            ErrorCode::InvalidNode => {
                never(&["Give every node a type and an id of its own within its group."])
            }
            ErrorCode::MissingRequiredField => never(&["Fill in the field that the path names."]),
            ErrorCode::TypeMismatch => never(&[
                "Change the value to the type that is expected.",
                "Put a transform before the node if the value comes from another one.",
            ]),
            ErrorCode::NodeNotFound => never(&[
                "Connect the edge to a node of the same group.",
                "Remove edges of nodes that were deleted.",
            ]),
            ErrorCode::NodeTypeNotFound => never(&[
                "Check the spelling of the node's type.",
                "Register the type before running the flow.",
            ]),
            ErrorCode::ImplementationNotFound => never(&[
                "Register an executable for the node's type.",
                "Run the flow where the node can run, such as on the desktop or a server.",
            ]),
            ErrorCode::CircularDependency => {
                never(&["Remove one of the edges that the message lists.", "Use a loop node to repeat work."])
            }
            ErrorCode::NoExecutorFactory => {
                never(&["Configure the conductor with the executables of its nodes."])
            }
            ErrorCode::Cancelled => never(&["Run the flow again if the cancel was not intended."]),
            ErrorCode::MemoryLimitExceeded => {
                never(&["Process the data in smaller parts.", "Grant the run more memory."])
            }
            ErrorCode::NoTransport => never(&[
                "Configure a transport or a server address.",
                "Check that the code runs in the environment it is meant for.",
            ]),
            ErrorCode::SerializationFailed => never(&[
                "Return plain data: no functions, no cycles.",
                "Convert special objects to text or numbers first.",
            ]),
            ErrorCode::DeserializationFailed => never(&[
                "Correct the text at the line and column of the message.",
                "Check that the file is complete and in the expected format.",
            ]),
            ErrorCode::InternalError => {
                never(&["Report it together with the flow and the message.", "Restart the application."])
            }
            ErrorCode::UnknownError => never(&["Look at the cause, if there is one, and at the log."]),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        ErrorCode::from_name(&name).ok_or_else(|| D::Error::custom("expected the name of a code"))
    }
}

const fn retry(delay_ms: u32, max_retries: u32, suggestions: &'static [&'static str]) -> Recovery {
    Recovery { retryable: true, retry_delay_ms: Some(delay_ms), max_retries: Some(max_retries), suggestions }
}

const fn never(suggestions: &'static [&'static str]) -> Recovery {
    Recovery { retryable: false, retry_delay_ms: None, max_retries: None, suggestions }
}
