//! What a failure leads to: another try, an edge that catches it, or the end of the run. And how a run ends.

use super::event::Event;
use super::op::Op;
use super::options::unit;
use super::state::{Run, RunPhase};
use super::step::{Carry, Step};
use super::task::{Phase, Task, TaskState};
use super::timer::Alarm;
use crate::error::ErrorCode;
use crate::ids::{Millis, Offset, TaskId};
use crate::plan::Kind;

impl Run {
    /// The executable failed, or the items of a scope could not be told.
    pub(super) fn attempt_failed(&mut self, task: TaskId, attempt: u32, code: ErrorCode) {
        let advice = self.advice.take().filter(|(of, at, _)| (*of, *at) == (task, attempt));
        let found = self.task(task);
        if found.attempt != attempt {
            return;
        }
        match found.phase {
            Phase::Running if advice.is_some_and(|(.., delay)| delay == Event::NEVER) => {
                self.state.routes.remove(&task);
                self.fail(task, code);
            }
            Phase::Running => {
                self.retry_or_fail(task, code, advice.map_or(Millis::ZERO, |(.., delay)| delay))
            }
            Phase::Asking => self.fail(task, code),
            _ => {}
        }
    }

    /// An attempt, or a scope, has taken too long.
    pub(super) fn node_deadline(&mut self, task: TaskId) {
        let attempt = self.task(task).attempt;
        self.ops.push(Op::Abort { task, attempt, code: ErrorCode::Timeout });
        match self.kind_of(task) {
            Kind::Leaf => self.retry_or_fail(task, ErrorCode::Timeout, Millis::ZERO),
            Kind::Group if self.is_try(task) => self.time_out_body(task),
            Kind::Group | Kind::Each { .. } => self.fail(task, ErrorCode::Timeout),
        }
    }

    /// `least`: the shortest backoff that the failure asks for.
    pub(super) fn retry_or_fail(&mut self, task: TaskId, code: ErrorCode, least: Millis) {
        let node = self.plan.node(self.node_of(task));
        let options = &self.state.options;
        let retries = node.retries.unwrap_or(options.retries);
        let tries = self.task(task).tries;
        self.state.routes.remove(&task);
        if tries > retries || !code.retryable() {
            self.fail(task, code);
            return;
        }
        let percent = self.reached_percent(task, self.state.now);
        if percent != self.task(task).percent {
            self.change(task, Op::NO_STEP, |task| task.percent = percent);
        }
        self.task_mut(task).phase = Phase::Backoff;
        self.arm_retry(task, least);
    }

    /// Sets the end of a task's backoff.
    fn arm_retry(&mut self, task: TaskId, least: Millis) {
        let node = self.plan.node(self.node_of(task));
        let options = &self.state.options;
        let base = node.retry_delay_ms.map_or(options.retry_delay, f64::from);
        let spread = node.retry_jitter.unwrap_or(options.jitter).then_some((options.seed, task));
        let found = self.task(task);
        let attempt = found.attempt;
        let delay = backoff(base, found.tries, spread).max(f64::from(least));
        self.state.timers.arm(self.state.now + delay, Alarm::Retry { task, attempt });
    }

    /// The executable returned, and the run is to end with that: what is around it is over as well, all else is stopped.
    #[inline(never)]
    pub(super) fn end(&mut self, task: TaskId, attempt: u32) {
        let found = self.task(task);
        if found.phase != Phase::Running || found.attempt != attempt {
            return;
        }
        self.leave_flight(task);
        let now = self.state.now;
        let mut over = Some(task);
        while let Some(inner) = over {
            self.change(inner, Op::NO_STEP, |task| {
                task.phase = Phase::Idle;
                task.state = TaskState::Completed;
                task.percent = 100;
                task.ended = now;
            });
            over = self.parent_of(inner);
        }
        self.finish(None, task);
    }

    /// Ends the run: stops what is in flight, starts nothing more.
    pub(super) fn finish(&mut self, code: Option<ErrorCode>, cause: TaskId) {
        if self.state.phase != RunPhase::Active {
            return;
        }
        let reason = match code {
            Some(ErrorCode::Timeout) if cause == TaskId::NONE => ErrorCode::Timeout,
            _ => ErrorCode::Cancelled,
        };
        self.stop_flight(reason, TaskState::Error, &|_, _| true);
        if code.is_some() || cause != TaskId::NONE {
            self.fail_scopes();
        }
        self.steps.clear();
        self.state.phase = RunPhase::Finished;
        self.state.ended = self.state.now;
        self.state.cause = cause;
        self.state.code = code;
        self.ops.push(Op::Finish { cause, code });
    }

    /// Stops one task of a scope that failed or was cancelled, which `left` tells apart.
    #[inline(never)]
    pub(super) fn abandon(&mut self, task: TaskId, left: TaskState) {
        match self.task(task).phase {
            Phase::Idle => {}
            // A scope may be open before the first of its nodes begins; then it never began.
            phase => {
                if self.task(task).state == TaskState::Executing {
                    self.show_stopped(task, left);
                } else {
                    self.task_mut(task).phase = Phase::Idle;
                    if !self.state.limiters.is_empty() {
                        self.release(task);
                    }
                }
                if phase == Phase::Admitted {
                    self.give_up_admission(task);
                }
            }
        }
    }

    /// A task has failed for good. The error goes to the nearest edge that catches it, or to the nearest policy that goes
    /// on after it: the task's own, or that of a scope around it, which then is over as well, or to the nearest `try`. A group
    /// that may begin again comes before all of them. On the way it ends the branches that it is in, with all others of their groups where those
    /// do not go on after it.
    #[inline(never)]
    fn fail(&mut self, cause: TaskId, code: ErrorCode) {
        self.leave_flight(cause);
        self.fail_from(cause, cause, code);
        self.run_steps();
    }

    /// The same for `failed`, which is the cause itself or a scope that has failed at its end because of it.
    #[inline(never)]
    pub(super) fn fail_from(&mut self, failed: TaskId, cause: TaskId, code: ErrorCode) {
        let mut taker = Some(failed);
        let mut lost = None;
        let mut stopped = false;
        while let Some(task) = taker
            && !self.handles(task, code)
            && !self.may_begin_again(task, code)
        {
            if self.loses_frame(task, code) {
                lost = Some(self.task(task).frame);
                break;
            }
            if let Some(scope) = self.branching_around(task) {
                if !stopped {
                    self.stop(failed);
                    stopped = true;
                }
                if task != failed {
                    self.stop(task);
                }
                if self.is_try(scope) {
                    self.fail_section(scope, task, cause, code);
                    return;
                }
                if self.loses_branch(scope, code) {
                    self.lose_branch(scope, task, cause);
                    return;
                }
                self.cancel_branches(scope, None);
                if self.state.options.keep_going {
                    self.fail_scope(scope, cause, code);
                    return;
                }
            }
            taker = self.parent_of(task);
        }
        if !stopped && (taker != Some(failed) || !self.may_begin_again(failed, code)) {
            self.stop(failed);
        }
        if let Some(frame) = lost {
            self.lose_frame(frame, cause);
            return;
        }
        if self.state.options.keep_going
            && taker != Some(failed)
            && let Some(scope) = self.parent_of(failed)
        {
            self.blame(scope, cause, code);
            self.steps.push(Step::Over(failed, Carry::Failure));
            return;
        }
        let Some(taker) = taker else {
            self.finish(Some(code), cause);
            return;
        };
        if self.may_begin_again(taker, code) {
            self.back_off(taker);
            return;
        }
        if taker != failed {
            self.stop(taker);
        }
        self.hand_on(taker, cause);
    }

    /// Whether the failure of a task, or of something in it, ends there: an edge takes the error, or its policy says to go
    /// on. What was cancelled is not to be gone on after.
    fn handles(&self, task: TaskId, code: ErrorCode) -> bool {
        let node = self.plan.node(self.node_of(task));
        node.catches || node.continues() && code != ErrorCode::Cancelled
    }

    /// A task is over with a failure that it handles.
    fn hand_on(&mut self, task: TaskId, cause: TaskId) {
        let continues = self.plan.node(self.node_of(task)).continues();
        self.ops.push(Op::Catch { task, cause });
        self.steps.push(Step::Over(task, if continues { Carry::Undefined } else { Carry::Error }));
    }

    /// All of a scope is over, and something in it failed that nothing caught: now the scope has failed.
    #[inline(never)]
    pub(super) fn fail_scope(&mut self, task: TaskId, cause: TaskId, code: ErrorCode) {
        if self.may_begin_again(task, code) {
            self.back_off(task);
            return;
        }
        self.show_failed(task);
        if self.handles(task, code) {
            self.hand_on(task, cause);
        } else if self.loses_frame(task, code) {
            self.lose_frame(self.task(task).frame, cause);
        } else if let Some(scope) = self.branching_around(task) {
            if self.is_try(scope) {
                self.fail_section(scope, task, cause, code);
            } else if self.loses_branch(scope, code) {
                self.lose_branch(scope, task, cause);
            } else {
                self.cancel_branches(scope, None);
                self.fail_scope(scope, cause, code);
            }
        } else if let Some(scope) = self.parent_of(task) {
            self.blame(scope, cause, code);
            self.steps.push(Step::Over(task, Carry::Failure));
        } else {
            self.finish(Some(code), cause);
        }
    }

    /// A scope goes on although something in it failed: at its end it fails, with what came first.
    fn blame(&mut self, scope: TaskId, cause: TaskId, code: ErrorCode) {
        // What depends on it will be skipped, though maybe only when more of its inputs are decided.
        self.state.diverted = true;
        if self.state.failures.contains_key(&scope) {
            return;
        }
        let is_of_an_item = self.task(cause).frame != self.task(scope).frame;
        if is_of_an_item {
            self.ops.push(Op::Catch { task: scope, cause });
        }
        let cause = if is_of_an_item { scope } else { cause };
        self.state.failures.insert(scope, (cause, code));
    }

    /// Whether a group that has failed, or in which something did, is to begin once more. Only groups that ask for it
    /// themselves: what is asked of a whole run is meant for its leaves. A `try` does so for its body alone.
    pub(super) fn may_begin_again(&self, task: TaskId, code: ErrorCode) -> bool {
        let node = self.plan.node(self.node_of(task));
        node.kind == Kind::Group
            && code.retryable()
            && node.retries.is_some_and(|retries| self.task(task).tries <= retries)
            && (!self.plan.has_branches() || !self.is_try(task) || self.is_in_body(task))
    }

    /// Stops what is left of a group, which begins again after its backoff. Until then it is in flight, like a leaf in
    /// backoff: it keeps a place from what comes later in the plan, where it needs to one more than there are.
    pub(super) fn back_off(&mut self, task: TaskId) {
        self.stop_inside(task);
        self.enter_flight(task);
        let children = self.plan.node(self.node_of(task)).children;
        self.change(task, Op::NO_STEP, |task| {
            task.phase = Phase::Backoff;
            task.open = children;
        });
        self.arm_retry(task, Millis::ZERO);
    }

    /// The backoff of a group is over: everything in it is as it was before it began.
    #[inline(never)]
    pub(super) fn begin_again(&mut self, task: TaskId) {
        self.leave_flight(task);
        let plan = self.plan.clone();
        let node = self.node_of(task);
        let offset = Offset::between(node, task);
        let mut inner = node.next();
        while inner < plan.node(node).end {
            let planned = plan.node(inner);
            let number = offset.task(inner);
            self.state.routes.remove(&number);
            self.change(number, Op::NO_STEP, |task| {
                *task = Task { attempt: task.attempt, ..Task::new(planned, task.frame) };
            });
            // What an iterating scope contains stands for no task of this frame.
            inner = if matches!(planned.kind, Kind::Each { .. }) { planned.end } else { inner.next() };
        }
        self.ops.push(Op::Reset { task });
        self.enter(task);
        self.run_steps();
    }

    /// Marks a task as failed; a scope with all that it contains.
    #[inline(never)]
    fn stop(&mut self, task: TaskId) {
        self.stop_inside(task);
        self.show_failed(task);
    }

    fn show_failed(&mut self, task: TaskId) {
        self.show_stopped(task, TaskState::Error);
    }

    /// What has failed stays at the percent that it had reached; what is skipped counts as done.
    #[inline(never)]
    pub(super) fn show_stopped(&mut self, task: TaskId, left: TaskState) {
        let now = self.state.now;
        let failed = left == TaskState::Error;
        let percent = if failed { self.reached_percent(task, now) } else { 100 };
        self.change(task, Op::NO_STEP, |task| {
            task.percent = percent;
            task.phase = Phase::Idle;
            task.state = left;
            // A scope may fail before any of its nodes begins.
            if failed && task.started.is_nan() {
                task.started = now;
            }
            task.ended = now;
        });
    }

    /// Stops all that a scope contains; nothing for a leaf.
    #[inline(never)]
    fn stop_inside(&mut self, task: TaskId) {
        if self.kind_of(task) == Kind::Leaf {
            return;
        }
        self.stop_flight(ErrorCode::Cancelled, TaskState::Error, &|run, inner| run.is_within(inner, task));
        self.forget_failures(&|run, inner| inner == task || run.is_within(inner, task));
        let node = self.node_of(task);
        let offset = Offset::between(node, task);
        self.abandon_frames(task, TaskState::Error);
        if self.kind_of(task) == Kind::Group {
            for inner in node.next().up_to(self.plan.node(node).end) {
                let inner = offset.task(inner);
                self.abandon(inner, TaskState::Error);
                self.abandon_frames(inner, TaskState::Error);
            }
        }
    }

    /// What failed where all is over counts no longer; its tasks may stand for something else soon.
    #[inline(never)]
    pub(super) fn forget_failures(&mut self, chosen: &dyn Fn(&Run, TaskId) -> bool) {
        let blamed: Vec<TaskId> = self.state.failures.keys().copied().collect();
        for task in blamed {
            if chosen(self, task) {
                self.state.failures.remove(&task);
            }
        }
    }

    /// Stops the tasks in flight that are chosen, and leaves them in this state.
    #[inline(never)]
    pub(super) fn stop_flight(
        &mut self,
        reason: ErrorCode,
        left: TaskState,
        chosen: &dyn Fn(&Run, TaskId) -> bool,
    ) {
        let mut lane = self.state.in_flight.len();
        while lane > 0 {
            lane -= 1;
            let task = self.state.in_flight[lane];
            if chosen(self, task) {
                self.leave_flight(task);
                // A group in backoff has nothing in the host's hands, and ends with the other scopes.
                if self.kind_of(task) != Kind::Group {
                    self.ops.push(Op::Abort { task, attempt: self.task(task).attempt, code: reason });
                    self.abandon(task, left);
                }
            }
        }
        let throttled = if self.state.limiters.is_empty() { Vec::new() } else { self.throttled_tries() };
        for task in throttled {
            if chosen(self, task) {
                self.ops.push(Op::Abort { task, attempt: self.task(task).attempt, code: reason });
                self.abandon(task, left);
            }
        }
    }

    /// Scopes that have begun will not complete: also those in which nothing is in flight just now.
    fn fail_scopes(&mut self) {
        for task in TaskId::ROOT.up_to(TaskId::at(self.state.tasks.len())).rev() {
            if self.task(task).state == TaskState::Executing {
                self.show_failed(task);
            }
        }
    }

    fn is_within(&self, task: TaskId, scope: TaskId) -> bool {
        let mut inner = task;
        while let Some(outer) = self.parent_of(inner) {
            if outer == scope {
                return true;
            }
            inner = outer;
        }
        false
    }
}

/// The wait in ms after so many tries: `base` after the first, twice as long after each further one. With the seed of the run and the
/// task it is spread: between half of that and all of it, always the same for the same seed, task and try.
pub fn backoff(base: f64, tries: u32, spread: Option<(u64, TaskId)>) -> f64 {
    let full = base * 2_f64.powi(tries.saturating_sub(1).min(30) as i32);
    let Some((seed, task)) = spread else { return full };
    let salt = u64::from(task.0) << 32 | u64::from(tries);
    full * (0.5 + 0.5 * unit(seed, salt))
}
