//! Which rows of two tables have equal keys: cells that are the same text. As `npm/nodes/src/types/join/matches.ts`.

use super::keys::{Keys, WITHOUT_VALUE, key_of};
use super::pipeline::{in_order, threads_for};
use super::row::{Row, has_value};
use super::sheet::Table;
use crate::cancel::Cancel;
use crate::failure::Failure;

/// Stands for a row without a match.
pub(crate) const NONE: u32 = u32::MAX;
/// Rows that a thread looks up at once.
const ROWS_AT_ONCE: usize = 32 * 1024;

/// The rows of a table in groups of equal keys.
pub(super) struct Groups {
    /// Of each row, or [`NONE`] where a key has no value.
    group_of: Vec<u32>,
    /// Where each group begins among the members; one more at the end.
    starts: Vec<u32>,
    members: Vec<u32>,
    /// Whether some key is empty text.
    pub(super) has_blank: bool,
}

impl Groups {
    /// Groups the rows of a table. INVALID_PARAMETERS for a key that is no column, CANCELLED.
    pub(super) fn of(table: &Table, keys: &[String], cancel: &Cancel) -> Result<(Self, Keys), Failure> {
        let (index, group_of, has_blank) = index(table, &columns(table, keys)?, cancel)?;
        let mut starts = vec![0_u32; index.len() + 1];
        let grouped = || group_of.iter().filter(|group| **group != NONE);
        grouped().for_each(|&group| starts[group as usize + 1] += 1);
        (0..index.len()).for_each(|group| starts[group + 1] += starts[group]);
        let (mut next, mut members) = (starts.clone(), vec![0; grouped().count()]);
        for (position, &group) in group_of.iter().enumerate().filter(|(_, group)| **group != NONE) {
            members[next[group as usize] as usize] = position as u32;
            next[group as usize] += 1;
        }
        Ok((Self { group_of, starts, members, has_blank }, index))
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The rows of a group.
    pub(super) fn members_of(&self, group: u32) -> &[u32] {
        let group = group as usize;
        &self.members[self.starts[group] as usize..self.starts[group + 1] as usize]
    }

    /// The rows whose groups are not among the matched ones.
    pub(super) fn unmatched<'a>(&'a self, is_matched: &'a [bool]) -> impl Iterator<Item = u32> + 'a {
        let groups = self.group_of.iter().enumerate();
        let unmatched = groups.filter(|(_, group)| **group == NONE || !is_matched[**group as usize]);
        unmatched.map(|(position, _)| position as u32)
    }
}

/// The rows of one table by the groups of equal keys in the other one.
pub(crate) struct Matches {
    /// Of each row that was looked up: its group, or [`NONE`].
    pub(super) group_of: Vec<u32>,
    /// Of the indexed table.
    pub(super) groups: Groups,
    is_matched: Vec<bool>,
    /// Pairs of equal keys.
    pub(crate) pairs: u64,
    /// Rows that were looked up and have no match.
    pub(crate) unmatched: u64,
    /// Whether some key is empty text, among the rows that were looked up and among the indexed.
    pub(crate) blanks: (bool, bool),
}

impl Matches {
    /// Indexes one table and looks the rows of another one up in it. INVALID_PARAMETERS for a key that is no column.
    pub(crate) fn of(
        (looked_up, keys): (&Table, &[String]),
        (indexed, indexed_keys): (&Table, &[String]),
        cancel: &Cancel,
    ) -> Result<Self, Failure> {
        let columns = columns(looked_up, keys)?;
        let (groups, index) = Groups::of(indexed, indexed_keys, cancel)?;
        let mut made = Self {
            group_of: Vec::with_capacity(looked_up.len()),
            is_matched: vec![false; groups.len()],
            pairs: 0,
            unmatched: 0,
            blanks: (false, groups.has_blank),
            groups,
        };
        let mut start = 0;
        in_order(
            threads_for(looked_up.len().div_ceil(ROWS_AT_ONCE) as u64),
            || {
                cancel.check()?;
                let slice = looked_up.slice(start, start + ROWS_AT_ONCE);
                start += slice.len();
                Ok((!slice.is_empty()).then_some(slice))
            },
            |slice| look_up(&slice, &columns, &index),
            |(groups, has_blank)| {
                made.take(&groups, has_blank);
                Ok(true)
            },
        )?;
        Ok(made)
    }

    fn take(&mut self, groups: &[u32], has_blank: bool) {
        for &group in groups {
            match group {
                NONE => self.unmatched += 1,
                group => {
                    self.is_matched[group as usize] = true;
                    self.pairs += self.groups.members_of(group).len() as u64;
                }
            }
        }
        self.group_of.extend_from_slice(groups);
        self.blanks.0 |= has_blank;
    }

    /// The indexed rows without a match.
    pub(crate) fn unmatched_indexed(&self) -> impl Iterator<Item = u32> {
        self.groups.unmatched(&self.is_matched)
    }

    /// The first rows without a match, at most so many: of those that were looked up, or of the indexed ones.
    pub(crate) fn without_match(&self, looked_up: bool, most: usize) -> Vec<u32> {
        if !looked_up {
            return self.unmatched_indexed().take(most).collect();
        }
        let groups = self.group_of.iter().enumerate();
        groups.filter(|(_, group)| **group == NONE).map(|(position, _)| position as u32).take(most).collect()
    }
}

fn columns(table: &Table, keys: &[String]) -> Result<Vec<usize>, Failure> {
    keys.iter().map(|key| table.column(key)).collect()
}

fn index(table: &Table, columns: &[usize], cancel: &Cancel) -> Result<(Keys, Vec<u32>, bool), Failure> {
    let (mut keys, mut buffer, mut has_blank) = (Keys::default(), Vec::new(), false);
    let mut groups = Vec::with_capacity(table.len());
    for (position, row) in table.rows().enumerate() {
        if position % 4096 == 0 {
            cancel.check()?;
        }
        let key = key_of(row, columns, &mut buffer);
        let (is_blank, is_open) = gaps(row, key, columns);
        has_blank |= is_blank;
        groups.push(if is_open { NONE } else { keys.enter(key).0 });
    }
    Ok((keys, groups, has_blank))
}

/// Whether some part of a row's key is empty text, and whether some part has no value, so that the key matches nothing.
#[inline]
fn gaps(row: Row<'_>, key: &[u8], columns: &[usize]) -> (bool, bool) {
    if columns.len() == 1 {
        return (key.is_empty(), key == WITHOUT_VALUE);
    }
    let cells = columns.iter().map(|&column| row.cell(column)).filter(|cell| cell.is_empty());
    cells.fold((false, false), |(is_blank, is_open), cell| {
        (is_blank || has_value(cell), is_open || !has_value(cell))
    })
}

/// Of each row of a table its group in an index, or [`NONE`], and whether some key is empty text.
pub(super) fn look_up(table: &Table, columns: &[usize], index: &Keys) -> (Vec<u32>, bool) {
    let (mut buffer, mut has_blank) = (Vec::new(), false);
    let groups = table
        .rows()
        .map(|row| {
            let key = key_of(row, columns, &mut buffer);
            let (is_blank, is_open) = gaps(row, key, columns);
            has_blank |= is_blank;
            if is_open { NONE } else { index.find(key).unwrap_or(NONE) }
        })
        .collect();
    (groups, has_blank)
}
