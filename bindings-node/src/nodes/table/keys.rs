//! Keys that rows have in some columns: cells that are equal byte for byte.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::sheet::Row;

/// Numbers keys in the order in which they are first seen. The hash has a seed of its own in each process.
#[derive(Default)]
pub(super) struct Keys {
    numbers: HashMap<Box<[u8]>, u32, RandomState>,
}

impl Keys {
    /// The number of a key, and whether it is new.
    #[inline]
    pub(super) fn enter(&mut self, key: &[u8]) -> (u32, bool) {
        if let Some(&number) = self.numbers.get(key) {
            return (number, false);
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(key.into(), number);
        (number, true)
    }

    /// The number of a key that was entered.
    #[inline]
    pub(super) fn find(&self, key: &[u8]) -> Option<u32> {
        self.numbers.get(key).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }
}

/// The key that a row has in these columns, which `buffer` may be used for.
#[inline]
pub(super) fn key_of<'a>(row: Row<'a>, columns: &[usize], buffer: &'a mut Vec<u8>) -> &'a [u8] {
    if let [column] = columns {
        return row.cell(*column);
    }
    buffer.clear();
    for &column in columns {
        let cell = row.cell(column);
        buffer.extend_from_slice(&(cell.len() as u64).to_le_bytes());
        buffer.extend_from_slice(cell);
    }
    buffer
}
