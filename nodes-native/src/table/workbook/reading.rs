//! One sheet of a workbook, to a table of text or to JSON records with types.
//!
//! * The first row that is read names the columns, by the rules of CSV (`reading.rs` beside this folder), from its first cell
//!   with something in it to its last; without headers they are `column1`, `column2` …
//! * A cell with something in it outside of these columns is refused, because to drop it would lose data without a word.
//! * XLSX and XLSB are read cell by cell; XLS and ODS, whose sheets are smaller, are in memory meanwhile.

use std::fmt::Display;
use std::fs;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

use calamine::{DataType, Ods, Reader, Xls, Xlsb, Xlsx};

use super::super::digits::has_lost_digits;
use super::super::reading::{MOST_COLUMNS, column_names};
use super::super::sheet::{SheetBuilder, Table};
use super::archive::{self, Kind};
use super::cell::CellValue;
use super::range::{CellRange, column_letters};
use super::xls;
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

const ROWS_BETWEEN_LOOKS: u32 = 1024;

/// Which cells to read, and as what.
#[derive(Default)]
pub struct SheetChoice {
    /// A sheet by its name; the first unless one is named.
    pub name: Option<String>,
    /// A sheet by its place, from 0.
    pub index: Option<u32>,
    /// The cells; all unless some are chosen.
    pub range: Option<CellRange>,
    /// Whether the first row names the columns.
    pub has_headers: bool,
    /// Whether rows without anything in them are left out.
    pub skip_empty_rows: bool,
    /// Whether numbers and booleans stay what they are.
    pub typed: bool,
}

/// What a sheet holds.
pub enum Content {
    /// Text cells, where no types were asked for.
    Text(Table),
    /// Values with their types.
    Records {
        /// The JSON text of an array of objects.
        text: String,
        /// The names of the columns.
        headers: Vec<String>,
        /// How many rows there are.
        rows: u32,
    },
}

/// A sheet that was read.
pub struct SheetRead {
    /// The rows.
    pub content: Content,
    /// The name of the sheet.
    pub name: String,
    /// The names of all sheets.
    pub all: Vec<String>,
    /// How many formulas have no result in the file, and the first of them.
    pub without_result: Option<(u32, String)>,
    /// How many cells hold whole numbers that a number does not keep, and where the first is.
    pub without_digits: Option<(u32, String)>,
}

/// Reads a sheet of a file.
pub fn read_file(path: &Path, choice: &SheetChoice, cancel: &Cancel) -> Result<SheetRead, Failure> {
    let facts = fs::metadata(path)?;
    if !facts.is_file() {
        return Err(Code::ExecutionFailed.because(format!("Path is not a file: {}", path.display())));
    }
    read(|| Ok(BufReader::new(fs::File::open(path)?)), choice, cancel)
}

/// Reads a sheet of a workbook that is in memory.
pub fn read_bytes(bytes: &[u8], choice: &SheetChoice, cancel: &Cancel) -> Result<SheetRead, Failure> {
    read(|| Ok(Cursor::new(bytes)), choice, cancel)
}

fn read<R: Read + Seek>(
    open: impl Fn() -> Result<R, Failure>,
    choice: &SheetChoice,
    cancel: &Cancel,
) -> Result<SheetRead, Failure> {
    let kind = archive::kind_of(open()?, cancel)?;
    let source = open()?;
    cancel.check()?;
    match kind {
        Kind::Xlsx => {
            let mut book = Xlsx::new(source).map_err(unreadable)?;
            let (all, name) = chosen(book.sheet_names(), choice)?;
            let mut rows = Rows::new(choice, cancel);
            let mut cells = book.worksheet_cells_reader(&name).map_err(unreadable)?;
            while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(unreadable)? {
                if cell.formula.is_some() && cell.value.is_empty() {
                    rows.lacks_result(cell.pos);
                }
                rows.cell(cell.pos, &cell.value)?;
            }
            rows.sheet(name, all)
        }
        Kind::Xlsb => {
            let mut book = Xlsb::new(source).map_err(unreadable)?;
            let (all, name) = chosen(book.sheet_names(), choice)?;
            let mut rows = Rows::new(choice, cancel);
            let mut cells = book.worksheet_cells_reader(&name).map_err(unreadable)?;
            while let Some(cell) = cells.next_cell().map_err(unreadable)? {
                rows.cell(cell.get_position(), cell.get_value())?;
            }
            rows.sheet(name, all)
        }
        Kind::Xls => read_whole(Xls::new(xls::sound(source)?).map_err(unreadable)?, choice, cancel),
        Kind::Ods => read_whole(Ods::new(source).map_err(unreadable)?, choice, cancel),
    }
}

/// Reads from a workbook whose sheets are in memory as a whole.
fn read_whole<R: Read + Seek, B: Reader<R, Error: Display>>(
    mut book: B,
    choice: &SheetChoice,
    cancel: &Cancel,
) -> Result<SheetRead, Failure> {
    let (all, name) = chosen(book.sheet_names(), choice)?;
    let range = book.worksheet_range(&name).map_err(unreadable)?;
    let mut rows = Rows::new(choice, cancel);
    let (top, left) = range.start().unwrap_or_default();
    for (row, column, data) in range.used_cells() {
        rows.cell((top + row as u32, left + column as u32), data)?;
    }
    rows.sheet(name, all)
}

/// All sheets, and the name of the one that is read: the first, unless one is chosen.
fn chosen(all: Vec<String>, choice: &SheetChoice) -> Result<(Vec<String>, String), Failure> {
    let found = match (&choice.name, choice.index) {
        (Some(name), _) => all.iter().find(|sheet| *sheet == name).ok_or_else(|| {
            let known = all.join(", ");
            Code::InvalidParameters.because(format!("Sheet \"{name}\" not found. Available sheets: {known}"))
        })?,
        (None, index) => all.get(index.unwrap_or(0) as usize).ok_or_else(|| {
            let (index, count) = (index.unwrap_or(0), all.len());
            Code::InvalidParameters
                .because(format!("Sheet index {index} out of range. Workbook has {count} sheets."))
        })?,
    };
    let found = found.clone();
    Ok((all, found))
}

fn unreadable(error: impl Display) -> Failure {
    Code::DeserializationFailed.because(format!("The workbook cannot be read: {error}"))
}

/// Counts a cell of a kind, and keeps where the first one is.
fn count(cells: &mut Option<(u32, String)>, row: u32, column: u32) {
    cells.get_or_insert_with(|| (0, format!("{}{}", column_letters(column), row + 1))).0 += 1;
}

/// Puts cells together to rows, and rows to what was asked for.
struct Rows<'a> {
    choice: &'a SheetChoice,
    cancel: &'a Cancel,
    content: Option<Columns>,
    /// The number of the row that is put together, and its cells with something in them, by their columns.
    row: u32,
    cells: Vec<(u32, CellValue)>,
    without_result: Option<(u32, String)>,
    without_digits: Option<(u32, String)>,
}

/// The columns that rows have, and the rows so far.
struct Columns {
    first: u32,
    headers: Vec<String>,
    rows: u32,
    output: Output,
}

enum Output {
    Text(SheetBuilder),
    Json(Vec<u8>),
}

impl<'a> Rows<'a> {
    fn new(choice: &'a SheetChoice, cancel: &'a Cancel) -> Self {
        let row = choice.range.map_or(0, |range| range.rows.0);
        Self {
            choice,
            cancel,
            content: None,
            row,
            cells: Vec::new(),
            without_result: None,
            without_digits: None,
        }
    }

    /// A formula whose result no program has written into the file: it reads as an empty cell.
    fn lacks_result(&mut self, (row, column): (u32, u32)) {
        if self.is_chosen(row, column) {
            count(&mut self.without_result, row, column);
        }
    }

    fn is_chosen(&self, row: u32, column: u32) -> bool {
        self.choice.range.is_none_or(|CellRange { rows, columns }| {
            (rows.0..=rows.1).contains(&row) && (columns.0..=columns.1).contains(&column)
        })
    }

    /// Takes the next cell; cells come row by row, each from left to right.
    fn cell(&mut self, (row, column): (u32, u32), data: &impl DataType) -> Result<(), Failure> {
        if !self.is_chosen(row, column) {
            return Ok(());
        }
        let value = CellValue::of(data);
        if matches!(&value, CellValue::Empty) || matches!(&value, CellValue::Text(text) if text.is_empty()) {
            return Ok(());
        }
        if row < self.row || self.cells.last().is_some_and(|(last, _)| column <= *last && row == self.row) {
            let at = format!("{}{}", column_letters(column), row + 1);
            return Err(unreadable(format!("its cells are not in order at {at}")));
        }
        if matches!(value, CellValue::Number(number) if has_lost_digits(number)) {
            count(&mut self.without_digits, row, column);
        }
        self.advance_to(row)?;
        self.cells.push((column, value));
        Ok(())
    }

    /// Ends the rows before this one.
    fn advance_to(&mut self, row: u32) -> Result<(), Failure> {
        while self.row < row {
            self.end_row()?;
            if self.choice.skip_empty_rows || self.content.is_none() {
                self.row = row;
            } else {
                self.row += 1;
            }
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), Failure> {
        if self.row.is_multiple_of(ROWS_BETWEEN_LOOKS) {
            self.cancel.check()?;
        }
        let cells = std::mem::take(&mut self.cells);
        match &mut self.content {
            Some(_) if cells.is_empty() && self.choice.skip_empty_rows => {}
            Some(columns) => columns.push(self.row, &cells)?,
            None if cells.is_empty() => {}
            None => {
                let mut columns = Columns::of(&cells, self.choice)?;
                if !self.choice.has_headers {
                    columns.push(self.row, &cells)?;
                }
                self.content = Some(columns);
            }
        }
        self.cells = cells;
        self.cells.clear();
        Ok(())
    }

    fn sheet(mut self, name: String, all: Vec<String>) -> Result<SheetRead, Failure> {
        self.end_row()?;
        let (without_result, without_digits) = (self.without_result.take(), self.without_digits.take());
        Ok(SheetRead { content: self.content()?, name, all, without_result, without_digits })
    }

    fn content(self) -> Result<Content, Failure> {
        let columns = match self.content {
            Some(columns) => columns,
            None => Columns::named(0, Vec::new(), self.choice.typed)?,
        };
        Ok(match columns.output {
            Output::Text(builder) => Content::Text(builder.finish()),
            Output::Json(mut text) => {
                text.extend_from_slice(if columns.rows == 0 { b"[]" } else { b"]" });
                let text = String::from_utf8(text).map_err(|error| unreadable(error.utf8_error()))?;
                Content::Records { text, headers: columns.headers, rows: columns.rows }
            }
        })
    }
}

impl Columns {
    /// The columns of the first row: those of a range, or from its first cell to its last.
    fn of(cells: &[(u32, CellValue)], choice: &SheetChoice) -> Result<Self, Failure> {
        let last = cells.last().map_or(0, |(column, _)| *column);
        let (first, last) = match choice.range {
            // Whole rows end where the first of them does.
            Some(CellRange { columns, .. }) if (columns.1 as usize) < MOST_COLUMNS - 1 => columns,
            _ => (cells.first().map_or(0, |(column, _)| *column), last),
        };
        let texts: Vec<String> = if choice.has_headers {
            spread(first, last, cells).map(|value| value.map(CellValue::text).unwrap_or_default()).collect()
        } else {
            vec![String::new(); (last - first + 1) as usize]
        };
        Self::named(first, column_names(texts.iter().map(String::as_bytes)), choice.typed)
    }

    fn named(first: u32, headers: Vec<String>, typed: bool) -> Result<Self, Failure> {
        let output = if typed {
            Output::Json(Vec::new())
        } else {
            Output::Text(SheetBuilder::new(headers.clone(), 0)?)
        };
        Ok(Self { first, headers, rows: 0, output })
    }

    fn push(&mut self, row: u32, cells: &[(u32, CellValue)]) -> Result<(), Failure> {
        let last = self.first + self.headers.len() as u32 - 1;
        if let Some((column, _)) = cells.iter().find(|(column, _)| !(self.first..=last).contains(column)) {
            let (at, from, to) = (column_letters(*column), column_letters(self.first), column_letters(last));
            let wider = if *column < self.first { format!("{at}:{to}") } else { format!("{from}:{at}") };
            return Err(Code::DeserializationFailed.because(format!(
                "Cell {at}{} has something in it, but the first row has columns {from} to {to} only; \
                 choose columns with `range`: {wider} takes it in, {from}:{to} leaves it out; where a title is above the headers, \
                 `firstRow` says in which row these are",
                row + 1
            )));
        }
        self.rows += 1;
        match &mut self.output {
            Output::Text(builder) => {
                let texts: Vec<String> = spread(self.first, last, cells)
                    .map(|value| value.map(CellValue::text).unwrap_or_default())
                    .collect();
                builder.push(texts.iter().map(String::as_bytes))
            }
            Output::Json(text) => {
                text.push(if self.rows == 1 { b'[' } else { b',' });
                let record: serde_json::Map<String, serde_json::Value> = self
                    .headers
                    .iter()
                    .cloned()
                    .zip(
                        spread(self.first, last, cells)
                            .map(|value| value.map_or(serde_json::Value::Null, CellValue::json)),
                    )
                    .collect();
                serde_json::to_writer(text, &record).map_err(unreadable)
            }
        }
    }
}

/// The cells of the columns `first..=last`, also those that are missing.
fn spread(first: u32, last: u32, cells: &[(u32, CellValue)]) -> impl Iterator<Item = Option<&CellValue>> {
    let mut cells = cells.iter().peekable();
    (first..=last).map(move |column| cells.next_if(|(at, _)| *at == column).map(|(_, value)| value))
}
