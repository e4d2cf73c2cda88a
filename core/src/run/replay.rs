//! A journal run again.

use std::sync::Arc;

use super::event::{Event, KIND_MASK};
use super::journal::{JOURNAL_WORDS, Journal};
use super::misuse::Misuse;
use super::op::Op;
use super::options::RunOptions;
use super::state::Run;
use crate::plan::Plan;

/// The words are no journal of this plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalError {
    /// The words are not whole records, or a record means nothing.
    Malformed,
    /// The run refused what the journal says.
    Refused(Misuse),
}

impl Journal {
    /// Runs the plan again as recorded and shows each step's time and ops. With `watched`, the ops tell every change,
    /// also of a run that was not watched at the time.
    ///
    /// # Errors
    /// [`JournalError`], at the record where it shows.
    pub fn replay(
        &self,
        plan: Arc<Plan>,
        options: RunOptions,
        watched: bool,
        mut show: impl FnMut(f64, &[Op]),
    ) -> Result<Run, JournalError> {
        let mut run = Run::new(plan, RunOptions { record: false, ..options });
        run.watch(watched);
        let (records, rest) = self.words().as_chunks::<JOURNAL_WORDS>();
        if !rest.is_empty() {
            return Err(JournalError::Malformed);
        }
        let mut events = Vec::new();
        for [head, task, argument, low, high] in records {
            let now = f64::from_bits(u64::from(*low) | u64::from(*high) << 32);
            let done = match head & KIND_MASK {
                Journal::START => run.start(now),
                Journal::TIMEOUT => run.handle_timeout(now),
                _ => {
                    let event = Event::from_words([*head & !Journal::CONTINUED, *task, *argument]);
                    events.push(event.map_err(|_| JournalError::Malformed)?);
                    if head & Journal::CONTINUED != 0 {
                        continue;
                    }
                    let done = run.handle_all(now, &events);
                    events.clear();
                    done
                }
            };
            done.map_err(JournalError::Refused)?;
            show(now, &run.ops);
            run.take(run.undrained());
        }
        if !events.is_empty() {
            return Err(JournalError::Malformed);
        }
        Ok(run)
    }

    /// The trace: a row of numbers for each change of a node of the outermost frame, namely time, node, state,
    /// percent, overall percent, and step of the animation.
    ///
    /// # Errors
    /// [`JournalError`], at the record where it shows.
    pub fn trace(&self, plan: Arc<Plan>, options: RunOptions) -> Result<Vec<f64>, JournalError> {
        let nodes = plan.len();
        let mut rows = Vec::with_capacity(self.words().len());
        self.replay(plan, options, true, |time, ops| {
            for op in ops {
                if let Op::Change { task, state, percent, overall, step } = *op
                    && task.index() < nodes
                {
                    let state = f64::from(state.number());
                    rows.extend([time, task.0.into(), state, percent.into(), overall.into(), step.into()]);
                }
            }
        })?;
        Ok(rows)
    }
}
