//! A host that runs ahead sees, and leaves behind, the same as one that asks after every leaf.

mod support;

use std::sync::Arc;

use conductor_core::bridge::{AHEAD, AHEAD_WORDS, Bridge, MAILBOX_HEADER, START};
use conductor_core::error::ErrorCode;
use conductor_core::ids::{Millis, Slot, TaskId};
use conductor_core::plan::Plan;
use conductor_core::run::{Event, Op, Run, RunOptions};
use support::{Scope, flow, options};

fn nested() -> Scope {
    flow()
        .leaves(&["a", "b"])
        .group("g", |g| g.leaves(&["x", "y", "z"]).edge("z", "x"))
        .leaves(&["c"])
        .edge("b", "g")
        .edge("a", "c")
}

fn opened(scope: Scope, options: RunOptions) -> Run {
    let (outline, _, _) = scope.outline();
    Run::new(Arc::new(Plan::compile(&outline).expect("the flow is in order")), options)
}

fn drained(run: &mut Run) -> Vec<Op> {
    let mut ops = vec![Op::Drop { slot: Slot(0) }; run.undrained()];
    run.poll_ops(&mut ops);
    ops
}

fn starts(ops: &[Op]) -> Vec<TaskId> {
    let task = |op: &Op| if let Op::Start { task, .. } = op { Some(*task) } else { None };
    ops.iter().filter_map(task).collect()
}

fn done(task: TaskId) -> Event {
    Event::Done { task, attempt: 1, routed: false }
}

/// One leaf after the other, 5 ms each.
fn asked(run: &mut Run) -> (Vec<TaskId>, Vec<Op>) {
    run.start(0.0).expect("not started");
    let mut order = Vec::new();
    let mut ops = drained(run);
    let mut next = starts(&ops);
    while let Some(task) = next.first().copied() {
        order.push(task);
        run.handle(order.len() as f64 * 5.0, done(task)).expect("drained");
        let more = drained(run);
        next = starts(&more);
        ops.extend(more);
    }
    (order, ops)
}

#[test]
fn the_journal_and_the_ops_are_those_of_a_host_that_asks() {
    let mut one = opened(nested(), RunOptions::default());
    let (order, expected) = asked(&mut one);
    assert!(one.is_finished());
    for batch in 1..=order.len() {
        let mut other = opened(nested(), RunOptions::default());
        other.start(0.0).expect("not started");
        assert!(other.runs_ahead());
        let mut ops = drained(&mut other);
        let events: Vec<(f64, Event)> =
            (1..).zip(&order).map(|(place, task)| (f64::from(place) * 5.0, done(*task))).collect();
        for part in events.chunks(batch) {
            other.handle_ahead(part).expect("drained");
            ops.extend(drained(&mut other));
        }
        assert_eq!(ops, expected, "in batches of {batch}");
        assert_eq!(other.journal(), one.journal(), "in batches of {batch}");
    }
}

#[test]
fn a_failure_after_a_stretch_ahead_is_the_one_that_would_have_come() {
    let mut run = opened(flow().leaves(&["a", "b", "c"]).chain(&["a", "b", "c"]), RunOptions::default());
    run.start(0.0).expect("not started");
    drained(&mut run);
    run.handle_ahead(&[(1.0, done(TaskId(1)))]).expect("drained");
    assert_eq!(starts(&drained(&mut run)), [TaskId(2)]);
    run.handle(2.0, Event::Failed { task: TaskId(2), attempt: 1, code: ErrorCode::ExecutionFailed })
        .expect("drained");
    let ops = drained(&mut run);
    assert_eq!(ops, [Op::Finish { cause: TaskId(2), code: Some(ErrorCode::ExecutionFailed) }]);
}

#[test]
fn an_answer_that_is_not_due_is_ignored() {
    let mut run = opened(flow().leaves(&["a", "b", "c"]).chain(&["a", "b", "c"]), RunOptions::default());
    run.start(0.0).expect("not started");
    drained(&mut run);
    run.handle_ahead(&[(1.0, done(TaskId(3))), (2.0, done(TaskId(1)))]).expect("drained");
    assert_eq!(starts(&drained(&mut run)), [TaskId(2)], "c was not in flight when its answer came");
}

#[test]
fn nobody_runs_ahead_where_something_could_come_between() {
    let plain = || flow().leaves(&["a", "b"]).chain(&["a", "b"]);
    let started = |scope: Scope, options: RunOptions| {
        let mut run = opened(scope, options);
        run.start(0.0).expect("not started");
        drained(&mut run);
        run
    };
    assert!(started(plain(), RunOptions::default()).runs_ahead());
    assert!(!started(plain(), options(|options| options.concurrency = 2)).runs_ahead());
    assert!(!started(plain(), options(|options| options.slow_mo = 1.0)).runs_ahead());
    assert!(!started(plain().with("b", |b| b.disabled = true), RunOptions::default()).runs_ahead());
    assert!(
        !started(plain().with("b", |b| b.timeout_ms = Some(Millis(5))), RunOptions::default()).runs_ahead()
    );
    assert!(!started(plain().edge_on("a", "error", "b"), RunOptions::default()).runs_ahead());
    assert!(!started(flow().each("e", 1, |e| e.leaves(&["x"])), RunOptions::default()).runs_ahead());

    let mut paused = started(plain(), RunOptions::default());
    paused.handle(1.0, Event::Pause).expect("drained");
    assert!(!paused.runs_ahead());
    paused.handle(2.0, Event::Resume).expect("drained");
    assert!(paused.runs_ahead());

    let mut diverted =
        started(flow().leaves(&["gate", "yes", "no"]).edge("gate", "no"), RunOptions::default());
    diverted.handle(1.0, Event::Done { task: TaskId(1), attempt: 1, routed: true }).expect("drained");
    assert!(!diverted.runs_ahead(), "`no` was skipped: plan order is no longer the order of starts");
}

#[test]
fn records_with_times_cross_the_bridge() {
    let (outline, _, _) = flow().leaves(&["a", "b"]).chain(&["a", "b"]).outline();
    let words = outline.to_words();
    let mut bridge = Bridge::default();
    let mut table = vec![0; 100];
    let mut options = [0.0; conductor_core::run::OPTION_NUMBERS];
    (options[7], options[9], options[12]) = (-1.0, -1.0, 1.0);
    let run = bridge.open(&words, &mut table, &options);
    let mut mailbox = vec![0; MAILBOX_HEADER + 64];
    assert_eq!(bridge.turn(run, &mut mailbox, START, 0.0), 2, "enter and start");
    assert_eq!(mailbox[2], 1, "the host may run ahead");
    for (record, (task, time)) in [(1, 3.5_f64), (2, 4.25)].iter().enumerate() {
        let at = MAILBOX_HEADER + record * AHEAD_WORDS;
        let bits = time.to_bits();
        mailbox[at..at + 3].copy_from_slice(&done(TaskId(*task)).to_words());
        mailbox[at + 4..at + 6].copy_from_slice(&[bits as u32, (bits >> 32) as u32]);
    }
    assert!(bridge.turn(run, &mut mailbox, AHEAD + 2, 0.0) > 0);
    let mut journal = vec![0; 100];
    let length = bridge.seal(run, &mut journal) as usize;
    let last = &journal[length - 2..length];
    assert_eq!(f64::from_bits(u64::from(last[0]) | u64::from(last[1]) << 32), 4.25);
    assert_eq!(bridge.open_runs(), 0);
}
