//! Outputs that expressions read beside the edges stay until their last reader is over.

mod support;

use std::sync::Arc;

use conductor_core::flow::{Outline, OutlineReference};
use conductor_core::ids::{NodeId, Slot};
use conductor_core::plan::Plan;
use conductor_core::run::{Event, Op, Run, RunOptions};
use support::{Scope, flow};

/// Runs leaves one after the other and tells after which of them the slot of a node is dropped.
fn dropped_after(scope: Scope, read: &str, reader: &str) -> Option<String> {
    let (mut outline, paths, _) = scope.outline();
    let at = |path: &str| paths.iter().position(|known| known == path).expect("the node exists");
    if reader != read {
        outline
            .references
            .push(OutlineReference { reader: NodeId::at(at(reader)), read: NodeId::at(at(read)) });
    }
    let outline = Outline::from_words(&outline.to_words()).expect("words that were just written");
    let plan = Arc::new(Plan::compile(&outline).expect("in order"));
    let mut options = RunOptions::default();
    options.keep_outputs = false;
    let mut run = Run::new(plan, options);
    run.start(0.0).expect("not started before");
    let mut last = String::new();
    loop {
        let mut ops = vec![Op::Drop { slot: Slot(0) }; run.undrained()];
        run.poll_ops(&mut ops);
        if ops.iter().any(|op| matches!(op, Op::Drop { slot } if *slot == Slot::at(at(read)))) {
            return Some(last);
        }
        let task = ops.iter().find_map(|op| match op {
            Op::Start { task, .. } => Some(*task),
            _ => None,
        })?;
        last = paths[task.index()].clone();
        run.handle(0.0, Event::Done { task, attempt: 1, routed: false }).expect("it was started");
    }
}

fn chain() -> Scope {
    flow()
        .leaves(&["a", "b", "c", "d"])
        .group("g", |group| group.leaves(&["x", "y"]).chain(&["x", "y"]))
        .chain(&["a", "b", "c", "g", "d"])
}

#[test]
fn without_a_reference_a_slot_goes_after_its_edge() {
    assert_eq!(dropped_after(chain(), "a", "a").as_deref(), Some("b"));
}

#[test]
fn a_slot_stays_until_the_node_that_refers_to_it_is_over() {
    assert_eq!(dropped_after(chain(), "a", "c").as_deref(), Some("c"));
    assert_eq!(dropped_after(chain(), "a", "d").as_deref(), Some("d"));
}

#[test]
fn a_reference_from_within_a_group_counts_until_the_group_is_over() {
    assert_eq!(dropped_after(chain(), "a", "g").as_deref(), Some("g/y"));
}

#[test]
fn references_that_do_not_fit_the_nodes_are_refused() {
    for (reader, read) in [(0, 1), (1, 0), (1, 1), (1, 99), (99, 1), (1, 6)] {
        let (mut outline, _, _) = chain().outline();
        outline.references.push(OutlineReference { reader: NodeId(reader), read: NodeId(read) });
        assert!(Outline::from_words(&outline.to_words()).is_err(), "{reader} reads {read}");
    }
    let mut words = chain().outline().0.to_words();
    words.push(1);
    assert!(Outline::from_words(&words).is_err());
}
