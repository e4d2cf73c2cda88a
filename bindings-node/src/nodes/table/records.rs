//! CSV text taken apart into records of cells, one at a time.
//!
//! A line is empty when there is nothing on it, or only blanks outside of quotes. The parser never reports the former; a line
//! of the latter kind and one quoted cell of blanks look alike in what it hands out, so that the text itself is looked at.

use std::io::{self, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

const PIECE: usize = 64 * 1024;

/// Reads records from a stream in pieces. All cells of a record share one buffer, which the next record takes over.
pub(crate) struct Records<R> {
    source: R,
    parser: Reader,
    piece: Vec<u8>,
    /// The part of the piece that is yet to be parsed.
    begin: usize,
    end: usize,
    cells: Vec<u8>,
    ends: Vec<usize>,
    width: usize,
    is_empty_line: bool,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(source: R, delimiter: u8) -> Self {
        Self {
            source,
            parser: ReaderBuilder::new().delimiter(delimiter).build(),
            piece: vec![0; PIECE],
            begin: 0,
            end: 0,
            cells: vec![0; 1024],
            ends: vec![0; 64],
            width: 0,
            is_empty_line: false,
        }
    }

    /// Reads the next record; false at the end of the text.
    pub(crate) fn advance(&mut self) -> io::Result<bool> {
        let (mut filled, mut width) = (0, 0);
        // Whether a part of this record that lay in an earlier piece has a quote.
        let mut quoted = false;
        let mut start = self.begin;
        loop {
            if self.begin == self.end {
                quoted |= self.piece[start..self.end].contains(&b'"');
                (start, self.begin, self.end) = (0, 0, self.fill()?);
            }
            let (result, taken, written, ended) = self.parser.read_record(
                &self.piece[self.begin..self.end],
                &mut self.cells[filled..],
                &mut self.ends[width..],
            );
            self.begin += taken;
            filled += written;
            width += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.cells.resize(self.cells.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    self.width = width;
                    self.is_empty_line = width == 1
                        && self.bytes().trim_ascii().is_empty()
                        && !(quoted || self.piece[start..self.begin].contains(&b'"'));
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        loop {
            match self.source.read(&mut self.piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// Whether the record is an empty line.
    pub(crate) fn is_empty_line(&self) -> bool {
        self.is_empty_line
    }

    /// How many cells the record has.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// All cells of the record one after the other.
    pub(crate) fn bytes(&self) -> &[u8] {
        let end = self.width.checked_sub(1).map_or(0, |last| self.ends[last]);
        &self.cells[..end]
    }

    pub(crate) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends[..self.width].iter().map(move |&end| {
            let cell = &self.cells[start..end];
            start = end;
            cell
        })
    }
}
