//! Records to a workbook of one sheet or several.
//!
//! Rows are written as they come and are not kept. Text stays text, and is never a formula; text that is how a number is
//! written becomes that number where that is asked for, so that a sheet can count with what came out of a CSV file.

use std::fs::File;
use std::path::Path;

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use serde::Deserialize;
use serde_json::Value;

use super::super::super::failure::{Code, Failure};
use super::super::super::work::Cancel;
use super::super::sheet::Table;
use super::cell::CellValue;
use super::range::column_letters;

const ROWS_BETWEEN_LOOKS: usize = 1024;
/// What a sheet takes, its headers included.
const MOST_ROWS: usize = 1_048_576;
const MOST_COLUMNS: usize = 16_384;
const LONGEST_TEXT: usize = 32_767;
/// Digits that a number in a sheet keeps.
const MOST_DIGITS: usize = 15;

/// A sheet with rows of values by columns, as JSON. A date is `{"date": days since 1899-12-30}`.
#[derive(Deserialize)]
pub(super) struct Records {
    name: String,
    headers: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Records {
    pub(super) fn from_json(text: &str) -> Result<Vec<Self>, Failure> {
        serde_json::from_str(text)
            .map_err(|error| Code::InvalidParameters.because(format!("The records cannot be read: {error}")))
    }
}

/// Writes a table; returns the size of the file in bytes. `numbers`: whether text that is how a number is written becomes
/// that number.
pub(super) fn write_table(
    table: &Table,
    path: &Path,
    name: &str,
    numbers: bool,
    cancel: &Cancel,
) -> Result<u64, Failure> {
    let width = table.headers().len();
    let mut workbook = Workbook::new();
    add(&mut workbook, name, numbers, table.headers(), table.len(), cancel, |sheet| {
        for (position, row) in table.rows().enumerate() {
            sheet.look(position)?;
            for (column, cell) in row.padded(width).enumerate() {
                sheet.text(position + 1, column, &String::from_utf8_lossy(cell))?;
            }
        }
        Ok(())
    })?;
    save(workbook, path, cancel)
}

/// Writes sheets of records, as [`write_table`] does.
pub(super) fn write_records(
    sheets: &[Records],
    path: &Path,
    numbers: bool,
    cancel: &Cancel,
) -> Result<u64, Failure> {
    let mut workbook = Workbook::new();
    for Records { name, headers, rows } in sheets {
        add(&mut workbook, name, numbers, headers, rows.len(), cancel, |sheet| {
            for (position, row) in rows.iter().enumerate() {
                sheet.look(position)?;
                for (column, value) in row.iter().enumerate() {
                    sheet.value(position + 1, column, value)?;
                }
            }
            Ok(())
        })?;
    }
    save(workbook, path, cancel)
}

fn add(
    workbook: &mut Workbook,
    name: &str,
    numbers: bool,
    headers: &[String],
    rows: usize,
    cancel: &Cancel,
    fill: impl FnOnce(&mut Sheet<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if rows >= MOST_ROWS || headers.len() > MOST_COLUMNS {
        let columns = headers.len();
        return Err(Code::InvalidParameters.because(format!(
            "A sheet takes {} rows below its headers and {MOST_COLUMNS} columns; these are {rows} rows and {columns} columns",
            MOST_ROWS - 1
        )));
    }
    let worksheet = workbook.add_worksheet_with_constant_memory().map_err(failed)?;
    worksheet.set_name(name).map_err(|error| Code::InvalidParameters.because(error.to_string()))?;
    let bold = Format::new().set_bold();
    for (column, header) in headers.iter().enumerate() {
        worksheet.write_string_with_format(0, column as u16, header, &bold).map_err(failed)?;
    }
    let mut sheet = Sheet {
        worksheet,
        numbers,
        headers,
        cancel,
        date: Format::new().set_num_format("yyyy-mm-dd"),
        time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
    };
    fill(&mut sheet)
}

fn save(mut workbook: Workbook, path: &Path, cancel: &Cancel) -> Result<u64, Failure> {
    cancel.check()?;
    workbook.save(path).map_err(failed)?;
    let file = File::open(path)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

fn failed(error: XlsxError) -> Failure {
    Code::ExecutionFailed.because(format!("The workbook cannot be written: {error}"))
}

/// A sheet that is being written.
struct Sheet<'a> {
    worksheet: &'a mut Worksheet,
    numbers: bool,
    headers: &'a [String],
    cancel: &'a Cancel,
    date: Format,
    time: Format,
}

impl Sheet<'_> {
    fn look(&self, position: usize) -> Result<(), Failure> {
        if position.is_multiple_of(ROWS_BETWEEN_LOOKS) { self.cancel.check() } else { Ok(()) }
    }

    fn text(&mut self, row: usize, column: usize, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        if let Some(number) = number_of(text).filter(|_| self.numbers) {
            return self.number(row, column, number);
        }
        // Counted as the sheet counts: in UTF-16.
        if text.len() > LONGEST_TEXT && text.encode_utf16().count() > LONGEST_TEXT {
            let (cell, field) =
                (format!("{}{}", column_letters(column as u32), row + 1), &self.headers[column]);
            return Err(Code::InvalidParameters.because(format!(
                "The text of \"{field}\" in row {row} (cell {cell}) is longer than the {LONGEST_TEXT} characters that a cell takes"
            )));
        }
        self.worksheet.write_string(row as u32, column as u16, text).map(drop).map_err(failed)
    }

    fn number(&mut self, row: usize, column: usize, number: f64) -> Result<(), Failure> {
        self.worksheet.write_number(row as u32, column as u16, number).map(drop).map_err(failed)
    }

    fn value(&mut self, row: usize, column: usize, value: &Value) -> Result<(), Failure> {
        match value {
            Value::Null => Ok(()),
            Value::Bool(value) => {
                self.worksheet.write_boolean(row as u32, column as u16, *value).map(drop).map_err(failed)
            }
            Value::Number(number) => self.number(row, column, number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => self.text(row, column, text),
            Value::Object(object) if object.len() == 1 && object.contains_key("date") => {
                let days = object["date"].as_f64().unwrap_or(f64::NAN);
                let format = if days.fract() == 0.0 { &self.date } else { &self.time };
                self.worksheet
                    .write_number_with_format(row as u32, column as u16, days, format)
                    .map(drop)
                    .map_err(failed)
            }
            other => self.text(row, column, &other.to_string()),
        }
    }
}

/// The number that a text spells exactly, so that nothing of it is lost: not `007`, not `1.50`, not one of more digits than
/// a sheet keeps.
fn number_of(text: &str) -> Option<f64> {
    let first = *text.as_bytes().first()?;
    if !(first.is_ascii_digit() || first == b'-')
        || text.bytes().filter(u8::is_ascii_digit).count() > MOST_DIGITS
    {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    (CellValue::Number(number).text() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_that_is_exactly_a_number_becomes_one() {
        for text in ["0", "5", "-2.5", "0.1", "123456789012345"] {
            assert!(number_of(text).is_some(), "{text}");
        }
        for text in [
            "",
            "-",
            "007",
            "1.50",
            "1e5",
            "+1",
            " 1",
            "1 ",
            "-0",
            ".5",
            "5.",
            "inf",
            "NaN",
            "1234567890123456",
            "0x10",
            "1,5",
        ] {
            assert!(number_of(text).is_none(), "{text}");
        }
    }
}
