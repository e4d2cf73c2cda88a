//! The core as the browser will see it. No logic lives here.
//!
//! The module re-exports the core so that a build for `wasm32-unknown-unknown` compiles all of it; the `Plan` and
//! `Run` functions take the shape of the Node binding when the browser entry is built.
#![forbid(unsafe_code)]

pub use conductor_core::*;
