//! Limits of nodes, over all frames and tries: how often one starts within a time, and how many attempts of it are under way at once.
//!
//! A limiter keeps the starts that still count, one time for each, so that the limit holds for every stretch of its time
//! and not only on average; and the tasks that are under way. What has to wait stands in a queue, in no place among what is in flight. When its time has
//! come a leaf or a loop is *admitted*: it starts as soon as there is room, and until then keeps its place among the starts.
//!
//! Most flows have no limits, so that nothing of this is to be inlined into what every node goes through.

use std::cmp::Reverse;

use super::state::{Run, RunPhase};
use super::task::{Phase, TaskState};
use super::timer::Alarm;
use crate::ids::TaskId;
use crate::plan::Kind;

impl Run {
    /// Whether a task may start now, which then counts as a start. If not it waits, in no place among what is in flight.
    pub(super) fn may_start(&mut self, task: TaskId) -> bool {
        self.plan.limits().is_empty() || self.starts_or_waits(task)
    }

    #[cold]
    #[inline(never)]
    fn starts_or_waits(&mut self, task: TaskId) -> bool {
        let Some(place) = self.plan.limit_of(self.node_of(task)) else { return true };
        // What was under way at a host that is gone is so here as well; but for a rate it starts once more.
        if self.task(task).phase == Phase::Running && self.plan.limits()[place].rate.is_none() {
            return true;
        }
        // An attempt that comes after another one of its task takes the place of that.
        self.state.limiters[place].under_way.retain(|other| *other != task);
        self.tidy(place);
        let (limiter, limit) = (&mut self.state.limiters[place], &self.plan.limits()[place]);
        if limiter.waiting.is_empty() && limiter.has_room(limit) {
            limiter.start(limit, task, self.state.now);
            return true;
        }
        self.leave_flight(task);
        let found = self.task_mut(task);
        found.attempt = found.next_attempt();
        found.phase = Phase::Throttled;
        let entry = (task, found.attempt);
        self.state.limiters[place].waiting.push_back(entry);
        self.arm_limiter(place);
        false
    }

    /// A task is over, which others may wait for.
    #[cold]
    #[inline(never)]
    pub(super) fn release(&mut self, task: TaskId) {
        if let Some(place) = self.plan.limit_of(self.node_of(task))
            && self.plan.limits()[place].concurrency.is_some()
        {
            self.arm_limiter(place);
        }
    }

    /// Admits what limits have room for.
    pub(super) fn admit_freed(&mut self) {
        while self.state.phase == RunPhase::Active
            && let Some(place) = self.freed.pop()
        {
            self.admit(place);
        }
    }

    /// Which tasks are under way, of a run that was restored.
    #[cold]
    #[inline(never)]
    pub(super) fn find_under_way(&mut self) {
        for task in TaskId::ROOT.up_to(TaskId::at(self.state.tasks.len())) {
            if self.task(task).is_under_way()
                && let Some(place) = self.plan.limit_of(self.node_of(task))
                && self.plan.limits()[place].concurrency.is_some()
            {
                self.state.limiters[place].under_way.push(task);
            }
        }
        self.freed.extend(0..self.state.limiters.len() as u32);
    }

    /// Those that wait first may start.
    #[cold]
    #[inline(never)]
    pub(super) fn admit(&mut self, place: u32) {
        let place = place as usize;
        if let Some(limiter) = self.state.limiters.get_mut(place) {
            limiter.wakes = f64::INFINITY;
        }
        while self.state.phase == RunPhase::Active
            && let Some(task) = self.next_with_room(place)
        {
            if self.kind_of(task) == Kind::Group {
                // A group needs no room among what is in flight.
                let limit = &self.plan.limits()[place];
                self.state.limiters[place].start(limit, task, self.state.now);
                self.start_admitted(task);
                self.run_steps();
            } else {
                let found = self.task_mut(task);
                found.phase = Phase::Admitted;
                let entry = (task, found.attempt);
                let position = self.plan.node(self.node_of(task)).position;
                self.state.limiters[place].admitted.push(entry);
                self.state.ready.push(Reverse((position, task)));
            }
        }
        self.arm_limiter(place);
    }

    /// There is room for a task that was admitted, or for one of the same node that was before it.
    #[cold]
    #[inline(never)]
    pub(super) fn begin_admitted(&mut self, task: TaskId) {
        let node = self.node_of(task);
        let Some(place) = self.plan.limit_of(node) else { return };
        self.tidy(place);
        let limiter = &mut self.state.limiters[place];
        if limiter.admitted.is_empty() {
            return;
        }
        let (first, _) = limiter.admitted.remove(0);
        limiter.start(&self.plan.limits()[place], first, self.state.now);
        if first != task {
            self.state.ready.push(Reverse((self.plan.node(node).position, task)));
        }
        self.start_admitted(first);
        self.arm_limiter(place);
    }

    /// Those that wait for their limit in the middle of their tries, and so are neither in flight nor over.
    #[cold]
    #[inline(never)]
    pub(super) fn throttled_tries(&self) -> Vec<TaskId> {
        let entries =
            self.state.limiters.iter().flat_map(|found| found.waiting.iter().chain(&found.admitted));
        entries
            .filter(|(task, attempt)| {
                let found = self.task(*task);
                found.attempt == *attempt
                    && found.state == TaskState::Executing
                    && matches!(found.phase, Phase::Throttled | Phase::Admitted)
                    && self.kind_of(*task) == Kind::Leaf
            })
            .map(|(task, _)| *task)
            .collect()
    }

    /// A task that was admitted is stopped before there was room for it: its place is free.
    #[cold]
    #[inline(never)]
    pub(super) fn give_up_admission(&mut self, task: TaskId) {
        if let Some(place) = self.plan.limit_of(self.node_of(task)) {
            self.arm_limiter(place);
        }
    }

    #[cold]
    #[inline(never)]
    fn start_admitted(&mut self, task: TaskId) {
        match self.kind_of(task) {
            _ if self.task(task).tries > 0 => {
                if self.kind_of(task) == Kind::Leaf {
                    self.enter_flight(task);
                }
                self.try_again(task);
            }
            Kind::Leaf => self.begin(task),
            Kind::Group => self.enter(task),
            Kind::Each { .. } => self.begin_iteration(task),
        }
    }

    /// Takes the task that waits first out of the queue, if it may start.
    fn next_with_room(&mut self, place: usize) -> Option<TaskId> {
        self.tidy(place);
        let limit = self.plan.limits().get(place)?;
        let limiter = self.state.limiters.get_mut(place).filter(|limiter| limiter.has_room(limit))?;
        limiter.waiting.pop_front().map(|(task, _)| task)
    }

    /// Has the task that waits first admitted when it may start: before anything else begins, or by a timer. Where that is once an
    /// admitted one has started, or one under way is over, there is nothing to do yet.
    #[cold]
    #[inline(never)]
    fn arm_limiter(&mut self, place: usize) {
        if self.state.limiters.get(place).is_none_or(|limiter| limiter.waiting.is_empty()) {
            return;
        }
        self.tidy(place);
        let Some(limit) = self.plan.limits().get(place) else { return };
        let Some(limiter) = self.state.limiters.get_mut(place) else { return };
        if limiter.waiting.is_empty() {
            return;
        }
        if limiter.has_room(limit) {
            self.freed.push(place as u32);
            return;
        }
        let earliest =
            limiter.starts.front().zip(limit.rate).map(|(start, rate)| start + f64::from(rate.per_ms));
        if let Some(at) = earliest.filter(|at| *at < limiter.wakes) {
            limiter.wakes = at;
            self.state.timers.arm(at, Alarm::Admit { limit: place as u32 });
        }
    }

    #[inline(never)]
    fn tidy(&mut self, place: usize) {
        let Run { plan, state, .. } = self;
        if let Some((limiter, limit)) = state.limiters.get_mut(place).zip(plan.limits().get(place)) {
            limiter.tidy(limit, state.now, &state.tasks);
        }
    }
}
