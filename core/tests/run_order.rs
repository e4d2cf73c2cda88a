//! Which node begins when: order, readiness, concurrency, pause, nesting, size.

mod support;

use std::sync::Arc;

use conductor_core::flow::{Name, Outline, OutlineEdge, OutlineNode};
use conductor_core::ids::{NodeId, Slot};
use conductor_core::plan::Plan;
use conductor_core::run::{Event, Op, Run, RunOptions};
use support::{Talk, flow, options};

#[test]
fn nodes_run_one_at_a_time_in_flattened_order() {
    let scope = flow()
        .leaves(&["a"])
        .group("g", |g| g.leaves(&["x", "y"]).edge("y", "x"))
        .leaves(&["b", "c"])
        .edge("a", "g")
        .edge("a", "c");
    let mut talk = Talk::new(scope, RunOptions::default());
    assert_eq!(talk.start(), ["start a"]);
    assert_eq!(talk.done("a"), ["start b"]);
    assert_eq!(talk.done("b"), ["start g/y"]);
    assert_eq!(talk.done("g/y"), ["start g/x"], "a nested group is complete before its next sibling");
    assert_eq!(talk.done("g/x"), ["start c"]);
    assert_eq!(talk.done("c"), ["finish"]);
}

#[test]
fn a_node_without_children_runs_as_it_is() {
    let mut talk = Talk::new(flow(), RunOptions::default());
    assert_eq!(talk.start(), ["start flow"]);
    assert_eq!(talk.done("flow"), ["finish"]);
}

#[test]
fn ready_nodes_run_at_once_across_nesting_and_levels() {
    let scope =
        flow().group("g", |g| g.leaves(&["slow", "quick", "next"]).edge("quick", "next")).leaves(&["other"]);
    let mut talk = Talk::new(scope, options(|options| options.concurrency = 3));
    assert_eq!(talk.start(), ["start g/slow", "start g/quick", "start other"]);
    assert_eq!(talk.done("g/quick"), ["start g/next"], "no level waits for its slowest node");
    assert_eq!(talk.done("other"), [""; 0]);
    assert_eq!(talk.done("g/next"), [""; 0]);
    assert_eq!(talk.done("g/slow"), ["finish"]);
}

#[test]
fn no_more_tasks_than_the_concurrency_are_in_flight() {
    let scope = flow().leaves(&["a", "b", "c", "d"]);
    let mut talk = Talk::new(scope, options(|options| options.concurrency = 2));
    assert_eq!(talk.start(), ["start a", "start b"]);
    assert_eq!(talk.done("b"), ["start c"]);
    assert_eq!(talk.done("a"), ["start d"]);
}

#[test]
fn a_paused_run_begins_nothing_until_it_is_resumed() {
    let mut talk = Talk::new(flow().leaves(&["a", "b"]), RunOptions::default());
    talk.start();
    assert_eq!(talk.tell(&[Event::Pause]), [""; 0]);
    assert_eq!(talk.done("a"), [""; 0]);
    assert_eq!(talk.tell(&[Event::Resume]), ["start b"]);
    assert_eq!(talk.done("b"), ["finish"]);
}

#[test]
fn disabled_nodes_pass_their_input_on() {
    let scope = flow()
        .leaves(&["a", "off", "b"])
        .group("g", |g| g.leaves(&["x"]))
        .with("off", |node| node.disabled = true)
        .with("g", |node| node.disabled = true)
        .chain(&["a", "off", "g", "b"]);
    let mut talk = Talk::new(scope, RunOptions::default());
    assert_eq!(talk.start(), ["start a"]);
    assert_eq!(talk.done("a"), ["pass off", "pass g", "start b"]);
    assert_eq!(talk.done("b"), ["finish"]);
    assert_eq!(talk.overall(), 100);
}

#[test]
fn a_slot_is_dropped_once_its_last_reader_is_over() {
    let scope =
        || flow().leaves(&["a", "b", "c", "d"]).edge("a", "b").edge("a", "c").edge("b", "d").edge("c", "d");
    let mut talk = Talk::new(scope(), RunOptions::default()).showing(&["drop"]);
    talk.start();
    assert_eq!(talk.done("a"), [""; 0]);
    assert_eq!(talk.done("b"), [""; 0]);
    assert_eq!(talk.done("c"), ["drop a"]);
    assert_eq!(talk.done("d"), ["drop b", "drop c"], "the result stays");

    let keep = options(|options| options.keep_outputs = true);
    let mut talk = Talk::new(scope(), keep).showing(&["drop", "finish"]);
    talk.start();
    for name in ["a", "b", "c"] {
        assert_eq!(talk.done(name), [""; 0]);
    }
    assert_eq!(talk.done("d"), ["finish"]);
}

#[test]
fn groups_may_be_nested_64_deep() {
    let mut scope = flow().leaves(&["leaf"]);
    for _ in 0..64 {
        let inner = scope;
        scope = flow().group("g", |_| inner);
    }
    let (outline, ..) = scope.outline();
    let plan = Arc::new(Plan::compile(&outline).expect("in order"));
    assert_eq!(run_through(&plan, RunOptions::default()), 1);
}

#[test]
fn a_chain_of_a_million_nodes_runs() {
    let plan = wide_plan(1_000_000, |node| (node > 1).then(|| node - 1));
    assert_eq!(run_through(&plan, RunOptions::default()), 1_000_000);
}

#[test]
fn a_fan_of_a_million_nodes_runs() {
    let plan = wide_plan(1_000_000, |node| (node > 1).then_some(1));
    assert_eq!(run_through(&plan, options(|options| options.concurrency = u32::MAX)), 1_000_000);
}

#[test]
fn skipping_a_chain_of_a_million_nodes_needs_no_deep_stack() {
    let mut outline = wide_outline(1_000_000, |node| (node > 1).then(|| node - 1));
    for node in &mut outline.nodes[2..] {
        node.disabled = true;
    }
    let plan = Arc::new(Plan::compile(&outline).expect("in order"));
    assert_eq!(run_through(&plan, RunOptions::default()), 1);
}

/// One scope of leaves, each with an edge from the node that `source` names.
fn wide_outline(leaves: u32, source: impl Fn(u32) -> Option<u32>) -> Outline {
    let template = flow().outline().0.nodes[0];
    let name = |node: u32| Name(Name::FIRST_FREE + node);
    let nodes =
        (0..=leaves).map(|node| OutlineNode { id: name(node), parent: NodeId::ROOT, ..template }).collect();
    let edge = |node: u32| {
        let source = name(source(node)?);
        let (none, target) = (Name::NONE, name(node));
        Some(OutlineEdge { scope: NodeId::ROOT, source, target, source_handle: none, target_handle: none })
    };
    let edges = (1..=leaves).filter_map(edge).collect();
    Outline { nodes, edges, references: Vec::new(), limits: Vec::new(), names: Name::FIRST_FREE + leaves + 1 }
}

fn wide_plan(leaves: u32, source: impl Fn(u32) -> Option<u32>) -> Arc<Plan> {
    Arc::new(Plan::compile(&wide_outline(leaves, source)).expect("in order"))
}

/// Answers every start at once, a batch a turn; returns how many there were.
fn run_through(plan: &Arc<Plan>, options: RunOptions) -> u32 {
    let mut run = Run::new(plan.clone(), options);
    run.start(0.0).expect("not started before");
    let (mut ops, mut started) = (vec![Op::Drop { slot: Slot(0) }; 4096], 0);
    while !run.is_finished() || run.undrained() > 0 {
        let mut answers = Vec::new();
        loop {
            let count = run.poll_ops(&mut ops);
            if count == 0 {
                break;
            }
            for op in &ops[..count] {
                if let Op::Start { task, attempt, .. } = *op {
                    answers.push(Event::Done { task, attempt, routed: false });
                }
            }
        }
        started += answers.len() as u32;
        if !run.is_finished() {
            assert!(!answers.is_empty(), "the run is stuck");
            run.handle_all(0.0, &answers).expect("the contract is kept");
        }
    }
    assert_eq!(run.summary(0.0).overall, 100);
    started
}
