//! A connection to one file, bounded in all that its statements may do.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, ffi};

use super::bounds::{Bounds, LAYER};
use super::rights::Rights;
use super::statement::{Answer, Batch, Trouble};
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// Steps of SQLite's machine between two looks whether the work is to stop.
const STEPS: i32 = 1000;
/// ms between two tries for a lock, at most.
const LONGEST_PAUSE: u64 = 50;

/// Bounds of one connection.
const LIMITS: &[(Limit, i32)] = &[
    (Limit::SQLITE_LIMIT_LENGTH, 128 * 1024 * 1024),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 1_000_000),
    (Limit::SQLITE_LIMIT_COLUMN, 2000),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 500),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 500),
    (Limit::SQLITE_LIMIT_VDBE_OP, 5_000_000),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 32_766),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 100),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

/// How a database is opened.
pub struct Opening {
    /// Where it really is: no part of it is a link.
    pub path: PathBuf,
    /// Whether statements may change it.
    pub may_change: bool,
    /// A statement for whose sake a file that is not there is made, if it creates something.
    pub create_for: Option<String>,
    /// Bytes of memory.
    pub memory: i64,
    /// For a lock of another connection.
    pub wait: Duration,
}

/// An open database.
pub struct Database {
    /// There until it is dropped.
    connection: Option<Connection>,
    bounds: Bounds,
    rights: Rights,
    cancel: Cancel,
    wait: Duration,
}

/// How a connection waits for a lock.
#[derive(Default)]
struct Waiting {
    cancel: Cancel,
    until: Option<Instant>,
}

thread_local! {
    static WAITING: RefCell<Waiting> = RefCell::default();
}

impl Database {
    /// Opens a database and looks whether it is one.
    pub fn open(opening: &Opening, cancel: &Cancel) -> Result<Result<Self, Trouble>, Failure> {
        let Opening { path, may_change, .. } = opening;
        let flags =
            if *may_change { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
        if let Some(sql) = &opening.create_for {
            if let Err(trouble) = demand_creation(sql, opening, cancel)? {
                return Ok(Err(trouble));
            }
            return connect(path, flags | OpenFlags::SQLITE_OPEN_CREATE, opening, cancel);
        }
        match connect(path, flags, opening, cancel)? {
            // What a process that died left half done is undone first, which a connection that only reads cannot do.
            Err(trouble) if !*may_change && trouble.needs_recovery() => {
                let recovered = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, opening, cancel)?;
                if let Err(trouble) = recovered.map(drop) {
                    return Ok(Err(trouble));
                }
                connect(path, flags, opening, cancel)
            }
            other => Ok(other),
        }
    }

    /// Runs statements of the node or of the flow; see [`Batch`].
    pub fn run(&mut self, batch: &Batch) -> Result<Answer, Failure> {
        self.cancel.check()?;
        let Self { connection: Some(connection), bounds, rights, cancel, wait } = self else {
            return Ok(Answer::default());
        };
        let answer = bounds.within(|| {
            wait_until(cancel, *wait);
            let answer = batch.run(connection, rights);
            let _ = connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0);
            answer
        })?;
        if answer.trouble.as_ref().is_some_and(Trouble::is_interrupted) {
            cancel.check()?;
        }
        Ok(answer)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Self { connection, bounds, .. } = self;
        // What it holds is given back under its own account, and its files are closed and deleted by their names.
        bounds.within(|| {
            WAITING.set(Waiting::default());
            drop(connection.take());
        });
    }
}

fn connect(
    path: &Path,
    flags: OpenFlags,
    opening: &Opening,
    cancel: &Cancel,
) -> Result<Result<Database, Trouble>, Failure> {
    let bounds = Bounds::of(path, opening.memory)?;
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    opened(bounds, opening, cancel, || Connection::open_with_flags_and_vfs(path, flags, LAYER))
}

/// Fails unless a statement would make something in a database in which there is nothing.
fn demand_creation(sql: &str, opening: &Opening, cancel: &Cancel) -> Result<Result<(), Trouble>, Failure> {
    let bounds = Bounds::of(&opening.path, opening.memory)?;
    let mut empty = match opened(bounds, opening, cancel, Connection::open_in_memory)? {
        Ok(empty) => empty,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let Database { connection, bounds, rights, .. } = &mut empty;
    Ok(bounds.within(|| {
        rights.set(true, false, false);
        match connection.as_ref().map(|connection| connection.prepare(sql).map(drop)) {
            Some(Ok(())) if rights.creates() => Ok(()),
            Some(Err(error)) => {
                let trouble = Trouble::of(error, rights);
                // Where there is no database, that it lacks a table is not the point.
                Err(if trouble.is_missing_table() { Trouble::no_file() } else { trouble })
            }
            _ => Err(Trouble::no_file()),
        }
    }))
}

fn opened(
    mut bounds: Bounds,
    opening: &Opening,
    cancel: &Cancel,
    open: impl FnOnce() -> rusqlite::Result<Connection>,
) -> Result<Result<Database, Trouble>, Failure> {
    let rights = Rights::default();
    let made = bounds.within(|| {
        wait_until(cancel, opening.wait);
        let connection = open()?;
        if let Err(error) = settle(&connection, opening.may_change, cancel, &rights) {
            drop(connection);
            return Err(error);
        }
        Ok(connection)
    });
    match made {
        Ok(connection) => Ok(Ok(Database {
            connection: Some(connection),
            bounds,
            rights,
            cancel: cancel.clone(),
            wait: opening.wait,
        })),
        Err(error) => {
            cancel.check()?;
            Ok(Err(Trouble::of(error, &rights)))
        }
    }
}

/// Settings of a connection, and the first look at its file.
fn settle(
    connection: &Connection,
    may_change: bool,
    cancel: &Cancel,
    rights: &Rights,
) -> rusqlite::Result<()> {
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
        // "name" is the name of a column, and never a text by mistake.
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    ] {
        connection.set_db_config(setting, value)?;
    }
    for &(limit, value) in LIMITS {
        connection.set_limit(limit, value)?;
    }
    connection.busy_handler(Some(wait_for_lock))?;
    let stop = cancel.clone();
    connection.progress_handler(STEPS, Some(move || stop.is_cancelled()))?;
    connection.execute_batch("pragma cell_size_check = on; pragma mmap_size = 0")?;
    if !may_change {
        connection.execute_batch("pragma query_only = on")?;
    }
    connection.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))?;
    let asked = rights.clone();
    connection.authorizer(Some(move |context: rusqlite::hooks::AuthContext<'_>| asked.answer(&context)))
}

fn wait_until(cancel: &Cancel, wait: Duration) {
    WAITING.set(Waiting { cancel: cancel.clone(), until: Instant::now().checked_add(wait) });
}

/// Whether to try again for a lock that another connection holds.
fn wait_for_lock(tries: i32) -> bool {
    WAITING.with_borrow(|Waiting { cancel, until }| {
        if cancel.is_cancelled() || until.is_none_or(|until| Instant::now() >= until) {
            return false;
        }
        std::thread::sleep(Duration::from_millis((tries as u64 + 1).min(LONGEST_PAUSE)));
        true
    })
}

/// The failure of an answer that JavaScript could not take.
pub(super) fn too_long() -> Failure {
    Code::MemoryLimitExceeded.because("A row is too long to be handed over")
}

impl Trouble {
    /// That there is no file, as SQLite says it.
    fn no_file() -> Self {
        Self::new(ffi::SQLITE_CANTOPEN, "unable to open database file")
    }
}
