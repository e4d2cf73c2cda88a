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
mod journal;
mod leaf;
mod limits;
mod op;
mod options;
mod pause;
mod sections;
mod snapshot;
mod takeover;
mod task;
mod timer;
mod view;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;
use crate::flow::Name;
use crate::ids::{FrameId, Millis, NodeId, TaskId};
use crate::plan::{Kind, Plan};

pub use animation::{ANIMATIONS, Animation, COMPLETE};
pub use event::{ATTEMPT_SHIFT, EVENT_WORDS, Event, EventKind, KIND_MASK};
pub use failure::backoff;
pub use journal::{JOURNAL_WORDS, Journal, JournalError};
pub use op::{OP_WORDS, Op, OpKind};
pub use options::{NO_TARGET, OPTION_NUMBERS, OptionPlace, RANDOM_TARGET, RunOptions, Simulation, Target};
pub use snapshot::SnapshotError;
pub use task::TaskState;
pub use view::{NODE_NUMBERS, RunSummary, VIEW_HEADER};

use flow_control::Step;
use frame::{Frame, Iteration};
use limits::Limiter;
use task::Task;
use timer::{Timer, Timers};

/// A host that does not keep the contract. Nothing has changed when it is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// An event before `start`.
    NotStarted,
    /// `start` a second time.
    AlreadyStarted,
    /// Ops of the step before were not all taken.
    Undrained,
    /// An event names a task that the run does not have.
    UnknownTask,
    /// A record that means nothing, or a time that is not a number.
    Malformed,
}

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Misuse::NotStarted => "the run has not been started",
            Misuse::AlreadyStarted => "the run was started before",
            Misuse::Undrained => "ops of the last step are still to be taken",
            Misuse::UnknownTask => "the run has no such task",
            Misuse::Malformed => "the record or the time is malformed",
        })
    }
}

impl std::error::Error for Misuse {}

/// One run of a plan. See the module's description.
#[derive(Clone, Debug)]
pub struct Run {
    plan: Arc<Plan>,
    state: State,
    ops: Vec<Op>,
    /// How many of `ops` were taken.
    taken: usize,
    watched: bool,
    /// The pause ends with the events of this step; false between steps.
    resuming: bool,
    journal: Option<Journal>,
    /// Tasks, with their attempts, of which this step said that what came before them is on disk; empty between steps.
    persisted: Vec<(TaskId, u32)>,
    /// What was said of another try of a task: its number, the attempt, and the delay. Holds for the next event.
    advice: Option<(TaskId, u32, Millis)>,
    /// Limits that have room for what waits for them; empty between steps, except in a pause.
    freed: Vec<u32>,
    /// Scratch of `flow_control`, empty between steps.
    steps: Vec<Step>,
}

/// All that a run knows, apart from what is in the host's hands. A snapshot is this.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    options: RunOptions,
    phase: RunPhase,
    paused: bool,
    /// A node was or will be skipped, so that the next leaf in plan order need not be the next to start.
    diverted: bool,
    now: f64,
    started: f64,
    ended: f64,
    cause: TaskId,
    code: Option<ErrorCode>,
    tasks: Vec<Task>,
    frames: Vec<Frame>,
    /// Ranges of tasks that closed frames left, by the scope that they are for.
    free_frames: BTreeMap<NodeId, Vec<FrameId>>,
    iterations: BTreeMap<TaskId, Iteration>,
    /// With `keep_going`, the first failure in each scope that is not over: what caused it. And of each `try` the failure
    /// that nothing takes, until its finally is over.
    failures: BTreeMap<TaskId, (TaskId, ErrorCode)>,
    /// Handles that were named for a coming answer.
    routes: BTreeMap<TaskId, Vec<u32>>,
    /// Tasks whose inputs are there, by place in the plan.
    ready: BinaryHeap<Reverse<(u32, TaskId)>>,
    /// Tasks that have one of the places there are: begun leaves up to their end, scopes that ask for items, and groups
    /// in backoff. What waits for its limit has none.
    in_flight: Vec<TaskId>,
    timers: Timers,
    /// By the plan's limits. In a snapshot they come after everything else, and only where there are some.
    #[serde(skip)]
    limiters: Vec<Limiter>,
    /// By group: where its branches stand, from its beginning on. In a snapshot they come after the limiters, and only where
    /// the plan has branches.
    #[serde(skip)]
    standings: BTreeMap<TaskId, Vec<u32>>,
    /// Sum of weight × percent over the outermost frame's leaves and iterating scopes.
    done: f64,
    simulate_error: Option<NodeId>,
    simulate_delay: Option<NodeId>,
    /// When tasks whose start is simulated to be late were launched: all others are when they begin.
    launched_late: BTreeMap<TaskId, f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum RunPhase {
    Idle,
    Active,
    Finished,
}

impl Run {
    /// Prepares a run. Nothing happens before [`Run::start`].
    pub fn new(plan: Arc<Plan>, options: RunOptions) -> Run {
        let journal = options.record.then(|| Journal::with_room_for(plan.leaves() as usize));
        let state = State {
            phase: RunPhase::Idle,
            paused: false,
            diverted: false,
            now: 0.0,
            started: 0.0,
            ended: 0.0,
            cause: TaskId::NONE,
            code: None,
            tasks: plan.numbers().map(|node| Task::new(plan.node(node), FrameId::OUTERMOST)).collect(),
            frames: vec![Frame::outermost()],
            free_frames: BTreeMap::new(),
            iterations: BTreeMap::new(),
            failures: BTreeMap::new(),
            routes: BTreeMap::new(),
            ready: BinaryHeap::new(),
            in_flight: Vec::new(),
            timers: Timers::default(),
            limiters: plan.limits().iter().map(|_| Limiter::new()).collect(),
            standings: BTreeMap::new(),
            done: 0.0,
            simulate_error: options.simulated_node(options.simulate_error, &plan, 0),
            simulate_delay: options.simulated_node(options.simulate_delay, &plan, 1),
            launched_late: BTreeMap::new(),
            options,
        };
        Run::between_steps(plan, state, journal)
    }

    /// A run in this state, of which nobody was asked or told anything yet.
    fn between_steps(plan: Arc<Plan>, state: State, journal: Option<Journal>) -> Run {
        Run {
            plan,
            state,
            ops: Vec::new(),
            taken: 0,
            watched: false,
            resuming: false,
            persisted: Vec::new(),
            freed: Vec::new(),
            advice: None,
            journal,
            steps: Vec::new(),
        }
    }

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
            self.state.timers.arm(now + self.state.options.timeout, timer::Alarm::RunDeadline);
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
        use timer::Alarm;
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

    fn task(&self, task: TaskId) -> &Task {
        &self.state.tasks[task]
    }

    fn task_mut(&mut self, task: TaskId) -> &mut Task {
        &mut self.state.tasks[task]
    }

    fn frame_of(&self, task: TaskId) -> &Frame {
        &self.state.frames[self.task(task).frame]
    }

    /// The plan's node that a task is an instance of.
    fn node_of(&self, task: TaskId) -> NodeId {
        self.frame_of(task).offset.node(task)
    }

    /// The task for another node of the same frame.
    fn beside(&self, task: TaskId, node: NodeId) -> TaskId {
        self.frame_of(task).offset.task(node)
    }

    /// The enclosing scope's task.
    fn parent_of(&self, task: TaskId) -> Option<TaskId> {
        let node = self.node_of(task);
        if node == NodeId::ROOT {
            return None;
        }
        let parent = self.plan.node(node).parent;
        let frame = self.frame_of(task);
        Some(if frame.owner != TaskId::NONE && parent == frame.scope {
            frame.owner
        } else {
            self.beside(task, parent)
        })
    }

    fn kind_of(&self, task: TaskId) -> Kind {
        self.plan.node(self.node_of(task)).kind
    }

    /// Whether the handle was named for the answer of this task.
    fn is_named(&self, task: TaskId, handle: Name) -> bool {
        self.state.routes.get(&task).is_some_and(|names| names.contains(&handle.0))
    }
}
