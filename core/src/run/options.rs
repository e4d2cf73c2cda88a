//! How a run is to be run.

use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::numbered::numbered;
use crate::plan::Plan;

/// Settings of one run. All times in ms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunOptions {
    /// How many tasks may be in flight, at least 1. With 1 the order is the plan's. A leaf or group that waits to be
    /// tried again is in flight.
    pub concurrency: u32,
    /// Source of every random choice of this run.
    pub seed: u64,
    /// Further attempts for nodes that do not say themselves.
    pub retries: u32,
    /// First backoff for nodes that do not say themselves; doubles with every further attempt.
    pub retry_delay: f64,
    /// Spread backoffs over 50–100 % of their length, for nodes that do not say themselves.
    pub jitter: bool,
    /// Deadline of the whole run; 0 for none.
    pub timeout: f64,
    /// Pace for watching: a node takes twice this and what it needs itself beyond that.
    pub slow_mo: f64,
    /// After a failure that nothing catches, go on with what does not depend on it; the run then fails at its end.
    pub keep_going: bool,
    /// Make a node fail instead of running it.
    pub simulate_error: Option<Simulation>,
    /// Make a node start late.
    pub simulate_delay: Option<Simulation>,
    /// Keep every output until the end, so that no slot is dropped in the outermost frame.
    pub keep_outputs: bool,
    /// Keep the journal.
    pub record: bool,
}

/// What to simulate, where.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// Which node.
    pub target: Target,
    /// Wait in ms before it shows.
    pub delay: f64,
}

/// The node that a simulation hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// The node with this index in the plan, if it is a leaf.
    Node(NodeId),
    /// One of the plan's leaves, each with the same chance, drawn from the seed.
    Random,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            concurrency: 1,
            seed: 0,
            retries: 0,
            retry_delay: 1000.0,
            jitter: false,
            timeout: 0.0,
            slow_mo: 0.0,
            keep_going: false,
            simulate_error: None,
            simulate_delay: None,
            keep_outputs: false,
            record: true,
        }
    }
}

numbered! {
    /// Where each option stands among the numbers that [`RunOptions::from_numbers`] reads.
    pub enum OptionPlace: usize {
        /// [`RunOptions::concurrency`].
        Concurrency = 0,
        /// [`RunOptions::seed`], 53 bits of it.
        Seed = 1,
        /// [`RunOptions::retries`].
        Retries = 2,
        /// [`RunOptions::retry_delay`].
        RetryDelay = 3,
        /// [`RunOptions::jitter`], 0 or 1.
        Jitter = 4,
        /// [`RunOptions::timeout`].
        Timeout = 5,
        /// [`RunOptions::slow_mo`].
        SlowMo = 6,
        /// The target of [`RunOptions::simulate_error`]: the index of a node, [`NO_TARGET`] or [`RANDOM_TARGET`].
        ErrorTarget = 7,
        /// Its delay.
        ErrorDelay = 8,
        /// The target of [`RunOptions::simulate_delay`], likewise.
        DelayTarget = 9,
        /// Its delay.
        Delay = 10,
        /// [`RunOptions::keep_outputs`], 0 or 1.
        KeepOutputs = 11,
        /// [`RunOptions::record`], 0 or 1.
        Record = 12,
        /// [`RunOptions::keep_going`], 0 or 1.
        KeepGoing = 13,
    }
}

/// Numbers that [`RunOptions::from_numbers`] reads.
pub const OPTION_NUMBERS: usize = OptionPlace::ALL.len();

/// In an option's place for a node: none.
pub const NO_TARGET: f64 = -1.0;
/// In an option's place for a node: drawn from the seed.
pub const RANDOM_TARGET: f64 = -2.0;

impl RunOptions {
    /// Reads options from the numbers a host fills in, each at its [`OptionPlace`]. Numbers out of range are brought into it.
    pub fn from_numbers(numbers: &[f64; OPTION_NUMBERS]) -> RunOptions {
        let number = |place: OptionPlace| numbers[place.number()];
        RunOptions {
            concurrency: (number(OptionPlace::Concurrency) as u32).max(1),
            seed: number(OptionPlace::Seed) as u64,
            retries: number(OptionPlace::Retries) as u32,
            retry_delay: duration(number(OptionPlace::RetryDelay)),
            jitter: number(OptionPlace::Jitter) != 0.0,
            timeout: duration(number(OptionPlace::Timeout)),
            slow_mo: duration(number(OptionPlace::SlowMo)),
            keep_going: number(OptionPlace::KeepGoing) != 0.0,
            simulate_error: simulation(number(OptionPlace::ErrorTarget), number(OptionPlace::ErrorDelay)),
            simulate_delay: simulation(number(OptionPlace::DelayTarget), number(OptionPlace::Delay)),
            keep_outputs: number(OptionPlace::KeepOutputs) != 0.0,
            record: number(OptionPlace::Record) != 0.0,
        }
    }
}

fn simulation(target: f64, delay: f64) -> Option<Simulation> {
    let target = match target {
        RANDOM_TARGET => Target::Random,
        node if node >= 0.0 => Target::Node(NodeId(node as u32)),
        _ => return None,
    };
    Some(Simulation { target, delay: duration(delay) })
}

/// A duration is finite and not negative; anything else is none at all.
fn duration(ms: f64) -> f64 {
    if ms.is_finite() && ms > 0.0 { ms } else { 0.0 }
}

impl RunOptions {
    /// The node that a simulation hits in this plan. `salt` keeps two random choices of one run apart.
    pub(crate) fn simulated_node(
        &self,
        simulation: Option<Simulation>,
        plan: &Plan,
        salt: u64,
    ) -> Option<NodeId> {
        match simulation?.target {
            Target::Node(node) => Some(node),
            Target::Random => {
                let leaves = f64::from(plan.leaves());
                plan.nth_leaf((unit(self.seed, salt) * leaves) as u32)
            }
        }
    }
}

/// A number in [0, 1) that depends on nothing but its arguments (the finaliser of SplitMix64).
pub(crate) fn unit(seed: u64, salt: u64) -> f64 {
    let mut bits = seed.wrapping_add(salt.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
