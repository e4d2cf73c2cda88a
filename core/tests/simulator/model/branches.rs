//! What must become of branches: which end, and what ends with them.

use conductor_core::error::ErrorCode;
use conductor_core::flow::Branches;

use super::{Failure, Model, Reach, Stage, Verdict, ensure};

/// How a branch ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BranchEnd {
    Won,
    Lost,
}

impl Model<'_> {
    /// The group with branches around a task that is a child of it.
    pub(crate) fn branched(&self, task: u32) -> Option<u32> {
        let scope = self.parent(task)?;
        self.shape.branches(self.task(scope).node).map(|_| scope)
    }

    /// The children of a branch, as tasks of the group's frame.
    fn tasks_of(&self, scope: u32, branch: usize) -> Vec<u32> {
        let nodes = &self.shape.branches(self.task(scope).node).expect("the group has branches")[branch];
        nodes.iter().map(|node| self.beside(scope, *node)).collect()
    }

    /// The place of the branch of a child.
    fn branch_of(&self, child: u32) -> Option<usize> {
        let scope = self.branched(child)?;
        let node = self.task(child).node;
        self.shape.branches(self.task(scope).node)?.iter().position(|nodes| nodes.contains(&node))
    }

    fn ended(&self, scope: u32, how: BranchEnd) -> u32 {
        self.ends.get(&scope).map_or(0, |ends| ends.iter().filter(|end| **end == Some(how)).count() as u32)
    }

    fn runs(&self, scope: u32, branch: usize) -> bool {
        let disabled = |task: &u32| self.shape.node(self.task(*task).node).outline.disabled;
        !self.tasks_of(scope, branch).iter().all(disabled)
    }

    /// Whether enough branches of the group have succeeded for it to be over.
    pub(crate) fn is_won(&self, scope: u32) -> bool {
        let won = self.ended(scope, BranchEnd::Won);
        match self.shape.node(self.task(scope).node).outline.branches {
            Some(Branches::Race) => won >= 1,
            Some(Branches::First(count)) => won >= count,
            _ => false,
        }
    }

    /// Whether one more branch of the group may fail without it.
    fn may_lose(&self, scope: u32, code: ErrorCode) -> bool {
        let lost = self.ended(scope, BranchEnd::Lost) + 1;
        let running = (0..self.ends[&scope].len()).filter(|branch| self.runs(scope, *branch)).count() as u32;
        code != ErrorCode::Cancelled
            && match self.shape.node(self.task(scope).node).outline.branches {
                Some(Branches::AllSettled) => true,
                Some(Branches::First(count)) => running - lost >= count,
                _ => false,
            }
    }

    /// Whether what there is to do in the group is done.
    pub(crate) fn is_settled(&self, scope: u32) -> bool {
        let all = self.ends.get(&scope).is_some_and(|ends| {
            (0..ends.len()).all(|branch| {
                let over = |task: &u32| matches!(self.task(*task).stage, Stage::Over(_));
                ends[branch].is_some()
                    || !self.runs(scope, branch) && self.tasks_of(scope, branch).iter().all(over)
            })
        });
        all || self.is_won(scope)
    }

    /// How far a failure goes that leaves `task`, a child of a group with branches; nothing if it goes beyond the group in
    /// a run that does not keep going.
    pub(crate) fn reach_of_branch(&self, task: u32, code: ErrorCode) -> Option<Reach> {
        let mut child = task;
        loop {
            let scope = self.branched(child)?;
            if self.may_lose(scope, code) {
                return Some(Reach::Branch(child));
            }
            if !self.options.keep_going {
                return None;
            }
            if self.may_begin_again(scope, code) {
                return Some(Reach::Again(scope));
            }
            if self.handles(scope, code) {
                return Some(Reach::Caught(scope));
            }
            if let Some(base) = self.lost_frame(scope, code) {
                return Some(Reach::Lost(base));
            }
            if let Some(reach) = self.reach_of_section(scope, code) {
                return Some(reach);
            }
            if self.parent(scope).is_none() {
                return Some(Reach::Ends);
            }
            if self.branched(scope).is_none() {
                return Some(Reach::Fails(scope));
            }
            child = scope;
        }
    }

    /// Whether a task is inside the branch of a child of a group.
    pub(crate) fn is_in_branch(&self, task: u32, child: u32) -> bool {
        let scope = self.parent(child);
        let mut inner = task;
        while let Some(outer) = self.parent(inner) {
            if Some(outer) == scope {
                return self.branch_of(inner) == self.branch_of(child);
            }
            inner = outer;
        }
        false
    }

    /// Whether the branch that a task is in ends without it.
    pub(crate) fn is_cancelled(&self, task: u32) -> bool {
        let by_failure = |scope: u32| {
            let around =
                |failure: &Failure| self.is_within(failure.cause, scope) && self.is_struck(task, failure);
            self.failures.front().is_some_and(around)
        };
        let mut inner = task;
        while let Some(outer) = self.parent(inner) {
            let branches = self.shape.branches(self.task(outer).node).is_some();
            let is_won = branches && self.task(outer).stage == Stage::Open && self.is_won(outer);
            let sections = self.shape.sections(self.task(outer).node).is_some();
            if is_won || (branches || sections) && by_failure(outer) {
                return true;
            }
            inner = outer;
        }
        self.is_left_out(task)
    }

    /// A group with branches is entered.
    pub(crate) fn begin_branches(&mut self, scope: u32) {
        if let Some(branches) = self.shape.branches(self.task(scope).node) {
            self.ends.insert(scope, vec![None; branches.len()]);
        }
    }

    pub(crate) fn branch_won(&mut self, scope: u32, base: u32, branch: u32) -> Verdict {
        let branch = branch as usize;
        self.may_end(scope, base, branch)?;
        ensure!(self.runs(scope, branch), "branch {branch} of {scope} is disabled");
        for task in self.tasks_of(scope, branch) {
            let stage = self.task(task).stage;
            ensure!(
                matches!(stage, Stage::Over(_)),
                "branch {branch} of {scope} is over, {task} at {stage:?}"
            );
        }
        self.ends.get_mut(&scope).expect("the group was entered")[branch] = Some(BranchEnd::Won);
        Ok(())
    }

    pub(crate) fn branch_lost(&mut self, scope: u32, base: u32, cause: u32) -> Verdict {
        let Some(Failure { reach: Reach::Branch(child), cause: failed, .. }) = self.failures.pop_front()
        else {
            return Err(format!("a branch of {scope} is lost without a failure"));
        };
        ensure!(failed == cause, "{cause} is named as cause, {failed} failed");
        ensure!(self.parent(child) == Some(scope), "a branch of {scope} is lost instead of that of {child}");
        let branch = self.branch_of(child).expect("the child is of a branch");
        self.may_end(scope, base, branch)?;
        let inside = self.tasks.keys().copied().filter(|task| self.is_in_branch(*task, child)).collect();
        self.are_over(inside, cause)?;
        self.ends.get_mut(&scope).expect("the group was entered")[branch] = Some(BranchEnd::Lost);
        Ok(())
    }

    fn may_end(&self, scope: u32, base: u32, branch: usize) -> Verdict {
        ensure!(self.task(scope).stage == Stage::Open, "branch {branch} of {scope}, which is not open");
        ensure!(self.ends[&scope][branch].is_none(), "branch {branch} of {scope} is over twice");
        let position = |task: &u32| self.shape.node(self.task(*task).node).position;
        let last = self.tasks_of(scope, branch).into_iter().max_by_key(position);
        ensure!(last == Some(base), "{base} is named for branch {branch} of {scope} instead of {last:?}");
        Ok(())
    }

    pub(crate) fn gather_branches(&mut self, scope: u32) -> Verdict {
        ensure!(self.is_settled(scope), "{scope} gathers too soon: {:?}", self.ends[&scope]);
        let inside = self.tasks.keys().copied().filter(|task| *task != scope && self.is_within(*task, scope));
        self.are_over(inside.collect(), scope)?;
        self.task_mut(scope).gathered = true;
        Ok(())
    }
}
