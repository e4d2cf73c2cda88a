//! Cells that come again are stored once.
//!
//! A cell enters the dictionary when its column shows it a second time, so that columns of distinct cells put nothing
//! in; and a column that hardly repeats is soon no longer looked at. That bounds both what a lookup costs and what the
//! dictionary holds.

use super::row::no_value;

/// Repeated cells by number.
#[derive(Default)]
pub(crate) struct Dictionary {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Dictionary {
    /// The cell of a number that a [`Repeats`] gave.
    #[inline]
    pub(crate) fn cell(&self, entry: usize) -> &[u8] {
        if entry == NO_VALUE {
            return no_value();
        }
        let start = if entry == 0 { 0 } else { self.ends[entry - 1] as usize };
        &self.bytes[start..self.ends[entry] as usize]
    }

    fn add(&mut self, cell: &[u8]) -> u32 {
        self.bytes.extend_from_slice(cell);
        self.ends.push(self.bytes.len() as u32);
        self.ends.len() as u32 - 1
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<u32>()
    }
}

/// Numbers of two varint bytes, together with the bit that tells them from lengths.
const MOST_ENTRIES: usize = 8192;
/// Stands for a cell without a value; beyond all entries.
pub(super) const NO_VALUE: usize = MOST_ENTRIES;
const LONGEST_CELL: usize = 64;
/// Each watched column takes 16 KiB while a table is read.
const MOST_COLUMNS: usize = 64;
const SLOT_BITS: u32 = 11;
const NOT_ENTERED: u32 = u32::MAX;
/// After this many looks, a column must have repeated itself in one of four to be watched on.
const PROBATION: u32 = 4096;

/// Finds repeated cells while a table is read.
pub(crate) struct Repeats {
    columns: Vec<Option<Column>>,
}

struct Column {
    slots: Vec<Slot>,
    looks: u32,
    hits: u32,
}

#[derive(Clone, Copy)]
struct Slot {
    hash: u32,
    entry: u32,
}

impl Repeats {
    pub(crate) fn new(columns: usize) -> Self {
        let column = || {
            Some(Column {
                slots: vec![Slot { hash: 0, entry: NOT_ENTERED }; 1 << SLOT_BITS],
                looks: 0,
                hits: 0,
            })
        };
        Self { columns: (0..columns.min(MOST_COLUMNS)).map(|_| column()).collect() }
    }

    /// The number under which a cell is in the dictionary, if it is; it is entered when it is seen again.
    #[inline]
    pub(crate) fn find(&mut self, dictionary: &mut Dictionary, column: usize, cell: &[u8]) -> Option<u32> {
        // An inline cell of one byte takes no more than a number.
        if cell.len() < 2 || cell.len() > LONGEST_CELL {
            return None;
        }
        let place = self.columns.get_mut(column)?;
        let watched = place.as_mut()?;
        watched.looks += 1;
        if watched.looks == PROBATION && watched.hits < PROBATION / 4 {
            *place = None;
            return None;
        }
        let hash = hash(cell);
        let slot = &mut watched.slots[(hash >> (u32::BITS - SLOT_BITS)) as usize];
        if slot.hash != hash {
            // A slot that holds an entry keeps it; otherwise two cells could go on entering each other's place.
            if slot.entry == NOT_ENTERED {
                slot.hash = hash;
            }
            return None;
        }
        if slot.entry == NOT_ENTERED {
            if dictionary.ends.len() == MOST_ENTRIES {
                return None;
            }
            slot.entry = dictionary.add(cell);
        } else if dictionary.cell(slot.entry as usize) != cell {
            return None;
        }
        watched.hits += 1;
        Some(slot.entry)
    }
}

/// Of the length and both ends of a cell of two bytes or more; equal cells are told apart from others by comparing.
#[inline]
fn hash(cell: &[u8]) -> u32 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let length = cell.len();
    let (first, last) = match (cell.first_chunk::<8>(), cell.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (cell.first_chunk::<4>(), cell.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
            }
            _ => (u64::from(cell[0]) | u64::from(cell[length / 2]) << 8, cell[length - 1].into()),
        },
    };
    let mut state = (first ^ length as u64).wrapping_mul(FACTOR);
    state = (state ^ state >> 32 ^ last).wrapping_mul(FACTOR);
    // A multiplication carries upwards only, so all of the cell counts in the highest bits alone.
    (state >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_entered_when_it_comes_again() {
        let (mut dictionary, mut repeats) = (Dictionary::default(), Repeats::new(1));
        assert_eq!(repeats.find(&mut dictionary, 0, b"north"), None);
        assert_eq!(repeats.find(&mut dictionary, 0, b"south"), None);
        assert_eq!(repeats.find(&mut dictionary, 0, b"north"), Some(0));
        assert_eq!(repeats.find(&mut dictionary, 0, b"south"), Some(1));
        assert_eq!(repeats.find(&mut dictionary, 0, b"north"), Some(0));
        assert_eq!(dictionary.cell(1), b"south");
    }

    #[test]
    fn distinct_cells_and_columns_beyond_the_watched_enter_nothing() {
        let (mut dictionary, mut repeats) = (Dictionary::default(), Repeats::new(MOST_COLUMNS + 1));
        for number in 0..10_000 {
            assert_eq!(repeats.find(&mut dictionary, 0, format!("cell {number}").as_bytes()), None);
            assert_eq!(repeats.find(&mut dictionary, MOST_COLUMNS, b"same"), None);
        }
        assert_eq!(dictionary.size(), 0);
    }

    #[test]
    fn the_dictionary_has_an_end() {
        let (mut dictionary, mut repeats) = (Dictionary::default(), Repeats::new(MOST_COLUMNS));
        for column in 0..MOST_COLUMNS {
            for number in 0..1000 {
                let cell = format!("{column} {number}");
                repeats.find(&mut dictionary, column, cell.as_bytes());
                repeats.find(&mut dictionary, column, cell.as_bytes());
            }
        }
        assert_eq!(dictionary.ends.len(), MOST_ENTRIES);
    }
}
