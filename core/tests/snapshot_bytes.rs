//! Snapshots that were damaged or forged: a run is refused, or goes on to an end; it never panics.

mod support;

use std::sync::Arc;

use conductor_core::error::ErrorCode;
use conductor_core::flow::{Branches, OutlineNode, Section};
use conductor_core::ids::{Millis, TaskId};
use conductor_core::plan::Plan;
use conductor_core::run::{Event, Op, Run, RunOptions};

use support::{Scope, flow, options};

/// Steps after which a run that goes on and on is cancelled: forged counts may ask for billions of items.
const MOST_STEPS: usize = 200;
/// Ways in which each snapshot is damaged.
const DAMAGES: u64 = 300;
/// Format and fingerprint, which are compared and not used.
const HEADER: usize = 9;

fn flows() -> Vec<(Scope, RunOptions)> {
    let diamond = flow()
        .leaves(&["a", "b", "c", "d"])
        .edge("a", "b")
        .edge("a", "c")
        .edge("b", "d")
        .edge("c", "d")
        .edge_on("a", "error", "d");
    let nested = flow()
        .leaves(&["a"])
        .group("g", |g| {
            g.leaves(&["p", "q"]).chain(&["p", "q"]).each("e", 2, |e| {
                e.leaves(&["x", "y"]).chain(&["x", "y"]).each("inner", 3, |inner| inner.leaves(&["z"]))
            })
        })
        .leaves(&["end"])
        .chain(&["a", "g", "end"])
        .edge_on("g", "error", "end");
    let patient = flow()
        .leaves(&["a", "b", "c"])
        .chain(&["a", "b", "c"])
        .with("a", |a| {
            (a.retries, a.retry_delay_ms, a.timeout_ms) = (Some(3), Some(Millis(10)), Some(Millis(50)))
        })
        .with("b", |b| b.disabled = true);
    let stubborn = |scope: Scope| {
        scope.own(|own| {
            (own.retries, own.retry_delay_ms, own.timeout_ms) = (Some(2), Some(Millis(5)), Some(Millis(40)))
        })
    };
    let again =
        || {
            flow()
                .group("g", |g| {
                    stubborn(g.leaves(&["x", "y"]).each("e", 2, |e| {
                        e.group("h", |h| stubborn(h.leaves(&["p", "q"]).chain(&["p", "q"])))
                    }))
                })
                .leaves(&["end", "rescue"])
                .edge("g", "end")
                .edge_on("g", "error", "rescue")
        };
    let branches = |rule: Branches| {
        flow()
            .group("g", |g| {
                g.leaves(&["a", "b", "c"])
                    .edge("a", "b")
                    .each("e", 2, |e| {
                        e.group("h", |h| h.leaves(&["x", "y"]).own(|own| own.branches = Some(Branches::Race)))
                    })
                    .own(|own| own.branches = Some(rule))
            })
            .leaves(&["end"])
            .edge("g", "end")
            .edge_on("g", "error", "end")
    };
    let tries = || {
        flow().group("t", |t| {
            let named = |own: &mut OutlineNode, section| own.section = section;
            t.each("e", 2, |e| {
                e.group("inner", |inner| {
                    inner
                        .leaves(&["a", "rescue"])
                        .with("rescue", |rescue| named(rescue, Section::Catch))
                        .own(|own| own.branches = Some(Branches::Try))
                })
            })
            .leaves(&["rescue", "last"])
            .with("rescue", |rescue| named(rescue, Section::Catch))
            .with("last", |last| named(last, Section::Finally))
            .own(|own| {
                (own.branches, own.timeout_ms, own.retries) = (Some(Branches::Try), Some(Millis(40)), Some(1))
            })
        })
    };
    vec![
        (tries(), options(|options| options.concurrency = 4)),
        (tries(), options(|options| (options.concurrency, options.keep_going) = (2, true))),
        (branches(Branches::First(2)), options(|options| options.concurrency = 4)),
        (branches(Branches::AllSettled), options(|options| options.keep_going = true)),
        (again(), options(|options| options.concurrency = 4)),
        (again(), options(|options| (options.concurrency, options.keep_going) = (4, true))),
        (diamond, options(|options| options.concurrency = 4)),
        (nested, options(|options| (options.concurrency, options.jitter) = (8, true))),
        (patient, options(|options| (options.slow_mo, options.timeout) = (20.0, 1000.0))),
    ]
}

/// A host that answers what it is asked, the oldest first.
struct Host {
    run: Run,
    random: Random,
    now: f64,
    asked: Vec<Event>,
    watches: bool,
}

impl Host {
    fn new(run: Run, seed: u64) -> Host {
        let mut random = Random(seed);
        let watches = random.below(2) == 0;
        let mut host = Host { run, random, now: 1.0, asked: Vec::new(), watches };
        host.run.watch(host.watches);
        host
    }

    fn take_ops(&mut self) {
        let mut ops = vec![Op::Finish { cause: TaskId(0), code: None }; 64];
        loop {
            let count = self.run.poll_ops(&mut ops);
            if count == 0 {
                return;
            }
            for op in &ops[..count] {
                match *op {
                    Op::Start { task, attempt, .. } => self.asked.push(match self.random.below(5) {
                        0 => Event::Failed { task, attempt, code: ErrorCode::ExecutionFailed },
                        1 => Event::Done { task, attempt, routed: true },
                        _ => Event::Done { task, attempt, routed: false },
                    }),
                    Op::Ask { task, attempt, known } => {
                        let count = known.saturating_add(self.random.below(4));
                        self.asked.push(Event::Items { task, attempt, count, open_ended: count % 2 == 0 });
                    }
                    _ => {}
                }
            }
        }
    }

    /// Answers, or lets time pass; false when there is nothing to do.
    fn step(&mut self) -> bool {
        let mut view = vec![0.0; self.run.view_len()];
        self.run.write_view(self.now, &mut view);
        if self.run.is_finished() {
            return false;
        }
        if self.asked.is_empty() || self.random.below(4) == 0 {
            let Some(at) = self.run.deadline() else { return !self.asked.is_empty() };
            self.now = self.now.max(at);
            self.run.handle_timeout(self.now).expect("drained, and a time");
        } else {
            let event = self.asked.remove(0);
            self.run.handle(self.now, event).expect("an answer to what was asked");
        }
        self.take_ops();
        true
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ bits >> 31) % end.max(1)) as u32
    }
}

/// Snapshots of every step of some runs of a plan.
fn snapshots(plan: &Arc<Plan>, options: &RunOptions) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for seed in 0..12 {
        let mut host = Host::new(Run::new(plan.clone(), options.clone()), seed);
        found.push(host.run.snapshot().expect("nothing to drain"));
        host.run.start(0.0).expect("once");
        host.take_ops();
        for _ in 0..MOST_STEPS {
            found.push(host.run.snapshot().expect("drained"));
            if !host.step() {
                break;
            }
        }
    }
    found
}

/// Whether the bytes were taken for a snapshot; then the run was brought to its end.
fn survives(plan: &Arc<Plan>, bytes: &[u8], seed: u64) -> bool {
    let Ok(run) = Run::restore(plan.clone(), bytes, 1.0) else { return false };
    let mut host = Host::new(run, seed);
    host.take_ops();
    if host.run.start(1.0).is_ok() {
        host.take_ops();
    }
    for _ in 0..MOST_STEPS {
        if !host.step() {
            break;
        }
    }
    host.run.handle(host.now, Event::Cancel).expect("drained");
    host.take_ops();
    assert!(host.run.is_finished(), "a cancelled run is over");
    host.run.snapshot().expect("drained");
    true
}

fn damaged(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(3) {
        let at = HEADER + random.below((bytes.len() - HEADER) as u64) as usize;
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.below(256) as u8,
            // The counters are short numbers, most of them 0 or 1.
            2 => bytes[at] = random.below(3) as u8,
            3 => bytes[at] = bytes[at].wrapping_sub(1),
            // The largest number that takes five bytes.
            4 => drop(bytes.splice(at..=at, [0xff, 0xff, 0xff, 0xff, 0x0f])),
            _ => drop(bytes.splice(at..at, [random.below(3) as u8])),
        }
    }
    bytes
}

#[test]
fn a_damaged_snapshot_is_refused_or_its_run_comes_to_an_end() {
    let mut taken = 0;
    for (scope, options) in flows() {
        let plan = Arc::new(Plan::compile(&scope.outline().0).expect("the flow is in order"));
        for (number, bytes) in (0_u64..).zip(snapshots(&plan, &options)) {
            assert!(survives(&plan, &bytes, number), "a sound snapshot is taken");
            for round in 0..DAMAGES {
                let seed = number << 32 | round;
                let bytes = damaged(&bytes, &mut Random(seed));
                let guarded = std::panic::AssertUnwindSafe(|| survives(&plan, &bytes, seed));
                match std::panic::catch_unwind(guarded) {
                    Ok(survived) => taken += u32::from(survived),
                    Err(_) => panic!("snapshot {number}, round {round}: {bytes:?}"),
                }
            }
        }
    }
    assert!(taken > 0, "damage that nobody can notice is part of the trial");
}

#[test]
fn a_snapshot_cut_short_is_refused() {
    for (scope, options) in flows() {
        let plan = Arc::new(Plan::compile(&scope.outline().0).expect("the flow is in order"));
        for bytes in snapshots(&plan, &options).iter().step_by(7) {
            for length in 0..bytes.len() {
                assert!(Run::restore(plan.clone(), &bytes[..length], 1.0).is_err(), "{length} bytes");
            }
        }
    }
}
