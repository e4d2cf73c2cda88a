//! The thread that writes: whatever came in during the last commit goes into the next one (group commit).

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, Statement};
use serde::Serialize;

use super::apply::{Applying, Refusal};
use super::change::unpacked;
use super::entries::EntryChange;
use super::failure::{Code, Failure, Trouble};
use super::flows::FlowChange;
use super::outputs::{NewOutputs, OutputFilter};
use super::owner::{LockFiles, Owner, claimable, mark_gone, next_wake};
use super::reader::{self, Answer, Reading};
use super::removal::Removal;
use super::{entries, flows, outputs, schema, search};

/// Calls that go into one transaction at most.
const MOST_CALLS: usize = 10_000;
/// Bytes of changes after which a transaction takes no more.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Executions that are not indexed for texts after which an idle writer indexes some, and after which a busy one does.
const IDLE_BACKLOG: usize = 1000;
const BUSY_BACKLOG: usize = 20_000;

/// Something to be done by the writer.
pub enum Job {
    /// Changes as JavaScript packs them. Their outcomes are told in the order of the calls.
    Write(Vec<u8>),
    /// Claims an execution: its row, as JSON.
    Claim(String, Answer<Option<String>>),
    /// Ids of executions that can be claimed.
    Claimable {
        /// In ms since the epoch.
        now: f64,
        /// At most so many.
        limit: u32,
        /// Whether only those are wanted whose time has come.
        only_due: bool,
        /// Whom to tell.
        answer: Answer<Vec<String>>,
    },
    /// When the next sleeping execution that can be claimed goes on.
    NextWake(Answer<Option<f64>>),
    /// Changes flows; the answer is JSON.
    Flows(FlowChange, Answer<String>),
    /// Changes entries of a collection; the answer is JSON: ids of entries that were refused.
    Entries(String, Vec<EntryChange>, Answer<String>),
    /// Keeps outputs, which are one after the other.
    KeepOutputs(NewOutputs, Vec<u8>, Answer<()>),
    /// Removes some outputs; how many.
    ClearOutputs(OutputFilter, Answer<f64>),
    /// Removes executions; how many.
    Remove(Removal, Answer<f64>),
    /// Waits for what is being written, and lets go of all that the store owns.
    Close(Answer<()>),
}

/// How a store is opened.
pub(super) struct Opening {
    pub(super) path: PathBuf,
    /// An id that no other owner has.
    pub(super) owner: String,
    /// For a lock of another process.
    pub(super) wait: Duration,
    pub(super) readings: Receiver<Reading>,
}

/// Tells how calls of `write` ended: how many in their order, and JSON about those that wrote not all:
/// `[{at, refusals?: [[id, reason]], error?: {code, message}}]`.
pub type Tell = Box<dyn Fn(u32, Option<String>) + Send>;

/// What the writer has done since the store was opened.
#[derive(Default)]
pub struct Counts {
    /// Transactions that were committed.
    pub commits: AtomicU32,
    /// Calls of `write` that were in them.
    pub writes: AtomicU32,
}

/// What is said of a call of `write` that wrote not all.
#[derive(Serialize)]
struct Outcome {
    /// Its place among the calls that are told together.
    at: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refusals: Vec<Refusal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Told>,
}

#[derive(Serialize)]
struct Told {
    code: &'static str,
    message: String,
}

/// What a job came to, until it is on disk.
enum Done {
    Wrote(Vec<Refusal>),
    Claimed(Option<String>),
    Claimable(Vec<String>),
    Wake(Option<f64>),
    /// In JSON.
    Answered(String),
    Kept,
    Cleared(f64),
}

/// Runs a store until it is closed, or until nothing can ask it any more.
pub(super) fn run(
    opening: Opening,
    jobs: &Receiver<Job>,
    tell: &Tell,
    counts: &Arc<Counts>,
    opened: Answer<()>,
) {
    let Opening { path, owner, wait, readings } = opening;
    let files = LockFiles::of(&path);
    let start = || {
        let mut connection = schema::open_to_write(&path, wait)?;
        let owner = Owner::register(&mut connection, &files, &owner)
            .map_err(|trouble| trouble.told(&path, Some(&connection)))?;
        let readers = reader::start(&path, wait, readings)?;
        Ok((connection, owner, readers))
    };
    let (connection, mut owner, readers) = match start() {
        Ok(started) => started,
        Err(failure) => return opened.give(Err(failure)),
    };
    let closing = match Writer::new(&connection, &files, &owner, &path, counts) {
        Ok(mut writer) => {
            opened.give(Ok(()));
            writer.serve(jobs, tell)
        }
        Err(error) => {
            opened.give(Err(Trouble::from(error).told(&path, Some(&connection))));
            None
        }
    };
    // What readers were asked before is still answered; the last connection that is closed removes the WAL.
    for reader in readers {
        let _: Result<(), _> = JoinHandle::join(reader);
    }
    owner.leave(&connection);
    let closed =
        connection.close().map_err(|(connection, error)| Trouble::from(error).told(&path, Some(&connection)));
    if let Some(answer) = closing {
        answer.give(closed);
    }
}

struct Writer<'c> {
    connection: &'c Connection,
    files: &'c LockFiles,
    owner: i64,
    path: &'c Path,
    counts: &'c Counts,
    applying: Applying<'c>,
    begin: Statement<'c>,
    version: Statement<'c>,
    commit: Statement<'c>,
    /// About how many executions are not indexed for texts.
    backlog: usize,
    /// Whether parts of the index for texts may be put together.
    is_scattered: bool,
}

impl<'c> Writer<'c> {
    fn new(
        connection: &'c Connection,
        files: &'c LockFiles,
        owner: &Owner,
        path: &'c Path,
        counts: &'c Counts,
    ) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            files,
            owner: owner.key,
            path,
            counts,
            applying: Applying::new(connection, files, owner.key)?,
            begin: connection.prepare("begin immediate")?,
            version: connection.prepare("select value from meta where name = 'version'")?,
            commit: connection.prepare("commit")?,
            backlog: search::unindexed(connection)?,
            is_scattered: false,
        })
    }

    /// Does jobs until the store is closed; whom to tell then.
    fn serve(&mut self, jobs: &Receiver<Job>, tell: &Tell) -> Option<Answer<()>> {
        let mut removals: VecDeque<(Removal, Answer<f64>)> = VecDeque::new();
        loop {
            let is_idle = removals.is_empty() && self.backlog < IDLE_BACKLOG && !self.is_scattered;
            let first = if is_idle { jobs.recv().ok() } else { jobs.try_recv().ok() };
            if first.is_none() && is_idle {
                return None;
            }
            let mut group = Vec::new();
            let mut closing = None;
            let mut bytes = 0;
            let mut next = first;
            while let Some(job) = next {
                match job {
                    Job::Close(answer) => {
                        closing = Some(answer);
                        break;
                    }
                    Job::Remove(removal, answer) => removals.push_back((removal, answer)),
                    job => {
                        bytes += match &job {
                            Job::Write(changes) | Job::KeepOutputs(_, changes, _) => changes.len(),
                            _ => 0,
                        };
                        group.push(job);
                    }
                }
                next =
                    if group.len() < MOST_CALLS && bytes < MOST_BYTES { jobs.try_recv().ok() } else { None };
            }
            let is_busy = !group.is_empty();
            self.all(group, tell);
            if let Some(answer) = closing {
                for (_, answer) in removals {
                    answer.give(Err(Code::UnsupportedOperation
                        .because("The store was closed before all was deleted; what is left stays")));
                }
                return Some(answer);
            }
            if let Some((mut removal, answer)) = removals.pop_front() {
                match self.remove(&mut removal) {
                    Ok(true) => answer.give(Ok(removal.count as f64)),
                    Ok(false) => removals.push_back((removal, answer)),
                    Err(failure) => answer.give(Err(failure)),
                }
            } else if self.backlog >= if is_busy { BUSY_BACKLOG } else { IDLE_BACKLOG } {
                self.index();
            } else if !is_busy && self.is_scattered {
                self.put_together();
            }
        }
    }

    /// Does jobs in one transaction. Where that fails, each has one of its own, so that none fails for another's sake.
    fn all(&mut self, jobs: Vec<Job>, tell: &Tell) {
        if jobs.is_empty() {
            return;
        }
        match self.transact(&jobs) {
            Ok(done) => settle(jobs.into_iter().zip(done.into_iter().map(Ok)), tell),
            Err(Failed::Begin(failure)) => {
                settle(jobs.into_iter().map(|job| (job, Err(failure.clone()))), tell);
            }
            Err(Failed::Later(failure)) if jobs.len() == 1 => {
                settle(jobs.into_iter().map(|job| (job, Err(failure.clone()))), tell);
            }
            Err(Failed::Later(_)) => {
                for job in jobs {
                    let alone = [job];
                    let done = self.transact(&alone).map(|mut done| done.pop()).map_err(Failed::into_failure);
                    let done = done.and_then(|done| done.ok_or_else(unexpected));
                    settle(alone.into_iter().zip([done]), tell);
                }
            }
        }
    }

    /// Does jobs in one transaction: all or none.
    fn transact(&mut self, jobs: &[Job]) -> Result<Vec<Done>, Failed> {
        let begun = self.begin_writing();
        if let Err(trouble) = begun {
            let failure = self.told(trouble);
            self.roll_back();
            return Err(Failed::Begin(failure));
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            jobs.iter().map(|job| self.do_one(job)).collect::<Result<Vec<_>, Trouble>>()
        }));
        self.applying.forget();
        let outcome = outcome.unwrap_or_else(|_| Err(unexpected().into()));
        let done = match outcome {
            Ok(done) => self.end_writing().map(|()| done),
            Err(trouble) => {
                let failure = self.told(trouble);
                self.roll_back();
                Err(failure)
            }
        };
        if done.is_ok() {
            let writes = jobs.iter().filter(|job| matches!(job, Job::Write(_))).count();
            self.counts.writes.fetch_add(writes as u32, Ordering::Relaxed);
        }
        done.map_err(Failed::Later)
    }

    fn do_one(&mut self, job: &Job) -> Result<Done, Trouble> {
        match job {
            Job::Write(bytes) => {
                let changes = unpacked(bytes)?;
                self.backlog +=
                    changes.iter().filter(|change| matches!(change, super::change::Change::Begin(_))).count();
                Ok(Done::Wrote(self.applying.apply(&changes)?))
            }
            Job::Claim(id, _) => Ok(Done::Claimed(self.applying.claim(id)?)),
            Job::Claimable { now, limit, only_due, .. } => {
                mark_gone(self.connection, self.files, self.owner)?;
                let ids = claimable(self.connection, *now, *limit, *only_due)?;
                Ok(Done::Claimable(ids))
            }
            Job::NextWake(_) => {
                mark_gone(self.connection, self.files, self.owner)?;
                let wake_at = next_wake(self.connection)?;
                Ok(Done::Wake(wake_at))
            }
            Job::Flows(change, _) => Ok(Done::Answered(flows::change(self.connection, change)?)),
            Job::Entries(collection, changes, _) => {
                Ok(Done::Answered(entries::change(self.connection, collection, changes)?))
            }
            Job::KeepOutputs(new, outputs, _) => {
                outputs::keep(self.connection, new, outputs)?;
                Ok(Done::Kept)
            }
            Job::ClearOutputs(filter, _) => {
                Ok(Done::Cleared(outputs::clear(self.connection, filter)? as f64))
            }
            Job::Remove(..) | Job::Close(_) => Err(unexpected().into()),
        }
    }

    /// One step; whether it was the last.
    fn remove(&mut self, removal: &mut Removal) -> Result<bool, Failure> {
        let is_vacuum = removal.is_vacuum();
        if !is_vacuum && let Err(trouble) = self.begin_writing() {
            let failure = self.told(trouble);
            self.roll_back();
            return Err(failure);
        }
        match removal.step(self.connection) {
            Ok(step) => {
                if !is_vacuum {
                    self.end_writing()?;
                }
                Ok(removal.advance(step))
            }
            Err(error) => {
                let failure = self.told(error.into());
                self.roll_back();
                Err(failure)
            }
        }
    }

    /// Indexes some executions for texts. Where that cannot be written, lists look through them.
    fn index(&mut self) {
        let indexed = match self.begin_writing() {
            Ok(()) => search::index_some(self.connection).unwrap_or(0),
            Err(_) => 0,
        };
        if indexed > 0 && self.end_writing().is_ok() {
            self.backlog = self.backlog.saturating_sub(indexed);
            self.is_scattered = true;
        } else {
            self.roll_back();
            // Not again before more has come in.
            self.backlog = 0;
        }
    }

    /// Puts some parts of the index for texts together, which makes it faster.
    fn put_together(&mut self) {
        let found = self.begin_writing().and_then(|()| Ok(search::put_together(self.connection)?));
        self.is_scattered = matches!(found, Ok(true)) && self.end_writing().is_ok();
        self.roll_back();
    }

    fn begin_writing(&mut self) -> Result<(), Trouble> {
        self.begin.execute([])?;
        let version: String = self.version.query_row([], |row| row.get(0))?;
        schema::refuse_later(&version, self.path)
    }

    fn end_writing(&mut self) -> Result<(), Failure> {
        match self.commit.execute([]) {
            Ok(_) => {
                self.counts.commits.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                let failure = self.told(error.into());
                self.roll_back();
                // A commit that was written but not flushed would be found by a recovery after a crash. A small one in its place
                // in the WAL makes its pages void.
                let _ = self.connection.execute_batch(
                    "begin immediate; update meta set value = value where name = 'version'; commit",
                );
                self.roll_back();
                Err(failure)
            }
        }
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("rollback");
        }
    }

    fn told(&self, trouble: Trouble) -> Failure {
        trouble.told(self.path, Some(self.connection))
    }
}

/// Where a transaction failed.
enum Failed {
    /// Before the first change: the next one would fail in the same way.
    Begin(Failure),
    Later(Failure),
}

impl Failed {
    fn into_failure(self) -> Failure {
        match self {
            Self::Begin(failure) | Self::Later(failure) => failure,
        }
    }
}

fn unexpected() -> Failure {
    Code::SerializationError
        .because("The store of executions failed unexpectedly; nothing of this call was written")
}

/// Answers for jobs, those of `write` together.
fn settle(jobs: impl Iterator<Item = (Job, Result<Done, Failure>)>, tell: &Tell) {
    let mut count = 0;
    let mut outcomes = Vec::new();
    for (job, done) in jobs {
        match (job, done) {
            (Job::Write(_), Ok(Done::Wrote(refusals))) => {
                if !refusals.is_empty() {
                    outcomes.push(Outcome { at: count, refusals, error: None });
                }
                count += 1;
            }
            (Job::Write(_), done) => {
                let Failure { code, message } = done.err().unwrap_or_else(unexpected);
                let error = Some(Told { code: code.name(), message });
                outcomes.push(Outcome { at: count, refusals: Vec::new(), error });
                count += 1;
            }
            (Job::Claim(_, answer), done) => answer.give(done.map(|done| match done {
                Done::Claimed(row) => row,
                _ => None,
            })),
            (Job::Claimable { answer, .. }, done) => answer.give(done.map(|done| match done {
                Done::Claimable(ids) => ids,
                _ => Vec::new(),
            })),
            (Job::NextWake(answer), done) => answer.give(done.map(|done| match done {
                Done::Wake(wake_at) => wake_at,
                _ => None,
            })),
            (Job::Flows(_, answer) | Job::Entries(_, _, answer), done) => {
                answer.give(done.and_then(|done| match done {
                    Done::Answered(answer) => Ok(answer),
                    _ => Err(unexpected()),
                }))
            }
            (Job::KeepOutputs(_, _, answer), done) => answer.give(done.map(|_| ())),
            (Job::ClearOutputs(_, answer), done) => answer.give(done.map(|done| match done {
                Done::Cleared(count) => count,
                _ => 0.0,
            })),
            (Job::Remove(_, answer), _) => answer.give(Err(unexpected())),
            (Job::Close(answer), _) => answer.give(Err(unexpected())),
        }
    }
    if count > 0 {
        let outcomes = if outcomes.is_empty() { None } else { serde_json::to_string(&outcomes).ok() };
        tell(count as u32, outcomes);
    }
}
