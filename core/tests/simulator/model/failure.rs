//! What a failure must lead to.

use conductor_core::error::ErrorCode;
use conductor_core::ids::{Millis, TaskId};
use conductor_core::run::{Event, TaskState};

use super::{Carry, Failure, Model, Reach, Stage, Task, Verdict, ensure};

impl Model<'_> {
    /// An attempt failed: the next one is due, or the task has failed for good.
    pub(crate) fn attempt_over(&mut self, task: u32, code: ErrorCode, advice: Option<Millis>) {
        let found = self.task(task);
        let outline = self.shape.node(found.node).outline;
        let retries = outline.retries.unwrap_or(self.options.retries);
        if found.tries > retries || !code.retryable() || advice == Some(Event::NEVER) {
            self.fail(task, code);
            return;
        }
        let least = f64::from(advice.unwrap_or(Millis::ZERO));
        self.task_mut(task).stage = match self.backoff(task) {
            Stage::Backoff { earliest, latest } => Stage::Backoff {
                earliest: earliest.max(self.now + least),
                latest: latest.max(self.now + least),
            },
            stage => stage,
        };
    }

    /// What comes after a try that failed, when another one is due.
    fn backoff(&self, task: u32) -> Stage {
        let found = self.task(task);
        let outline = self.shape.node(found.node).outline;
        let full = outline.retry_delay_ms.map_or(self.options.retry_delay, f64::from)
            * f64::from(1_u32 << (found.tries - 1));
        let shortest = if outline.retry_jitter.unwrap_or(self.options.jitter) { full / 2.0 } else { full };
        Stage::Backoff { earliest: self.now + shortest, latest: self.now + full }
    }

    /// A task has failed for good: the nearest scope around it that may begin again does, or the nearest `error` edge
    /// takes the error. In a run that keeps going nothing but the task's own.
    pub(crate) fn fail(&mut self, cause: u32, code: ErrorCode) {
        let deadline = self.reach_of_deadline(cause, code);
        let reach = deadline.unwrap_or_else(|| self.reach_from(cause, code));
        self.failures.push_back(Failure { cause, code, reach });
        if self.task(cause).stage != Stage::Open {
            self.task_mut(cause).stage = Stage::Stopped;
        }
    }

    /// How far the failure of a task goes.
    pub(crate) fn reach_from(&self, failed: u32, code: ErrorCode) -> Reach {
        let keeps_going = self.options.keep_going && self.parent(failed).is_some();
        let mut catcher = Some(failed);
        let mut lost = None;
        while lost.is_none()
            && let Some(task) = catcher
            && !self.handles(task, code)
            && !self.may_begin_again(task, code)
        {
            lost = self.lost_frame(task, code).map(Reach::Lost).or_else(|| self.reach_of_branch(task, code));
            lost = lost.or_else(|| self.reach_of_section(task, code));
            if lost.is_some() {
                break;
            }
            catcher = self.parent(task);
        }
        match catcher.filter(|task| !keeps_going || *task == failed) {
            _ if lost.is_some() => lost.unwrap_or(Reach::Ends),
            Some(group) if self.may_begin_again(group, code) => Reach::Again(group),
            Some(catcher) => Reach::Caught(catcher),
            None if keeps_going => Reach::Stays,
            None => Reach::Ends,
        }
    }

    /// Whether the engine may stop this task now.
    pub(crate) fn may_stop(&self, task: u32) -> bool {
        self.ending.is_some()
            || self.ended_by.is_some()
            || self.run_is_due()
            || self.failures.front().is_some_and(|failure| self.is_struck(task, failure))
            || self.is_cancelled(task)
    }

    /// Whether a failure is the end of this task as well.
    pub(crate) fn is_struck(&self, task: u32, failure: &Failure) -> bool {
        match failure.reach {
            Reach::Caught(scope) | Reach::Again(scope) | Reach::Fails(scope) => self.is_within(task, scope),
            Reach::Branch(child) => self.is_in_branch(task, child),
            Reach::Section(scope) => self.is_in_section(task, scope),
            Reach::Stays => self.is_within(task, failure.cause),
            Reach::Kept(_) => false,
            Reach::Lost(base) => self.is_in_frame(task, base),
            Reach::Ends => true,
        }
    }

    /// A group may have as many tries as it asks for itself; what is asked of the whole run is for leaves.
    pub(crate) fn may_begin_again(&self, task: u32, code: ErrorCode) -> bool {
        let Task { node, tries, .. } = *self.task(task);
        let is_group = !self.shape.is_leaf(node) && !self.shape.is_each(node);
        is_group
            && code.retryable()
            && tries <= self.shape.node(node).outline.retries.unwrap_or(0)
            && self.is_in_body(task)
    }

    /// Something was said of a group: maybe that it is stopped now, to begin again. Returns whether it is.
    pub(crate) fn stops_to_begin_again(&mut self, task: u32) -> Result<bool, String> {
        // The run has succeeded, whatever failed in it before.
        if self.ended_by.is_some() {
            return Ok(false);
        }
        let failed_by = match self.failures.front() {
            Some(failure) if failure.reach == Reach::Again(task) => failure.cause,
            _ => match self.failed_at_its_end(task) {
                Some((cause, code)) if self.may_begin_again(task, code) => cause,
                _ => return Ok(false),
            },
        };
        if self.failures.front().is_some_and(|failure| failure.reach == Reach::Again(task)) {
            self.failures.pop_front();
        }
        self.is_over_inside(task, failed_by)?;
        self.task_mut(task).stage = self.backoff(task);
        Ok(true)
    }

    /// The group's backoff is over: all that it contains is as before its beginning.
    pub(crate) fn reset(&mut self, task: u32) -> Verdict {
        let Task { node, stage, .. } = *self.task(task);
        let Stage::Backoff { earliest, .. } = stage else {
            return Err(format!("reset of {task} at {stage:?}"));
        };
        ensure!(self.now >= earliest, "reset of {task} at {} instead of {earliest}", self.now);
        self.begins_in_time(task)?;
        for inner in node + 1..self.shape.node(node).end {
            let inner = self.beside(task, inner);
            if !self.is_placeholder(inner) {
                let found = self.task(inner);
                ensure!(found.state == TaskState::Pending, "{inner} is {:?} after a reset", found.state);
                let fresh = Task { attempt: found.attempt, ..Task::new(found.node, found.frame) };
                self.tasks.insert(inner, fresh);
            }
        }
        let found = self.task_mut(task);
        (found.stage, found.held) = (Stage::Waiting, false);
        Ok(())
    }

    /// A task is shown as if it had never begun: only a scope around it that begins again can bring that about.
    pub(crate) fn shows_pending(&self, task: u32) -> Verdict {
        let mut around = self.parent(task);
        while let Some(scope) = around
            && !matches!(self.task(scope).stage, Stage::Backoff { earliest, .. } if earliest <= self.now)
        {
            around = self.parent(scope);
        }
        ensure!(around.is_some(), "{task} is pending again");
        Ok(())
    }

    /// First cause and code with which a scope fails, once all that it contains is over.
    fn failed_at_its_end(&self, task: u32) -> Option<(u32, ErrorCode)> {
        let found = self.task(task);
        found.blame.filter(|_| found.stage == Stage::Open && self.is_done_inside(task))
    }

    /// A task is shown as failed: it failed itself, or all inside it is over and not all of it went well, or it is
    /// stopped by what happened around it.
    pub(crate) fn shows_failure(&mut self, task: u32) -> Verdict {
        let first = self.failures.front().copied();
        ensure!(
            // What has succeeded as a whole begins nothing again.
            self.ended_by.is_some() || !first.is_some_and(|failure| failure.reach == Reach::Again(task)),
            "{task} is to begin again, and shown as failed"
        );
        if let Some(failure) = first
            && (failure.cause, failure.reach) == (task, Reach::Stays)
        {
            self.failures.pop_front();
            self.is_over_inside(task, task)?;
            self.task_mut(task).stage = Stage::Over(Carry::Failure);
            self.blame_scope(task, task, failure.code);
        } else if let Some(failure) = first
            && failure.reach == Reach::Fails(task)
        {
            self.failures.pop_front();
            self.is_over_inside(task, failure.cause)?;
            self.task_mut(task).stage = Stage::Over(Carry::Failure);
            self.blame_scope(task, failure.cause, failure.code);
        } else if let Some((cause, code)) = self.failed_at_its_end(task) {
            // What comes of it comes before what was told after it.
            if self.handles(task, code) {
                self.failures.push_front(Failure { cause, code, reach: Reach::Caught(task) });
                return Ok(());
            }
            self.task_mut(task).stage = Stage::Over(Carry::Failure);
            if task == 0 {
                self.failures.push_front(Failure { cause, code, reach: Reach::Ends });
            } else if let Some(base) = self.lost_frame(task, code) {
                self.failures.push_front(Failure { cause, code, reach: Reach::Lost(base) });
            } else if let Some(reach) =
                self.reach_of_branch(task, code).or_else(|| self.reach_of_section(task, code))
            {
                // The branch or the section that it is in ends with it.
                self.task_mut(task).stage = Stage::Stopped;
                self.failures.push_front(Failure { cause, code, reach });
            } else {
                self.blame_scope(task, cause, code);
            }
        } else {
            let stage = self.task(task).stage;
            ensure!(stage == Stage::Stopped || self.may_stop(task), "{task} fails at {stage:?}");
            if stage == Stage::Open {
                self.task_mut(task).stage = Stage::Stopped;
            }
        }
        Ok(())
    }

    /// A task failed and nothing took it: the scope around it will fail, with the first cause there was. A scope that
    /// runs once per item takes the error over, because the numbers of an item's tasks are used again.
    fn blame_scope(&mut self, task: u32, cause: u32, code: ErrorCode) {
        let Some(scope) = self.parent(task).filter(|scope| self.task(*scope).blame.is_none()) else { return };
        let outlasts = self.task(scope).frame == self.task(cause).frame;
        if !outlasts {
            self.failures.push_front(Failure { cause, code, reach: Reach::Kept(scope) });
        }
        self.task_mut(scope).blame = Some((if outlasts { cause } else { scope }, code));
    }

    /// Whether a failure ends with the task: an edge takes its error, or the flow goes on after anything but a cancel.
    pub(crate) fn handles(&self, task: u32, code: ErrorCode) -> bool {
        let node = self.shape.node(self.task(task).node);
        node.catches || node.continues && code != ErrorCode::Cancelled
    }

    pub(crate) fn aborted(&mut self, task: u32, attempt: u32, code: ErrorCode) -> Verdict {
        let found = self.task(task).clone();
        ensure!(found.attempt <= attempt, "attempt {attempt} of {task} was never begun or is over");
        match code {
            ErrorCode::Timeout if self.own_deadline_passed(task) => match found.stage {
                Stage::Running => self.attempt_over(task, code, None),
                _ => self.fail(task, code),
            },
            ErrorCode::Timeout => {
                ensure!(self.run_is_due(), "{task} had time left");
                ensure!(self.is_in_flight(task), "{task} is not in flight");
                self.task_mut(task).stage = Stage::Stopped;
            }
            ErrorCode::ExecutionFailed => {
                ensure!(self.simulated_error == Some(found.node), "{task} is to be run, not simulated");
                let due = match found.stage {
                    Stage::Begun => found.begun + self.hold_up(task),
                    Stage::Backoff { earliest, .. } => earliest,
                    stage => return Err(format!("simulated failure of {task} at {stage:?}")),
                };
                let delay = self.options.simulate_error.map_or(0.0, |simulation| simulation.delay);
                ensure!(delay > 0.0 || !self.paused, "{task} fails at once while paused");
                ensure!(self.now >= due + delay, "simulated failure of {task} comes early");
                let found = self.task_mut(task);
                (found.tries, found.attempt) = (found.tries + 1, attempt);
                self.attempt_over(task, code, None);
            }
            _ => {
                ensure!(code == ErrorCode::Cancelled, "abort of {task} with {code}");
                ensure!(self.is_in_flight(task), "{task} is not in flight");
                ensure!(self.may_stop(task), "nothing stops {task}");
                self.task_mut(task).stage = Stage::Stopped;
            }
        }
        Ok(())
    }

    pub(crate) fn run_is_due(&self) -> bool {
        self.options.timeout > 0.0 && self.now >= self.started + self.options.timeout
    }

    /// Whether the task's own deadline has passed, and did so before the run's.
    fn own_deadline_passed(&self, task: u32) -> bool {
        let found = self.task(task);
        let timeout = self.shape.node(found.node).outline.timeout_ms;
        let at = found.armed + timeout.map_or(f64::NAN, f64::from);
        matches!(found.stage, Stage::Running | Stage::Open | Stage::Asking)
            && self.now >= at
            && !(self.run_is_due() && self.started + self.options.timeout <= at)
    }

    pub(crate) fn caught(&mut self, task: u32, cause: u32) -> Verdict {
        let Some(failure) = self.failures.pop_front() else {
            return Err(format!("{task} catches a failure of {cause} that did not happen"));
        };
        ensure!(failure.cause == cause, "{cause} is named as cause, {} failed", failure.cause);
        // What is in a group with branches that fails at once is stopped before the scope around it takes the error over.
        let is_kept = failure.reach == Reach::Kept(task);
        let is_stopped = is_kept && self.task(cause).stage == Stage::Stopped && !self.ends.is_empty();
        ensure!(is_stopped || !self.is_gone(cause), "{cause}, the cause, is of a frame that is closed");
        if is_kept {
            return Ok(());
        }
        ensure!(failure.reach == Reach::Caught(task), "{task} catches {failure:?}");
        self.is_over_inside(task, cause)?;
        let slot = self.beside(task, self.shape.node(self.task(task).node).slot);
        // Where no edge leads from a group, there is nothing more to drop.
        if !self.readers(slot).is_empty() {
            self.task_mut(slot).dropped = false;
        }
        let carry =
            if self.shape.node(self.task(task).node).continues { Carry::Undefined } else { Carry::Error };
        self.task_mut(task).stage = Stage::Over(carry);
        self.caught = true;
        Ok(())
    }

    /// The first task of the frame that ends with a failure of the task, and nothing else with it.
    pub(crate) fn lost_frame(&self, task: u32, code: ErrorCode) -> Option<u32> {
        let (base, owner) = self.task(task).frame?;
        let tolerant = self.shape.node(self.task(owner).node).outline.tolerant;
        (tolerant && self.parent(task) == Some(owner) && code != ErrorCode::Cancelled).then_some(base)
    }

    pub(crate) fn lost(&mut self, task: u32, base: u32, cause: u32) -> Verdict {
        let Some(failure) = self.failures.pop_front() else {
            return Err(format!("frame {base} of {task} is lost without a failure"));
        };
        ensure!(failure.reach == Reach::Lost(base), "frame {base} of {task} is lost by {failure:?}");
        ensure!(failure.cause == cause, "{cause} is named as cause, {} failed", failure.cause);
        ensure!(!self.is_gone(cause), "{cause}, the cause, is of a frame that is closed");
        ensure!(self.task(task).stage == Stage::Open, "a frame of {task}, which is not open");
        let inside: Vec<u32> =
            self.tasks.keys().copied().filter(|inner| self.is_in_frame(*inner, base)).collect();
        self.are_over(inside, cause)?;
        let Some(items) = self.items.get_mut(&task) else { return Err(format!("{task} has no items")) };
        ensure!(items.open.remove(&base).is_some(), "frame {base} of {task} is not open");
        items.closed += 1;
        Ok(())
    }

    /// A scope is over before its time, and everything inside it.
    fn is_over_inside(&mut self, task: u32, cause: u32) -> Verdict {
        let inside = self.tasks.keys().copied().filter(|inner| self.is_within(*inner, task)).collect();
        self.are_over(inside, cause)
    }

    /// Tasks are over before their time.
    pub(crate) fn are_over(&mut self, tasks: Vec<u32>, cause: u32) -> Verdict {
        for inner in tasks {
            ensure!(
                inner == cause || !self.is_to_be_aborted(inner),
                "{inner} goes on although what it is in failed by {cause}"
            );
            let found = self.task_mut(inner);
            found.blame = None;
            if !matches!(found.stage, Stage::Over(_)) {
                found.stage = Stage::Stopped;
            }
            self.items.remove(&inner);
        }
        Ok(())
    }

    pub(crate) fn finished(&mut self, cause: u32, code: Option<ErrorCode>) -> Verdict {
        let expected = match (self.failures.front(), self.ending) {
            _ if self.ended_by.is_some() => (self.ended_by.unwrap_or(TaskId::NONE.0), None),
            _ if matches!(self.task(0).stage, Stage::Over(Carry::Output | Carry::Named)) => {
                (TaskId::NONE.0, None)
            }
            (Some(failure), _) if failure.reach == Reach::Ends => {
                ensure!(!self.is_gone(failure.cause), "{cause}, the cause, is of a frame that is closed");
                (failure.cause, Some(failure.code))
            }
            (_, Some(code)) => (TaskId::NONE.0, Some(code)),
            _ if code == Some(ErrorCode::Timeout) && self.run_is_due() => (TaskId::NONE.0, code),
            _ => return Err("the run is not over".into()),
        };
        ensure!((cause, code) == expected, "finished with {cause} {code:?} instead of {expected:?}");
        for task in self.tasks.keys() {
            ensure!(!self.is_to_be_aborted(*task), "{task} is in flight at the end");
        }
        // A group with branches fails at once, also in a run that keeps going.
        if self.shape.branches(0).is_some() && code.is_some() {
            for task in self.tasks.values_mut().filter(|task| !matches!(task.stage, Stage::Over(_))) {
                task.stage = Stage::Stopped;
            }
        }
        self.failures.clear();
        self.finished = Some((cause, code));
        Ok(())
    }
}
