//! What JavaScript holds of a scan, and the functions that take its rows. No logic lives here.
#![allow(unreachable_pub, reason = "exported to JavaScript, which the lint does not see")]

use std::path::PathBuf;
use std::sync::Arc;

use napi_derive::napi;

use nodes_native::Cancel;
use nodes_native::table::aggregate::{Aggregated, Aggregation};
use nodes_native::table::batches::{Batches, Piece};
use nodes_native::table::condition::Filter;
use nodes_native::table::joining::{How, Naming};
use nodes_native::table::probing::JoinTold;
use nodes_native::table::scan::{Scan, Taken};
use nodes_native::table::writing::Format;

use super::super::work::{CancelToken, Promise, cancel_of, in_background};
use super::{CsvLayout, NativeTable, RecordsText, TextDoubts, layout_of};
use crate::failure::OrThrow;

/// Rows of a CSV file that are read when they are needed, as filters and joins leave them. What takes them fails with
/// EXECUTION_FAILED where the file is no longer what it was, and DESERIALIZATION_FAILED naming row and file.
#[napi]
pub struct NativeScan {
    scan: Scan,
}

#[napi]
impl NativeScan {
    /// The names of the columns, all distinct.
    #[napi(getter, catch_unwind)]
    pub fn headers(&self) -> Vec<String> {
        self.scan.headers().to_vec()
    }

    /// The same rows as far as the conditions hold; `filter` is the JSON text of `{where, match}`.
    #[napi(catch_unwind)]
    pub fn filtered(&self, filter: String) -> napi::Result<NativeScan> {
        let scan = Filter::from_json(&filter).and_then(|filter| self.scan.filtered(filter)).or_throw()?;
        Ok(NativeScan { scan })
    }

    /// How many rows come to each step and are left at the end, counted here and now: the thread waits for it.
    #[napi(catch_unwind)]
    pub fn counted_now(&self) -> napi::Result<ScanFindings> {
        Ok(self.scan.counted(&Cancel::default()).or_throw()?.into())
    }

    /// All rows, read here and now: the thread waits for it.
    #[napi(catch_unwind)]
    pub fn table_now(&self) -> napi::Result<NativeTable> {
        let (table, _) = self.scan.table(None, &Cancel::default()).or_throw()?;
        Ok(NativeTable::new(table))
    }
}

/// Begins a scan of a CSV file: reads the names of its columns.
#[napi(catch_unwind)]
pub fn scan_file(
    path: String,
    layout: CsvLayout,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<NativeScan>> {
    let (layout, cancel) = (layout_of(&layout).or_throw()?, cancel_of(cancel));
    Ok(in_background(move || Ok(NativeScan { scan: Scan::open(PathBuf::from(path), layout, &cancel)? })))
}

/// Joins the rows of a scan with those of a table, which must have some and is held. The rows of the scan are the left side, for
/// `right` the right one, and their order is kept. `naming` as of `joinTables`.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments, reason = "what a join needs")]
pub fn scan_joined(
    scan: &NativeScan,
    #[napi(ts_arg_type = "readonly string[]")] keys: Vec<String>,
    held: &NativeTable,
    #[napi(ts_arg_type = "readonly string[]")] held_keys: Vec<String>,
    how: String,
    naming: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<NativeScan>> {
    let (scan, held, cancel) = (scan.scan.clone(), held.table()?.clone(), cancel_of(cancel));
    let (how, naming) = (How::named(&how).or_throw()?, Naming::from_json(&naming).or_throw()?);
    Ok(in_background(move || {
        Ok(NativeScan { scan: scan.joined(&keys, (&held, &held_keys), how, naming, &cancel)? })
    }))
}

/// What was found where rows of a scan were taken.
#[napi(object, object_from_js = false)]
pub struct ScanFindings {
    /// How many rows came to each filter and join, and were left at the end.
    pub counts: Vec<f64>,
    /// Of the text as far as it was read.
    pub doubts: TextDoubts,
    /// Of each join in turn; of none unless all rows were taken.
    pub joins: Vec<JoinFindings>,
}

/// What was found where all rows of a join were taken.
#[napi(object, object_from_js = false)]
pub struct JoinFindings {
    /// Pairs of rows with equal keys.
    pub pairs: f64,
    /// Rows without a match among those of the scan.
    pub unmatched: f64,
    /// Rows without a match among those of the table.
    pub unmatched_held: f64,
    /// Whether both sides have rows with empty text in a key.
    pub have_blank_keys: bool,
    /// The first rows of the scan without a match, up to some thousands.
    pub without_match: NativeTable,
    /// The same of the table.
    pub held_without_match: NativeTable,
}

impl From<JoinTold> for JoinFindings {
    fn from(told: JoinTold) -> Self {
        Self {
            pairs: told.pairs as f64,
            unmatched: told.unmatched as f64,
            unmatched_held: told.unmatched_held as f64,
            have_blank_keys: told.have_blank_keys,
            without_match: NativeTable::new(told.without_match),
            held_without_match: NativeTable::new(told.held_without_match),
        }
    }
}

impl From<Taken> for ScanFindings {
    fn from(Taken { counts, doubts, joins }: Taken) -> Self {
        Self {
            counts: counts.into_iter().map(|count| count as f64).collect(),
            doubts: doubts.into(),
            joins: joins.into_iter().map(JoinFindings::from).collect(),
        }
    }
}

/// Rows of a scan as a table.
#[napi(object, object_from_js = false)]
pub struct ScannedTable {
    /// The rows.
    pub table: NativeTable,
    /// What was found.
    pub found: ScanFindings,
}

/// The rows of a scan as a table, at most so many.
#[napi(catch_unwind)]
pub fn scan_table(
    scan: &NativeScan,
    most: Option<u32>,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<ScannedTable>> {
    let (scan, cancel) = (scan.scan.clone(), cancel_of(cancel));
    Ok(in_background(move || {
        let (table, taken) = scan.table(most.map(|most| most as usize), &cancel)?;
        Ok(ScannedTable { table: NativeTable::new(table), found: taken.into() })
    }))
}

/// What aggregates of a scan gave.
#[napi(object, object_from_js = false)]
pub struct ScannedAggregates {
    /// The JSON text of an array with an object for each group.
    pub text: String,
    /// The places of aggregates whose sums are of whole numbers that a number does not keep.
    pub lost_digits: Vec<u32>,
    /// What was found.
    pub found: ScanFindings,
}

/// Aggregates the rows of a scan; `aggregation` is the JSON text of `{groupBy, aggregates}`.
#[napi(catch_unwind)]
pub fn scan_aggregates(
    scan: &NativeScan,
    aggregation: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<ScannedAggregates>> {
    let (scan, aggregation, cancel) =
        (scan.scan.clone(), Aggregation::from_json(&aggregation).or_throw()?, cancel_of(cancel));
    Ok(in_background(move || {
        let (Aggregated { text, lost_digits }, taken) = scan.aggregate(&aggregation, &cancel)?;
        Ok(ScannedAggregates { text, lost_digits, found: taken.into() })
    }))
}

/// A file that the rows of a scan were written to.
#[napi(object, object_from_js = false)]
pub struct ScannedFile {
    /// Its size in bytes.
    pub size: f64,
    /// What was found.
    pub found: ScanFindings,
}

/// Writes the rows of a scan to a file that must not exist yet, through to the disk; `form` as of `writeTable`.
#[napi(catch_unwind)]
pub fn scan_to_file(
    scan: &NativeScan,
    path: String,
    form: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<ScannedFile>> {
    let (scan, format, cancel) = (scan.scan.clone(), Format::named(&form).or_throw()?, cancel_of(cancel));
    Ok(in_background(move || {
        let (size, taken) = scan.write(&PathBuf::from(path), format, &cancel)?;
        Ok(ScannedFile { size: size as f64, found: taken.into() })
    }))
}

/// Rows of a scan that are read a little ahead of what asks for them.
#[napi]
pub struct NativeBatches {
    batches: Arc<Batches>,
}

/// What comes next: rows, or what was found once all were taken.
#[napi(object, object_from_js = false)]
pub struct ScannedBatch {
    /// The rows.
    pub rows: Option<RecordsText>,
    /// What was found.
    pub found: Option<ScanFindings>,
}

#[napi]
impl NativeBatches {
    /// What comes next; nothing in it behind the end.
    #[napi(catch_unwind)]
    pub fn next(&self) -> Promise<ScannedBatch> {
        let batches = Arc::clone(&self.batches);
        in_background(move || {
            Ok(match batches.next()? {
                Some(Piece::Rows(text, count)) => {
                    ScannedBatch { rows: Some(RecordsText { text, count: count as u32 }), found: None }
                }
                Some(Piece::End(taken)) => ScannedBatch { rows: None, found: Some(taken.into()) },
                None => ScannedBatch { rows: None, found: None },
            })
        })
    }

    /// Ends the reading. Not while what comes next is waited for.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.batches.close();
    }
}

/// Begins to read the rows of a scan as JSON texts of arrays of objects: as many in each as fit `bytes` of text, but one at
/// least.
#[napi(catch_unwind)]
pub fn scan_batches(
    scan: &NativeScan,
    bytes: u32,
    cancel: Option<&CancelToken>,
) -> napi::Result<NativeBatches> {
    let batches = Batches::of(scan.scan.clone(), bytes as usize, cancel_of(cancel)).or_throw()?;
    Ok(NativeBatches { batches: Arc::new(batches) })
}
