//! The rules by which flows are checked, and what a broken one is called.

use crate::error::ErrorCode;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The flow cannot be run.
    Error,
    /// The flow runs, but probably not as its author meant it.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $code:ident, $severity:ident;)*) => {
        /// A rule that a flow can break. `docs/problems.md` has an example and a remedy for each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* $name,)*
        }

        impl Rule {
            /// All rules, errors first.
            pub const ALL: &[Rule] = &[$(Rule::$name),*];

            /// The name of the rule, in kebab-case.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Rule::$name => $text),* }
            }

            /// The code of its problems.
            #[must_use]
            pub fn code(self) -> ErrorCode {
                match self { $(Rule::$name => ErrorCode::$code),* }
            }

            /// How much it matters in a definition; of a flow file, [`Rule::UnknownKey`] and [`Rule::NothingInside`] are errors.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Rule::$name => Severity::$severity),* }
            }
        }
    };
}

rules! {
    /// A node without id.
    MissingId = "missing-id", InvalidNode, Error;
    /// Two nodes of a group with the same id.
    DuplicateId = "duplicate-id", InvalidNode, Error;
    /// A node without type.
    MissingType = "missing-type", InvalidNode, Error;
    /// A type that closed node types do not know.
    UnknownType = "unknown-type", NodeTypeNotFound, Error;
    /// A field or a parameter of another type of value than it must have.
    TypeMismatch = "type-mismatch", TypeMismatch, Error;
    /// A required parameter that is absent.
    MissingParameter = "missing-parameter", MissingRequiredField, Error;
    /// A parameter that its schema does not allow.
    InvalidParameter = "invalid-parameter", InvalidParameters, Error;
    /// A mode of a `parallel` that does not fit its other parameters, or the nodes inside.
    Branches = "branches", InvalidParameters, Error;
    /// Nodes of a `try` that it cannot name for a failure or the end, or edges that contradict that.
    Sections = "sections", InvalidParameters, Error;
    /// A key or a value that a policy cannot have.
    InvalidPolicy = "invalid-policy", ValidationFailed, Error;
    /// An edge without source or target.
    MissingEnd = "missing-end", MissingRequiredField, Error;
    /// An edge from or to a node that its group does not have.
    UnknownNode = "unknown-node", NodeNotFound, Error;
    /// Edges of a group that form a cycle.
    Cycle = "cycle", CircularDependency, Error;
    /// A limit that is passed.
    Limit = "limit", ValidationFailed, Error;
    /// A key of a node or of an edge that nothing reads.
    UnknownKey = "unknown-key", ValidationFailed, Warning;
    /// A `group` or a `loop` without nodes inside, which has nothing to run.
    NothingInside = "nothing-inside", ValidationFailed, Warning;
    /// A parameter that the type does not have.
    UnknownParameter = "unknown-parameter", InvalidParameters, Warning;
    /// A parameter that is not read beside the value of another one.
    IgnoredParameter = "ignored-parameter", InvalidParameters, Warning;
    /// A handle that the type of the node does not declare.
    UnknownHandle = "unknown-handle", ValidationFailed, Warning;
    /// A node to which no edge can ever carry anything.
    NeverRuns = "never-runs", ValidationFailed, Warning;
    /// A node without an edge, beside others that have some.
    Unconnected = "unconnected", ValidationFailed, Warning;
    /// Several nodes in a group without any edge.
    NoEdges = "no-edges", ValidationFailed, Warning;
    /// A `try` that names no node for a failure, nor for the end.
    NoSections = "no-sections", InvalidParameters, Warning;
    /// A key of a policy that nothing carries out yet.
    IgnoredPolicy = "ignored-policy", ValidationFailed, Warning;
    /// `continueOnError` of the node that is run: nothing is left that could go on.
    ContinueAtRoot = "continue-at-root", ValidationFailed, Warning;
    /// `continueOnError` of a node that chooses among its routes: after its failure all of them are taken.
    ContinueOnAllRoutes = "continue-on-all-routes", ValidationFailed, Warning;
}
