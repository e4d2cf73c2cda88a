//! What a host can do wrong.

/// A host that does not keep the contract. Nothing has changed when it is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// An event before `start`.
    NotStarted,
    /// `start` a second time.
    AlreadyStarted,
    /// Ops of the step before were not all taken.
    Undrained,
    /// An event names a task that the run does not have.
    UnknownTask,
    /// A record that means nothing, or a time that is not a number.
    Malformed,
}

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Misuse::NotStarted => "the run has not been started",
            Misuse::AlreadyStarted => "the run was started before",
            Misuse::Undrained => "ops of the last step are still to be taken",
            Misuse::UnknownTask => "the run has no such task",
            Misuse::Malformed => "the record or the time is malformed",
        })
    }
}

impl std::error::Error for Misuse {}
