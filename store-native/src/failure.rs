//! Why the store failed, in the words of the storage package's error codes.
#![allow(unsafe_code, reason = "the error number of the system is asked for by a C function")]

use std::fmt;
use std::path::Path;

use rusqlite::{Connection, Error, ffi};

/// A failure with a code of `StorageError`. As text it is `[CODE] message`, which the loader of the addon takes apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind of failure.
    pub code: Code,
    /// What was found, and what to do about it.
    pub message: String,
}

/// The codes of `StorageError` that the store uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// `STORAGE_FULL`
    StorageFull,
    /// `QUOTA_EXCEEDED`
    QuotaExceeded,
    /// `ACCESS_DENIED`
    AccessDenied,
    /// `SERIALIZATION_ERROR`
    SerializationError,
    /// `UNSUPPORTED_OPERATION`
    UnsupportedOperation,
}

impl Code {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::StorageFull => "STORAGE_FULL",
            Self::QuotaExceeded => "QUOTA_EXCEEDED",
            Self::AccessDenied => "ACCESS_DENIED",
            Self::SerializationError => "SERIALIZATION_ERROR",
            Self::UnsupportedOperation => "UNSUPPORTED_OPERATION",
        }
    }

    /// A failure with this code.
    pub fn because(self, message: impl Into<String>) -> Failure {
        Failure { code: self, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.code.name(), self.message)
    }
}

impl std::error::Error for Failure {}

/// Something in the way: of SQLite, or with its words already.
#[derive(Debug)]
pub(super) enum Trouble {
    Sqlite(Error),
    Told(Failure),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Told(failure)
    }
}

impl Trouble {
    /// In the words of storage errors. `connection` is asked for the error number of the system.
    pub(super) fn told(self, path: &Path, connection: Option<&Connection>) -> Failure {
        match self {
            Self::Told(failure) => failure,
            // SAFETY: the handle is used for the length of the call, on the thread of the connection.
            Self::Sqlite(error) => {
                let system = connection
                    .map_or(0, |connection| unsafe { ffi::sqlite3_system_errno(connection.handle()) });
                of_sqlite(&error, path, system)
            }
        }
    }
}

/// Numbers of the system for a disk quota that is used up and for a file that may not grow.
#[cfg(target_os = "linux")]
const QUOTA: [i32; 2] = [122, 27];
#[cfg(all(unix, not(target_os = "linux")))]
const QUOTA: [i32; 2] = [69, 27];
#[cfg(windows)]
const QUOTA: [i32; 2] = [1295, 1816];

/// The number of the system for a full disk.
#[cfg(unix)]
const FULL: i32 = 28;
#[cfg(windows)]
const FULL: i32 = 112;

fn of_sqlite(error: &Error, path: &Path, system: i32) -> Failure {
    let path = path.display();
    let (extended, detail) = match error {
        Error::SqliteFailure(error, message) => {
            (error.extended_code, message.clone().unwrap_or_else(|| error.to_string()))
        }
        Error::SqlInputError { error, msg, .. } => (error.extended_code, msg.clone()),
        other => {
            return Code::SerializationError
                .because(format!("The database of executions holds what the store did not write: {other} ({path}); restore it from a backup"));
        }
    };
    match extended & 0xff {
        ffi::SQLITE_IOERR if QUOTA.contains(&system) => Code::QuotaExceeded.because(format!(
            "The database of executions may not grow: the quota of the disk or the limit of file sizes is reached ({path}); nothing of this call was written. Make room or raise the limit, then try again"
        )),
        ffi::SQLITE_FULL => full(&path),
        ffi::SQLITE_IOERR if system == FULL => full(&path),
        ffi::SQLITE_CORRUPT => Code::SerializationError.because(format!(
            "The database of executions is damaged: {detail} ({path}); close all that uses it and restore it from a backup, or take out what can be read with `sqlite3 FILE .recover`"
        )),
        ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => Code::SerializationError.because(format!(
            "The store of executions cannot keep a value: {detail} ({path}); times and numbers must be finite, texts text and contents bytes"
        )),
        ffi::SQLITE_TOOBIG => Code::SerializationError.because(format!(
            "A value is too large for the database of executions: it may have 1,000,000,000 bytes ({path})"
        )),
        ffi::SQLITE_NOTADB => Code::SerializationError.because(format!(
            "The file is no SQLite database, or its first page is damaged ({path}); nothing was written to it. Give another path, or restore it from a backup"
        )),
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => Code::AccessDenied.because(format!(
            "Another process holds the lock of the database of executions for longer than `busyTimeout` ({path}); nothing of this call was written. Look for a process that keeps a transaction open, then try again"
        )),
        ffi::SQLITE_READONLY | ffi::SQLITE_PERM | ffi::SQLITE_AUTH => Code::AccessDenied.because(format!(
            "The database of executions cannot be written: {detail} ({path}); give this user the right to write the file and its folder, where SQLite keeps the files -wal and -shm beside it"
        )),
        ffi::SQLITE_CANTOPEN => Code::AccessDenied.because(format!(
            "The database of executions cannot be opened: {detail} ({path}); it must be a file in a folder that this user may write"
        )),
        _ => Code::AccessDenied.because(format!(
            "The database of executions cannot be used: {detail} (SQLite's code {extended}, {path}){}",
            if system == 0 { String::new() } else { format!("; the system says: {}", std::io::Error::from_raw_os_error(system)) }
        )),
    }
}

fn full(path: &std::path::Display<'_>) -> Failure {
    Code::StorageFull.because(format!(
        "The disk is full ({path}); nothing of this call was written. Make room, for instance with `prune` and `vacuum`, then try again"
    ))
}

/// The failure of a file beside the database.
pub(super) fn of_file(error: &std::io::Error, path: &Path) -> Failure {
    let code = match error.raw_os_error() {
        Some(FULL) => Code::StorageFull,
        Some(number) if QUOTA.contains(&number) => Code::QuotaExceeded,
        _ => Code::AccessDenied,
    };
    code.because(format!(
        "The lock file of a store of executions cannot be used: {error} ({}); its folder must be one that this user may write, on a disk with room",
        path.display()
    ))
}
