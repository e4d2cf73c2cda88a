//! What the host tells the run.

use super::misuse::Misuse;
use crate::error::ErrorCode;
use crate::flow::Name;
use crate::ids::{Millis, TaskId};
use crate::numbered::numbered;

/// Something that happened outside. An event for an attempt that is over is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The executable returned; its value is in the task's slot.
    Done {
        /// Which task.
        task: TaskId,
        /// The attempt that [`Op::Start`](super::Op::Start) named.
        attempt: u32,
        /// The value names the handles that carry it: those sent before as `Route`.
        routed: bool,
    },
    /// The executable failed, or the items of a scope could not be told.
    Failed {
        /// Which task.
        task: TaskId,
        /// The attempt that the op named.
        attempt: u32,
        /// Decides whether a retry makes sense.
        code: ErrorCode,
    },
    /// The coming `Done` carries its value on this handle.
    Route {
        /// Which task.
        task: TaskId,
        /// The attempt that the op named.
        attempt: u32,
        /// The handle.
        handle: Name,
    },
    /// What the failure that is told next says of another try: that there is to be none ([`Event::NEVER`]), or how long
    /// to wait for it at the least. Comes right before `Failed`; alone it means nothing.
    Advice {
        /// Which task.
        task: TaskId,
        /// The attempt that the op named.
        attempt: u32,
        /// How long.
        delay: Millis,
    },
    /// The executable reports its own progress.
    Progress {
        /// Which task.
        task: TaskId,
        /// The attempt that the op named.
        attempt: u32,
        /// 0–100; larger counts as 100.
        percent: u32,
    },
    /// The answer to [`Op::Ask`](super::Op::Ask).
    Items {
        /// Which scope.
        task: TaskId,
        /// The attempt that the op named.
        attempt: u32,
        /// Items known so far, in all.
        count: u32,
        /// There may be more: ask again when these are done.
        open_ended: bool,
    },
    /// The executable returned, its value is in the task's slot, and with it the run ends, and has succeeded.
    End {
        /// Which task.
        task: TaskId,
        /// The attempt that the op named.
        attempt: u32,
    },
    /// Stop now.
    Cancel,
    /// Start nothing more until `Resume`, further tries included; what is in the host's hands goes on, and so do
    /// deadlines.
    Pause,
    /// Go on, first with the tries that fell due in the pause, in the order in which they did. They begin once all
    /// events of the step are told: `Resume` and `Pause` in one step begin nothing.
    Resume,
    /// All that was told before the [`Op::Persist`](super::Op::Persist) is on disk.
    Persisted {
        /// Which task.
        task: TaskId,
        /// The attempt that the op named.
        attempt: u32,
    },
    /// The host is gone that had the run, and this one has told again all that was on disk. What was in flight starts
    /// again under new attempts, as the same try. Deadlines of the run and of scopes do not count the time since the event
    /// before this one; what was waited for is due when it would have been.
    TakenOver,
}

numbered! {
    /// The kinds of events, as the low byte of a record has them.
    pub enum EventKind: u32 {
        /// [`Event::Done`].
        Done = 1,
        /// [`Event::Failed`].
        Failed = 2,
        /// [`Event::Route`].
        Route = 3,
        /// [`Event::Progress`].
        Progress = 4,
        /// [`Event::Items`] that are all.
        Items = 5,
        /// [`Event::Items`] after which there may be more.
        ItemsOpenEnded = 6,
        /// [`Event::Cancel`].
        Cancel = 7,
        /// [`Event::Pause`].
        Pause = 8,
        /// [`Event::Resume`].
        Resume = 9,
        /// [`Event::Advice`].
        Advice = 10,
        /// [`Event::End`].
        End = 11,
        /// [`Event::TakenOver`].
        TakenOver = 12,
        /// [`Event::Persisted`].
        Persisted = 13,
    }
}

/// In the first word of a record, of an op as well: the bits of the kind.
pub const KIND_MASK: u32 = 0xff;
/// And where the attempt begins above them.
pub const ATTEMPT_SHIFT: u32 = 8;

/// Words of one event.
pub const EVENT_WORDS: usize = 3;

impl Event {
    /// In `Advice`: another try would fail like this one.
    pub const NEVER: Millis = Millis(u32::MAX);

    /// The record that crosses from the host: kind and attempt (`kind | attempt << 8`), task, argument.
    pub fn to_words(self) -> [u32; EVENT_WORDS] {
        let record = |kind: EventKind, attempt: u32, task: TaskId, argument: u32| {
            [kind.number() | attempt << ATTEMPT_SHIFT, task.0, argument]
        };
        let alone = |kind: EventKind| [kind.number(), 0, 0];
        match self {
            Event::Done { task, attempt, routed } => record(EventKind::Done, attempt, task, routed.into()),
            Event::Failed { task, attempt, code } => {
                record(EventKind::Failed, attempt, task, code.number().into())
            }
            Event::Route { task, attempt, handle } => record(EventKind::Route, attempt, task, handle.0),
            Event::Progress { task, attempt, percent } => record(EventKind::Progress, attempt, task, percent),
            Event::Items { task, attempt, count, open_ended: false } => {
                record(EventKind::Items, attempt, task, count)
            }
            Event::Items { task, attempt, count, open_ended: true } => {
                record(EventKind::ItemsOpenEnded, attempt, task, count)
            }
            Event::Cancel => alone(EventKind::Cancel),
            Event::Pause => alone(EventKind::Pause),
            Event::Resume => alone(EventKind::Resume),
            Event::Advice { task, attempt, delay } => record(EventKind::Advice, attempt, task, delay.0),
            Event::End { task, attempt } => record(EventKind::End, attempt, task, 0),
            Event::TakenOver => alone(EventKind::TakenOver),
            Event::Persisted { task, attempt } => record(EventKind::Persisted, attempt, task, 0),
        }
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`Misuse::Malformed`] for a kind or code that does not exist.
    pub fn from_words([head, task, argument]: [u32; EVENT_WORDS]) -> Result<Event, Misuse> {
        let (task, attempt) = (TaskId(task), head >> ATTEMPT_SHIFT);
        let kind = EventKind::of(head & KIND_MASK).ok_or(Misuse::Malformed)?;
        Ok(match kind {
            EventKind::Done => Event::Done { task, attempt, routed: argument != 0 },
            EventKind::Failed => {
                let code = u8::try_from(argument).ok().and_then(ErrorCode::from_number);
                Event::Failed { task, attempt, code: code.ok_or(Misuse::Malformed)? }
            }
            EventKind::Route => Event::Route { task, attempt, handle: Name(argument) },
            EventKind::Progress => Event::Progress { task, attempt, percent: argument },
            EventKind::Items => Event::Items { task, attempt, count: argument, open_ended: false },
            EventKind::ItemsOpenEnded => Event::Items { task, attempt, count: argument, open_ended: true },
            EventKind::Cancel => Event::Cancel,
            EventKind::Pause => Event::Pause,
            EventKind::Resume => Event::Resume,
            EventKind::Advice => Event::Advice { task, attempt, delay: Millis(argument) },
            EventKind::End => Event::End { task, attempt },
            EventKind::TakenOver => Event::TakenOver,
            EventKind::Persisted => Event::Persisted { task, attempt },
        })
    }
}
