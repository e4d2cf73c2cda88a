//! The life of one leaf: begin, delay, run, answer, animation, end; and again after a failure.

use super::animation::{SETTLE_SPAN, STEPS_MS, STEPS_SPAN, steps};
use super::op::Op;
use super::state::{Run, RunPhase};
use super::step::{Carry, Step};
use super::task::{BEFORE_FIRST_STEP, Phase, TaskState};
use super::timer::Alarm;
use crate::error::ErrorCode;
use crate::flow::Name;
use crate::ids::{Millis, TaskId};
use crate::plan::Kind;

impl Run {
    /// Takes a ready leaf into flight.
    pub(super) fn begin(&mut self, task: TaskId) {
        self.begin_scopes(task);
        let now = self.state.now;
        self.enter_flight(task);
        self.change(task, Op::NO_STEP, |task| {
            task.state = TaskState::Executing;
            task.phase = Phase::Delayed;
            task.attempt = task.next_attempt();
            task.started = now;
        });
        if self.state.options.slow_mo > 0.0 || self.watched {
            self.show_next_step(task);
        }
        let mut delay = 0.0;
        if self.state.simulate_delay == Some(self.node_of(task)) {
            delay = self.state.options.simulate_delay.map_or(0.0, |simulation| simulation.delay);
            self.state.launched_late.remove(&task);
        }
        if delay > 0.0 {
            let attempt = self.task(task).attempt;
            self.ops.push(Op::Wait { task, ms: Millis(delay as u32), fails: false });
            self.state.timers.arm(now + delay, Alarm::Begin { task, attempt });
        } else {
            self.launch(task);
        }
    }

    /// Hands the leaf to the host, or lets it fail if that is to be simulated.
    pub(super) fn launch(&mut self, task: TaskId) {
        if self.state.options.slow_mo > 0.0 || self.watched || self.state.simulate_delay.is_some() {
            self.start_animation(task);
        }
        let simulated = self.state.simulate_error == Some(self.node_of(task));
        if let Some(simulation) = self.state.options.simulate_error.filter(|_| simulated) {
            let found = self.task_mut(task);
            found.tries = found.tries.saturating_add(1);
            if simulation.delay > 0.0 {
                let attempt = self.task(task).attempt;
                self.ops.push(Op::Wait { task, ms: Millis(simulation.delay as u32), fails: true });
                self.state.timers.arm(self.state.now + simulation.delay, Alarm::Simulate { task, attempt });
            } else {
                self.simulate_failure(task);
            }
            return;
        }
        if self.plan.node(self.node_of(task)).persists {
            self.hold(task);
        } else {
            self.hand_over(task);
        }
    }

    /// Lets a leaf wait until what came before is on disk.
    #[cold]
    #[inline(never)]
    pub(super) fn hold(&mut self, task: TaskId) {
        let found = self.task_mut(task);
        found.phase = Phase::Held;
        let attempt = found.attempt;
        self.ops.push(Op::Persist { task, attempt });
    }

    /// Starts the leaves of which it was told that what came before is on disk; in a pause they wait for its end.
    #[cold]
    #[inline(never)]
    pub(super) fn start_persisted(&mut self) {
        for (task, attempt) in std::mem::take(&mut self.persisted) {
            let found = self.task(task);
            if found.phase != Phase::Held || found.attempt != attempt || self.state.phase != RunPhase::Active
            {
                continue;
            }
            if self.state.paused && !self.resuming {
                self.state.timers.hold_alarm(self.state.now, Alarm::Start { task, attempt });
            } else {
                self.hand_over(task);
            }
        }
    }

    /// Hands a leaf to the host.
    #[inline(always)]
    pub(super) fn hand_over(&mut self, task: TaskId) {
        self.state.routes.remove(&task);
        let found = self.task_mut(task);
        found.phase = Phase::Running;
        found.tries = found.tries.saturating_add(1);
        let (attempt, attempt_number) = (found.attempt, found.tries);
        self.arm_deadline(task);
        self.ops.push(Op::Start { task, attempt, attempt_number });
    }

    /// A backoff is over.
    pub(super) fn retry(&mut self, task: TaskId) {
        if self.may_start(task) {
            self.try_again(task);
        }
    }

    #[inline(never)]
    pub(super) fn try_again(&mut self, task: TaskId) {
        if self.kind_of(task) != Kind::Leaf {
            self.begin_again(task);
            return;
        }
        // A second try shows no animation of its own.
        let all = steps(self.plan.node(self.node_of(task)).weight).len();
        let found = self.task_mut(task);
        found.attempt = found.next_attempt();
        found.phase = Phase::Delayed;
        found.step = all as u8;
        self.launch(task);
    }

    /// The executable returned.
    pub(super) fn answer(&mut self, task: TaskId, attempt: u32, routed: bool) {
        let found = self.task_mut(task);
        if found.phase != Phase::Running || found.attempt != attempt {
            return;
        }
        found.phase = Phase::Answered;
        found.routed = routed;
        if self.state.options.slow_mo > 0.0 {
            if self.animation_is_over(task) {
                self.show_complete(task);
            }
            return;
        }
        if self.watched {
            self.show_remaining_steps(task);
            self.change(task, Op::COMPLETE_STEP, |task| task.percent = 100);
        }
        self.complete_leaf(task);
    }

    pub(super) fn complete_leaf(&mut self, task: TaskId) {
        self.leave_flight(task);
        let now = self.state.now;
        self.change(task, Op::NO_STEP, |task| {
            task.phase = Phase::Idle;
            task.state = TaskState::Completed;
            task.percent = 100;
            task.ended = now;
        });
        let carry = if self.task(task).routed { Carry::Named } else { Carry::Output };
        self.steps.push(Step::Over(task, carry));
        self.run_steps();
    }

    pub(super) fn report_progress(&mut self, task: TaskId, attempt: u32, percent: u32) {
        let found = self.task(task);
        if found.phase != Phase::Running || found.attempt != attempt {
            return;
        }
        self.change(task, Op::NO_STEP, |task| {
            task.reports = true;
            task.percent = percent.min(100) as u8;
        });
    }

    pub(super) fn name_route(&mut self, task: TaskId, attempt: u32, handle: Name) {
        let found = self.task(task);
        if found.phase == Phase::Running && found.attempt == attempt {
            self.state.routes.entry(task).or_default().push(handle.0);
        }
    }

    /// Sets the time of the step after the first, which was shown when the task began. A second try has none of its own.
    fn start_animation(&mut self, task: TaskId) {
        if self.task(task).tries > 0 {
            return;
        }
        if self.state.simulate_delay == Some(self.node_of(task)) {
            self.state.launched_late.insert(task, self.state.now);
        }
        if self.state.options.slow_mo > 0.0 {
            self.arm_step(task);
        } else if self.watched {
            let attempt = self.task(task).attempt;
            self.state.timers.arm(self.state.now + STEPS_MS, Alarm::Step { task, attempt });
        }
    }

    /// The next step of the animation; without slow motion, all that are left.
    pub(super) fn animate(&mut self, task: TaskId) {
        if self.state.options.slow_mo == 0.0 {
            self.show_remaining_steps(task);
        } else if self.show_next_step(task) {
            self.arm_step(task);
        } else {
            // The time of the last step has passed as well.
            let all = steps(self.plan.node(self.node_of(task)).weight).len();
            self.task_mut(task).step = all as u8;
            if self.task(task).phase == Phase::Answered {
                self.show_complete(task);
            }
        }
    }

    /// The animation belongs to an attempt; this is for one that takes another's place in the middle of it.
    pub(super) fn go_on_animating(&mut self, task: TaskId) {
        if self.state.options.slow_mo > 0.0 && !self.animation_is_over(task) {
            self.arm_step(task);
        }
    }

    /// Steps are due at fixed moments, so that timers that come late do not add up.
    fn arm_step(&mut self, task: TaskId) {
        let all = steps(self.plan.node(self.node_of(task)).weight).len();
        let found = self.task(task);
        let (attempt, shown) = (found.attempt, f64::from(found.step) + 1.0);
        let launched = self.launched(task).unwrap_or(found.started);
        let at = launched + self.state.options.slow_mo * STEPS_SPAN * shown / all as f64;
        self.state.timers.arm(at, Alarm::Step { task, attempt });
    }

    /// When the executable of a task's first try started, or the failure that is simulated in its place: the animation
    /// starts with it.
    pub(super) fn launched(&self, task: TaskId) -> Option<f64> {
        if self.state.simulate_delay == Some(self.node_of(task)) {
            self.state.launched_late.get(&task).copied()
        } else {
            Some(self.task(task).started)
        }
    }

    pub(super) fn enter_flight(&mut self, task: TaskId) {
        self.task_mut(task).lane = self.state.in_flight.len() as u32;
        self.state.in_flight.push(task);
    }

    pub(super) fn leave_flight(&mut self, task: TaskId) {
        let lane = self.task(task).lane as usize;
        if self.state.in_flight.get(lane) != Some(&task) {
            return;
        }
        self.state.in_flight.swap_remove(lane);
        if let Some(moved) = self.state.in_flight.get(lane).copied() {
            self.task_mut(moved).lane = lane as u32;
        }
    }

    /// Sets the deadline of an attempt or of an open scope.
    pub(super) fn arm_deadline(&mut self, task: TaskId) {
        if let Some(timeout) = self.plan.node(self.node_of(task)).timeout_ms {
            let attempt = self.task(task).attempt;
            self.state.timers.arm(self.state.now + f64::from(timeout), Alarm::Deadline { task, attempt });
        }
    }

    /// The engine lets the attempt fail instead of running it.
    pub(super) fn simulate_failure(&mut self, task: TaskId) {
        let attempt = self.task(task).attempt;
        self.ops.push(Op::Abort { task, attempt, code: ErrorCode::ExecutionFailed });
        self.retry_or_fail(task, ErrorCode::ExecutionFailed, Millis::ZERO);
    }

    fn animation_is_over(&self, task: TaskId) -> bool {
        let all = steps(self.plan.node(self.node_of(task)).weight).len();
        let found = self.task(task);
        found.step != BEFORE_FIRST_STEP && usize::from(found.step) >= all
    }

    fn show_complete(&mut self, task: TaskId) {
        self.change(task, Op::COMPLETE_STEP, |task| {
            task.percent = 100;
            task.phase = Phase::Settling;
        });
        let attempt = self.task(task).attempt;
        let at = self.state.now + self.state.options.slow_mo * SETTLE_SPAN;
        self.state.timers.arm(at, Alarm::Settle { task, attempt });
    }

    fn show_remaining_steps(&mut self, task: TaskId) {
        while self.show_next_step(task) {}
    }

    /// Returns false when there is no further step.
    fn show_next_step(&mut self, task: TaskId) -> bool {
        let all = steps(self.plan.node(self.node_of(task)).weight);
        let found = self.task(task);
        let next = if found.step == BEFORE_FIRST_STEP { 0 } else { found.step + 1 };
        let Some((percent, _)) = all.get(usize::from(next)).copied() else { return false };
        if self.task(task).reports {
            self.task_mut(task).step = next;
        } else {
            self.change(task, u32::from(next), |task| {
                task.step = next;
                task.percent = percent as u8;
            });
        }
        true
    }
}
