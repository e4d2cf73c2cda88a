//! What can be seen of a run: states and progress, without a word about how it gets there.

use super::animation::{STEPS_MS, steps};
use super::op::Op;
use super::state::{Run, RunPhase};
use super::task::{BEFORE_FIRST_STEP, Phase, Task, TaskState};
use crate::error::ErrorCode;
use crate::ids::{FrameId, NodeId, Offset, TaskId};
use crate::plan::Kind;

/// A run in a few numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunSummary {
    /// Progress over all nodes by weight, 0–100.
    pub overall: u32,
    /// Whether the run is over.
    pub finished: bool,
    /// When it started, in the host's ms.
    pub started: f64,
    /// When it ended; NaN before.
    pub ended: f64,
    /// Why it did not succeed.
    pub code: Option<ErrorCode>,
    /// The task that failed, or [`TaskId::NONE`].
    pub cause: TaskId,
}

/// Numbers before the first node in [`Run::write_view`]: overall progress, finished (0 or 1), started, ended.
pub const VIEW_HEADER: usize = 4;
/// Numbers per node: state, percent, started, ended. Times are NaN while they have not come.
pub const NODE_NUMBERS: usize = 4;

impl Run {
    /// The run as a whole, as it looks at `now`.
    pub fn summary(&self, now: f64) -> RunSummary {
        RunSummary {
            overall: self.overall(now),
            finished: self.state.phase == RunPhase::Finished,
            started: self.state.started,
            ended: if self.state.phase == RunPhase::Finished { self.state.ended } else { f64::NAN },
            code: self.state.code,
            cause: self.state.cause,
        }
    }

    /// Length in numbers of what [`Run::write_view`] writes.
    pub fn view_len(&self) -> usize {
        VIEW_HEADER + self.plan.len() * NODE_NUMBERS
    }

    /// Writes how the run and every node of the outermost frame look at `now`, a scope's percent being that of its
    /// leaves by weight. Returns the numbers written, or 0 if there is too little room.
    pub fn write_view(&self, now: f64, numbers: &mut [f64]) -> usize {
        let length = self.view_len();
        let Some(numbers) = numbers.get_mut(..length) else { return 0 };
        let summary = self.summary(now);
        let (header, records) = numbers.split_at_mut(VIEW_HEADER);
        let finished = f64::from(u8::from(summary.finished));
        header.copy_from_slice(&[summary.overall.into(), finished, summary.started, summary.ended]);
        let records = records.as_chunks_mut::<NODE_NUMBERS>().0;
        for (task, record) in (0..).map(TaskId).zip(records.iter_mut()) {
            let found = self.task(task);
            let state = f64::from(found.state.number());
            *record = [state, self.shown_percent(task, now).into(), found.started, found.ended];
        }
        self.fill_scope_percents(records);
        length
    }

    /// Alters a task, keeps the progress up to date and tells whoever watches.
    pub(super) fn change(&mut self, task: TaskId, step: u32, alter: impl FnOnce(&mut Task)) {
        let before = self.contribution(task);
        alter(self.task_mut(task));
        self.state.done += self.contribution(task) - before;
        if !self.state.limiters.is_empty() && !self.task(task).is_under_way() {
            self.release(task);
        }
        if self.watched {
            let overall = self.overall(self.state.now);
            let Task { state, percent, .. } = *self.task(task);
            self.ops.push(Op::Change { task, state, percent: percent.into(), overall, step });
        }
    }

    /// Weight × percent. Scopes have none of their own: their leaves do.
    fn contribution(&self, task: TaskId) -> f64 {
        let found = self.task(task);
        if found.frame != FrameId::OUTERMOST {
            return 0.0;
        }
        let node = self.plan.node(Offset::NONE.node(task));
        match (node.kind, found.state) {
            (Kind::Group, _) | (_, TaskState::Pending) => 0.0,
            (_, TaskState::Completed | TaskState::Skipped) => node.weight * 100.0,
            // A failure does not undo what was done.
            (_, TaskState::Executing | TaskState::Error) => node.weight * f64::from(found.percent),
        }
    }

    /// Overall progress, 0–100.
    fn overall(&self, now: f64) -> u32 {
        let total = self.plan.total_weight();
        if total <= 0.0 {
            return 0;
        }
        // Also where a failure was caught, and what depended on it never ran.
        if self.state.phase == RunPhase::Finished && self.state.code.is_none() {
            return 100;
        }
        let mut done = self.state.done;
        if !self.watched && self.state.phase == RunPhase::Active {
            for task in &self.state.in_flight {
                if self.task(*task).frame == FrameId::OUTERMOST {
                    let shown = f64::from(self.shown_percent(*task, now));
                    done += self.plan.node(Offset::NONE.node(*task)).weight
                        * (shown - f64::from(self.task(*task).percent));
                }
            }
        }
        (done / total + 0.5).floor() as u32
    }

    /// A watched task shows what was told of it.
    fn shown_percent(&self, task: TaskId, now: f64) -> u8 {
        if self.watched { self.task(task).percent } else { self.reached_percent(task, now) }
    }

    /// The percent that a task has reached, watched or not. An animation that is not watched costs nothing: its state is
    /// worked out when it is asked for.
    pub(super) fn reached_percent(&self, task: TaskId, now: f64) -> u8 {
        let found = self.task(task);
        let animated = matches!(found.phase, Phase::Running | Phase::Held | Phase::Delayed)
            && !found.reports
            && self.state.options.slow_mo == 0.0
            && self.launched(task).is_some_and(|launched| now - launched >= STEPS_MS);
        if !animated {
            return found.percent;
        }
        let all = steps(self.plan.node(self.node_of(task)).weight);
        // A second try has none of its own.
        let is_over = found.step != BEFORE_FIRST_STEP && usize::from(found.step) >= all.len();
        if is_over { found.percent } else { all.last().map_or(0, |(percent, _)| *percent as u8) }
    }

    fn fill_scope_percents(&self, records: &mut [[f64; NODE_NUMBERS]]) {
        let mut done = vec![0.0; records.len()];
        for index in (0..records.len()).rev() {
            let node = self.plan.node(NodeId::at(index));
            if node.kind == Kind::Group {
                let all = if node.weight > 0.0 { (done[index] / node.weight + 0.5).floor() } else { 0.0 };
                let over =
                    [TaskState::Completed, TaskState::Skipped].contains(&self.task(TaskId::at(index)).state);
                records[index][1] = if over { 100.0 } else { all };
            } else {
                done[index] = node.weight * records[index][1];
            }
            if index > 0 {
                done[node.parent.index()] += done[index];
            }
        }
    }
}
