//! What JavaScript holds of a scan, and the functions that take its rows. No logic lives here.
#![allow(unreachable_pub, reason = "exported to JavaScript, which the lint does not see")]

use std::path::PathBuf;

use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;

use nodes_native::Cancel;
use nodes_native::table::aggregate::{Aggregated, Aggregation};
use nodes_native::table::condition::Filter;
use nodes_native::table::scan::{Counts, Scan, Taken};
use nodes_native::table::writing::Format;

use super::super::work::{CancelToken, Work, cancel_of, in_background};
use super::{CsvLayout, NativeTable, TextDoubts, layout_of};
use crate::failure::OrThrow;

/// Rows of a file that are read when they are needed, as far as filters let them through.
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

    /// How many rows come to each filter and are left at the end, counted here and now: the thread waits for it.
    #[napi(catch_unwind)]
    pub fn counts_now(&self) -> napi::Result<Vec<f64>> {
        Ok(numbers(self.scan.counts(&Cancel::default()).or_throw()?))
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
) -> napi::Result<AsyncTask<Work<NativeScan>>> {
    let (layout, cancel) = (layout_of(&layout).or_throw()?, cancel_of(cancel));
    Ok(in_background(move || Ok(NativeScan { scan: Scan::open(PathBuf::from(path), layout, &cancel)? })))
}

/// Rows of a scan, and how many rows came to each of its filters and were left at the end.
#[napi(object, object_from_js = false)]
pub struct ScannedTable {
    /// The rows.
    pub table: NativeTable,
    /// One number more than filters.
    pub counts: Vec<f64>,
    /// Of the text as far as it was read.
    pub doubts: TextDoubts,
}

/// The rows of a scan as a table, at most so many.
#[napi(catch_unwind)]
pub fn scan_table(
    scan: &NativeScan,
    most: Option<u32>,
    cancel: Option<&CancelToken>,
) -> napi::Result<AsyncTask<Work<ScannedTable>>> {
    let (scan, cancel) = (scan.scan.clone(), cancel_of(cancel));
    Ok(in_background(move || {
        let (table, taken) = scan.table(most.map(|most| most as usize), &cancel)?;
        let (counts, doubts) = told(taken);
        Ok(ScannedTable { table: NativeTable::new(table), counts, doubts })
    }))
}

/// What aggregates of a scan gave.
#[napi(object, object_from_js = false)]
pub struct ScannedAggregates {
    /// The JSON text of an array with an object for each group.
    pub text: String,
    /// The places of aggregates whose sums are of whole numbers that a number does not keep.
    pub lost_digits: Vec<u32>,
    /// How many rows came to each filter and were left at the end.
    pub counts: Vec<f64>,
    /// Of the text.
    pub doubts: TextDoubts,
}

/// Aggregates the rows of a scan; `aggregation` is the JSON text of `{groupBy, aggregates}`.
#[napi(catch_unwind)]
pub fn scan_aggregates(
    scan: &NativeScan,
    aggregation: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<AsyncTask<Work<ScannedAggregates>>> {
    let (scan, aggregation, cancel) =
        (scan.scan.clone(), Aggregation::from_json(&aggregation).or_throw()?, cancel_of(cancel));
    Ok(in_background(move || {
        let (Aggregated { text, lost_digits }, taken) = scan.aggregate(&aggregation, &cancel)?;
        let (counts, doubts) = told(taken);
        Ok(ScannedAggregates { text, lost_digits, counts, doubts })
    }))
}

/// A file that the rows of a scan were written to.
#[napi(object, object_from_js = false)]
pub struct ScannedFile {
    /// Its size in bytes.
    pub size: f64,
    /// How many rows came to each filter and were left at the end.
    pub counts: Vec<f64>,
    /// Of the text.
    pub doubts: TextDoubts,
}

/// Writes the rows of a scan to a file that must not exist yet, through to the disk; `form` as of `writeTable`.
#[napi(catch_unwind)]
pub fn scan_to_file(
    scan: &NativeScan,
    path: String,
    form: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<AsyncTask<Work<ScannedFile>>> {
    let (scan, format, cancel) = (scan.scan.clone(), Format::named(&form).or_throw()?, cancel_of(cancel));
    Ok(in_background(move || {
        let (size, taken) = scan.write(&PathBuf::from(path), format, &cancel)?;
        let (counts, doubts) = told(taken);
        Ok(ScannedFile { size: size as f64, counts, doubts })
    }))
}

fn told(Taken { counts, doubts }: Taken) -> (Vec<f64>, TextDoubts) {
    (numbers(counts), doubts.into())
}

fn numbers(counts: Counts) -> Vec<f64> {
    counts.into_iter().map(|count| count as f64).collect()
}
