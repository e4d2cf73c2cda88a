//! How being over spreads: along edges, out of scopes, into the next nodes.
//!
//! Each consequence is a [`Step`] on a stack, so that neither a long chain nor deep nesting uses the call stack.

use std::cmp::Reverse;

use super::op::Op;
use super::state::{Run, RunPhase};
use super::step::{Carry, Step};
use super::task::{Phase, TaskState, is_last};
use crate::flow::Name;
use crate::ids::{FrameId, NodeId, Offset, TaskId};
use crate::plan::{Kind, NO_BRANCH, NO_GROUP};

/// Nodes of a parallel group that run at once where the run takes one at a time.
const PARALLEL_LIMIT: usize = 5;

impl Run {
    /// Begins ready tasks while there is room, unless the run is paused.
    pub(super) fn dispatch(&mut self) {
        if !self.persisted.is_empty() {
            self.start_persisted();
        }
        if self.state.paused && !self.goes_on() {
            return;
        }
        loop {
            self.admit_freed();
            let most = u64::from(self.state.options.concurrency.max(1));
            let has_room = (self.state.in_flight.len() as u64) < most || self.has_room_in_group();
            if self.state.phase != RunPhase::Active || !has_room {
                return;
            }
            let Some(Reverse((_, task))) = self.state.ready.pop() else { return };
            let is_leaf = self.kind_of(task) == Kind::Leaf;
            let phase = self.task(task).phase;
            match phase {
                Phase::Ready if !self.may_start(task) => {}
                Phase::Ready if is_leaf => self.begin(task),
                Phase::Ready => self.begin_iteration(task),
                Phase::Admitted => self.begin_admitted(task),
                Phase::Open if !is_leaf => self.ask_for_more(task),
                // Its scope failed while it waited here.
                _ => {}
            }
        }
    }

    /// Whether the task that comes next may begin beside what is in flight, although the run takes one at a time: all of
    /// it is of one group whose nodes may run side by side.
    fn has_room_in_group(&self) -> bool {
        if !self.plan.has_parallel() || self.state.options.concurrency > 1 {
            return false;
        }
        let group = |task: &TaskId| self.plan.node(self.node_of(*task)).parallel;
        let next = self.state.ready.peek().map_or(NO_GROUP, |Reverse((_, task))| group(task));
        next != NO_GROUP
            && self.state.in_flight.len() < PARALLEL_LIMIT
            && self.state.in_flight.iter().all(|task| group(task) == next)
    }

    pub(super) fn run_steps(&mut self) {
        while let Some(step) = self.steps.pop() {
            match step {
                Step::Arrive(task) => self.arrive(task),
                Step::Over(task, carry) => self.over(task, carry),
                Step::Continue(task) => self.continue_iteration(task),
            }
        }
    }

    /// Lets the run begin with `task`.
    pub(super) fn arrive(&mut self, task: TaskId) {
        let node = self.node_of(task);
        let planned = self.plan.node(node);
        let (kind, position, disabled) = (planned.kind, planned.position, planned.disabled);
        if self.task(task).bereft {
            self.skip(task);
            self.steps.push(Step::Over(task, Carry::Failure));
        } else if planned.in_degree > 0 && self.task(task).live == 0 {
            self.skip(task);
            self.steps.push(Step::Over(task, Carry::Nothing));
        } else if disabled {
            self.skip(task);
            self.ops.push(Op::Pass { task });
            self.steps.push(Step::Over(task, Carry::Output));
        } else {
            match kind {
                // To ask for items is work of the host as well, and has its place in the order.
                Kind::Leaf | Kind::Each { .. } => {
                    self.task_mut(task).phase = Phase::Ready;
                    self.state.ready.push(Reverse((position, task)));
                }
                Kind::Group if self.may_start(task) => self.enter(task),
                Kind::Group => {}
            }
        }
        if task == TaskId::ROOT {
            self.run_steps();
        }
    }

    /// A scope's children are all over.
    #[inline(never)]
    pub(super) fn complete_scope(&mut self, task: TaskId) {
        if let Some((cause, code)) = self.state.failures.remove(&task) {
            if self.state.options.keep_going {
                self.fail_scope(task, cause, code);
            } else {
                self.fail_from(task, cause, code);
            }
            return;
        }
        let now = self.state.now;
        self.change(task, Op::NO_STEP, |task| {
            task.phase = Phase::Idle;
            task.state = TaskState::Completed;
            task.percent = 100;
            if task.started.is_nan() {
                task.started = now;
            }
            task.ended = now;
        });
        self.steps.push(Step::Over(task, Carry::Output));
    }

    /// A task begins: so do the scopes around it, if it is their first.
    pub(super) fn begin_scopes(&mut self, task: TaskId) {
        let now = self.state.now;
        let mut inner = task;
        while let Some(scope) = self.parent_of(inner) {
            if self.task(scope).state != TaskState::Pending {
                break;
            }
            self.change(scope, Op::NO_STEP, |scope| {
                scope.state = TaskState::Executing;
                scope.started = now;
            });
            inner = scope;
        }
    }

    pub(super) fn enter(&mut self, task: TaskId) {
        let found = self.task_mut(task);
        found.phase = Phase::Open;
        found.tries = found.tries.saturating_add(1);
        found.attempt = found.next_attempt();
        self.arm_deadline(task);
        self.ops.push(Op::Enter { task });
        if self.plan.has_branches() {
            self.begin_branches(task);
        }
        let node = self.node_of(task);
        let offset = Offset::between(node, task);
        let Run { plan, steps, .. } = self;
        let free =
            plan.children(node).filter(|child| plan.node(*child).in_degree == 0 && !plan.node(*child).waits);
        steps.extend(free.map(|child| Step::Arrive(offset.task(child))));
    }

    /// Marks a task, and what it contains, as skipped.
    fn skip(&mut self, task: TaskId) {
        let now = self.state.now;
        self.state.diverted = true;
        let first = self.node_of(task);
        let end = self.plan.node(first).end;
        let mut node = first;
        while node < end {
            self.change(self.beside(task, node), Op::NO_STEP, |task| {
                task.state = TaskState::Skipped;
                task.percent = 100;
                task.ended = now;
            });
            let planned = self.plan.node(node);
            // What an iterating scope contains stands for no task of this frame.
            node = if matches!(planned.kind, Kind::Each { .. }) { planned.end } else { node.next() };
        }
    }

    fn over(&mut self, task: TaskId, carry: Carry) {
        let node = self.node_of(task);
        let offset = Offset::between(node, task);
        let frame = self.task(task).frame;
        let keep = self.state.options.keep_outputs && frame == FrameId::OUTERMOST;

        for index in 0..self.plan.outgoing(node).len() {
            let edge = self.plan.outgoing(node)[index];
            let carries = self.carries(task, carry, edge.handle);
            let target = offset.task(edge.target);
            // What was skipped left nothing in its slot, and who depends on a failure reads none. The slot of a group that
            // failed is that of a node inside, which may have gone well.
            if carry == Carry::Undefined || !carries && !matches!(carry, Carry::Nothing | Carry::Failure) {
                self.ops.push(Op::Block { task: target, input: edge.input });
            }
            let found = self.task_mut(target);
            found.live = found.live.saturating_add(u32::from(carries));
            found.bereft |= carry == Carry::Failure;
            if is_last(&mut found.waiting) {
                self.steps.push(Step::Arrive(target));
            }
        }
        if !keep {
            let Run { plan, state, ops, .. } = self;
            let edges = plan.incoming(node).iter().map(|edge| edge.output);
            for read in edges.chain(plan.references(node)) {
                let read = offset.task(read);
                if is_last(&mut state.tasks[read].readers) {
                    ops.push(Op::Drop { slot: read.slot() });
                }
            }
            if state.tasks[task].readers == 0 && plan.node(node).output == node {
                ops.push(Op::Drop { slot: task.slot() });
            }
        }
        self.leave_scope(task, node, frame);
    }

    fn carries(&self, task: TaskId, carry: Carry, handle: Name) -> bool {
        match carry {
            Carry::Output | Carry::Undefined => handle != Name::ERROR,
            Carry::Named => self.is_named(task, handle),
            Carry::Error => handle == Name::ERROR,
            Carry::Nothing | Carry::Failure => false,
        }
    }

    /// Tells a new host once more which inputs of the task's neighbours carry nothing.
    pub(super) fn block_again(&mut self, task: TaskId) {
        let found = self.task(task);
        let node = self.node_of(task);
        let carry = match found.state {
            TaskState::Pending | TaskState::Executing => return,
            TaskState::Completed if found.routed => Carry::Named,
            TaskState::Completed => Carry::Output,
            TaskState::Error if self.plan.node(node).catches => Carry::Error,
            TaskState::Error if self.plan.node(node).continues() => Carry::Undefined,
            TaskState::Error => return,
            TaskState::Skipped if found.bereft => return,
            TaskState::Skipped if self.plan.node(node).in_degree > 0 && found.live == 0 => return,
            TaskState::Skipped => Carry::Output,
        };
        for index in 0..self.plan.outgoing(node).len() {
            let edge = self.plan.outgoing(node)[index];
            let target = self.beside(task, edge.target);
            let waits = [TaskState::Pending, TaskState::Executing].contains(&self.task(target).state);
            // A failure that the policy does not cover, as a cancel, leaves what depends on it bereft.
            let undefined = carry == Carry::Undefined && !self.task(target).bereft;
            if waits && (undefined || !self.carries(task, carry, edge.handle)) {
                self.ops.push(Op::Block { task: target, input: edge.input });
            }
        }
    }

    fn leave_scope(&mut self, task: TaskId, node: NodeId, frame: FrameId) {
        if node == NodeId::ROOT {
            self.finish(None, TaskId::NONE);
            return;
        }
        let (parent, branch) = (self.plan.node(node).parent, self.plan.node(node).branch);
        let found = &mut self.state.frames[frame];
        if found.owner != TaskId::NONE && found.scope == parent {
            if is_last(&mut found.open) {
                self.close_frame(frame);
            }
        } else {
            let scope = self.beside(task, parent);
            let last = is_last(&mut self.task_mut(scope).open);
            if branch != NO_BRANCH {
                self.leave_branch(scope, branch);
            } else if last {
                self.complete_scope(scope);
            }
        }
    }
}
