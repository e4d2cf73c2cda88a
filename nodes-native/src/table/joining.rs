//! Joined rows: pairs of equal keys, and rows of one side without a match. As `npm/nodes/src/types/join/execute.ts`.

use std::sync::Arc;

use serde::Deserialize;

use super::matching::{Matches, NONE};
use super::row::Row;
use super::sheet::{Place, Table, too_many_rows};
use super::writing::write_string;
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

/// Joined rows: a row of each side, or of one. Cells stay in the tables of both sides.
pub struct Joined {
    left: Side,
    right: Side,
    headers: Arc<[String]>,
    /// The columns of the right side that are fields of their own.
    right_columns: Vec<usize>,
    shared: Vec<Option<usize>>,
    /// Of each joined row the rows of both sides, or [`NONE`].
    pairs: Vec<(u32, u32)>,
    /// Whether some joined row lacks one side.
    has_holes: bool,
}

struct Side {
    table: Table,
    /// Where the rows are, since pairs name them in any order.
    places: Vec<Place>,
}

impl Side {
    /// Rows that are joined already are put together, so that a joined row has two parts at most.
    fn of(table: &Table) -> Result<Self, Failure> {
        let table = table.by_itself()?;
        let places = table.places().collect();
        Ok(Self { table, places })
    }

    #[inline]
    fn row(&self, number: u32) -> Row<'_> {
        self.table.row_at(self.places[number as usize])
    }
}

/// The rows of the left side that have a match, or have none.
pub(crate) fn kept(left: &Table, matches: &Matches, matched: bool) -> Table {
    let rows = matches.group_of.iter().enumerate();
    left.pick(rows.filter(|(_, group)| (**group != NONE) == matched).map(|(row, _)| row as u32).collect())
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
        let pair = |looked_up: u32, indexed: u32| match how {
            How::Right => (indexed, looked_up),
            _ => (looked_up, indexed),
        };
        for (row, &group) in matches.group_of.iter().enumerate() {
            if row % 4096 == 0 {
                cancel.check()?;
            }
            match group {
                NONE if keeps => pairs.push(pair(row as u32, NONE)),
                NONE => {}
                group => {
                    pairs.extend(matches.members_of(group).iter().map(|&member| pair(row as u32, member)))
                }
            }
        }
        if how == How::Full {
            pairs.extend(matches.unmatched_indexed().map(|row| (NONE, row)));
        }
        let has_holes = pairs.len() as u64 > matches.pairs;
        let own = naming.right.iter().enumerate().filter_map(|(column, name)| Some((column, name.clone()?)));
        let (right_columns, names): (Vec<_>, Vec<_>) = own.unzip();
        let headers = left.headers().iter().cloned().chain(names).collect();
        let (left, right) = (Side::of(left)?, Side::of(right)?);
        Ok(Self { left, right, headers, right_columns, shared: naming.shared, pairs, has_holes })
    }

    /// How many rows there are.
    pub fn row_count(&self) -> usize {
        self.pairs.len()
    }

    pub(super) fn headers(&self) -> &Arc<[String]> {
        &self.headers
    }

    /// Whether some row lacks a side, so that it has fields without a value, which the cells of a table cannot say.
    pub(crate) fn has_holes(&self) -> bool {
        self.has_holes
    }

    /// A row, where none lacks a side.
    #[inline]
    pub(super) fn row(&self, number: usize) -> Row<'_> {
        let (one, other) = self.pairs[number];
        let width = self.left.table.headers().len();
        self.left.row(one).beside(width, self.right.row(other), &self.right_columns)
    }

    /// Bytes beyond those of the tables that are joined.
    pub(super) fn own_bytes(&self) -> usize {
        let places = self.left.places.len() + self.right.places.len();
        self.pairs.len() * size_of::<(u32, u32)>() + places * size_of::<Place>()
    }

    /// Rows from `start` on as the JSON text of an array of objects, and how many they are. No row begins beyond `bytes`.
    pub fn records_text(&self, start: usize, bytes: usize) -> Result<(String, usize), Failure> {
        let keys: Vec<Vec<u8>> = self
            .headers
            .iter()
            .map(|header| {
                let mut key = Vec::new();
                write_string(header.as_bytes(), &mut key);
                key
            })
            .collect();
        let (mut text, mut count) = (Vec::from(b"["), 0);
        for &(one, other) in self.pairs.get(start..).unwrap_or_default() {
            if count > 0 {
                if text.len() > bytes {
                    break;
                }
                text.push(b',');
            }
            text.push(b'{');
            for (column, (key, cell)) in keys.iter().zip(self.cells(one, other)).enumerate() {
                if column > 0 {
                    text.push(b',');
                }
                text.extend_from_slice(key);
                text.push(b':');
                match cell {
                    Some(cell) => write_string(cell, &mut text),
                    None => text.extend_from_slice(b"null"),
                }
            }
            text.push(b'}');
            count += 1;
        }
        text.push(b']');
        let text =
            String::from_utf8(text).map_err(|_| Code::ExecutionFailed.because("A cell is not UTF-8 text"))?;
        Ok((text, count))
    }

    /// The cells of a joined row; none where a side without a row would have one.
    fn cells(&self, one: u32, other: u32) -> impl Iterator<Item = Option<&[u8]>> {
        let left = (one != NONE).then(|| self.left.row(one));
        let right = (other != NONE).then(|| self.right.row(other));
        let of_left =
            self.shared.iter().enumerate().map(move |(column, shared)| match (left, right, shared) {
                (Some(left), ..) => Some(left.cell(column)),
                (None, Some(right), Some(shared)) => Some(right.cell(*shared)),
                _ => None,
            });
        of_left.chain(self.right_columns.iter().map(move |&column| right.map(|right| right.cell(column))))
    }
}
