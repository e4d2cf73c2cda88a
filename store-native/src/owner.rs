//! Owners of executions. Each open store is one, and holds the lock of a file of its own beside the database as long as it lives:
//! the system takes the lock away when the process ends, however it ends. No clock has a say.
//!
//! Lock files are made, tried and removed by others only within a transaction that writes, so one at a time: nothing is
//! removed between being made and being locked.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::failure::{Code, Failure, Trouble, of_file};
use super::status::{QUEUED, RUNNING, WAITING};

/// The owner that an open store is.
pub(super) struct Owner {
    pub(super) key: i64,
    file: PathBuf,
    /// There until it is let go.
    lock: Option<File>,
}

/// Lock files of a database.
pub(super) struct LockFiles {
    folder: PathBuf,
}

impl LockFiles {
    /// Of the database at a path.
    pub(super) fn of(path: &Path) -> Self {
        let mut folder = path.as_os_str().to_owned();
        folder.push("-owners");
        Self { folder: folder.into() }
    }

    fn file(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// Whether the owner with this id lives. Where the system does not tell, it does.
    fn is_alive(&self, id: &str) -> bool {
        match File::open(self.file(id)) {
            Ok(file) => file.try_lock_shared().is_err(),
            Err(error) => error.kind() != ErrorKind::NotFound,
        }
    }

    /// Makes and locks a file.
    fn take(&self, id: &str) -> Result<(PathBuf, File), Failure> {
        let path = self.file(id);
        std::fs::create_dir_all(&self.folder).map_err(|error| of_file(&error, &self.folder))?;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| of_file(&error, &path))?;
        match file.try_lock() {
            Ok(()) => Ok((path, file)),
            Err(TryLockError::WouldBlock) => Err(Code::AccessDenied.because(format!(
                "The lock file of a new owner is locked by another ({}); open the store again",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => {
                drop(file);
                let _ = std::fs::remove_file(&path);
                Err(of_file(&error, &path))
            }
        }
    }

    /// Removes files of owners that are gone.
    fn tidy(&self) {
        let Ok(files) = std::fs::read_dir(&self.folder) else { return };
        for file in files.flatten() {
            if file.file_name().to_str().is_some_and(|id| !self.is_alive(id)) {
                let _ = std::fs::remove_file(file.path());
            }
        }
    }
}

impl Owner {
    /// A new owner, under an id that no other has.
    pub(super) fn register(
        connection: &mut Connection,
        files: &LockFiles,
        id: &str,
    ) -> Result<Self, Trouble> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        files.tidy();
        let (file, lock) = files.take(id)?;
        let made = transaction
            .execute("insert into owners (id) values (?)", [id])
            .map(|_| transaction.last_insert_rowid())
            .and_then(|key| transaction.commit().map(|()| key));
        match made {
            Ok(key) => Ok(Self { key, file, lock: Some(lock) }),
            Err(error) => {
                drop(lock);
                let _ = std::fs::remove_file(file);
                Err(error.into())
            }
        }
    }

    /// Lets go of all that it owns. Where this cannot be written, the lock says it.
    pub(super) fn leave(&mut self, connection: &Connection) {
        let _ = connection.execute("update owners set gone = 1 where key = ?", [self.key]);
        let _ = forget_unneeded(connection);
        self.let_go();
    }

    fn let_go(&mut self) {
        if self.lock.take().is_some() {
            let _ = std::fs::remove_file(&self.file);
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// Marks owners whose lock is free, so that one condition on tables finds what can be claimed. Within a transaction that writes.
pub(super) fn mark_gone(connection: &Connection, files: &LockFiles, own: i64) -> rusqlite::Result<()> {
    let others: Vec<(i64, String)> = connection
        .prepare("select key, id from owners where gone = 0 and key <> ?")?
        .query_map([own], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut found = false;
    for (key, id) in others.into_iter().filter(|(_, id)| !files.is_alive(id)) {
        connection.execute("update owners set gone = 1 where key = ?", [key])?;
        let _ = std::fs::remove_file(files.file(&id));
        found = true;
    }
    if found { forget_unneeded(connection) } else { Ok(()) }
}

/// Forgets owners that are gone and that no execution names.
fn forget_unneeded(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute(
        "delete from owners where gone = 1 \
         and not exists (select 1 from executions where owner = owners.key and status < 6)",
        [],
    )?;
    Ok(())
}

/// Whether an execution with this owner can be claimed. What was found out holds for the transaction.
pub(super) fn is_free(
    connection: &Connection,
    files: &LockFiles,
    known: &mut HashMap<i64, bool>,
    owner: Option<i64>,
) -> rusqlite::Result<bool> {
    let Some(owner) = owner else { return Ok(true) };
    if let Some(&is_free) = known.get(&owner) {
        return Ok(is_free);
    }
    let row: Option<(String, bool)> = connection
        .query_row("select id, gone from owners where key = ?", params![owner], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let is_free = row.is_none_or(|(id, gone)| gone || !files.is_alive(&id));
    known.insert(owner, is_free);
    Ok(is_free)
}

/// When the next execution goes on that sleeps, or waits until a time, of those without an owner or with one that is gone, once
/// these are marked.
pub(super) fn next_wake(connection: &Connection) -> rusqlite::Result<Option<f64>> {
    connection.query_row(
        "select min(wake_at) from (\
         select (select min(wake_at) from executions where status = 2 and owner is null) as wake_at \
         union all \
         select (select min(wake_at) from executions where status = 3 and owner is null and status < 6) \
         union all \
         select (select min(wake_at) from executions where status = 2 and owner = owners.key) from owners where gone = 1 \
         union all \
         select (select min(wake_at) from executions where status = 3 and owner = owners.key and status < 6) \
         from owners where gone = 1)",
        [],
        |row| row.get(0),
    )
}

/// Ids of executions without an owner or with one that is gone, once these are marked, which are to go on now; those that began first
/// first. `only_due`: of these, those that slept or waited until now.
pub(super) fn claimable(
    connection: &Connection,
    now: f64,
    limit: u32,
    only_due: bool,
) -> rusqlite::Result<Vec<String>> {
    let gone = "in (select key from owners where gone = 1)";
    let mut parts = Vec::new();
    for owner in ["is null", gone] {
        // The conditions of the indices stand there once more, so that SQLite knows that it may use them.
        for status in [QUEUED, RUNNING] {
            if !only_due {
                parts.push(format!(
                    "select key, id from executions indexed by executions_by_owner \
                     where owner {owner} and status = {status} and status < 6"
                ));
            }
        }
        parts.push(format!(
            "select key, id from executions indexed by executions_by_owner \
             where owner {owner} and status = {WAITING} and status < 6 and wake_at <= ?1"
        ));
        for wake in ["is null", "<= ?1"] {
            parts.push(format!(
                "select key, id from executions indexed by sleeping_executions \
                 where status = 2 and owner {owner} and wake_at {wake}"
            ));
        }
    }
    let parts: Vec<String> =
        parts.iter().map(|part| format!("select * from ({part} order by key limit ?2)")).collect();
    connection
        .prepare(&format!("select id from ({}) order by key limit ?2", parts.join(" union all ")))?
        .query_map(params![now, limit], |row| row.get(0))?
        .collect()
}
