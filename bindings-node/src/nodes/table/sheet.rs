//! How cells lie in memory.
//!
//! A sheet is one buffer of rows: each row is its length, then its cells; lengths are LEB128 varints. A cell is twice
//! its length and its bytes, or, if it is in the dictionary, twice its number there plus one. That is at most about as
//! large as the CSV text itself, since a length takes the place of a delimiter, and smaller the more cells repeat.
//! The start of every 64th row is indexed; rows between are reached by hopping over row lengths. Cells missing at the
//! end of a row take no space and read as empty.

use std::sync::Arc;

use super::super::failure::{Code, Failure};
use super::dictionary::{Dictionary, Repeats};

const ROWS_PER_BLOCK: u32 = 64;
/// The bytes that a varint of 64 bits takes at most.
const LONGEST_LENGTH: usize = 10;

/// Cells as they were read. Never changed after it is built, so that many tables can share it.
pub(crate) struct Sheet {
    headers: Vec<String>,
    bytes: Vec<u8>,
    dictionary: Dictionary,
    blocks: Vec<usize>,
    rows: u32,
}

impl Sheet {
    fn row_at(&self, offset: usize) -> (Row<'_>, usize) {
        let (length, start) = read_length(&self.bytes, offset);
        let end = start + length;
        (Row { cells: &self.bytes[start..end], dictionary: &self.dictionary }, end)
    }

    fn row(&self, number: u32) -> Row<'_> {
        let mut offset = self.blocks[(number / ROWS_PER_BLOCK) as usize];
        for _ in 0..number % ROWS_PER_BLOCK {
            let (length, start) = read_length(&self.bytes, offset);
            offset = start + length;
        }
        self.row_at(offset).0
    }
}

/// Builds a sheet row by row.
pub(crate) struct SheetBuilder {
    sheet: Sheet,
    repeats: Repeats,
}

impl SheetBuilder {
    /// `capacity` is the expected size of the text in bytes; the buffer is reserved once and never doubled.
    pub(crate) fn new(headers: Vec<String>, capacity: usize) -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        reserve(&mut bytes, capacity)?;
        let repeats = Repeats::new(headers.len());
        let sheet = Sheet { headers, bytes, dictionary: Dictionary::default(), blocks: Vec::new(), rows: 0 };
        Ok(Self { sheet, repeats })
    }

    /// How many columns the headers name.
    pub(crate) fn width(&self) -> usize {
        self.sheet.headers.len()
    }

    /// Adds a row of at most as many cells as there are columns.
    pub(crate) fn push<'a>(&mut self, cells: impl Iterator<Item = &'a [u8]>) -> Result<(), Failure> {
        let sheet = &mut self.sheet;
        if sheet.rows == u32::MAX {
            return Err(Code::MemoryLimitExceeded.because("A table holds at most 4294967295 rows"));
        }
        if sheet.rows.is_multiple_of(ROWS_PER_BLOCK) {
            sheet.blocks.push(sheet.bytes.len());
        }
        let start = sheet.bytes.len();
        make_room(&mut sheet.bytes, LONGEST_LENGTH)?;
        sheet.bytes.push(0);
        for (column, cell) in cells.enumerate() {
            make_room(&mut sheet.bytes, cell.len() + 2 * LONGEST_LENGTH)?;
            match self.repeats.find(&mut sheet.dictionary, column, cell) {
                Some(entry) => write_length(&mut sheet.bytes, (entry as usize) << 1 | 1),
                None => {
                    write_length(&mut sheet.bytes, cell.len() << 1);
                    sheet.bytes.extend_from_slice(cell);
                }
            }
        }
        let length = sheet.bytes.len() - start - 1;
        if length < 0x80 {
            sheet.bytes[start] = length as u8;
        } else {
            let mut prefix = Vec::with_capacity(LONGEST_LENGTH);
            write_length(&mut prefix, length);
            sheet.bytes.splice(start..=start, prefix);
        }
        sheet.rows += 1;
        Ok(())
    }

    /// The finished table over all rows.
    pub(crate) fn finish(mut self) -> Table {
        self.sheet.bytes.shrink_to_fit();
        let rows = self.sheet.rows;
        Table { sheet: Arc::new(self.sheet), selection: Selection::Range(0, rows) }
    }
}

/// Rows of a sheet, in an order. Cloning is cheap: sheet and selection are shared.
#[derive(Clone)]
pub(crate) struct Table {
    sheet: Arc<Sheet>,
    selection: Selection,
}

#[derive(Clone)]
enum Selection {
    /// Rows from the first number up to, not including, the second, in the order of the sheet.
    Range(u32, u32),
    /// Rows by number, in any order.
    Picked(Arc<[u32]>),
}

impl Table {
    pub(crate) fn headers(&self) -> &[String] {
        &self.sheet.headers
    }

    pub(crate) fn len(&self) -> usize {
        match &self.selection {
            Selection::Range(start, end) => (end - start) as usize,
            Selection::Picked(rows) => rows.len(),
        }
    }

    /// The column of that name; INVALID_PARAMETERS, naming the columns there are, when there is none.
    pub(crate) fn column(&self, name: &str) -> Result<usize, Failure> {
        self.headers().iter().position(|header| header == name).ok_or_else(|| {
            let known =
                self.headers().iter().map(|header| format!("\"{header}\"")).collect::<Vec<_>>().join(", ");
            Code::InvalidParameters
                .because(format!("Field \"{name}\" is not a column; the columns are {known}"))
        })
    }

    /// The rows in order.
    pub(crate) fn rows(&self) -> Rows<'_> {
        self.rows_from(0)
    }

    /// The rows in order from a position on.
    pub(crate) fn rows_from(&self, position: usize) -> Rows<'_> {
        Rows { table: self, position, next: None }
    }

    /// The same sheet, showing the rows at these positions of this table.
    pub(crate) fn pick(&self, positions: Vec<u32>) -> Table {
        let rows = match &self.selection {
            Selection::Range(0, _) => positions,
            Selection::Range(start, _) => positions.into_iter().map(|position| start + position).collect(),
            Selection::Picked(rows) => {
                positions.into_iter().map(|position| rows[position as usize]).collect()
            }
        };
        Table { sheet: Arc::clone(&self.sheet), selection: Selection::Picked(rows.into()) }
    }

    /// The rows at positions `start..end`, both cut to the length of the table.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Table {
        let end = end.min(self.len());
        let start = start.min(end);
        let selection = match &self.selection {
            Selection::Range(first, _) => Selection::Range(first + start as u32, first + end as u32),
            Selection::Picked(rows) => Selection::Picked(rows[start..end].into()),
        };
        Table { sheet: Arc::clone(&self.sheet), selection }
    }

    /// Bytes that this table keeps alive beyond those of the table it was made from; all of them for one just read.
    pub(crate) fn own_bytes(&self) -> usize {
        match &self.selection {
            Selection::Range(0, rows) if *rows == self.sheet.rows => {
                self.sheet.bytes.len() + self.sheet.dictionary.size()
            }
            Selection::Range(..) => 0,
            Selection::Picked(rows) => rows.len() * size_of::<u32>(),
        }
    }
}

/// Walks the rows of a table; neighbouring rows of a sheet are reached without going through the index.
pub(crate) struct Rows<'a> {
    table: &'a Table,
    position: usize,
    /// Row number and offset that follow the row given last.
    next: Option<(u32, usize)>,
}

impl<'a> Iterator for Rows<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        if self.position >= self.table.len() {
            return None;
        }
        let number = match &self.table.selection {
            Selection::Range(start, _) => start + self.position as u32,
            Selection::Picked(rows) => rows[self.position],
        };
        self.position += 1;
        let sheet = &*self.table.sheet;
        let offset = match self.next {
            Some((row, offset)) if row == number => offset,
            Some((row, offset)) if row < number && number - row < number % ROWS_PER_BLOCK => (row..number)
                .fold(offset, |offset, _| {
                    let (length, start) = read_length(&sheet.bytes, offset);
                    start + length
                }),
            _ => {
                let cells = sheet.row(number).cells;
                let end = cells.as_ptr() as usize - sheet.bytes.as_ptr() as usize + cells.len();
                self.next = Some((number + 1, end));
                return Some(Row { cells, dictionary: &sheet.dictionary });
            }
        };
        let (row, end) = sheet.row_at(offset);
        self.next = Some((number + 1, end));
        Some(row)
    }
}

/// One row: its cells from left to right, without those missing at its end.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    cells: &'a [u8],
    dictionary: &'a Dictionary,
}

impl<'a> Row<'a> {
    /// The cell of a column; empty when the row is shorter.
    pub(crate) fn cell(mut self, column: usize) -> &'a [u8] {
        for _ in 0..column {
            if self.cells.is_empty() {
                return &[];
            }
            let (code, start) = read_length(self.cells, 0);
            self.cells = &self.cells[if code & 1 == 1 { start } else { start + (code >> 1) }..];
        }
        self.next().unwrap_or(&[])
    }

    /// Exactly `width` cells, the missing ones empty.
    pub(crate) fn padded(self, width: usize) -> impl Iterator<Item = &'a [u8]> {
        self.chain(std::iter::repeat(&[][..])).take(width)
    }
}

impl<'a> Iterator for Row<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
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

/// Grows in steps of an eighth, so that the buffer is never doubled.
#[inline]
fn make_room(bytes: &mut Vec<u8>, needed: usize) -> Result<(), Failure> {
    if bytes.capacity() - bytes.len() < needed {
        let step = (bytes.capacity() / 8).max(64 * 1024).max(needed);
        reserve(bytes, step)?;
    }
    Ok(())
}

fn reserve(bytes: &mut Vec<u8>, additional: usize) -> Result<(), Failure> {
    bytes.try_reserve_exact(additional).map_err(|_| {
        Code::MemoryLimitExceeded.because(format!("No memory for a table of {additional} more bytes"))
    })
}

#[inline]
fn read_length(bytes: &[u8], offset: usize) -> (usize, usize) {
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

#[inline]
fn write_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(rows: u32) -> Table {
        let mut builder = SheetBuilder::new(vec!["n".into(), "text".into()], 16).unwrap();
        for number in 0..rows {
            let (n, text) = (number.to_string(), "x".repeat((number % 300) as usize));
            builder.push([n.as_bytes(), text.as_bytes()].into_iter()).unwrap();
        }
        builder.finish()
    }

    fn first_cells(table: &Table) -> Vec<u32> {
        table.rows().map(|row| std::str::from_utf8(row.cell(0)).unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn a_scan_and_an_arbitrary_order_see_the_same_rows() {
        let table = numbered(1000);
        assert_eq!(first_cells(&table), (0..1000).collect::<Vec<_>>());
        let order: Vec<u32> = (0..1000).map(|n| (n * 617) % 1000).collect();
        assert_eq!(first_cells(&table.pick(order.clone())), order);
        let sparse: Vec<u32> = (0..1000).step_by(7).collect();
        assert_eq!(first_cells(&table.pick(sparse.clone())), sparse);
        assert_eq!(table.rows_from(299).next().unwrap().cell(1).len(), 299);
    }

    #[test]
    fn slices_of_picks_of_slices_keep_their_order() {
        let table = numbered(200).slice(100, 500);
        assert_eq!(table.len(), 100);
        let picked = table.pick(vec![9, 3, 70]);
        assert_eq!(first_cells(&picked), [109, 103, 170]);
        assert_eq!(first_cells(&picked.slice(1, 2)), [103]);
        assert_eq!(first_cells(&picked.pick(vec![2, 0])), [170, 109]);
    }

    #[test]
    fn a_short_row_reads_as_empty_cells() {
        let mut builder = SheetBuilder::new(vec!["a".into(), "b".into(), "c".into()], 0).unwrap();
        builder.push([&b"1"[..]].into_iter()).unwrap();
        let table = builder.finish();
        let row = table.rows().next().unwrap();
        assert_eq!(row.cell(2), b"");
        assert_eq!(row.padded(3).collect::<Vec<_>>(), [&b"1"[..], b"", b""]);
    }
}
