//! The native half of the node library: tables, pictures and SQLite.
//!
//! A hundred thousand rows pass from node to node without one JavaScript object being made: what the bindings hand to JavaScript
//! is a handle, a number or text. The TypeScript half (`@atomiton/nodes`) owns parameters, ports and messages; this half owns
//! bytes. It knows nothing of what calls it, and no thread but those it starts itself.

mod cancel;
mod failure;
pub mod image;
pub mod sqlite;
pub mod table;

pub use cancel::Cancel;
pub use failure::{Code, Failure};
