//! The engine as a WebAssembly module: `conductor_core::bridge` with arguments moved in and results out, and nothing
//! else.
//!
//! A panic is a trap here, and leaves the instance as it was in the middle of a call. The host then lets go of it
//! and makes a new one. Handles of runs say nothing about the instance that gave them out; that is the host's to know.
#![deny(unsafe_code)]
#![allow(unreachable_pub, reason = "`wasm-bindgen` exports what is public, wherever it stands")]

mod engine;
