//! What every binding exports: runs by handle, records as words in memory of the host.
//!
//! The bindings for Node and for the browser only move arguments in and results out of this, so that both behave alike
//! to the last word. Nothing here returns an error object: a status is a number, and words are whole records.

mod plans;
mod slab;
mod text;
pub mod trace;

use std::sync::Arc;

use crate::flow::Outline;
use crate::ids::NodeId;
use crate::numbered::numbered;
use crate::plan::Plan;
use crate::run::{EVENT_WORDS, Event, Journal, Misuse, OPTION_NUMBERS, Run, RunOptions};

use plans::Plans;
use slab::Slab;
pub use text::{
    backoff, constants, duration_ms, rate_limit, read_document, read_flow, validate_flow, weight_of,
    write_document, write_flow,
};

/// Words of the mailbox before the records: the two halves of the deadline (a number of ms, NaN for none), whether the
/// host may run ahead ([`Run::runs_ahead`]), and one that is free.
pub const MAILBOX_HEADER: usize = 4;

/// In the result of [`Bridge::turn`]: ops are left, ask again with [`DRAIN`].
pub const MORE: i32 = 1 << 30;

/// Instead of a number of events: start the run.
pub const START: u32 = u32::MAX;
/// Instead of a number of events: the deadline is reached.
pub const TIMEOUT: u32 = u32::MAX - 1;
/// Instead of a number of events: nothing happened, give the ops that are left.
pub const DRAIN: u32 = u32::MAX - 2;

/// Added to a number of events: the records are those of [`Run::handle_ahead`], of [`AHEAD_WORDS`].
pub const AHEAD: u32 = 1 << 31;
/// Words of a record with its time: an event's, a free one, and the two halves of the time.
pub const AHEAD_WORDS: usize = 6;

numbered! {
    /// Results below 0.
    #[non_exhaustive]
    pub enum Status: i32 {
        /// The handle was never given out, or is closed.
        UnknownHandle = -1,
        /// The host broke the contract of a run.
        Misuse = -2,
        /// Memory of the host is too short for a record.
        TooShort = -3,
        /// The engine panicked; the run is lost, the process is not. For a binding to return.
        Panic = -4,
    }
}

/// Runs of one thread of the host.
#[derive(Debug, Default)]
pub struct Bridge {
    runs: Slab<Run>,
    plans: Plans,
    events: Vec<Event>,
    ahead: Vec<(f64, Event)>,
    /// What the last question found, until it is taken.
    answer: Vec<f64>,
}

impl Bridge {
    /// Compiles an outline, opens a run of it and writes its input table. Returns the run's handle, or 0 when the
    /// flow cannot be run: [`validate_flow`] says why.
    pub fn open(&mut self, outline: &[u32], input_table: &mut [u32], options: &[f64; OPTION_NUMBERS]) -> u32 {
        let Some(plan) = self.plans.of(outline) else { return 0 };
        if plan.write_input_table(input_table) == 0 {
            return 0;
        }
        self.runs.insert(Run::new(plan, RunOptions::from_numbers(options)))
    }

    /// One step of a run. `mailbox` is [`MAILBOX_HEADER`] words and then the records of `command` events; they are
    /// replaced by the records of ops. Returns the number of ops, with [`MORE`] added when there was no room for all,
    /// or a [`Status`].
    pub fn turn(&mut self, run: u32, mailbox: &mut [u32], command: u32, now: f64) -> i32 {
        let Some(run) = self.runs.get_mut(run) else { return Status::UnknownHandle as i32 };
        if mailbox.len() < MAILBOX_HEADER + crate::run::OP_WORDS {
            return Status::TooShort as i32;
        }
        let (header, records) = mailbox.split_at_mut(MAILBOX_HEADER);
        let step = match command {
            START => run.start(now),
            TIMEOUT => run.handle_timeout(now),
            DRAIN => Ok(()),
            count if count & AHEAD != 0 => {
                let length = ((count & !AHEAD) as usize).saturating_mul(AHEAD_WORDS);
                let Some(words) = records.get(..length) else { return Status::TooShort as i32 };
                read_ahead(words, &mut self.ahead).and_then(|()| run.handle_ahead(&self.ahead))
            }
            count => {
                let Some(words) = records.get(..(count as usize).saturating_mul(EVENT_WORDS)) else {
                    return Status::TooShort as i32;
                };
                self.events.clear();
                let mut read = Ok(());
                for record in words.as_chunks::<EVENT_WORDS>().0 {
                    match Event::from_words(*record) {
                        Ok(event) => self.events.push(event),
                        Err(malformed) => read = Err(malformed),
                    }
                }
                read.and_then(|()| run.handle_all(now, &self.events))
            }
        };
        if step.is_err() {
            return Status::Misuse as i32;
        }
        let count = run.poll_words(records) as i32;
        let deadline = run.deadline().unwrap_or(f64::NAN).to_bits();
        header[0] = deadline as u32;
        header[1] = (deadline >> 32) as u32;
        header[2] = run.runs_ahead().into();
        if run.undrained() > 0 { count | MORE } else { count }
    }

    /// Whether [`crate::run::Op::Change`] is asked for.
    pub fn watch(&mut self, run: u32, watched: bool) {
        if let Some(run) = self.runs.get_mut(run) {
            run.watch(watched);
        }
    }

    /// Writes how a run looks at `now` ([`Run::write_view`]). Returns the numbers written, or a [`Status`].
    pub fn view(&self, run: u32, now: f64, numbers: &mut [f64]) -> i32 {
        let Some(run) = self.runs.get(run) else { return Status::UnknownHandle as i32 };
        match run.write_view(now, numbers) {
            0 => Status::TooShort as i32,
            written => written as i32,
        }
    }

    /// Copies the journal of a run and forgets the run. Returns the journal's length in words; one that finds too
    /// little room is not copied, and the run is kept for another try. Below 0 is a [`Status`].
    pub fn seal(&mut self, run: u32, words: &mut [u32]) -> i32 {
        let Some(found) = self.runs.get(run) else { return Status::UnknownHandle as i32 };
        let journal = found.journal().map_or(&[][..], Journal::words);
        let length = journal.len();
        if let Some(room) = words.get_mut(..length) {
            room.copy_from_slice(journal);
            self.runs.remove(run);
        }
        length as i32
    }

    /// The run as bytes, or `None` when it cannot be saved now.
    pub fn snapshot(&self, run: u32) -> Option<Vec<u8>> {
        self.runs.get(run)?.snapshot().ok()
    }

    /// Goes on from bytes of [`Bridge::snapshot`]; the ops that put the host in place come with the next turn
    /// ([`DRAIN`]). Returns the run's handle, or 0.
    pub fn restore(&mut self, outline: &[u32], bytes: &[u8], now: f64) -> u32 {
        let Some(plan) = compile(outline) else { return 0 };
        match Run::restore(plan, bytes, now) {
            Ok(run) => self.runs.insert(run),
            Err(_) => 0,
        }
    }

    /// Forgets a run.
    pub fn close(&mut self, run: u32) {
        self.runs.remove(run);
    }

    /// Asks for the shape of a scope of an outline: number of levels, their sizes, the nodes level by level, length of
    /// the critical path, its nodes, its weight, the total weight, the largest level. Like the other questions it
    /// returns how many numbers [`Bridge::take_answer`] then gives; 0 for an outline that cannot be run.
    pub fn ask_shape(&mut self, outline: &[u32], scope: u32) -> u32 {
        let scope = NodeId(scope);
        let plan = compile(outline).filter(|plan| scope.index() < plan.len());
        self.answer = plan.map_or_else(Vec::new, |plan| {
            let shape = plan.scope_shape(scope);
            let mut numbers = vec![shape.levels.len() as f64];
            numbers.extend(shape.levels.iter().map(|level| level.len() as f64));
            numbers.extend(shape.levels.iter().flatten().map(|node| f64::from(node.0)));
            numbers.push(shape.critical_path.len() as f64);
            numbers.extend(shape.critical_path.iter().map(|node| f64::from(node.0)));
            numbers.extend([shape.critical_path_weight, shape.total_weight, shape.max_parallelism.into()]);
            numbers
        });
        self.answer.len() as u32
    }

    /// Asks for the weight and the level of every node: a scope weighs what it contains, a level counts from 0 within
    /// the scope.
    pub fn ask_nodes(&mut self, outline: &[u32]) -> u32 {
        self.answer = compile(outline).map_or_else(Vec::new, |plan| {
            plan.weights_and_levels().flat_map(|(weight, level)| [weight, level.into()]).collect()
        });
        self.answer.len() as u32
    }

    /// Asks for the trace of a run from its outline, options and journal ([`Journal::trace`]).
    pub fn ask_trace(&mut self, outline: &[u32], options: &[f64; OPTION_NUMBERS], journal: &[u32]) -> u32 {
        let options = RunOptions::from_numbers(options);
        let journal = Journal::from_words(journal.to_vec());
        let rows = compile(outline).and_then(|plan| journal.trace(plan, options).ok());
        self.answer = rows.unwrap_or_default();
        self.answer.len() as u32
    }

    /// Asks for the same in little room; what the numbers are is said in `bridge/trace.rs`.
    pub fn ask_packed_trace(
        &mut self,
        outline: &[u32],
        options: &[f64; OPTION_NUMBERS],
        journal: &[u32],
    ) -> u32 {
        let options = RunOptions::from_numbers(options);
        let journal = Journal::from_words(journal.to_vec());
        self.answer = compile(outline).map_or_else(Vec::new, |plan| trace::packed(&journal, &plan, options));
        self.answer.len() as u32
    }

    /// Asks how a run looked when its journal ended ([`Run::write_view`]).
    pub fn ask_view(&mut self, outline: &[u32], options: &[f64; OPTION_NUMBERS], journal: &[u32]) -> u32 {
        let options = RunOptions::from_numbers(options);
        let journal = Journal::from_words(journal.to_vec());
        let run = compile(outline).and_then(|plan| journal.replay(plan, options, false, |_, _| {}).ok());
        self.answer = run.map_or_else(Vec::new, |run| {
            let mut numbers = vec![0.0; run.view_len()];
            let ended = run.summary(0.0).ended;
            run.write_view(if ended.is_nan() { 0.0 } else { ended }, &mut numbers);
            numbers
        });
        self.answer.len() as u32
    }

    /// Moves the answer to the last question out, as far as there is room.
    pub fn take_answer(&mut self, numbers: &mut [f64]) {
        let answer = std::mem::take(&mut self.answer);
        let count = answer.len().min(numbers.len());
        numbers[..count].copy_from_slice(&answer[..count]);
    }

    /// Runs that are open.
    pub fn open_runs(&self) -> usize {
        self.runs.len()
    }
}

fn compile(outline: &[u32]) -> Option<Arc<Plan>> {
    let outline = Outline::from_words(outline).ok()?;
    Plan::compile(&outline).ok().map(Arc::new)
}

fn read_ahead(words: &[u32], events: &mut Vec<(f64, Event)>) -> Result<(), Misuse> {
    events.clear();
    for [head, task, argument, _, low, high] in words.as_chunks::<AHEAD_WORDS>().0 {
        let time = f64::from_bits(u64::from(*low) | u64::from(*high) << 32);
        events.push((time, Event::from_words([*head, *task, *argument])?));
    }
    Ok(())
}
