//! Runs that go on after a failure that nothing catches, and fail at their end.

mod support;

use conductor_core::error::ErrorCode;
use conductor_core::ids::Millis;
use conductor_core::run::{Event, TaskState};
use support::{Scope, Talk, flow, options};

const NOTHING: [&str; 0] = [];

fn going_on(scope: Scope) -> Talk {
    Talk::new(scope, options(|options| options.keep_going = true))
}

#[test]
fn what_does_not_depend_on_a_failure_goes_on_when_asked_to() {
    let mut talk = going_on(flow().leaves(&["a", "b", "c", "d"]).edge("a", "c").edge("b", "d"));
    assert_eq!(talk.start(), ["start a"]);
    assert_eq!(talk.failed("a"), ["start b"]);
    assert_eq!(talk.state("c").0, TaskState::Skipped);
    assert_eq!(talk.done("b"), ["start d"]);
    assert_eq!(talk.done("d"), ["finish EXECUTION_FAILED by a"]);
    assert_eq!(talk.state("d").0, TaskState::Completed);
    assert_eq!(talk.state("flow").0, TaskState::Error);
}

#[test]
fn a_group_with_a_failure_fails_when_the_rest_of_it_is_over() {
    let scope = flow().group("g", |g| g.leaves(&["x", "y"])).leaves(&["after", "other"]).edge("g", "after");
    let mut talk = going_on(scope);
    talk.start();
    while let Some(running) =
        ["g/x", "g/y", "other"].into_iter().find(|leaf| talk.state(leaf).0 == TaskState::Executing)
    {
        if running == "g/x" {
            talk.failed(running)
        } else {
            talk.done(running)
        };
    }
    assert_eq!(talk.state("g/y").0, TaskState::Completed);
    assert_eq!(talk.state("g").0, TaskState::Error);
    assert_eq!(talk.state("after").0, TaskState::Skipped);
    assert_eq!(talk.state("other").0, TaskState::Completed);
    assert_eq!(talk.state("flow").0, TaskState::Error);
}

#[test]
fn an_error_edge_of_a_group_catches_what_failed_in_it_at_its_end() {
    let scope =
        flow().group("g", |g| g.leaves(&["x", "y"])).leaves(&["rescue"]).edge_on("g", "error", "rescue");
    let mut talk = going_on(scope);
    talk.start();
    assert_eq!(talk.failed("g/x"), ["start g/y"]);
    assert_eq!(talk.done("g/y"), ["catch g of g/x", "start rescue"]);
    assert_eq!(talk.done("rescue"), ["finish"]);
}

#[test]
fn the_first_of_several_failures_is_the_reason() {
    let mut talk = going_on(flow().leaves(&["a", "b"]));
    talk.start();
    talk.failed("a");
    assert_eq!(talk.failed("b"), ["finish EXECUTION_FAILED by a"]);
}

#[test]
fn what_depends_on_a_failure_among_others_does_not_run() {
    let scope = flow().leaves(&["a", "b", "x", "end"]).edge("a", "b").edge("b", "end").edge("x", "end");
    let mut talk = going_on(scope);
    talk.start();
    assert_eq!(talk.failed("a"), ["start x"]);
    assert_eq!(talk.done("x"), ["finish EXECUTION_FAILED by a"]);
    for skipped in ["b", "end"] {
        assert_eq!(talk.state(skipped).0, TaskState::Skipped, "{skipped}");
    }
}

#[test]
fn what_depends_on_a_failure_is_neither_fed_nor_told_what_carries_nothing() {
    let scope = flow()
        .leaves(&["a", "off", "rescue", "x"])
        .edge("a", "off")
        .edge_on("off", "error", "rescue")
        .with("off", |off| off.disabled = true);
    let mut talk = going_on(scope).showing(&["start", "pass", "block", "drop", "finish"]);
    talk.start();
    let ops = talk.failed("a");
    assert_eq!(ops, ["drop a", "drop off", "start x"], "what is disabled hands nothing on either");
    for skipped in ["off", "rescue"] {
        assert_eq!(talk.state(skipped).0, TaskState::Skipped, "{skipped}");
    }
}

#[test]
fn a_scope_that_runs_per_item_keeps_the_first_error_of_its_items() {
    let scope = flow().each("e", 1, |e| e.leaves(&["x", "y"]).edge("x", "y")).leaves(&["after"]);
    let mut talk = going_on(scope.edge("e", "after"));
    talk.start();
    assert_eq!(talk.items("e", 2), ["open e[0]", "start e[0]/x"]);
    assert_eq!(talk.failed("e[0]/x"), ["catch e of e[0]/x", "open e[1]", "start e[1]/x"]);
    talk.done("e[1]/x");
    assert_eq!(talk.done("e[1]/y"), ["gather e", "finish EXECUTION_FAILED by e"]);
    assert_eq!(talk.state("e").0, TaskState::Error);
    assert_eq!(talk.state("after").0, TaskState::Skipped);
}

#[test]
fn an_error_edge_of_a_scope_that_runs_per_item_takes_the_error_that_it_kept() {
    let scope = flow().each("e", 1, |e| e.leaves(&["x"])).leaves(&["rescue"]).edge_on("e", "error", "rescue");
    let mut talk = going_on(scope);
    talk.start();
    talk.items("e", 2);
    talk.failed("e[0]/x");
    assert_eq!(talk.done("e[1]/x"), ["gather e", "catch e of e", "start rescue"]);
    assert_eq!(talk.done("rescue"), ["finish"]);
}

#[test]
fn a_scope_that_takes_too_long_fails_at_once_and_the_rest_goes_on() {
    let scope = flow().group("g", |g| g.leaves(&["x", "y"]).own(|own| own.timeout_ms = Some(Millis(20))));
    let mut talk = going_on(scope.leaves(&["other"]));
    talk.start();
    assert_eq!(
        talk.wait(),
        (20.0, ["abort g TIMEOUT", "abort g/x CANCELLED", "start other"].map(str::to_owned).to_vec())
    );
    assert_eq!(talk.done("other"), ["finish TIMEOUT by g"]);
}

#[test]
fn cancelling_and_the_runs_own_deadline_end_a_run_that_goes_on() {
    let mut talk = going_on(flow().leaves(&["a", "b"]));
    talk.start();
    talk.failed("a");
    assert_eq!(talk.tell(&[Event::Cancel]), ["abort b CANCELLED", "finish CANCELLED"]);

    let hurried = options(|options| (options.keep_going, options.timeout) = (true, 30.0));
    let mut talk = Talk::new(flow().leaves(&["a", "b"]), hurried);
    talk.start();
    talk.failed("a");
    assert_eq!(talk.at(30.0), ["abort b TIMEOUT", "finish TIMEOUT"]);
}

#[test]
fn a_lone_leaf_has_nothing_to_go_on_with() {
    let mut talk = going_on(flow());
    talk.start();
    assert_eq!(talk.failed_with("flow", ErrorCode::InvalidParameters), ["finish INVALID_PARAMETERS by flow"]);
}

#[test]
fn a_restored_run_still_knows_what_failed() {
    let mut talk = going_on(flow().leaves(&["a", "b", "end"]).edge("a", "end").edge("b", "end"));
    talk.start();
    assert_eq!(talk.failed("a"), ["start b"]);
    assert_eq!(talk.restored(), ["start b"]);
    assert_eq!(talk.done("b"), ["finish EXECUTION_FAILED by a"]);
    assert_eq!(talk.state("end").0, TaskState::Skipped);
}

#[test]
fn nobody_runs_ahead_of_a_failure() {
    let mut talk = going_on(flow().leaves(&["a", "b", "end"]).edge("a", "end").edge("b", "end"));
    talk.start();
    assert!(talk.run.runs_ahead());
    assert_eq!(talk.failed("a"), ["start b"]);
    assert!(!talk.run.runs_ahead(), "`end` follows b in plan order, and is not to start");
    assert_eq!(talk.failed("a"), NOTHING, "told twice");
}

#[test]
fn a_restored_run_knows_what_failed_in_a_group_of_a_loop() {
    let scope = flow().each("loop", 1, |each| each.group("g", |g| g.leaves(&["x", "y"])));
    let mut talk = going_on(scope);
    talk.start();
    talk.items("loop", 1);
    assert_eq!(talk.failed("loop[0]/g/x"), ["start loop[0]/g/y"]);
    assert_eq!(talk.restored(), ["open loop[0]", "start loop[0]/g/y"]);
    assert_eq!(
        talk.done("loop[0]/g/y"),
        ["catch loop of loop[0]/g/x", "gather loop", "finish EXECUTION_FAILED by loop"]
    );
}
