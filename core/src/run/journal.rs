//! What happened, in order: enough to run it all again and see the same.

use std::sync::Arc;

use super::{EVENT_WORDS, Event, KIND_MASK, Misuse, Op, Run, RunOptions};
use crate::plan::Plan;

/// Words of one record: an event's words, then the time as the two halves of its bits.
pub const JOURNAL_WORDS: usize = EVENT_WORDS + 2;

/// The calls that a run received. Everything else about a run follows from its plan, its options and this: a trace or
/// a look at an earlier moment is a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    words: Vec<u32>,
}

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
    /// A kind beside those of events: the run was started.
    pub const START: u32 = 0;
    /// Another one: the deadline was reached.
    pub const TIMEOUT: u32 = 0xfe;
    /// Added to the kind of an event when the next one was told in the same step: ops come only after the last of them.
    pub const CONTINUED: u32 = 0x80;

    /// A journal from the words of [`Journal::words`]. They are checked when they are replayed.
    pub fn from_words(words: Vec<u32>) -> Journal {
        Journal { words }
    }

    /// Records of [`JOURNAL_WORDS`].
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// Room for a run that nothing disturbs: a record for its start and one for each leaf.
    pub(super) fn with_room_for(leaves: usize) -> Journal {
        Journal { words: Vec::with_capacity((leaves + 1) * JOURNAL_WORDS) }
    }

    pub(super) fn push_start(&mut self, now: f64) {
        self.push([Journal::START, 0, 0], now);
    }

    pub(super) fn push_tick(&mut self, now: f64) {
        self.push([Journal::TIMEOUT, 0, 0], now);
    }

    /// `follows`: within the same step as the record before.
    pub(super) fn push_event(&mut self, now: f64, event: Event, follows: bool) {
        if follows && let Some(record) = self.words.len().checked_sub(JOURNAL_WORDS) {
            self.words[record] |= Journal::CONTINUED;
        }
        self.push(event.to_words(), now);
    }

    /// Runs the plan again as recorded and shows each step's time and ops. With `watched`, the ops tell every change,
    /// also of a run that nobody watched at the time.
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
        let (records, rest) = self.words.as_chunks::<JOURNAL_WORDS>();
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
        let mut rows = Vec::with_capacity(self.words.len());
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

    fn push(&mut self, event: [u32; EVENT_WORDS], now: f64) {
        let bits = now.to_bits();
        self.words.extend(event);
        self.words.extend([bits as u32, (bits >> 32) as u32]);
    }
}
