//! Where the limits of one node stand: which starts still count, what waits, and what is under way.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::task::{Phase, Task};
use crate::flow::NodeLimit;
use crate::ids::TaskId;

/// A task, and the attempt that tells it from one that uses the same number later.
type Entry = (TaskId, u32);

/// Where the limits of one node stand.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Limiter {
    /// The starts that still count, the earliest first; never more than the rate has.
    pub(super) starts: VecDeque<f64>,
    /// First come, first served. Entries whose task was stopped meanwhile are left out when they come up.
    pub(super) waiting: VecDeque<Entry>,
    pub(super) admitted: Vec<Entry>,
    /// When the earliest of its timers comes up.
    pub(super) wakes: f64,
    /// Tasks that were under way when it was last looked at. A snapshot says it by the tasks.
    #[serde(skip)]
    pub(super) under_way: Vec<TaskId>,
}

impl Limiter {
    pub(crate) fn new() -> Limiter {
        Limiter {
            starts: VecDeque::new(),
            waiting: VecDeque::new(),
            admitted: Vec::new(),
            wakes: f64::INFINITY,
            under_way: Vec::new(),
        }
    }

    /// Leaves out what counts no longer.
    pub(super) fn tidy(&mut self, limit: &NodeLimit, now: f64, tasks: &[Task]) {
        let is = |(task, attempt): &Entry, phase: Phase| {
            tasks.get(task.index()).is_some_and(|found| found.attempt == *attempt && found.phase == phase)
        };
        let per_ms = limit.rate.map_or(0.0, |rate| f64::from(rate.per_ms));
        while self.starts.front().is_some_and(|start| start + per_ms <= now) {
            self.starts.pop_front();
        }
        self.under_way.retain(|task| tasks.get(task.index()).is_some_and(Task::is_under_way));
        while self.waiting.front().is_some_and(|entry| !is(entry, Phase::Throttled)) {
            self.waiting.pop_front();
        }
        self.admitted.retain(|entry| is(entry, Phase::Admitted));
    }

    pub(super) fn has_room(&self, limit: &NodeLimit) -> bool {
        let is_below = |count: usize, most: Option<u32>| {
            most.is_none_or(|most| count + self.admitted.len() < most as usize)
        };
        is_below(self.starts.len(), limit.rate.map(|rate| rate.starts))
            && is_below(self.under_way.len(), limit.concurrency)
    }

    /// Notes that a task starts.
    pub(super) fn start(&mut self, limit: &NodeLimit, task: TaskId, now: f64) {
        if limit.rate.is_some() {
            self.starts.push_back(now);
        }
        if limit.concurrency.is_some() {
            self.under_way.push(task);
        }
    }
}
