//! One node within one frame.

use serde::{Deserialize, Serialize};

use crate::ids::{FrameId, TaskId, indexed};
use crate::numbered::numbered;
use crate::plan::PlanNode;

numbered! {
    /// What a caller is told about a node.
    #[derive(Serialize, Deserialize)]
    pub enum TaskState: u8 {
        /// Not begun.
        Pending = 0,
        /// Begun and not over; a scope, from its first node's beginning.
        Executing = 1,
        /// Over, with an output.
        Completed = 2,
        /// Failed, or stopped before its end.
        Error = 3,
        /// Not run: disabled, or nothing was carried to it. Or stopped, because the group around it is over without its branch.
        Skipped = 4,
    }
}

/// Where a task is on its way, for the executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Waits for its inputs, or is over.
    Idle,
    /// In the ready queue.
    Ready,
    /// Begun; its executable starts later.
    Delayed,
    /// In the host's hands.
    Running,
    /// Answered; the animation has not come to its end.
    Answered,
    /// At 100 %, shown for a moment.
    Settling,
    /// Failed; waits to be tried again.
    Backoff,
    /// A scope whose nodes run.
    Open,
    /// An iterating scope whose items are being asked for.
    Asking,
    /// Waits for its limit, to begin or to be tried again.
    Throttled,
    /// In the ready queue once more: its limit lets it start.
    Admitted,
    /// Starts once what came before is on disk.
    Held,
}

/// No step of the animation was shown yet.
pub(crate) const BEFORE_FIRST_STEP: u8 = u8::MAX;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) state: TaskState,
    pub(crate) phase: Phase,
    /// The answer names the handles that carry it.
    pub(crate) routed: bool,
    /// Something that it depends on failed, and the run goes on all the same: it will be skipped.
    pub(crate) bereft: bool,
    /// The executable reports its own progress, so the animation is over.
    pub(crate) reports: bool,
    pub(crate) percent: u8,
    /// The last step shown.
    pub(crate) step: u8,
    /// Counts up for ever, also over frames that use the same task again: tells late answers apart.
    pub(crate) attempt: u32,
    /// Tries of this node in this frame.
    pub(crate) tries: u32,
    /// Incoming edges that are not decided yet.
    pub(crate) waiting: u32,
    /// Incoming edges that carry something.
    pub(crate) live: u32,
    /// For a scope: children that are not over.
    pub(crate) open: u32,
    /// Readers of this task's slot that are still to come.
    pub(crate) readers: u32,
    pub(crate) frame: FrameId,
    /// Place in the list of tasks in flight.
    pub(crate) lane: u32,
    pub(crate) started: f64,
    pub(crate) ended: f64,
}

indexed!(Task, by TaskId);

impl Task {
    pub(crate) fn new(node: &PlanNode, frame: FrameId) -> Task {
        Task {
            state: TaskState::Pending,
            phase: Phase::Idle,
            routed: false,
            bereft: false,
            reports: false,
            percent: 0,
            step: BEFORE_FIRST_STEP,
            attempt: 0,
            tries: 0,
            waiting: node.in_degree,
            live: 0,
            open: node.children,
            readers: node.readers,
            frame,
            lane: 0,
            started: f64::NAN,
            ended: f64::NAN,
        }
    }

    /// Whether it counts against the `concurrency` of its node: it has begun, and is not over while it waits for its next try.
    pub(crate) fn is_under_way(&self) -> bool {
        !matches!(self.phase, Phase::Idle | Phase::Ready | Phase::Throttled | Phase::Admitted)
    }

    /// Attempts cross to the host in 24 bits.
    pub(crate) fn next_attempt(&self) -> u32 {
        self.attempt.wrapping_add(1) & 0xff_ffff
    }
}

/// Counts down; true for the one that reaches 0. A count that came with a forged snapshot may be 0 already: then
/// what it announces is not announced again.
pub(crate) fn is_last(count: &mut u32) -> bool {
    let last = *count == 1;
    *count = count.saturating_sub(1);
    last
}
