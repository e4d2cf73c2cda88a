//! Pictures: read, changed, laid over one another and written.
//!
//! * `job`: what is to be done, as JavaScript says it
//! * `reading`: from bytes to pixels, after a look at how many they are
//! * `color`: profiles and grey
//! * `geometry`, `resizing`, `turning`: sizes and places
//! * `layers`, `blending`: pictures over pictures
//! * `text`, `fonts`: words on pictures
//! * `effects`: blur, sharpness, opacity
//! * `writing`: from pixels to bytes
//! * `process`: all of it in order

mod blending;
mod color;
mod effects;
mod fonts;
pub mod geometry;
pub mod job;
mod layers;
pub mod process;
pub mod reading;
mod resizing;
mod text;
mod turning;
mod writing;
