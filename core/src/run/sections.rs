//! The sections of a `try`: its body, what runs after a failure of that, and what runs at the end.
//!
//! A failure that leaves the body begins the catch, which has its error. A failure without a catch, or of the catch, waits
//! among the failures of the run until the finally is over, and then fails the `try`, as does a failure of the finally.

use super::branches::OPEN;
use super::op::Op;
use super::state::Run;
use super::step::Step;
use super::task::{TaskState, is_last};
use crate::error::ErrorCode;
use crate::flow::Section;
use crate::ids::{FrameId, TaskId};

/// In the standing of a `try`: the number of the section that runs. What comes behind it up to [`OPEN`] is unused.
const RUNNING: usize = 0;

impl Run {
    /// Whether a group has sections.
    pub(super) fn is_try(&self, scope: TaskId) -> bool {
        self.plan.branching(self.node_of(scope)).is_some_and(|branching| branching.is_try)
    }

    /// Whether the body of a `try` runs: what its policy says counts for that alone.
    pub(super) fn is_in_body(&self, scope: TaskId) -> bool {
        let standing = self.state.standings.get(&scope);
        standing.is_some_and(|standing| standing[RUNNING] == Section::Body.number())
    }

    /// A child in a section is over, and has not failed.
    #[inline(never)]
    pub(super) fn leave_section(&mut self, scope: TaskId, number: u32) {
        let Some(standing) = self.state.standings.get_mut(&scope) else { return };
        if !is_last(&mut standing[OPEN + number as usize]) || standing[RUNNING] != number {
            return;
        }
        let Some((base, _)) = self.output_of(scope, number) else { return };
        self.ops.push(Op::Close { task: scope, base, item: number });
        self.begin_section_after(scope, number, false);
    }

    /// The section of `scope` that `child` is in has failed because of `cause`: all that it contains is stopped.
    #[inline(never)]
    pub(super) fn fail_section(&mut self, scope: TaskId, child: TaskId, cause: TaskId, code: ErrorCode) {
        let number = self.plan.node(self.node_of(child)).branch;
        self.lose_section(scope, number, cause, code);
    }

    /// The body of a `try` has taken too long.
    #[inline(never)]
    pub(super) fn time_out_body(&mut self, scope: TaskId) {
        self.lose_section(scope, Section::Body.number(), scope, ErrorCode::Timeout);
        self.run_steps();
    }

    fn lose_section(&mut self, scope: TaskId, number: u32, cause: TaskId, code: ErrorCode) {
        self.cancel_branches(scope, Some(number));
        if self.may_begin_again(scope, code) {
            self.back_off(scope);
            return;
        }
        let catches = number == Section::Body.number()
            && self.output_of(scope, Section::Catch.number()).is_some_and(|(_, runs)| runs);
        let Some((base, _)) = self.output_of(scope, number) else { return };
        self.forget_unfinished(scope, number);
        self.ops.push(Op::Lose { task: scope, base, cause });
        if !catches {
            // The tasks of a frame are used again before the scope fails, which has the error as well.
            let is_of_an_item = self.task(cause).frame != self.task(scope).frame;
            self.state.failures.insert(scope, (if is_of_an_item { scope } else { cause }, code));
        }
        self.begin_section_after(scope, number, catches);
    }

    /// Begins what comes after a section, or ends the group where nothing does.
    fn begin_section_after(&mut self, scope: TaskId, number: u32, catches: bool) {
        if number == Section::Body.number() {
            // A deadline counts for the body: its timer belongs to an attempt that is over.
            let found = self.task_mut(scope);
            found.attempt = found.next_attempt();
        }
        let next = if catches { Section::Catch } else { Section::Finally };
        if number == Section::Body.number() && !catches {
            self.leave_out(scope, Section::Catch);
        }
        let runs = self.output_of(scope, next.number()).filter(|(_, runs)| *runs && next.number() > number);
        if let Some((child, _)) = runs {
            if let Some(standing) = self.state.standings.get_mut(&scope) {
                standing[RUNNING] = next.number();
            }
            self.steps.push(Step::Arrive(child));
            return;
        }
        self.leave_out(scope, Section::Finally);
        self.state.standings.remove(&scope);
        if !self.state.failures.contains_key(&scope) {
            self.ops.push(Op::Gather { task: scope });
        }
        self.complete_scope(scope);
    }

    /// A group in the body that is not over has no output, although the last node inside it may be done: what later sections
    /// would read of it is let go.
    fn forget_unfinished(&mut self, scope: TaskId, number: u32) {
        let plan = self.plan.clone();
        let Some(branching) = plan.branching(self.node_of(scope)) else { return };
        let later = branching.branches.iter().skip(number as usize + 1).filter(|branch| branch.runs);
        for read in later.flat_map(|branch| plan.references(branch.output)) {
            let unfinished = branching.branches[0].children.iter().copied().find(|child| {
                let state = self.task(self.beside(scope, *child)).state;
                plan.node(*child).output == read && *child != read && state != TaskState::Completed
            });
            let read = self.beside(scope, read);
            if unfinished.is_some() && std::mem::take(&mut self.task_mut(read).readers) > 0 {
                self.ops.push(Op::Drop { slot: read.slot() });
            }
        }
    }

    /// A section that does not run any more: it is shown as skipped, and what only it would have read is let go.
    fn leave_out(&mut self, scope: TaskId, section: Section) {
        let plan = self.plan.clone();
        let Some(branching) = plan.branching(self.node_of(scope)) else { return };
        let branch = &branching.branches[section.number() as usize];
        let Some(child) = branch.children.first().map(|child| self.beside(scope, *child)) else { return };
        if self.task(child).state != TaskState::Pending {
            return;
        }
        self.cancel_branches(scope, Some(section.number()));
        if self.state.options.keep_outputs && self.task(scope).frame == FrameId::OUTERMOST {
            return;
        }
        let own = branch.output..plan.node(branch.output).end;
        for read in plan.references(branch.output).filter(|read| !own.contains(read)) {
            let read = self.beside(scope, read);
            if is_last(&mut self.task_mut(read).readers) {
                self.ops.push(Op::Drop { slot: read.slot() });
            }
        }
    }
}
