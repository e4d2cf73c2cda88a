//! What goes wrong and what comes of it: fail-fast, retries, timeouts, cancellation, error edges, skips.

mod support;

use conductor_core::error::ErrorCode;
use conductor_core::ids::{Millis, TaskId};
use conductor_core::run::{Event, TaskState, backoff};
use support::{Scope, Talk, flow, options};

const NOTHING: [&str; 0] = [];

fn together(scope: Scope) -> Talk {
    Talk::new(scope, options(|options| options.concurrency = 8))
}

#[test]
fn the_first_failure_aborts_what_is_in_flight_and_starts_nothing_more() {
    let mut talk = together(flow().leaves(&["a", "b", "c", "d"]).edge("c", "d"));
    talk.start();
    assert_eq!(talk.failed("b"), ["abort c CANCELLED", "abort a CANCELLED", "finish EXECUTION_FAILED by b"]);
    assert_eq!(talk.done("a"), NOTHING, "a late answer changes nothing");
    assert_eq!(talk.state("a").0, TaskState::Error);
    assert_eq!(talk.state("d").0, TaskState::Pending);
}

#[test]
fn the_scopes_around_a_failure_fail_with_it() {
    let scope = flow()
        .group("g", |g| g.group("h", |h| h.leaves(&["x"])))
        .group("other", |other| other.leaves(&["y", "z"]).edge("y", "z"));
    let mut talk = Talk::new(scope, options(|options| options.concurrency = 2));
    talk.start();
    talk.done("other/y");
    talk.failed("g/h/x");
    for name in ["flow", "g", "g/h", "g/h/x", "other", "other/z"] {
        assert_eq!(talk.state(name).0, TaskState::Error, "{name}");
    }
    assert_eq!(talk.state("other/y").0, TaskState::Completed);
}

#[test]
fn a_scope_between_two_of_its_nodes_ends_with_a_cancelled_run() {
    let scope = flow().group("g", |g| g.leaves(&["x", "y"]).edge("x", "y"));
    let mut talk = Talk::new(scope, options(|_| {}));
    talk.start();
    talk.tell(&[Event::Pause]);
    talk.done("g/x");
    assert_eq!(talk.state("g").0, TaskState::Executing);
    assert_eq!(talk.tell(&[Event::Cancel]), ["finish CANCELLED"]);
    assert_eq!(talk.state("g").0, TaskState::Error);
}

#[test]
fn retries_wait_twice_as_long_each_time() {
    let mut talk = Talk::new(flow(), options(|options| options.retries = 3));
    assert_eq!(talk.start(), ["start flow"]);
    let mut now = 0.0;
    for (number, pause) in [(2, 1000.0), (3, 2000.0), (4, 4000.0)] {
        assert_eq!(talk.failed("flow"), NOTHING);
        now += pause;
        assert_eq!(talk.wait(), (now, vec![format!("start flow #{number}")]));
    }
    assert_eq!(talk.failed("flow"), ["finish EXECUTION_FAILED by flow"]);
}

#[test]
fn jitter_shortens_a_backoff_by_half_at_most() {
    for seed in 0..50 {
        let jittered = options(|options| (options.retries, options.jitter, options.seed) = (1, true, seed));
        let mut talk = Talk::new(flow(), jittered);
        talk.start();
        talk.failed("flow");
        let (at, _) = talk.wait();
        assert!((500.0..=1000.0).contains(&at), "{at}");
    }
}

/// When the second and the third try of each leaf begin, of those that fail twice.
fn tries(seed: u64, jitter: bool, own: [Option<bool>; 2]) -> Vec<(f64, String)> {
    let [first, second] = own;
    let scope = flow()
        .leaves(&["a", "b"])
        .with("a", |node| node.retry_jitter = first)
        .with("b", |node| node.retry_jitter = second);
    let mut talk = Talk::new(
        scope,
        options(|options| {
            (options.concurrency, options.retries, options.seed, options.jitter) = (2, 2, seed, jitter);
        }),
    );
    talk.start();
    talk.failed("a");
    talk.failed("b");
    let mut begun = Vec::new();
    while begun.len() < 4 {
        let (now, ops) = talk.wait();
        for op in ops {
            let name = op.split(' ').nth(1).expect("a start names its node").to_owned();
            begun.push((now, op));
            if begun.len() < 3 {
                talk.failed(&name);
            }
        }
    }
    begun
}

/// The waits of a node before its second and third try.
fn waits(begun: &[(f64, String)], name: &str) -> [f64; 2] {
    let at = |number: u32| {
        let op = format!("start {name} #{number}");
        begun.iter().find(|(_, found)| *found == op).expect("it is tried so often").0
    };
    [at(2), at(3) - at(2)]
}

#[test]
fn a_node_says_itself_whether_its_backoffs_are_spread() {
    for jitter in [false, true] {
        for seed in 0..20 {
            let begun = tries(seed, jitter, [Some(true), Some(false)]);
            let [first, second] = waits(&begun, "a");
            assert!((500.0..1000.0).contains(&first) && (1000.0..2000.0).contains(&second), "{begun:?}");
            assert_eq!(waits(&begun, "b"), [1000.0, 2000.0]);
        }
        let left_to_the_run = waits(&tries(1, jitter, [None, None]), "a");
        assert_eq!(left_to_the_run == [1000.0, 2000.0], !jitter, "{left_to_the_run:?}");
    }
}

#[test]
fn spread_backoffs_are_the_same_with_the_same_seed_and_others_with_another() {
    let spread = |seed| tries(seed, false, [Some(true), Some(true)]);
    assert_eq!(spread(7), spread(7));
    assert_ne!(waits(&spread(7), "a"), waits(&spread(8), "a"));
    assert_ne!(
        waits(&spread(7), "a"),
        waits(&spread(7), "b"),
        "nodes that failed at once do not come back at once"
    );
}

#[test]
fn a_backoff_can_be_told_beforehand() {
    let begun = tries(7, false, [Some(true), Some(false)]);
    let (told, plain) =
        ([1, 2].map(|number| backoff(1000.0, number, Some((7, TaskId(1))))), backoff(1000.0, 2, None));
    let [first, second] = waits(&begun, "a");
    assert!((told[0] - first).abs() < 1e-6 && (told[1] - second).abs() < 1e-6, "{told:?}, {begun:?}");
    assert_eq!(plain, 2000.0);
}

#[test]
fn what_cannot_be_retried_is_not() {
    for code in ErrorCode::ALL {
        let mut talk = Talk::new(flow(), options(|options| options.retries = 1));
        talk.start();
        let ops = talk.failed_with("flow", code);
        let failed = vec![format!("finish {code} by flow")];
        assert_eq!(ops, if code.retryable() { Vec::new() } else { failed });
    }
}

#[test]
fn a_nodes_own_retries_and_delay_win() {
    let scope =
        flow().leaves(&["never", "soon"]).with("never", |node| node.retries = Some(0)).with("soon", |node| {
            node.retries = Some(1);
            node.retry_delay_ms = Some(Millis(5));
        });
    let mut talk = together(scope);
    talk.start();
    talk.failed("soon");
    assert_eq!(talk.wait(), (5.0, vec!["start soon #2".to_owned()]));
    assert_eq!(talk.failed("never"), ["abort soon CANCELLED", "finish EXECUTION_FAILED by never"]);
}

#[test]
fn an_attempt_that_takes_too_long_is_aborted_and_tried_again() {
    let scope = flow().own(|node| {
        (node.timeout_ms, node.retries, node.retry_delay_ms) = (Some(Millis(30)), Some(1), Some(Millis(0)));
    });
    let mut talk = Talk::new(scope, options(|_| {}));
    talk.start();
    let (task, first) = talk.attempt("flow");
    assert_eq!(talk.at(29.0), NOTHING);
    assert_eq!(talk.at(30.0), ["abort flow TIMEOUT", "start flow #2"]);
    assert_eq!(talk.tell(&[Event::Done { task, attempt: first, routed: false }]), NOTHING);
    assert_eq!(
        talk.wait(),
        (60.0, ["abort flow TIMEOUT", "finish TIMEOUT by flow"].map(str::to_owned).to_vec())
    );
}

#[test]
fn a_group_that_takes_too_long_stops_its_nodes() {
    let scope = flow()
        .group("g", |g| g.leaves(&["x", "y"]).edge("x", "y").own(|node| node.timeout_ms = Some(Millis(50))))
        .leaves(&["other"]);
    let mut talk = together(scope);
    talk.start();
    talk.now = 40.0;
    assert_eq!(talk.done("g/x"), ["start g/y"], "each node takes of the group's time");
    assert_eq!(
        talk.wait().1,
        ["abort g TIMEOUT", "abort g/y CANCELLED", "abort other CANCELLED", "finish TIMEOUT by g"]
    );
}

#[test]
fn a_run_that_takes_too_long_is_aborted() {
    let mut talk = Talk::new(flow().leaves(&["a", "b"]), options(|options| options.timeout = 80.0));
    talk.start();
    talk.now = 79.0;
    assert_eq!(talk.done("a"), ["start b"]);
    assert_eq!(talk.at(80.0), ["abort b TIMEOUT", "finish TIMEOUT"]);
    assert_eq!(talk.run.deadline(), None);
}

#[test]
fn cancelling_ends_a_run_at_once() {
    let mut talk = together(flow().leaves(&["a", "b"]));
    talk.start();
    assert_eq!(talk.tell(&[Event::Cancel]), ["abort b CANCELLED", "abort a CANCELLED", "finish CANCELLED"]);
    assert_eq!(talk.done("a"), NOTHING);
    assert_eq!(talk.tell(&[Event::Cancel]), NOTHING, "a run ends once");
}

#[test]
fn a_routed_answer_feeds_only_the_handles_it_names() {
    let scope = flow()
        .leaves(&["if", "yes", "no", "after-no", "join"])
        .edge_on("if", "true", "yes")
        .edge_on("if", "false", "no")
        .chain(&["no", "after-no", "join"])
        .edge("yes", "join");
    let mut talk = Talk::new(scope, options(|_| {}));
    talk.start();
    assert_eq!(talk.routed("if", &["true"]), ["start yes"]);
    assert_eq!(talk.state("no"), (TaskState::Skipped, 100));
    assert_eq!(talk.state("after-no"), (TaskState::Skipped, 100), "it depends on what is skipped alone");
    assert_eq!(talk.done("yes"), ["start join"], "one live edge is enough");
    assert_eq!(talk.done("join"), ["finish"]);
    assert_eq!(talk.overall(), 100);
}

#[test]
fn an_answer_that_is_not_routed_feeds_every_handle_but_error() {
    let scope = flow().leaves(&["a", "b", "rescue"]).edge_on("a", "any", "b").edge_on("a", "error", "rescue");
    let mut talk = together(scope);
    talk.start();
    assert_eq!(talk.done("a"), ["start b"]);
    assert_eq!(talk.state("rescue").0, TaskState::Skipped);
}

#[test]
fn inputs_that_carry_nothing_are_named_before_their_node_starts() {
    let scope = flow().leaves(&["if", "b", "c"]).edge_on("if", "no", "c").edge("b", "c");
    let mut talk = together(scope).showing(&["block", "start"]);
    talk.start();
    assert_eq!(talk.routed("if", &[]), ["block c.0"]);
    assert_eq!(talk.done("b"), ["start c"]);
    assert_eq!(talk.restored(), ["block c.0", "start c"], "a new host has to be told again");
}

#[test]
fn an_error_edge_takes_the_error_of_its_node() {
    let scope = flow().leaves(&["a", "next", "rescue"]).edge("a", "next").edge_on("a", "error", "rescue");
    let mut talk = Talk::new(scope, options(|options| options.retries = 1));
    talk.start();
    assert_eq!(talk.failed("a"), NOTHING, "it is tried again first");
    talk.wait();
    assert_eq!(talk.failed("a"), ["catch a of a", "start rescue"]);
    assert_eq!(talk.state("next").0, TaskState::Skipped);
    assert_eq!(talk.done("rescue"), ["finish"]);
    assert_eq!(talk.state("a").0, TaskState::Error);
    assert_eq!(talk.state("flow").0, TaskState::Completed);
}

#[test]
fn an_error_edge_of_a_group_stops_the_rest_of_that_group_only() {
    let scope = flow()
        .group("g", |g| g.group("h", |h| h.leaves(&["x"])).leaves(&["y", "z"]).edge("y", "z"))
        .leaves(&["other", "rescue"])
        .edge_on("g", "error", "rescue");
    let mut talk = together(scope);
    talk.start();
    assert_eq!(talk.failed("g/h/x"), ["abort g/y CANCELLED", "catch g of g/h/x", "start rescue"]);
    assert_eq!(talk.done("g/y"), NOTHING);
    assert_eq!(talk.state("g/z").0, TaskState::Pending);
    assert_eq!(talk.done("rescue"), NOTHING);
    assert_eq!(talk.done("other"), ["finish"]);
}
