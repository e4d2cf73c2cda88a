//! A run as bytes, to go on elsewhere.

use std::sync::Arc;

use super::misuse::Misuse;
use super::op::Op;
use super::state::{Run, RunPhase, State};
use super::task::{Phase, TaskState};
use crate::ids::{FrameId, NodeId, Offset, TaskId};
use crate::plan::{Kind, Plan};

/// Bytes that a run cannot go on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Made by a version that this one cannot read; the number is the format's.
    Version(u8),
    /// Made from another plan.
    Plan,
    /// Torn or foreign bytes.
    Malformed,
    /// The run was not in a state to be saved.
    Misuse(Misuse),
}

const FORMAT: u8 = 3;

impl Run {
    /// The run as bytes: all but the values, which are the host's.
    ///
    /// # Errors
    /// [`SnapshotError::Misuse`] while ops are still to be taken: what they ask for would be lost.
    pub fn snapshot(&self) -> Result<Vec<u8>, SnapshotError> {
        if self.undrained() > 0 {
            return Err(SnapshotError::Misuse(Misuse::Undrained));
        }
        let mut bytes = vec![FORMAT];
        bytes.extend(self.plan.fingerprint().to_le_bytes());
        let mut bytes = postcard::to_extend(&self.state, bytes).map_err(|_| SnapshotError::Malformed)?;
        if !self.state.limiters.is_empty() {
            bytes = postcard::to_extend(&self.state.limiters, bytes).map_err(|_| SnapshotError::Malformed)?;
        }
        if self.plan.has_branches() {
            bytes =
                postcard::to_extend(&self.state.standings, bytes).map_err(|_| SnapshotError::Malformed)?;
        }
        Ok(bytes)
    }

    /// Goes on from a snapshot of the same plan. The first ops open the scopes and frames that were open, and start
    /// again whatever was in flight, under new attempts. The restored run keeps no journal.
    ///
    /// # Errors
    /// [`SnapshotError`]; bytes from elsewhere are refused, not trusted.
    pub fn restore(plan: Arc<Plan>, bytes: &[u8], now: f64) -> Result<Run, SnapshotError> {
        let (format, rest) = bytes.split_first().ok_or(SnapshotError::Malformed)?;
        if *format != FORMAT {
            return Err(SnapshotError::Version(*format));
        }
        let (fingerprint, state) = rest.split_first_chunk().ok_or(SnapshotError::Malformed)?;
        if u64::from_le_bytes(*fingerprint) != plan.fingerprint() {
            return Err(SnapshotError::Plan);
        }
        let (mut state, mut rest): (State, _) =
            postcard::take_from_bytes(state).map_err(|_| SnapshotError::Malformed)?;
        if !plan.limits().is_empty() {
            (state.limiters, rest) = postcard::take_from_bytes(rest).map_err(|_| SnapshotError::Malformed)?;
        }
        if plan.has_branches() {
            state.standings = postcard::from_bytes(rest).map_err(|_| SnapshotError::Malformed)?;
        }
        let mut run = Run::between_steps(plan, state, None);
        if now.is_nan() || !run.is_coherent() {
            return Err(SnapshotError::Malformed);
        }
        run.find_under_way();
        run.state.now = run.state.now.max(now);
        if run.state.phase == RunPhase::Active {
            if run.state.paused {
                run.state.timers.hold_due(run.state.now);
            }
            run.reopen();
            run.dispatch();
        }
        Ok(run)
    }

    /// The ops that put a new host in the place of the old one: scopes before what is inside them.
    fn reopen(&mut self) {
        let mut frames = vec![FrameId::OUTERMOST];
        while let Some(frame) = frames.pop() {
            let (first, end) = self.frame_nodes(frame);
            let offset = self.state.frames[frame].offset;
            for node in first.up_to(end) {
                let task = offset.task(node);
                if self.parent_of(task).is_some_and(|scope| self.task(scope).phase == Phase::Open) {
                    self.block_again(task);
                }
            }
            let mut node = first;
            while node < end {
                let task = offset.task(node);
                match (self.kind_of(task), self.task(task).phase) {
                    (Kind::Group, Phase::Open) => self.ops.push(Op::Enter { task }),
                    (Kind::Each { .. }, Phase::Open | Phase::Asking) => self.reopen_frames(task, &mut frames),
                    (Kind::Leaf, Phase::Running | Phase::Held) => self.start_again(task),
                    _ => {}
                }
                let planned = self.plan.node(node);
                node = if matches!(planned.kind, Kind::Each { .. }) { planned.end } else { node.next() };
            }
        }
    }

    fn reopen_frames(&mut self, task: TaskId, frames: &mut Vec<FrameId>) {
        if self.task(task).phase == Phase::Asking {
            self.start_again(task);
        }
        let open = self.state.iterations.get(&task).map(|iteration| iteration.frames.clone());
        for index in open.unwrap_or_default() {
            let (first, _) = self.frame_nodes(index);
            let frame = self.state.frames[index];
            self.ops.push(Op::Open { task, base: frame.offset.task(first), item: frame.item });
            frames.push(index);
        }
    }

    /// The nodes whose tasks make up a frame: first, and one past the last.
    fn frame_nodes(&self, frame: FrameId) -> (NodeId, NodeId) {
        let scope = self.state.frames[frame].scope;
        if frame == FrameId::OUTERMOST {
            (NodeId::ROOT, NodeId::at(self.plan.len()))
        } else {
            (scope.next(), self.plan.node(scope).end)
        }
    }

    /// Whether every number that is used as an index can be one, and every time be reached.
    fn is_coherent(&self) -> bool {
        let State { tasks, frames, in_flight, iterations, free_frames, ready, .. } = &self.state;
        let State { options, timers, cause, failures, limiters, standings, .. } = &self.state;
        let end = NodeId::at(self.plan.len());
        let is_task = |task: TaskId| task.index() < tasks.len();
        // The nodes of a frame's tasks; nothing for a frame that cannot be.
        let nodes_of = |frame: FrameId| match frames.get(frame.index()) {
            Some(_) if frame == FrameId::OUTERMOST => NodeId::ROOT..end,
            Some(found) if found.scope < end => found.scope.next()..self.plan.node(found.scope).end,
            _ => NodeId::ROOT..NodeId::ROOT,
        };
        let node_of = |task: TaskId| {
            let frame = tasks.get(task.index())?.frame;
            let node = frames.get(frame.index())?.offset.node(task);
            nodes_of(frame).contains(&node).then_some(node)
        };
        // A frame lies inside the one of its owner: scopes only grow, so that no frame is inside itself.
        let frames_fit = (0..).map(FrameId).zip(frames).all(|(index, frame)| {
            (index == FrameId::OUTERMOST || node_of(frame.owner) == Some(frame.scope))
                && NodeId::up_to(nodes_of(index).start, nodes_of(index).end).all(|node| {
                    let task = tasks.get(frame.offset.task(node).index());
                    task.is_some_and(|task| task.frame == index)
                })
        });
        let tasks_fit = (0..).map(TaskId).zip(tasks).all(|(number, task)| {
            node_of(number).is_some()
                && task.percent <= 100
                && ((task.lane as usize) < in_flight.len()
                    || task.state != TaskState::Executing
                    || matches!(task.phase, Phase::Throttled | Phase::Admitted)
                    || task.open > 0)
        });
        let scope_of = |frame: FrameId| frames.get(frame.index()).map(|frame| frame.scope);
        let is_open_frame = |owner: TaskId, place: u32, frame: FrameId| {
            let found = frames.get(frame.index());
            found.is_some_and(|found| (found.owner, found.place) == (owner, place))
        };
        // A frame that is open or free twice would be used by two items at once.
        let mut used = vec![false; frames.len()];
        let mut is_first_use =
            |frame: &FrameId| used.get_mut(frame.index()).is_some_and(|used| !std::mem::replace(used, true));
        let simulations = [options.simulate_error, options.simulate_delay];
        let simulated = simulations.into_iter().flatten().map(|simulation| simulation.delay);
        let mut durations =
            [options.retry_delay, options.timeout, options.slow_mo].into_iter().chain(simulated);
        !frames.is_empty()
            && frames[0].owner == TaskId::NONE
            && frames[0].offset == Offset::NONE
            && frames_fit
            && tasks_fit
            && free_frames.values().flatten().all(&mut is_first_use)
            && iterations.values().flat_map(|iteration| &iteration.frames).all(&mut is_first_use)
            && durations.all(|duration| duration >= 0.0)
            && timers.are_timed()
            && (*cause == TaskId::NONE || is_task(*cause))
            && in_flight.iter().all(|task| is_task(*task))
            && failures.iter().all(|(scope, (cause, _))| is_task(*scope) && is_task(*cause))
            && ready.iter().all(|entry| is_task(entry.0.1))
            && limiters.len() == self.plan.limits().len()
            && standings.iter().all(|(scope, standing)| self.is_standing(*scope, standing))
            && limiters.iter().all(|limiter| {
                let mut entries = limiter.waiting.iter().chain(&limiter.admitted);
                entries.all(|(task, _)| is_task(*task))
            })
            && free_frames
                .iter()
                .all(|(scope, free)| free.iter().all(|frame| scope_of(*frame) == Some(*scope)))
            && iterations.iter().all(|(task, iteration)| {
                let mut open = (0_u32..).zip(&iteration.frames);
                is_task(*task) && open.all(|(place, frame)| is_open_frame(*task, place, *frame))
            })
    }
}

impl Plan {
    /// A number that tells plans apart (64-bit FNV-1a over what decides how a run goes).
    pub fn fingerprint(&self) -> u64 {
        let nodes = self.numbers().flat_map(|index| {
            let node = self.node(index);
            let (width, tolerant) =
                if let Kind::Each { width, tolerant } = node.kind { (width, tolerant) } else { (0, false) };
            let section = if node.waits { node.branch } else { 0 };
            let flags = u32::from(node.disabled)
                | u32::from(node.continues()) << 1
                | u32::from(tolerant) << 2
                | section << 3
                | u32::from(node.persists) << 31;
            [node.parent.0, node.position, node.output.0, width, flags]
        });
        let edges = self
            .numbers()
            .flat_map(|index| self.outgoing(index).iter().flat_map(|edge| [edge.target.0, edge.handle.0]));
        let limits = self.limits().iter().flat_map(|limit| {
            let rate = limit.rate.map(|rate| [rate.starts, rate.per_ms.0]);
            let shares = limit.shares.map(|first| [u32::MAX, first.0]);
            let own = [limit.node.0].into_iter().chain(rate.into_iter().flatten()).chain(limit.concurrency);
            own.chain(shares.into_iter().flatten())
        });
        let branches = self.branchings().iter().flat_map(|group| [group.node.0, group.wins, group.losses]);
        nodes.chain(edges).chain(limits).chain(branches).fold(0xcbf2_9ce4_8422_2325, |hash, word| {
            (hash ^ u64::from(word)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }
}
