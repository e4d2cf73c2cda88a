//! The sections of a `try`: what begins after what, what fails it, and what its policy counts for.

mod support;

use conductor_core::error::ErrorCode;
use conductor_core::flow::{Branches, Outline, Section};
use conductor_core::ids::{Millis, NodeId};
use conductor_core::plan::{Plan, PlanError};
use conductor_core::run::TaskState;
use support::{Scope, Talk, flow, options};

const NOTHING: [&str; 0] = [];

/// A `try` of `a` and `b`, with a catch and a finally.
fn tried(scope: Scope) -> Scope {
    scope
        .leaves(&["last", "rescue", "a", "b"])
        .with("rescue", |rescue| rescue.section = Section::Catch)
        .with("last", |last| last.section = Section::Finally)
        .own(|own| own.branches = Some(Branches::Try))
}

fn talk(scope: Scope) -> Talk {
    Talk::new(scope, options(|options| options.concurrency = 8))
        .showing(&["reset", "start", "abort", "finish"])
}

#[test]
fn a_body_that_succeeds_is_followed_by_the_finally_alone() {
    let mut talk = talk(flow().group("t", tried).leaves(&["after"]).edge("t", "after"));
    assert_eq!(talk.start(), ["start t/a", "start t/b"]);
    assert_eq!(talk.done("t/a"), NOTHING);
    assert_eq!(talk.done("t/b"), ["start t/last"]);
    assert_eq!(talk.state("t/rescue").0, TaskState::Skipped);
    assert_eq!(talk.done("t/last"), ["start after"]);
    assert_eq!(talk.state("t").0, TaskState::Completed);
    assert_eq!(talk.done("after"), ["finish"]);
}

#[test]
fn a_failure_of_the_body_stops_it_and_begins_the_catch() {
    let mut talk = talk(flow().group("t", tried));
    talk.start();
    assert_eq!(talk.failed("t/a"), ["abort t/b CANCELLED", "start t/rescue"]);
    assert_eq!(talk.state("t/b").0, TaskState::Skipped);
    assert_eq!(talk.done("t/rescue"), ["start t/last"]);
    assert_eq!(talk.done("t/last"), ["finish"]);
    assert_eq!(talk.state("t").0, TaskState::Completed);
}

#[test]
fn the_last_failure_that_nothing_takes_fails_the_try() {
    let mut talk = talk(flow().group("t", tried).leaves(&["after"]).edge("t", "after"));
    talk.start();
    talk.failed("t/b");
    assert_eq!(talk.failed("t/rescue"), ["start t/last"]);
    assert_eq!(talk.failed("t/last"), ["finish EXECUTION_FAILED by t/last"]);
}

#[test]
fn the_time_limit_of_a_try_ends_with_its_body() {
    let mut talk = talk(flow().group("t", |t| tried(t).own(|own| own.timeout_ms = Some(Millis(20)))));
    talk.start();
    let (at, ops) = talk.wait();
    assert_eq!(at, 20.0);
    assert_eq!(ops, ["abort t TIMEOUT", "abort t/b CANCELLED", "abort t/a CANCELLED", "start t/rescue"]);
    assert_eq!(talk.at(100.0), NOTHING);
    assert_eq!(talk.done("t/rescue"), ["start t/last"]);
    assert_eq!(talk.done("t/last"), ["finish"]);
}

#[test]
fn retries_of_a_try_begin_its_body_again_and_nothing_else() {
    let again = |t: Scope| tried(t).own(|own| (own.retries, own.retry_delay_ms) = (Some(1), Some(Millis(5))));
    let mut talk = talk(flow().group("t", again));
    talk.start();
    assert_eq!(talk.failed("t/a"), ["abort t/b CANCELLED"]);
    assert_eq!(talk.wait(), (5.0, vec!["reset t".into(), "start t/a".into(), "start t/b".into()]));
    assert_eq!(talk.failed("t/a"), ["abort t/b CANCELLED", "start t/rescue"]);
    assert_eq!(talk.failed("t/rescue"), ["start t/last"]);
    assert_eq!(talk.done("t/last"), ["finish EXECUTION_FAILED by t/rescue"]);
}

#[test]
fn sections_have_no_edges_and_a_try_has_a_body() {
    let edge = flow().group("t", |t| tried(t).edge("a", "b").edge("a", "rescue")).outline().0;
    assert_eq!(Plan::compile(&edge).err(), Some(PlanError::SectionEdge { edge: 1 }));
    assert_eq!(PlanError::SectionEdge { edge: 1 }.code(), ErrorCode::InvalidParameters);
    let only = |t: Scope| t.leaves(&["a"]).with("a", |a| a.section = Section::Catch);
    let bodiless = flow().group("t", |t| only(t).own(|own| own.branches = Some(Branches::Try))).outline().0;
    assert_eq!(Plan::compile(&bodiless).err(), Some(PlanError::NoBody { node: NodeId(1) }));
}

#[test]
fn words_of_sections_that_contradict_are_refused() {
    let outline = flow().group("t", tried).outline().0;
    assert_eq!(Outline::from_words(&outline.to_words()).as_ref(), Ok(&outline));
    let mut twice = outline.clone();
    twice.nodes[2].section = Section::Catch;
    assert!(Outline::from_words(&twice.to_words()).is_err());
    let mut elsewhere = outline;
    elsewhere.nodes[1].branches = None;
    assert!(Outline::from_words(&elsewhere.to_words()).is_err());
}
