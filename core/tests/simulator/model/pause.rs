//! What a pause holds up: executables whose delay ends, leaves and groups whose backoff does.

use super::{Model, Stage, Verdict, ensure};

impl Model<'_> {
    /// An executable starts, or a group begins again. Those whose time had come do so in the order of their times.
    pub(crate) fn begins_in_time(&self, task: u32) -> Verdict {
        ensure!(!self.paused, "{task} begins while paused");
        let Some((earliest, _)) = self.due(task) else { return Ok(()) };
        for other in self.tasks.keys().copied().filter(|other| *other != task && !self.is_gone(*other)) {
            let was_due = self.due(other).is_some_and(|(_, latest)| latest < earliest);
            ensure!(!was_due, "{task} begins before {other}, which was due before it");
        }
        Ok(())
    }

    /// The timers were looked at: what is due by now begins, or is held.
    pub(crate) fn timers_fired(&mut self) -> Verdict {
        let due: Vec<u32> = self.tasks.keys().copied().filter(|task| self.is_overdue(*task)).collect();
        for task in due {
            ensure!(self.paused, "{task} was due, and did not begin");
            self.task_mut(task).held = true;
        }
        Ok(())
    }

    /// A run that goes on holds nothing back.
    pub(crate) fn is_held_back(&self, task: u32) -> Verdict {
        ensure!(
            self.paused || !self.task(task).held,
            "{task} was held in a pause, and did not begin after it"
        );
        Ok(())
    }

    fn is_overdue(&self, task: u32) -> bool {
        !self.is_gone(task) && self.due(task).is_some_and(|(_, latest)| latest <= self.now)
    }

    /// Between which moments a timer makes the task begin; nothing if it waits for no timer.
    fn due(&self, task: u32) -> Option<(f64, f64)> {
        let found = self.task(task);
        let (earliest, latest) = match found.stage {
            Stage::Begun if self.hold_up(task) > 0.0 => {
                let due = found.begun + self.hold_up(task);
                (due, due)
            }
            Stage::Backoff { earliest, latest } => (earliest, latest),
            _ => return None,
        };
        // A failure that is simulated takes its own time after that, and is no beginning.
        let simulated = self.simulated_error == Some(found.node);
        Some((earliest, if simulated { f64::INFINITY } else { latest }))
    }
}
