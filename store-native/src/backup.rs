//! Copies of a database page by page, by SQLite's online backup: what the database holds at one moment, while others write.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::failure::{Code, Failure, Trouble};
use super::schema::{self, Found};

/// For a lock of another process, before it counts as one that does not come free.
const WAIT: Duration = Duration::from_secs(10);

/// What was copied.
pub struct Copied {
    /// Of the schema.
    pub version: usize,
    /// Executions in all.
    pub executions: i64,
    /// Flows in all.
    pub flows: i64,
    /// Of the file.
    pub bytes: u64,
}

/// Copies the store at a path to a file that is not there yet, checks the copy, and flushes it to the disk. Others may write to the
/// store meanwhile.
pub fn back_up(path: &Path, copy: &Path) -> Result<Copied, Failure> {
    let from = schema::open_ours(path, OpenFlags::SQLITE_OPEN_READ_WRITE, WAIT)?;
    let mut to =
        schema::connect(copy, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, WAIT)
            .map_err(|trouble| trouble.told(copy, None))?;
    // Until it is whole the file is worth nothing, so nothing has to be kept of what it was before.
    let copied = to
        .execute_batch("pragma journal_mode = off; pragma synchronous = off")
        .map_err(Trouble::from)
        .and_then(|()| copy_pages(&from, &mut to, path))
        // One file, which also a disk that cannot be written gives back; the store is in WAL mode once it is opened.
        .and_then(|()| Ok(to.execute_batch("pragma journal_mode = delete")?));
    copied.map_err(|trouble| trouble.told(copy, Some(&to)))?;
    drop(to);
    File::open(copy).and_then(|file| file.sync_all()).map_err(|error| {
        Code::AccessDenied
            .because(format!("The backup cannot be flushed to the disk: {error} ({})", copy.display()))
    })?;
    checked(copy)
}

/// Puts the store that a file holds in the place of the one at a path, in one transaction. Refused where this is not empty, unless
/// it `replaces`.
pub fn restore(file: &Path, path: &Path, replaces: bool) -> Result<Copied, Failure> {
    let copied = checked(file)?;
    let from = schema::open_ours(file, OpenFlags::SQLITE_OPEN_READ_ONLY, WAIT)?;
    let mut to = schema::open_to_replace(path)?;
    let restored = take_over(&to, path, replaces).and_then(|()| copy_pages(&from, &mut to, path));
    restored.map_err(|trouble| trouble.told(path, Some(&to)))?;
    to.close().map_err(|(to, error)| Trouble::from(error).told(path, Some(&to)))?;
    Ok(copied)
}

/// Takes the lock that no other process can open the store under, and keeps it as long as the connection lives.
fn take_over(to: &Connection, path: &Path, replaces: bool) -> Result<(), Trouble> {
    let taken = to.execute_batch("pragma locking_mode = exclusive; begin exclusive; commit");
    if let Err(error) = taken {
        return Err(match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Code::AccessDenied
                .because(format!(
                    "A process has the store open ({}); nothing was written to it. End that process, then try again",
                    path.display()
                ))
                .into(),
            _ => error.into(),
        });
    }
    if replaces {
        return Ok(());
    }
    for table in ["executions", "flows", "states", "entries"] {
        if counted(to, table)? > 0 {
            return Err(Code::UnsupportedOperation
                .because(format!(
                    "The store is not empty, it has {table} ({}); nothing was written to it. Give another path, or say that it is to be replaced",
                    path.display()
                ))
                .into());
        }
    }
    Ok(())
}

fn copy_pages(from: &Connection, to: &mut Connection, path: &Path) -> Result<(), Trouble> {
    // All pages in one step: the connection that reads stays at one moment, and what others write goes into the WAL.
    let step = Backup::new(from, to)?.step(-1)?;
    if step == StepResult::Done {
        return Ok(());
    }
    Err(Code::AccessDenied
        .because(format!("The store is locked by another process ({}); try again", path.display()))
        .into())
}

/// What the store in a file holds; an error where the file is damaged, or none of this library's.
fn checked(file: &Path) -> Result<Copied, Failure> {
    let connection = schema::open_ours(file, OpenFlags::SQLITE_OPEN_READ_ONLY, WAIT)?;
    let look = || -> Result<Copied, Trouble> {
        let fault: String = connection.query_row("pragma integrity_check(1)", [], |row| row.get(0))?;
        if fault != "ok" {
            return Err(Code::SerializationError
                .because(format!(
                    "The database of executions is damaged: {fault} ({}); take another backup",
                    file.display()
                ))
                .into());
        }
        let Found::Ours { version } = schema::refuse_foreign(&connection, file)? else {
            return Err(schema::holds_nothing(file).into());
        };
        Ok(Copied {
            version,
            executions: counted(&connection, "executions")?,
            flows: counted(&connection, "flows")?,
            bytes: std::fs::metadata(file).map_or(0, |facts| facts.len()),
        })
    };
    look().map_err(|trouble| trouble.told(file, Some(&connection)))
}

/// Rows of a table, which databases of earlier versions may not have.
fn counted(connection: &Connection, table: &str) -> rusqlite::Result<i64> {
    if !connection.table_exists(None, table)? {
        return Ok(0);
    }
    connection.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0))
}
