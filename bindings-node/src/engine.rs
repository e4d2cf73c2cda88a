//! The engine for Node-API: `conductor_core::bridge` with arguments moved in and results out, and nothing else.
//!
//! Each thread of the host (main thread or worker) has plans and runs of its own. Memory that both sides see is
//! allocated by JavaScript and lent to a call, so that no finalizer and no external buffer is involved.

#![allow(unreachable_pub, reason = "`napi` exports what is public, wherever it stands")]

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use conductor_core::bridge::{self, Bridge, Status};
use conductor_core::run::OPTION_NUMBERS;
use napi::bindgen_prelude::{Buffer, Float64ArraySlice, Uint32Array, Uint32ArraySlice};
use napi_derive::napi;

thread_local! {
    static BRIDGE: RefCell<Bridge> = RefCell::default();
    /// Never dropped: when the thread ends, its JavaScript memory is gone before this is.
    static MAILBOXES: RefCell<Vec<ManuallyDrop<Uint32Array>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `call` on this thread's bridge. A panic costs the call, not the process.
fn on_bridge<T>(otherwise: T, call: impl FnOnce(&mut Bridge) -> T) -> T {
    let guarded = AssertUnwindSafe(|| BRIDGE.with_borrow_mut(call));
    catch_unwind(guarded).unwrap_or(otherwise)
}

/// Memory of JavaScript for the length of a call.
macro_rules! lent {
    ($slice:ident) => {
        // SAFETY: the caller's thread runs nothing else during the call, and the slice does not outlive it.
        unsafe { $slice.as_mut() }
    };
}

fn options(numbers: &[f64]) -> [f64; OPTION_NUMBERS] {
    let mut all = [0.0; OPTION_NUMBERS];
    let given = numbers.len().min(OPTION_NUMBERS);
    all[..given].copy_from_slice(&numbers[..given]);
    all
}

/// Keeps a mailbox for `turn`; returns its number. The memory stays allocated as long as the thread lives.
#[napi]
pub fn attach(mailbox: Uint32Array) -> u32 {
    MAILBOXES.with_borrow_mut(|all| {
        all.push(ManuallyDrop::new(mailbox));
        all.len() as u32 - 1
    })
}

/// `Bridge::open`: the input table is written behind the outline. 0 when the flow cannot be run.
#[napi]
pub fn open(mut words: Uint32ArraySlice, outline_length: u32, numbers: &[f64]) -> u32 {
    let options = options(numbers);
    let Some((outline, rest)) = lent!(words).split_at_mut_checked(outline_length as usize) else { return 0 };
    on_bridge(0, |bridge| bridge.open(outline, rest, &options))
}

/// `Bridge::turn`: the number of ops, or a status below 0. A run whose engine panicked is torn and is closed.
#[napi]
pub fn turn(run: u32, mailbox: u32, command: u32, now: f64) -> i32 {
    let result = MAILBOXES.with_borrow_mut(|all| {
        let Some(mailbox) = all.get_mut(mailbox as usize) else { return Status::TooShort as i32 };
        on_bridge(Status::Panic as i32, |bridge| bridge.turn(run, lent!(mailbox), command, now))
    });
    if result == Status::Panic as i32 {
        close(run);
    }
    result
}

/// `Bridge::watch`.
#[napi]
pub fn watch(run: u32, watched: bool) {
    on_bridge((), |bridge| bridge.watch(run, watched));
}

/// `Bridge::view`: the numbers written, or a status below 0.
#[napi]
pub fn view(run: u32, now: f64, mut numbers: Float64ArraySlice) -> i32 {
    on_bridge(Status::Panic as i32, |bridge| bridge.view(run, now, lent!(numbers)))
}

/// `Bridge::seal`: the journal is written from word `at` on. Its length, or a status below 0.
#[napi]
pub fn seal(run: u32, mut words: Uint32ArraySlice, at: u32) -> i32 {
    let room = lent!(words).get_mut(at as usize..).unwrap_or_default();
    on_bridge(Status::Panic as i32, |bridge| bridge.seal(run, room))
}

/// `Bridge::snapshot`.
#[napi]
pub fn snapshot(run: u32) -> Option<Buffer> {
    on_bridge(None, |bridge| bridge.snapshot(run)).map(Buffer::from)
}

/// `Bridge::restore`: 0 when the bytes do not fit.
#[napi]
pub fn restore(outline: &[u32], bytes: &[u8], now: f64) -> u32 {
    on_bridge(0, |bridge| bridge.restore(outline, bytes, now))
}

/// `Bridge::close`.
#[napi]
pub fn close(run: u32) {
    on_bridge((), |bridge| bridge.close(run));
}

/// `Bridge::ask_shape`: how many numbers `take_answer` gives.
#[napi]
pub fn ask_shape(outline: &[u32], scope: u32) -> u32 {
    on_bridge(0, |bridge| bridge.ask_shape(outline, scope))
}

/// `Bridge::ask_nodes`: how many numbers `take_answer` gives.
#[napi]
pub fn ask_nodes(outline: &[u32]) -> u32 {
    on_bridge(0, |bridge| bridge.ask_nodes(outline))
}

/// `Bridge::ask_trace`: how many numbers `take_answer` gives.
#[napi]
pub fn ask_trace(outline: &[u32], numbers: &[f64], journal: &[u32]) -> u32 {
    let options = options(numbers);
    on_bridge(0, |bridge| bridge.ask_trace(outline, &options, journal))
}

/// `Bridge::ask_packed_trace`: how many numbers `take_answer` gives.
#[napi]
pub fn ask_packed_trace(outline: &[u32], numbers: &[f64], journal: &[u32]) -> u32 {
    let options = options(numbers);
    on_bridge(0, |bridge| bridge.ask_packed_trace(outline, &options, journal))
}

/// `Bridge::ask_view`: how many numbers `take_answer` gives.
#[napi]
pub fn ask_view(outline: &[u32], numbers: &[f64], journal: &[u32]) -> u32 {
    let options = options(numbers);
    on_bridge(0, |bridge| bridge.ask_view(outline, &options, journal))
}

/// `Bridge::take_answer`.
#[napi]
pub fn take_answer(mut numbers: Float64ArraySlice) {
    on_bridge((), |bridge| bridge.take_answer(lent!(numbers)));
}

/// `Bridge::open_runs`.
#[napi]
pub fn open_runs() -> u32 {
    on_bridge(0, |bridge| bridge.open_runs() as u32)
}

/// `bridge::backoff`.
#[napi(catch_unwind)]
pub fn backoff(base: f64, tries: u32, seed: f64, task: u32, spreads: bool) -> f64 {
    bridge::backoff(base, tries, seed, task, spreads)
}

/// `bridge::rate_limit`.
#[napi(catch_unwind)]
pub fn rate_limit(json: String) -> String {
    bridge::rate_limit(&json)
}

/// `bridge::duration_ms`.
#[napi(catch_unwind)]
pub fn duration_ms(text: String) -> f64 {
    bridge::duration_ms(&text)
}

/// `bridge::weight_of`.
#[napi(catch_unwind)]
pub fn weight_of(type_name: String) -> f64 {
    bridge::weight_of(&type_name)
}

/// `bridge::read_flow`.
#[napi(catch_unwind)]
pub fn read_flow(text: String, format: String) -> String {
    bridge::read_flow(&text, &format)
}

/// `bridge::write_flow`.
#[napi(catch_unwind)]
pub fn write_flow(json: String, format: String) -> String {
    bridge::write_flow(&json, &format)
}

/// Reads YAML or JSON; for `either` JSON where the text begins like it and can be read as such. The answer is JSON text:
/// `{"value": …, "format": "yaml" | "json"}` or `{"problems": [{code, path, message, line?, column?}]}`.
#[napi(catch_unwind)]
pub fn read_document(
    text: String,
    #[napi(ts_arg_type = "'yaml' | 'json' | 'either'")] format: String,
) -> String {
    bridge::read_document(&text, &format)
}

/// Writes a value, given as JSON text, as YAML that reads back the same. The answer is `{"text": …}` or `{"problems": […]}`.
#[napi(catch_unwind)]
pub fn write_document(json: String) -> String {
    bridge::write_document(&json)
}

/// `bridge::validate_flow`.
#[napi(catch_unwind)]
pub fn validate_flow(json: String, types: String) -> String {
    bridge::validate_flow(&json, &types)
}

/// `bridge::constants`.
#[napi(catch_unwind)]
pub fn constants() -> String {
    bridge::constants()
}
