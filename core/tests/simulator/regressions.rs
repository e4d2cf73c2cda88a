//! Seeds of schedules that went wrong once.

#[rustfmt::skip]
pub(crate) const SEEDS: [u64; 7] = [
    // Events told in one step were replayed as several.
    0,
    // A backoff of 0 ms that began within `handle_timeout` left a deadline in the past; a group that took too long was
    // shown as failed before it began again; one at a time, what comes after it overtook a group that waited.
    56_546,
    // The failure of an item was named as the cause when its frame was closed, and its number another's.
    136,
    // A snapshot was refused while a group waited to begin again and nothing was in flight.
    836,
    // A scope that failed before any of its nodes began had an end and no start.
    423,
    // After a failure in a run that keeps going, the host could run ahead into what depended on it.
    55_458,
    // A group was to begin again although an answer ended the run. A mistake of the model.
    49_838,
];
