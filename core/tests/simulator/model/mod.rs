//! What must be true of a run, kept beside it from its flow, the host's events and the ops.
//!
//! The model sees the ops of a watched run, so that it learns when each task begins and is over, and checks of every
//! one of them that it was due; after each step it checks that nothing that was due is missing.

mod branches;
mod failure;
mod ops;
mod pause;
mod rest;
mod sections;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use conductor_core::error::ErrorCode;
use conductor_core::flow::Name;
use conductor_core::ids::{Millis, TaskId};
use conductor_core::run::{Event, RunOptions, TaskState};

use super::shape::Shape;
use branches::BranchEnd;
use sections::Standing;

/// What is wrong, in words.
pub(crate) type Verdict = Result<(), String>;

macro_rules! ensure {
    ($holds:expr, $($words:tt)+) => {{
        let holds: bool = $holds;
        if !holds {
            return Err(format!($($words)+));
        }
    }};
}
pub(crate) use ensure;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stage {
    Waiting,
    /// In flight, not in the host's hands.
    Begun,
    /// In flight until what came before is on disk.
    Held,
    Running,
    Answered,
    /// Of a leaf, or of a group that will begin again: in flight all the while.
    Backoff {
        earliest: f64,
        latest: f64,
    },
    /// A scope whose children run.
    Open,
    Asking,
    Over(Carry),
    /// Inside a scope that failed.
    Stopped,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Carry {
    Output,
    Named,
    Error,
    /// Every edge fires without a value: the task failed, and the flow is to go on.
    Undefined,
    Nothing,
    /// Nothing: the task failed, or depends on one that did, and the run goes on all the same.
    Failure,
}

#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) node: u32,
    /// First task of its frame and the scope's task; `None` in the outermost frame.
    pub(crate) frame: Option<(u32, u32)>,
    pub(crate) stage: Stage,
    pub(crate) attempt: u32,
    pub(crate) tries: u32,
    pub(crate) named: Vec<Name>,
    pub(crate) routed: bool,
    pub(crate) passed: bool,
    pub(crate) gathered: bool,
    pub(crate) state: TaskState,
    pub(crate) percent: u32,
    /// When it began, and when its present attempt or its scope did.
    pub(crate) begun: f64,
    pub(crate) armed: f64,
    /// What came before it is on disk, in the host's words.
    pub(crate) persisted: bool,
    /// Its beginning or its next try fell due in a pause and waits for the end of it.
    pub(crate) held: bool,
    pub(crate) dropped: bool,
    pub(crate) blocked: BTreeSet<u32>,
    /// For a scope that goes on although something in it failed: what it will fail with, the first cause and its code.
    pub(crate) blame: Option<(u32, ErrorCode)>,
}

/// The items of one scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Items {
    pub(crate) known: u32,
    pub(crate) opened: u32,
    pub(crate) closed: u32,
    pub(crate) open_ended: bool,
    /// First tasks of the open frames, with their item.
    pub(crate) open: BTreeMap<u32, u32>,
}

/// A failure for good whose consequences are still to be seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    pub(crate) cause: u32,
    pub(crate) code: ErrorCode,
    pub(crate) reach: Reach,
}

/// How far a failure goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reach {
    /// The `error` edge of this task takes it.
    Caught(u32),
    /// This group stops, and begins again later.
    Again(u32),
    /// The task that failed is over; the scope around it goes on, and is to blame at its end.
    Stays,
    /// This iterating scope keeps the error of one of its items for its own end.
    Kept(u32),
    /// It ends the frame with this first task alone.
    Lost(u32),
    /// It ends the branch of this child alone.
    Branch(u32),
    /// It ends the section of this `try` that runs.
    Section(u32),
    /// In a run that keeps going, this group with branches fails at once, and is to blame for what is around it.
    Fails(u32),
    /// It ends the run.
    Ends,
}

/// What a restored run asks for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Again {
    Start(u32),
    Enter(u32),
    Ask(u32),
    /// A frame, by its first task.
    Open(u32),
}

pub(crate) struct Model<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) options: &'a RunOptions,
    pub(crate) simulated_error: Option<u32>,
    pub(crate) simulated_delay: Option<u32>,
    pub(crate) tasks: BTreeMap<u32, Task>,
    pub(crate) items: BTreeMap<u32, Items>,
    /// By group with branches that was entered.
    pub(crate) ends: BTreeMap<u32, Vec<Option<BranchEnd>>>,
    /// By `try` that was entered.
    pub(crate) tries: BTreeMap<u32, Standing>,
    pub(crate) failures: VecDeque<Failure>,
    pub(crate) now: f64,
    pub(crate) started: f64,
    pub(crate) paused: bool,
    /// What was told last, if it says something of another try: the task, the attempt and the delay.
    pub(crate) advice: Option<(u32, u32, Millis)>,
    pub(crate) ending: Option<ErrorCode>,
    /// The task with which the run ends, and has succeeded.
    pub(crate) ended_by: Option<u32>,
    pub(crate) finished: Option<(u32, Option<ErrorCode>)>,
    pub(crate) caught: bool,
    /// What a restored run has still to ask for again, while it does.
    pub(crate) reopening: Option<BTreeSet<Again>>,
    /// It was restored, and so has looked at what is due.
    pub(crate) restored: bool,
}

impl<'a> Model<'a> {
    pub(crate) fn new(shape: &'a Shape, options: &'a RunOptions) -> Model<'a> {
        let tasks = (0..shape.nodes.len() as u32).map(|node| (node, Task::new(node, None))).collect();
        Model {
            shape,
            options,
            simulated_error: None,
            simulated_delay: None,
            tasks,
            items: BTreeMap::new(),
            ends: BTreeMap::new(),
            tries: BTreeMap::new(),
            failures: VecDeque::new(),
            now: 0.0,
            started: 0.0,
            paused: false,
            advice: None,
            ending: None,
            ended_by: None,
            finished: None,
            caught: false,
            reopening: None,
            restored: false,
        }
    }

    pub(crate) fn task(&self, task: u32) -> &Task {
        &self.tasks[&task]
    }

    pub(crate) fn task_mut(&mut self, task: u32) -> &mut Task {
        self.tasks.get_mut(&task).expect("the task is known")
    }

    /// The task for another node of the same frame.
    pub(crate) fn beside(&self, task: u32, node: u32) -> u32 {
        (task + node).wrapping_sub(self.task(task).node)
    }

    pub(crate) fn parent(&self, task: u32) -> Option<u32> {
        let Task { node, frame, .. } = self.task(task);
        if *node == 0 {
            return None;
        }
        let parent = self.shape.node(*node).outline.parent.0;
        match frame {
            Some((_, owner)) if self.task(*owner).node == parent => Some(*owner),
            _ => Some(self.beside(task, parent)),
        }
    }

    /// The task itself or one inside it.
    pub(crate) fn is_within(&self, task: u32, scope: u32) -> bool {
        let mut inner = Some(task);
        while let Some(found) = inner {
            if found == scope {
                return true;
            }
            inner = self.parent(found);
        }
        false
    }

    /// Whether a task is of the frame with this first task, or of one inside it.
    pub(crate) fn is_in_frame(&self, task: u32, base: u32) -> bool {
        let mut inner = Some(task);
        while let Some(found) = inner {
            if self.task(found).frame.is_some_and(|(first, _)| first == base) {
                return true;
            }
            inner = self.parent(found);
        }
        false
    }

    pub(crate) fn is_in_flight(&self, task: u32) -> bool {
        matches!(
            self.task(task).stage,
            Stage::Begun
                | Stage::Held
                | Stage::Running
                | Stage::Answered
                | Stage::Asking
                | Stage::Backoff { .. }
        )
    }

    /// Whether a group waits to begin again.
    pub(crate) fn a_group_waits(&self) -> bool {
        self.tasks.keys().any(|task| self.is_waiting_group(*task))
    }

    /// Whether the end of a task in flight is told. That a group waits no longer is told only where it had begun.
    pub(crate) fn is_to_be_aborted(&self, task: u32) -> bool {
        self.is_in_flight(task) && !self.is_waiting_group(task)
    }

    fn is_waiting_group(&self, task: u32) -> bool {
        let found = self.task(task);
        matches!(found.stage, Stage::Backoff { .. }) && !self.shape.is_leaf(found.node)
    }

    /// Attempts in the host's hands.
    pub(crate) fn running(&self) -> Vec<(u32, u32)> {
        let running = self.tasks.iter().filter(|(_, task)| task.stage == Stage::Running);
        running.map(|(number, task)| (*number, task.attempt)).collect()
    }

    pub(crate) fn edge_carries(&self, task: u32, input: usize) -> bool {
        let (source, handle) = self.shape.node(self.task(task).node).inputs[input];
        let source = self.task(self.beside(task, source));
        match source.stage {
            Stage::Over(Carry::Output | Carry::Undefined) => handle != Name::ERROR,
            Stage::Over(Carry::Named) => source.named.contains(&handle),
            Stage::Over(Carry::Error) => handle == Name::ERROR,
            _ => false,
        }
    }

    /// Whether the task waits for nothing but room, and whether anything is carried to it.
    pub(crate) fn arrival(&self, task: u32) -> Option<bool> {
        let found = self.task(task);
        let opened = self.parent(task).is_none_or(|scope| self.task(scope).stage == Stage::Open);
        if found.stage != Stage::Waiting
            || !opened
            || self.is_placeholder(task)
            || self.waits_for_section(task)
        {
            return None;
        }
        let inputs = &self.shape.node(found.node).inputs;
        let over = |source: &u32| matches!(self.task(self.beside(task, *source)).stage, Stage::Over(_));
        if !inputs.iter().all(|(source, _)| over(source)) {
            return None;
        }
        let carried = inputs.is_empty() || (0..inputs.len()).any(|input| self.edge_carries(task, input));
        Some(carried && !self.depends_on_failure(task))
    }

    /// Whether the task depends on one that failed while the run goes on, straight or by way of others.
    pub(crate) fn depends_on_failure(&self, task: u32) -> bool {
        let failed = |source: u32| self.task(self.beside(task, source)).stage == Stage::Over(Carry::Failure);
        self.shape.node(self.task(task).node).inputs.iter().any(|(source, _)| failed(*source))
    }

    /// Whether a number belongs to a node that only frames run.
    pub(crate) fn is_placeholder(&self, task: u32) -> bool {
        let Task { node, frame, .. } = self.task(task);
        let own = frame.map(|(_, owner)| self.task(owner).node);
        self.shape.node(*node).each != own
    }

    /// Whether the task begins as soon as there is room: a leaf, or the question for items.
    pub(crate) fn is_ready(&self, task: u32) -> bool {
        let node = self.task(task).node;
        if self.asks_on(task) {
            return true;
        }
        (self.shape.is_leaf(node) || self.shape.is_each(node))
            && !self.shape.node(node).outline.disabled
            && self.arrival(task) == Some(true)
    }

    /// Whether all items of a scope are done that were told, and there may be more.
    pub(crate) fn asks_on(&self, task: u32) -> bool {
        let done = |items: &Items| items.open_ended && items.closed == items.known;
        self.task(task).stage == Stage::Open && self.items.get(&task).is_some_and(done)
    }

    /// What the host is about to tell.
    pub(crate) fn told(&mut self, event: Event) {
        let advice = self.advice.take();
        match event {
            Event::Advice { task: TaskId(task), attempt, delay } => {
                self.advice = Some((task, attempt, delay))
            }
            Event::Cancel => self.ending = self.ending.or(Some(ErrorCode::Cancelled)),
            Event::Pause if self.ending.is_none() => self.paused = true,
            Event::Resume if self.ending.is_none() => self.paused = false,
            Event::Done { task: TaskId(task), attempt, routed }
                if self.is_live(task, attempt, Stage::Running) =>
            {
                let found = self.task_mut(task);
                found.stage = Stage::Answered;
                found.routed = routed;
            }
            Event::Persisted { task: TaskId(task), attempt } if self.is_live(task, attempt, Stage::Held) => {
                let paused = self.paused;
                let found = self.task_mut(task);
                (found.persisted, found.held) = (true, paused);
            }
            Event::End { task: TaskId(task), attempt } if self.is_live(task, attempt, Stage::Running) => {
                self.ended_by = Some(task);
            }
            Event::Route { task: TaskId(task), attempt, handle }
                if self.is_live(task, attempt, Stage::Running) =>
            {
                self.task_mut(task).named.push(handle);
            }
            Event::Failed { task: TaskId(task), attempt, code } => {
                if self.is_live(task, attempt, Stage::Running) {
                    let said = advice.filter(|(of, at, _)| (*of, *at) == (task, attempt));
                    self.attempt_over(task, code, said.map(|(.., delay)| delay));
                } else if self.is_live(task, attempt, Stage::Asking) {
                    self.fail(task, code);
                }
            }
            Event::Items { task: TaskId(task), attempt, count, open_ended }
                if self.is_live(task, attempt, Stage::Asking) =>
            {
                let items = self.items.entry(task).or_default();
                items.open_ended = open_ended && count > items.known;
                items.known = items.known.max(count);
                self.task_mut(task).stage = Stage::Open;
            }
            _ => {}
        }
    }

    fn is_live(&self, task: u32, attempt: u32, stage: Stage) -> bool {
        let doomed = |failure: &Failure| self.is_struck(task, failure);
        let found = self.task(task);
        found.stage == stage
            && found.attempt == attempt
            && self.ending.is_none()
            && self.ended_by.is_none()
            && self.finished.is_none()
            && !self.failures.iter().any(doomed)
    }
}

impl Task {
    pub(crate) fn new(node: u32, frame: Option<(u32, u32)>) -> Task {
        Task {
            node,
            frame,
            stage: Stage::Waiting,
            attempt: 0,
            tries: 0,
            named: Vec::new(),
            routed: false,
            passed: false,
            gathered: false,
            state: TaskState::Pending,
            percent: 0,
            begun: f64::NAN,
            armed: f64::NAN,
            persisted: false,
            held: false,
            dropped: false,
            blocked: BTreeSet::new(),
            blame: None,
        }
    }
}
