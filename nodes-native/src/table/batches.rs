//! Rows of a scan as text, for one that asks for them piece by piece.

use std::panic::{AssertUnwindSafe, catch_unwind};
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
        Self::read(move |give| scan.texts(bytes, &cancel, give))
    }

    fn read(
        read: impl FnOnce(&mut dyn FnMut(String, usize) -> Result<bool, Failure>) -> Result<Taken, Failure>
        + Send
        + 'static,
    ) -> Result<Self, Failure> {
        let (sender, receiver) = sync_channel(1);
        let body = move || {
            let mut give = |text, count| Ok(sender.send(Ok(Piece::Rows(text, count))).is_ok());
            // A thread that ended without a word would look like the end of the rows.
            let end = catch_unwind(AssertUnwindSafe(|| read(&mut give))).unwrap_or_else(|_| {
                Err(Code::ExecutionFailed.because("The native node library failed unexpectedly"))
            });
            // It is not heard where this was closed.
            let _ = sender.send(end.map(Piece::End));
        };
        thread::Builder::new()
            .spawn(body)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_reading_is_a_failure_and_no_end_of_the_rows() {
        let batches = Batches::read(|give| {
            give("[{}]".to_owned(), 1)?;
            panic!("on purpose")
        })
        .unwrap();
        assert!(matches!(batches.next(), Ok(Some(Piece::Rows(_, 1)))));
        assert!(batches.next().is_err_and(|failure| failure.code == Code::ExecutionFailed));
        assert!(matches!(batches.next(), Ok(None)));
    }
}
