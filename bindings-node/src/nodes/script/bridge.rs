//! The functions through which JavaScript runs user code. No logic lives here.
#![allow(unreachable_pub, reason = "exported to JavaScript, which the lint does not see")]

use std::time::Duration;

use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;

use super::super::failure::{Code, Failure};
use super::super::table::{JsonRecords, NativeTable, Table, records_json};
use super::super::work::{Cancel, CancelToken, Work, in_background};
use super::sandbox::{ItemWork, Script};

/// How much JSON text of a table is handed to user code at once, in bytes.
const BATCH_BYTES: usize = 256 * 1024;

/// User code and its limits.
#[napi(object)]
pub struct ScriptSource {
    /// What errors call it.
    pub name: String,
    /// An expression that yields a function.
    pub code: String,
    /// The key under which values cross that JSON has no word for.
    pub tag: String,
    /// Wall-clock limit in ms.
    pub timeout_ms: f64,
    /// Limit of the engine's own memory in bytes.
    pub memory_bytes: f64,
}

/// What user code does with items.
#[napi(object)]
pub struct ScriptWork {
    /// `map`, `filter` or `reduce`.
    pub kind: String,
    /// The first accumulator of a reduce, as JSON text; without one, the first item.
    pub initial: Option<String>,
    /// Whether a reduce calls its function with one object `{acc, item, index}`.
    pub named: bool,
    /// Whether the function wants all items as its last argument.
    pub whole: bool,
}

/// The JSON text of an array of items.
#[napi(object)]
pub struct ScriptBatch {
    /// The text.
    pub text: String,
    /// How many items it holds.
    pub count: u32,
}

/// Runs user code over items. Answers: map, one JSON array per batch; filter, the kept positions, one array per batch;
/// reduce, one JSON value. Errors: INVALID_PARAMETERS (syntax), TIMEOUT, MEMORY_LIMIT_EXCEEDED, CANCELLED,
/// TYPE_MISMATCH (an answer that is no data), EXECUTION_FAILED (it threw).
#[napi(catch_unwind)]
pub fn run_script(
    source: ScriptSource,
    work: ScriptWork,
    batches: Vec<ScriptBatch>,
    cancel: Option<&CancelToken>,
) -> napi::Result<AsyncTask<Work<Vec<String>>>> {
    let (script, work, cancel) = (script_of(source), work_of(work)?, Cancel::of(cancel));
    Ok(in_background(move || {
        script.run_items(&work, batches.into_iter().map(|batch| (batch.text, batch.count as usize)), &cancel)
    }))
}

/// Runs user code over the rows of a table, each as an object of strings; answers and errors as `runScript`.
#[napi(catch_unwind)]
pub fn run_script_on_table(
    source: ScriptSource,
    work: ScriptWork,
    table: &NativeTable,
    cancel: Option<&CancelToken>,
) -> napi::Result<AsyncTask<Work<Vec<String>>>> {
    let (script, work, cancel, table) =
        (script_of(source), work_of(work)?, Cancel::of(cancel), table.table()?.clone());
    Ok(in_background(move || script.run_items(&work, batches_of(&table, work.whole, &script), &cancel)))
}

/// The rows of a table that user code keeps, as a table.
#[napi(catch_unwind)]
pub fn filter_table_by_script(
    source: ScriptSource,
    whole: bool,
    table: &NativeTable,
    cancel: Option<&CancelToken>,
) -> napi::Result<AsyncTask<Work<NativeTable>>> {
    let (script, cancel, table) = (script_of(source), Cancel::of(cancel), table.table()?.clone());
    let work = ItemWork { kind: "filter", initial: None, named: false, whole };
    Ok(in_background(move || {
        let answers = script.run_items(&work, batches_of(&table, whole, &script), &cancel)?;
        Ok(table.pick(positions(&answers, table.len())?).into())
    }))
}

/// Calls user code with `input`, `item` and `variables` out of the JSON text of one object; the answer is JSON text.
/// `paths` lead to objects whose `records` come from the table of the same number, made only if they are read.
#[napi(catch_unwind)]
pub fn evaluate_script(
    source: ScriptSource,
    values: String,
    paths: Vec<Vec<String>>,
    tables: Vec<&NativeTable>,
    cancel: Option<&CancelToken>,
) -> napi::Result<AsyncTask<Work<String>>> {
    let (script, cancel) = (script_of(source), Cancel::of(cancel));
    let tables = tables.into_iter().map(|table| table.table().cloned()).collect::<Result<Vec<_>, _>>()?;
    let limit = too_much_for(&script);
    let fetch = move |table: usize| {
        tables.get(table).map_or_else(|| "[]".to_owned(), |table| records_json(table, 0, table.len(), limit))
    };
    Ok(in_background(move || script.evaluate(values, paths, fetch, &cancel)))
}

fn script_of(source: ScriptSource) -> Script {
    Script {
        name: source.name,
        code: source.code,
        tag: source.tag,
        timeout: Duration::from_millis(source.timeout_ms.clamp(1.0, 86_400_000.0) as u64),
        memory_bytes: source.memory_bytes.max(1_048_576.0) as usize,
    }
}

fn work_of(work: ScriptWork) -> Result<ItemWork, Failure> {
    let kind = match work.kind.as_str() {
        "map" => "map",
        "filter" => "filter",
        "reduce" => "reduce",
        other => return Err(Code::InvalidParameters.because(format!("Unknown kind of script: {other}"))),
    };
    Ok(ItemWork { kind, initial: work.initial, named: work.named, whole: work.whole })
}

/// Bytes of text that the engine's memory refuses: it takes a third of UTF-8's bytes at the least. No more text than
/// that need be made of rows, however many there are.
fn too_much_for(script: &Script) -> usize {
    script.memory_bytes.saturating_mul(3)
}

fn batches_of(table: &Table, whole: bool, script: &Script) -> impl Iterator<Item = (String, usize)> {
    let limit = if whole { too_much_for(script) } else { BATCH_BYTES };
    let records = JsonRecords::of(table);
    let mut rows = table.rows();
    let mut given = false;
    std::iter::from_fn(move || {
        if given && whole {
            return None;
        }
        let (mut text, mut count) = (vec![b'['], 0);
        while text.len() < limit {
            let Some(row) = rows.next() else { break };
            if count > 0 {
                text.push(b',');
            }
            records.write(row, &mut text);
            count += 1;
        }
        text.push(b']');
        // A function that wants the whole list is given it even when it is empty.
        if count == 0 && !whole {
            return None;
        }
        given = true;
        Some((String::from_utf8(text).unwrap_or_default(), count))
    })
}

fn positions(answers: &[String], rows: usize) -> Result<Vec<u32>, Failure> {
    let mut kept = Vec::new();
    for answer in answers {
        let batch: Vec<u32> = serde_json::from_str(answer)
            .map_err(|_| Code::ExecutionFailed.because("The script gave no list of positions"))?;
        kept.extend(batch.into_iter().filter(|&position| (position as usize) < rows));
    }
    Ok(kept)
}
