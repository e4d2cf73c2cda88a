//! What must become of the sections of a `try`: which of them runs, and how the `try` ends.

use conductor_core::error::ErrorCode;

use super::super::shape::Sections;
use super::{Failure, Model, Reach, Stage, Verdict, ensure};

/// Where a `try` stands that was entered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Standing {
    pub(crate) runs: Running,
    /// What it fails with, once nothing is left to run.
    fails: Option<(u32, ErrorCode)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Running {
    Body,
    Catch,
    Finally,
    Nothing,
}

impl Model<'_> {
    fn sections(&self, scope: u32) -> Option<&Sections> {
        self.shape.sections(self.task(scope).node)
    }

    /// The `try` around a task that is a child of it.
    fn try_around(&self, task: u32) -> Option<u32> {
        self.parent(task).filter(|scope| self.sections(*scope).is_some())
    }

    /// The children of a section, as tasks.
    fn children_of(&self, scope: u32, section: Running) -> Vec<u32> {
        let Some(sections) = self.sections(scope) else { return Vec::new() };
        let nodes: Vec<u32> = match section {
            Running::Body => sections.body.clone(),
            Running::Catch => sections.catch.into_iter().collect(),
            Running::Finally => sections.finally.into_iter().collect(),
            Running::Nothing => Vec::new(),
        };
        nodes.into_iter().map(|node| self.beside(scope, node)).collect()
    }

    fn now_in(&self, scope: u32) -> Running {
        self.tries.get(&scope).map_or(Running::Nothing, |standing| standing.runs)
    }

    /// Whether a child of a `try` has to wait for another section of it, for now or for ever.
    pub(crate) fn waits_for_section(&self, task: u32) -> bool {
        let Some(scope) = self.try_around(task) else { return false };
        !self.children_of(scope, self.now_in(scope)).contains(&task)
    }

    /// Whether a task is in a section that a `try` around it leaves out.
    pub(crate) fn is_left_out(&self, task: u32) -> bool {
        let mut inner = task;
        while let Some(outer) = self.parent(inner) {
            let runs = self.now_in(outer);
            let is = |section| self.children_of(outer, section).contains(&inner);
            let passed = match runs {
                Running::Body | Running::Catch => false,
                Running::Finally => is(Running::Catch),
                Running::Nothing => is(Running::Catch) || is(Running::Finally),
            };
            if self.sections(outer).is_some() && self.task(outer).stage == Stage::Open && passed {
                return true;
            }
            inner = outer;
        }
        false
    }

    /// Whether a `try` may run its body again, as far as its sections are concerned. True for any other group.
    pub(crate) fn is_in_body(&self, scope: u32) -> bool {
        self.sections(scope).is_none() || self.now_in(scope) == Running::Body
    }

    /// How far a failure goes that leaves `task`, a child of a `try`.
    pub(crate) fn reach_of_section(&self, task: u32, code: ErrorCode) -> Option<Reach> {
        self.try_around(task).map(|scope| self.reach_in(scope, code))
    }

    /// The same for the body of a `try` that has taken too long.
    pub(crate) fn reach_of_deadline(&self, task: u32, code: ErrorCode) -> Option<Reach> {
        self.sections(task).map(|_| self.reach_in(task, code))
    }

    fn reach_in(&self, scope: u32, code: ErrorCode) -> Reach {
        if self.may_begin_again(scope, code) { Reach::Again(scope) } else { Reach::Section(scope) }
    }

    /// Whether a task is inside the section of a `try` that runs.
    pub(crate) fn is_in_section(&self, task: u32, scope: u32) -> bool {
        let children = self.children_of(scope, self.now_in(scope));
        children.iter().any(|child| self.is_within(task, *child))
    }

    /// A `try` is entered.
    pub(crate) fn begin_try(&mut self, scope: u32) {
        if self.sections(scope).is_some() {
            self.tries.insert(scope, Standing { runs: Running::Body, fails: None });
        }
    }

    /// Whether nothing of a `try` is left to run, and its output is made if it has one.
    pub(crate) fn is_done(&self, scope: u32) -> bool {
        let standing = self.tries.get(&scope);
        let fails = standing.is_some_and(|standing| standing.fails.is_some());
        self.now_in(scope) == Running::Nothing && (fails || self.task(scope).gathered)
    }

    /// Whether the section of a `try` that runs is over. It ends at once then, so none is left at rest.
    pub(crate) fn is_tried(&self, scope: u32) -> bool {
        let children = self.children_of(scope, self.now_in(scope));
        children.iter().all(|child| matches!(self.task(*child).stage, Stage::Over(_)))
    }

    pub(crate) fn section_won(&mut self, scope: u32, base: u32, number: u32) -> Verdict {
        self.is_last_of(scope, base, Some(number))?;
        ensure!(self.is_tried(scope), "section {number} of {scope} is not over");
        self.go_on_after(scope, None);
        Ok(())
    }

    pub(crate) fn section_lost(&mut self, scope: u32, base: u32, cause: u32) -> Verdict {
        let Some(Failure { reach: Reach::Section(failed), cause: by, code }) = self.failures.pop_front()
        else {
            return Err(format!("a section of {scope} is lost without a failure"));
        };
        ensure!((failed, by) == (scope, cause), "{scope} loses a section by {cause}, not {failed} by {by}");
        ensure!(!self.is_gone(cause), "{cause}, the cause, is of a frame that is closed");
        self.is_last_of(scope, base, None)?;
        let inside = self.tasks.keys().copied().filter(|task| self.is_in_section(*task, scope)).collect();
        self.are_over(inside, cause)?;
        self.caught = true;
        self.go_on_after(scope, Some((cause, code)));
        Ok(())
    }

    fn is_last_of(&self, scope: u32, base: u32, number: Option<u32>) -> Verdict {
        ensure!(self.task(scope).stage == Stage::Open, "a section of {scope}, which is not open");
        let runs = self.now_in(scope);
        let place = [Running::Body, Running::Catch, Running::Finally].iter().position(|one| *one == runs);
        ensure!(
            place.is_some() && number.is_none_or(|number| place == Some(number as usize)),
            "section {number:?} of {scope} ends while {runs:?} runs"
        );
        let position = |task: &u32| self.shape.node(self.task(*task).node).position;
        let last = self.children_of(scope, runs).into_iter().max_by_key(position);
        ensure!(last == Some(base), "{base} is named for {runs:?} of {scope} instead of {last:?}");
        Ok(())
    }

    /// As in programming languages: a failure of the body is the catch's; any other is that of the `try`, and the last one
    /// counts; the finally comes in any case.
    fn go_on_after(&mut self, scope: u32, failed: Option<(u32, ErrorCode)>) {
        let Standing { runs, mut fails } = self.tries[&scope];
        let enabled = |section| {
            let children = self.children_of(scope, section);
            children.iter().any(|child| !self.shape.node(self.task(*child).node).outline.disabled)
        };
        let catches = runs == Running::Body && failed.is_some() && enabled(Running::Catch);
        let next = match runs {
            _ if catches => Running::Catch,
            Running::Body | Running::Catch if enabled(Running::Finally) => Running::Finally,
            _ => Running::Nothing,
        };
        if let Some((cause, code)) = failed.filter(|_| !catches) {
            // What is in a frame is used again.
            let outlasts = self.task(cause).frame == self.task(scope).frame;
            fails = Some((if outlasts { cause } else { scope }, code));
        }
        if runs == Running::Body {
            self.task_mut(scope).armed = f64::INFINITY;
        }
        self.tries.insert(scope, Standing { runs: next, fails });
        if let Some((cause, code)) = fails
            && next == Running::Nothing
        {
            // In a run that keeps going it fails as any scope at its end.
            if self.options.keep_going {
                self.task_mut(scope).blame = fails;
            } else {
                let reach = self.reach_from(scope, code);
                self.failures.push_front(Failure { cause, code, reach });
            }
        }
    }

    pub(crate) fn gather_try(&mut self, scope: u32) -> Verdict {
        let standing = self.tries[&scope];
        let expected = Standing { runs: Running::Nothing, fails: None };
        ensure!(standing == expected, "{scope} gathers at {standing:?}");
        let inside = self.tasks.keys().copied().filter(|task| *task != scope && self.is_within(*task, scope));
        self.are_over(inside.collect(), scope)?;
        self.task_mut(scope).gathered = true;
        Ok(())
    }
}
