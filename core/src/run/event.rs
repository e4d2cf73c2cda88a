//! What the host tells the run.

use super::Misuse;
use crate::error::ErrorCode;
use crate::flow::Name;

/// Something that happened outside. An event for an attempt that is over is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The executable returned; its value is in the task's slot.
    Done {
        /// Which task.
        task: u32,
        /// The attempt that [`Op::Start`](super::Op::Start) named.
        attempt: u32,
        /// The value names the handles that carry it: those sent before as `Route`.
        routed: bool,
    },
    /// The executable failed, or the items of a scope could not be told.
    Failed {
        /// Which task.
        task: u32,
        /// The attempt that the op named.
        attempt: u32,
        /// Decides whether a retry makes sense.
        code: ErrorCode,
    },
    /// The coming `Done` carries its value on this handle.
    Route {
        /// Which task.
        task: u32,
        /// The attempt that the op named.
        attempt: u32,
        /// The handle.
        handle: Name,
    },
    /// What the failure that is told next says of another try: that there is to be none ([`Event::NEVER`]), or how long
    /// to wait for it at the least. Comes right before `Failed`; alone it means nothing.
    Advice {
        /// Which task.
        task: u32,
        /// The attempt that the op named.
        attempt: u32,
        /// In ms.
        delay: u32,
    },
    /// The executable reports its own progress.
    Progress {
        /// Which task.
        task: u32,
        /// The attempt that the op named.
        attempt: u32,
        /// 0–100; larger counts as 100.
        percent: u32,
    },
    /// The answer to [`Op::Ask`](super::Op::Ask).
    Items {
        /// Which scope.
        task: u32,
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
        task: u32,
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
        task: u32,
        /// The attempt that the op named.
        attempt: u32,
    },
    /// The host is gone that had the run, and this one has told again all that was on disk. What was in flight starts
    /// again under new attempts, as the same try. Deadlines of the run and of scopes do not count the time since the event
    /// before this one; what was waited for is due when it would have been.
    TakenOver,
}

/// Words of one event.
pub const EVENT_WORDS: usize = 3;

impl Event {
    /// In `Advice`: another try would fail like this one.
    pub const NEVER: u32 = u32::MAX;

    /// The record that crosses from the host: kind and attempt (`kind | attempt << 8`), task, argument.
    pub fn to_words(self) -> [u32; EVENT_WORDS] {
        let record =
            |kind: u32, attempt: u32, task: u32, argument: u32| [kind | attempt << 8, task, argument];
        match self {
            Event::Done { task, attempt, routed } => record(1, attempt, task, routed.into()),
            Event::Failed { task, attempt, code } => record(2, attempt, task, code.number().into()),
            Event::Route { task, attempt, handle } => record(3, attempt, task, handle.0),
            Event::Progress { task, attempt, percent } => record(4, attempt, task, percent),
            Event::Items { task, attempt, count, open_ended: false } => record(5, attempt, task, count),
            Event::Items { task, attempt, count, open_ended: true } => record(6, attempt, task, count),
            Event::Cancel => record(7, 0, 0, 0),
            Event::Pause => record(8, 0, 0, 0),
            Event::Resume => record(9, 0, 0, 0),
            Event::Advice { task, attempt, delay } => record(10, attempt, task, delay),
            Event::End { task, attempt } => record(11, attempt, task, 0),
            Event::TakenOver => record(12, 0, 0, 0),
            Event::Persisted { task, attempt } => record(13, attempt, task, 0),
        }
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`Misuse::Malformed`] for a kind or code that does not exist.
    pub fn from_words([head, task, argument]: [u32; EVENT_WORDS]) -> Result<Event, Misuse> {
        let attempt = head >> 8;
        Ok(match head & 0xff {
            1 => Event::Done { task, attempt, routed: argument != 0 },
            2 => {
                let code = u8::try_from(argument).ok().and_then(ErrorCode::from_number);
                Event::Failed { task, attempt, code: code.ok_or(Misuse::Malformed)? }
            }
            3 => Event::Route { task, attempt, handle: Name(argument) },
            4 => Event::Progress { task, attempt, percent: argument },
            5 => Event::Items { task, attempt, count: argument, open_ended: false },
            6 => Event::Items { task, attempt, count: argument, open_ended: true },
            7 => Event::Cancel,
            8 => Event::Pause,
            9 => Event::Resume,
            10 => Event::Advice { task, attempt, delay: argument },
            11 => Event::End { task, attempt },
            12 => Event::TakenOver,
            13 => Event::Persisted { task, attempt },
            _ => return Err(Misuse::Malformed),
        })
    }
}
