//! One flow, one host, one run, in virtual time.

use std::fmt::Write;
use std::sync::Arc;

use conductor_core::ids::{Slot, TaskId};
use conductor_core::plan::Plan;
use conductor_core::run::{Event, NODE_NUMBERS, Op, Run, RunOptions, TaskState, VIEW_HEADER};

use super::flow;
use super::host::Host;
use super::model::{Model, Stage, Verdict, ensure};
use super::random::Random;
use super::shape::Shape;

/// Far more steps than any schedule takes.
const ENDLESS: u32 = 20_000;

enum Step {
    Start,
    Tell(Vec<Event>),
    Timeout,
    Restore,
}

struct Schedule<'a> {
    random: Random,
    host: Host,
    model: Model<'a>,
    plan: Arc<Plan>,
    options: &'a RunOptions,
    /// The run whose ops the model sees.
    watched: Run,
    /// The same run, with nobody watching.
    plain: Run,
    /// Ops of `plain`, for the replay of its journal.
    history: Vec<Op>,
    now: f64,
    restores: u32,
    /// In a part of the schedules, whether there is a pause now: draws of their own, so that the schedules of known
    /// seeds stay what they were.
    pauses: Option<Random>,
    /// The same for crashes of the host, after which another one takes the run over.
    crashes: Option<(u32, Random)>,
    transcript: Option<&'a mut String>,
}

/// Runs the schedule of a seed; says what happened if `transcript` is there.
pub(crate) fn run(seed: u64, mut transcript: Option<&mut String>) -> Verdict {
    let mut random = Random::new(seed);
    let mut outline = flow::outline(&mut random);
    if seed & 3 == 1 {
        flow::let_some_continue(&mut outline, seed);
    }
    if seed & 3 == 3 {
        flow::let_some_tolerate(&mut outline, seed);
    }
    // What a success means for other branches is seen in the ops of its step: until then nothing else is told.
    let branches = [3, 5].contains(&(seed & 7)) || seed & 31 == 12;
    if branches {
        flow::let_some_branch(&mut outline, seed);
    }
    let tries = seed & 7 == 2 || seed & 15 == 5 || seed & 31 == 11;
    if tries {
        flow::let_some_try(&mut outline, seed);
    }
    if [4, 9, 14].contains(&(seed & 15)) || seed & 63 == 19 {
        flow::let_some_persist(&mut outline, seed);
    }
    let options = flow::options(&mut random, outline.nodes.len() as u32);
    if let Some(text) = transcript.as_deref_mut() {
        let _ = writeln!(text, "{}{options:#?}", flow::describe(&outline));
    }
    let shape = Shape::of(&outline);
    let plan = Arc::new(Plan::compile(&outline).map_err(|error| format!("{error:?}"))?);
    let host = Host::new(&mut random, seed & 7 == 6 || seed & 31 == 18, branches || tries);
    let mut watched = Run::new(plan.clone(), options.clone());
    watched.watch(true);
    let plain = Run::new(plan.clone(), options.clone());
    let mut model = Model::new(&shape, &options);
    model.simulated_error = simulated(&shape, &options, 0);
    model.simulated_delay = simulated(&shape, &options, 1);
    let restores = random.pick(&[0, 0, 1, 3, 10]);
    let pauses = (options.seed >> 28 & 3 == 0).then(|| Random::new(options.seed));
    let crashes = (options.seed >> 20 & 3 == 1).then(|| (4, Random::new(options.seed.rotate_left(7))));
    let history = Vec::new();
    let now = random.pick(&[0.0, 5.0, 1000.25]);
    let mut schedule = Schedule {
        random,
        host,
        model,
        plan,
        options: &options,
        watched,
        plain,
        history,
        now,
        restores,
        pauses,
        crashes,
        transcript,
    };
    schedule.go()
}

/// The node that a simulation hits: for a random one, the only thing that is taken from the engine's own rule.
fn simulated(shape: &Shape, options: &RunOptions, which: u32) -> Option<u32> {
    use conductor_core::run::Target;
    let simulation = if which == 0 { options.simulate_error } else { options.simulate_delay };
    match simulation?.target {
        Target::Node(node) => Some(node.0).filter(|node| shape.is_leaf(*node)),
        Target::Random => {
            let leaves: Vec<u32> =
                (0..shape.nodes.len() as u32).filter(|node| shape.is_leaf(*node)).collect();
            let mut draw =
                Random::new(options.seed.wrapping_add(u64::from(which).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            let unit = (draw.next() >> 11) as f64 / (1_u64 << 53) as f64;
            Some(leaves[(unit * leaves.len() as f64) as usize])
        }
    }
}

impl Schedule<'_> {
    fn go(&mut self) -> Verdict {
        self.step(Step::Start)?;
        for _ in 0..ENDLESS {
            if self.watched.is_finished() {
                return self.end();
            }
            // Each restore asks everything again: without an end to them there is none to the run.
            if self.restores > 0 && self.random.chance(30) {
                self.restores -= 1;
                self.step(Step::Restore)?;
            }
            if self.random.chance(1) {
                self.replay()?;
            }
            let step = self.next_step()?;
            self.step(step)?;
        }
        Err("the run does not end".into())
    }

    fn next_step(&mut self) -> Result<Step, String> {
        // Not a draw of its own either: it would change the schedules of known seeds.
        if self.options.seed >> 24 & 7 == 0 && self.model.a_group_waits() {
            return Ok(Step::Tell(vec![Event::Cancel]));
        }
        if let Some(pauses) = &mut self.pauses
            && pauses.chance(if self.model.paused { 5 } else { 15 })
        {
            let pause = self.host.pause(self.now, pauses);
            return Ok(Step::Tell(pause));
        }
        if let Some((left, crashes)) = &mut self.crashes
            && *left > 0
            && crashes.chance(15)
        {
            *left -= 1;
            self.host.crash(crashes);
            self.now += f64::from(crashes.pick(&[0, 1, 40, 5_000]));
            return Ok(Step::Tell(vec![Event::TakenOver]));
        }
        let deadline = self.watched.deadline();
        match (self.host.next(), deadline) {
            (Some(told), Some(due)) if told > due && !self.random.chance(5) => Ok(self.wait_until(due)),
            (Some(told), _) => {
                // A clock that goes back must do no harm, nor a host that is late.
                let late = if self.random.chance(10) { f64::from(self.random.below(30)) } else { 0.0 };
                self.now = self.now.max(told + late);
                let events = self.host.take(self.now, &mut self.random);
                Ok(Step::Tell(events))
            }
            (None, Some(due)) => Ok(self.wait_until(due)),
            (None, None) if self.model.paused => Ok(Step::Tell(vec![Event::Resume])),
            (None, None) => {
                let running = self.model.running();
                ensure!(!running.is_empty(), "the run is stuck");
                if self.random.chance(30) {
                    return Ok(Step::Tell(vec![Event::Cancel]));
                }
                for (task, attempt) in running {
                    self.host.relent(task, attempt, self.now);
                }
                Ok(Step::Tell(Vec::new()))
            }
        }
    }

    fn wait_until(&mut self, due: f64) -> Step {
        let late = if self.random.chance(20) { f64::from(self.random.below(40)) } else { 0.0 };
        self.now = self.now.max(due + late);
        Step::Timeout
    }

    fn step(&mut self, step: Step) -> Verdict {
        let mut now = self.now;
        if !matches!(step, Step::Start) && self.random.chance(3) {
            now -= 50.0;
        }
        let fired = matches!(step, Step::Timeout) && now == self.now;
        let mut next_leaf = None;
        let idle = (now - self.model.now).max(0.0);
        if !matches!(&step, Step::Tell(events) if events.is_empty()) {
            self.model.now = self.model.now.max(now);
        }
        match &step {
            Step::Start => {
                self.model.started = now;
                self.say(|| format!("{now}: start"));
                self.both(|run| run.start(now).map_err(|misuse| misuse.to_string()))?;
            }
            Step::Tell(events) => {
                self.say(|| format!("{now}: tell {events:?}"));
                next_leaf = self.next_leaf(events);
                for event in events {
                    match event {
                        Event::TakenOver => self.model.taken_over(idle),
                        event => self.model.told(*event),
                    }
                }
                self.both(|run| run.handle_all(now, events).map_err(|misuse| misuse.to_string()))?;
            }
            Step::Timeout => {
                self.say(|| format!("{now}: timeout"));
                self.both(|run| run.handle_timeout(now).map_err(|misuse| misuse.to_string()))?;
            }
            Step::Restore => {
                self.say(|| format!("{now}: restore"));
                self.model.restored();
                let plan = self.plan.clone();
                self.both(|run| {
                    let bytes = run.snapshot().map_err(|error| format!("{error:?}"))?;
                    *run = Run::restore(plan.clone(), &bytes, now).map_err(|error| format!("{error:?}"))?;
                    Ok(())
                })?;
                self.watched.watch(true);
            }
        }
        let told = self.history.len();
        self.drain(fired)?;
        if let Some(expected) = next_leaf {
            // Also where it waits for the disk first, for which a host that runs ahead asks.
            let started = self.history[told..].iter().find_map(|op| match op {
                Op::Start { task: TaskId(task), .. } | Op::Persist { task: TaskId(task), .. } => Some(*task),
                _ => None,
            });
            ensure!(started == expected, "a host that ran ahead started {expected:?} instead of {started:?}");
        }
        Ok(())
    }

    /// What a host that runs ahead starts by itself when this is all that it was answered: the next leaf in plan
    /// order, or none.
    fn next_leaf(&self, events: &[Event]) -> Option<Option<u32>> {
        let [Event::Done { task: TaskId(task), attempt, routed: false }] = *events else { return None };
        if !self.watched.runs_ahead() || !self.model.running().contains(&(task, attempt)) {
            return None;
        }
        let shape = self.model.shape;
        let position = |leaf: &u32| shape.node(*leaf).position;
        let leaves = (0..shape.nodes.len() as u32).filter(|node| shape.is_leaf(*node));
        Some(leaves.filter(|leaf| position(leaf) > position(&task)).min_by_key(position))
    }

    fn both(&mut self, mut act: impl FnMut(&mut Run) -> Verdict) -> Verdict {
        act(&mut self.watched)?;
        act(&mut self.plain)
    }

    fn drain(&mut self, fired: bool) -> Verdict {
        let room = 1 + self.random.below(9) as usize;
        let ops = drained(&mut self.watched, room);
        let plain = drained(&mut self.plain, 16);
        for op in &ops {
            self.say(|| format!("    {op:?}"));
            self.model.saw(*op)?;
        }
        let unwatched: Vec<Op> = ops.iter().copied().filter(|op| !matches!(op, Op::Change { .. })).collect();
        ensure!(unwatched == plain, "unwatched it goes otherwise: {plain:?}");
        for op in &plain {
            self.host.asked(*op, self.model.now, &mut self.random);
        }
        self.history.extend(plain);
        self.model.is_at_rest(fired)?;
        let overall = self.watched.summary(self.model.now).overall;
        let expected = self.model.overall();
        ensure!(overall == expected, "overall progress is {overall} instead of {expected}");
        if fired {
            let deadline = self.watched.deadline();
            ensure!(deadline.is_none_or(|at| at > self.model.now), "deadline {deadline:?} has passed");
        }
        Ok(())
    }

    fn end(&mut self) -> Verdict {
        let finished = self.model.finished;
        let Some((cause, code)) = finished else { return Err("finished without Finish".into()) };
        let summary = self.watched.summary(self.now);
        ensure!(summary.finished && summary.code == code, "summary {summary:?} after {finished:?}");
        ensure!(self.watched.deadline().is_none(), "a deadline after the end");
        if code.is_none() && !self.model.caught {
            ensure!(summary.overall == 100, "succeeded at {} %", summary.overall);
        }
        let mut view = vec![0.0; self.watched.view_len()];
        self.watched.write_view(self.now, &mut view);
        let mut unwatched = view.clone();
        self.plain.write_view(self.now, &mut unwatched);
        let same = view.iter().zip(&unwatched).all(|(one, other)| one.to_bits() == other.to_bits());
        ensure!(same, "watched it looks like {view:?}, unwatched like {unwatched:?}");
        let executing = f64::from(TaskState::Executing.number());
        for (node, record) in view[VIEW_HEADER..].chunks(NODE_NUMBERS).enumerate() {
            ensure!(record[0] != executing, "{node} still executes after the end");
            ensure!((0.0..=100.0).contains(&record[1]), "{node} is at {} %", record[1]);
            let [began, ended] = [record[2], record[3]].map(|time| !time.is_nan());
            let skipped = record[0] == f64::from(TaskState::Skipped.number());
            let pending = record[0] == f64::from(TaskState::Pending.number());
            ensure!(
                pending || ended && (began || skipped),
                "{node} went from {} to {}",
                record[2],
                record[3]
            );
            ensure!(!pending || !ended, "{node} is pending and over");
        }
        // A run that kept going has nothing left to do, just like one that succeeded.
        let ran_out = code.is_none() && cause == TaskId::NONE.0
            || code.is_some()
                && self.options.keep_going
                && cause != TaskId::NONE.0
                && !self.model.shape.is_leaf(0)
                && cause != 0;
        for (task, found) in &self.model.tasks {
            let stage = found.stage;
            let over =
                !ran_out || self.model.is_gone(*task) || matches!(stage, Stage::Over(_) | Stage::Stopped);
            ensure!(over, "{task} is at {stage:?} after the end");
        }
        self.replay()?;
        while self.host.next().is_some() {
            self.now = self.host.next().unwrap_or(self.now).max(self.now);
            let late = self.host.take(self.now, &mut self.random);
            let now = self.now;
            self.both(|run| run.handle_all(now, &late).map_err(|misuse| misuse.to_string()))?;
            ensure!(self.watched.undrained() + self.plain.undrained() == 0, "{late:?} after the end has ops");
        }
        Ok(())
    }

    /// The journal leads to the same ops.
    fn replay(&mut self) -> Verdict {
        let Some(journal) = self.plain.journal() else { return Ok(()) };
        let mut again: Vec<Op> = Vec::new();
        let replayed =
            journal.replay(self.plan.clone(), self.options.clone(), false, |_, ops| again.extend(ops));
        replayed.map_err(|error| format!("{error:?}"))?;
        ensure!(again == self.history, "replayed it goes otherwise: {again:?}");
        Ok(())
    }

    fn say(&mut self, line: impl FnOnce() -> String) {
        if let Some(transcript) = self.transcript.as_deref_mut() {
            transcript.push_str(&line());
            transcript.push('\n');
        }
    }
}

fn drained(run: &mut Run, room: usize) -> Vec<Op> {
    let mut ops = Vec::new();
    let mut buffer = vec![Op::Drop { slot: Slot(0) }; room];
    loop {
        match run.poll_ops(&mut buffer) {
            0 => return ops,
            count => ops.extend(&buffer[..count]),
        }
    }
}
