//! What a failure leads to: another try, an edge that catches it, or the end of the run.

use super::flow_control::{Carry, Step};
use super::task::{Phase, TaskState};
use super::timer::Alarm;
use super::{Op, Run, RunPhase};
use crate::error::ErrorCode;
use crate::plan::Kind;

impl Run {
    /// The executable failed, or the items of a scope could not be told.
    pub(super) fn attempt_failed(&mut self, task: u32, attempt: u32, code: ErrorCode) {
        let found = self.task(task);
        if found.attempt != attempt {
            return;
        }
        match found.phase {
            Phase::Running => self.retry_or_fail(task, code),
            Phase::Asking => self.fail(task, code),
            _ => {}
        }
    }

    /// An attempt, or a scope, has taken too long.
    pub(super) fn node_deadline(&mut self, task: u32) {
        let attempt = self.task(task).attempt;
        self.ops.push(Op::Abort { task, attempt, code: ErrorCode::Timeout });
        match self.kind_of(task) {
            Kind::Leaf => self.retry_or_fail(task, ErrorCode::Timeout),
            Kind::Group | Kind::Each { .. } => self.fail(task, ErrorCode::Timeout),
        }
    }

    pub(super) fn retry_or_fail(&mut self, task: u32, code: ErrorCode) {
        let node = self.plan.node(self.node_of(task));
        let options = &self.state.options;
        let retries = node.retries.unwrap_or(options.retries);
        let base = node.retry_delay_ms.map_or(options.retry_delay, f64::from);
        let tries = self.task(task).tries;
        self.state.routes.remove(&task);
        if tries > retries || !code.retryable() {
            self.fail(task, code);
            return;
        }
        let full = base * 2_f64.powi(tries.saturating_sub(1).min(30) as i32);
        let delay = if self.state.options.jitter { full * self.jitter(task) } else { full };
        let found = self.task_mut(task);
        found.phase = Phase::Backoff;
        let attempt = found.attempt;
        self.state.timers.arm(self.state.now + delay, Alarm::Retry { task, attempt });
    }

    /// Ends the run: stops what is in flight, starts nothing more.
    pub(super) fn finish(&mut self, code: Option<ErrorCode>, cause: u32) {
        if self.state.phase != RunPhase::Active {
            return;
        }
        let reason = match code {
            Some(ErrorCode::Timeout) if cause == Op::NOBODY => ErrorCode::Timeout,
            _ => ErrorCode::Cancelled,
        };
        self.stop_flight(reason, |_, _| true);
        if code.is_some() {
            self.fail_scopes();
        }
        self.steps.clear();
        self.state.phase = RunPhase::Finished;
        self.state.ended = self.state.now;
        self.state.cause = cause;
        self.state.code = code;
        self.ops.push(Op::Finish { cause, code });
    }

    /// Stops one task of a scope that failed.
    pub(super) fn abandon(&mut self, task: u32) {
        let now = self.state.now;
        match self.task(task).phase {
            Phase::Idle => {}
            // A scope may be open before the first of its nodes begins; then it never began.
            _ if self.task(task).state != TaskState::Executing => self.task_mut(task).phase = Phase::Idle,
            _ => self.change(task, Op::NO_STEP, |task| {
                task.phase = Phase::Idle;
                task.state = TaskState::Error;
                task.ended = now;
            }),
        }
    }

    /// A task has failed for good. The error goes to the nearest edge that catches it: the task's own, or that of a
    /// scope around it, which then is over as well.
    fn fail(&mut self, cause: u32, code: ErrorCode) {
        self.leave_flight(cause);
        self.stop(cause);
        let mut catcher = Some(cause);
        while let Some(task) = catcher
            && !self.plan.node(self.node_of(task)).catches
        {
            catcher = self.parent_of(task);
        }
        let Some(catcher) = catcher else {
            self.finish(Some(code), cause);
            return;
        };
        if catcher != cause {
            self.stop(catcher);
        }
        self.ops.push(Op::Catch { task: catcher, cause });
        self.steps.push(Step::Over(catcher, Carry::Error));
        self.run_steps();
    }

    /// Marks a task as failed; a scope with all that it contains.
    fn stop(&mut self, task: u32) {
        let now = self.state.now;
        if self.kind_of(task) != Kind::Leaf {
            self.stop_flight(ErrorCode::Cancelled, |run, inner| run.is_within(inner, task));
            let node = self.node_of(task);
            let offset = task.wrapping_sub(node);
            self.abandon_frames(task);
            if self.kind_of(task) == Kind::Group {
                for inner in node + 1..self.plan.node(node).end {
                    let inner = inner.wrapping_add(offset);
                    self.abandon(inner);
                    self.abandon_frames(inner);
                }
            }
        }
        self.change(task, Op::NO_STEP, |task| {
            task.phase = Phase::Idle;
            task.state = TaskState::Error;
            task.ended = now;
        });
    }

    /// Stops the tasks in flight that are chosen.
    fn stop_flight(&mut self, reason: ErrorCode, chosen: impl Fn(&Run, u32) -> bool) {
        let mut lane = self.state.in_flight.len();
        while lane > 0 {
            lane -= 1;
            let task = self.state.in_flight[lane];
            if chosen(self, task) {
                self.leave_flight(task);
                self.ops.push(Op::Abort { task, attempt: self.task(task).attempt, code: reason });
                self.abandon(task);
            }
        }
    }

    /// Scopes that have begun will not complete: also those in which nothing is in flight just now.
    fn fail_scopes(&mut self) {
        let now = self.state.now;
        for task in (0..self.state.tasks.len() as u32).rev() {
            if self.task(task).state == TaskState::Executing {
                self.change(task, Op::NO_STEP, |scope| {
                    scope.phase = Phase::Idle;
                    scope.state = TaskState::Error;
                    scope.ended = now;
                });
            }
        }
    }

    fn is_within(&self, task: u32, scope: u32) -> bool {
        let mut inner = task;
        while let Some(outer) = self.parent_of(inner) {
            if outer == scope {
                return true;
            }
            inner = outer;
        }
        false
    }

    /// 0.5 to 1, from the seed, the task and the try.
    fn jitter(&self, task: u32) -> f64 {
        let salt = u64::from(task) << 32 | u64::from(self.task(task).tries);
        0.5 + 0.5 * super::options::unit(self.state.options.seed, salt)
    }
}
