//! The executor: a state machine that takes [`Event`]s and gives [`Op`]s.
//!
//! The host calls [`Run::start`] once, then [`Run::handle`] for what happened and [`Run::handle_timeout`] when
//! [`Run::deadline`] is reached, and after each of them takes all ops with [`Run::poll_ops`] (the drain contract). The
//! work of a step is proportional to the step. Time is what the host says it is, and never goes back.

mod animation;
mod branches;
mod event;
mod failure;
mod flow_control;
mod frame;
mod iteration;
mod journal;
mod leaf;
mod limiter;
mod limits;
mod misuse;
mod op;
mod options;
mod pause;
mod replay;
mod sections;
mod snapshot;
mod state;
mod step;
mod takeover;
mod task;
mod timer;
mod view;

use std::sync::Arc;

use crate::error::ErrorCode;
use crate::ids::TaskId;
use crate::plan::Plan;

pub use animation::{ANIMATIONS, Animation, COMPLETE};
pub use event::{ATTEMPT_SHIFT, EVENT_WORDS, Event, EventKind, KIND_MASK};
pub use failure::backoff;
pub use journal::{JOURNAL_WORDS, Journal};
pub use misuse::Misuse;
pub use op::{OP_WORDS, Op, OpKind};
pub use options::{NO_TARGET, OPTION_NUMBERS, OptionPlace, RANDOM_TARGET, RunOptions, Simulation, Target};
pub use replay::JournalError;
pub use snapshot::SnapshotError;
pub use state::Run;
pub use task::TaskState;
pub use view::{NODE_NUMBERS, RunSummary, VIEW_HEADER};

use state::RunPhase;
use timer::{Alarm, Timer};

impl Run {
    /// Starts the run.
    ///
    /// # Errors
    /// [`Misuse::AlreadyStarted`], or [`Misuse::Malformed`] for a time that is not a number.
    pub fn start(&mut self, now: f64) -> Result<(), Misuse> {
        if self.state.phase != RunPhase::Idle {
            return Err(Misuse::AlreadyStarted);
        }
        if now.is_nan() {
            return Err(Misuse::Malformed);
        }
        if let Some(journal) = &mut self.journal {
            journal.push_start(now);
        }
        self.state.phase = RunPhase::Active;
        self.state.now = now;
        self.state.started = now;
        if self.state.options.timeout > 0.0 {
            self.state.timers.arm(now + self.state.options.timeout, Alarm::RunDeadline);
        }
        self.arrive(TaskId::ROOT);
        self.dispatch();
        Ok(())
    }

    /// Tells the run what happened. An event that comes too late changes nothing.
    ///
    /// # Errors
    /// [`Misuse`], after which nothing has changed.
    pub fn handle(&mut self, now: f64, event: Event) -> Result<(), Misuse> {
        self.handle_all(now, std::slice::from_ref(&event))
    }

    /// Tells the run what happened within one turn of the host: one step, whose ops are then to be taken.
    ///
    /// # Errors
    /// [`Misuse`], after which nothing has changed.
    pub fn handle_all(&mut self, now: f64, events: &[Event]) -> Result<(), Misuse> {
        self.check_step(now)?;
        if events.iter().any(|event| !self.knows(*event)) {
            return Err(Misuse::UnknownTask);
        }
        // What is not in the journal must change nothing, the time included.
        if events.is_empty() {
            return Ok(());
        }
        let before = self.state.now;
        self.state.now = before.max(now);
        for (place, event) in events.iter().enumerate() {
            if self.state.phase == RunPhase::Finished {
                break;
            }
            if let Some(journal) = &mut self.journal {
                journal.push_event(self.state.now, *event, place > 0);
            }
            self.apply(*event, before);
        }
        self.dispatch();
        Ok(())
    }

    /// Whether the host may start the next leaf in plan order by itself when one is done, and tell afterwards
    /// ([`Run::handle_ahead`]): one task at a time, and nothing in the plan or the options that could come between.
    pub fn runs_ahead(&self) -> bool {
        let options = &self.state.options;
        options.concurrency <= 1
            && options.slow_mo == 0.0
            && options.simulate_error.is_none()
            && options.simulate_delay.is_none()
            && self.plan.is_plain()
            && !self.state.paused
            && !self.state.diverted
    }

    /// Tells the run what happened while the host ran ahead, each event with its time. Every event is a step of its
    /// own, as if it had been told at once; the ops are those of all of them, and the host has carried out the starts
    /// among them that it answers here.
    ///
    /// # Errors
    /// [`Misuse`], after which nothing has changed.
    pub fn handle_ahead(&mut self, events: &[(f64, Event)]) -> Result<(), Misuse> {
        for (now, event) in events {
            self.check_step(*now)?;
            if !self.knows(*event) {
                return Err(Misuse::UnknownTask);
            }
        }
        for (now, event) in events {
            if self.state.phase == RunPhase::Finished {
                break;
            }
            let before = self.state.now;
            self.state.now = before.max(*now);
            if let Some(journal) = &mut self.journal {
                journal.push_event(self.state.now, *event, false);
            }
            self.apply(*event, before);
            self.dispatch();
        }
        Ok(())
    }

    /// Fires the timers that are due.
    ///
    /// # Errors
    /// [`Misuse`], after which nothing has changed.
    pub fn handle_timeout(&mut self, now: f64) -> Result<(), Misuse> {
        self.check_step(now)?;
        self.state.now = self.state.now.max(now);
        if let Some(journal) = &mut self.journal {
            journal.push_tick(self.state.now);
        }
        self.dispatch();
        while self.state.phase == RunPhase::Active
            && let Some(timer) = self.state.timers.take_due(self.state.now)
        {
            self.fire(timer);
            // What begins now may have a timer that is due at once; what is due already comes first.
            if !self.state.timers.is_due(self.state.now) {
                self.dispatch();
            }
        }
        Ok(())
    }

    /// When [`Run::handle_timeout`] is to be called, in the host's time; `None` when nothing is waited for, or nothing
    /// but [`Event::Resume`].
    pub fn deadline(&mut self) -> Option<f64> {
        if self.state.phase != RunPhase::Active {
            return None;
        }
        let tasks = &self.state.tasks;
        self.state.timers.next(|alarm| alarm.is_stale(tasks))
    }

    /// Takes up to `ops.len()` ops; 0 means that the step is drained.
    pub fn poll_ops(&mut self, ops: &mut [Op]) -> usize {
        let waiting = &self.ops[self.taken..];
        let count = waiting.len().min(ops.len());
        ops[..count].copy_from_slice(&waiting[..count]);
        self.take(count)
    }

    /// [`Run::poll_ops`] into words of the host: whole records of [`OP_WORDS`]. Returns the number of ops.
    pub fn poll_words(&mut self, words: &mut [u32]) -> usize {
        let records = words.as_chunks_mut::<OP_WORDS>().0;
        let waiting = &self.ops[self.taken..];
        let count = waiting.len().min(records.len());
        for (record, op) in records.iter_mut().zip(waiting) {
            *record = op.to_words();
        }
        self.take(count)
    }

    /// Ops that are still to be taken.
    pub fn undrained(&self) -> usize {
        self.ops.len() - self.taken
    }

    /// Ask for [`Op::Change`] from now on, or no longer. Watching changes nothing about the run itself.
    pub fn watch(&mut self, watched: bool) {
        self.watched = watched;
    }

    /// Whether the last op was given out.
    pub fn is_finished(&self) -> bool {
        self.state.phase == RunPhase::Finished
    }

    /// The plan that is run.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What happened so far, unless [`RunOptions::record`] is off.
    pub fn journal(&self) -> Option<&Journal> {
        self.journal.as_ref()
    }

    fn take(&mut self, count: usize) -> usize {
        self.taken += count;
        if self.taken == self.ops.len() {
            self.ops.clear();
            self.taken = 0;
        }
        count
    }

    fn check_step(&self, now: f64) -> Result<(), Misuse> {
        if self.state.phase == RunPhase::Idle {
            return Err(Misuse::NotStarted);
        }
        if self.undrained() > 0 {
            return Err(Misuse::Undrained);
        }
        if now.is_nan() { Err(Misuse::Malformed) } else { Ok(()) }
    }

    fn knows(&self, event: Event) -> bool {
        let known = |task: TaskId| task.index() < self.state.tasks.len();
        match event {
            Event::Done { task, .. }
            | Event::Failed { task, .. }
            | Event::Route { task, .. }
            | Event::Advice { task, .. }
            | Event::End { task, .. }
            | Event::Progress { task, .. }
            | Event::Persisted { task, .. }
            | Event::Items { task, .. } => known(task),
            Event::Cancel | Event::Pause | Event::Resume | Event::TakenOver => true,
        }
    }

    /// `before`: when the event before this one was told.
    fn apply(&mut self, event: Event, before: f64) {
        match event {
            Event::Done { task, attempt, routed } => self.answer(task, attempt, routed),
            Event::Failed { task, attempt, code } => self.attempt_failed(task, attempt, code),
            Event::Route { task, attempt, handle } => self.name_route(task, attempt, handle),
            Event::Advice { task, attempt, delay } => self.advice = Some((task, attempt, delay)),
            Event::Progress { task, attempt, percent } => self.report_progress(task, attempt, percent),
            Event::Items { task, attempt, count, open_ended } => {
                self.items_known(task, attempt, count, open_ended);
            }
            Event::End { task, attempt } => self.end(task, attempt),
            Event::Cancel => self.finish(Some(ErrorCode::Cancelled), TaskId::NONE),
            Event::Pause => self.pause(),
            Event::Persisted { task, attempt } => self.persisted.push((task, attempt)),
            Event::TakenOver => self.take_over(self.state.now - before),
            Event::Resume => self.resume(),
        }
    }

    fn fire(&mut self, timer: Timer) {
        if timer.alarm.is_stale(&self.state.tasks) {
            return;
        }
        match timer.alarm {
            alarm if self.state.paused && alarm.begins_something() => self.state.timers.hold(timer),
            Alarm::Begin { task, .. } => self.launch(task),
            Alarm::Start { task, .. } => self.hand_over(task),
            Alarm::Simulate { task, .. } => self.simulate_failure(task),
            Alarm::Retry { task, .. } => self.retry(task),
            Alarm::Admit { limit } => self.admit(limit),
            Alarm::Deadline { task, .. } => self.node_deadline(task),
            Alarm::Step { task, .. } => self.animate(task),
            Alarm::Settle { task, .. } => self.complete_leaf(task),
            Alarm::RunDeadline => self.finish(Some(ErrorCode::Timeout), TaskId::NONE),
        }
    }
}
