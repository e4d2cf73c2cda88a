//! What a failure says of another try.

mod support;

use conductor_core::error::ErrorCode;
use conductor_core::ids::Millis;
use conductor_core::run::Event;
use support::{Talk, flow, options};

fn failing(retries: u32) -> Talk {
    let scope = flow().leaves(&["a"]);
    let mut talk =
        Talk::new(scope, options(|options| (options.retries, options.retry_delay) = (retries, 10.0)));
    assert_eq!(talk.start(), ["start a"]);
    talk
}

fn fails(talk: &mut Talk, delay: Millis) -> Vec<String> {
    let (task, attempt) = talk.attempt("a");
    let code = ErrorCode::ExecutionFailed;
    talk.tell(&[Event::Advice { task, attempt, delay }, Event::Failed { task, attempt, code }])
}

#[test]
fn a_failure_that_would_come_again_is_not_tried_again() {
    let mut talk = failing(3);
    assert_eq!(fails(&mut talk, Event::NEVER), ["finish EXECUTION_FAILED by a"]);
}

#[test]
fn a_failure_may_ask_for_a_longer_backoff_but_for_no_shorter_one() {
    for (asked, due) in [(500, 500.0), (3, 10.0)] {
        let mut talk = failing(1);
        assert!(fails(&mut talk, Millis(asked)).is_empty());
        assert!(talk.at(due - 1.0).is_empty());
        assert_eq!(talk.at(due), ["start a #2"]);
    }
}

#[test]
fn advice_holds_for_the_failure_that_follows_it_and_for_no_other() {
    let mut talk = failing(2);
    let (task, attempt) = talk.attempt("a");
    let code = ErrorCode::ExecutionFailed;
    talk.tell(&[Event::Advice { task, attempt: attempt + 1, delay: Event::NEVER }]);
    assert!(talk.tell(&[Event::Failed { task, attempt, code }]).is_empty());
    assert_eq!(talk.at(10.0), ["start a #2"]);
    // That of the first attempt is past.
    assert!(talk.failed("a").is_empty());
    assert_eq!(talk.at(30.0), ["start a #3"]);
}
