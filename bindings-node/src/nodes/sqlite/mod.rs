//! SQLite for the node type `database`.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `handle` | what JavaScript calls |
//! | `connection` | opening a file, its limits, waiting for locks |
//! | `statement` | statements, their values and rows |
//! | `value` | values as JSON |
//! | `rights` | what statements of flows may do |
//! | `bounds` | memory and files of a connection, whatever statements and files say |
mod bounds;
mod connection;
mod handle;
mod rights;
mod statement;
mod value;

pub(crate) use bounds::prepare_sqlite;
