//! The native addon of atomiton conductor for Node-API.
//!
//! Three things share one library so that a process loads one file: the bridge to the engine (`conductor_core`), the native half of
//! the node library (`nodes_native`), and the SQLite store of executions (`store_native`). This crate moves arguments and results
//! between them and JavaScript. None holds values of JavaScript: what crosses is numbers, text and handles.
#![cfg_attr(test, allow(dead_code, reason = "test builds leave the exports out"))]

use napi_derive::napi;

mod engine;
mod failure;
mod nodes;
mod store;

/// The version this addon was built as, `major.minor.patch`. The loader compares it with its own and refuses a mismatch.
#[napi(catch_unwind)]
pub fn addon_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
