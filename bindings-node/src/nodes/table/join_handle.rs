//! What JavaScript calls to join tables. No logic lives here.
#![allow(unreachable_pub, reason = "exported to JavaScript, which the lint does not see")]

use std::sync::Arc;

use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;
use serde::Deserialize;

use super::super::failure::{Code, Failure};
use super::super::work::{Cancel, CancelToken, Work, in_background};
use super::handle::{NativeTable, RecordsText};
use super::joining::{How, Joined, Naming, kept};
use super::matching::Matches;
use super::sheet::Table;

/// Which rows of two tables have equal keys.
#[napi]
pub struct NativeMatches {
    left: Table,
    right: Table,
    matches: Arc<Matches>,
    is_right_looked_up: bool,
}

#[napi]
impl NativeMatches {
    /// How many pairs of rows have equal keys.
    #[napi(getter, catch_unwind)]
    pub fn pairs(&self) -> f64 {
        self.matches.pairs as f64
    }

    /// How many rows of the left side have no match.
    #[napi(getter, catch_unwind)]
    pub fn unmatched_left(&self) -> f64 {
        self.unmatched(!self.is_right_looked_up)
    }

    /// How many rows of the right side have no match.
    #[napi(getter, catch_unwind)]
    pub fn unmatched_right(&self) -> f64 {
        self.unmatched(self.is_right_looked_up)
    }

    /// Whether both sides have rows with empty text in a key.
    #[napi(getter, catch_unwind)]
    pub fn have_blank_keys(&self) -> bool {
        self.matches.blanks == (true, true)
    }

    /// The first rows of the left side without a match, at most so many.
    #[napi(catch_unwind)]
    pub fn left_without_match(&self, most: u32) -> NativeTable {
        let positions = self.matches.without_match(!self.is_right_looked_up, most as usize);
        NativeTable::new(self.left.pick(positions))
    }

    /// The first rows of the right side without a match, at most so many.
    #[napi(catch_unwind)]
    pub fn right_without_match(&self, most: u32) -> NativeTable {
        let positions = self.matches.without_match(self.is_right_looked_up, most as usize);
        NativeTable::new(self.right.pick(positions))
    }

    fn unmatched(&self, looked_up: bool) -> f64 {
        if looked_up {
            self.matches.unmatched as f64
        } else {
            self.matches.unmatched_indexed().count() as f64
        }
    }
}

/// Finds the rows of two tables whose cells in these columns are the same text; `how` says which side is looked up in the other.
#[napi(catch_unwind)]
pub fn match_tables(
    left: &NativeTable,
    left_keys: Vec<String>,
    right: &NativeTable,
    right_keys: Vec<String>,
    how: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<AsyncTask<Work<NativeMatches>>> {
    let (left, right, cancel) = (left.table()?.clone(), right.table()?.clone(), Cancel::of(cancel));
    let is_right_looked_up = how_of(&how)? == How::Right;
    Ok(in_background(move || {
        let sides = ((&left, &*left_keys), (&right, &*right_keys));
        let matches = if is_right_looked_up {
            Matches::of(sides.1, sides.0, &cancel)
        } else {
            Matches::of(sides.0, sides.1, &cancel)
        };
        Ok(NativeMatches { matches: Arc::new(matches?), left, right, is_right_looked_up })
    }))
}

/// Joined rows: a table, or, where rows lack a side, records with null for its fields.
#[napi]
pub struct NativeJoin {
    joined: Option<Joined>,
    table: Option<Table>,
    count: usize,
}

#[napi]
impl NativeJoin {
    /// How many rows there are.
    #[napi(getter, catch_unwind)]
    pub fn row_count(&self) -> u32 {
        self.count as u32
    }

    /// The rows as a table; none where some lack a side.
    #[napi(catch_unwind)]
    pub fn table(&self) -> Option<NativeTable> {
        self.table.clone().map(NativeTable::new)
    }

    /// Rows from `start` on as the JSON text of an array of objects, where there is no table: as many as fit `bytes`, but one at
    /// least while there is one.
    #[napi(catch_unwind)]
    pub fn records_text(&self, start: u32, bytes: u32) -> napi::Result<RecordsText> {
        let joined =
            self.joined.as_ref().ok_or_else(|| Code::InvalidParameters.because("The rows are a table"))?;
        let (text, count) = joined.records_text(start as usize, bytes as usize)?;
        Ok(RecordsText { text, count: count as u32 })
    }
}

/// Joins the rows that were matched, `how` as it was said there; `naming` is the JSON text of what joined rows call their fields.
#[napi(catch_unwind)]
pub fn join_tables(
    matched: &NativeMatches,
    how: String,
    naming: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<AsyncTask<Work<NativeJoin>>> {
    let NativeMatches { left, right, matches, .. } = matched;
    let (left, right, matches, cancel) =
        (left.clone(), right.clone(), Arc::clone(matches), Cancel::of(cancel));
    let how = how_of(&how)?;
    let naming: Naming = serde_json::from_str(&naming)
        .map_err(|error| Code::InvalidParameters.because(format!("Invalid names: {error}")))?;
    Ok(in_background(move || {
        if matches!(how, How::Semi | How::Anti) {
            let table = kept(&left, &matches, how == How::Semi);
            return Ok(NativeJoin { count: table.len(), table: Some(table), joined: None });
        }
        let joined = Joined::of(&left, &right, &matches, how, naming, &cancel)?;
        let count = joined.len();
        Ok(match joined.has_holes() {
            true => NativeJoin { count, joined: Some(joined), table: None },
            false => NativeJoin { count, joined: None, table: Some(Table::joined(joined)) },
        })
    }))
}

fn how_of(how: &str) -> Result<How, Failure> {
    How::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(how))
        .map_err(|error| Code::InvalidParameters.because(format!("Invalid `how`: {error}")))
}
