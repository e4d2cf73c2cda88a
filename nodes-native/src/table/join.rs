//! A join in two steps: which rows match, which is known before any row is made, then the rows.

use std::sync::Arc;

use super::joining::{How, Joined, Naming, kept};
use super::matching::Matches;
use super::sheet::Table;
use crate::cancel::Cancel;
use crate::failure::Failure;

/// Which rows of two tables have equal keys. Cloning is cheap.
#[derive(Clone)]
pub struct Matched {
    left: Table,
    right: Table,
    matches: Arc<Matches>,
    is_right_looked_up: bool,
}

impl Matched {
    /// Finds the rows of two tables whose cells in these columns are the same text. `how` says which side is looked up in the
    /// other; see [`Matched::join`]. INVALID_PARAMETERS for a key that is no column, CANCELLED.
    pub fn of(
        (left, left_keys): (Table, &[String]),
        (right, right_keys): (Table, &[String]),
        how: How,
        cancel: &Cancel,
    ) -> Result<Self, Failure> {
        let is_right_looked_up = how == How::Right;
        let sides = ((&left, left_keys), (&right, right_keys));
        let matches = if is_right_looked_up {
            Matches::of(sides.1, sides.0, cancel)
        } else {
            Matches::of(sides.0, sides.1, cancel)
        };
        Ok(Self { matches: Arc::new(matches?), left, right, is_right_looked_up })
    }

    /// How many pairs of rows have equal keys.
    pub fn pairs(&self) -> u64 {
        self.matches.pairs
    }

    /// How many rows of the left side have no match.
    pub fn unmatched_left(&self) -> u64 {
        self.unmatched(!self.is_right_looked_up)
    }

    /// How many rows of the right side have no match.
    pub fn unmatched_right(&self) -> u64 {
        self.unmatched(self.is_right_looked_up)
    }

    fn unmatched(&self, looked_up: bool) -> u64 {
        if looked_up { self.matches.unmatched } else { self.matches.unmatched_indexed().count() as u64 }
    }

    /// Whether both sides have rows with empty text in a key.
    pub fn have_blank_keys(&self) -> bool {
        self.matches.blanks == (true, true)
    }

    /// The first rows of the left side without a match, at most so many.
    pub fn left_without_match(&self, most: usize) -> Table {
        self.left.pick(self.matches.without_match(!self.is_right_looked_up, most))
    }

    /// The first rows of the right side without a match, at most so many.
    pub fn right_without_match(&self, most: usize) -> Table {
        self.right.pick(self.matches.without_match(self.is_right_looked_up, most))
    }

    /// The joined rows, `how` as it was said when rows were matched. MEMORY_LIMIT_EXCEEDED, CANCELLED.
    pub fn join(&self, how: How, naming: Naming, cancel: &Cancel) -> Result<Table, Failure> {
        let Self { left, right, matches, .. } = self;
        if matches!(how, How::Semi | How::Anti) {
            return Ok(kept(left, &matches.group_of, how == How::Semi));
        }
        Ok(Table::joined(Joined::of(left, right, matches, how, naming, cancel)?))
    }
}
