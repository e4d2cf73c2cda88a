//! Every op by itself: was it due?

use conductor_core::ids::{Millis, Slot, TaskId};
use conductor_core::run::{Op, TaskState};

use super::{Again, Carry, Model, Stage, Task, Verdict, ensure};

impl Model<'_> {
    pub(crate) fn saw(&mut self, op: Op) -> Verdict {
        ensure!(self.finished.is_none(), "an op after Finish");
        match op {
            Op::Start { task: TaskId(task), attempt, attempt_number }
                if self.shape.node(self.task(task).node).outline.persists =>
            {
                self.start_held(task, attempt, attempt_number)
            }
            Op::Start { task: TaskId(task), attempt, attempt_number } => {
                self.start(task, attempt, attempt_number)
            }
            Op::Persist { task: TaskId(task), attempt } => self.persist(task, attempt),
            Op::Abort { task: TaskId(task), attempt, code } => self.aborted(task, attempt, code),
            Op::Enter { task: TaskId(task) } => self.enter(task),
            Op::Reset { task: TaskId(task) } => self.reset(task),
            Op::Pass { task: TaskId(task) } => self.pass(task),
            Op::Block { task: TaskId(task), input } => self.block(task, input),
            Op::Ask { task: TaskId(task), attempt, known } => self.ask(task, attempt, known),
            Op::Open { task: TaskId(task), base: TaskId(base), item } => self.open(task, base, item),
            Op::Close { task: TaskId(task), base: TaskId(base), item } => self.close(task, base, item),
            Op::Lose { task: TaskId(task), base: TaskId(base), cause: TaskId(cause) }
                if self.shape.branches(self.task(task).node).is_some() =>
            {
                self.branch_lost(task, base, cause)
            }
            Op::Lose { task: TaskId(task), base: TaskId(base), cause: TaskId(cause) }
                if self.shape.sections(self.task(task).node).is_some() =>
            {
                self.section_lost(task, base, cause)
            }
            Op::Lose { task: TaskId(task), base: TaskId(base), cause: TaskId(cause) } => {
                self.lost(task, base, cause)
            }
            Op::Gather { task: TaskId(task) } => self.gather(task),
            Op::Catch { task: TaskId(task), cause: TaskId(cause) } => self.caught(task, cause),
            Op::Drop { slot: Slot(slot) } => self.drop_slot(slot),
            Op::Change { task: TaskId(task), state, percent, overall, step } => {
                ensure!(percent <= 100 && overall <= 100, "progress beyond 100");
                let stage = self.task(task).stage;
                let held_up = stage == Stage::Begun && !self.is_simulated_to_fail(task);
                ensure!(!held_up || [0, Op::NO_STEP].contains(&step), "{task} shows {step} before its start");
                self.change(task, state)?;
                let found = self.task_mut(task);
                (found.state, found.percent) = (state, percent);
                Ok(())
            }
            Op::Wait { task: TaskId(task), ms: Millis(ms), fails } => {
                let failure = self.options.simulate_error.map_or(0.0, |simulation| simulation.delay);
                let delay = if fails { failure } else { self.hold_up(task) };
                ensure!(delay > 0.0 && delay as u32 == ms, "{task} waits for {ms} ms");
                ensure!(self.is_in_flight(task), "{task} waits and is not in flight");
                ensure!(!self.paused, "{task} begins to wait while paused");
                Ok(())
            }
            Op::Finish { cause: TaskId(cause), code } => self.finished(cause, code),
            _ => Err("an op that the model does not know".into()),
        }
    }

    fn start(&mut self, task: u32, attempt: u32, attempt_number: u32) -> Verdict {
        let found = self.task(task).clone();
        ensure!(attempt > found.attempt, "attempt {attempt} of {task} after {}", found.attempt);
        ensure!(!self.is_simulated_to_fail(task), "{task} is to fail without being run");
        if !self.is_again(Again::Start(task))? {
            let due = match found.stage {
                Stage::Begun => found.begun + self.hold_up(task),
                Stage::Backoff { earliest, .. } => earliest,
                stage => return Err(format!("start of {task} at {stage:?}")),
            };
            ensure!(self.now >= due, "start of {task} at {} instead of {due}", self.now);
            self.begins_in_time(task)?;
            ensure!(attempt_number == found.tries + 1, "try {attempt_number} after {}", found.tries);
        } else if found.stage == Stage::Held {
            ensure!(attempt_number == found.tries + 1, "try {attempt_number} again after {}", found.tries);
        } else {
            ensure!(attempt_number == found.tries, "try {attempt_number} again after {}", found.tries);
        }
        self.reads_inputs(task)?;
        let now = self.now;
        let found = self.task_mut(task);
        (found.stage, found.attempt, found.tries) = (Stage::Running, attempt, attempt_number);
        (found.armed, found.held) = (now, false);
        found.named.clear();
        Ok(())
    }

    /// A leaf would start, and waits for the disk.
    fn persist(&mut self, task: u32, attempt: u32) -> Verdict {
        let found = self.task(task).clone();
        ensure!(self.shape.node(found.node).outline.persists, "{task} is not to wait for the disk");
        let lost = matches!(found.stage, Stage::Running);
        let tries = if lost { found.tries } else { found.tries + 1 };
        self.start(task, attempt, tries)?;
        let found = self.task_mut(task);
        (found.stage, found.tries, found.persisted) = (Stage::Held, tries - 1, false);
        Ok(())
    }

    /// A leaf starts for which the disk was waited for.
    fn start_held(&mut self, task: u32, attempt: u32, attempt_number: u32) -> Verdict {
        let found = self.task(task);
        ensure!(found.stage == Stage::Held && found.persisted, "{task} does not wait for the disk");
        ensure!(attempt == found.attempt, "attempt {attempt} of {task}, for which {} waited", found.attempt);
        ensure!(attempt_number == found.tries + 1, "try {attempt_number} after {}", found.tries);
        ensure!(!self.paused, "{task} starts while paused");
        self.reads_inputs(task)?;
        let now = self.now;
        let found = self.task_mut(task);
        (found.stage, found.tries) = (Stage::Running, attempt_number);
        (found.armed, found.held) = (now, false);
        Ok(())
    }

    /// How long the executable of a task that has begun is held up.
    pub(crate) fn hold_up(&self, task: u32) -> f64 {
        let simulated = self.simulated_delay == Some(self.task(task).node);
        self.options.simulate_delay.filter(|_| simulated).map_or(0.0, |simulation| simulation.delay)
    }

    fn is_simulated_to_fail(&self, task: u32) -> bool {
        self.simulated_error == Some(self.task(task).node)
    }

    fn enter(&mut self, task: u32) -> Verdict {
        let node = self.task(task).node;
        ensure!(!self.shape.is_leaf(node) && !self.shape.is_each(node), "{task} is no group");
        if !self.is_again(Again::Enter(task))? {
            self.arrives(task)?;
            let now = self.now;
            let found = self.task_mut(task);
            (found.armed, found.tries) = (now, found.tries + 1);
        }
        if self.task(task).stage != Stage::Open {
            self.begin_branches(task);
            self.begin_try(task);
        }
        self.task_mut(task).stage = Stage::Open;
        self.reads_inputs(task)
    }

    fn ask(&mut self, task: u32, attempt: u32, known: u32) -> Verdict {
        ensure!(self.shape.is_each(self.task(task).node), "{task} has no items");
        ensure!(attempt > self.task(task).attempt, "ask {attempt} of {task} is not new");
        if self.is_again(Again::Ask(task))? {
        } else if self.task(task).stage == Stage::Waiting {
            self.arrives(task)?;
            self.has_its_turn(task)?;
            self.items.insert(task, Default::default());
            self.task_mut(task).armed = self.now;
        } else {
            ensure!(self.asks_on(task), "{task} asks for more items too soon");
            self.has_its_turn(task)?;
        }
        ensure!(self.items[&task].known == known, "{known} items of {task} are not what was told");
        let found = self.task_mut(task);
        (found.stage, found.attempt) = (Stage::Asking, attempt);
        self.reads_inputs(task)
    }

    fn pass(&mut self, task: u32) -> Verdict {
        let found = self.task(task);
        let skipped = found.stage == Stage::Over(Carry::Nothing) && found.state == TaskState::Skipped;
        ensure!(skipped && self.shape.node(found.node).outline.disabled, "{task} is not disabled");
        let inputs = self.shape.node(found.node).inputs.len();
        let carried = inputs == 0 || (0..inputs).any(|input| self.edge_carries(task, input));
        ensure!(carried, "nothing was carried to {task}");
        self.reads_inputs(task)?;
        let found = self.task_mut(task);
        (found.stage, found.passed) = (Stage::Over(Carry::Output), true);
        Ok(())
    }

    fn block(&mut self, task: u32, input: u32) -> Verdict {
        let (source, _) = self.shape.node(self.task(task).node).inputs[input as usize];
        let source = self.task(self.beside(task, source)).stage;
        let left_something = matches!(source, Stage::Over(Carry::Output | Carry::Named | Carry::Error));
        ensure!(
            source == Stage::Over(Carry::Undefined)
                || left_something && !self.edge_carries(task, input as usize),
            "input {input} of {task} carries something"
        );
        let late = self.task(task).stage != Stage::Waiting && self.reopening.is_none();
        ensure!(!late, "input {input} of {task} is blocked too late");
        self.task_mut(task).blocked.insert(input);
        Ok(())
    }

    fn open(&mut self, task: u32, base: u32, item: u32) -> Verdict {
        let node = self.task(task).node;
        let width = self.shape.node(node).outline.width;
        if self.is_again(Again::Open(base))? {
            ensure!(self.items[&task].open.get(&base) == Some(&item), "another frame than before");
            return Ok(());
        }
        ensure!(self.task(task).stage == Stage::Open, "a frame of {task}, which is not open");
        let in_use = self.items.values().any(|items| items.open.contains_key(&base));
        ensure!(!in_use, "frame {base} is in use");
        let Some(items) = self.items.get_mut(&task) else { return Err(format!("{task} has no items")) };
        ensure!(item == items.opened && item < items.known, "item {item} of {items:?}");
        items.opened += 1;
        items.open.insert(base, item);
        ensure!(items.open.len() as u32 <= width, "more frames than {width}");
        for (number, inner) in (base..).zip(node + 1..self.shape.node(node).end) {
            let mut fresh = Task::new(inner, Some((base, task)));
            if let Some(before) = self.tasks.get(&number) {
                ensure!(
                    before.node == inner && before.frame.is_some_and(|(first, _)| first == base),
                    "task {number} is another's"
                );
                fresh.attempt = before.attempt;
            }
            self.tasks.insert(number, fresh);
        }
        Ok(())
    }

    fn close(&mut self, task: u32, base: u32, item: u32) -> Verdict {
        let node = self.task(task).node;
        if self.shape.branches(node).is_some() {
            return self.branch_won(task, base, item);
        }
        if self.shape.sections(node).is_some() {
            return self.section_won(task, base, item);
        }
        let children = self.shape.node(node).children.clone();
        for child in children {
            let child = base + child - (node + 1);
            ensure!(
                matches!(self.task(child).stage, Stage::Over(_)),
                "{child} is not over in a closing frame"
            );
        }
        let result = base + self.shape.result_slot(node) - (node + 1);
        ensure!(!self.task(result).dropped, "result {result} was dropped");
        let Some(items) = self.items.get_mut(&task) else { return Err(format!("{task} has no items")) };
        ensure!(items.open.remove(&base) == Some(item), "frame {base} of {task} is not open for {item}");
        items.closed += 1;
        Ok(())
    }

    fn gather(&mut self, task: u32) -> Verdict {
        if self.shape.branches(self.task(task).node).is_some() {
            return self.gather_branches(task);
        }
        if self.shape.sections(self.task(task).node).is_some() {
            return self.gather_try(task);
        }
        let Some(items) = self.items.remove(&task) else { return Err(format!("{task} has no items")) };
        ensure!(items.closed == items.known && !items.open_ended, "{task} gathers too soon: {items:?}");
        self.task_mut(task).gathered = true;
        Ok(())
    }

    fn drop_slot(&mut self, slot: u32) -> Verdict {
        let found = self.task(slot);
        ensure!(!found.dropped, "slot {slot} is dropped twice");
        ensure!(!(self.options.keep_outputs && found.frame.is_none()), "slot {slot} is to be kept");
        ensure!(!self.is_result(slot), "slot {slot} is a result");
        for reader in self.readers(slot) {
            ensure!(
                matches!(self.task(reader).stage, Stage::Over(_)),
                "slot {slot} is still to be read by {reader}"
            );
        }
        self.task_mut(slot).dropped = true;
        Ok(())
    }

    fn change(&mut self, task: u32, state: TaskState) -> Verdict {
        let found = self.task(task).clone();
        let rests = self.stops_to_begin_again(task)?;
        if state == found.state {
            return Ok(());
        }
        ensure!(!rests, "{task} is to begin again, and is shown as {state:?}");
        let leaf = self.shape.is_leaf(found.node);
        match state {
            TaskState::Executing if leaf => return self.begin(task),
            TaskState::Executing => {
                ensure!(found.stage == Stage::Open, "{task} executes at {:?}", found.stage)
            }
            TaskState::Completed if self.ended_by.is_some_and(|by| self.is_within(by, task)) => {
                ensure!(
                    matches!(found.stage, Stage::Running | Stage::Open),
                    "{task} ends at {:?}",
                    found.stage
                );
                self.task_mut(task).stage = Stage::Over(Carry::Output);
            }
            TaskState::Completed if leaf => {
                ensure!(found.stage == Stage::Answered, "{task} completes at {:?}", found.stage);
                let due = found.begun + self.hold_up(task) + self.options.slow_mo * 2.0 - 1e-6;
                ensure!(found.tries > 1 || self.now >= due, "{task} completes before its time");
                let carry = if found.routed { Carry::Named } else { Carry::Output };
                self.task_mut(task).stage = Stage::Over(carry);
            }
            TaskState::Completed => {
                ensure!(found.stage == Stage::Open, "{task} completes at {:?}", found.stage);
                ensure!(self.is_done_inside(task), "{task} completes before what it contains");
                ensure!(found.blame.is_none(), "{task} completes in spite of {:?}", found.blame);
                self.task_mut(task).stage = Stage::Over(Carry::Output);
            }
            TaskState::Skipped if self.is_cancelled(task) => {
                ensure!(!self.is_to_be_aborted(task), "{task} is cancelled and goes on");
                self.task_mut(task).stage = Stage::Stopped;
            }
            TaskState::Skipped => {
                let inside =
                    self.parent(task).is_some_and(|scope| self.task(scope).state == TaskState::Skipped);
                let disabled = self.shape.node(found.node).outline.disabled;
                let due = match self.arrival(task) {
                    Some(carried) => disabled || !carried,
                    None => inside && found.stage == Stage::Waiting,
                };
                ensure!(due, "{task} is skipped at {:?}", found.stage);
                let bereft = self.depends_on_failure(task);
                let carry = if bereft { Carry::Failure } else { Carry::Nothing };
                self.task_mut(task).stage = Stage::Over(carry);
            }
            TaskState::Error => return self.shows_failure(task),
            TaskState::Pending => return self.shows_pending(task),
        }
        Ok(())
    }

    /// Whether all that a scope contains is over.
    pub(crate) fn is_done_inside(&self, task: u32) -> bool {
        let found = self.task(task);
        let over = |child: &u32| matches!(self.task(self.beside(task, *child)).stage, Stage::Over(_));
        if self.shape.sections(found.node).is_some() {
            self.is_done(task)
        } else if self.shape.is_each(found.node) || self.shape.branches(found.node).is_some() {
            found.gathered
        } else {
            self.shape.node(found.node).children.iter().all(over)
        }
    }

    fn begin(&mut self, task: u32) -> Verdict {
        self.has_its_turn(task)?;
        let now = self.now;
        let found = self.task_mut(task);
        (found.stage, found.begun) = (Stage::Begun, now);
        Ok(())
    }

    fn has_its_turn(&self, task: u32) -> Verdict {
        ensure!(self.is_ready(task), "{task} begins at {:?}", self.task(task).stage);
        ensure!(!self.paused, "{task} begins while paused");
        ensure!(self.has_room(task), "{task} begins, but there is no room");
        let place = |task: u32| (self.shape.node(self.task(task).node).position, task);
        let first = self.tasks.keys().filter(|other| self.is_ready(**other)).map(|other| place(*other)).min();
        ensure!(first == Some(place(task)), "{task} begins before {first:?}");
        if self.options.concurrency == 1 { self.keeps_plan_order(task) } else { Ok(()) }
    }

    /// One at a time, nothing begins while anything that stands before it, or before a scope around it, is still to
    /// come to its end. Looks at nothing but stages, and knows nothing of what is in flight, or of why it waits.
    fn keeps_plan_order(&self, task: u32) -> Verdict {
        let mut inner = Some(task);
        while let Some(found) = inner
            && let Some(scope) = self.parent(found)
        {
            let position = |node: u32| self.shape.node(node).position;
            let node = self.task(found).node;
            // The nodes of a parallel group stand in no order among themselves.
            if self.shape.parallel_group(self.task(scope).node).is_some() {
                inner = Some(scope);
                continue;
            }
            for child in &self.shape.node(self.task(scope).node).children {
                let before = self.beside(found, *child);
                // A `try` goes on after what failed in it, and what it leaves out.
                let goes_on = self.shape.sections(self.task(scope).node).is_some();
                let stage = self.task(before).stage;
                let over = matches!(stage, Stage::Over(_)) || goes_on && stage == Stage::Stopped;
                ensure!(
                    over || position(*child) >= position(node),
                    "{task} overtakes {before}, which is at {:?}",
                    self.task(before).stage
                );
            }
            inner = Some(scope);
        }
        Ok(())
    }

    fn arrives(&self, task: u32) -> Verdict {
        let disabled = self.shape.node(self.task(task).node).outline.disabled;
        ensure!(self.arrival(task) == Some(true) && !disabled, "{task} opens at {:?}", self.task(task).stage);
        Ok(())
    }

    /// Whoever builds an input looks at every slot in the task's row, and at what is blocked.
    fn reads_inputs(&self, task: u32) -> Verdict {
        let found = self.task(task);
        let inputs = &self.shape.node(found.node).inputs;
        for (input, (source, _)) in inputs.iter().enumerate() {
            let slot = self.beside(task, self.shape.node(*source).slot);
            ensure!(!self.task(slot).dropped, "{task} reads slot {slot}, which was dropped");
            let left = self.task(self.beside(task, *source)).stage;
            let silent = left == Stage::Over(Carry::Nothing);
            let blocked = found.blocked.contains(&(input as u32));
            let carries = self.edge_carries(task, input) && left != Stage::Over(Carry::Undefined);
            ensure!(silent || blocked != carries, "input {input} of {task} is wrong");
        }
        Ok(())
    }

    fn is_again(&mut self, again: Again) -> Result<bool, String> {
        let Some(expected) = &mut self.reopening else { return Ok(false) };
        ensure!(expected.remove(&again), "{again:?} was not open before");
        Ok(true)
    }
}
