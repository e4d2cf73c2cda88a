//! Nodes whose failure the run goes on after, because their policy says so.

mod support;

use conductor_core::error::ErrorCode;
use conductor_core::flow::OutlineNode;
use conductor_core::ids::Millis;
use conductor_core::run::TaskState;
use support::{Scope, Talk, flow, options};

fn continues(node: &mut OutlineNode) {
    node.continue_on_error = true;
}

fn chain_of_three() -> Scope {
    flow().leaves(&["a", "b", "c"]).chain(&["a", "b", "c"])
}

#[test]
fn every_edge_fires_and_brings_nothing() {
    let mut talk = Talk::new(chain_of_three().with("b", continues), options(|_| {}));
    talk = talk.showing(&["start", "catch", "block", "finish"]);
    talk.start();
    talk.done("a");
    assert_eq!(talk.failed("b"), ["catch b of b", "block c.0", "start c"]);
    assert_eq!(talk.state("b").0, TaskState::Error);
    assert_eq!(talk.done("c"), ["finish"]);
}

#[test]
fn an_error_edge_takes_the_error_as_ever() {
    let scope = chain_of_three().edge_on("b", "error", "c").with("b", continues);
    let mut plain = Talk::new(chain_of_three().edge_on("b", "error", "c"), options(|_| {}));
    let mut talk = Talk::new(scope, options(|_| {}));
    for talk in [&mut plain, &mut talk] {
        talk.start();
        talk.done("a");
        assert_eq!(talk.failed("b"), ["catch b of b", "start c"]);
        assert_eq!(talk.done("c"), ["finish"]);
    }
}

#[test]
fn tries_come_first_and_a_deadline_is_a_failure() {
    let scope = chain_of_three().with("a", |node| {
        continues(node);
        node.retries = Some(1);
        node.retry_delay_ms = Some(Millis(10));
        node.timeout_ms = Some(Millis(50));
    });
    let mut talk = Talk::new(scope, options(|_| {}));
    talk.start();
    assert!(talk.failed("a").is_empty());
    assert_eq!(talk.wait(), (10.0, vec!["start a #2".into()]));
    assert_eq!(
        talk.wait(),
        (60.0, ["abort a TIMEOUT", "catch a of a", "start b"].map(str::to_owned).to_vec())
    );
}

#[test]
fn what_is_cancelled_is_not_gone_on_after() {
    let mut talk = Talk::new(chain_of_three().with("a", continues), options(|_| {}));
    talk.start();
    assert_eq!(talk.failed_with("a", ErrorCode::Cancelled), ["finish CANCELLED by a"]);
}

#[test]
fn the_node_that_is_run_fails_all_the_same() {
    let mut talk = Talk::new(flow().own(continues).leaves(&["a"]), options(|_| {}));
    talk.start();
    assert_eq!(talk.failed("a"), ["finish EXECUTION_FAILED by a"]);
}

#[test]
fn a_group_stops_what_is_in_flight_inside_and_the_flow_goes_on() {
    let scope = flow()
        .group("g", |group| group.leaves(&["a", "b"]).own(continues))
        .leaves(&["after"])
        .chain(&["g", "after"]);
    let mut talk = Talk::new(scope, options(|options| options.concurrency = 2));
    talk.start();
    assert_eq!(talk.failed("g/a"), ["abort g/b CANCELLED", "catch g of g/a", "start after"]);
    assert_eq!(talk.done("after"), ["finish"]);
}

#[test]
fn inside_a_group_the_group_goes_on() {
    let scope = flow().group("g", |group| group.leaves(&["a", "b"]).chain(&["a", "b"]).with("a", continues));
    let mut talk = Talk::new(scope, options(|_| {}));
    talk.start();
    assert_eq!(talk.failed("g/a"), ["catch g/a of g/a", "start g/b"]);
    assert_eq!(talk.done("g/b"), ["finish"]);
    assert_eq!(talk.state("g").0, TaskState::Completed);
}

#[test]
fn every_round_of_a_loop_goes_on_by_itself() {
    let scope =
        flow().each("each", 3, |each| each.leaves(&["a", "b"]).chain(&["a", "b"]).with("a", continues));
    let mut talk = Talk::new(scope, options(|options| options.concurrency = 3));
    talk.start();
    talk.items("each", 3);
    assert_eq!(talk.failed("each[1]/a"), ["catch each[1]/a of each[1]/a", "start each[1]/b"]);
    assert_eq!(talk.failed("each[0]/a"), ["catch each[0]/a of each[0]/a", "start each[0]/b"]);
    talk.done("each[2]/a");
    talk.done("each[0]/b");
    talk.done("each[1]/b");
    assert_eq!(talk.done("each[2]/b"), ["gather each", "finish"]);
}

#[test]
fn a_loop_itself_ends_with_its_first_failure_and_the_flow_goes_on() {
    let scope = flow()
        .each("each", 2, |each| each.leaves(&["a"]).own(continues))
        .leaves(&["b"])
        .chain(&["each", "b"]);
    let mut talk = Talk::new(scope, options(|options| options.concurrency = 2));
    talk.start();
    talk.items("each", 5);
    assert_eq!(talk.failed("each[0]/a"), ["abort each[1]/a CANCELLED", "catch each of each[0]/a", "start b"]);
    assert_eq!(talk.done("b"), ["finish"]);
}

#[test]
fn a_run_that_keeps_going_succeeds_where_policies_handled_every_failure() {
    let scope =
        flow().group("g", |group| group.leaves(&["a", "b"]).own(continues)).leaves(&["c"]).chain(&["g", "c"]);
    let mut talk = Talk::new(scope, options(|options| options.keep_going = true));
    talk.start();
    assert_eq!(talk.failed("g/a"), ["start g/b"]);
    assert_eq!(talk.done("g/b"), ["catch g of g/a", "start c"]);
    assert_eq!(talk.done("c"), ["finish"]);
}

#[test]
fn a_restored_run_still_brings_nothing() {
    let scope = flow().leaves(&["a", "b", "c"]).chain(&["a", "c"]).edge("b", "c").with("a", continues);
    let mut talk = Talk::new(scope, options(|_| {})).showing(&["start", "block", "finish"]);
    talk.start();
    assert_eq!(talk.failed("a"), ["block c.0", "start b"]);
    assert_eq!(talk.restored(), ["block c.0", "start b"]);
    assert_eq!(talk.done("b"), ["start c"]);
}
