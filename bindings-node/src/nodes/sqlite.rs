//! What JavaScript calls for SQLite.
#![allow(unreachable_pub, reason = "exported to JavaScript, which the lint does not see")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use nodes_native::sqlite::connection::{Database, Opening};
use nodes_native::sqlite::statement::{Answer, Batch, Kind, Trouble};
use nodes_native::{Cancel, Code};

use super::work::{CancelToken, cancel_of, on_own_thread};
use crate::failure::OrThrow;

/// How a database of SQLite is opened.
#[napi(object, object_to_js = false)]
pub struct SqliteOpening {
    /// Where it really is: no part of it is a link.
    pub path: String,
    /// Whether statements may change it.
    pub may_change: bool,
    /// Where there is no such file: the statement for whose sake it is made, if that creates something.
    pub create_for: Option<String>,
    /// Bytes of memory that SQLite may take for it.
    pub memory: f64,
    /// ms to wait for a lock of another connection.
    pub wait: f64,
}

/// What SQLite refuses.
#[napi(object, object_from_js = false)]
pub struct SqliteTrouble {
    /// SQLite's extended code.
    pub code: i32,
    /// In SQLite's words.
    pub message: String,
    /// Where in the statement, in bytes of UTF-8.
    pub offset: Option<u32>,
    /// Which run of a batch, from 0.
    pub run: Option<u32>,
    /// What statements may not do here, and this one did.
    pub refused: Option<String>,
}

/// A column of an answer of SQLite.
#[napi(object, object_from_js = false)]
pub struct SqliteColumn {
    /// Its name.
    pub name: String,
    /// The type that its table declares for it.
    pub declared: Option<String>,
    /// Whether it has whole numbers of so many digits that they are text.
    pub is_wide: bool,
}

/// What came of statements.
#[napi(object, object_from_js = false)]
pub struct SqliteAnswer {
    /// Of the first statement that was run.
    pub columns: Vec<SqliteColumn>,
    /// Rows that were read or changed.
    pub count: f64,
    /// How many pieces of rows there are to be taken.
    pub pieces: u32,
    /// Whether there were more rows than were asked for.
    pub is_cut: bool,
    /// Why not all was run.
    pub trouble: Option<SqliteTrouble>,
}

/// Statements, and the values they are run with one after the other.
#[napi(object, object_to_js = false)]
pub struct SqliteBatch {
    /// Each one statement.
    pub statements: Vec<String>,
    /// JSON: for each run the place of its statement, then its values: what JSON has a word for, or `{"integer": "…"}`,
    /// `{"real": "Infinity"}`, `{"bytes": "<base64>"}`.
    pub runs: String,
    /// Whose they are, and what they may do: `own` are those of the node itself.
    #[napi(ts_type = "'own' | 'read' | 'change' | 'vacuum'")]
    pub kind: String,
    /// Rows that are read at most, and one more.
    pub most_rows: f64,
    /// Bytes that rows may take, and those of one row more.
    pub most_bytes: f64,
}

/// A database of SQLite. `open`, `run` and `close` work on other threads; while one of them does, only `close` may be called.
#[napi]
pub struct SqliteDatabase {
    state: Arc<Mutex<State>>,
    cancel: Cancel,
}

#[derive(Default)]
struct State {
    database: Option<Database>,
    /// Rows that are to be taken.
    pieces: std::vec::IntoIter<Vec<u8>>,
}

#[napi]
impl SqliteDatabase {
    /// A database that is not open yet. The token ends what runs, now and later.
    #[napi(constructor)]
    pub fn new(cancel: &CancelToken) -> Self {
        Self { state: Arc::default(), cancel: cancel_of(Some(cancel)) }
    }

    /// Opens it; answers with what is in the way, or `null`. CANCELLED.
    #[napi(catch_unwind, ts_return_type = "Promise<SqliteTrouble | null>")]
    pub fn open<'env>(
        &self,
        env: &'env Env,
        opening: SqliteOpening,
    ) -> napi::Result<PromiseRaw<'env, Option<SqliteTrouble>>> {
        let (state, cancel) = (self.state.clone(), self.cancel.clone());
        let opening = Opening {
            path: PathBuf::from(opening.path),
            may_change: opening.may_change,
            create_for: opening.create_for,
            memory: opening.memory as i64,
            wait: Duration::from_secs_f64(opening.wait.clamp(0.0, 1e12) / 1000.0),
        };
        on_own_thread(env, move || match Database::open(&opening, &cancel)? {
            Ok(database) => {
                lock(&state).database = Some(database);
                Ok(None)
            }
            Err(trouble) => Ok(Some(SqliteTrouble::from(trouble))),
        })
    }

    /// Runs statements. CANCELLED, INVALID_PARAMETERS (values), MEMORY_LIMIT_EXCEEDED (a row), EXECUTION_FAILED (text that is not UTF-8).
    #[napi(catch_unwind)]
    pub fn run<'env>(
        &self,
        env: &'env Env,
        batch: SqliteBatch,
    ) -> napi::Result<PromiseRaw<'env, SqliteAnswer>> {
        let state = self.state.clone();
        let batch = Batch {
            statements: batch.statements,
            runs: batch.runs,
            kind: Kind::named(&batch.kind).or_throw()?,
            most_rows: batch.most_rows as u64,
            most_bytes: batch.most_bytes as u64,
        };
        on_own_thread(env, move || {
            let mut state = lock(&state);
            let database = state
                .database
                .as_mut()
                .ok_or_else(|| Code::InvalidParameters.because("The database is not open"))?;
            let Answer { columns, pieces, count, is_cut, trouble, .. } = database.run(&batch)?;
            let answer = SqliteAnswer {
                columns: columns
                    .into_iter()
                    .map(|column| SqliteColumn {
                        name: column.name,
                        declared: column.declared,
                        is_wide: column.is_wide,
                    })
                    .collect(),
                count: count as f64,
                pieces: pieces.len() as u32,
                is_cut,
                trouble: trouble.map(SqliteTrouble::from),
            };
            state.pieces = pieces.into_iter();
            Ok(answer)
        })
    }

    /// The next rows of the last answer: a JSON text of lists of values.
    #[napi(catch_unwind)]
    pub fn take_rows(&self) -> napi::Result<Option<String>> {
        // What was written is UTF-8, so nothing is replaced here.
        Ok(lock(&self.state).pieces.next().map(|piece| {
            String::from_utf8(piece)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        }))
    }

    /// Closes it, which undoes a transaction that was not committed.
    #[napi(catch_unwind)]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let state = self.state.clone();
        on_own_thread(env, move || {
            let State { database, .. } = std::mem::take(&mut *lock(&state));
            drop(database);
            Ok(())
        })
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<Trouble> for SqliteTrouble {
    fn from(Trouble { code, message, offset, run, refused }: Trouble) -> Self {
        Self { code, message, offset, run, refused }
    }
}
