//! SQLite for the node type `database`.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `connection` | opening a file, its limits, waiting for locks |
//! | `statement` | statements, their values and rows |
//! | `value` | values as JSON |
//! | `rights` | what statements of flows may do |
//! | `bounds` | memory and files of a connection, whatever statements and files say |
mod bounds;
pub mod connection;
mod rights;
pub mod statement;
mod value;

pub use bounds::prepare;
