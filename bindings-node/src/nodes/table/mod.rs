//! What JavaScript holds of a table, and the functions that work on it. No logic lives here.
#![allow(unreachable_pub, reason = "exported to JavaScript, which the lint does not see")]

use std::path::PathBuf;

use napi::Env;
use napi::bindgen_prelude::{Buffer, Either, ObjectFinalize, Uint32Array};
use napi_derive::napi;

use nodes_native::table::aggregate::{Aggregated, Aggregation};
use nodes_native::table::condition::Filter;
use nodes_native::table::ordering::{self, OrderBy};
use nodes_native::table::reading::{self, Doubts, Layout, TableRead, UnclosedQuote, delimiter_of};
use nodes_native::table::sheet::Table;
use nodes_native::table::writing::{Format, records_text, write_file};
use nodes_native::{Code, Failure};

use super::work::{CancelToken, Promise, cancel_of, in_background};
use crate::failure::OrThrow;

mod join;
mod scan;

/// What CSV text has that its author hardly meant.
#[napi(object, object_from_js = false)]
pub struct TextDoubts {
    /// How many rows have fewer cells than there are columns.
    pub short_rows: f64,
    /// The first of them, from 1, counted with the headers and without empty lines, as messages do; 0 where no row is short.
    pub first_short_row: f64,
    /// A quote that is never closed.
    pub unclosed: Option<UnclosedCell>,
}

/// A cell that has the rest of the text, because its quote is never closed.
#[napi(object, object_from_js = false)]
pub struct UnclosedCell {
    /// The name of its column; missing for a cell of the headers.
    pub column: Option<String>,
    /// Its first 40 characters.
    pub begin: String,
    /// Line breaks in it, at least one.
    pub breaks: f64,
}

impl From<Doubts> for TextDoubts {
    fn from(Doubts { short, unclosed }: Doubts) -> Self {
        let unclosed = unclosed.map(|UnclosedQuote { column, begin, breaks }| UnclosedCell {
            column,
            begin,
            breaks: breaks as f64,
        });
        Self { short_rows: short.count as f64, first_short_row: short.first as f64, unclosed }
    }
}

/// Rows of text cells that live outside the JavaScript heap. Tables made from one another share their cells.
#[napi(custom_finalize)]
pub struct NativeTable {
    table: Option<Table>,
    /// What the garbage collector was told that this handle keeps alive, in bytes.
    told: i64,
    /// Of the text that it was read from.
    doubts: Doubts,
}

impl NativeTable {
    pub(super) fn new(table: Table) -> Self {
        Self { table: Some(table), told: 0, doubts: Doubts::default() }
    }

    fn read(TableRead { table, doubts }: TableRead) -> Self {
        Self { doubts, ..Self::new(table) }
    }

    /// The table; INVALID_PARAMETERS once the handle was disposed of.
    pub(super) fn table(&self) -> napi::Result<&Table> {
        let disposed = || Code::InvalidParameters.because("The table was disposed of");
        self.table.as_ref().ok_or_else(disposed).or_throw()
    }
}

#[napi]
impl NativeTable {
    /// How many rows there are.
    #[napi(getter, catch_unwind)]
    pub fn row_count(&self) -> napi::Result<u32> {
        Ok(self.table()?.len() as u32)
    }

    /// The names of the columns, all distinct.
    #[napi(getter, catch_unwind)]
    pub fn headers(&self) -> napi::Result<Vec<String>> {
        Ok(self.table()?.headers().to_vec())
    }

    /// Whether rows have cells without a value, which are null in records; other functions take them for empty text.
    #[napi(getter, catch_unwind)]
    pub fn has_holes(&self) -> napi::Result<bool> {
        Ok(self.table()?.has_holes())
    }

    /// What the text has that its author hardly meant.
    #[napi(getter, catch_unwind)]
    pub fn doubts(&self) -> TextDoubts {
        self.doubts.clone().into()
    }

    /// Rows from `start` on as the JSON text of an array of objects: as many as fit `bytes` of text, but one at least
    /// while there is one.
    #[napi(catch_unwind)]
    pub fn records_text(&self, start: u32, bytes: u32) -> napi::Result<RecordsText> {
        let (text, count) = records_text(self.table()?, start as usize, bytes as usize);
        Ok(RecordsText { text, count: count as u32 })
    }

    /// Tells the garbage collector how many bytes the handle keeps alive. Called once, after the handle was made.
    #[napi(catch_unwind)]
    pub fn account(&mut self, env: Env) -> napi::Result<()> {
        if self.told == 0 {
            self.told = self.table()?.own_bytes() as i64;
            env.adjust_external_memory(self.told)?;
        }
        Ok(())
    }

    /// Lets go of the rows now instead of when the handle is collected. Later calls that need them are refused with
    /// INVALID_PARAMETERS; other tables over the same cells stay valid.
    #[napi(catch_unwind)]
    pub fn dispose(&mut self, env: Env) -> napi::Result<()> {
        self.table = None;
        let told = std::mem::take(&mut self.told);
        if told != 0 {
            env.adjust_external_memory(-told)?;
        }
        Ok(())
    }
}

impl ObjectFinalize for NativeTable {
    fn finalize(self, env: Env) -> napi::Result<()> {
        if self.told != 0 {
            env.adjust_external_memory(-self.told)?;
        }
        Ok(())
    }
}

/// Rows as text.
#[napi(object, object_from_js = false)]
pub struct RecordsText {
    /// The JSON text of an array of objects.
    pub text: String,
    /// How many they are.
    pub count: u32,
}

/// How CSV text is laid out.
#[napi(object)]
pub struct CsvLayout {
    /// One ASCII character.
    pub delimiter: String,
    /// Whether the first row names the columns.
    pub has_headers: bool,
    /// Whether empty lines are left out: those with nothing but blanks outside of quotes. Otherwise each is a row of one cell. A
    /// line of one quoted empty cell (`""`) is no empty line.
    pub skip_empty_lines: bool,
    /// The row where the table begins, from 1 unless given; empty lines above it count.
    pub first_row: Option<u32>,
}

/// Reads a CSV file. DESERIALIZATION_FAILED names the row that is not readable.
#[napi(catch_unwind)]
pub fn read_table(
    path: String,
    layout: CsvLayout,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<NativeTable>> {
    let (layout, cancel) = (layout_of(&layout).or_throw()?, cancel_of(cancel));
    Ok(in_background(move || {
        reading::read_file(&PathBuf::from(path), &layout, &cancel).map(NativeTable::read)
    }))
}

/// Reads CSV text that is already in memory.
#[napi(catch_unwind)]
pub fn parse_table(
    text: Either<String, Buffer>,
    layout: CsvLayout,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<NativeTable>> {
    let (layout, cancel) = (layout_of(&layout).or_throw()?, cancel_of(cancel));
    // The bytes are copied because JavaScript may change a buffer while they are read.
    let bytes = match text {
        Either::A(text) => text.into_bytes(),
        Either::B(buffer) => buffer.to_vec(),
    };
    Ok(in_background(move || reading::read(&bytes[..], bytes.len(), &layout, &cancel).map(NativeTable::read)))
}

/// The rows for which the conditions hold; `filter` is the JSON text of `{where, match}`.
#[napi(catch_unwind)]
pub fn filter_table(
    table: &NativeTable,
    filter: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<NativeTable>> {
    let (table, filter, cancel) =
        (table.table()?.clone(), Filter::from_json(&filter).or_throw()?, cancel_of(cancel));
    Ok(in_background(move || filter.apply(&table, &cancel).map(NativeTable::new)))
}

/// The rows in the order of a column's cells.
#[napi(catch_unwind)]
pub fn sort_table(
    table: &NativeTable,
    field: String,
    descending: bool,
) -> napi::Result<Promise<NativeTable>> {
    let table = table.table()?.clone();
    Ok(in_background(move || ordering::sort(&table, &field, descending).map(NativeTable::new)))
}

/// The rows in the order of several columns, of which later ones count where earlier ones are equal; `by` is the JSON text of a
/// list of `{field, descending, emptyFirst, asText}`. `null` where a column that is not ordered as text has cells that spell numbers beside
/// others that do not.
#[napi(catch_unwind, ts_return_type = "Promise<NativeTable | null>")]
pub fn order_table(
    table: &NativeTable,
    by: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<Option<NativeTable>>> {
    let (table, by, cancel) =
        (table.table()?.clone(), OrderBy::list_from_json(&by).or_throw()?, cancel_of(cancel));
    Ok(in_background(move || Ok(ordering::order(&table, &by, &cancel)?.map(NativeTable::new))))
}

/// The rows at these positions, in their order. INVALID_PARAMETERS for a position that there is not.
#[napi(catch_unwind)]
pub fn pick_rows(table: &NativeTable, positions: Uint32Array) -> napi::Result<NativeTable> {
    let table = table.table()?;
    if let Some(position) = positions.iter().find(|&&position| position as usize >= table.len()) {
        let rows = table.len();
        return Err(
            Code::InvalidParameters.because(format!("There is no row {position} in a table of {rows} rows"))
        )
        .or_throw();
    }
    Ok(NativeTable::new(table.pick(positions.to_vec())))
}

/// The rows at `start..end`.
#[napi(catch_unwind)]
pub fn slice_table(table: &NativeTable, start: u32, end: u32) -> napi::Result<NativeTable> {
    Ok(NativeTable::new(table.table()?.slice(start as usize, end as usize)))
}

/// The rows from last to first.
#[napi(catch_unwind)]
pub fn reverse_table(table: &NativeTable) -> napi::Result<Promise<NativeTable>> {
    let table = table.table()?.clone();
    Ok(in_background(move || Ok(NativeTable::new(ordering::reverse(&table)))))
}

/// The first row of each distinct cell of a column, or of each distinct row.
#[napi(catch_unwind)]
pub fn unique_table(table: &NativeTable, field: Option<String>) -> napi::Result<Promise<NativeTable>> {
    let table = table.table()?.clone();
    Ok(in_background(move || ordering::unique(&table, field.as_deref()).map(NativeTable::new)))
}

/// Rows put together by a cell.
#[napi(object, object_from_js = false)]
pub struct TableGroups {
    /// The cells grouped by, as first met.
    pub keys: Vec<String>,
    /// How many rows each key has.
    pub sizes: Vec<u32>,
    /// All rows: those of the first key, then those of the second, and so on.
    pub table: NativeTable,
}

/// Groups rows by a column.
#[napi(catch_unwind)]
pub fn group_table(table: &NativeTable, field: String) -> napi::Result<Promise<TableGroups>> {
    let table = table.table()?.clone();
    Ok(in_background(move || {
        let groups = ordering::group(&table, &field)?;
        Ok(TableGroups { keys: groups.keys, sizes: groups.sizes, table: NativeTable::new(groups.table) })
    }))
}

/// What aggregates gave.
#[napi(object)]
pub struct TableAggregates {
    /// The JSON text of an array with an object for each group.
    pub text: String,
    /// The places of aggregates whose sums are of whole numbers that a number does not keep.
    pub lost_digits: Vec<u32>,
}

/// Aggregates rows; `aggregation` is the JSON text of `{groupBy, aggregates}`.
#[napi(catch_unwind)]
pub fn aggregate_table(
    table: &NativeTable,
    aggregation: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<TableAggregates>> {
    let (table, aggregation, cancel) =
        (table.table()?.clone(), Aggregation::from_json(&aggregation).or_throw()?, cancel_of(cancel));
    Ok(in_background(move || {
        let Aggregated { text, lost_digits } = aggregation.apply(&table, &cancel)?;
        Ok(TableAggregates { text, lost_digits })
    }))
}

/// Writes rows to a file that must not exist yet, through to the disk, and returns its size in bytes. `form` is what separates the
/// cells of CSV, or `json` or `jsonl`.
#[napi(catch_unwind)]
pub fn write_table(
    table: &NativeTable,
    path: String,
    form: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<f64>> {
    let (table, cancel) = (table.table()?.clone(), cancel_of(cancel));
    let format = Format::named(&form).or_throw()?;
    Ok(in_background(move || Ok(write_file(&table, &PathBuf::from(path), format, &cancel)? as f64)))
}

pub(super) fn layout_of(layout: &CsvLayout) -> Result<Layout, Failure> {
    Ok(Layout {
        delimiter: delimiter_of(&layout.delimiter)?,
        has_headers: layout.has_headers,
        skip_empty_lines: layout.skip_empty_lines,
        first_row: layout.first_row.unwrap_or(1),
    })
}
