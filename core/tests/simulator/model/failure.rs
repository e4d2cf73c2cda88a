//! What a failure must lead to.

use conductor_core::error::ErrorCode;
use conductor_core::run::Op;

use super::{Carry, Failure, Model, Stage, Verdict, ensure};

impl Model<'_> {
    /// An attempt failed: the next one is due, or the task has failed for good.
    pub(crate) fn attempt_over(&mut self, task: u32, code: ErrorCode) {
        let found = self.task(task);
        let outline = self.shape.node(found.node).outline;
        let retries = outline.retries.unwrap_or(self.options.retries);
        if found.tries > retries || !code.retryable() {
            self.fail(task, code);
            return;
        }
        let base = outline.retry_delay_ms.map_or(self.options.retry_delay, f64::from);
        let full = base * f64::from(1_u32 << (found.tries - 1));
        let shortest = if self.options.jitter { full / 2.0 } else { full };
        // A simulated failure takes its own time after the backoff.
        let latest = if self.simulated_error == Some(found.node) { f64::INFINITY } else { self.now + full };
        let stage = Stage::Backoff { earliest: self.now + shortest, latest };
        self.task_mut(task).stage = stage;
    }

    /// A task has failed for good: the nearest `error` edge around it takes the error.
    pub(crate) fn fail(&mut self, cause: u32, code: ErrorCode) {
        let mut catcher = Some(cause);
        while let Some(task) = catcher
            && !self.shape.node(self.task(task).node).catches
        {
            catcher = self.parent(task);
        }
        self.failures.push_back(Failure { cause, code, catcher });
        if self.task(cause).stage != Stage::Open {
            self.task_mut(cause).stage = Stage::Stopped;
        }
    }

    /// Whether the engine may stop this task now.
    pub(crate) fn may_stop(&self, task: u32) -> bool {
        if self.ending.is_some() || self.run_is_due() {
            return true;
        }
        self.failures.front().is_some_and(|failure| match failure.catcher {
            Some(catcher) => self.is_within(task, catcher),
            None => true,
        })
    }

    pub(crate) fn aborted(&mut self, task: u32, attempt: u32, code: ErrorCode) -> Verdict {
        let found = self.task(task).clone();
        ensure!(found.attempt <= attempt, "attempt {attempt} of {task} was never begun or is over");
        match code {
            ErrorCode::Timeout if self.own_deadline_passed(task) => match found.stage {
                Stage::Running => self.attempt_over(task, code),
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
                    Stage::Begun => found.begun + self.options.slow_mo,
                    Stage::Backoff { earliest, .. } => earliest,
                    stage => return Err(format!("simulated failure of {task} at {stage:?}")),
                };
                let delay = self.options.simulate_error.map_or(0.0, |simulation| simulation.delay);
                ensure!(self.now >= due + delay, "simulated failure of {task} comes early");
                let found = self.task_mut(task);
                (found.tries, found.attempt) = (found.tries + 1, attempt);
                self.attempt_over(task, code);
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
        ensure!(failure.catcher == Some(task), "{task} catches, {:?} should", failure.catcher);
        let inside: Vec<u32> =
            self.tasks.keys().copied().filter(|inner| self.is_within(*inner, task)).collect();
        for inner in inside {
            ensure!(
                inner == cause || !self.is_in_flight(inner),
                "{inner} goes on inside {task}, which failed"
            );
            if !matches!(self.task(inner).stage, Stage::Over(_)) {
                self.task_mut(inner).stage = Stage::Stopped;
            }
            self.items.remove(&inner);
        }
        let slot = self.beside(task, self.shape.node(self.task(task).node).slot);
        self.task_mut(slot).dropped = false;
        self.task_mut(task).stage = Stage::Over(Carry::Error);
        self.caught = true;
        Ok(())
    }

    pub(crate) fn finished(&mut self, cause: u32, code: Option<ErrorCode>) -> Verdict {
        let expected = match (self.failures.front(), self.ending) {
            _ if matches!(self.task(0).stage, Stage::Over(_)) => (Op::NOBODY, None),
            (Some(failure), _) if failure.catcher.is_none() => (failure.cause, Some(failure.code)),
            (_, Some(code)) => (Op::NOBODY, Some(code)),
            _ if code == Some(ErrorCode::Timeout) && self.run_is_due() => (Op::NOBODY, code),
            _ => return Err("the run is not over".into()),
        };
        ensure!((cause, code) == expected, "finished with {cause} {code:?} instead of {expected:?}");
        for task in self.tasks.keys() {
            ensure!(!self.is_in_flight(*task), "{task} is in flight at the end");
        }
        self.failures.clear();
        self.finished = Some((cause, code));
        Ok(())
    }
}
