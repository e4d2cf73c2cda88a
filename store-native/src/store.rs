//! A store of executions that others hold: its writer and readers are asked through channels.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::failure::{Code, Failure};
use super::reader::{Answer, Reader, Reading};
use super::writer::{self, Counts, Job, Opening, Tell};

/// A store of executions in a database of SQLite. The process has set SQLite up before the first one is opened.
pub struct Store {
    counts: Arc<Counts>,
    senders: Mutex<Option<Senders>>,
    /// There until it is opened.
    receivers: Mutex<Option<(Receiver<Job>, Receiver<Reading>)>>,
}

struct Senders {
    jobs: Sender<Job>,
    readings: Sender<Reading>,
}

impl Default for Store {
    /// A store that is not open yet.
    fn default() -> Self {
        let (jobs, wanted) = channel();
        let (readings, asked) = channel();
        Self {
            counts: Arc::default(),
            senders: Mutex::new(Some(Senders { jobs, readings })),
            receivers: Mutex::new(Some((wanted, asked))),
        }
    }
}

impl Store {
    /// UNSUPPORTED_OPERATION for a store that was opened before.
    pub fn demand_unopened(&self) -> Result<(), Failure> {
        lock(&self.receivers).as_ref().map(|_| ()).ok_or_else(closed)
    }

    /// UNSUPPORTED_OPERATION for a store that is closed.
    pub fn demand_unclosed(&self) -> Result<(), Failure> {
        lock(&self.senders).as_ref().map(|_| ()).ok_or_else(closed)
    }

    /// Opens the database at a path, on a thread of its own. `owner` is an id that no other owner has; `wait` is for a lock of
    /// another process. UNSUPPORTED_OPERATION for a store that was opened before, ACCESS_DENIED where there is no thread for it.
    pub fn open(
        &self,
        path: PathBuf,
        owner: String,
        wait: Duration,
        tell: Tell,
        opened: Answer<()>,
    ) -> Result<(), Failure> {
        let (jobs, readings) = lock(&self.receivers).take().ok_or_else(closed)?;
        let (opening, counts) = (Opening { path, owner, wait, readings }, self.counts.clone());
        std::thread::Builder::new()
            .name("conductor-write".to_owned())
            .spawn(move || writer::run(opening, &jobs, &tell, &counts, opened))
            .map(drop)
            .map_err(|error| Code::AccessDenied.because(format!("No thread can be started: {error}")))
    }

    /// Has the writer do something; UNSUPPORTED_OPERATION for a store that is closed.
    pub fn ask(&self, job: Job) -> Result<(), Failure> {
        let senders = lock(&self.senders);
        let senders = senders.as_ref().ok_or_else(closed)?;
        senders.jobs.send(job).map_err(|_| closed())
    }

    /// Has a reader read something; UNSUPPORTED_OPERATION for a store that is closed.
    pub fn read<T: 'static>(
        &self,
        answer: Answer<T>,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<(), Failure> {
        let senders = lock(&self.senders);
        let senders = senders.as_ref().ok_or_else(closed)?;
        let reading: Reading = Box::new(move |reader| answer.give(reader.and_then(read)));
        senders.readings.send(reading).map_err(|_| closed())
    }

    /// What the writer has done since the store was opened.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Waits for what is being written, and lets go of all that the store owns. UNSUPPORTED_OPERATION for a store that is closed.
    pub fn close(&self, answer: Answer<()>) -> Result<(), Failure> {
        let asked = self.ask(Job::Close(answer));
        // Without them the readers end, and the writer waits for that.
        *lock(&self.senders) = None;
        asked
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> Failure {
    Code::UnsupportedOperation.because("The store of executions is closed; open it again")
}

/// A change, a question or a rule from its JSON text. UNSUPPORTED_OPERATION.
pub fn parsed<T: DeserializeOwned>(json: &str) -> Result<T, Failure> {
    serde_json::from_str(json).map_err(|error| {
        Code::UnsupportedOperation.because(format!("The store was given what it does not know: {error}"))
    })
}
