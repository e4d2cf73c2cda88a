//! After a step: is anything missing?

use std::collections::BTreeSet;

use conductor_core::run::TaskState;

use super::{Again, Carry, Model, Stage, Verdict, ensure};

impl Model<'_> {
    /// Everything that is due has happened.
    pub(crate) fn is_at_rest(&mut self, fired: bool) -> Verdict {
        let restored = self.reopening.take();
        if let Some(missing) = &restored {
            ensure!(missing.is_empty(), "not asked for again: {missing:?}");
        }
        if self.finished.is_some() {
            return Ok(());
        }
        ensure!(self.failures.is_empty(), "nothing came of {:?}", self.failures);
        ensure!(self.ending.is_none(), "the run was to end with {:?}", self.ending);
        ensure!(!fired || !self.run_is_due(), "the run's deadline has passed");
        let has_looked = std::mem::take(&mut self.restored);
        if fired || has_looked && self.paused {
            self.timers_fired()?;
        }
        let room = self.has_room_at_all();
        for task in self.tasks.keys().copied() {
            if self.is_gone(task) {
                continue;
            }
            if let Some(carried) = self.arrival(task) {
                let waits = self.is_ready(task) && carried && !room;
                ensure!(waits, "{task} could have begun");
            }
            self.shows_in_order(task)?;
            self.task_is_at_rest(task, fired)?;
            self.slot_is_at_rest(task)?;
        }
        Ok(())
    }

    /// Whether what is first in the plan among all that is ready may begin; nothing may before it.
    fn has_room_at_all(&self) -> bool {
        let ready = self.tasks.keys().copied().filter(|task| !self.is_gone(*task) && self.is_ready(*task));
        let first = ready.min_by_key(|task| (self.shape.node(self.task(*task).node).position, *task));
        !self.paused && first.is_some_and(|task| self.has_room(task))
    }

    /// Whether a task may begin beside what is in flight: as many as the run takes, and where that is one, five of the
    /// same parallel group.
    pub(crate) fn has_room(&self, task: u32) -> bool {
        let in_flight: Vec<u32> =
            self.tasks.keys().copied().filter(|task| self.is_in_flight(*task)).collect();
        let group = |task: u32| self.shape.parallel_group(self.task(task).node);
        (in_flight.len() as u32) < self.options.concurrency
            || self.options.concurrency == 1
                && in_flight.len() < 5
                && group(task).is_some()
                && in_flight.iter().all(|other| group(*other) == group(task))
    }

    /// What executes does so in scopes that execute.
    fn shows_in_order(&self, task: u32) -> Verdict {
        if self.task(task).state == TaskState::Executing
            && let Some(scope) = self.parent(task)
        {
            let state = self.task(scope).state;
            ensure!(state == TaskState::Executing, "{task} executes in {scope}, which is {state:?}");
        }
        Ok(())
    }

    fn task_is_at_rest(&self, task: u32, fired: bool) -> Verdict {
        let found = self.task(task);
        let over = |child: &u32| matches!(self.task(self.beside(task, *child)).stage, Stage::Over(_));
        match found.stage {
            Stage::Answered => ensure!(self.options.slow_mo > 0.0, "{task} is answered and not over"),
            Stage::Begun | Stage::Backoff { .. } => self.is_held_back(task)?,
            Stage::Held => {
                ensure!(!found.persisted || self.paused, "{task} could have started");
                self.is_held_back(task)?;
            }
            Stage::Running | Stage::Asking | Stage::Open => {
                let timeout = self.shape.node(found.node).outline.timeout_ms.map_or(f64::INFINITY, f64::from);
                ensure!(!fired || found.armed + timeout > self.now, "the deadline of {task} has passed");
            }
            _ => {}
        }
        if found.stage != Stage::Open {
            return Ok(());
        }
        if let Some(items) = self.items.get(&task) {
            let width = self.shape.node(found.node).outline.width;
            let full = items.open.len() as u32 >= width;
            ensure!(items.opened == items.known || full, "{task} could open a frame");
            let room = self.has_room_at_all();
            let waits = self.asks_on(task) && !room;
            ensure!(items.closed < items.known || waits, "all items of {task} are done");
        } else if self.shape.branches(found.node).is_some() {
            ensure!(!self.is_settled(task), "{task} has no branch to wait for");
        } else if self.shape.sections(found.node).is_some() {
            ensure!(!self.is_tried(task), "{task} has no section to wait for");
        } else {
            ensure!(!self.shape.node(found.node).children.iter().all(over), "{task} contains nothing open");
        }
        Ok(())
    }

    /// A slot that nobody will read any more is dropped.
    fn slot_is_at_rest(&self, slot: u32) -> Verdict {
        let found = self.task(slot);
        let keeps = self.options.keep_outputs && found.frame.is_none();
        let filled = found.gathered
            || matches!(found.stage, Stage::Over(carry) if ![Carry::Nothing, Carry::Failure].contains(&carry));
        let own = self.shape.node(found.node).slot == found.node;
        if keeps || !filled || !own || self.is_result(slot) || found.dropped {
            return Ok(());
        }
        let over = |reader: &u32| matches!(self.task(*reader).stage, Stage::Over(_));
        ensure!(!self.readers(slot).iter().all(over), "slot {slot} is kept for nobody");
        Ok(())
    }

    /// Tasks that look at a slot when their input is built.
    pub(crate) fn readers(&self, slot: u32) -> Vec<u32> {
        let node = self.task(slot).node;
        let all = (0_u32..).zip(&self.shape.nodes);
        let reads = all.filter(|(_, reader)| {
            reader.inputs.iter().any(|(source, _)| self.shape.node(*source).slot == node)
                || reader.gathers.contains(&node)
        });
        reads.map(|(reader, _)| self.beside(slot, reader)).collect()
    }

    /// The slot of the run's or of an item's result.
    pub(crate) fn is_result(&self, slot: u32) -> bool {
        let found = self.task(slot);
        match found.frame {
            None => self.shape.node(0).slot == found.node,
            Some((_, owner)) => self.shape.result_slot(self.task(owner).node) == found.node,
        }
    }

    /// Whether a task is of a frame that is closed, or stands for tasks of frames.
    pub(crate) fn is_gone(&self, task: u32) -> bool {
        if let Some((base, owner)) = self.task(task).frame {
            let open = self.items.get(&owner).is_some_and(|items| items.open.contains_key(&base));
            if !open || self.is_gone(owner) {
                return true;
            }
        }
        self.is_placeholder(task)
    }

    /// The ops that a run restored now owes its host.
    pub(crate) fn restored(&mut self) {
        let mut expected = BTreeSet::new();
        for (number, task) in self.tasks.iter().filter(|(number, _)| !self.is_gone(**number)) {
            match task.stage {
                Stage::Running | Stage::Held => expected.insert(Again::Start(*number)),
                Stage::Asking => expected.insert(Again::Ask(*number)),
                Stage::Open if !self.items.contains_key(number) => expected.insert(Again::Enter(*number)),
                _ => false,
            };
            if let Some(items) = self.items.get(number) {
                expected.extend(items.open.keys().map(|base| Again::Open(*base)));
            }
        }
        self.reopening = Some(expected);
        self.restored = true;
        // What the old host knew, the new one has to be told.
        for task in self.tasks.values_mut() {
            task.blocked.clear();
        }
    }

    /// Another host goes on, which knows what the one before knew. `idle`: ms since the event before.
    pub(crate) fn taken_over(&mut self, idle: f64) {
        let mut expected = BTreeSet::new();
        let gone: BTreeSet<u32> = self.tasks.keys().copied().filter(|task| self.is_gone(*task)).collect();
        for (number, task) in self.tasks.iter_mut().filter(|(number, _)| !gone.contains(number)) {
            match task.stage {
                Stage::Running | Stage::Held => {
                    expected.insert(Again::Start(*number));
                }
                Stage::Asking => {
                    task.armed += idle;
                    expected.insert(Again::Ask(*number));
                }
                // The time in which nothing was heard of the run does not count for what is around its leaves.
                Stage::Open => task.armed += idle,
                _ => {}
            }
        }
        self.started += idle;
        self.reopening = Some(expected);
    }

    /// Overall progress by weight, 0–100.
    pub(crate) fn overall(&self) -> u32 {
        if matches!(self.finished, Some((_, None))) {
            return 100;
        }
        let counted = self.shape.counted();
        let total: f64 = counted.iter().map(|(_, weight)| weight).sum();
        let done = counted.iter().map(|(node, weight)| {
            let task = self.task(*node);
            match task.state {
                TaskState::Completed | TaskState::Skipped => weight * 100.0,
                TaskState::Executing | TaskState::Error => weight * f64::from(task.percent),
                TaskState::Pending => 0.0,
            }
        });
        if total > 0.0 { (done.sum::<f64>() / total).round() as u32 } else { 0 }
    }
}
