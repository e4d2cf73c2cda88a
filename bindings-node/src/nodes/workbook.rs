//! What JavaScript calls for workbooks. No logic lives here.
#![allow(unreachable_pub, reason = "exported to JavaScript, which the lint does not see")]

use std::path::PathBuf;

use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;

use nodes_native::table::workbook::range::CellRange;
use nodes_native::table::workbook::reading::{self, Content, SheetChoice, SheetRead};
use nodes_native::table::workbook::writing::{self, Records};

use super::table::NativeTable;
use super::work::{CancelToken, Promise, cancel_of, in_background};
use crate::failure::OrThrow;

/// Which cells of a workbook to read, and as what.
#[napi(object)]
pub struct WorkbookLayout {
    /// A sheet by its name; the first unless one is named.
    pub sheet_name: Option<String>,
    /// A sheet by its place, from 0.
    pub sheet_index: Option<u32>,
    /// Cells, such as `A2:D10`, `A:D`, `2:10`, or `A2:D`, `A2:` and `2:` up to the end of the sheet.
    pub range: Option<String>,
    /// Whether the first row names the columns.
    pub has_headers: bool,
    /// Whether rows without anything in them are left out.
    pub skip_empty_lines: bool,
    /// Whether numbers and booleans stay what they are; then records come as text, else a table does.
    pub typed: bool,
}

/// A sheet that was read: a table, or records as JSON text with their columns and how many they are.
#[napi(object, object_from_js = false)]
pub struct WorkbookSheet {
    /// The rows, unless types were asked for.
    pub table: Option<NativeTable>,
    /// The JSON text of an array of objects, where types were asked for.
    pub text: Option<String>,
    /// The names of the columns of `text`.
    pub headers: Vec<String>,
    /// How many rows `text` has.
    pub row_count: u32,
    /// The name of the sheet.
    pub sheet_name: String,
    /// The names of all sheets.
    pub sheet_names: Vec<String>,
    /// How many formulas have no result in the file; they read as empty cells.
    pub formulas_without_result: u32,
    /// The first of them, such as `G2`.
    pub first_without_result: Option<String>,
    /// How many cells hold whole numbers that lost digits as numbers.
    pub numbers_without_digits: u32,
    /// The first of them.
    pub first_without_digits: Option<String>,
}

/// Reads a sheet of XLSX, XLSB, XLS or ODS: a file, or bytes. DESERIALIZATION_FAILED for what cannot be read, INVALID_PARAMETERS for a
/// sheet that there is not or a range that cannot be read, MEMORY_LIMIT_EXCEEDED for one that unpacks to too much.
#[napi(catch_unwind)]
pub fn read_workbook(
    source: Either<String, Buffer>,
    layout: WorkbookLayout,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<WorkbookSheet>> {
    let cancel = cancel_of(cancel);
    let choice = SheetChoice {
        name: layout.sheet_name,
        index: layout.sheet_index,
        range: layout.range.as_deref().map(CellRange::parse).transpose().or_throw()?,
        has_headers: layout.has_headers,
        skip_empty_rows: layout.skip_empty_lines,
        typed: layout.typed,
    };
    // The bytes are copied because JavaScript may change a buffer while they are read.
    let source = match source {
        Either::A(path) => Either::A(PathBuf::from(path)),
        Either::B(buffer) => Either::B(buffer.to_vec()),
    };
    Ok(in_background(move || {
        let sheet = match source {
            Either::A(path) => reading::read_file(&path, &choice, &cancel),
            Either::B(bytes) => reading::read_bytes(&bytes, &choice, &cancel),
        };
        sheet.map(handed_on)
    }))
}

/// Writes a table to a new file as XLSX of one sheet, through to the disk; returns its size in bytes. `typed`:
/// whether columns of text that spells numbers or dates become such.
#[napi(catch_unwind)]
pub fn write_table_workbook(
    table: &NativeTable,
    path: String,
    sheet_name: String,
    typed: bool,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<f64>> {
    let (table, cancel) = (table.table()?.clone(), cancel_of(cancel));
    Ok(in_background(move || {
        writing::write_table(&table, &PathBuf::from(path), &sheet_name, typed, &cancel)
            .map(|size| size as f64)
    }))
}

/// As `writeTableWorkbook`, for sheets of records: the JSON text of a list of `{name, headers, rows}`, a row a list of values.
/// A date is `{date: <days since 1899-12-30>}`.
#[napi(catch_unwind)]
pub fn write_records_workbook(
    sheets: String,
    path: String,
    typed: bool,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<f64>> {
    let cancel = cancel_of(cancel);
    Ok(in_background(move || {
        let sheets = Records::from_json(&sheets)?;
        writing::write_records(&sheets, &PathBuf::from(path), typed, &cancel).map(|size| size as f64)
    }))
}

fn handed_on(SheetRead { content, name, all, without_result, without_digits }: SheetRead) -> WorkbookSheet {
    let (table, text, headers, row_count) = match content {
        Content::Text(table) => (Some(NativeTable::new(table)), None, Vec::new(), 0),
        Content::Records { text, headers, rows } => (None, Some(text), headers, rows),
    };
    let counted =
        |cells: Option<(u32, String)>| cells.map_or((0, None), |(count, first)| (count, Some(first)));
    let (formulas_without_result, first_without_result) = counted(without_result);
    let (numbers_without_digits, first_without_digits) = counted(without_digits);
    WorkbookSheet {
        table,
        text,
        headers,
        row_count,
        sheet_name: name,
        sheet_names: all,
        formulas_without_result,
        first_without_result,
        numbers_without_digits,
        first_without_digits,
    }
}
