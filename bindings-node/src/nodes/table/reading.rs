//! From CSV text to a table, in one pass over a stream.
//!
//! * The first record names the columns, unless there are no headers: then they are `column1`, `column2` … An empty
//!   name becomes `column<n>` too; a name met again gets `_1`, `_2` …
//! * A row may be shorter than the headers (its missing cells are empty) or have empty cells beyond them. A surplus
//!   cell with text in it is refused, because dropping it would lose data without a word.
//! * Text must be UTF-8; a byte order mark at its start is dropped.
//! * Quoted cells may hold delimiters, doubled quotes and line breaks. An empty line has nothing but blanks outside of quotes:
//!   a quoted cell makes a row, also when it is empty (`""`).

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::super::failure::{Code, Failure};
use super::super::work::Cancel;
use super::records::Records;
use super::sheet::{SheetBuilder, Table};

const ROWS_BETWEEN_LOOKS: u64 = 1024;
/// Columns a table may have; a row of a CSV file has no other bound.
pub(super) const MOST_COLUMNS: usize = 16_384;
/// Bytes of a row. Without a bound, a quote that is never closed takes the rest of a file into one cell.
const LARGEST_ROW: usize = 128 * 1024 * 1024;

/// How the text is laid out.
#[derive(Clone)]
pub(crate) struct Layout {
    pub(crate) delimiter: u8,
    pub(crate) has_headers: bool,
    pub(crate) skip_empty_lines: bool,
}

/// Reads a regular file in pieces; it is never in memory as a whole.
pub(crate) fn read_file(path: &Path, layout: &Layout, cancel: &Cancel) -> Result<Table, Failure> {
    // Looked at before it is opened, because to open a pipe is to wait for whoever writes to it.
    let facts = fs::metadata(path)?;
    if !facts.is_file() {
        return Err(Code::ExecutionFailed.because(format!("Path is not a file: {}", path.display())));
    }
    let size = usize::try_from(facts.len()).unwrap_or(usize::MAX);
    let source = Watched::new(File::open(path)?, cancel);
    let table = read_watched(&source, size, layout)?;
    if source.taken.get() < size {
        return Err(Code::ExecutionFailed.because("The file became shorter while it was read"));
    }
    Ok(table)
}

/// Reads CSV text of about `size` bytes.
pub(crate) fn read(
    source: impl Read,
    size: usize,
    layout: &Layout,
    cancel: &Cancel,
) -> Result<Table, Failure> {
    read_watched(&Watched::new(source, cancel), size, layout)
}

fn read_watched<R: Read>(source: &Watched<'_, R>, size: usize, layout: &Layout) -> Result<Table, Failure> {
    if layout.skip_empty_lines {
        read_records(source, source, size, layout)
    } else {
        read_records(source, BlankLines::kept(source, layout.delimiter), size, layout)
    }
}

fn read_records<R>(
    watch: &Watched<'_, R>,
    source: impl Read,
    size: usize,
    layout: &Layout,
) -> Result<Table, Failure> {
    let mut records = Records::new(source, layout.delimiter);
    let mut builder: Option<SheetBuilder> = None;
    let mut number = 0_u64;
    while records.advance()? {
        number += 1;
        watch.row_begins();
        if number.is_multiple_of(ROWS_BETWEEN_LOOKS) {
            watch.cancel.check()?;
        }
        if layout.skip_empty_lines && records.is_empty_line() {
            continue;
        }
        check_text(&records, number)?;
        match &mut builder {
            Some(builder) => push(builder, &records, number)?,
            None => {
                check_width(&records)?;
                if layout.has_headers {
                    builder = Some(SheetBuilder::new(column_names(records.cells()), size)?);
                } else {
                    let names = (1..=records.width()).map(|n| format!("column{n}")).collect();
                    push(builder.insert(SheetBuilder::new(names, size)?), &records, number)?;
                }
            }
        }
    }
    match builder {
        Some(builder) => Ok(builder.finish()),
        None => Ok(SheetBuilder::new(Vec::new(), 0)?.finish()),
    }
}

fn push<R: Read>(builder: &mut SheetBuilder, record: &Records<R>, number: u64) -> Result<(), Failure> {
    let width = builder.width();
    if let Some(surplus) = record.cells().skip(width).position(|cell| !cell.is_empty()) {
        let cell = width + surplus + 1;
        return Err(Code::DeserializationFailed
            .because(format!("Row {number} has text in cell {cell}, but there are only {width} columns")));
    }
    builder.push(record.cells().take(width))
}

fn check_width<R: Read>(record: &Records<R>) -> Result<(), Failure> {
    let found = record.width();
    if found > MOST_COLUMNS {
        return Err(Code::DeserializationFailed.because(format!(
            "The first row has {found} cells; a table holds at most {MOST_COLUMNS} columns"
        )));
    }
    Ok(())
}

fn check_text<R: Read>(record: &Records<R>, number: u64) -> Result<(), Failure> {
    let is_text = |cell: &[u8]| std::str::from_utf8(cell).is_ok();
    if record.bytes().is_ascii() || record.cells().all(is_text) {
        return Ok(());
    }
    let cell = record.cells().position(|cell| !is_text(cell)).map_or(0, |cell| cell + 1);
    Err(Code::DeserializationFailed.because(format!(
        "Row {number}, cell {cell} is not UTF-8 text; save the file as UTF-8 and read it again"
    )))
}

/// Names of columns from the cells of a first row: none is empty, and all are distinct.
pub(super) fn column_names<'a>(cells: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::new();
    // How far each name has got, so that many columns of one name are not counted from 1 each.
    let mut repeats: HashMap<String, u32> = HashMap::new();
    let mut names = Vec::new();
    for (position, cell) in cells.enumerate() {
        let written = String::from_utf8_lossy(cell);
        let wanted =
            if written.trim().is_empty() { format!("column{}", position + 1) } else { written.into_owned() };
        let mut name = wanted.clone();
        while !taken.insert(name.clone()) {
            let again = repeats.entry(wanted.clone()).and_modify(|again| *again += 1).or_insert(1);
            name = format!("{wanted}_{again}");
        }
        names.push(name);
    }
    names
}

/// Text on its way in: stops when the token fires, or when a row has no end.
struct Watched<'a, R> {
    source: RefCell<R>,
    cancel: &'a Cancel,
    /// Bytes taken from the source.
    taken: Cell<usize>,
    /// As many as were taken when the row began.
    row_start: Cell<usize>,
}

impl<'a, R> Watched<'a, R> {
    fn new(source: R, cancel: &'a Cancel) -> Self {
        Self { source: RefCell::new(source), cancel, taken: Cell::new(0), row_start: Cell::new(0) }
    }

    fn row_begins(&self) {
        self.row_start.set(self.taken.get());
    }
}

impl<R: Read> Read for &Watched<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.cancel.check().map_err(io::Error::other)?;
        if self.taken.get() - self.row_start.get() > LARGEST_ROW {
            return Err(io::Error::other(Code::DeserializationFailed.because(format!(
                "A row takes more than {LARGEST_ROW} bytes; there may be a quote that is not closed"
            ))));
        }
        let length = self.source.borrow_mut().read(out)?;
        self.taken.set(self.taken.get() + length);
        Ok(length)
    }
}

/// Hands the text on with every empty line written as an empty quoted cell, because the CSV parser itself never
/// reports empty lines.
struct BlankLines<R> {
    source: R,
    delimiter: u8,
    chunk: Vec<u8>,
    ready: Vec<u8>,
    given: usize,
    at: Position,
}

#[derive(PartialEq, Clone, Copy)]
enum Position {
    /// At the start of the text; the bytes of a byte order mark leave it there.
    Start,
    Line,
    AfterReturn,
    Cell,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell: its end, unless another quote follows.
    Closed,
}

impl<R: Read> BlankLines<R> {
    fn kept(source: R, delimiter: u8) -> Self {
        Self {
            source,
            delimiter,
            chunk: vec![0; 64 * 1024],
            ready: Vec::new(),
            given: 0,
            at: Position::Start,
        }
    }

    fn take(&mut self, byte: u8) {
        if matches!(
            (self.at, byte),
            (Position::Start | Position::Line, b'\n' | b'\r') | (Position::AfterReturn, b'\r')
        ) {
            self.ready.extend_from_slice(b"\"\"");
        }
        self.at = match (self.at, byte) {
            (Position::Start, 0xef | 0xbb | 0xbf) => Position::Start,
            (Position::Quoted, b'"') => Position::Closed,
            (Position::Quoted, _) => Position::Quoted,
            (_, b'\r') => Position::AfterReturn,
            (_, b'\n') => Position::Line,
            (_, byte) if byte == self.delimiter => Position::Cell,
            // Within a cell that does not begin with one, a quote is text.
            (Position::Plain, b'"') => Position::Plain,
            (_, b'"') => Position::Quoted,
            _ => Position::Plain,
        };
        self.ready.push(byte);
    }
}

impl<R: Read> Read for BlankLines<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.ready.len() {
            self.ready.clear();
            self.given = 0;
            let length = self.source.read(&mut self.chunk)?;
            let chunk = std::mem::take(&mut self.chunk);
            chunk[..length].iter().for_each(|&byte| self.take(byte));
            self.chunk = chunk;
        }
        let length = out.len().min(self.ready.len() - self.given);
        out[..length].copy_from_slice(&self.ready[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Layout = Layout { delimiter: b',', has_headers: true, skip_empty_lines: true };

    fn rows(text: &str, layout: &Layout) -> (Vec<String>, Vec<Vec<String>>) {
        let table = read(text.as_bytes(), text.len(), layout, &Cancel::default()).unwrap();
        let width = table.headers().len();
        let text = |cell: &[u8]| String::from_utf8(cell.to_vec()).unwrap();
        (table.headers().to_vec(), table.rows().map(|row| row.padded(width).map(text).collect()).collect())
    }

    fn refusal(text: &[u8]) -> String {
        match read(text, text.len(), &PLAIN, &Cancel::default()) {
            Err(failure) => failure.to_string(),
            Ok(_) => panic!("was read"),
        }
    }

    #[test]
    fn quotes_line_breaks_and_a_byte_order_mark_are_understood() {
        let (headers, cells) = rows("\u{feff}a,b\r\n\"x, \"\"y\"\"\",\"1\n2\"\r\n\r\n,é\n", &PLAIN);
        assert_eq!(headers, ["a", "b"]);
        assert_eq!(cells, [["x, \"y\"", "1\n2"], ["", "é"]]);
    }

    #[test]
    fn empty_and_repeated_names_become_distinct() {
        let (headers, _) = rows("a,a,,a_1,a\n", &PLAIN);
        assert_eq!(headers, ["a", "a_1", "column3", "a_1_1", "a_2"]);
    }

    #[test]
    fn short_rows_are_filled_and_surplus_text_is_refused() {
        assert_eq!(rows("a,b\n1\n1,2,,\n", &PLAIN).1, [["1", ""], ["1", "2"]]);
        assert_eq!(
            refusal(b"a,b\n1,2\n1,2,,3\n"),
            "[DESERIALIZATION_FAILED] Row 3 has text in cell 4, but there are only 2 columns"
        );
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_by_row_and_cell() {
        assert!(refusal(b"a,b\n1,2\n1,\xff\n").contains("Row 3, cell 2 is not UTF-8"));
        assert!(refusal(b"a,b\n\xc3,\xa9\n").contains("Row 2, cell 1"));
    }

    #[test]
    fn empty_lines_are_rows_when_asked_for() {
        let layout = Layout { skip_empty_lines: false, ..PLAIN };
        let empty = || vec![String::new()];
        let one = |text: &str| vec![text.to_owned()];
        assert_eq!(
            rows("a\n\n1\n\n\n\"x\n\n\"\"\n\ny\"\n", &layout).1,
            [empty(), one("1"), empty(), empty(), one("x\n\n\"\n\ny")]
        );
        assert_eq!(rows("a\r\n\r\n1\r\n\r\n", &layout).1, [empty(), one("1"), empty()]);
        assert_eq!(rows("a\n\n1\n \n", &PLAIN).1, [one("1")]);
    }

    #[test]
    fn a_quoted_empty_cell_is_a_row_and_a_line_of_blanks_is_none() {
        let one = |text: &str| vec![text.to_owned()];
        let read = |text: &str| rows(text, &PLAIN).1;
        assert_eq!(read("a\n\"\"\n1\n\n\r\n \t \n\" \"\n\"\""), [one(""), one("1"), one(" "), one("")]);
        assert_eq!(read("a,b\r\n\r\n\"\"\r\n1,2\r\n"), [["", ""], ["1", "2"]]);
        assert_eq!(rows("\n\"\"\n1\n", &PLAIN), (vec!["column1".into()], vec![one("1")]));
    }

    #[test]
    fn a_quoted_cell_of_blanks_is_a_row_wherever_the_text_is_cut_into_pieces() {
        for before in (64 * 1024 - 8)..(64 * 1024 + 4) {
            for (line, expected) in [("\"\"", Some("")), ("\" \"", Some(" ")), ("", None), ("  ", None)] {
                let text = format!("a\n{}\n\"x\"\n{line}\n1\n", "y".repeat(before - 7));
                let cells: Vec<_> = rows(&text, &PLAIN).1.concat().into_iter().skip(2).collect();
                let wanted: Vec<_> = expected.into_iter().chain(["1"]).collect();
                assert_eq!(cells, wanted, "{line:?} after {before} bytes");
            }
        }
        // A row that is longer than a piece.
        let blanks = " ".repeat(200 * 1024);
        assert_eq!(rows(&format!("a\n\"{blanks}\"\n{blanks}\n1\n"), &PLAIN).1.concat(), [&blanks, "1"]);
    }

    #[test]
    fn a_quote_within_a_cell_does_not_hide_empty_lines() {
        let layout = Layout { skip_empty_lines: false, ..PLAIN };
        let cells = |text: &str| rows(text, &layout).1.concat();
        assert_eq!(cells("a\n5\" pipe\n\n6\n"), ["5\" pipe", "", "6"]);
        assert_eq!(cells("\u{feff}\"a\n\nb\"\n1\n\n\"x\"y\"\n\n"), ["1", "", "xy\"", ""]);
    }

    #[test]
    fn a_cell_without_an_end_is_refused_and_can_be_cancelled() {
        let endless = || "a\n\"".as_bytes().chain(io::repeat(b'x'));
        let failure = read(endless(), 0, &PLAIN, &Cancel::default()).err().unwrap();
        assert_eq!(failure.code, Code::DeserializationFailed, "{failure}");
        let token = super::super::super::work::CancelToken::new();
        token.cancel();
        let failure = read(endless(), 0, &PLAIN, &Cancel::of(Some(&token))).err().unwrap();
        assert_eq!(failure.code, Code::Cancelled, "{failure}");
    }

    #[test]
    fn many_columns_of_one_name_are_told_apart() {
        let (headers, _) = rows(&format!("{}\n", vec!["a"; MOST_COLUMNS].join(",")), &PLAIN);
        assert_eq!(headers[MOST_COLUMNS - 1], format!("a_{}", MOST_COLUMNS - 1));
    }

    #[test]
    fn without_headers_columns_are_numbered() {
        let layout = Layout { has_headers: false, delimiter: b'\t', ..PLAIN };
        assert_eq!(
            rows("1\t2\n3\t4", &layout),
            (
                vec!["column1".into(), "column2".into()],
                vec![vec!["1".into(), "2".into()], vec!["3".into(), "4".into()]]
            )
        );
        assert_eq!(rows("", &layout), (vec![], vec![]));
    }

    #[test]
    fn a_cancelled_read_stops() {
        let text = "a\n".repeat(5000);
        let token = super::super::super::work::CancelToken::new();
        token.cancel();
        let failure = read(text.as_bytes(), text.len(), &PLAIN, &Cancel::of(Some(&token))).err().unwrap();
        assert_eq!(failure.code, Code::Cancelled);
    }
}
