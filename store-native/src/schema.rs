//! Tables and their migrations, and how a file becomes a connection.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use super::failure::{Code, Failure, Trouble};

/// What leads from each version of the schema to the next, from nothing to version 1 first. A published one never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("schema-1.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
];

/// The version that this library knows.
pub(super) const VERSION: usize = MIGRATIONS.len();

/// The value of `application` in the table `meta`, by which a database is known as one of ours.
const APPLICATION: &str = "atomiton conductor";

/// Pages of the WAL after which a commit moves them to the database.
const CHECKPOINT_PAGES: u32 = 4000;

/// Bytes that the WAL is cut to once its pages are in the database.
const WAL_BYTES: u32 = 64 * 1024 * 1024;

/// What a file holds.
#[derive(PartialEq)]
pub(super) enum Found {
    Nothing,
    Ours { version: usize },
}

/// Opens the database for writing, makes or migrates its tables. A file that holds anything else is refused and not written to.
pub(super) fn open_to_write(path: &Path, wait: Duration) -> Result<Connection, Failure> {
    make_folder(path)?;
    if std::fs::metadata(path).is_ok_and(|facts| facts.len() > 0) {
        look_at(path, wait)?;
    }
    let mut connection =
        connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, wait)
            .map_err(|trouble| trouble.told(path, None))?;
    settle(&mut connection, path, wait).map_err(|trouble| trouble.told(path, Some(&connection)))?;
    Ok(connection)
}

/// Opens a further connection, which only reads.
pub(super) fn open_to_read(path: &Path, wait: Duration) -> Result<Connection, Failure> {
    let connection =
        connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, wait).map_err(|trouble| trouble.told(path, None))?;
    connection
        .execute_batch("pragma query_only = on; pragma temp_store = memory")
        .map_err(|error| Trouble::from(error).told(path, Some(&connection)))?;
    Ok(connection)
}

/// Opens a file that must hold a store of this library, without migrating it.
pub(super) fn open_ours(path: &Path, flags: OpenFlags, wait: Duration) -> Result<Connection, Failure> {
    let found = look_at(path, wait)?;
    if found == Found::Nothing {
        return Err(holds_nothing(path));
    }
    connect(path, flags, wait).map_err(|trouble| trouble.told(path, None))
}

/// Opens the place of a store for one that is to be copied there. A file that holds anything else is refused.
pub(super) fn open_to_replace(path: &Path) -> Result<Connection, Failure> {
    make_folder(path)?;
    if std::fs::metadata(path).is_ok_and(|facts| facts.len() > 0) {
        look_at(path, Duration::ZERO)?;
    }
    connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, Duration::ZERO)
        .map_err(|trouble| trouble.told(path, None))
}

/// The failure for a file that has no tables.
pub(super) fn holds_nothing(path: &Path) -> Failure {
    Code::UnsupportedOperation.because(format!("The file holds no store of executions ({})", path.display()))
}

/// What is in a file, by a connection that only reads: others would move the WAL of a foreign database into it when they are closed.
fn look_at(path: &Path, wait: Duration) -> Result<Found, Failure> {
    let look =
        connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, wait).map_err(|trouble| trouble.told(path, None))?;
    refuse_foreign(&look, path).map_err(|trouble| trouble.told(path, Some(&look)))
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| {
        Code::AccessDenied.because(format!(
            "The folder of the database of executions cannot be made: {error} ({})",
            folder.display()
        ))
    })
}

pub(super) fn connect(path: &Path, flags: OpenFlags, wait: Duration) -> Result<Connection, Trouble> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(wait)?;
    Ok(connection)
}

fn settle(connection: &mut Connection, path: &Path, wait: Duration) -> Result<(), Trouble> {
    // Must come before the first page is written: pages of what is deleted can then be given back in small steps.
    connection.execute_batch("pragma auto_vacuum = incremental")?;
    enter_wal(connection, wait)?;
    connection.execute_batch(&format!(
        "pragma synchronous = full; pragma temp_store = memory; pragma cell_size_check = on; pragma cache_size = -16384;
         pragma wal_autocheckpoint = {CHECKPOINT_PAGES}; pragma journal_size_limit = {WAL_BYTES}"
    ))?;
    migrate(connection, path)
}

/// SQLite does not wait for the lock of this one change by itself.
fn enter_wal(connection: &Connection, wait: Duration) -> Result<(), Trouble> {
    let mut waited = Duration::ZERO;
    let pause = Duration::from_millis(5);
    loop {
        match connection.query_row("pragma journal_mode = wal", [], |row| row.get::<_, String>(0)) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                return Err(Code::UnsupportedOperation
                    .because(format!("SQLite keeps this database in journal mode `{mode}`, but the store needs `wal`; use a folder of a local disk"))
                    .into());
            }
            Err(error)
                if waited >= wait || error.sqlite_error_code() != Some(rusqlite::ErrorCode::DatabaseBusy) =>
            {
                return Err(error.into());
            }
            Err(_) => {
                std::thread::sleep(pause);
                waited += pause;
            }
        }
    }
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Trouble> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = match refuse_foreign(&transaction, path)? {
        Found::Nothing => {
            transaction.execute_batch(
                "create table meta (name text primary key, value text not null) strict, without rowid",
            )?;
            transaction
                .execute("insert into meta values ('application', ?), ('version', '0')", [APPLICATION])?;
            0
        }
        Found::Ours { version } => version,
    };
    for migration in &MIGRATIONS[version..] {
        transaction.execute_batch(migration)?;
    }
    if version < VERSION {
        transaction.execute("update meta set value = ? where name = 'version'", [VERSION.to_string()])?;
    }
    transaction.commit()?;
    Ok(())
}

/// What a database holds; an error for what this library does not know.
pub(super) fn refuse_foreign(connection: &Connection, path: &Path) -> Result<Found, Trouble> {
    let tables: i64 = connection.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        return Ok(Found::Nothing);
    }
    let path = path.display();
    let columns: i64 = connection.query_row(
        "select count(*) from pragma_table_info('meta') where name in ('name', 'value')",
        [],
        |row| row.get(0),
    )?;
    let application = if columns == 2 { meta(connection, "application")? } else { None };
    if application.as_deref() != Some(APPLICATION) {
        return Err(Code::UnsupportedOperation
            .because(format!(
                "The database holds other tables than those of a store of executions ({path}); nothing was written to it. Give a path of its own for the store"
            ))
            .into());
    }
    let version = meta(connection, "version")?;
    match version.as_deref().map(str::parse::<usize>) {
        Some(Ok(version)) if version <= VERSION => Ok(Found::Ours { version }),
        Some(Ok(version)) => Err(later(version, &path).into()),
        _ => Err(Code::SerializationError
            .because(format!("The database of executions has no version ({path}); restore it from a backup"))
            .into()),
    }
}

/// Fails where another process has migrated the database meanwhile. Within a transaction that writes.
pub(super) fn refuse_later(version: &str, path: &Path) -> Result<(), Trouble> {
    if version == VERSION.to_string() {
        return Ok(());
    }
    Err(later(version.parse().unwrap_or_default(), &path.display()).into())
}

fn later(version: usize, path: &std::path::Display<'_>) -> Failure {
    Code::UnsupportedOperation.because(format!(
        "The database of executions has version {version}, but this library knows versions up to {VERSION} ({path}); nothing was written to it. Install a later version of @atomiton/conductor-native, or give another path"
    ))
}

fn meta(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .query_row("select cast(value as text) from meta where name = ?", [name], |row| row.get(0))
        .optional()
}
