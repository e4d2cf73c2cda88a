//! One row of a table, and how its cells lie in memory; [`super::sheet`] says how.

use super::dictionary::Dictionary;

/// One row: its cells from left to right, without those missing at its end.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    cells: &'a [u8],
    dictionary: &'a Dictionary,
    /// Of a joined row what comes after the cells of its left side.
    beside: Option<Beside<'a>>,
    /// How many cells were given.
    given: usize,
}

#[derive(Clone, Copy)]
struct Beside<'a> {
    /// The width of the left side.
    width: usize,
    cells: &'a [u8],
    dictionary: &'a Dictionary,
    /// The columns of the right side that are there, in their order.
    columns: &'a [usize],
    /// The column at which `cells` begin.
    at: usize,
}

impl<'a> Beside<'a> {
    fn cell(&self, number: usize) -> &'a [u8] {
        Row::of(self.cells, self.dictionary).cell(self.columns[number])
    }

    /// The cell that comes next, where cells are taken one after the other.
    fn next(&mut self, number: usize) -> Option<&'a [u8]> {
        let &column = self.columns.get(number)?;
        let mut row = Row::of(self.cells, self.dictionary);
        let cell = (self.at..=column).map(|_| row.next_written().unwrap_or(&[])).last()?;
        (self.cells, self.at) = (row.cells, column + 1);
        Some(cell)
    }
}

impl<'a> Row<'a> {
    pub(super) fn of(cells: &'a [u8], dictionary: &'a Dictionary) -> Self {
        Self { cells, dictionary, beside: None, given: 0 }
    }

    /// This row, which has so many columns, and next to it those columns of another; neither of them a joined one.
    #[inline]
    pub(super) fn beside(self, width: usize, right: Row<'a>, columns: &'a [usize]) -> Self {
        let beside = Beside { width, cells: right.cells, dictionary: right.dictionary, columns, at: 0 };
        Self { beside: Some(beside), ..self }
    }

    /// The cell of a column; empty when the row is shorter.
    #[inline]
    pub(crate) fn cell(mut self, column: usize) -> &'a [u8] {
        if let Some(beside) = self.beside.take_if(|beside| column >= beside.width) {
            return beside.cell(column - beside.width);
        }
        for _ in 0..column {
            if self.cells.is_empty() {
                return &[];
            }
            let (code, start) = read_length(self.cells, 0);
            self.cells = &self.cells[if code & 1 == 1 { start } else { start + (code >> 1) }..];
        }
        self.next_written().unwrap_or(&[])
    }

    /// Exactly `width` cells, the missing ones empty.
    pub(crate) fn padded(self, width: usize) -> impl Iterator<Item = &'a [u8]> {
        self.chain(std::iter::repeat(&[][..])).take(width)
    }

    /// The next cell that lies in the row itself.
    #[inline]
    fn next_written(&mut self) -> Option<&'a [u8]> {
        if self.cells.is_empty() {
            return None;
        }
        let (code, start) = read_length(self.cells, 0);
        let rest = &self.cells[start..];
        if code & 1 == 1 {
            self.cells = rest;
            return Some(self.dictionary.cell(code >> 1));
        }
        let (cell, rest) = rest.split_at(code >> 1);
        self.cells = rest;
        Some(cell)
    }
}

impl<'a> Iterator for Row<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let Some(beside) = &mut self.beside else { return self.next_written() };
        let given = self.given;
        self.given += 1;
        if given >= beside.width {
            return beside.next(given - beside.width);
        }
        Some(self.next_written().unwrap_or(&[]))
    }
}

/// The length at an offset, and where it ends.
#[inline]
pub(super) fn read_length(bytes: &[u8], offset: usize) -> (usize, usize) {
    let first = bytes[offset];
    if first < 0x80 {
        return (first as usize, offset + 1);
    }
    let mut length = (first & 0x7f) as usize;
    let mut shift = 7;
    let mut next = offset + 1;
    loop {
        let byte = bytes[next];
        next += 1;
        length |= ((byte & 0x7f) as usize) << shift;
        if byte < 0x80 {
            return (length, next);
        }
        shift += 7;
    }
}

/// Writes a length as LEB128.
#[inline]
pub(super) fn write_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}
