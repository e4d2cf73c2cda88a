//! Statuses of executions as numbers: those below `FINISHED` are not over.

/// By number.
pub(super) const NAMES: [&str; 9] =
    ["queued", "running", "sleeping", "waiting", "paused", "blocked", "completed", "failed", "cancelled"];

pub(super) const QUEUED: u8 = 0;
pub(super) const RUNNING: u8 = 1;
pub(super) const WAITING: u8 = 3;
/// The first of those that are over.
pub(super) const FINISHED: u8 = 6;
/// How many there are.
pub(super) const COUNT: u8 = NAMES.len() as u8;

/// The number of a name.
pub(super) fn number(name: &str) -> Option<u8> {
    NAMES.iter().position(|known| *known == name).map(|place| place as u8)
}
