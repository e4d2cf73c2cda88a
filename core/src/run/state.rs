//! What a run knows, and how tasks, nodes and frames lead to each other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::frame::{Frame, Iteration};
use super::journal::Journal;
use super::limiter::Limiter;
use super::op::Op;
use super::options::RunOptions;
use super::step::Step;
use super::task::Task;
use super::timer::Timers;
use crate::error::ErrorCode;
use crate::flow::Name;
use crate::ids::{FrameId, Millis, NodeId, TaskId};
use crate::plan::{Kind, Plan};

/// One run of a plan, driven by [`Run::handle`] and its like.
#[derive(Clone, Debug)]
pub struct Run {
    pub(super) plan: Arc<Plan>,
    pub(super) state: State,
    pub(super) ops: Vec<Op>,
    /// How many of `ops` were taken.
    pub(super) taken: usize,
    pub(super) watched: bool,
    /// The pause ends with the events of this step; false between steps.
    pub(super) resuming: bool,
    pub(super) journal: Option<Journal>,
    /// Tasks, with their attempts, of which this step said that what came before them is on disk; empty between steps.
    pub(super) persisted: Vec<(TaskId, u32)>,
    /// What was said of another try of a task: its number, the attempt, and the delay. Holds for the next event.
    pub(super) advice: Option<(TaskId, u32, Millis)>,
    /// Limits that have room for what waits for them; empty between steps, except in a pause.
    pub(super) freed: Vec<u32>,
    /// Scratch of `flow_control`, empty between steps.
    pub(super) steps: Vec<Step>,
}

/// All that a run knows, apart from what is in the host's hands. A snapshot is this.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) options: RunOptions,
    pub(super) phase: RunPhase,
    pub(super) paused: bool,
    /// A node was or will be skipped, so that the next leaf in plan order need not be the next to start.
    pub(super) diverted: bool,
    pub(super) now: f64,
    pub(super) started: f64,
    pub(super) ended: f64,
    pub(super) cause: TaskId,
    pub(super) code: Option<ErrorCode>,
    pub(super) tasks: Vec<Task>,
    pub(super) frames: Vec<Frame>,
    /// Ranges of tasks that closed frames left, by the scope that they are for.
    pub(super) free_frames: BTreeMap<NodeId, Vec<FrameId>>,
    pub(super) iterations: BTreeMap<TaskId, Iteration>,
    /// With `keep_going`, the first failure in each scope that is not over: what caused it. And of each `try` the failure
    /// that nothing takes, until its finally is over.
    pub(super) failures: BTreeMap<TaskId, (TaskId, ErrorCode)>,
    /// Handles that were named for a coming answer.
    pub(super) routes: BTreeMap<TaskId, Vec<u32>>,
    /// Tasks whose inputs are there, by place in the plan.
    pub(super) ready: BinaryHeap<Reverse<(u32, TaskId)>>,
    /// Tasks that have one of the places there are: begun leaves up to their end, scopes that ask for items, and groups
    /// in backoff. What waits for its limit has none.
    pub(super) in_flight: Vec<TaskId>,
    pub(super) timers: Timers,
    /// By the plan's limits. In a snapshot they come after everything else, and only where there are some.
    #[serde(skip)]
    pub(super) limiters: Vec<Limiter>,
    /// By group: where its branches stand, from its beginning on. In a snapshot they come after the limiters, and only where
    /// the plan has branches.
    #[serde(skip)]
    pub(super) standings: BTreeMap<TaskId, Vec<u32>>,
    /// Sum of weight × percent over the outermost frame's leaves and iterating scopes.
    pub(super) done: f64,
    pub(super) simulate_error: Option<NodeId>,
    pub(super) simulate_delay: Option<NodeId>,
    /// When tasks whose start is simulated to be late were launched: all others are when they begin.
    pub(super) launched_late: BTreeMap<TaskId, f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum RunPhase {
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

    /// A run in this state, of which the host was asked and told nothing yet.
    pub(super) fn between_steps(plan: Arc<Plan>, state: State, journal: Option<Journal>) -> Run {
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

    pub(super) fn task(&self, task: TaskId) -> &Task {
        &self.state.tasks[task]
    }

    pub(super) fn task_mut(&mut self, task: TaskId) -> &mut Task {
        &mut self.state.tasks[task]
    }

    pub(super) fn frame_of(&self, task: TaskId) -> &Frame {
        &self.state.frames[self.task(task).frame]
    }

    /// The plan's node that a task is an instance of.
    pub(super) fn node_of(&self, task: TaskId) -> NodeId {
        self.frame_of(task).offset.node(task)
    }

    /// The task for another node of the same frame.
    pub(super) fn beside(&self, task: TaskId, node: NodeId) -> TaskId {
        self.frame_of(task).offset.task(node)
    }

    /// The enclosing scope's task.
    pub(super) fn parent_of(&self, task: TaskId) -> Option<TaskId> {
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

    pub(super) fn kind_of(&self, task: TaskId) -> Kind {
        self.plan.node(self.node_of(task)).kind
    }

    /// Whether the handle was named for the answer of this task.
    pub(super) fn is_named(&self, task: TaskId, handle: Name) -> bool {
        self.state.routes.get(&task).is_some_and(|names| names.contains(&handle.0))
    }
}
