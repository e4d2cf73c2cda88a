//! How work is stopped from outside, and says how far it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::failure::{Code, Failure};

/// A flag that stops work. Work that sees it ends with code CANCELLED at the next of its regular looks. Clones share the flag.
#[derive(Clone, Default)]
pub struct Cancel(Arc<Shared>);

#[derive(Default)]
struct Shared {
    fired: AtomicBool,
    percent: AtomicU32,
}

impl Cancel {
    /// Fires the flag. Firing twice is the same as once.
    pub fn fire(&self) {
        self.0.fired.store(true, Ordering::Relaxed);
    }

    /// How far the work is, 0–100; 0 for work that does not say.
    pub fn percent(&self) -> u32 {
        self.0.percent.load(Ordering::Relaxed)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.fired.load(Ordering::Relaxed)
    }

    /// Says how much of the work is done.
    pub(crate) fn report(&self, done: u64, all: u64) {
        let percent = done.min(all) * 100 / all.max(1);
        self.0.percent.store(percent as u32, Ordering::Relaxed);
    }

    /// Fails with CANCELLED once the flag has fired.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.is_cancelled() { Err(Code::Cancelled.because("The operation was cancelled")) } else { Ok(()) }
    }
}
