//! Rows of a scan as text, for one that asks for them piece by piece.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::scan::{Scan, Taken};
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// What comes next of a scan.
pub enum Piece {
    /// The JSON text of an array of objects, and how many they are.
    Rows(String, usize),
    /// All rows were taken.
    End(Taken),
}

/// Rows that a thread of its own reads ahead, by one piece, until this is closed or dropped.
pub struct Batches {
    pieces: Mutex<Option<Receiver<Result<Piece, Failure>>>>,
}

impl Batches {
    /// Begins to read; no row begins beyond so many bytes of a text.
    pub fn of(scan: Scan, bytes: usize, cancel: Cancel) -> Result<Self, Failure> {
        let (sender, receiver) = sync_channel(1);
        let read = move || {
            let give = |text, count| Ok(sender.send(Ok(Piece::Rows(text, count))).is_ok());
            let end = scan.texts(bytes, &cancel, give).map(Piece::End);
            // It is not heard where this was closed.
            let _ = sender.send(end);
        };
        thread::Builder::new()
            .spawn(read)
            .map_err(|error| Code::ExecutionFailed.because(format!("No thread can be started: {error}")))?;
        Ok(Self { pieces: Mutex::new(Some(receiver)) })
    }

    /// Waits for the piece that comes next; nothing behind the end. Fails as [`Scan::table`] does.
    pub fn next(&self) -> Result<Option<Piece>, Failure> {
        let pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Ok(piece)) = pieces.as_ref().map(Receiver::recv) else { return Ok(None) };
        piece.map(Some)
    }

    /// Lets the thread end, unless a piece is being waited for.
    pub fn close(&self) {
        if let Ok(mut pieces) = self.pieces.try_lock() {
            *pieces = None;
        }
    }
}
