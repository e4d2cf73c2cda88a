//! Another host goes on with a run: what was in flight at the one before starts again.

use super::state::Run;
use super::task::Phase;
use super::timer::Alarm;
use crate::ids::TaskId;
use crate::plan::Kind;

impl Run {
    /// The host before is gone. `idle`: ms since the event before this one, of which it is not known what they were for.
    #[cold]
    #[inline(never)]
    pub(super) fn take_over(&mut self, idle: f64) {
        let Run { plan, state, .. } = self;
        let is_scope = |task: TaskId| {
            let found = &state.tasks[task];
            let node = state.frames[found.frame].offset.node(task);
            plan.node(node).kind != Kind::Leaf
        };
        state.timers.put_off(idle, |alarm| match alarm {
            Alarm::RunDeadline => true,
            Alarm::Deadline { task, .. } => is_scope(task),
            _ => false,
        });
        for iteration in state.iterations.values_mut() {
            iteration.deadline += idle;
        }
        let mut lost: Vec<TaskId> = state.in_flight.clone();
        lost.sort_unstable_by_key(|task| (self.plan.node(self.node_of(*task)).position, *task));
        for task in lost {
            self.start_again(task);
        }
    }

    /// Starts again what was in the hands of a host that is gone, under a new attempt: a late answer is none for it.
    #[inline(never)]
    pub(super) fn start_again(&mut self, task: TaskId) {
        match self.task(task).phase {
            Phase::Asking => {
                let known = self.state.iterations.get(&task).map_or(0, |iteration| iteration.known);
                self.ask(task, known);
            }
            Phase::Held => {
                let found = self.task_mut(task);
                found.attempt = found.next_attempt();
                self.go_on_animating(task);
                self.hold(task);
            }
            Phase::Running => {
                // The try that was lost is the one that comes.
                let found = self.task_mut(task);
                found.tries = found.tries.saturating_sub(1);
                if !self.may_start(task) {
                    return;
                }
                let found = self.task_mut(task);
                found.attempt = found.next_attempt();
                self.go_on_animating(task);
                if self.plan.node(self.node_of(task)).persists {
                    self.hold(task);
                } else {
                    self.hand_over(task);
                }
            }
            _ => {}
        }
    }
}
