//! A host in virtual time: runs a scenario and writes down all that is said, one line each.
//!
//! The host in `tests/conformance` does the same to the last letter; neither knows what is expected.

use std::collections::HashMap;
use std::sync::Arc;

use conductor_core::bridge;
use conductor_core::flow::{Limits, Outline, from_json};
use conductor_core::ids::{NodeId, Slot, TaskId};
use conductor_core::plan::Plan;
use conductor_core::run::{
    Event, Journal, Misuse, NODE_NUMBERS, OPTION_NUMBERS, Op, Run, RunOptions, VIEW_HEADER,
};
use serde_json::Value;

use super::names::Names;
use super::script::{Script, text};
use super::text::{self, digest, event_line, op_line, plan_lines, record_lines, state_line};

/// First line of what [`play`] returns: the format's version, which is that of the folder of expectations.
const FORMAT: &str = "conformance journal v1";

/// Runs a scenario; what happened, as text.
pub(crate) fn play(scenario: &Value) -> String {
    let flow = scenario["flow"].to_string();
    let definition = from_json(&flow, &Limits::default()).expect("the flow can be read");
    let (outline, strings) = Outline::of(&definition);
    let Ok(plan) = Plan::compile(&outline) else { return refused(&flow) };
    let options = options(&scenario["options"], &outline, &strings);
    Host::new(scenario["host"].clone(), &outline, strings, plan, options).play()
}

/// The flow cannot be run: what is wrong with it.
fn refused(flow: &str) -> String {
    let problems: Value = serde_json::from_str(&bridge::validate_flow(flow, "{}")).expect("a list");
    let mut lines = vec![FORMAT.to_owned(), "refused".to_owned()];
    // What the flow is only warned of does not keep it from running.
    let errors = problems.as_array().into_iter().flatten().filter(|problem| problem["severity"] == "error");
    for problem in errors {
        let [code, path, message] = ["code", "path", "message"].map(|key| text(problem, key));
        let node = problem["nodeId"].as_str().unwrap_or("-");
        lines.push(format!("problem {code} at \"{path}\" of {node}: {message}"));
    }
    lines.join("\n") + "\n"
}

/// Options by the names that callers use. Times in ms.
fn options(given: &Value, outline: &Outline, strings: &[String]) -> RunOptions {
    let number = |key: &str| given[key].as_f64();
    let flag = |key: &str| f64::from(u8::from(given[key].as_bool() == Some(true)));
    let target = |debug: &Value| match debug["nodeId"].as_str() {
        None => -1.0,
        Some("random") => -2.0,
        Some(id) => {
            let found = outline.nodes.iter().position(|node| strings[node.id.0 as usize] == id);
            found.map_or(-1.0, |node| node as f64)
        }
    };
    let delay = |debug: &Value| debug["delayMs"].as_f64().unwrap_or(0.0);
    let [error, slow] = ["simulateError", "simulateLongRunning"].map(|key| &given["debug"][key]);
    let numbers: [f64; OPTION_NUMBERS] = [
        number("concurrency").unwrap_or(1.0),
        number("seed").unwrap_or(0.0),
        number("retries").unwrap_or(0.0),
        number("retryDelay").unwrap_or(1000.0),
        flag("jitter"),
        number("timeout").unwrap_or(0.0),
        number("slowMo").unwrap_or(0.0),
        target(error),
        delay(error),
        target(slow),
        delay(slow),
        flag("keepOutputs"),
        1.0,
        flag("keepGoing"),
    ];
    RunOptions::from_numbers(&numbers)
}

struct Host {
    plan: Arc<Plan>,
    options: RunOptions,
    run: Run,
    strings: Vec<String>,
    names: Names,
    script: Script,
    single: bool,
    watched: bool,
    now: f64,
    /// The engine's header as it was said last.
    header: String,
    finished: Option<Op>,
    restored: bool,
    begun: HashMap<NodeId, usize>,
    lines: Vec<String>,
}

impl Host {
    fn new(host: Value, outline: &Outline, strings: Vec<String>, plan: Plan, options: RunOptions) -> Host {
        let names = Names::of_nodes(outline, &strings);
        let mut lines = vec![FORMAT.to_owned()];
        lines.extend(plan_lines(outline, &strings, &plan, &names));
        let plan = Arc::new(plan);
        Host {
            run: Run::new(plan.clone(), options.clone()),
            plan,
            options,
            names,
            single: host["single"].as_bool() == Some(true),
            watched: host["watch"].as_bool() == Some(true),
            now: host["start"].as_f64().unwrap_or(0.0),
            script: Script::of(host, strings.clone()),
            strings,
            header: String::new(),
            finished: None,
            restored: false,
            begun: HashMap::new(),
            lines,
        }
    }

    fn play(mut self) -> String {
        self.run.watch(self.watched);
        for act in std::mem::take(&mut self.script.before) {
            self.act(&act);
        }
        self.start();
        while self.finished.is_none() && self.next() {}
        self.end();
        self.lines.join("\n") + "\n"
    }

    /// Lets time pass until something happens; false when nothing will. What the host does comes before timers.
    fn next(&mut self) -> bool {
        let at = match (self.script.next(), self.run.deadline()) {
            (None, None) => return false,
            (Some(at), None) => at,
            (Some(at), Some(deadline)) if at <= deadline => at,
            (_, Some(deadline)) => {
                self.now = self.now.max(deadline);
                self.time_out();
                return true;
            }
        };
        self.now = self.now.max(at);
        if let Some(act) = self.script.take_act() {
            self.act(&act);
        } else {
            let events = self.script.take_events(at, self.single, &self.names);
            self.tell(&events);
        }
        true
    }

    /// What a host does that is no event.
    fn act(&mut self, act: &Value) {
        match text(act, "do") {
            "start" => self.start(),
            "timeout" => self.time_out(),
            does @ ("watch" | "unwatch") => {
                self.watched = does == "watch";
                self.say(&format!("> {does}"));
                self.run.watch(self.watched);
            }
            "snapshot" => self.move_on(),
            _ => {
                let event = self.script.event(act, &self.names);
                self.tell(&[event]);
            }
        }
    }

    fn start(&mut self) {
        self.say("> start");
        let step = self.run.start(self.now);
        self.follow(step);
    }

    fn time_out(&mut self) {
        self.say("> timeout");
        let step = self.run.handle_timeout(self.now);
        self.follow(step);
    }

    fn tell(&mut self, events: &[Event]) {
        for event in events {
            let line = event_line(*event, &self.names, &self.strings);
            self.say(&format!("> {line}"));
        }
        let step = self.run.handle_all(self.now, events);
        self.follow(step);
    }

    /// Carries out all ops of a step.
    fn follow(&mut self, step: Result<(), Misuse>) {
        if step.is_err() {
            return self.say("! misuse");
        }
        let mut ops = [Op::Drop { slot: Slot(0) }; 8];
        loop {
            let count = self.run.poll_ops(&mut ops);
            if count == 0 {
                break;
            }
            for op in &ops[..count] {
                self.carry_out(*op);
            }
        }
        let timer = text::time(self.run.deadline().unwrap_or(f64::NAN));
        let header = format!("= timer {timer}{}", if self.run.runs_ahead() { ", ahead" } else { "" });
        if header != self.header {
            self.say(&header);
        }
        self.header = header;
    }

    fn carry_out(&mut self, op: Op) {
        if let Op::Open { task, base, item } = op {
            self.names.open(task, base, item);
        }
        let line = op_line(op, &self.names);
        self.say(&format!("< {line}"));
        match op {
            Op::Start { task, attempt, .. } => {
                self.begin(task);
                self.script.started(task, attempt, self.now, &self.names);
            }
            Op::Ask { task, attempt, .. } => {
                self.begin(task);
                self.script.asked(task, attempt, self.now, &self.names);
            }
            Op::Enter { task } => self.begin(task),
            Op::Abort { task, attempt, .. } => self.script.aborted(task, attempt),
            Op::Finish { .. } => self.finished = Some(op),
            _ => {}
        }
    }

    fn begin(&mut self, task: TaskId) {
        let place = self.begun.len() + 1;
        self.begun.entry(self.names.node_of(task)).or_insert(place);
    }

    /// Another run takes over from a snapshot.
    fn move_on(&mut self) {
        let bytes = self.run.snapshot().expect("all ops were taken");
        let length = bytes.len();
        let told = digest(bytes.iter().map(|byte| u32::from(*byte)));
        self.say(&format!("! snapshot {length} bytes {told}"));
        self.seal();
        self.run = Run::restore(self.plan.clone(), &bytes, self.now).expect("of the same plan");
        self.restored = true;
        self.script.forget_answers();
        self.run.watch(self.watched);
        self.say("! restored");
        self.follow(Ok(()));
    }

    fn end(&mut self) {
        let mut numbers = vec![0.0; self.run.view_len()];
        self.run.write_view(self.now, &mut numbers);
        self.lines.push(format!("end {} at {}", self.verdict(), text::time(self.now)));
        let (header, looks) = numbers.split_at(VIEW_HEADER);
        let [started, ended] = [header[2], header[3]].map(text::time);
        self.lines.push(format!("progress {} from {started} to {ended}", header[0]));
        for (number, look) in (0..).zip(looks.as_chunks::<NODE_NUMBERS>().0) {
            let name = self.names.of(TaskId(number));
            self.lines.push(state_line(&name, *look, self.begun.get(&NodeId(number)).copied()));
        }
        self.seal();
        if let Some(journal) = self.run.journal().cloned()
            && !self.restored
            && self.finished.is_some()
        {
            self.look_back(&journal, &numbers);
        }
    }

    /// What the journal alone says about the run.
    fn look_back(&mut self, journal: &Journal, numbers: &[f64]) {
        let trace = journal.trace(self.plan.clone(), self.options.clone()).expect("a journal of this plan");
        let bits = trace.iter().map(|number| number.to_bits());
        let words = bits.flat_map(|bits| [bits as u32, (bits >> 32) as u32]);
        self.lines.push(format!("trace {} rows {}", trace.len() / 6, digest(words)));
        let replay = journal.replay(self.plan.clone(), self.options.clone(), false, |_, _| {});
        let replayed = replay.expect("a journal of this plan");
        let mut view = vec![0.0; numbers.len()];
        replayed.write_view(replayed.summary(0.0).ended, &mut view);
        let same =
            view.iter().map(|number| number.to_bits()).eq(numbers.iter().map(|number| number.to_bits()));
        self.lines.push(format!("replay {}", if same { "agrees" } else { "differs" }));
    }

    fn verdict(&self) -> String {
        match self.finished {
            Some(Op::Finish { code: None, .. }) => "success".to_owned(),
            Some(Op::Finish { cause: TaskId::NONE, code: Some(code) }) => code.to_string(),
            Some(Op::Finish { cause, code: Some(code) }) => format!("{code} by {}", self.names.of(cause)),
            _ => "waiting".to_owned(),
        }
    }

    fn seal(&mut self) {
        let words = self.run.journal().map_or(&[][..], Journal::words);
        self.lines.extend(record_lines(words));
    }

    fn say(&mut self, line: &str) {
        self.lines.push(format!("@{} {line}", text::time(self.now)));
    }
}
