//! What the host is asked to do.

use super::event::ATTEMPT_SHIFT;
use super::task::TaskState;
use crate::error::ErrorCode;
use crate::ids::{Millis, Slot, TaskId};
use crate::numbered::numbered;

/// One instruction to the host. Ops of one step are carried out in the order given.
///
/// `task` is a node within a frame; in the outermost frame it is the node's index in the plan. A task's slot bears the
/// task's number. `attempt` comes back with the answer, so that a late answer is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Op {
    /// Build the task's input and run its executable.
    Start {
        /// What to run.
        task: TaskId,
        /// Returned with the answer.
        attempt: u32,
        /// 1 for the first try, 2 for the first retry.
        attempt_number: u32,
    },
    /// The task writes to the world, and starts once all that was told so far is on disk, which [`Event::Persisted`] says.
    /// In flight like a leaf until then. Only in plans in which nodes are marked so.
    ///
    /// [`Event::Persisted`]: super::Event::Persisted
    Persist {
        /// What starts then.
        task: TaskId,
        /// Returned with the answer.
        attempt: u32,
    },
    /// The attempt is over by the engine's decision: fire its signal, record an error of this code. An attempt that
    /// never started is a simulated failure.
    Abort {
        /// Whose attempt.
        task: TaskId,
        /// Which attempt.
        attempt: u32,
        /// TIMEOUT, CANCELLED, or EXECUTION_FAILED for a simulated failure.
        code: ErrorCode,
    },
    /// A scope's input is complete: build it, its children are about to start.
    Enter {
        /// The scope.
        task: TaskId,
    },
    /// A scope begins once more: forget the values, errors and blocks of all that it contains.
    Reset {
        /// The scope.
        task: TaskId,
    },
    /// The task is disabled: its output is its input.
    Pass {
        /// The disabled task.
        task: TaskId,
    },
    /// How many items does this scope have? `known` were answered before. In flight like a leaf until it is answered.
    Ask {
        /// The scope that runs once per item.
        task: TaskId,
        /// Returned with the answer.
        attempt: u32,
        /// Items answered so far.
        known: u32,
    },
    /// A frame opens: tasks from `base` on are the scope's nodes, for item `item`.
    Open {
        /// The scope.
        task: TaskId,
        /// The first task of the frame; it stands for the node after the scope.
        base: TaskId,
        /// Number of the item, from 0.
        item: u32,
    },
    /// A frame is done: keep its result as item `item`, forget its other values. Of a group with branches: one of them has
    /// succeeded. Of a `try`: this section has; what the body or the catch
    /// gave is the output.
    Close {
        /// The scope.
        task: TaskId,
        /// The first task of the frame; of a branch, the task whose slot holds its output.
        base: TaskId,
        /// Number of the item, or of the branch or section.
        item: u32,
    },
    /// A frame of a scope that goes on after failures is over, because `cause` in it failed: keep that error for its item,
    /// forget the values of the frame. Of a group with branches: one of them is over, because `cause` in it failed, and the
    /// group goes on. Of a `try`: the section that ran is over, because `cause` in it failed; or the body took too long, and
    /// `cause` is the `try` itself. The `try` takes the error over: the catch has it, and where the `try` fails in the end, `cause`
    /// or the `try` itself is named.
    Lose {
        /// The scope.
        task: TaskId,
        /// The first task of the frame; of a branch, the task whose slot would hold its output.
        base: TaskId,
        /// The task that failed, of this frame or branch or of a frame inside it.
        cause: TaskId,
    },
    /// All items of the scope are done: its output is the list of their results. Or enough of its branches are over: its
    /// output is what they gave. Or no section of a `try` is left, and it has not failed.
    Gather {
        /// The scope.
        task: TaskId,
    },
    /// `task` failed with the error of `cause`: edges on its handle `error` carry that, and no slot is written. Where none
    /// leaves it, its policy says to go on: its output is undefined, whatever is in the slot of a scope. In a run
    /// that keeps going, a scope that runs once per item takes the error of the first of its items to fail at once, as
    /// that item's tasks are used again, and is named itself as the cause from then on.
    Catch {
        /// The node that hands the error on.
        task: TaskId,
        /// The task that failed: `task` itself or one inside it.
        cause: TaskId,
    },
    /// This input of the task carries nothing, whatever is in the slot that it names.
    Block {
        /// The task that may start later.
        task: TaskId,
        /// Place in the task's row of the input table.
        input: u32,
    },
    /// A simulation holds the task up for this long. Only for whoever wants to say so.
    Wait {
        /// Which task.
        task: TaskId,
        /// How long.
        ms: Millis,
        /// Whether a failure comes after it; else the executable does.
        fails: bool,
    },
    /// Nobody reads this slot any more.
    Drop {
        /// The slot.
        slot: Slot,
    },
    /// Somebody watches: a task's state or progress changed. Sent only while watched.
    Change {
        /// Whose.
        task: TaskId,
        /// Its state now.
        state: TaskState,
        /// Its progress, 0–100.
        percent: u32,
        /// The progress of the run, 0–100.
        overall: u32,
        /// Which step of the animation, for its message; [`Op::NO_STEP`] when the change has none.
        step: u32,
    },
    /// The run is over; nothing follows.
    Finish {
        /// The task that failed, or that ended a run that succeeded; otherwise [`TaskId::NONE`].
        cause: TaskId,
        /// `None` for success.
        code: Option<ErrorCode>,
    },
}

numbered! {
    /// The kinds of ops, as the low byte of a record has them.
    pub enum OpKind: u32 {
        /// [`Op::Start`].
        Start = 1,
        /// [`Op::Abort`].
        Abort = 2,
        /// [`Op::Enter`].
        Enter = 3,
        /// [`Op::Pass`].
        Pass = 4,
        /// [`Op::Ask`].
        Ask = 5,
        /// [`Op::Open`].
        Open = 6,
        /// [`Op::Close`].
        Close = 7,
        /// [`Op::Gather`].
        Gather = 8,
        /// [`Op::Catch`].
        Catch = 9,
        /// [`Op::Drop`].
        Drop = 10,
        /// [`Op::Change`].
        Change = 11,
        /// [`Op::Finish`].
        Finish = 12,
        /// [`Op::Block`].
        Block = 13,
        /// [`Op::Wait`].
        Wait = 14,
        /// [`Op::Reset`].
        Reset = 15,
        /// [`Op::Lose`].
        Lose = 16,
        /// [`Op::Persist`].
        Persist = 17,
    }
}

/// Words of one op.
pub const OP_WORDS: usize = 4;

impl Op {
    /// In `Change`: no message of the animation belongs to it.
    pub const NO_STEP: u32 = 0xff;
    /// In `Change`: 100 % is shown.
    pub const COMPLETE_STEP: u32 = 0xfe;
    /// In `Change`: where the percent begins above the state.
    pub const PERCENT_SHIFT: u32 = 8;
    /// In `Change`: where the progress of the run begins above that.
    pub const OVERALL_SHIFT: u32 = 16;
    /// In `Change`: the bits of each of the three.
    pub const CHANGE_MASK: u32 = 0xff;

    /// The record that crosses to the host: kind and attempt (`kind | attempt << 8`), task, and two arguments.
    pub fn to_words(self) -> [u32; OP_WORDS] {
        let record = |kind: OpKind, attempt: u32, task: TaskId, first: u32, second: u32| {
            [kind.number() | attempt << ATTEMPT_SHIFT, task.0, first, second]
        };
        match self {
            Op::Start { task, attempt, attempt_number } => {
                record(OpKind::Start, attempt, task, attempt_number, 0)
            }
            Op::Abort { task, attempt, code } => {
                record(OpKind::Abort, attempt, task, code.number().into(), 0)
            }
            Op::Enter { task } => record(OpKind::Enter, 0, task, 0, 0),
            Op::Pass { task } => record(OpKind::Pass, 0, task, 0, 0),
            Op::Ask { task, attempt, known } => record(OpKind::Ask, attempt, task, known, 0),
            Op::Open { task, base, item } => record(OpKind::Open, 0, task, base.0, item),
            Op::Close { task, base, item } => record(OpKind::Close, 0, task, base.0, item),
            Op::Gather { task } => record(OpKind::Gather, 0, task, 0, 0),
            Op::Catch { task, cause } => record(OpKind::Catch, 0, task, cause.0, 0),
            Op::Drop { slot } => [OpKind::Drop.number(), slot.0, 0, 0],
            Op::Change { task, state, percent, overall, step } => {
                let packed =
                    u32::from(state.number()) | percent << Op::PERCENT_SHIFT | overall << Op::OVERALL_SHIFT;
                record(OpKind::Change, 0, task, packed, step)
            }
            Op::Wait { task, ms, fails } => record(OpKind::Wait, 0, task, ms.0, fails.into()),
            Op::Reset { task } => record(OpKind::Reset, 0, task, 0, 0),
            Op::Lose { task, base, cause } => record(OpKind::Lose, 0, task, base.0, cause.0),
            Op::Persist { task, attempt } => record(OpKind::Persist, attempt, task, 0, 0),
            Op::Block { task, input } => record(OpKind::Block, 0, task, input, 0),
            Op::Finish { cause, code } => {
                record(OpKind::Finish, 0, cause, code.map_or(0, |code| code.number().into()), 0)
            }
        }
    }
}
