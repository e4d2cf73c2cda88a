//! The native addon of atomiton conductor for Node-API.
//!
//! Three things share one library so that a process loads one file: the bridge to the engine, the native half of the node
//! library, and the SQLite store of executions. None holds values of JavaScript: what crosses is numbers, text and handles.

use napi_derive::napi;

mod engine;
mod nodes;
mod store;

/// The version this addon was built as, `major.minor.patch`. The loader compares it with its own and refuses a mismatch.
#[napi(catch_unwind)]
pub fn addon_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
