//! CSV text taken apart into records of cells, one at a time.
//!
//! A quote opens a quoted cell only where the cell begins; within, two quotes are one. What follows a closing quote up to the next
//! delimiter belongs to the cell as it is. A cell whose quote is never closed goes on to the end of the text.

use memchr::memchr;

/// What is to be made of lines without text.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum EmptyLines {
    /// Lines with nothing on them are passed over; those of blanks are records, which [`Records::is_empty_line`] tells.
    Skipped,
    /// Each is a record of one empty cell.
    Kept,
}

/// Takes whole records out of text. The cells of a record are parts of the text, or of a buffer which the next record takes over.
pub(super) struct Records<'a> {
    text: &'a [u8],
    at: usize,
    delimiter: u8,
    delimiters: u64,
    empty_lines: EmptyLines,
    cells: Vec<Cell>,
    /// Quoted cells that are not written as they read.
    unquoted: Vec<u8>,
    quoted: bool,
    is_unclosed: bool,
}

#[derive(Clone, Copy)]
struct Cell {
    start: usize,
    end: usize,
    is_unquoted: bool,
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a [u8], delimiter: u8, empty_lines: EmptyLines) -> Self {
        Self {
            text,
            at: 0,
            delimiter,
            delimiters: repeated(delimiter),
            empty_lines,
            cells: Vec::new(),
            unquoted: Vec::new(),
            quoted: false,
            is_unclosed: false,
        }
    }

    /// Reads the next record; false at the end of the text.
    #[inline]
    pub(super) fn advance(&mut self) -> bool {
        if self.empty_lines == EmptyLines::Skipped {
            while self.at < self.text.len() && is_break(self.text[self.at]) {
                self.at += 1;
            }
        }
        if self.at == self.text.len() {
            return false;
        }
        self.cells.clear();
        self.unquoted.clear();
        self.quoted = false;
        loop {
            self.read_cell();
            match self.text.get(self.at) {
                Some(&byte) if byte == self.delimiter => self.at += 1,
                Some(b'\r') => {
                    self.at += 1 + usize::from(self.text.get(self.at + 1) == Some(&b'\n'));
                    return true;
                }
                Some(_) => {
                    self.at += 1;
                    return true;
                }
                None => return true,
            }
        }
    }

    /// Reads a cell and stops at what ends it.
    #[inline]
    fn read_cell(&mut self) {
        if self.text.get(self.at) == Some(&b'"') {
            return self.read_quoted();
        }
        let end = self.end_of_cell(self.at);
        self.cells.push(Cell { start: self.at, end, is_unquoted: false });
        self.at = end;
    }

    fn read_quoted(&mut self) {
        self.quoted = true;
        let text = self.text;
        let (mut from, begin) = (self.at + 1, self.unquoted.len());
        loop {
            let Some(quote) = memchr(b'"', &text[from..]).map(|found| from + found) else {
                self.at = text.len();
                self.is_unclosed = true;
                return self.push_quoted(begin, from, text.len());
            };
            if text.get(quote + 1) == Some(&b'"') {
                self.unquoted.extend_from_slice(&text[from..=quote]);
                from = quote + 2;
                continue;
            }
            self.at = self.end_of_cell(quote + 1);
            if self.at > quote + 1 {
                self.unquoted.extend_from_slice(&text[from..quote]);
                self.unquoted.extend_from_slice(&text[quote + 1..self.at]);
                self.cells.push(Cell { start: begin, end: self.unquoted.len(), is_unquoted: true });
                return;
            }
            return self.push_quoted(begin, from, quote);
        }
    }

    /// A cell that ends with this part of the text, behind what of it lies in the buffer from `begin` on.
    fn push_quoted(&mut self, begin: usize, start: usize, end: usize) {
        if self.unquoted.len() == begin {
            self.cells.push(Cell { start, end, is_unquoted: false });
        } else {
            self.unquoted.extend_from_slice(&self.text[start..end]);
            self.cells.push(Cell { start: begin, end: self.unquoted.len(), is_unquoted: true });
        }
    }

    /// Where the next delimiter or line break is, or the end of the text.
    #[inline]
    fn end_of_cell(&self, mut at: usize) -> usize {
        while let Some(word) = self.text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*word);
            let hits = zeros(word ^ self.delimiters) | zeros(word ^ LINE_FEEDS) | zeros(word ^ RETURNS);
            if hits != 0 {
                return at + (hits.trailing_zeros() / 8) as usize;
            }
            at += 8;
        }
        let rest = &self.text[at..];
        at + rest.iter().position(|&byte| byte == self.delimiter || is_break(byte)).unwrap_or(rest.len())
    }

    /// Whether the record is a line with nothing but blanks, outside of quotes.
    pub(super) fn is_empty_line(&self) -> bool {
        self.cells.len() == 1 && !self.quoted && self.cell(0).trim_ascii().is_empty()
    }

    /// The last cell of the last record, where its quote is never closed.
    pub(super) fn unclosed(&self) -> Option<&[u8]> {
        self.is_unclosed.then(|| self.cell(self.width() - 1))
    }

    /// Where in the text the record ended.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// How many cells the record has.
    pub(super) fn width(&self) -> usize {
        self.cells.len()
    }

    #[inline]
    pub(super) fn cell(&self, number: usize) -> &[u8] {
        let Cell { start, end, is_unquoted } = self.cells[number];
        if is_unquoted { &self.unquoted[start..end] } else { &self.text[start..end] }
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.cells.len()).map(|number| self.cell(number))
    }
}

/// Whether a byte ends a line.
#[inline]
pub(super) fn is_break(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

const LINE_FEEDS: u64 = repeated(b'\n');
const RETURNS: u64 = repeated(b'\r');

const fn repeated(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bit of each byte that is zero; the lowest of them is right, those above it may not be.
#[inline]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(repeated(1)) & !word & repeated(0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of the characters that matter, made from a seed.
    fn texts() -> impl Iterator<Item = Vec<u8>> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as usize
        };
        (0..20_000).map(move |_| (0..next() % 40).map(|_| b"a,\"\n\r b\",,\"\nxyzwvu"[next() % 18]).collect())
    }

    #[test]
    fn records_are_those_of_the_csv_crate() {
        for text in texts() {
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&text[..]);
            let expected: Vec<Vec<Vec<u8>>> = reader
                .byte_records()
                .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
                .collect();
            let mut records = Records::new(&text, b',', EmptyLines::Skipped);
            let mut found = Vec::new();
            while records.advance() {
                found.push(records.cells().map(<[u8]>::to_vec).collect::<Vec<_>>());
            }
            assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(&text));
        }
    }
}
