//! From CSV text to a table, in one pass over a stream.
//!
//! * The first record names the columns, unless there are no headers: then they are `column1`, `column2` … An empty
//!   name becomes `column<n>` too; a name met again gets `_1`, `_2` …
//! * A row may be shorter than the headers (its missing cells are empty, and such rows are counted) or have empty cells beyond
//!   them. A surplus cell with text in it is refused, because dropping it would lose data without a word.
//! * The table may begin further down: the lines above it, such as a title, are passed over, empty ones among them.
//! * Text must be UTF-8; a byte order mark at its start is dropped.
//! * Quoted cells may hold delimiters, doubled quotes and line breaks. An empty line has nothing but blanks outside of quotes:
//!   a quoted cell makes a row, also when it is empty (`""`).

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::blocks::Blocks;
use super::pipeline::{in_order, threads_for};
use super::records::{EmptyLines, Records};
use super::sheet::{Segment, SheetBuilder, Table};
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// Columns a table may have; a row of a CSV file has no other bound.
pub(super) const MOST_COLUMNS: usize = 16_384;
/// Bytes that a thread reads at once.
pub(super) const BLOCK: usize = 1024 * 1024;

/// How the text is laid out.
#[derive(Clone)]
pub struct Layout {
    /// What separates cells; see [`delimiter_of`].
    pub delimiter: u8,
    /// Whether the first row names the columns.
    pub has_headers: bool,
    /// Whether lines without text are left out; otherwise each is a row of one empty cell.
    pub skip_empty_lines: bool,
    /// The row where the table begins, from 1; empty lines above it count.
    pub first_row: u32,
}

/// What separates cells, of its text. INVALID_PARAMETERS for what cannot.
pub fn delimiter_of(text: &str) -> Result<u8, Failure> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
        _ => Err(Code::InvalidParameters
            .because("The delimiter must be one ASCII character other than a quote or a line break")),
    }
}

impl Layout {
    /// Rows that are passed over before the table begins.
    fn rows_above(&self) -> u64 {
        u64::from(self.first_row.saturating_sub(1))
    }
}

/// Rows with fewer cells than there are columns.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ShortRows {
    /// How many there are.
    pub count: u64,
    /// The first of them, counted like the rows that messages name; 0 where no row is short.
    pub first: u64,
}

impl ShortRows {
    fn add(&mut self, row: u64) {
        if self.count == 0 {
            self.first = row;
        }
        self.count += 1;
    }

    /// Both, where the others come after so many rows.
    fn and(self, others: Self, rows: u64) -> Self {
        let first = if self.count == 0 && others.count > 0 { rows + others.first } else { self.first };
        Self { count: self.count + others.count, first }
    }
}

/// A quote that is opened and never closed, so that its cell has the rest of the text.
#[derive(Clone, Debug, PartialEq)]
pub struct UnclosedQuote {
    /// The name of the column; nothing for a cell of the headers.
    pub column: Option<String>,
    /// The first characters of the cell.
    pub begin: String,
    /// Line breaks in the cell, at least one: without any, no row was taken into it.
    pub breaks: u64,
}

impl UnclosedQuote {
    /// Characters of the cell that are shown.
    const SHOWN: usize = 40;

    /// That of the last record, if there is one.
    fn of(records: &Records<'_>, headers: Option<&[String]>) -> Option<Self> {
        let cell = String::from_utf8_lossy(records.unclosed()?);
        let breaks = cell.matches('\n').count() + cell.replace("\r\n", "").matches('\r').count();
        (breaks > 0).then(|| Self {
            column: headers.and_then(|headers| headers.get(records.width() - 1)).cloned(),
            begin: cell.chars().take(Self::SHOWN).collect(),
            breaks: breaks as u64,
        })
    }
}

/// What a text has that its author hardly meant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Doubts {
    /// Rows that lack cells.
    pub short: ShortRows,
    /// A quote that is never closed.
    pub unclosed: Option<UnclosedQuote>,
}

impl Doubts {
    /// Takes up those of a part that comes after so many rows.
    pub(super) fn add(&mut self, part: Self, rows: u64) {
        self.short = self.short.and(part.short, rows);
        self.unclosed = self.unclosed.take().or(part.unclosed);
    }
}

/// A table that was read, and what there is to say of its text.
pub struct TableRead {
    /// The rows.
    pub table: Table,
    /// Of the text.
    pub doubts: Doubts,
}

/// Opens a regular file, and tells its size in bytes.
pub(super) fn open(path: &Path) -> Result<(File, u64), Failure> {
    // Looked at before it is opened, because to open a pipe is to wait for whatever writes to it.
    if !fs::metadata(path)?.is_file() {
        return Err(Code::ExecutionFailed.because(format!("Path is not a file: {}", path.display())));
    }
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

/// Reads a regular file in pieces; its text is never in memory as a whole.
pub fn read_file(path: &Path, layout: &Layout, cancel: &Cancel) -> Result<TableRead, Failure> {
    let (file, size) = open(path)?;
    let mut blocks = Blocks::new(file, layout.delimiter, BLOCK, cancel);
    let read = read_blocks(&mut blocks, size, layout)?;
    if blocks.taken() < size {
        return Err(became_shorter());
    }
    Ok(read)
}

pub(super) fn became_shorter() -> Failure {
    Code::ExecutionFailed.because("The file became shorter while it was read")
}

/// Reads CSV text of about `size` bytes.
pub fn read(source: impl Read, size: usize, layout: &Layout, cancel: &Cancel) -> Result<TableRead, Failure> {
    read_blocks(&mut Blocks::new(source, layout.delimiter, BLOCK, cancel), size as u64, layout)
}

fn read_blocks<R: Read>(
    blocks: &mut Blocks<'_, R>,
    size: u64,
    layout: &Layout,
) -> Result<TableRead, Failure> {
    let Some((beginning, first)) = Beginning::of(blocks, layout)? else {
        return Ok(TableRead { table: Table::of(Arc::new([]), Vec::new())?, doubts: Doubts::default() });
    };
    let (mut first, mut rows, mut segments) = (Some(first), beginning.rows, Vec::new());
    let mut doubts = beginning.doubts();
    let next = || match first.take() {
        Some(first) => Ok(Some(first)),
        None => blocks.next(),
    };
    in_order(
        threads_for(size.div_ceil(BLOCK as u64)),
        next,
        |block: Vec<u8>| beginning.read(&block, None),
        |part| {
            segments.push(part.segment.map_err(|fault| fault.after(rows))?);
            doubts.add(part.doubts, rows);
            rows += part.rows;
            Ok(true)
        },
    )?;
    Ok(TableRead { table: Table::of(Arc::clone(&beginning.headers), segments)?, doubts })
}

/// What the first rows of a text say of all others.
pub(super) struct Beginning {
    pub(super) headers: Arc<[String]>,
    layout: Layout,
    /// Rows, also empty lines, up to and with the one that names the columns.
    pub(super) rows: u64,
    /// Of the row that names the columns.
    unclosed: Option<UnclosedQuote>,
}

/// The rows of a block of whole records.
pub(super) struct Part {
    pub(super) segment: Result<Segment, Fault>,
    /// How many they are with empty lines.
    pub(super) rows: u64,
    pub(super) doubts: Doubts,
}

impl Beginning {
    /// Reads the names of the columns, and answers with what is left of the first block; nothing for a text without rows.
    ///
    /// INVALID_PARAMETERS where the table is said to begin below the last row.
    pub(super) fn of<R: Read>(
        blocks: &mut Blocks<'_, R>,
        layout: &Layout,
    ) -> Result<Option<(Self, Vec<u8>)>, Failure> {
        let mut above = layout.rows_above();
        let mut rows = 0;
        while let Some(mut block) = blocks.next()? {
            if above > 0 {
                let passed = pass_over(&mut block, layout.delimiter, above);
                (above, rows) = (above - passed, rows + passed);
            }
            let mut records = records_of(&block, layout);
            while records.advance() {
                if layout.skip_empty_lines && records.is_empty_line() {
                    rows += 1;
                    continue;
                }
                check_text(&records)
                    .and_then(|()| check_width(&records))
                    .map_err(|fault| Fault { row: 1, ..fault }.after(rows))?;
                let headers: Arc<[String]> = if layout.has_headers {
                    column_names(records.cells()).into()
                } else {
                    (1..=records.width()).map(|n| format!("column{n}")).collect()
                };
                let unclosed = layout.has_headers.then(|| UnclosedQuote::of(&records, None)).flatten();
                if layout.has_headers {
                    rows += 1;
                    let end = records.position();
                    block.drain(..end);
                }
                // Without headers, empty lines before the first row are passed over again and must not count twice.
                let rows = if layout.has_headers { rows } else { layout.rows_above() };
                let layout = layout.clone();
                return Ok(Some((Self { headers, layout, rows, unclosed }, block)));
            }
        }
        if layout.first_row > 1 {
            let first = layout.first_row;
            return Err(Code::InvalidParameters.because(format!(
                "The table cannot begin in row {first}: nothing is there, and {rows} rows are above"
            )));
        }
        Ok(None)
    }

    /// What there is to say of the row that names the columns.
    pub(super) fn doubts(&self) -> Doubts {
        Doubts { unclosed: self.unclosed.clone(), ..Doubts::default() }
    }

    /// The rows of a block of whole records. Of the columns only those `wanted`, in their order, where some are named.
    pub(super) fn read(&self, block: &[u8], wanted: Option<&[usize]>) -> Part {
        let mut records = records_of(block, &self.layout);
        let (mut rows, mut short) = (0, ShortRows::default());
        let segment = self.read_records(&mut records, block, wanted, &mut rows, &mut short);
        let unclosed = UnclosedQuote::of(&records, Some(&self.headers));
        let doubts = Doubts { short, unclosed };
        Part { segment: segment.map_err(|fault| Fault { row: rows, ..fault }), rows, doubts }
    }

    fn read_records(
        &self,
        records: &mut Records<'_>,
        block: &[u8],
        wanted: Option<&[usize]>,
        row: &mut u64,
        short: &mut ShortRows,
    ) -> Result<Segment, Fault> {
        let is_text = std::str::from_utf8(block).is_ok();
        let width = self.headers.len();
        let headers = match wanted {
            Some(wanted) => wanted.iter().map(|&column| self.headers[column].clone()).collect(),
            None => Arc::clone(&self.headers),
        };
        let capacity = if wanted.is_some() { 0 } else { block.len() };
        let mut builder = SheetBuilder::new(headers, capacity)?;
        while records.advance() {
            *row += 1;
            if self.layout.skip_empty_lines && records.is_empty_line() {
                continue;
            }
            if !is_text {
                check_text(records)?;
            }
            if let Some(surplus) = (width..records.width()).find(|&cell| !records.cell(cell).is_empty()) {
                let cell = surplus + 1;
                return Err(Fault::of(format!(
                    " has text in cell {cell}, but there are only {width} columns"
                )));
            }
            // A line without text is no row that was cut short.
            if records.width() < width && !records.is_empty_line() {
                short.add(*row);
            }
            match wanted {
                Some(wanted) => {
                    let there_are = records.width();
                    builder.push(
                        wanted.iter().map(
                            |&column| {
                                if column < there_are { records.cell(column) } else { &[] }
                            },
                        ),
                    )?;
                }
                None => builder.push(records.cells().take(width))?,
            }
        }
        Ok(builder.segment())
    }
}

/// Why a row of a block cannot be read.
pub(super) struct Fault {
    /// The row within the block, from 1.
    row: u64,
    /// What there is to say of the row, or a failure that is no row's.
    why: Result<String, Failure>,
}

impl Fault {
    fn of(why: String) -> Self {
        Self { row: 0, why: Ok(why) }
    }

    /// The failure, where so many rows came before the block.
    pub(super) fn after(self, rows: u64) -> Failure {
        match self.why {
            Ok(why) => Code::DeserializationFailed.because(format!("Row {}{why}", rows + self.row)),
            Err(failure) => failure,
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self { row: 0, why: Err(failure) }
    }
}

fn records_of<'a>(block: &'a [u8], layout: &Layout) -> Records<'a> {
    let empty_lines = if layout.skip_empty_lines { EmptyLines::Skipped } else { EmptyLines::Kept };
    Records::new(block, layout.delimiter, empty_lines)
}

/// Takes lines from the start of a block, empty ones too, at most so many; how many there were.
fn pass_over(block: &mut Vec<u8>, delimiter: u8, most: u64) -> u64 {
    let mut records = Records::new(block, delimiter, EmptyLines::Kept);
    let mut passed = 0;
    while passed < most && records.advance() {
        passed += 1;
    }
    let end = records.position();
    block.drain(..end);
    passed
}

fn check_width(record: &Records<'_>) -> Result<(), Fault> {
    let found = record.width();
    if found > MOST_COLUMNS {
        return Err(Code::DeserializationFailed
            .because(format!("The first row has {found} cells; a table holds at most {MOST_COLUMNS} columns"))
            .into());
    }
    Ok(())
}

fn check_text(record: &Records<'_>) -> Result<(), Fault> {
    let is_text = |cell: &[u8]| std::str::from_utf8(cell).is_ok();
    match record.cells().position(|cell| !is_text(cell)) {
        None => Ok(()),
        Some(cell) => Err(Fault::of(format!(
            ", cell {} is not UTF-8 text; save the file as UTF-8 and read it again",
            cell + 1
        ))),
    }
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

/// The table of CSV text with headers, for tests.
#[cfg(test)]
pub(super) fn table_of(text: &str) -> Table {
    let layout = Layout { delimiter: b',', has_headers: true, skip_empty_lines: true, first_row: 1 };
    read(text.as_bytes(), text.len(), &layout, &Cancel::default()).unwrap().table
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Layout = Layout { delimiter: b',', has_headers: true, skip_empty_lines: true, first_row: 1 };

    fn rows(text: &str, layout: &Layout) -> (Vec<String>, Vec<Vec<String>>) {
        let table = read(text.as_bytes(), text.len(), layout, &Cancel::default()).unwrap().table;
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
    fn rows_with_fewer_cells_are_counted_wherever_the_text_is_cut_into_pieces() {
        let short = |text: &str, layout: &Layout| {
            let read = read(text.as_bytes(), text.len(), layout, &Cancel::default()).unwrap();
            (read.doubts.short.count, read.doubts.short.first)
        };
        assert_eq!(short("a,b\n1,2\n1\n1,2,\n\n \n1\n", &PLAIN), (2, 3));
        assert_eq!(short("a,b\n1,2\n", &PLAIN), (0, 0));
        assert_eq!(short("a,b\n\n1,2\n", &Layout { skip_empty_lines: false, ..PLAIN }), (0, 0));
        assert_eq!(short("1,2\n1\n", &Layout { has_headers: false, ..PLAIN }), (1, 2));
        let long = "12345678,12345678\n".repeat(200_000);
        assert_eq!(short(&format!("a,b\n{long}1\n{long}1\n"), &PLAIN), (2, 200_002));
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_with_its_cell() {
        let unclosed = |text: &str, layout: &Layout| {
            let read = read(text.as_bytes(), text.len(), layout, &Cancel::default()).unwrap();
            read.doubts.unclosed.map(|UnclosedQuote { column, begin, breaks }| (column, begin, breaks))
        };
        let of = |column: Option<&str>, begin: &str, breaks| {
            Some((column.map(str::to_owned), begin.to_owned(), breaks))
        };
        assert_eq!(unclosed("a,b\n1,\"x\r\ny\"\"\rz\n", &PLAIN), of(Some("b"), "x\r\ny\"\rz\n", 3));
        assert_eq!(unclosed("a,\"b\n1,2\n", &PLAIN), of(None, "b\n1,2\n", 2));
        assert_eq!(
            unclosed("1,\"b\n2", &Layout { has_headers: false, ..PLAIN }),
            of(Some("column2"), "b\n2", 1)
        );
        for closed in [
            "",
            "a,b\n",
            "a,b\n1,\"x\ny\"",
            "a,b\n\"x\ny\",1\n",
            "a\n5\" pipe\n",
            "a\n\"x",
            "a\n\"x\n\"\"\"\n",
        ] {
            assert_eq!(unclosed(closed, &PLAIN), None, "{closed}");
        }
        let long = "12345678,12345678\n".repeat(200_000);
        assert_eq!(unclosed(&format!("a,b\n{long}1,\"{long}"), &PLAIN).unwrap().2, 200_000);
    }

    #[test]
    fn a_table_begins_where_it_is_said_to() {
        let from = |first_row| Layout { first_row, ..PLAIN };
        let text = "\u{feff}Report,,\n\n\"made\nby hand\"\na,b\n1,2\n";
        assert_eq!(rows(text, &from(4)), (vec!["a".into(), "b".into()], vec![vec!["1".into(), "2".into()]]));
        assert_eq!(rows(text, &from(5)).0, ["1", "2"]);
        // The row of the headers may be an empty line, as where a title is set apart from them.
        assert_eq!(rows("t\n\na,b\n1,2\n", &from(2)).0, ["a", "b"]);
        let bare = Layout { has_headers: false, ..from(3) };
        assert_eq!(rows("t\n\n1,2\n3,4\n", &bare).1, [["1", "2"], ["3", "4"]]);
        let refusal = |text: &str, first| {
            read(text.as_bytes(), text.len(), &from(first), &Cancel::default()).err().unwrap().to_string()
        };
        assert_eq!(
            refusal("a\n1\n", 3),
            "[INVALID_PARAMETERS] The table cannot begin in row 3: nothing is there, and 2 rows are above"
        );
        assert!(refusal("", 2).contains("0 rows are above"));
        // Lines above count, quoted line breaks within them do not.
        assert!(refusal(text, 3).contains("Row 4 has text in cell 2"));
        // A fault names its row of the whole text.
        assert!(refusal("t\n\na,b\n1,2,3\n", 3).contains("Row 4 has text in cell 3"));
        // Lines above that are more than a block.
        let title = format!("{}\n", "x".repeat(BLOCK)).repeat(3);
        assert_eq!(rows(&format!("{title}a,b\n1,2\n"), &from(4)).1, [["1", "2"]]);
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
        let endless = || "a\n\"".as_bytes().chain(std::io::repeat(b'x'));
        let failure = read(endless(), 0, &PLAIN, &Cancel::default()).err().unwrap();
        assert_eq!(failure.code, Code::DeserializationFailed, "{failure}");
        let cancel = Cancel::default();
        cancel.fire();
        let failure = read(endless(), 0, &PLAIN, &cancel).err().unwrap();
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
        let cancel = Cancel::default();
        cancel.fire();
        let failure = read(text.as_bytes(), text.len(), &PLAIN, &cancel).err().unwrap();
        assert_eq!(failure.code, Code::Cancelled);
    }
}
