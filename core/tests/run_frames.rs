//! Scopes that run once per item.

mod support;

use conductor_core::error::ErrorCode;
use conductor_core::ids::{Millis, Slot, TaskId};
use conductor_core::run::{Event, Op};
use support::{Scope, Talk, flow, options};

const NOTHING: [&str; 0] = [];

fn together(scope: Scope) -> Talk {
    let mut kinds = vec!["start", "ask", "open", "close", "gather", "catch", "abort", "finish"];
    kinds.push("pass");
    Talk::new(scope, options(|options| options.concurrency = 8)).showing(&kinds)
}

#[test]
fn one_item_after_the_other() {
    let mut talk = together(flow().each("e", 1, |e| e.leaves(&["x", "y"]).edge("x", "y")));
    assert_eq!(talk.start(), ["ask e after 0"]);
    assert_eq!(talk.items("e", 2), ["open e[0]", "start e[0]/x"]);
    assert_eq!(talk.done("e[0]/x"), ["start e[0]/y"]);
    assert_eq!(talk.done("e[0]/y"), ["close e[0]", "open e[1]", "start e[1]/x"]);
    assert_eq!(talk.done("e[1]/x"), ["start e[1]/y"]);
    assert_eq!(talk.done("e[1]/y"), ["close e[1]", "gather e", "finish"]);
}

#[test]
fn several_items_at_once_up_to_the_width() {
    let mut talk = together(flow().each("e", 2, |e| e.leaves(&["x"])));
    talk.start();
    assert_eq!(talk.items("e", 3), ["open e[0]", "open e[1]", "start e[0]/x", "start e[1]/x"]);
    assert_eq!(talk.done("e[1]/x"), ["close e[1]", "open e[2]", "start e[2]/x"]);
    assert_eq!(talk.done("e[0]/x"), ["close e[0]"]);
    assert_eq!(talk.done("e[2]/x"), ["close e[2]", "gather e", "finish"]);
}

#[test]
fn no_items_give_an_empty_result() {
    let mut talk = together(flow().each("e", 1, |e| e.leaves(&["x"])).leaves(&["after"]).edge("e", "after"));
    talk.start();
    assert_eq!(talk.items("e", 0), ["gather e", "start after"]);
}

#[test]
fn a_scope_without_a_known_end_asks_again_until_there_is_nothing_new() {
    let mut talk = together(flow().each("e", 1, |e| e.leaves(&["x"])));
    talk.start();
    let (task, first) = talk.attempt("e");
    assert_eq!(talk.items_so_far("e", 1), ["open e[0]", "start e[0]/x"]);
    assert_eq!(talk.done("e[0]/x"), ["close e[0]", "ask e after 1"]);
    let late = Event::Items { task, attempt: first, count: 1, open_ended: false };
    assert_eq!(talk.tell(&[late]), NOTHING, "the first question was answered before");
    assert_eq!(talk.items_so_far("e", 2), ["open e[1]", "start e[1]/x"]);
    assert_eq!(talk.done("e[1]/x"), ["close e[1]", "ask e after 2"]);
    assert_eq!(talk.items_so_far("e", 2), ["gather e", "finish"]);
}

/// Two rounds at once, of which a failure ends one alone.
fn tolerant(fill: impl FnOnce(Scope) -> Scope) -> Talk {
    let each = |e: Scope| fill(e).own(|policy| policy.tolerant = true);
    let scope = flow().each("e", 2, each).leaves(&["after"]).edge("e", "after");
    let kinds = ["start", "open", "close", "lose", "gather", "abort", "finish"];
    Talk::new(scope, options(|options| options.concurrency = 8)).showing(&kinds)
}

#[test]
fn a_failed_round_of_a_tolerant_scope_ends_alone() {
    let mut talk = tolerant(|e| e.leaves(&["x", "y"]));
    talk.start();
    talk.items("e", 3);
    assert_eq!(
        talk.failed("e[0]/x"),
        ["abort e[0]/y CANCELLED", "lose e by e[0]/x", "open e[2]", "start e[2]/x", "start e[2]/y"]
    );
    talk.done("e[1]/x");
    assert_eq!(talk.done("e[1]/y"), ["close e[1]"]);
    talk.done("e[2]/x");
    assert_eq!(talk.failed("e[2]/y"), ["lose e by e[2]/y", "gather e", "start after"]);
    assert_eq!(talk.done("after"), ["finish"]);
}

#[test]
fn what_takes_a_failure_inside_a_round_comes_before_its_end() {
    let mut talk = tolerant(|e| e.leaves(&["x", "handler"]).edge_on("x", "error", "handler"));
    talk.start();
    talk.items("e", 1);
    assert_eq!(talk.failed("e[0]/x"), ["start e[0]/handler"]);
    assert_eq!(talk.done("e[0]/handler"), ["close e[0]", "gather e", "start after"]);
}

#[test]
fn what_was_cancelled_ends_more_than_its_round() {
    let mut talk = tolerant(|e| e.leaves(&["x"]));
    talk.start();
    talk.items("e", 2);
    let found = talk.failed_with("e[0]/x", ErrorCode::Cancelled);
    assert_eq!(found, ["abort e[1]/x CANCELLED", "finish CANCELLED by e[0]/x"]);
}

#[test]
fn a_scope_with_items_may_contain_another() {
    let mut talk = together(flow().each("e", 2, |e| e.each("f", 1, |f| f.leaves(&["x"]))));
    talk.start();
    talk.items("e", 2);
    assert_eq!(talk.items("e[0]/f", 1), ["open e[0]/f[0]", "start e[0]/f[0]/x"]);
    assert_eq!(talk.items("e[1]/f", 2), ["open e[1]/f[0]", "start e[1]/f[0]/x"]);
    assert_eq!(talk.done("e[0]/f[0]/x"), ["close e[0]/f[0]", "gather e[0]/f", "close e[0]"]);
    assert_eq!(talk.done("e[1]/f[0]/x"), ["close e[1]/f[0]", "open e[1]/f[1]", "start e[1]/f[1]/x"]);
    assert_eq!(
        talk.done("e[1]/f[1]/x"),
        ["close e[1]/f[1]", "gather e[1]/f", "close e[1]", "gather e", "finish"]
    );
}

#[test]
fn a_failing_item_fails_the_run() {
    let mut talk = together(flow().each("e", 2, |e| e.leaves(&["x"])));
    talk.start();
    talk.items("e", 3);
    assert_eq!(talk.failed("e[1]/x"), ["abort e[0]/x CANCELLED", "finish EXECUTION_FAILED by e[1]/x"]);
}

#[test]
fn an_error_edge_inside_an_item_saves_the_item() {
    let mut talk =
        together(flow().each("e", 1, |e| e.leaves(&["x", "rescue"]).edge_on("x", "error", "rescue")));
    talk.start();
    talk.items("e", 1);
    assert_eq!(talk.failed("e[0]/x"), ["catch e[0]/x of e[0]/x", "start e[0]/rescue"]);
    assert_eq!(talk.done("e[0]/rescue"), ["close e[0]", "gather e", "finish"]);
}

#[test]
fn an_error_edge_of_the_scope_stops_its_items() {
    let scope = flow().each("e", 2, |e| e.leaves(&["x"])).leaves(&["rescue"]).edge_on("e", "error", "rescue");
    let mut talk = together(scope);
    talk.start();
    talk.items("e", 5);
    assert_eq!(talk.failed("e[0]/x"), ["abort e[1]/x CANCELLED", "catch e of e[0]/x", "start rescue"]);
    assert_eq!(talk.done("e[1]/x"), NOTHING);
    assert_eq!(talk.done("rescue"), ["finish"]);
}

#[test]
fn items_that_cannot_be_told_fail_their_scope() {
    let mut talk = together(flow().each("e", 1, |e| e.leaves(&["x"])));
    talk.start();
    assert_eq!(talk.failed("e"), ["finish EXECUTION_FAILED by e"]);
}

#[test]
fn a_scope_keeps_its_deadline_over_all_its_questions() {
    let mut talk =
        together(flow().each("e", 1, |e| e.leaves(&["x"]).own(|node| node.timeout_ms = Some(Millis(40)))));
    talk.start();
    talk.now = 30.0;
    talk.items_so_far("e", 1);
    talk.done("e[0]/x");
    talk.restored();
    assert_eq!(talk.wait(), (40.0, ["abort e TIMEOUT", "finish TIMEOUT by e"].map(str::to_owned).to_vec()));
}

#[test]
fn a_hundred_thousand_items_that_run_nothing_need_no_deep_stack() {
    let scope = flow().each("e", 1, |e| e.leaves(&["off"]).with("off", |node| node.disabled = true));
    let mut talk = together(scope).showing(&["gather", "finish"]);
    talk.start();
    assert_eq!(talk.items("e", 100_000), ["gather e", "finish"]);
}

#[test]
fn a_hundred_thousand_open_items_are_answered_in_linear_time() {
    let scope = flow().each("e", 100_000, |e| e.leaves(&["x"]));
    let mut talk = Talk::new(scope, options(|options| options.concurrency = u32::MAX));
    talk.run.start(0.0).expect("not started before");
    let mut answers = vec![Event::Items { task: TaskId(1), attempt: 1, count: 100_000, open_ended: false }];
    let mut ops = vec![Op::Drop { slot: Slot(0) }; 1024];
    let mut closed = 0;
    while talk.run.poll_ops(&mut ops) > 0 {}
    while !answers.is_empty() {
        talk.run.handle_all(0.0, &answers).expect("the contract is kept");
        answers.clear();
        loop {
            let count = talk.run.poll_ops(&mut ops);
            if count == 0 {
                break;
            }
            for op in &ops[..count] {
                match *op {
                    Op::Start { task, attempt, .. } => {
                        answers.push(Event::Done { task, attempt, routed: false })
                    }
                    Op::Close { .. } => closed += 1,
                    _ => {}
                }
            }
        }
    }
    assert!(talk.run.is_finished());
    assert_eq!(closed, 100_000);
}
