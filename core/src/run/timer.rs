//! What a run waits for. A timer whose task has moved on is stale and dropped when it comes up.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

use super::task::{Phase, Task};
use crate::ids::TaskId;

/// What to do when a timer fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Alarm {
    /// The delay before the executable is over.
    Begin { task: TaskId, attempt: u32 },
    /// A simulated failure shows.
    Simulate { task: TaskId, attempt: u32 },
    /// A backoff is over.
    Retry { task: TaskId, attempt: u32 },
    /// An attempt, or a scope, has taken too long.
    Deadline { task: TaskId, attempt: u32 },
    /// The next step of the animation.
    Step { task: TaskId, attempt: u32 },
    /// The wait at 100 % is over.
    Settle { task: TaskId, attempt: u32 },
    /// The run has taken too long.
    RunDeadline,
    /// What waits first for this rate limit of the plan may start.
    Admit { limit: u32 },
    /// What came before the task is on disk, which was told in a pause.
    Start { task: TaskId, attempt: u32 },
}

impl Alarm {
    /// Whether an executable, or the scope around some, begins then: what a pause holds up.
    pub(crate) fn begins_something(self) -> bool {
        matches!(self, Alarm::Begin { .. } | Alarm::Retry { .. } | Alarm::Admit { .. } | Alarm::Start { .. })
    }

    pub(crate) fn is_stale(self, tasks: &[Task]) -> bool {
        let (task, attempt, expected): (TaskId, u32, &[Phase]) = match self {
            Alarm::Begin { task, attempt } | Alarm::Simulate { task, attempt } => {
                (task, attempt, &[Phase::Delayed])
            }
            Alarm::Retry { task, attempt } => (task, attempt, &[Phase::Backoff]),
            Alarm::Deadline { task, attempt } => {
                (task, attempt, &[Phase::Running, Phase::Open, Phase::Asking])
            }
            Alarm::Step { task, attempt } => {
                (task, attempt, &[Phase::Delayed, Phase::Held, Phase::Running, Phase::Answered])
            }
            Alarm::Start { task, attempt } => (task, attempt, &[Phase::Held]),
            Alarm::Settle { task, attempt } => (task, attempt, &[Phase::Settling]),
            Alarm::RunDeadline | Alarm::Admit { .. } => return false,
        };
        tasks
            .get(task.index())
            .is_none_or(|found| found.attempt != attempt || !expected.contains(&found.phase))
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Timer {
    at: f64,
    /// Timers of the same moment fire in the order in which they were armed.
    sequence: u64,
    pub(crate) alarm: Alarm,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.total_cmp(&other.at).then(self.sequence.cmp(&other.sequence))
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<Timer>>,
    armed: u64,
    /// Fell due in a pause that is not over: in the order in which they are due, because that is how timers fire.
    held: Vec<Timer>,
}

/// Timers in a snapshot: those that are held are timers like the others, due for a while.
#[derive(Serialize, Deserialize)]
struct Saved {
    heap: BinaryHeap<Reverse<Timer>>,
    armed: u64,
}

impl From<Timers> for Saved {
    fn from(Timers { mut heap, armed, held }: Timers) -> Saved {
        heap.extend(held.into_iter().map(Reverse));
        Saved { heap, armed }
    }
}

impl From<Saved> for Timers {
    fn from(Saved { heap, armed }: Saved) -> Timers {
        Timers { heap, armed, held: Vec::new() }
    }
}

impl Timers {
    pub(crate) fn arm(&mut self, at: f64, alarm: Alarm) {
        self.heap.push(Reverse(Timer { at, sequence: self.armed, alarm }));
        self.armed = self.armed.wrapping_add(1);
    }

    /// Puts off by `ms` what is chosen.
    pub(crate) fn put_off(&mut self, ms: f64, is_chosen: impl Fn(Alarm) -> bool) {
        let mut timers = std::mem::take(&mut self.heap).into_vec();
        for Reverse(timer) in &mut timers {
            if is_chosen(timer.alarm) {
                timer.at += ms;
            }
        }
        self.heap = timers.into();
    }

    /// Keeps a timer that fell due in a pause.
    pub(crate) fn hold_alarm(&mut self, at: f64, alarm: Alarm) {
        self.held.push(Timer { at, sequence: self.armed, alarm });
        self.armed = self.armed.wrapping_add(1);
    }

    /// Whether every timer has a moment at which it is due.
    pub(crate) fn are_timed(&self) -> bool {
        self.heap.iter().all(|timer| !timer.0.at.is_nan())
    }

    pub(crate) fn take_due(&mut self, now: f64) -> Option<Timer> {
        self.heap.peek().filter(|next| next.0.at <= now)?;
        self.heap.pop().map(|due| due.0)
    }

    /// Keeps a timer that was taken until [`Timers::release`]. Nobody waits for it meanwhile.
    pub(crate) fn hold(&mut self, timer: Timer) {
        self.held.push(timer);
    }

    /// Holds all that begins something and is due.
    pub(crate) fn hold_due(&mut self, now: f64) {
        let is_held = |timer: &Timer| timer.at <= now && timer.alarm.begins_something();
        let all = std::mem::take(&mut self.heap).into_sorted_vec();
        // Sorted in reverse: the earliest is the last.
        let (held, waiting): (Vec<_>, Vec<_>) = all.into_iter().rev().partition(|timer| is_held(&timer.0));
        self.held.extend(held.into_iter().map(|timer| timer.0));
        self.heap = waiting.into();
    }

    /// What was held, in the order in which it was due.
    pub(crate) fn release(&mut self) -> Vec<Timer> {
        std::mem::take(&mut self.held)
    }

    pub(crate) fn is_due(&self, now: f64) -> bool {
        self.heap.peek().is_some_and(|next| next.0.at <= now)
    }

    /// The earliest moment that counts, forgetting stale timers on the way.
    pub(crate) fn next(&mut self, is_stale: impl Fn(Alarm) -> bool) -> Option<f64> {
        while let Some(Reverse(first)) = self.heap.peek() {
            if !is_stale(first.alarm) {
                return Some(first.at);
            }
            self.heap.pop();
        }
        None
    }
}
