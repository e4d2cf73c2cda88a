//! Groups that begin again after a failure inside them.

mod support;

use conductor_core::error::ErrorCode;
use conductor_core::ids::Millis;
use conductor_core::run::{Event, NODE_NUMBERS, TaskState, VIEW_HEADER};
use support::{Scope, Talk, flow, options};

const NOTHING: [&str; 0] = [];

fn together(scope: Scope) -> Talk {
    Talk::new(scope, options(|options| options.concurrency = 8))
}

fn stubborn(retries: u32) -> Scope {
    flow().group("g", |g| {
        g.leaves(&["x", "y", "z"])
            .edge("x", "z")
            .edge("y", "z")
            .own(|own| (own.retries, own.retry_delay_ms) = (Some(retries), Some(Millis(5))))
    })
}

#[test]
fn a_group_begins_again_as_often_as_it_asks_for() {
    let mut talk = Talk::new(stubborn(1).leaves(&["after"]).edge("g", "after"), options(|_| {}))
        .showing(&["reset", "start", "finish"]);
    talk.start();
    assert_eq!(talk.done("g/x"), ["start g/y"]);
    assert_eq!(talk.failed("g/y"), NOTHING);
    assert_eq!((talk.state("g").0, talk.state("g/y").0), (TaskState::Executing, TaskState::Error));
    assert_eq!(talk.wait(), (5.0, vec!["reset g".into(), "start g/x".into()]));
    assert_eq!(talk.state("g/y").0, TaskState::Pending);
    talk.done("g/x");
    assert_eq!(talk.done("g/y"), ["start g/z"]);
    assert_eq!(talk.done("g/z"), ["start after"]);
    assert_eq!(talk.done("after"), ["finish"]);
}

#[test]
fn a_group_that_has_no_attempts_left_fails() {
    let mut talk = Talk::new(stubborn(1), options(|_| {}));
    talk.start();
    talk.failed("g/x");
    talk.wait();
    assert_eq!(talk.failed("g/x"), ["finish EXECUTION_FAILED by g/x"]);
}

#[test]
fn what_is_in_flight_in_a_group_that_begins_again_is_aborted() {
    let mut talk = together(stubborn(1));
    talk.start();
    assert_eq!(talk.failed("g/y"), ["abort g/x CANCELLED"]);
    assert_eq!(talk.done("g/x"), NOTHING, "a late answer changes nothing");
    let (_, ops) = talk.wait();
    assert_eq!(ops, ["start g/x", "start g/y"]);
    talk.done("g/x");
    assert_eq!(talk.done("g/y"), ["start g/z"]);
}

#[test]
fn a_group_that_took_too_long_begins_again_with_all_its_time() {
    let scope = flow().group("g", |g| {
        g.leaves(&["x"]).own(|own| {
            (own.retries, own.retry_delay_ms, own.timeout_ms) = (Some(1), Some(Millis(5)), Some(Millis(100)))
        })
    });
    let mut talk = Talk::new(scope, options(|_| {}));
    talk.start();
    assert_eq!(talk.wait().0, 100.0);
    assert_eq!(talk.wait().0, 105.0);
    assert_eq!(
        talk.wait(),
        (205.0, vec!["abort g TIMEOUT".into(), "abort g/x CANCELLED".into(), "finish TIMEOUT by g".into()])
    );
}

#[test]
fn retries_of_a_run_are_for_its_leaves() {
    let mut talk = Talk::new(flow().group("g", |g| g.leaves(&["x"])), options(|options| options.retries = 1));
    talk.start();
    talk.failed("g/x");
    talk.wait();
    assert_eq!(talk.failed("g/x"), ["finish EXECUTION_FAILED by g/x"]);
}

#[test]
fn a_group_that_goes_on_begins_again_once_all_of_it_is_over() {
    let mut talk = Talk::new(stubborn(1), options(|options| options.keep_going = true));
    talk.start();
    assert_eq!(talk.failed("g/x"), ["start g/y"]);
    assert_eq!(talk.done("g/y"), NOTHING);
    let (_, ops) = talk.wait();
    assert_eq!(ops, ["start g/x"]);
}

#[test]
fn backoffs_of_a_group_grow_like_those_of_a_leaf() {
    let mut talk = Talk::new(stubborn(2), options(|_| {}));
    talk.start();
    for at in [5.0, 15.0] {
        assert_eq!(talk.failed("g/x"), NOTHING);
        assert_eq!(talk.wait(), (at, vec!["start g/x".to_owned()]));
    }
    assert_eq!(talk.failed("g/x"), ["finish EXECUTION_FAILED by g/x"]);
}

#[test]
fn nothing_in_a_group_starts_while_it_waits() {
    let scope = stubborn(1).leaves(&["other", "late"]).chain(&["other", "late"]);
    let mut talk = Talk::new(scope, options(|options| options.concurrency = 2));
    talk.start();
    assert_eq!(talk.failed("g/x"), ["abort g/y CANCELLED", "start other"], "the rest of the flow goes on");
    assert_eq!(talk.restored(), ["start other"]);
    assert_eq!(talk.done("other"), ["start late"]);
    assert_eq!(talk.wait(), (5.0, vec!["start g/x".to_owned()]), "there is room for one more");
    assert_eq!(talk.done("late"), ["start g/y"]);
}

#[test]
fn nothing_overtakes_a_group_that_waits_where_nodes_run_one_at_a_time() {
    for keep_going in [false, true] {
        let scope = flow()
            .group("g", |g| {
                g.leaves(&["a"]).own(|own| (own.retries, own.retry_delay_ms) = (Some(2), Some(Millis(5))))
            })
            .leaves(&["b", "c"]);
        let mut talk = Talk::new(scope, options(|options| options.keep_going = keep_going));
        assert_eq!(talk.start(), ["start g/a"]);
        assert_eq!(talk.failed("g/a"), NOTHING, "b waits for the group");
        assert_eq!(talk.restored(), NOTHING, "and in a restored run too");
        assert_eq!(talk.wait(), (5.0, vec!["start g/a".to_owned()]));
        assert_eq!(talk.tell(&[Event::Pause]), NOTHING);
        assert_eq!(talk.failed("g/a"), NOTHING);
        assert_eq!(talk.wait(), (15.0, Vec::new()), "it is held in the pause");
        assert_eq!(talk.tell(&[Event::Resume]), ["start g/a"]);
        assert_eq!(talk.done("g/a"), ["start b"]);
        assert_eq!(talk.done("b"), ["start c"]);
        assert_eq!(talk.done("c"), ["finish"]);
    }
}

#[test]
fn a_group_that_waits_has_one_of_the_places() {
    let scope = flow()
        .group("g", |g| {
            g.leaves(&["a"]).own(|own| (own.retries, own.retry_delay_ms) = (Some(1), Some(Millis(5))))
        })
        .leaves(&["b", "c", "d"]);
    let mut talk = Talk::new(scope, options(|options| options.concurrency = 2));
    assert_eq!(talk.start(), ["start g/a", "start b"]);
    assert_eq!(talk.failed("g/a"), NOTHING, "as if a itself were to be tried again");
    assert_eq!(talk.done("b"), ["start c"]);
    assert_eq!(talk.wait(), (5.0, vec!["start g/a".to_owned()]));
    assert_eq!(talk.done("c"), ["start d"]);
}

#[test]
fn groups_that_wait_inside_a_group_give_their_places_back_when_it_fails() {
    let again = |own: &mut conductor_core::flow::OutlineNode, retries, delay| {
        (own.retries, own.retry_delay_ms) = (Some(retries), Some(Millis(delay)));
    };
    let scope = flow()
        .group("g", |g| {
            g.group("h", |h| h.leaves(&["a"]).own(|own| again(own, 9, 100))).leaves(&["b"]).own(|own| {
                again(own, 1, 5);
                own.timeout_ms = Some(Millis(20));
            })
        })
        .leaves(&["c"]);
    let mut talk = Talk::new(scope, options(|_| {}));
    talk.start();
    assert_eq!(talk.failed("g/h/a"), NOTHING);
    assert_eq!(talk.wait(), (20.0, vec!["abort g TIMEOUT".to_owned()]));
    assert_eq!(talk.wait(), (25.0, vec!["start g/h/a".to_owned()]));
    assert_eq!(talk.done("g/h/a"), ["start g/b"]);
    assert_eq!(talk.done("g/b"), ["start c"]);
    assert_eq!(talk.done("c"), ["finish"]);
}

#[test]
fn a_group_that_waits_ends_with_a_cancelled_run() {
    for keep_going in [false, true] {
        let mut talk = Talk::new(stubborn(1), options(|options| options.keep_going = keep_going));
        talk.start();
        talk.failed("g/x");
        if keep_going {
            talk.done("g/y");
        }
        assert_eq!(talk.restored(), NOTHING, "nothing is open");
        assert_eq!(talk.state("g").0, TaskState::Executing);
        assert_eq!(talk.tell(&[Event::Cancel]), ["finish CANCELLED"]);
        assert_eq!(talk.state("g").0, TaskState::Error);
        assert_eq!(talk.run.deadline(), None);
    }
}

#[test]
fn a_restored_group_goes_on_waiting_and_begins_again() {
    for keep_going in [false, true] {
        let mut talk = Talk::new(stubborn(1), options(|options| options.keep_going = keep_going))
            .showing(&["reset", "enter", "start", "finish"]);
        talk.start();
        talk.failed("g/x");
        if keep_going {
            talk.done("g/y");
        }
        assert_eq!(talk.restored(), ["enter flow"], "not yet the group");
        assert_eq!(talk.wait(), (5.0, ["reset g", "enter g", "start g/x"].map(str::to_owned).to_vec()));
        talk.done("g/x");
        talk.done("g/y");
        assert_eq!(talk.done("g/z"), ["finish"], "also what was skipped or done before has run");
    }
}

#[test]
fn a_group_that_will_begin_again_is_never_shown_as_failed() {
    let scope = flow().group("g", |g| {
        g.leaves(&["x"]).own(|own| {
            (own.retries, own.retry_delay_ms, own.timeout_ms) = (Some(1), Some(Millis(5)), Some(Millis(10)))
        })
    });
    let mut talk = Talk::new(scope, options(|_| {})).watched();
    let mut changes = talk.start();
    changes.extend(talk.wait().1);
    while talk.now < 15.0 {
        changes.extend(talk.wait().1);
    }
    changes.extend(talk.done("g/x"));
    let of_group: Vec<&str> = changes.iter().filter_map(|line| line.strip_prefix("change g ")).collect();
    assert!(of_group.iter().all(|line| !line.starts_with("Error")), "{of_group:?}");
    assert!(changes.iter().any(|line| line.starts_with("change g/x Pending 0 0")), "{changes:?}");
    assert_eq!(talk.state("g").0, TaskState::Completed);
}

#[test]
fn the_nearest_group_begins_again_first_and_anew_with_the_one_around_it() {
    let once = |own: &mut conductor_core::flow::OutlineNode| {
        (own.retries, own.retry_delay_ms) = (Some(1), Some(Millis(1)));
    };
    let scope = flow().group("g", |g| g.group("h", |h| h.leaves(&["x"]).own(once)).own(once));
    let mut talk = Talk::new(scope, options(|_| {})).showing(&["reset", "start", "finish"]);
    talk.start();
    for resets in [["reset g/h", "start g/h/x"], ["reset g", "start g/h/x"], ["reset g/h", "start g/h/x"]] {
        assert_eq!(talk.failed("g/h/x"), NOTHING);
        assert_eq!(talk.wait().1, resets);
    }
    assert_eq!(talk.failed("g/h/x"), ["finish EXECUTION_FAILED by g/h/x"]);
}

#[test]
fn an_error_edge_inside_a_group_comes_first_and_its_own_last() {
    let inside = flow().group("g", |g| {
        g.leaves(&["x", "rescue"]).edge_on("x", "error", "rescue").own(|own| own.retries = Some(1))
    });
    let mut talk = Talk::new(inside, options(|_| {}));
    talk.start();
    assert_eq!(talk.failed("g/x"), ["catch g/x of g/x", "start g/rescue"]);

    let own = stubborn(1).leaves(&["rescue"]).edge_on("g", "error", "rescue");
    let mut talk = Talk::new(own, options(|_| {}));
    talk.start();
    assert_eq!(talk.failed("g/x"), NOTHING);
    assert_eq!(talk.wait().1, ["start g/x"]);
    assert_eq!(talk.failed("g/x"), ["catch g of g/x", "start rescue"]);
}

#[test]
fn what_cannot_be_retried_makes_no_group_begin_again() {
    let mut talk = Talk::new(stubborn(1), options(|_| {}));
    talk.start();
    let ops = talk.failed_with("g/x", ErrorCode::InvalidParameters);
    assert_eq!(ops, ["finish INVALID_PARAMETERS by g/x"]);
}

#[test]
fn a_scope_that_runs_per_item_does_not_begin_again_but_what_is_around_it_does() {
    let patient = |own: &mut conductor_core::flow::OutlineNode| own.retries = Some(1);
    let mut talk = together(flow().each("e", 1, |e| e.leaves(&["x"]).own(patient)));
    talk.start();
    talk.items("e", 2);
    assert_eq!(talk.failed("e[0]/x"), ["finish EXECUTION_FAILED by e[0]/x"]);

    let scope = flow().group("g", |g| g.each("e", 2, |e| e.leaves(&["x"])).own(patient));
    let mut talk = together(scope);
    talk.start();
    talk.items("g/e", 3);
    assert_eq!(talk.done("g/e[0]/x"), ["open g/e[2]", "start g/e[2]/x"]);
    assert_eq!(talk.failed("g/e[1]/x"), ["abort g/e[2]/x CANCELLED"]);
    assert_eq!(talk.wait(), (1000.0, vec!["ask g/e after 0".to_owned()]), "it is asked for all of its items");
    assert_eq!(talk.items("g/e", 1), ["open g/e[0]", "start g/e[0]/x"]);
    assert_eq!(talk.done("g/e[0]/x"), ["gather g/e", "finish"]);
}

#[test]
fn a_run_begins_again_as_a_whole_if_its_root_asks_for_it() {
    let scope = flow().leaves(&["a", "b"]).chain(&["a", "b"]).own(|own| own.retries = Some(1));
    let mut talk = Talk::new(scope, options(|options| options.retry_delay = 7.0));
    talk.start();
    assert!(!talk.run.runs_ahead(), "a would start once more without being next");
    assert_eq!(talk.done("a"), ["start b"]);
    assert_eq!(talk.failed("b"), NOTHING);
    assert_eq!(talk.overall(), 50);
    assert_eq!(talk.wait(), (7.0, vec!["start a".to_owned()]));
    assert_eq!(talk.overall(), 0, "what was done is to be done once more");
}

/// The inner group times out after 5 ms, while something else has the only place.
fn held_up(retries: u32) -> Talk {
    let scope = flow().leaves(&["other"]).group("h", |h| {
        h.group("g", |g| {
            g.leaves(&["x"]).own(|own| {
                (own.retries, own.retry_delay_ms, own.timeout_ms) =
                    (Some(retries), Some(Millis(0)), Some(Millis(5)));
            })
        })
    });
    let mut talk = Talk::new(scope, options(|_| {}));
    assert_eq!(talk.start(), ["start other"]);
    talk
}

#[test]
fn a_group_that_had_no_chance_to_begin_begins_with_the_scopes_around_it() {
    let mut talk = held_up(1);
    assert_eq!(talk.wait(), (5.0, vec!["abort h/g TIMEOUT".into()]));
    assert_eq!(talk.state("h/g").0, TaskState::Pending);
    assert_eq!(talk.done("other"), ["start h/g/x"]);
    for scope in ["h", "h/g"] {
        assert_eq!(talk.state(scope).0, TaskState::Executing, "{scope}");
    }
}

#[test]
fn a_group_that_fails_before_it_began_has_a_start_and_an_end() {
    let mut talk = held_up(0);
    talk.wait();
    let mut view = vec![0.0; talk.run.view_len()];
    talk.run.write_view(talk.now, &mut view);
    let times = VIEW_HEADER + talk.task("h/g").index() * NODE_NUMBERS + 2;
    assert_eq!(view[times..times + 2], [5.0, 5.0]);
}
