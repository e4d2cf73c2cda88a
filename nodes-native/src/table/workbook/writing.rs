//! Records to a workbook of one sheet or several.
//!
//! Rows are written as they come and are not kept. Text stays text, and is never a formula; a column of text that spells numbers
//! or dates becomes such where that is asked for, so that a sheet can count with what came out of a CSV file, and sort it.

use std::fs::File;
use std::path::Path;

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use serde::Deserialize;
use serde_json::Value;

use super::super::sheet::Table;
use super::date_column::{self, Precision};
use super::number_column::{self, MOST_DIGITS};
use super::range::column_letters;
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

const ROWS_BETWEEN_LOOKS: usize = 1024;
/// What a sheet takes, its headers included.
const MOST_ROWS: usize = 1_048_576;
const MOST_COLUMNS: usize = 16_384;
const LONGEST_TEXT: usize = 32_767;
/// How dates are shown, by their precision.
const DATE_FORMATS: [&str; 3] = ["yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd hh:mm:ss.000"];

/// A sheet with rows of values by columns, as JSON. A date is `{"date": days since 1899-12-30}`.
#[derive(Deserialize)]
pub struct Records {
    name: String,
    headers: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Records {
    /// Reads the JSON text of a list of sheets. INVALID_PARAMETERS.
    pub fn from_json(text: &str) -> Result<Vec<Self>, Failure> {
        serde_json::from_str(text)
            .map_err(|error| Code::InvalidParameters.because(format!("The records cannot be read: {error}")))
    }
}

/// Writes a table; returns the size of the file in bytes. `typed`: whether columns of text that spells numbers or dates become such.
pub fn write_table(
    table: &Table,
    path: &Path,
    name: &str,
    typed: bool,
    cancel: &Cancel,
) -> Result<u64, Failure> {
    let width = table.headers().len();
    let mut workbook = Workbook::new();
    add(&mut workbook, name, table.headers(), table.len(), cancel, |sheet| {
        if typed {
            for (position, row) in table.rows().enumerate() {
                sheet.look(position)?;
                for (column, cell) in row.padded(width).enumerate() {
                    sheet.look_at(column, cell);
                }
            }
        }
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
pub fn write_records(sheets: &[Records], path: &Path, typed: bool, cancel: &Cancel) -> Result<u64, Failure> {
    let mut workbook = Workbook::new();
    for Records { name, headers, rows } in sheets {
        add(&mut workbook, name, headers, rows.len(), cancel, |sheet| {
            if typed {
                for (position, row) in rows.iter().enumerate() {
                    sheet.look(position)?;
                    for (column, value) in row.iter().enumerate() {
                        match value {
                            Value::String(text) => sheet.look_at(column, text.as_bytes()),
                            Value::Number(_) => sheet.dates[column].add_number(),
                            _ => {}
                        }
                    }
                }
            }
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
        numbers: vec![number_column::Column::default(); headers.len()],
        dates: vec![date_column::Column::default(); headers.len()],
        widths: vec![0; headers.len()],
        headers,
        cancel,
        date_formats: DATE_FORMATS.map(|format| Format::new().set_num_format(format)),
        decimals: (0..MOST_DIGITS)
            .map(|places| Format::new().set_num_format(format!("0.{}", "0".repeat(places))))
            .collect(),
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
    /// What the columns' text spells; nothing was looked at where text stays text.
    numbers: Vec<number_column::Column>,
    dates: Vec<date_column::Column>,
    /// In characters, where it is not the usual.
    widths: Vec<usize>,
    headers: &'a [String],
    cancel: &'a Cancel,
    /// By what they show.
    date_formats: [Format; 3],
    /// By how many places they show.
    decimals: Vec<Format>,
}

impl Sheet<'_> {
    fn look(&self, position: usize) -> Result<(), Failure> {
        if position.is_multiple_of(ROWS_BETWEEN_LOOKS) { self.cancel.check() } else { Ok(()) }
    }

    /// Notes what a cell spells, before any is written.
    fn look_at(&mut self, column: usize, text: &[u8]) {
        self.numbers[column].add(text);
        self.dates[column].add(text);
    }

    fn text(&mut self, row: usize, column: usize, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        if let Some((days, precision)) = self.dates[column].date(text) {
            return self.date(row, column, days, precision);
        }
        if let Some((number, places)) = self.numbers[column].number(text) {
            return match places {
                0 => self.number(row, column, number),
                _ => self
                    .worksheet
                    .write_number_with_format(row as u32, column as u16, number, &self.decimals[places])
                    .map(drop)
                    .map_err(failed),
            };
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

    /// A column that is too narrow for a date shows none.
    fn date(&mut self, row: usize, column: usize, days: f64, precision: Precision) -> Result<(), Failure> {
        let width = DATE_FORMATS[precision as usize].len() + 1;
        if self.widths[column] < width {
            self.widths[column] = width;
            self.worksheet.set_column_width(column as u16, width as f64).map_err(failed)?;
        }
        let format = &self.date_formats[precision as usize];
        self.worksheet
            .write_number_with_format(row as u32, column as u16, days, format)
            .map(drop)
            .map_err(failed)
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
                let ms = (days * 86_400_000.0).round() as i64;
                let precision = match ms % 86_400_000 {
                    0 => Precision::Day,
                    time if time % 1000 == 0 => Precision::Second,
                    _ => Precision::Millisecond,
                };
                self.date(row, column, days, precision)
            }
            other => self.text(row, column, &other.to_string()),
        }
    }
}
