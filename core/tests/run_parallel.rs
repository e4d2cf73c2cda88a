//! Groups whose nodes run side by side where the run takes one node at a time.

mod support;

use support::{Talk, flow, options};

const NODES: [&str; 7] = ["p1", "p2", "p3", "p4", "p5", "p6", "p7"];

fn talk(concurrency: u32) -> Talk {
    let scope = flow()
        .leaves(&["before"])
        .group("g", |group| group.leaves(&NODES).own(|policy| policy.parallel = true))
        .leaves(&["after"]);
    Talk::new(scope, options(|options| options.concurrency = concurrency))
}

#[test]
fn five_of_its_nodes_run_at_once_and_nothing_else_beside_them() {
    let mut talk = talk(1);
    assert_eq!(talk.start(), ["start before"]);
    assert_eq!(
        talk.done("before"),
        NODES[..5].iter().map(|node| format!("start g/{node}")).collect::<Vec<_>>()
    );
    assert_eq!(talk.done("g/p3"), ["start g/p6"]);
    assert_eq!(talk.done("g/p1"), ["start g/p7"]);
    for node in ["p2", "p4", "p5", "p6"] {
        assert!(talk.done(&format!("g/{node}")).is_empty(), "after waits for the group");
    }
    assert_eq!(talk.done("g/p7"), ["start after"]);
}

#[test]
fn a_run_of_more_than_one_at_once_is_as_wide_as_it_says() {
    let mut talk = talk(2);
    assert_eq!(talk.start(), ["start before", "start g/p1"]);
    assert_eq!(talk.done("before"), ["start g/p2"]);
}
