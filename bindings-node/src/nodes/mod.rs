//! `nodes_native` for Node-API: arguments moved in, handles, numbers and text out, and nothing else.
//!
//! All that takes long runs on Node's worker pool, or on a thread of its own.

mod image;
mod sqlite;
mod table;
mod work;
mod workbook;
