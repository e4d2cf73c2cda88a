//! How an iterating scope goes through its items: it asks for them, opens a frame for each, and closes or loses it.

use std::cmp::Reverse;

use super::frame::{Frame, Iteration};
use super::op::Op;
use super::state::Run;
use super::step::Step;
use super::task::{Phase, Task, TaskState};
use super::timer::Alarm;
use crate::error::ErrorCode;
use crate::ids::{FrameId, Offset, TaskId};
use crate::plan::Kind;

impl Run {
    /// The scope's inputs are there, and it is its turn: ask how many items it has.
    #[inline(never)]
    pub(super) fn begin_iteration(&mut self, task: TaskId) {
        let now = self.state.now;
        let found = self.task_mut(task);
        found.started = now;
        let node = self.plan.node(self.node_of(task));
        let deadline = node.timeout_ms.map_or(f64::INFINITY, |timeout| now + f64::from(timeout));
        self.state.iterations.insert(task, Iteration { deadline, ..Iteration::default() });
        self.enter_flight(task);
        self.ask(task, 0);
    }

    /// All items that are known are done, there may be more, and it is the scope's turn.
    pub(super) fn ask_for_more(&mut self, task: TaskId) {
        let waiting = self.state.iterations.get(&task);
        if let Some(known) = waiting.filter(|found| found.awaits_more()).map(|found| found.known) {
            self.enter_flight(task);
            self.ask(task, known);
        }
    }

    /// Asks under a new attempt, so that a late answer to an earlier question is not taken for this one's.
    pub(super) fn ask(&mut self, task: TaskId, known: u32) {
        let found = self.task_mut(task);
        found.attempt = found.next_attempt();
        found.phase = Phase::Asking;
        let attempt = found.attempt;
        let deadline = self.state.iterations.get(&task).map_or(f64::INFINITY, |iteration| iteration.deadline);
        if deadline.is_finite() {
            self.state.timers.arm(deadline, Alarm::Deadline { task, attempt });
        }
        self.ops.push(Op::Ask { task, attempt, known });
    }

    pub(super) fn items_known(&mut self, task: TaskId, attempt: u32, count: u32, open_ended: bool) {
        let found = self.task_mut(task);
        if found.phase != Phase::Asking || found.attempt != attempt {
            return;
        }
        found.phase = Phase::Open;
        self.leave_flight(task);
        if let Some(iteration) = self.state.iterations.get_mut(&task) {
            iteration.open_ended = open_ended && count > iteration.known;
            iteration.known = iteration.known.max(count);
        }
        self.steps.push(Step::Continue(task));
        self.run_steps();
    }

    /// Opens the next frame if there is an item and room; ends, or asks on, when all items are done.
    pub(super) fn continue_iteration(&mut self, task: TaskId) {
        let Kind::Each { width, .. } = self.kind_of(task) else { return };
        if self.task(task).phase != Phase::Open {
            return;
        }
        let Some(iteration) = self.state.iterations.get_mut(&task) else { return };
        if iteration.opened < iteration.known {
            if (iteration.frames.len() as u64) < u64::from(width) {
                let item = iteration.opened;
                iteration.opened += 1;
                // Under the arrivals that the frame brings: they come first.
                self.steps.push(Step::Continue(task));
                self.open_frame(task, item);
            }
        } else if iteration.closed == iteration.known {
            if iteration.awaits_more() {
                let position = self.plan.node(self.node_of(task)).position;
                self.state.ready.push(Reverse((position, task)));
            } else {
                self.state.iterations.remove(&task);
                self.ops.push(Op::Gather { task });
                self.complete_scope(task);
            }
        }
    }

    fn open_frame(&mut self, owner: TaskId, item: u32) {
        let plan = self.plan.clone();
        let scope = self.node_of(owner);
        let nodes = scope.next().up_to(plan.node(scope).end);
        let free = self.state.free_frames.get_mut(&scope).and_then(Vec::pop);
        let children = plan.node(scope).children;
        let place = self.state.iterations.get(&owner).map_or(0, |iteration| iteration.frames.len() as u32);
        let index = match free {
            Some(index) => {
                let frame = &mut self.state.frames[index];
                (frame.owner, frame.item, frame.open, frame.place) = (owner, item, children, place);
                let offset = frame.offset;
                for node in nodes {
                    let task = &mut self.state.tasks[offset.task(node)];
                    let attempt = task.attempt;
                    *task = Task { attempt, ..Task::new(plan.node(node), index) };
                }
                index
            }
            None => {
                let index = FrameId::at(self.state.frames.len());
                let offset = Offset::between(scope.next(), TaskId::at(self.state.tasks.len()));
                self.state.frames.push(Frame { owner, scope, offset, item, open: children, place });
                self.state.tasks.extend(nodes.map(|node| Task::new(plan.node(node), index)));
                index
            }
        };
        let base = self.state.frames[index].offset.task(scope.next());
        if let Some(iteration) = self.state.iterations.get_mut(&owner) {
            iteration.frames.push(index);
        }
        self.ops.push(Op::Open { task: owner, base, item });
        for child in plan.children(scope).filter(|child| plan.node(*child).in_degree == 0) {
            self.steps.push(Step::Arrive(self.beside(base, child)));
        }
    }

    /// The last child of a frame is over.
    pub(super) fn close_frame(&mut self, index: FrameId) {
        let Frame { owner, scope, offset, item, .. } = self.state.frames[index];
        self.ops.push(Op::Close { task: owner, base: offset.task(scope.next()), item });
        self.free_frame(index);
    }

    /// Whether a failure of the task, which nothing in its frame takes, ends that frame alone. What was cancelled ends more.
    pub(super) fn loses_frame(&self, task: TaskId, code: ErrorCode) -> bool {
        let Frame { owner, scope, .. } = *self.frame_of(task);
        owner != TaskId::NONE
            && code != ErrorCode::Cancelled
            && self.plan.node(self.node_of(task)).parent == scope
            && matches!(self.plan.node(scope).kind, Kind::Each { tolerant: true, .. })
    }

    /// A frame ends because `cause` in it failed: what else is in it is stopped.
    #[inline(never)]
    pub(super) fn lose_frame(&mut self, index: FrameId, cause: TaskId) {
        let Frame { owner, scope, offset, .. } = self.state.frames[index];
        self.stop_flight(ErrorCode::Cancelled, TaskState::Error, &|run, task| run.is_in_frame(task, index));
        self.forget_failures(&|run, task| run.is_in_frame(task, index));
        for node in scope.next().up_to(self.plan.node(scope).end) {
            let task = offset.task(node);
            self.abandon(task, TaskState::Error);
            self.abandon_frames(task, TaskState::Error);
        }
        self.ops.push(Op::Lose { task: owner, base: offset.task(scope.next()), cause });
        self.free_frame(index);
    }

    /// Whether a task is of a frame, or of one inside it.
    fn is_in_frame(&self, task: TaskId, index: FrameId) -> bool {
        let mut inner = Some(task);
        while let Some(found) = inner {
            if self.task(found).frame == index {
                return true;
            }
            inner = self.parent_of(found);
        }
        false
    }

    /// A frame is over: its scope goes on.
    fn free_frame(&mut self, index: FrameId) {
        let Frame { owner, scope, place, .. } = self.state.frames[index];
        self.state.free_frames.entry(scope).or_default().push(index);
        let Some(iteration) = self.state.iterations.get_mut(&owner) else { return };
        iteration.closed = iteration.closed.saturating_add(1);
        if iteration.frames.get(place as usize) == Some(&index) {
            iteration.frames.swap_remove(place as usize);
        }
        if let Some(moved) = iteration.frames.get(place as usize) {
            self.state.frames[*moved].place = place;
        }
        if !iteration.open_ended {
            let percent = u64::from(iteration.closed) * 100 / u64::from(iteration.known.max(1));
            self.change(owner, Op::NO_STEP, |task| task.percent = percent as u8);
        }
        self.steps.push(Step::Continue(owner));
    }

    /// Forgets the open frames of a scope that failed, or was cancelled.
    #[inline(never)]
    pub(super) fn abandon_frames(&mut self, owner: TaskId, left: TaskState) {
        let mut owners = vec![owner];
        while let Some(owner) = owners.pop() {
            let Some(iteration) = self.state.iterations.remove(&owner) else { continue };
            let scope = self.node_of(owner);
            for index in iteration.frames {
                let offset = self.state.frames[index].offset;
                for node in scope.next().up_to(self.plan.node(scope).end) {
                    let task = offset.task(node);
                    self.abandon(task, left);
                    owners.extend(self.state.iterations.contains_key(&task).then_some(task));
                }
                self.state.free_frames.entry(scope).or_default().push(index);
            }
        }
    }
}
