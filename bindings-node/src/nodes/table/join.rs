//! What JavaScript calls to join tables. No logic lives here.
#![allow(unreachable_pub, reason = "exported to JavaScript, which the lint does not see")]

use napi_derive::napi;
use nodes_native::table::join::Matched;
use nodes_native::table::joining::{How, Naming};

use super::super::work::{CancelToken, Promise, cancel_of, in_background};
use super::NativeTable;
use crate::failure::OrThrow;

/// Which rows of two tables have equal keys.
#[napi]
pub struct NativeMatches {
    matched: Matched,
}

#[napi]
impl NativeMatches {
    /// How many pairs of rows have equal keys.
    #[napi(getter, catch_unwind)]
    pub fn pairs(&self) -> f64 {
        self.matched.pairs() as f64
    }

    /// How many rows of the left side have no match.
    #[napi(getter, catch_unwind)]
    pub fn unmatched_left(&self) -> f64 {
        self.matched.unmatched_left() as f64
    }

    /// How many rows of the right side have no match.
    #[napi(getter, catch_unwind)]
    pub fn unmatched_right(&self) -> f64 {
        self.matched.unmatched_right() as f64
    }

    /// Whether both sides have rows with empty text in a key.
    #[napi(getter, catch_unwind)]
    pub fn have_blank_keys(&self) -> bool {
        self.matched.have_blank_keys()
    }

    /// The first rows of the left side without a match, at most so many.
    #[napi(catch_unwind)]
    pub fn left_without_match(&self, most: u32) -> NativeTable {
        NativeTable::new(self.matched.left_without_match(most as usize))
    }

    /// The first rows of the right side without a match, at most so many.
    #[napi(catch_unwind)]
    pub fn right_without_match(&self, most: u32) -> NativeTable {
        NativeTable::new(self.matched.right_without_match(most as usize))
    }
}

/// Finds the rows of two tables whose cells in these columns are the same text. `how` is that of the type `join`: it
/// says which side is looked up in the other.
#[napi(catch_unwind)]
pub fn match_tables(
    left: &NativeTable,
    #[napi(ts_arg_type = "readonly string[]")] left_keys: Vec<String>,
    right: &NativeTable,
    #[napi(ts_arg_type = "readonly string[]")] right_keys: Vec<String>,
    how: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<NativeMatches>> {
    let (left, right) = (left.table()?.clone(), right.table()?.clone());
    let (how, cancel) = (How::named(&how).or_throw()?, cancel_of(cancel));
    Ok(in_background(move || {
        let matched = Matched::of((left, &left_keys), (right, &right_keys), how, &cancel)?;
        Ok(NativeMatches { matched })
    }))
}

/// Joins the rows that were matched, `how` as it was said there. `naming` is the JSON text of `{right, shared}`: of each column of
/// the right side its name or null, of each column of the left side the place of the same key in the right one or null. Fields of a
/// side that a row lacks are cells without a value.
#[napi(catch_unwind)]
pub fn join_tables(
    matched: &NativeMatches,
    how: String,
    naming: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<NativeTable>> {
    let (matched, cancel) = (matched.matched.clone(), cancel_of(cancel));
    let (how, naming) = (How::named(&how).or_throw()?, Naming::from_json(&naming).or_throw()?);
    Ok(in_background(move || matched.join(how, naming, &cancel).map(NativeTable::new)))
}
