//! One row of a table, and how its cells lie in memory; [`super::sheet`] says how.

use super::dictionary::Dictionary;

/// Where the cell without a value lies: within other bytes, so that no other empty slice has this address.
static AROUND_NO_VALUE: [u8; 2] = [0; 2];

/// A cell without a value, which reads as empty text: a field of the side that a joined row lacks.
#[inline]
pub(super) fn no_value() -> &'static [u8] {
    &AROUND_NO_VALUE[1..1]
}

/// Whether a cell has a value; empty text is one.
#[inline]
pub(super) fn has_value(cell: &[u8]) -> bool {
    !cell.is_empty() || !std::ptr::eq(cell.as_ptr(), no_value().as_ptr())
}

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

/// How the cells of two rows lie in a joined one.
pub(super) struct Shape {
    /// The width of the left side.
    pub(super) width: usize,
    /// The columns of the right side that are there, in their order.
    pub(super) columns: Vec<usize>,
    /// Of each column of the left side the one of the right side that is the same key.
    pub(super) shared: Vec<Option<usize>>,
}

#[derive(Clone, Copy)]
struct Beside<'a> {
    shape: &'a Shape,
    cells: &'a [u8],
    dictionary: &'a Dictionary,
    /// The column at which `cells` begin.
    at: usize,
    lacks: Option<Lacking>,
}

/// The side that a joined row does not have.
#[derive(Clone, Copy, PartialEq)]
enum Lacking {
    Left,
    Right,
}

impl<'a> Beside<'a> {
    fn cell(&self, number: usize) -> &'a [u8] {
        if self.lacks == Some(Lacking::Right) {
            return no_value();
        }
        Row::of(self.cells, self.dictionary).cell(self.shape.columns[number])
    }

    /// The cell of a left side that is not there: a key that is on the right as well, or no value.
    fn instead(&self, column: usize) -> &'a [u8] {
        let shared = self.shape.shared.get(column).copied().flatten();
        shared.map_or(no_value(), |column| Row::of(self.cells, self.dictionary).cell(column))
    }

    /// The cell that comes next, where cells are taken one after the other.
    fn next(&mut self, number: usize) -> Option<&'a [u8]> {
        let &column = self.shape.columns.get(number)?;
        if self.lacks == Some(Lacking::Right) {
            return Some(no_value());
        }
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

    /// This row and next to it another; neither of them a joined one.
    #[inline]
    pub(super) fn beside(self, right: Row<'a>, shape: &'a Shape) -> Self {
        self.joined(right.cells, right.dictionary, shape, None)
    }

    /// This row as the left side of a joined one that lacks the right side.
    pub(super) fn without_right(self, shape: &'a Shape) -> Self {
        self.joined(&[], self.dictionary, shape, Some(Lacking::Right))
    }

    /// This row as the right side of a joined one that lacks the left side.
    pub(super) fn without_left(self, shape: &'a Shape) -> Self {
        let left = Self { cells: &[], ..self };
        left.joined(self.cells, self.dictionary, shape, Some(Lacking::Left))
    }

    #[inline]
    fn joined(
        self,
        cells: &'a [u8],
        dictionary: &'a Dictionary,
        shape: &'a Shape,
        lacks: Option<Lacking>,
    ) -> Self {
        Self { beside: Some(Beside { shape, cells, dictionary, at: 0, lacks }), ..self }
    }

    /// The cell of a column; empty when the row is shorter.
    #[inline]
    pub(crate) fn cell(mut self, column: usize) -> &'a [u8] {
        if let Some(beside) = &self.beside {
            if column >= beside.shape.width {
                return beside.cell(column - beside.shape.width);
            }
            if beside.lacks == Some(Lacking::Left) {
                return beside.instead(column);
            }
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
        if given >= beside.shape.width {
            return beside.next(given - beside.shape.width);
        }
        if beside.lacks == Some(Lacking::Left) {
            return Some(beside.instead(given));
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
