//! The native half of the node library: tables, pictures and SQLite.
//!
//! Everything here runs on Node's worker pool and hands back a handle, a number or text, so that a hundred thousand
//! rows may pass from node to node without one JavaScript object being made. The TypeScript half (`@atomiton/nodes`)
//! owns parameters, ports and messages; this half owns bytes.
#![cfg_attr(test, allow(dead_code, reason = "test builds leave the exports out"))]

mod failure;
mod image;
mod sqlite;
mod table;
mod work;

pub(crate) use sqlite::prepare_sqlite;
