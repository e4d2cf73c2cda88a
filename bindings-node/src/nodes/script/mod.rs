//! User JavaScript, in an engine with its own heap and nothing in it but the built-ins of the language.
//!
//! * [`sandbox`]: one run of one function, with its limits
//! * [`bridge`]: the functions that JavaScript calls
//! * `harness.js`: the part that runs inside the engine

mod bridge;
mod sandbox;
