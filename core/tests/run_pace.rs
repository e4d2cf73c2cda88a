//! Slow motion, simulation, watching and progress.

mod support;

use conductor_core::ids::NodeId;
use conductor_core::run::{Event, RunOptions, Simulation, Target, TaskState};
use support::{Talk, flow, options};

const NOTHING: [&str; 0] = [];

fn slow(slow_mo: f64) -> RunOptions {
    options(|options| options.slow_mo = slow_mo)
}

#[test]
fn slow_motion_takes_twice_its_pace_per_node() {
    let scope = flow().leaves(&["a", "b"]);
    let mut talk = Talk::new(scope, slow(100.0)).showing(&["start", "change", "finish"]);
    talk.run.watch(true);
    let mut seen = Vec::new();
    let (mut at, mut ops) = (0.0, talk.start());
    loop {
        seen.extend(
            ops.iter().filter(|op| op.contains(" a ") || op.ends_with(" a")).map(|op| format!("{at}: {op}")),
        );
        for name in ["a", "b"] {
            if ops.contains(&format!("start {name}")) {
                talk.done(name);
            }
        }
        if talk.run.is_finished() {
            break;
        }
        (at, ops) = talk.wait();
    }
    assert_eq!(
        seen,
        [
            "0: change a Executing 0 0",
            "0: change a Executing 0 0 step 0",
            "0: start a",
            "25: change a Executing 20 10 step 1",
            "50: change a Executing 40 20 step 2",
            "75: change a Executing 60 30 step 3",
            "100: change a Executing 80 40 step 4",
            "125: change a Executing 90 45 step 5",
            "150: change a Executing 100 50 Complete",
            "200: change a Completed 100 50",
        ]
    );
    assert_eq!(talk.now, 400.0, "two nodes");
}

#[test]
fn slow_motion_waits_for_a_slow_executable() {
    let mut talk = Talk::new(flow(), slow(100.0));
    talk.start();
    talk.at(100.0);
    assert_eq!(talk.at(500.0), NOTHING);
    assert_eq!(talk.done("flow"), NOTHING);
    assert_eq!(talk.state("flow"), (TaskState::Executing, 100));
    assert_eq!(talk.wait(), (550.0, vec!["finish".to_owned()]));
}

#[test]
fn a_failure_in_slow_motion_waits_for_nothing() {
    let mut talk = Talk::new(flow(), slow(100.0));
    talk.start();
    talk.at(100.0);
    assert_eq!(talk.failed("flow"), ["finish EXECUTION_FAILED by flow"]);
    assert_eq!(talk.state("flow"), (TaskState::Error, 80), "progress freezes");
}

#[test]
fn a_run_restored_in_slow_motion_comes_to_its_end() {
    let mut talk = Talk::new(flow(), slow(100.0));
    talk.start();
    talk.at(110.0);
    assert_eq!(talk.restored(), ["start flow"]);
    talk.done("flow");
    while !talk.run.is_finished() {
        talk.wait();
    }
    assert_eq!(talk.overall(), 100);
}

#[test]
fn a_simulated_failure_is_never_run() {
    let error = Simulation { target: Target::Node(NodeId(2)), delay: 30.0 };
    let mut talk =
        Talk::new(flow().leaves(&["a", "b"]), options(|options| options.simulate_error = Some(error)));
    assert_eq!(talk.start(), ["start a"]);
    assert_eq!(talk.done("a"), NOTHING);
    assert_eq!(
        talk.wait(),
        (30.0, ["abort b EXECUTION_FAILED", "finish EXECUTION_FAILED by b"].map(str::to_owned).to_vec())
    );
}

#[test]
fn a_simulation_of_a_group_has_no_effect() {
    let error = Simulation { target: Target::Node(NodeId(1)), delay: 0.0 };
    let scope = flow().group("g", |g| g.leaves(&["x"]));
    let mut talk = Talk::new(scope, options(|options| options.simulate_error = Some(error)));
    assert_eq!(talk.start(), ["start g/x"]);
}

#[test]
fn a_simulated_delay_comes_on_top_of_slow_motion() {
    let delay = Simulation { target: Target::Node(NodeId(1)), delay: 50.0 };
    let scope = flow().leaves(&["a", "b"]);
    let mut talk =
        Talk::new(scope, options(|options| (options.simulate_delay, options.slow_mo) = (Some(delay), 10.0)));
    assert_eq!(talk.start(), NOTHING);
    assert_eq!(talk.wait(), (50.0, vec!["start a".to_owned()]));
    assert_eq!(talk.state("a"), (TaskState::Executing, 0), "the animation starts with the executable");
    talk.done("a");
    let mut ops = Vec::new();
    let mut at = 0.0;
    while ops.is_empty() {
        (at, ops) = talk.wait();
    }
    assert_eq!((at, ops), (70.0, vec!["start b".to_owned()]));
}

/// How a leaf and the run are shown that failed, or that wait for the next try.
fn failed_after(ms: f64, watched: bool, retries: u32) -> ((TaskState, u32), u32) {
    let scope = flow().leaves(&["a", "b"]);
    let mut talk = Talk::new(scope, options(|options| options.retries = retries));
    talk.run.watch(watched);
    talk.start();
    while talk.run.deadline().is_some_and(|due| due < ms) {
        talk.wait();
    }
    talk.now = ms;
    talk.failed("a");
    (talk.state("a"), talk.overall())
}

#[test]
fn what_failed_keeps_the_percent_that_it_had_reached_watched_or_not() {
    for watched in [false, true] {
        assert_eq!(failed_after(0.5, watched, 0), ((TaskState::Error, 0), 0), "watched: {watched}");
        assert_eq!(failed_after(30.0, watched, 0), ((TaskState::Error, 90), 45), "watched: {watched}");
        assert_eq!(failed_after(30.0, watched, 1), ((TaskState::Executing, 90), 45), "watched: {watched}");
    }
}

#[test]
fn what_was_cancelled_keeps_the_percent_that_it_had_reached() {
    for watched in [false, true] {
        let mut talk = Talk::new(flow(), RunOptions::default());
        talk.run.watch(watched);
        talk.start();
        talk.at(7.0);
        talk.tell(&[Event::Cancel]);
        assert_eq!(talk.state("flow"), (TaskState::Error, 90), "watched: {watched}");
    }
}

#[test]
fn a_second_try_goes_on_at_the_percent_of_the_first() {
    for watched in [false, true] {
        let mut talk =
            Talk::new(flow(), options(|options| (options.retries, options.retry_delay) = (1, 50.0)));
        talk.run.watch(watched);
        talk.start();
        talk.failed("flow");
        assert_eq!(talk.wait(), (50.0, vec!["start flow #2".to_owned()]));
        talk.now = 90.0;
        assert_eq!(talk.state("flow"), (TaskState::Executing, 0), "watched: {watched}");
        talk.failed("flow");
        assert_eq!(talk.state("flow"), (TaskState::Error, 0), "watched: {watched}");
    }
}

#[test]
fn a_simulated_failure_is_animated_until_it_comes() {
    let error = Simulation { target: Target::Node(NodeId(0)), delay: 30.0 };
    for watched in [false, true] {
        let mut talk = Talk::new(flow(), options(|options| options.simulate_error = Some(error)));
        talk.run.watch(watched);
        talk.start();
        while !talk.run.is_finished() {
            talk.wait();
        }
        assert_eq!((talk.now, talk.state("flow")), (30.0, (TaskState::Error, 90)), "watched: {watched}");
    }
}

#[test]
fn a_random_simulation_hits_every_leaf_alike() {
    let scope = || flow().leaves(&["a"]).group("g", |g| g.leaves(&["b", "c"])).leaves(&["d"]);
    let mut hits = [0_u32; 4];
    for seed in 0..4000 {
        let error = Simulation { target: Target::Random, delay: 0.0 };
        let random = options(|options| {
            (options.simulate_error, options.seed, options.concurrency) = (Some(error), seed, 8);
        });
        let ops = Talk::new(scope(), random).start();
        let cause = ops.last().expect("it fails").clone();
        let leaf = ["by a", "by g/b", "by g/c", "by d"].iter().position(|by| cause.ends_with(by));
        hits[leaf.expect("a leaf fails")] += 1;
    }
    assert!(hits.iter().all(|hits| (900..1100).contains(hits)), "{hits:?}");
}

#[test]
fn a_watched_node_of_medium_weight_shows_six_steps() {
    let mut talk = Talk::new(flow(), RunOptions::default()).watched();
    let mut seen = talk.start();
    seen.extend(talk.done("flow"));
    assert_eq!(
        seen,
        [
            "change flow Executing 0 0",
            "change flow Executing 0 0 step 0",
            "change flow Executing 20 20 step 1",
            "change flow Executing 40 40 step 2",
            "change flow Executing 60 60 step 3",
            "change flow Executing 80 80 step 4",
            "change flow Executing 90 90 step 5",
            "change flow Executing 100 100 Complete",
            "change flow Completed 100 100",
        ]
    );
}

#[test]
fn light_and_heavy_nodes_show_four_and_seven_steps() {
    for (weight, steps) in [(99, 4), (100, 6), (300, 6), (301, 7)] {
        let mut talk = Talk::new(flow().own(|node| node.weight = weight), RunOptions::default()).watched();
        let mut seen = talk.start();
        seen.extend(talk.done("flow"));
        assert_eq!(seen.iter().filter(|op| op.contains("step")).count(), steps, "weight {weight}");
    }
}

#[test]
fn progress_is_weighed_and_rounded() {
    let scope = flow()
        .leaves(&["light", "heavy"])
        .with("light", |node| node.weight = 50)
        .with("heavy", |node| node.weight = 100);
    let mut talk = Talk::new(scope, RunOptions::default());
    talk.start();
    assert_eq!(talk.overall(), 0);
    talk.done("light");
    assert_eq!(talk.overall(), 33);
    assert_eq!(talk.state("flow"), (TaskState::Executing, 33));
    let (task, attempt) = talk.attempt("heavy");
    talk.tell(&[Event::Progress { task, attempt, percent: 250 }]);
    assert_eq!(talk.state("heavy"), (TaskState::Executing, 100), "more than all is all");
    talk.tell(&[Event::Progress { task, attempt, percent: 50 }]);
    assert_eq!(talk.overall(), 67);
    talk.done("heavy");
    assert_eq!(talk.overall(), 100);
}

#[test]
fn a_flow_without_weight_is_at_0_percent() {
    let mut talk = Talk::new(flow().own(|node| node.weight = 0), RunOptions::default());
    talk.start();
    talk.done("flow");
    assert_eq!(talk.overall(), 0);
}

#[test]
fn what_reports_its_own_progress_is_not_animated() {
    let mut talk = Talk::new(flow(), RunOptions::default()).watched();
    talk.start();
    let (task, attempt) = talk.attempt("flow");
    assert_eq!(talk.tell(&[Event::Progress { task, attempt, percent: 7 }]), ["change flow Executing 7 7"]);
    assert_eq!(
        talk.done("flow"),
        ["change flow Executing 100 100 Complete", "change flow Completed 100 100"]
    );
}

#[test]
fn an_iterating_scope_progresses_by_its_items() {
    let mut talk = Talk::new(flow().each("e", 1, |e| e.leaves(&["x"])).leaves(&["y"]), RunOptions::default());
    talk.start();
    talk.items("e", 4);
    talk.done("e[0]/x");
    assert_eq!(talk.state("e"), (TaskState::Executing, 25));
    assert_eq!(talk.overall(), 13);
}
