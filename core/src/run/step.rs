//! What follows from a task being over: consequences that are still to be carried out.

use crate::ids::TaskId;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// All incoming edges of the task are decided.
    Arrive(TaskId),
    /// The task is over; which of its edges carry something.
    Over(TaskId, Carry),
    /// An iterating scope may open frames, or be over.
    Continue(TaskId),
}

/// Which edges of a task that is over carry a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carry {
    /// All but those on the handle `error`.
    Output,
    /// Those on the handles that the answer named.
    Named,
    /// Those on the handle `error`.
    Error,
    /// All but those on the handle `error`, without a value: the task failed, and its policy says to go on.
    Undefined,
    /// None: the task was skipped.
    Nothing,
    /// None: the task failed, or depends on one that did, and the run goes on all the same.
    Failure,
}
