//! Joined rows: pairs of equal keys, and rows of one side without a match. As `npm/nodes/src/types/join/execute.ts`.

use std::sync::Arc;

use serde::Deserialize;

use super::matching::{Matches, NONE};
use super::row::{Row, Shape};
use super::sheet::{Place, Table, too_many_rows};
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// Which rows come out.
#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Those of both sides that match.
    Inner,
    /// These, and those of the left side without a match.
    Left,
    /// These, and those of the right side without a match.
    Right,
    /// All.
    Full,
    /// Those of the left side that have a match, alone.
    Semi,
    /// Those of the left side that have none.
    Anti,
}

impl How {
    /// A row that was looked up and one that was indexed, as the left and the right one.
    #[inline]
    pub(super) fn pair(self, looked_up: u32, indexed: u32) -> (u32, u32) {
        if self == Self::Right { (indexed, looked_up) } else { (looked_up, indexed) }
    }

    /// `inner`, `left`, `right`, `full`, `semi` or `anti`. INVALID_PARAMETERS for any other name.
    pub fn named(name: &str) -> Result<Self, Failure> {
        Self::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(name))
            .map_err(|error| Code::InvalidParameters.because(format!("Invalid `how`: {error}")))
    }
}

/// What to call the fields of joined rows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Naming {
    /// Of each column of the right side its name in joined rows; none for a key that both sides have under one name.
    right: Vec<Option<String>>,
    /// Of each column of the left side the column of the right side that is the same key under the same name.
    shared: Vec<Option<usize>>,
}

impl Naming {
    /// Reads the JSON form. INVALID_PARAMETERS.
    pub fn from_json(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text)
            .map_err(|error| Code::InvalidParameters.because(format!("Invalid names: {error}")))
    }
}

/// What joined rows look like.
pub(super) struct Form {
    pub(super) headers: Arc<[String]>,
    shape: Shape,
}

impl Form {
    /// Of rows of two sides with these columns.
    pub(super) fn of(left: &[String], naming: Naming) -> Self {
        let own = naming.right.into_iter().enumerate().filter_map(|(column, name)| Some((column, name?)));
        let (columns, names): (Vec<_>, Vec<_>) = own.unzip();
        let headers = left.iter().cloned().chain(names).collect();
        Self { headers, shape: Shape { width: left.len(), columns, shared: naming.shared } }
    }
}

/// Joined rows: a row of each side, or of one. Cells stay in the tables of both sides.
pub struct Joined {
    left: Arc<Side>,
    right: Arc<Side>,
    form: Arc<Form>,
    /// Of each joined row the rows of both sides, or [`NONE`].
    pairs: Vec<(u32, u32)>,
}

/// One of the tables that are joined.
pub(super) struct Side {
    table: Table,
    /// Where the rows are, since pairs name them in any order.
    places: Vec<Place>,
}

impl Side {
    /// Rows that are joined already are put together, so that a joined row has two parts at most.
    pub(super) fn of(table: &Table) -> Result<Self, Failure> {
        let table = table.by_itself()?;
        let places = table.places().collect();
        Ok(Self { table, places })
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    #[inline]
    fn row(&self, number: u32) -> Row<'_> {
        self.table.row_at(self.places[number as usize])
    }

    /// Bytes of the cells of a row.
    pub(super) fn width(&self, number: u32) -> usize {
        self.row(number).padded(self.table.headers().len()).map(<[u8]>::len).sum()
    }
}

/// The rows of a table that have a match, or have none.
pub(super) fn kept(table: &Table, group_of: &[u32], matched: bool) -> Table {
    let rows = group_of.iter().enumerate();
    table.pick(rows.filter(|(_, group)| (**group != NONE) == matched).map(|(row, _)| row as u32).collect())
}

impl Joined {
    /// Rows in the order of the side that was looked up, which is the right one for [`How::Right`], else the left one; within
    /// in that of the other side. MEMORY_LIMIT_EXCEEDED for more rows than a table holds; CANCELLED.
    pub(crate) fn of(
        left: &Table,
        right: &Table,
        matches: &Matches,
        how: How,
        naming: Naming,
        cancel: &Cancel,
    ) -> Result<Self, Failure> {
        if matches.pairs >= u64::from(u32::MAX) {
            return Err(too_many_rows());
        }
        let mut pairs = Vec::with_capacity(matches.pairs as usize);
        let keeps = how != How::Inner;
        for (row, &group) in matches.group_of.iter().enumerate() {
            if row % 4096 == 0 {
                cancel.check()?;
            }
            match group {
                NONE if keeps => pairs.push(how.pair(row as u32, NONE)),
                NONE => {}
                group => {
                    let members = matches.groups.members_of(group).iter();
                    pairs.extend(members.map(|&member| how.pair(row as u32, member)));
                }
            }
        }
        if how == How::Full {
            pairs.extend(matches.unmatched_indexed().map(|row| (NONE, row)));
        }
        let form = Form::of(left.headers(), naming);
        Ok(Self::paired(Arc::new(Side::of(left)?), Arc::new(Side::of(right)?), Arc::new(form), pairs))
    }

    /// These pairs of rows of the left and of the right side, of which either may be [`NONE`].
    pub(super) fn paired(left: Arc<Side>, right: Arc<Side>, form: Arc<Form>, pairs: Vec<(u32, u32)>) -> Self {
        Self { left, right, form, pairs }
    }

    /// How many rows there are.
    pub fn row_count(&self) -> usize {
        self.pairs.len()
    }

    pub(super) fn headers(&self) -> &Arc<[String]> {
        &self.form.headers
    }

    /// Whether some row lacks a side, so that it has fields without a value.
    pub(super) fn has_holes(&self) -> bool {
        self.pairs.iter().any(|&(left, right)| left == NONE || right == NONE)
    }

    /// A row.
    #[inline]
    pub(super) fn row(&self, number: usize) -> Row<'_> {
        let shape = &self.form.shape;
        match self.pairs[number] {
            (left, NONE) => self.left.row(left).without_right(shape),
            (NONE, right) => self.right.row(right).without_left(shape),
            (left, right) => self.left.row(left).beside(self.right.row(right), shape),
        }
    }

    /// Bytes beyond those of the tables that are joined.
    pub(super) fn own_bytes(&self) -> usize {
        let places = self.left.places.len() + self.right.places.len();
        self.pairs.len() * size_of::<(u32, u32)>() + places * size_of::<Place>()
    }
}
