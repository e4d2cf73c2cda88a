//! Flows by name, and conversations with a run: given this, expect that.

#![allow(dead_code, reason = "each test target uses its own part")]

mod flow;

use std::collections::HashMap;
use std::sync::Arc;

use conductor_core::error::ErrorCode;
use conductor_core::flow::{Name, Outline};
use conductor_core::ids::{NodeId, Slot, TaskId};
use conductor_core::plan::Plan;
use conductor_core::run::{Event, Op, Run, RunOptions, TaskState};

pub(crate) use flow::{Scope, flow};

/// Settings by what differs from the defaults.
pub(crate) fn options(alter: impl FnOnce(&mut RunOptions)) -> RunOptions {
    let mut options = RunOptions::default();
    alter(&mut options);
    options
}

/// A run whose tasks bear names: `group/leaf`, and `each[2]/leaf` inside the frame of an item.
pub(crate) struct Talk {
    pub(crate) plan: Arc<Plan>,
    pub(crate) run: Run,
    pub(crate) now: f64,
    outline: Outline,
    handles: Vec<String>,
    names: Vec<String>,
    tasks: HashMap<String, TaskId>,
    attempts: HashMap<TaskId, u32>,
    /// Kinds of ops that are shown.
    shown: Vec<&'static str>,
}

const USUAL: [&str; 8] = ["start", "abort", "pass", "ask", "open", "gather", "catch", "finish"];

impl Talk {
    pub(crate) fn new(scope: Scope, options: RunOptions) -> Talk {
        let (outline, names, handles) = scope.outline();
        let plan = Arc::new(Plan::compile(&outline).expect("the flow is in order"));
        let run = Run::new(plan.clone(), options);
        let tasks = names.iter().cloned().zip((0..).map(TaskId)).collect();
        let shown = USUAL.to_vec();
        Talk { plan, run, now: 0.0, outline, handles, names, tasks, attempts: HashMap::new(), shown }
    }

    /// Shows ops of these kinds only.
    pub(crate) fn showing(mut self, kinds: &[&'static str]) -> Talk {
        self.shown = kinds.to_vec();
        self
    }

    pub(crate) fn watched(mut self) -> Talk {
        self.run.watch(true);
        self.shown = vec!["change"];
        self
    }

    pub(crate) fn start(&mut self) -> Vec<String> {
        self.run.start(self.now).expect("not started before");
        self.ops()
    }

    pub(crate) fn done(&mut self, name: &str) -> Vec<String> {
        let (task, attempt) = self.attempt(name);
        self.tell(&[Event::Done { task, attempt, routed: false }])
    }

    /// Answers with a value that only these handles carry.
    pub(crate) fn routed(&mut self, name: &str, handles: &[&str]) -> Vec<String> {
        let (task, attempt) = self.attempt(name);
        let number = |handle: &&str| self.handles.iter().position(|known| known == handle).unwrap_or(99);
        let mut events: Vec<Event> = handles
            .iter()
            .map(|handle| Event::Route { task, attempt, handle: Name(number(handle) as u32) })
            .collect();
        events.push(Event::Done { task, attempt, routed: true });
        self.tell(&events)
    }

    pub(crate) fn failed(&mut self, name: &str) -> Vec<String> {
        self.failed_with(name, ErrorCode::ExecutionFailed)
    }

    pub(crate) fn failed_with(&mut self, name: &str, code: ErrorCode) -> Vec<String> {
        let (task, attempt) = self.attempt(name);
        self.tell(&[Event::Failed { task, attempt, code }])
    }

    pub(crate) fn items(&mut self, name: &str, count: u32) -> Vec<String> {
        let (task, attempt) = self.attempt(name);
        self.tell(&[Event::Items { task, attempt, count, open_ended: false }])
    }

    pub(crate) fn items_so_far(&mut self, name: &str, count: u32) -> Vec<String> {
        let (task, attempt) = self.attempt(name);
        self.tell(&[Event::Items { task, attempt, count, open_ended: true }])
    }

    pub(crate) fn tell(&mut self, events: &[Event]) -> Vec<String> {
        self.run.handle_all(self.now, events).expect("the contract is kept");
        self.ops()
    }

    /// Lets time pass and fires what is due.
    pub(crate) fn at(&mut self, now: f64) -> Vec<String> {
        self.now = now;
        self.run.handle_timeout(now).expect("the contract is kept");
        self.ops()
    }

    /// Jumps to the deadline; says when that was.
    pub(crate) fn wait(&mut self) -> (f64, Vec<String>) {
        let at = self.run.deadline().expect("something is waited for");
        (at, self.at(at))
    }

    /// The run goes on as another that was restored from its snapshot.
    pub(crate) fn restored(&mut self) -> Vec<String> {
        let bytes = self.run.snapshot().expect("drained");
        self.run = Run::restore(self.plan.clone(), &bytes, self.now).expect("of the same plan");
        self.ops()
    }

    /// Task and latest attempt.
    pub(crate) fn attempt(&self, name: &str) -> (TaskId, u32) {
        let task = *self.tasks.get(name).unwrap_or_else(|| panic!("no task {name}"));
        (task, self.attempts.get(&task).copied().unwrap_or(0))
    }

    pub(crate) fn task(&self, name: &str) -> TaskId {
        self.attempt(name).0
    }

    /// State and percent of a node of the outermost frame.
    pub(crate) fn state(&self, name: &str) -> (TaskState, u32) {
        let mut view = vec![0.0; self.run.view_len()];
        self.run.write_view(self.now, &mut view);
        let at =
            conductor_core::run::VIEW_HEADER + self.task(name).index() * conductor_core::run::NODE_NUMBERS;
        let states = [
            TaskState::Pending,
            TaskState::Executing,
            TaskState::Completed,
            TaskState::Error,
            TaskState::Skipped,
        ];
        (states[view[at] as usize], view[at + 1] as u32)
    }

    pub(crate) fn overall(&self) -> u32 {
        self.run.summary(self.now).overall
    }

    fn ops(&mut self) -> Vec<String> {
        let mut buffer = [Op::Drop { slot: Slot(0) }; 7];
        let mut lines = Vec::new();
        loop {
            let count = self.run.poll_ops(&mut buffer);
            if count == 0 {
                return lines;
            }
            for op in &buffer[..count] {
                let line = self.line(*op);
                if self.shown.iter().any(|kind| line.starts_with(kind)) {
                    lines.push(line);
                }
            }
        }
    }

    fn line(&mut self, op: Op) -> String {
        match op {
            Op::Start { task, attempt, attempt_number } => {
                self.attempts.insert(task, attempt);
                let number = if attempt_number > 1 { format!(" #{attempt_number}") } else { String::new() };
                format!("start {}{number}", self.name(task))
            }
            Op::Abort { task, code, .. } => format!("abort {} {code}", self.name(task)),
            Op::Enter { task } => format!("enter {}", self.name(task)),
            Op::Pass { task } => format!("pass {}", self.name(task)),
            Op::Ask { task, attempt, known } => {
                self.attempts.insert(task, attempt);
                format!("ask {} after {known}", self.name(task))
            }
            Op::Open { task, base, item } => {
                self.name_frame(task, base, item);
                format!("open {}[{item}]", self.name(task))
            }
            Op::Lose { task, cause, .. } => format!("lose {} by {}", self.name(task), self.name(cause)),
            Op::Close { task, item, .. } => format!("close {}[{item}]", self.name(task)),
            Op::Reset { task } => format!("reset {}", self.name(task)),
            Op::Gather { task } => format!("gather {}", self.name(task)),
            Op::Catch { task, cause } => format!("catch {} of {}", self.name(task), self.name(cause)),
            Op::Block { task, input } => format!("block {}.{input}", self.name(task)),
            Op::Drop { slot } => format!("drop {}", self.name(TaskId(slot.0))),
            Op::Change { task, state, percent, overall, step } => {
                let step = match step {
                    Op::NO_STEP => String::new(),
                    Op::COMPLETE_STEP => " Complete".into(),
                    number => format!(" step {number}"),
                };
                format!("change {} {state:?} {percent} {overall}{step}", self.name(task))
            }
            Op::Finish { cause: TaskId::NONE, code: None } => "finish".into(),
            Op::Finish { cause: TaskId::NONE, code: Some(code) } => format!("finish {code}"),
            Op::Finish { cause, code } => {
                format!("finish {} by {}", code.map_or("", ErrorCode::name), self.name(cause))
            }
            Op::Wait { task, ms, .. } => format!("wait {} {ms}", self.name(task)),
            other => panic!("{other:?} has no words yet"),
        }
    }

    fn name(&self, task: TaskId) -> &str {
        &self.names[task.index()]
    }

    fn name_frame(&mut self, owner: TaskId, base: TaskId, item: u32) {
        let scope = self.node_named(owner);
        let end = self.end_of(scope);
        let prefix = self.names[scope.index()].clone();
        for (task, node) in (base.0..).map(TaskId).zip(scope.next().up_to(end)) {
            let local = self.names[node.index()][prefix.len()..].to_owned();
            let name = format!("{}[{item}]{local}", self.names[owner.index()]);
            self.names.resize(self.names.len().max(task.index() + 1), String::new());
            self.tasks.insert(name.clone(), task);
            self.names[task.index()] = name;
        }
    }

    /// The node of a task, by its name without the items.
    fn node_named(&self, task: TaskId) -> NodeId {
        let mut plain = String::new();
        let mut inside = false;
        for letter in self.names[task.index()].chars() {
            match letter {
                '[' => inside = true,
                ']' => inside = false,
                _ if !inside => plain.push(letter),
                _ => {}
            }
        }
        NodeId::at(self.names.iter().position(|name| *name == plain).expect("named after a node"))
    }

    fn end_of(&self, scope: NodeId) -> NodeId {
        let inside = |node: &NodeId| {
            let mut outer = *node;
            while outer > scope {
                outer = self.outline.nodes[outer.index()].parent;
            }
            outer == scope
        };
        scope
            .next()
            .up_to(NodeId::at(self.outline.nodes.len()))
            .take_while(inside)
            .last()
            .map_or(scope.next(), NodeId::next)
    }
}
