//! Seeds of schedules that went wrong once.

pub(crate) const SEEDS: [u64; 2] = [
    // Events told in one step were replayed as several.
    0, // A backoff of 0 ms that began within `handle_timeout` left a deadline in the past.
    56_546,
];
