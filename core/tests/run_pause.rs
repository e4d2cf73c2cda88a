//! What falls due while a run is paused.

mod support;

use conductor_core::ids::{Millis, NodeId};
use conductor_core::run::{Event, Op, RunOptions, Simulation, Target, TaskState};
use support::{Scope, Talk, flow, options};

const NOTHING: [&str; 0] = [];

/// A leaf that is tried once more, this many ms after it failed.
fn again_after(leaf: &str, delay: u32) -> impl FnOnce(Scope) -> Scope {
    move |scope| {
        scope
            .leaves(&[leaf])
            .with(leaf, |leaf| (leaf.retries, leaf.retry_delay_ms) = (Some(1), Some(Millis(delay))))
    }
}

fn delayed(node: u32) -> RunOptions {
    let delay = Simulation { target: Target::Node(NodeId(node)), delay: 30.0 };
    options(|options| options.simulate_delay = Some(delay))
}

/// A group that is begun once more, 20 ms after something in it failed.
fn group() -> Scope {
    flow().group("g", |g| {
        g.leaves(&["x"]).own(|own| (own.retries, own.retry_delay_ms) = (Some(1), Some(Millis(20))))
    })
}

#[test]
fn a_retry_that_falls_due_in_a_pause_waits_for_the_end_of_it() {
    let mut talk = Talk::new(again_after("a", 20)(flow()), RunOptions::default());
    talk.start();
    talk.failed("a");
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.wait(), (20.0, vec![]));
    assert_eq!(talk.run.deadline(), None, "there is nothing to wait for but the end of the pause");
    assert_eq!(talk.at(1000.0), NOTHING);
    assert_eq!(talk.tell(&[Event::Resume]), ["start a #2"]);
    assert_eq!(talk.done("a"), ["finish"]);
}

#[test]
fn a_retry_that_is_not_due_when_the_pause_ends_keeps_its_time() {
    let mut talk = Talk::new(again_after("a", 20)(flow()), RunOptions::default());
    talk.start();
    talk.failed("a");
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.at(10.0), NOTHING);
    assert_eq!(talk.tell(&[Event::Resume]), NOTHING);
    assert_eq!(talk.wait(), (20.0, vec!["start a #2".to_owned()]));
}

#[test]
fn a_failure_in_a_pause_is_tried_again_after_it() {
    let mut talk = Talk::new(again_after("a", 0)(flow()), RunOptions::default());
    talk.start();
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.failed("a"), NOTHING);
    assert_eq!(talk.wait(), (0.0, vec![]));
    assert_eq!(talk.run.deadline(), None);
    assert_eq!(talk.tell(&[Event::Resume]), ["start a #2"]);
}

#[test]
fn a_group_does_not_begin_again_in_a_pause() {
    let mut talk = Talk::new(group(), RunOptions::default()).showing(&["reset", "enter", "start"]);
    talk.start();
    talk.failed("g/x");
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.wait(), (20.0, vec![]), "not even a reset");
    assert_eq!(talk.run.deadline(), None);
    assert_eq!(talk.state("g/x").0, TaskState::Error);
    assert_eq!(talk.tell(&[Event::Resume]), ["reset g", "enter g", "start g/x"]);
}

#[test]
fn a_group_that_begins_again_after_a_pause_begins_where_it_stands_in_the_flow() {
    let scope = group().leaves(&["one", "two"]);
    let mut talk = Talk::new(scope, options(|options| options.concurrency = 2));
    assert_eq!(talk.start(), ["start g/x", "start one"]);
    assert_eq!(talk.failed("g/x"), NOTHING);
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.at(20.0), NOTHING);
    assert_eq!(talk.done("one"), NOTHING);
    assert_eq!(talk.tell(&[Event::Resume]), ["start g/x", "start two"]);
}

#[test]
fn an_executable_whose_simulated_delay_ends_in_a_pause_waits_for_the_end_of_it() {
    let mut talk = Talk::new(flow().leaves(&["a"]), delayed(1));
    assert_eq!(talk.start(), NOTHING);
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.wait(), (30.0, vec![]));
    assert_eq!(talk.run.deadline(), None);
    assert_eq!(talk.state("a").0, TaskState::Executing, "it has begun, and holds its place");
    assert_eq!(talk.tell(&[Event::Resume]), ["start a"]);
}

#[test]
fn slow_motion_starts_nothing_in_a_pause() {
    let mut talk = Talk::new(flow().leaves(&["a", "b"]), options(|options| options.slow_mo = 100.0));
    assert_eq!(talk.start(), ["start a"]);
    talk.tell(&[Event::Pause]);
    talk.done("a");
    while talk.run.deadline().is_some() {
        assert_eq!(talk.wait().1, NOTHING);
    }
    assert_eq!(talk.state("a").0, TaskState::Completed, "what has begun goes on");
    assert_eq!(talk.tell(&[Event::Resume]), ["start b"]);
    talk.done("b");
    while !talk.run.is_finished() {
        talk.wait();
    }
    assert_eq!(talk.overall(), 100);
}

#[test]
fn a_failure_that_is_simulated_begins_after_the_pause() {
    let error = Simulation { target: Target::Node(NodeId(1)), delay: 0.0 };
    let mut simulated = delayed(1);
    simulated.simulate_error = Some(error);
    let mut talk = Talk::new(flow().leaves(&["a"]), simulated);
    talk.start();
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.wait(), (30.0, vec![]));
    assert_eq!(talk.tell(&[Event::Resume]), ["abort a EXECUTION_FAILED", "finish EXECUTION_FAILED by a"]);
}

#[test]
fn what_a_pause_held_begins_in_the_order_in_which_it_was_due() {
    let scope = again_after("late", 40)(again_after("early", 10)(again_after("between", 20)(flow())));
    let mut talk = Talk::new(
        scope.leaves(&["after"]).edge("early", "after"),
        options(|options| options.concurrency = 3),
    );
    assert_eq!(talk.start(), ["start between", "start early", "start late"]);
    for name in ["late", "between", "early"] {
        assert_eq!(talk.failed(name), NOTHING);
    }
    talk.tell(&[Event::Pause]);
    for at in [10.0, 20.0, 40.0] {
        assert_eq!(talk.wait(), (at, vec![]));
    }
    assert_eq!(talk.run.deadline(), None);
    assert_eq!(talk.tell(&[Event::Resume]), ["start early #2", "start between #2", "start late #2"]);
    assert_eq!(talk.done("early"), ["start after"]);
}

#[test]
fn what_is_held_keeps_its_room() {
    let scope = again_after("a", 10)(flow()).leaves(&["b", "c"]);
    let mut talk = Talk::new(scope, options(|options| options.concurrency = 2));
    assert_eq!(talk.start(), ["start a", "start b"]);
    talk.failed("a");
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.at(10.0), NOTHING);
    assert_eq!(talk.tell(&[Event::Resume]), ["start a #2"], "no room for the third");
    assert_eq!(talk.done("b"), ["start c"]);
}

#[test]
fn a_run_that_is_cancelled_in_a_pause_tries_nothing_again() {
    let mut talk = Talk::new(again_after("a", 10)(flow()), RunOptions::default());
    talk.start();
    talk.failed("a");
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.at(10.0), NOTHING);
    assert_eq!(talk.tell(&[Event::Cancel]), ["abort a CANCELLED", "finish CANCELLED"]);
    assert_eq!(talk.tell(&[Event::Resume]), NOTHING);
}

#[test]
fn to_resume_and_to_cancel_at_once_starts_nothing() {
    let mut talk = Talk::new(again_after("a", 10)(flow()), RunOptions::default());
    talk.start();
    talk.failed("a");
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.at(10.0), NOTHING);
    assert_eq!(talk.tell(&[Event::Resume, Event::Cancel]), ["abort a CANCELLED", "finish CANCELLED"]);
}

#[test]
fn to_resume_and_to_pause_at_once_starts_nothing() {
    let mut talk = Talk::new(again_after("a", 10)(flow()).leaves(&["b"]), RunOptions::default());
    talk.start();
    talk.failed("a");
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.at(10.0), NOTHING);
    assert_eq!(talk.tell(&[Event::Resume, Event::Pause]), NOTHING);
    assert_eq!(talk.tell(&[Event::Pause, Event::Resume]), ["start a #2"]);
}

#[test]
fn what_was_stopped_in_a_pause_does_not_begin_after_it() {
    let scope = flow().group("g", |g| again_after("x", 10)(g).leaves(&["y"])).leaves(&["rescue"]);
    let mut talk =
        Talk::new(scope.edge_on("g", "error", "rescue"), options(|options| options.concurrency = 2));
    assert_eq!(talk.start(), ["start g/x", "start g/y"]);
    talk.failed("g/x");
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.at(10.0), NOTHING);
    assert_eq!(talk.failed("g/y"), ["abort g/x CANCELLED", "catch g of g/y"]);
    assert_eq!(talk.tell(&[Event::Resume]), ["start rescue"]);
    assert_eq!(talk.state("g/x").0, TaskState::Error);
}

#[test]
fn deadlines_pass_in_a_pause() {
    let scope = flow().group("g", |g| again_after("x", 10)(g).own(|own| own.timeout_ms = Some(Millis(50))));
    let mut talk = Talk::new(scope, RunOptions::default());
    talk.start();
    talk.failed("g/x");
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.wait(), (10.0, vec![]));
    let ended = ["abort g TIMEOUT", "abort g/x CANCELLED", "finish TIMEOUT by g"];
    assert_eq!(talk.wait(), (50.0, ended.map(str::to_owned).to_vec()));
}

#[test]
fn the_deadline_of_a_run_passes_in_a_pause() {
    let mut talk = Talk::new(again_after("x", 10)(flow()), options(|options| options.timeout = 50.0));
    talk.start();
    talk.failed("x");
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.wait(), (10.0, vec![]));
    let ended = ["abort x TIMEOUT", "finish TIMEOUT"];
    assert_eq!(talk.wait(), (50.0, ended.map(str::to_owned).to_vec()));
}

#[test]
fn a_snapshot_keeps_what_a_pause_holds() {
    let scope = again_after("b", 10)(again_after("a", 20)(flow()));
    let mut talk = Talk::new(scope, options(|options| options.concurrency = 2));
    talk.start();
    talk.failed("b");
    talk.failed("a");
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.at(30.0), NOTHING);
    assert_eq!(talk.restored(), NOTHING);
    assert_eq!(talk.run.deadline(), None, "the restored run waits for no timer either");
    assert_eq!(talk.restored(), NOTHING);
    assert_eq!(talk.tell(&[Event::Resume]), ["start b #2", "start a #2"]);
}

#[test]
fn what_falls_due_between_a_snapshot_and_its_restoring_is_held() {
    let mut talk = Talk::new(again_after("a", 20)(flow()), RunOptions::default());
    talk.start();
    talk.failed("a");
    talk.tell(&[Event::Pause]);
    talk.now = 500.0;
    assert_eq!(talk.restored(), NOTHING);
    assert_eq!(talk.at(501.0), NOTHING);
    assert_eq!(talk.tell(&[Event::Resume]), ["start a #2"]);
}

#[test]
fn a_pause_and_what_it_held_are_replayed() {
    let options = options(|options| (options.record, options.concurrency) = (true, 2));
    let scope = again_after("b", 10)(again_after("a", 20)(flow()));
    let mut talk = Talk::new(scope, options.clone());
    talk.start();
    talk.failed("b");
    talk.failed("a");
    talk.tell(&[Event::Pause]);
    talk.at(10.0);
    talk.at(20.0);
    talk.now = 45.0;
    talk.tell(&[Event::Resume]);
    talk.done("a");
    talk.done("b");
    let mut starts = Vec::new();
    let journal = talk.run.journal().expect("it is recorded");
    let replayed = journal.replay(talk.plan.clone(), options, false, |time, ops| {
        let begun = ops.iter().filter_map(|op| match op {
            Op::Start { task, .. } => Some((time, *task)),
            _ => None,
        });
        starts.extend(begun);
    });
    assert!(replayed.expect("of the same plan").is_finished());
    let (a, b) = (talk.task("a"), talk.task("b"));
    assert_eq!(starts, [(0.0, a), (0.0, b), (45.0, b), (45.0, a)]);
}
