//! Groups whose children are branches: which of them are over, what that makes of the others, and of the group. For groups
//! with sections, see `sections`.

use super::op::Op;
use super::state::Run;
use super::step::Step;
use super::task::{TaskState, is_last};
use crate::error::ErrorCode;
use crate::ids::{Offset, TaskId};
use crate::plan::{Kind, NO_BRANCH};

/// Where the branches of a group that is open stand: how many are over, have succeeded and have failed, and of each the
/// children that are not over.
const OVER: usize = 0;
const WON: usize = 1;
const LOST: usize = 2;
pub(super) const OPEN: usize = 3;

impl Run {
    /// A group is entered: none of its branches is over.
    #[inline(never)]
    pub(super) fn begin_branches(&mut self, scope: TaskId) {
        let Some(branching) = self.plan.branching(self.node_of(scope)) else { return };
        let mut standing = vec![0; OPEN + branching.branches.len()];
        for (open, branch) in standing[OPEN..].iter_mut().zip(&branching.branches) {
            *open = branch.children.len() as u32;
        }
        self.state.standings.insert(scope, standing);
    }

    /// A child of a branch is over, and has not failed.
    #[inline(never)]
    pub(super) fn leave_branch(&mut self, scope: TaskId, branch: u32) {
        if self.is_try(scope) {
            self.leave_section(scope, branch);
            return;
        }
        let Some((base, runs)) = self.output_of(scope, branch) else { return };
        let Some(standing) = self.state.standings.get_mut(&scope) else { return };
        if !is_last(&mut standing[OPEN + branch as usize]) {
            return;
        }
        standing[OVER] = standing[OVER].saturating_add(1);
        standing[WON] = standing[WON].saturating_add(u32::from(runs));
        if runs {
            self.ops.push(Op::Close { task: scope, base, item: branch });
        }
        self.settle(scope);
    }

    /// The group around a child of a branch.
    pub(super) fn branching_around(&self, task: TaskId) -> Option<TaskId> {
        if self.plan.node(self.node_of(task)).branch == NO_BRANCH { None } else { self.parent_of(task) }
    }

    /// Whether a failure in a branch of the group, which nothing in that branch takes, ends that branch alone. What was
    /// cancelled ends more.
    pub(super) fn loses_branch(&self, scope: TaskId, code: ErrorCode) -> bool {
        let losses = self.plan.branching(self.node_of(scope)).map_or(0, |branching| branching.losses);
        let lost = self.state.standings.get(&scope).map_or(u32::MAX, |standing| standing[LOST]);
        code != ErrorCode::Cancelled && lost < losses.saturating_sub(1)
    }

    /// The branch of `child`, which has failed because of `cause`, is over.
    #[inline(never)]
    pub(super) fn lose_branch(&mut self, scope: TaskId, child: TaskId, cause: TaskId) {
        let branch = self.plan.node(self.node_of(child)).branch;
        let Some((base, _)) = self.output_of(scope, branch) else { return };
        self.cancel_branches(scope, Some(branch));
        self.ops.push(Op::Lose { task: scope, base, cause });
        if let Some(standing) = self.state.standings.get_mut(&scope) {
            standing[OVER] = standing[OVER].saturating_add(1);
            standing[LOST] = standing[LOST].saturating_add(1);
        }
        self.settle(scope);
    }

    /// The group is over once enough of its branches have succeeded, or none is left.
    #[inline(never)]
    fn settle(&mut self, scope: TaskId) {
        let Some(branching) = self.plan.branching(self.node_of(scope)) else { return };
        let Some(standing) = self.state.standings.get(&scope) else { return };
        let is_won = standing[WON] >= branching.wins;
        if is_won {
            self.cancel_branches(scope, None);
        } else if (standing[OVER] as usize) < branching.branches.len() {
            return;
        }
        self.state.standings.remove(&scope);
        self.ops.push(Op::Gather { task: scope });
        self.complete_scope(scope);
    }

    /// Stops what goes on in the branches of a group, or in one of them, and leaves out what has not begun.
    #[inline(never)]
    pub(super) fn cancel_branches(&mut self, scope: TaskId, only: Option<u32>) {
        let plan = self.plan.clone();
        let chosen = |run: &Run, task: TaskId| run.is_in_branch(task, scope, only);
        let mut steps = std::mem::take(&mut self.steps);
        steps.retain(|step| {
            let (Step::Arrive(task) | Step::Over(task, _) | Step::Continue(task)) = step;
            !chosen(self, *task)
        });
        self.steps = steps;
        self.stop_flight(ErrorCode::Cancelled, TaskState::Skipped, &chosen);
        self.forget_failures(&chosen);
        self.state.diverted = true;
        let node = self.node_of(scope);
        let offset = Offset::between(node, scope);
        let Some(branching) = plan.branching(node) else { return };
        let branches = match only {
            Some(only) => std::slice::from_ref(&branching.branches[only as usize]),
            None => &branching.branches,
        };
        for child in branches.iter().flat_map(|branch| &branch.children).copied() {
            let mut inner = child;
            while inner < plan.node(child).end {
                let task = offset.task(inner);
                self.abandon(task, TaskState::Skipped);
                self.abandon_frames(task, TaskState::Skipped);
                if self.task(task).state == TaskState::Pending {
                    self.show_stopped(task, TaskState::Skipped);
                }
                // What an iterating scope contains stands for no task of this frame.
                let planned = plan.node(inner);
                inner = if matches!(planned.kind, Kind::Each { .. }) { planned.end } else { inner.next() };
            }
        }
    }

    /// Whether a task is inside a group, in this of its branches if one is named.
    fn is_in_branch(&self, task: TaskId, scope: TaskId, only: Option<u32>) -> bool {
        let mut inner = task;
        while let Some(outer) = self.parent_of(inner) {
            if outer == scope {
                return only.is_none_or(|only| self.plan.node(self.node_of(inner)).branch == only);
            }
            inner = outer;
        }
        false
    }

    /// The task whose output is that of a branch, and whether any of the branch is to run.
    pub(super) fn output_of(&self, scope: TaskId, branch: u32) -> Option<(TaskId, bool)> {
        let branch = self.plan.branching(self.node_of(scope))?.branches.get(branch as usize)?;
        Some((self.beside(scope, branch.output), branch.runs))
    }

    /// A group with branches that restored bytes speak of.
    pub(super) fn is_standing(&self, scope: TaskId, standing: &[u32]) -> bool {
        let known = scope.index() < self.state.tasks.len();
        let branching = if known { self.plan.branching(self.node_of(scope)) } else { None };
        branching.is_some_and(|branching| branching.branches.len() + OPEN == standing.len())
    }
}
