//! Keys that rows have in some columns: cells that are equal byte for byte.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::row::{Row, has_value};

/// The key of a cell without a value alone: bytes that no text has.
pub(super) const WITHOUT_VALUE: &[u8] = b"\xff";

/// Numbers keys in the order in which they are first seen. They lie in one buffer, so that little memory is looked at to find
/// one. The hash has a seed of its own in each process.
#[derive(Default)]
pub(super) struct Keys {
    numbers: HashTable<u32>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    state: RandomState,
}

impl Keys {
    /// The number of a key, and whether it is new.
    #[inline]
    pub(super) fn enter(&mut self, key: &[u8]) -> (u32, bool) {
        let hash = self.state.hash_one(key);
        let (bytes, ends) = (&self.bytes, &self.ends);
        if let Some(&number) = self.numbers.find(hash, |&number| cut(bytes, ends, number) == key) {
            return (number, false);
        }
        let number = self.ends.len() as u32;
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
        let (bytes, ends, state) = (&self.bytes, &self.ends, &self.state);
        self.numbers.insert_unique(hash, number, |&number| state.hash_one(cut(bytes, ends, number)));
        (number, true)
    }

    /// The number of a key that was entered.
    #[inline]
    pub(super) fn find(&self, key: &[u8]) -> Option<u32> {
        let hash = self.state.hash_one(key);
        self.numbers.find(hash, |&number| self.key(number) == key).copied()
    }

    /// The key of a number.
    #[inline]
    pub(super) fn key(&self, number: u32) -> &[u8] {
        cut(&self.bytes, &self.ends, number)
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all keys.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }
}

#[inline]
fn cut<'a>(bytes: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &bytes[start..ends[number]]
}

/// The key that a row has in these columns, which `buffer` may be used for.
#[inline]
pub(super) fn key_of<'a>(row: Row<'a>, columns: &[usize], buffer: &'a mut Vec<u8>) -> &'a [u8] {
    if let [column] = columns {
        let cell = row.cell(*column);
        return if has_value(cell) { cell } else { WITHOUT_VALUE };
    }
    buffer.clear();
    for &column in columns {
        let cell = row.cell(column);
        let length = if has_value(cell) { cell.len() as u64 } else { u64::MAX };
        buffer.extend_from_slice(&length.to_le_bytes());
        buffer.extend_from_slice(cell);
    }
    buffer
}
