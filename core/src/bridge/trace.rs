//! A trace in little room: a number for each change, and the times of the steps in which they came.

use std::sync::Arc;

use crate::plan::Plan;
use crate::run::{Journal, Op, RunOptions, TaskState};

/// Numbers before the first change: how many changes, how many steps, and how many of the nodes directly within the
/// node that was run (of a leaf, itself) completed and failed.
const HEADER: usize = 4;

/// The journal's trace: a header, then a number for each change of a node other than a group that was run, then for
/// each step with changes the place of the first of them and the time.
///
/// From its lowest bit on, the number of a change holds the step of the animation (8 bits), the overall percent (7), the
/// node's percent (7), its state (3), whether that is another one than before (1), and the node.
///
/// Empty where the journal is none of this plan.
pub(super) fn packed(journal: &Journal, plan: &Arc<Plan>, options: RunOptions) -> Vec<f64> {
    let nodes = plan.len() as u32;
    let own = u32::from(nodes > 1);
    let mut states = vec![TaskState::Pending; plan.len()];
    let mut numbers = vec![0.0; HEADER];
    let mut steps: Vec<f64> = Vec::new();
    let replayed = journal.replay(plan.clone(), options, true, |time, ops| {
        let first = numbers.len() - HEADER;
        for op in ops {
            if let Op::Change { task, state, percent, overall, step } = *op
                && (own..nodes).contains(&task)
            {
                let before = std::mem::replace(&mut states[task as usize], state);
                let low = step & 0xff
                    | (overall & 0x7f) << 8
                    | (percent & 0x7f) << 15
                    | u32::from(state.number()) << 22
                    | u32::from(before != state) << 25;
                numbers.push(f64::from(task) * f64::from(1 << 26) + f64::from(low));
            }
        }
        if numbers.len() - HEADER > first {
            steps.extend([first as f64, time]);
        }
    });
    if replayed.is_err() {
        return Vec::new();
    }
    let count = |wanted| {
        (own..nodes).filter(|node| plan.node(*node).parent == 0 && states[*node as usize] == wanted).count()
    };
    numbers[0] = (numbers.len() - HEADER) as f64;
    numbers[1] = (steps.len() / 2) as f64;
    numbers[2] = count(TaskState::Completed) as f64;
    numbers[3] = count(TaskState::Error) as f64;
    numbers.extend(steps);
    numbers
}
