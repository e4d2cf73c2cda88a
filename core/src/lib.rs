//! The engine of atomiton conductor: a flow goes in, operations for a host come out.
//!
//! The crate is a pure state machine. It never reads a clock, never draws a random number, never
//! does I/O and never holds a value of its host: time, seeds and ids are arguments, and values stay
//! where they were made. The same code therefore runs natively, in WebAssembly and in a simulator
//! with virtual time.
//!
//! The modules follow the life of a flow:
//!
//! - [`flow`]: what a flow is; reading and writing it as JSON and YAML, within limits.
//! - [`graph`]: what its shape says; levels, critical path, weights, cycles.
//! - [`validate`]: what is wrong with it; every problem with a code, a path and a message.
//! - [`plan`]: a flow compiled for running.
//! - [`run`]: the executor; events in, ops out.
//! - [`bridge`]: all of it by handles and words, as the bindings export it.
//! - [`ids`]: numbers of nodes, tasks, slots and frames, and milliseconds, each with a type of its own.
//! - [`error`]: the codes that every failure carries, and what to do about each.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod bridge;
pub mod error;
pub mod flow;
pub mod graph;
pub mod ids;
mod numbered;
pub mod plan;
pub mod run;
pub mod validate;
