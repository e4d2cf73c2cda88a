//! A trace in little room: a number for each change, and the times of the steps in which they came.

use std::sync::Arc;

use crate::ids::NodeId;
use crate::plan::Plan;
use crate::run::{Journal, Op, RunOptions, TaskState};

/// Numbers before the first change: how many changes, how many steps, and how many of the nodes directly within the
/// node that was run (of a leaf, itself) completed and failed.
pub const TRACE_HEADER: usize = 4;

/// Bits of the step of the animation, from the lowest one on, in the number of a change.
pub const STEP_BITS: u32 = 8;
/// Bits of a percent.
pub const PERCENT_BITS: u32 = 7;
/// Bits of a state.
pub const STATE_BITS: u32 = 3;
/// Where the overall percent begins.
pub const OVERALL_SHIFT: u32 = STEP_BITS;
/// Where the node's percent begins.
pub const PERCENT_SHIFT: u32 = OVERALL_SHIFT + PERCENT_BITS;
/// Where the state begins.
pub const STATE_SHIFT: u32 = PERCENT_SHIFT + PERCENT_BITS;
/// The bit that says whether the state is another one than before.
pub const ENTERED_SHIFT: u32 = STATE_SHIFT + STATE_BITS;
/// Where the node begins, beyond what a word holds.
pub const NODE_SHIFT: u32 = ENTERED_SHIFT + 1;

const fn mask(bits: u32) -> u32 {
    (1 << bits) - 1
}

/// The journal's trace: a header, then a number for each change of a node other than a group that was run, then for
/// each step with changes the place of the first of them and the time.
///
/// From its lowest bit on, the number of a change holds the step of the animation, the overall percent, the node's percent, its
/// state, whether that is another one than before, and the node.
///
/// Empty where the journal is none of this plan.
pub(super) fn packed(journal: &Journal, plan: &Arc<Plan>, options: RunOptions) -> Vec<f64> {
    let own = usize::from(plan.len() > 1);
    let mut states = vec![TaskState::Pending; plan.len()];
    let mut numbers = vec![0.0; TRACE_HEADER];
    let mut steps: Vec<f64> = Vec::new();
    let replayed = journal.replay(plan.clone(), options, true, |time, ops| {
        let first = numbers.len() - TRACE_HEADER;
        for op in ops {
            if let Op::Change { task, state, percent, overall, step } = *op
                && (own..plan.len()).contains(&task.index())
            {
                let before = std::mem::replace(&mut states[task.index()], state);
                let low = step & mask(STEP_BITS)
                    | (overall & mask(PERCENT_BITS)) << OVERALL_SHIFT
                    | (percent & mask(PERCENT_BITS)) << PERCENT_SHIFT
                    | u32::from(state.number()) << STATE_SHIFT
                    | u32::from(before != state) << ENTERED_SHIFT;
                numbers.push(f64::from(task.0) * f64::from(1 << NODE_SHIFT) + f64::from(low));
            }
        }
        if numbers.len() - TRACE_HEADER > first {
            steps.extend([first as f64, time]);
        }
    });
    if replayed.is_err() {
        return Vec::new();
    }
    let count = |wanted| {
        let inside = plan.numbers().zip(&states).skip(own);
        inside.filter(|(node, state)| plan.node(*node).parent == NodeId::ROOT && **state == wanted).count()
    };
    numbers[0] = (numbers.len() - TRACE_HEADER) as f64;
    numbers[1] = (steps.len() / 2) as f64;
    numbers[2] = count(TaskState::Completed) as f64;
    numbers[3] = count(TaskState::Error) as f64;
    numbers.extend(steps);
    numbers
}
