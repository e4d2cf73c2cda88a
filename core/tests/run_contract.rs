//! What a host may rely on and what it must keep: misuse, clocks, journals, traces, snapshots.

mod support;

use std::sync::Arc;

use conductor_core::ids::{Slot, TaskId};
use conductor_core::plan::Plan;
use conductor_core::run::{Event, Journal, JournalError, Misuse, Op, Run, RunOptions, SnapshotError};
use support::{Scope, Talk, flow, options};

fn plan(scope: Scope) -> Arc<Plan> {
    Arc::new(Plan::compile(&scope.outline().0).expect("in order"))
}

fn started(scope: Scope) -> Run {
    let mut run = Run::new(plan(scope), RunOptions::default());
    run.start(0.0).expect("not started before");
    run
}

fn drained(run: &mut Run) -> Vec<Op> {
    let mut ops = vec![Op::Drop { slot: Slot(0) }; run.undrained()];
    run.poll_ops(&mut ops);
    ops
}

fn done(task: TaskId) -> Event {
    Event::Done { task, attempt: 1, routed: false }
}

#[test]
fn an_event_before_the_start_is_refused() {
    let mut run = Run::new(plan(flow()), RunOptions::default());
    assert_eq!(run.handle(0.0, Event::Cancel), Err(Misuse::NotStarted));
    assert_eq!(run.handle_timeout(0.0), Err(Misuse::NotStarted));
}

#[test]
fn a_second_start_is_refused() {
    let mut run = started(flow());
    assert_eq!(run.start(0.0), Err(Misuse::AlreadyStarted));
}

#[test]
fn a_step_before_all_ops_are_taken_is_refused() {
    let mut run = started(flow());
    assert_eq!(run.handle(0.0, done(TaskId(0))), Err(Misuse::Undrained));
    assert_eq!(run.handle_timeout(0.0), Err(Misuse::Undrained));
    assert_eq!(run.snapshot(), Err(SnapshotError::Misuse(Misuse::Undrained)));
    drained(&mut run);
    assert_eq!(run.handle(0.0, done(TaskId(0))), Ok(()));
}

#[test]
fn an_unknown_task_is_refused_with_its_whole_batch() {
    let mut run = started(flow());
    drained(&mut run);
    assert_eq!(run.handle_all(0.0, &[done(TaskId(0)), done(TaskId(1))]), Err(Misuse::UnknownTask));
    assert!(!run.is_finished());
    assert_eq!(run.undrained(), 0);
}

#[test]
fn a_time_that_is_not_a_number_is_refused() {
    let mut run = Run::new(plan(flow()), RunOptions::default());
    assert_eq!(run.start(f64::NAN), Err(Misuse::Malformed));
    run.start(0.0).expect("nothing has changed");
    drained(&mut run);
    assert_eq!(run.handle(f64::NAN, done(TaskId(0))), Err(Misuse::Malformed));
    assert_eq!(run.handle_timeout(f64::NAN), Err(Misuse::Malformed));
}

#[test]
fn a_clock_that_goes_back_stands_still() {
    let mut talk = Talk::new(flow().leaves(&["a", "b"]), options(|options| options.timeout = 100.0));
    talk.now = 1000.0;
    talk.start();
    talk.now = 400.0;
    talk.done("a");
    assert_eq!(talk.run.deadline(), Some(1100.0));
    assert_eq!(talk.at(500.0), [""; 0]);
    assert_eq!(talk.at(1100.0), ["abort b TIMEOUT", "finish TIMEOUT"]);
    let summary = talk.run.summary(talk.now);
    assert_eq!((summary.started, summary.ended), (1000.0, 1100.0));
}

#[test]
fn ops_may_be_taken_one_word_record_at_a_time() {
    let mut run = started(flow().leaves(&["a"]));
    let mut words = [0; 4];
    let mut kinds = Vec::new();
    while run.poll_words(&mut words) > 0 {
        kinds.push(words[0] & 0xff);
    }
    assert_eq!(kinds, [3, 1], "Enter, Start");
}

#[test]
fn events_told_at_once_are_one_step_also_when_replayed() {
    // After a's answer alone, `late` would start; told together, what comes first in the plan does.
    let scope = flow()
        .leaves(&["a", "b", "early", "also", "late"])
        .edge("a", "late")
        .edge("b", "early")
        .edge("b", "also");
    let plan = plan(scope);
    let settings = options(|options| options.concurrency = 2);
    let mut run = Run::new(plan.clone(), settings.clone());
    run.start(0.0).expect("not started before");
    let mut history = drained(&mut run);
    run.handle_all(1.0, &[done(TaskId(1)), done(TaskId(2))]).expect("the contract is kept");
    history.extend(drained(&mut run));
    let mut again = Vec::new();
    let journal = run.journal().expect("recorded");
    journal.replay(plan, settings, false, |_, ops| again.extend_from_slice(ops)).expect("its own journal");
    assert_eq!(again, history);
    let starts =
        again.iter().filter_map(|op| if let Op::Start { task, .. } = op { Some(task.0) } else { None });
    assert_eq!(starts.collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn a_foreign_journal_is_refused() {
    let plan = plan(flow());
    let replay = |words: Vec<u32>| {
        Journal::from_words(words).replay(plan.clone(), RunOptions::default(), false, |_, _| {}).map(|_| ())
    };
    assert_eq!(replay(vec![0; 4]), Err(JournalError::Malformed));
    assert_eq!(replay(vec![0, 0, 0, 0, 0, 77, 0, 0, 0, 0]), Err(JournalError::Malformed));
    assert_eq!(replay(vec![7, 0, 0, 0, 0]), Err(JournalError::Refused(Misuse::NotStarted)));
    assert_eq!(
        replay(vec![0, 0, 0, 0, 0, 0x87, 0, 0, 0, 0]),
        Err(JournalError::Malformed),
        "the step is cut off"
    );
}

#[test]
fn a_trace_has_a_row_for_every_change_also_of_an_unwatched_run() {
    let plan = plan(flow().leaves(&["a"]));
    let mut run = Run::new(plan.clone(), RunOptions::default());
    run.start(5.0).expect("not started before");
    drained(&mut run);
    run.handle(8.0, done(TaskId(1))).expect("the contract is kept");
    let trace = run.journal().expect("recorded").trace(plan, RunOptions::default()).expect("its own journal");
    let rows: Vec<&[f64]> = trace.chunks(6).collect();
    assert_eq!(rows[0], [5.0, 0.0, 1.0, 0.0, 0.0, 255.0], "the flow begins");
    assert_eq!(rows[1], [5.0, 1.0, 1.0, 0.0, 0.0, 255.0], "so does the node");
    assert_eq!(rows[2], [5.0, 1.0, 1.0, 0.0, 0.0, 0.0], "its first step");
    assert_eq!(rows[rows.len() - 2], [8.0, 1.0, 2.0, 100.0, 100.0, 255.0]);
    assert_eq!(rows[rows.len() - 1][..3], [8.0, 0.0, 2.0]);
    assert_eq!(rows.len(), 2 + 6 + 1 + 2);
}

#[test]
fn a_run_can_go_on_from_a_snapshot_of_every_step() {
    let scope = flow()
        .leaves(&["a"])
        .group("g", |g| g.each("e", 2, |e| e.leaves(&["x"])))
        .leaves(&["z"])
        .chain(&["a", "g", "z"]);
    let mut talk = Talk::new(scope, options(|options| options.concurrency = 4))
        .showing(&["start", "enter", "ask", "open", "close", "finish"]);
    talk.start();
    assert_eq!(talk.restored(), ["enter flow", "start a"]);
    talk.done("a");
    assert_eq!(talk.restored(), ["enter flow", "enter g", "ask g/e after 0"]);
    talk.items("g/e", 3);
    assert_eq!(
        talk.restored(),
        ["enter flow", "enter g", "open g/e[0]", "open g/e[1]", "start g/e[1]/x", "start g/e[0]/x"]
    );
    talk.done("g/e[1]/x");
    let _ = talk.restored();
    talk.done("g/e[2]/x");
    let _ = talk.restored();
    assert_eq!(talk.done("g/e[0]/x"), ["close g/e[0]", "start z"]);
    assert_eq!(talk.restored(), ["enter flow", "start z"]);
    assert_eq!(talk.done("z"), ["finish"]);
    assert_eq!(talk.restored(), [""; 0], "over is over");
    assert!(talk.run.is_finished());
}

#[test]
fn a_foreign_snapshot_is_refused() {
    let mut run = started(flow().leaves(&["a", "b"]));
    drained(&mut run);
    let bytes = run.snapshot().expect("drained");
    let own = run.plan().clone();
    let refusal = |plan: &Arc<Plan>, bytes: &[u8]| Run::restore(plan.clone(), bytes, 0.0).map(|_| ()).err();
    assert_eq!(refusal(&own, &bytes), None);
    assert_eq!(refusal(&own, &[]), Some(SnapshotError::Malformed));
    assert_eq!(refusal(&own, &bytes[..bytes.len() / 2]), Some(SnapshotError::Malformed));
    assert_eq!(refusal(&plan(flow().leaves(&["a"])), &bytes), Some(SnapshotError::Plan));
    let newer: Vec<u8> = std::iter::once(9).chain(bytes[1..].iter().copied()).collect();
    assert_eq!(refusal(&own, &newer), Some(SnapshotError::Version(9)));
}
