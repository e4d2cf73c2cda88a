//! The steps in which an executing node's progress is shown.

/// One class of nodes by weight, with the steps it shows. After the last step come 100 % and `Complete`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Animation {
    /// The largest weight in the class.
    pub up_to_weight: f64,
    /// Percent and message of each step.
    pub steps: &'static [(u32, &'static str)],
}

/// The classes, lightest first.
pub const ANIMATIONS: [Animation; 3] = [
    Animation {
        up_to_weight: 99.0,
        steps: &[(0, "Starting..."), (30, "Processing..."), (70, "Finalizing..."), (90, "Almost done...")],
    },
    Animation {
        up_to_weight: 300.0,
        steps: &[
            (0, "Starting..."),
            (20, "Initializing..."),
            (40, "Processing..."),
            (60, "Computing..."),
            (80, "Finalizing..."),
            (90, "Almost done..."),
        ],
    },
    Animation {
        up_to_weight: f64::INFINITY,
        steps: &[
            (0, "Starting..."),
            (15, "Initializing..."),
            (30, "Loading..."),
            (45, "Processing..."),
            (60, "Computing..."),
            (75, "Finalizing..."),
            (90, "Almost done..."),
        ],
    },
];

/// The message at 100 %.
pub const COMPLETE: &str = "Complete";

/// The steps of a node of this weight.
pub(crate) fn steps(weight: f64) -> &'static [(u32, &'static str)] {
    let class = ANIMATIONS.iter().find(|class| weight <= class.up_to_weight);
    class.unwrap_or(&ANIMATIONS[2]).steps
}

/// Without slow motion all steps are shown this many ms after the start of the executable, if it runs as long.
pub(crate) const STEPS_MS: f64 = 1.0;
/// The steps take this many slow-motion units, the wait at 100 % the rest of two.
pub(crate) const STEPS_SPAN: f64 = 1.5;
/// The wait between 100 % and completion, in slow-motion units.
pub(crate) const SETTLE_SPAN: f64 = 0.5;
