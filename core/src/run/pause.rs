//! A pause: nothing begins until the run goes on, not even what a timer was set for.

use super::state::{Run, RunPhase};

impl Run {
    pub(super) fn pause(&mut self) {
        self.state.paused = true;
        self.resuming = false;
    }

    /// The pause is to end, unless another event of the same step says otherwise.
    pub(super) fn resume(&mut self) {
        self.resuming = self.state.paused;
    }

    /// Whether a paused run goes on now: it ends the pause if that was told, and carries out what fell due in it. What
    /// was ready comes after that: it still needs room, and a group that begins again may have something that goes
    /// before it.
    #[cold]
    pub(super) fn goes_on(&mut self) -> bool {
        if !std::mem::take(&mut self.resuming) {
            return false;
        }
        self.state.paused = false;
        for timer in self.state.timers.release() {
            if self.state.phase == RunPhase::Active {
                self.fire(timer);
            }
        }
        true
    }
}
