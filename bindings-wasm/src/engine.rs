//! The exported functions, one for each of the bridge.

use std::cell::RefCell;

use conductor_core::bridge::{self, Bridge, Status};
use conductor_core::run::OPTION_NUMBERS;
use wasm_bindgen::prelude::wasm_bindgen;

thread_local! {
    static BRIDGE: RefCell<Bridge> = RefCell::default();
    static WORDS: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

fn on_bridge<T>(call: impl FnOnce(&mut Bridge) -> T) -> T {
    BRIDGE.with_borrow_mut(call)
}

/// Runs `call` on the first `count` of the words that both sides see; `otherwise` when there are fewer.
fn on_words<T>(otherwise: T, count: u32, call: impl FnOnce(&mut [u32]) -> T) -> T {
    WORDS.with_borrow_mut(|words| words.get_mut(..count as usize).map_or(otherwise, call))
}

fn options(numbers: &[f64]) -> [f64; OPTION_NUMBERS] {
    let mut all = [0.0; OPTION_NUMBERS];
    let given = numbers.len().min(OPTION_NUMBERS);
    all[..given].copy_from_slice(&numbers[..given]);
    all
}

/// Makes the words that both sides see `count` at least; returns their address in the module's memory, in bytes. An
/// address that was given before holds no longer.
#[wasm_bindgen]
pub fn words(count: u32) -> u32 {
    WORDS.with_borrow_mut(|words| {
        if words.len() < count as usize {
            words.resize(count as usize, 0);
        }
        words.as_ptr() as u32
    })
}

/// `Bridge::open` on the first `count` words: the outline, and behind it the input table. 0 when the flow cannot be run.
#[wasm_bindgen]
pub fn open(count: u32, outline_length: u32, numbers: &[f64]) -> u32 {
    on_words(0, count, |words| {
        let Some((outline, table)) = words.split_at_mut_checked(outline_length as usize) else { return 0 };
        on_bridge(|bridge| bridge.open(outline, table, &options(numbers)))
    })
}

/// `Bridge::turn` with the first `count` words as mailbox: the number of ops, or a status below 0.
#[wasm_bindgen]
pub fn turn(run: u32, count: u32, command: u32, now: f64) -> i32 {
    on_words(Status::TooShort as i32, count, |mailbox| {
        on_bridge(|bridge| bridge.turn(run, mailbox, command, now))
    })
}

/// `Bridge::watch`.
#[wasm_bindgen]
pub fn watch(run: u32, watched: bool) {
    on_bridge(|bridge| bridge.watch(run, watched));
}

/// `Bridge::view`: the numbers written, or a status below 0.
#[wasm_bindgen]
pub fn view(run: u32, now: f64, numbers: &mut [f64]) -> i32 {
    on_bridge(|bridge| bridge.view(run, now, numbers))
}

/// `Bridge::seal` into the first `count` words: the journal's length, or a status below 0.
#[wasm_bindgen]
pub fn seal(run: u32, count: u32) -> i32 {
    on_words(Status::TooShort as i32, count, |words| on_bridge(|bridge| bridge.seal(run, words)))
}

/// `Bridge::snapshot`.
#[wasm_bindgen]
pub fn snapshot(run: u32) -> Option<Vec<u8>> {
    on_bridge(|bridge| bridge.snapshot(run))
}

/// `Bridge::restore`: 0 when the bytes do not fit.
#[wasm_bindgen]
pub fn restore(outline: &[u32], bytes: &[u8], now: f64) -> u32 {
    on_bridge(|bridge| bridge.restore(outline, bytes, now))
}

/// `Bridge::ask_shape`: how many numbers `takeAnswer` gives.
#[wasm_bindgen(js_name = askShape)]
pub fn ask_shape(outline: &[u32], scope: u32) -> u32 {
    on_bridge(|bridge| bridge.ask_shape(outline, scope))
}

/// `Bridge::ask_nodes`: how many numbers `takeAnswer` gives.
#[wasm_bindgen(js_name = askNodes)]
pub fn ask_nodes(outline: &[u32]) -> u32 {
    on_bridge(|bridge| bridge.ask_nodes(outline))
}

/// `Bridge::ask_trace`: how many numbers `takeAnswer` gives.
#[wasm_bindgen(js_name = askTrace)]
pub fn ask_trace(outline: &[u32], numbers: &[f64], journal: &[u32]) -> u32 {
    on_bridge(|bridge| bridge.ask_trace(outline, &options(numbers), journal))
}

/// `Bridge::ask_packed_trace`: how many numbers `takeAnswer` gives.
#[wasm_bindgen(js_name = askPackedTrace)]
pub fn ask_packed_trace(outline: &[u32], numbers: &[f64], journal: &[u32]) -> u32 {
    on_bridge(|bridge| bridge.ask_packed_trace(outline, &options(numbers), journal))
}

/// `Bridge::ask_view`: how many numbers `takeAnswer` gives.
#[wasm_bindgen(js_name = askView)]
pub fn ask_view(outline: &[u32], numbers: &[f64], journal: &[u32]) -> u32 {
    on_bridge(|bridge| bridge.ask_view(outline, &options(numbers), journal))
}

/// `Bridge::take_answer`.
#[wasm_bindgen(js_name = takeAnswer)]
pub fn take_answer(numbers: &mut [f64]) {
    on_bridge(|bridge| bridge.take_answer(numbers));
}

/// `Bridge::open_runs`.
#[wasm_bindgen(js_name = openRuns)]
pub fn open_runs() -> u32 {
    on_bridge(|bridge| bridge.open_runs() as u32)
}

/// `bridge::backoff`.
#[wasm_bindgen]
pub fn backoff(base: f64, tries: u32, seed: f64, task: u32, spreads: bool) -> f64 {
    bridge::backoff(base, tries, seed, task, spreads)
}

/// `bridge::rate_limit`.
#[wasm_bindgen(js_name = rateLimit)]
pub fn rate_limit(json: &str) -> String {
    bridge::rate_limit(json)
}

/// `bridge::duration_ms`.
#[wasm_bindgen(js_name = durationMs)]
pub fn duration_ms(text: &str) -> f64 {
    bridge::duration_ms(text)
}

/// `bridge::weight_of`.
#[wasm_bindgen(js_name = weightOf)]
pub fn weight_of(type_name: &str) -> f64 {
    bridge::weight_of(type_name)
}

/// `bridge::read_flow`.
#[wasm_bindgen(js_name = readFlow)]
pub fn read_flow(text: &str, format: &str) -> String {
    bridge::read_flow(text, format)
}

/// `bridge::write_flow`.
#[wasm_bindgen(js_name = writeFlow)]
pub fn write_flow(json: &str, format: &str) -> String {
    bridge::write_flow(json, format)
}

/// `bridge::validate_flow`.
#[wasm_bindgen(js_name = validateFlow)]
pub fn validate_flow(json: &str, types: &str) -> String {
    bridge::validate_flow(json, types)
}

/// `bridge::constants`.
#[wasm_bindgen]
pub fn constants() -> String {
    bridge::constants()
}

/// The version that the module was built as.
#[wasm_bindgen(js_name = moduleVersion)]
pub fn module_version() -> String {
    env!("CARGO_PKG_VERSION").into()
}
