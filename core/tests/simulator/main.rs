//! Random flows under random schedules in virtual time, checked after every step.
//!
//! `SIMULATOR_SCHEDULES` sets how many schedules are run, `SIMULATOR_SEED` runs that one alone and tells it.

mod flow;
mod host;
mod model;
mod random;
mod regressions;
mod schedule;
mod shape;

use std::panic::{AssertUnwindSafe, catch_unwind};

const SCHEDULES: u64 = 20_000;

#[test]
fn no_schedule_breaks_a_promise() {
    if let Some(seed) = number("SIMULATOR_SEED") {
        let (verdict, transcript) = told(seed);
        println!("{transcript}");
        assert_eq!(verdict, Ok(()), "seed {seed}");
        return;
    }
    let schedules = number("SIMULATOR_SCHEDULES").unwrap_or(SCHEDULES);
    for seed in regressions::SEEDS.into_iter().chain(0..schedules) {
        let passed = catch_unwind(|| schedule::run(seed, None));
        if !matches!(passed, Ok(Ok(()))) {
            let (verdict, transcript) = told(seed);
            panic!(
                "{transcript}\n{verdict:?}\n\
                 SIMULATOR_SEED={seed} cargo test -p conductor-core --test simulator -- --nocapture"
            );
        }
    }
}

fn told(seed: u64) -> (model::Verdict, String) {
    let mut transcript = String::new();
    let passed = catch_unwind(AssertUnwindSafe(|| schedule::run(seed, Some(&mut transcript))));
    (passed.unwrap_or_else(|_| Err("panicked".into())), transcript)
}

#[expect(clippy::disallowed_methods, reason = "the engine reads no environment, its test may")]
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text:?}")))
}
