//! Statements and their rows.

use rusqlite::limits::Limit;
use rusqlite::{Connection, Error, Statement, ffi};

use super::connection::too_long;
use super::rights::Rights;
use super::value::{self, Given};
use crate::failure::{Code, Failure};

/// Bytes of JSON that are handed over at once, unless a row alone is longer.
const PIECE: usize = 1024 * 1024;
/// Bytes that a text of JavaScript can have for sure.
const LONGEST_PIECE: usize = 400 * 1024 * 1024;

/// Whose statements they are, and what they may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Of the node itself: where transactions begin and end.
    Own,
    /// Of the flow: it only reads.
    Read,
    /// Of the flow: it may change the database.
    Change,
    /// As `Change`, for VACUUM.
    Vacuum,
}

impl Kind {
    /// `own`, `read`, `change` or `vacuum`; INVALID_PARAMETERS for any other name.
    pub fn named(name: &str) -> Result<Self, Failure> {
        match name {
            "own" => Ok(Self::Own),
            "read" => Ok(Self::Read),
            "change" => Ok(Self::Change),
            "vacuum" => Ok(Self::Vacuum),
            _ => Err(Code::InvalidParameters.because(format!("There is no kind {name} of statements"))),
        }
    }
}

/// Statements, and the values they are run with one after the other.
pub struct Batch {
    /// Each one statement.
    pub statements: Vec<String>,
    /// JSON: for each run the place of its statement, then its values.
    pub runs: String,
    /// What they may do.
    pub kind: Kind,
    /// Rows after which no more are read; the row that is one too many is.
    pub most_rows: u64,
    /// Bytes of rows, in the same way.
    pub most_bytes: u64,
}

/// A column of an answer.
pub struct Column {
    /// Its name.
    pub name: String,
    /// The type that its table declares for it.
    pub declared: Option<String>,
    /// Whether it has whole numbers that are written as text.
    pub is_wide: bool,
}

/// What came of a batch, up to the first that failed.
#[derive(Default)]
pub struct Answer {
    /// Of the first statement that was run.
    pub columns: Vec<Column>,
    /// Lists of rows, which are lists of values, as JSON texts.
    pub pieces: Vec<Vec<u8>>,
    /// Rows that were read or changed.
    pub count: u64,
    /// Whether not all rows were read.
    pub is_cut: bool,
    /// Why not all was run.
    pub trouble: Option<Trouble>,
    rows: u64,
    bytes: u64,
}

/// What SQLite refuses.
pub struct Trouble {
    /// SQLite's extended code.
    pub code: i32,
    /// In SQLite's words.
    pub message: String,
    /// Where in the statement, in bytes.
    pub offset: Option<u32>,
    /// Which run of a batch.
    pub run: Option<u32>,
    /// What statements of flows may not do.
    pub refused: Option<String>,
}

impl Trouble {
    pub(super) fn new(code: i32, message: &str) -> Self {
        Self { code, message: message.to_owned(), offset: None, run: None, refused: None }
    }

    pub(super) fn of(error: Error, rights: &Rights) -> Self {
        let refused = rights.take_refused();
        let trouble = match error {
            Error::SqliteFailure(error, message) => {
                Self::new(error.extended_code, &message.unwrap_or_else(|| error.to_string()))
            }
            Error::SqlInputError { error, msg, offset, .. } => {
                Self { offset: u32::try_from(offset).ok(), ..Self::new(error.extended_code, &msg) }
            }
            Error::MultipleStatement => Self::new(ffi::SQLITE_ERROR, "there is more than one statement"),
            Error::NulError(_) => Self::new(ffi::SQLITE_ERROR, "the statement has a NUL character in it"),
            other => Self::new(ffi::SQLITE_ERROR, &other.to_string()),
        };
        Self { refused, ..trouble }
    }

    pub(super) fn is_interrupted(&self) -> bool {
        matches!(self.code & 0xff, ffi::SQLITE_INTERRUPT | ffi::SQLITE_BUSY)
    }

    pub(super) fn is_missing_table(&self) -> bool {
        self.message.starts_with("no such table")
    }

    /// Whether the file has to be put right by a connection that may change it.
    pub(super) fn needs_recovery(&self) -> bool {
        matches!(self.code, ffi::SQLITE_READONLY_ROLLBACK | ffi::SQLITE_READONLY_RECOVERY)
    }
}

impl Batch {
    /// Runs all. What SQLite refuses is in the answer; Err is what the node could not ask or take.
    pub(super) fn run(&self, connection: &Connection, rights: &Rights) -> Result<Answer, Failure> {
        let may_change = matches!(self.kind, Kind::Change | Kind::Vacuum);
        rights.set(may_change, self.kind == Kind::Own, self.kind == Kind::Vacuum);
        if self.kind == Kind::Vacuum {
            let _ = connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1);
        }
        let mut answer = Answer::default();
        let mut prepared: Vec<Option<Prepared<'_>>> = self.statements.iter().map(|_| None).collect();
        let runs: Vec<Vec<Given>> = serde_json::from_str(&self.runs)
            .map_err(|error| Code::TypeMismatch.because(format!("Values cannot be handed over: {error}")))?;
        for (run, values) in runs.iter().enumerate() {
            let place = values.first().and_then(Given::place).unwrap_or_default();
            let (Some(sql), Some(slot)) = (self.statements.get(place), prepared.get_mut(place)) else {
                return Err(Code::InvalidParameters.because("There is no such statement"));
            };
            let made = match slot {
                Some(made) => Ok(made),
                None => Prepared::of(connection, sql, self.kind).map(|made| slot.insert(made)),
            };
            let outcome = match made {
                Ok(made) => made.run(&values[1..], self, &mut answer, connection)?,
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                answer.trouble = Some(Trouble { run: u32::try_from(run).ok(), ..Trouble::of(error, rights) });
                break;
            }
            if answer.is_cut {
                break;
            }
        }
        for piece in &mut answer.pieces {
            piece.push(b']');
        }
        Ok(answer)
    }
}

/// A statement, and which value each of its parameters takes.
struct Prepared<'c> {
    statement: Statement<'c>,
    takes: Result<Vec<usize>, String>,
}

impl<'c> Prepared<'c> {
    fn of(connection: &'c Connection, sql: &str, kind: Kind) -> Result<Self, Error> {
        let statement = connection.prepare(sql)?;
        if statement.expanded_sql().is_none() {
            return Err(refusal(ffi::SQLITE_ERROR, "there is no statement"));
        }
        if kind == Kind::Read && !statement.readonly() {
            return Err(refusal(ffi::SQLITE_READONLY, "attempt to write a readonly database"));
        }
        Ok(Self { takes: parameters_of(&statement), statement })
    }

    fn run(
        &mut self,
        values: &[Given],
        batch: &Batch,
        answer: &mut Answer,
        connection: &Connection,
    ) -> Result<Result<(), Error>, Failure> {
        let takes = self.takes.as_ref().map_err(|why| Code::InvalidParameters.because(why.clone()))?;
        let needed = takes.iter().map(|&place| place + 1).max().unwrap_or(0);
        if let Some(unused) =
            (0..needed.max(values.len())).find(|place| !takes.contains(place) || *place >= values.len())
        {
            let given = values.len();
            return Err(Code::InvalidParameters.because(if unused >= given {
                format!("The statement takes {needed} values, `parameters` has {given}")
            } else {
                format!("The statement does not use value {} of the {given} in `parameters`", unused + 1)
            }));
        }
        for (index, &place) in takes.iter().enumerate() {
            if let Err(error) = self.statement.raw_bind_parameter(index + 1, &values[place]) {
                return Ok(Err(error));
            }
        }
        if answer.columns.is_empty() {
            answer.columns = columns_of(&self.statement);
        }
        let changes = (self.statement.column_count() == 0).then(|| connection.total_changes());
        let before = answer.rows;
        let mut rows = self.statement.raw_query();
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    answer.add(row)?;
                    if answer.rows > batch.most_rows || answer.bytes > batch.most_bytes {
                        answer.is_cut = true;
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => return Ok(Err(error)),
            }
        }
        drop(rows);
        answer.count += match changes {
            // What statements that change no rows find here is the number of those before them.
            Some(before) if connection.total_changes() != before => connection.changes(),
            Some(_) => 0,
            None => answer.rows - before,
        };
        Ok(Ok(()))
    }
}

impl Answer {
    fn add(&mut self, row: &rusqlite::Row<'_>) -> Result<(), Failure> {
        let piece = match self.pieces.last_mut() {
            Some(piece) if piece.len() < PIECE => {
                piece.push(b',');
                piece
            }
            _ => {
                self.pieces.push(vec![b'[']);
                let last = self.pieces.len() - 1;
                &mut self.pieces[last]
            }
        };
        piece.push(b'[');
        for (index, column) in self.columns.iter_mut().enumerate() {
            if index > 0 {
                piece.push(b',');
            }
            let cell =
                row.get_ref(index).map_err(|error| Code::ExecutionFailed.because(error.to_string()))?;
            let (is_wide, bytes) = value::write(cell, piece).map_err(|_| {
                let name = &column.name;
                let row = self.rows + 1;
                Code::ExecutionFailed.because(format!(
                    "Row {row}, column `{name}` holds text that is not UTF-8; read it with cast(\"{name}\" as blob)"
                ))
            })?;
            column.is_wide |= is_wide;
            self.bytes += bytes;
            if piece.len() > LONGEST_PIECE {
                return Err(too_long());
            }
        }
        piece.push(b']');
        self.rows += 1;
        Ok(())
    }
}

fn refusal(code: i32, message: &str) -> Error {
    Error::SqliteFailure(ffi::Error::new(code), Some(message.to_owned()))
}

fn columns_of(statement: &Statement<'_>) -> Vec<Column> {
    statement
        .columns()
        .iter()
        .map(|column| Column {
            name: column.name().to_owned(),
            declared: column.decl_type().map(str::to_owned),
            is_wide: false,
        })
        .collect()
}

/// Which value each parameter takes: `$1`, `$2` … by number, `?` and `?1` by place; other names have none.
fn parameters_of(statement: &Statement<'_>) -> Result<Vec<usize>, String> {
    let mut takes = Vec::new();
    let (mut by_number, mut by_place) = (false, false);
    for index in 1..=statement.parameter_count() {
        let name = statement.parameter_name(index).unwrap_or("?");
        match (name.as_bytes()[0], name[1..].parse::<usize>()) {
            (b'?', _) => {
                by_place = true;
                takes.push(index - 1);
            }
            (b'$', Ok(number)) if number > 0 => {
                by_number = true;
                takes.push(number - 1);
            }
            _ => {
                return Err(format!(
                    "The statement names a value {name}; with a list as `parameters` values are $1, $2 … by their place, and an \
                     object as `parameters` has them by name"
                ));
            }
        }
    }
    if by_number && by_place {
        return Err("The statement has both ? and $1 for values; use $1, $2 … alone".to_owned());
    }
    Ok(takes)
}
