//! Pieces of work on several threads, whose results come in order.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use crate::failure::{Code, Failure};

/// Threads that read a table at most.
const MOST_THREADS: usize = 8;

/// How many threads are worth it for so many pieces.
pub(super) fn threads_for(pieces: u64) -> usize {
    let there_are = thread::available_parallelism().map_or(1, |count| count.get());
    there_are.min(MOST_THREADS).min(usize::try_from(pieces).unwrap_or(usize::MAX))
}

/// Gives each piece that `next` has to `work`, and each result to `take`, in the order of the pieces. There are never more than
/// twice as many pieces at once as threads. Ends with the last piece, or when `take` answers false or fails.
///
/// `next` and `take` run on the calling thread, as does all for one thread. A panic of `work` goes on there.
pub(super) fn in_order<P: Send, T: Send>(
    threads: usize,
    mut next: impl FnMut() -> Result<Option<P>, Failure>,
    work: impl Fn(P) -> T + Sync,
    mut take: impl FnMut(T) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    if threads < 2 {
        while let Some(piece) = next()? {
            if !take(work(piece))? {
                break;
            }
        }
        return Ok(());
    }
    let (pieces, waiting) = mpsc::channel::<(u64, P)>();
    let (results, done) = mpsc::channel();
    let waiting = Mutex::new(waiting);
    thread::scope(|scope| {
        // Moved in, so that the threads see its end however this ends.
        let pieces = pieces;
        for _ in 0..threads {
            let (results, waiting, work) = (results.clone(), &waiting, &work);
            let body = move || {
                loop {
                    let piece = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, piece)) = piece else { return };
                    let result = catch_unwind(AssertUnwindSafe(|| work(piece)));
                    if results.send((number, result)).is_err() {
                        return;
                    }
                }
            };
            thread::Builder::new().spawn_scoped(scope, body).map_err(|error| {
                Code::ExecutionFailed.because(format!("No thread can be started: {error}"))
            })?;
        }
        let (mut begun, mut taken, mut is_over) = (0_u64, 0_u64, false);
        let mut early = BTreeMap::new();
        loop {
            while !is_over && begun - taken < 2 * threads as u64 {
                match next()? {
                    Some(piece) => {
                        // The threads end after this one only.
                        let _ = pieces.send((begun, piece));
                        begun += 1;
                    }
                    None => is_over = true,
                }
            }
            if taken == begun {
                return Ok(());
            }
            while let Some(result) = early.remove(&taken) {
                taken += 1;
                if !take(result)? {
                    return Ok(());
                }
            }
            if taken < begun && (is_over || begun - taken >= 2 * threads as u64) {
                let Ok((number, result)) = done.recv() else { return Ok(()) };
                match result {
                    Ok(result) => early.insert(number, result),
                    Err(panic) => resume_unwind(panic),
                };
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(threads: usize, most: u64) -> (Vec<u64>, Result<(), Failure>) {
        let (mut number, mut taken) = (0, Vec::new());
        let next = || {
            number += 1;
            Ok((number <= 100).then_some(number))
        };
        let result = in_order(
            threads,
            next,
            |number| number * number,
            |square| {
                taken.push(square);
                Ok((taken.len() as u64) < most)
            },
        );
        (taken, result)
    }

    #[test]
    fn results_come_in_order_until_no_more_are_wanted() {
        for threads in [1, 2, 5] {
            assert_eq!(squares(threads, 1000).0, (1..=100).map(|n| n * n).collect::<Vec<_>>());
            assert_eq!(squares(threads, 3).0, [1, 4, 9]);
        }
    }

    #[test]
    fn what_fails_or_panics_ends_all() {
        let count = || {
            let mut number = 0;
            move || {
                number += 1;
                Ok(Some(number))
            }
        };
        let failure = in_order(
            3,
            count(),
            |n: u32| n,
            |n| {
                if n == 7 { Err(Code::TypeMismatch.because("seven")) } else { Ok(true) }
            },
        );
        assert_eq!(failure.unwrap_err().message, "seven");
        let panicked = catch_unwind(|| in_order(3, count(), |n: u32| assert!(n < 9, "nine"), |()| Ok(true)));
        assert!(panicked.is_err());
    }
}
