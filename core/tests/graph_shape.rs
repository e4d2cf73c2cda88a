//! Levels, critical path and cycles of a graph.

use std::thread;

use conductor_core::graph::{Cycle, Graph, Levels, node_weight};
use proptest::collection::vec;
use proptest::prelude::*;

fn levels(nodes: usize, edges: &[(u32, u32)]) -> Levels {
    graph(nodes, edges).levels().unwrap()
}

fn graph(nodes: usize, edges: &[(u32, u32)]) -> Graph {
    Graph::new(nodes, edges.iter().copied())
}

fn by_level(levels: &Levels) -> Vec<Vec<u32>> {
    levels.iter().map(<[u32]>::to_vec).collect()
}

fn path(nodes: usize, edges: &[(u32, u32)], weights: &[f64]) -> (Vec<u32>, f64) {
    let graph = graph(nodes, edges);
    let path = graph.critical_path(&graph.levels().unwrap(), weights);
    (path.nodes, path.weight)
}

fn cycle(nodes: usize, edges: &[(u32, u32)]) -> Vec<u32> {
    graph(nodes, edges).levels().unwrap_err().nodes
}

/// Runs on a stack of 2 MB, what a thread has by default.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(2 * 1024 * 1024);
    thread.spawn(work).unwrap().join().unwrap();
}

#[test]
fn a_level_holds_all_nodes_that_wait_for_nothing_more() {
    let found = levels(5, &[(4, 1), (1, 0), (4, 0), (2, 0)]);
    assert_eq!(by_level(&found), [vec![2, 3, 4], vec![1], vec![0]]);
    assert_eq!(found.level, [2, 1, 0, 0, 0]);
    assert_eq!(found.order, [2, 3, 4, 1, 0]);
    assert_eq!(found.bounds, [0, 3, 4, 5]);
    assert_eq!(found.count(), 3);
    assert_eq!(found.max_parallelism(), 3);
}

#[test]
fn nodes_of_a_level_keep_their_declaration_order() {
    let found = levels(6, &[(0, 5), (0, 4), (1, 3), (0, 2)]);
    assert_eq!(by_level(&found), [vec![0, 1], vec![2, 3, 4, 5]]);
}

#[test]
fn a_graph_without_nodes_has_no_levels_and_a_parallelism_of_one() {
    let found = levels(0, &[]);
    assert_eq!((found.count(), found.max_parallelism()), (0, 1));
    assert_eq!(path(0, &[], &[]), (vec![], 0.0));
}

#[test]
fn parallel_edges_are_kept_in_edge_order() {
    let graph = graph(3, &[(0, 1), (2, 1), (0, 1), (0, 2), (0, 1)]);
    assert_eq!(graph.dependencies(1).collect::<Vec<_>>(), [0, 2, 0, 0]);
    assert_eq!(graph.dependents(0).collect::<Vec<_>>(), [1, 1, 2, 1]);
    assert_eq!(by_level(&graph.levels().unwrap()), [vec![0], vec![2], vec![1]]);
    assert_eq!((graph.node_count(), graph.edge_count()), (3, 5));
}

#[test]
fn the_critical_path_is_the_heaviest_one() {
    let edges = [(0, 1), (0, 2), (1, 3), (2, 3)];
    assert_eq!(path(4, &edges, &[1.0, 10.0, 20.0, 5.0]), (vec![0, 2, 3], 26.0));
    assert_eq!(path(4, &edges, &[1.0, 20.0, 10.0, 5.0]), (vec![0, 1, 3], 26.0));
}

#[test]
fn among_equal_ends_the_earliest_declared_wins() {
    assert_eq!(path(3, &[], &[5.0, 7.0, 7.0]), (vec![1], 7.0));
    assert_eq!(path(3, &[(0, 2), (0, 1)], &[5.0, 7.0, 7.0]), (vec![0, 1], 12.0));
}

#[test]
fn among_equal_predecessors_the_first_in_level_order_wins() {
    assert_eq!(path(3, &[(1, 2), (0, 2)], &[5.0, 5.0, 1.0]), (vec![0, 2], 6.0));
    // Node 1 is on a level before node 0, so its edge is looked at first.
    let edges = [(2, 0), (0, 3), (1, 3)];
    assert_eq!(path(4, &edges, &[2.0, 5.0, 3.0, 1.0]), (vec![1, 3], 6.0));
}

#[test]
fn a_weightless_predecessor_is_not_on_the_path() {
    assert_eq!(path(2, &[(0, 1)], &[0.0, 5.0]), (vec![1], 5.0));
}

#[test]
fn a_cycle_is_named_along_its_edges_from_its_earliest_node() {
    assert_eq!(cycle(3, &[(2, 0), (0, 1), (1, 2)]), [0, 1, 2]);
    assert_eq!(cycle(4, &[(3, 1), (1, 2), (2, 3), (0, 1)]), [1, 2, 3]);
    assert_eq!(cycle(2, &[(0, 1), (1, 1)]), [1]);
    assert_eq!(cycle(1, &[(0, 0)]), [0]);
}

#[test]
fn nodes_behind_a_cycle_are_not_part_of_it() {
    assert_eq!(cycle(4, &[(2, 3), (3, 2), (3, 0), (0, 1)]), [2, 3]);
}

#[test]
fn a_chain_of_a_million_nodes_needs_no_stack() {
    on_a_small_stack(|| {
        let nodes = 1_000_000_u32;
        let graph = Graph::new(nodes as usize, (1..nodes).map(|node| (node - 1, node)));
        let levels = graph.levels().unwrap();
        assert_eq!(levels.count(), nodes as usize);
        assert_eq!(levels.max_parallelism(), 1);
        let path = graph.critical_path(&levels, &vec![2.0; nodes as usize]);
        assert_eq!(path.nodes.len(), nodes as usize);
        assert_eq!(path.weight, 2_000_000.0);
    });
}

#[test]
fn a_cycle_of_a_million_nodes_needs_no_stack() {
    on_a_small_stack(|| {
        let nodes = 1_000_000_u32;
        let graph = Graph::new(nodes as usize, (0..nodes).map(|node| (node, (node + 1) % nodes)));
        let cycle = graph.levels().unwrap_err();
        assert!(cycle.nodes.iter().copied().eq(0..nodes));
    });
}

#[test]
fn types_weigh_what_the_table_says() {
    let table = [
        ("httpRequest", 500.0),
        ("http-request", 500.0),
        ("database", 300.0),
        ("image", 300.0),
        ("shell-command", 300.0),
        ("email", 800.0),
        ("fileRead", 100.0),
        ("fileWrite", 200.0),
        ("file-system", 200.0),
        ("spreadsheet", 200.0),
        ("edit-fields", 80.0),
        ("transform", 50.0),
        ("condition", 10.0),
        ("loop", 20.0),
        ("delay", 1000.0),
        ("parallel", 100.0),
        ("constructor", 100.0),
        ("", 100.0),
    ];
    for (kind, weight) in table {
        assert_eq!(node_weight(kind), weight, "{kind}");
    }
}

fn any_graph() -> impl Strategy<Value = (usize, Vec<(u32, u32)>)> {
    (1_usize..12).prop_flat_map(|nodes| {
        let node = 0..nodes as u32;
        (Just(nodes), vec((node.clone(), node), 0..20))
    })
}

fn acyclic_graph() -> impl Strategy<Value = (usize, Vec<(u32, u32)>)> {
    (any_graph(), any::<u64>()).prop_map(|((nodes, edges), seed)| {
        // Edges follow a shuffled ranking, so that declaration order says nothing.
        let rank = |node: u32| (u64::from(node) + 1).wrapping_mul(seed | 1).rotate_left(17);
        let forward = |&(a, b): &(u32, u32)| (rank(a), a) < (rank(b), b);
        (nodes, edges.into_iter().filter(forward).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn a_node_is_one_level_above_its_latest_dependency((nodes, edges) in acyclic_graph()) {
        let graph = graph(nodes, &edges);
        let found = graph.levels().unwrap();
        for node in 0..nodes as u32 {
            let latest = graph.dependencies(node).map(|source| found.level[source as usize] + 1).max();
            prop_assert_eq!(found.level[node as usize], latest.unwrap_or(0));
        }
        let mut expected: Vec<u32> = (0..nodes as u32).collect();
        expected.sort_by_key(|&node| found.level[node as usize]);
        prop_assert_eq!(&found.order, &expected);
        let sizes: usize = found.iter().map(<[u32]>::len).sum();
        prop_assert_eq!(sizes, nodes);
    }

    #[test]
    fn no_path_is_heavier_than_the_critical_one(
        (nodes, edges) in acyclic_graph(),
        weights in vec(1_u8..5, 12),
    ) {
        let weights: Vec<f64> = weights.into_iter().map(f64::from).collect();
        let graph = graph(nodes, &edges);
        let found = graph.critical_path(&graph.levels().unwrap(), &weights);
        prop_assert!(found.nodes.windows(2).all(|step| edges.contains(&(step[0], step[1]))));
        let sum: f64 = found.nodes.iter().map(|&node| weights[node as usize]).sum();
        prop_assert_eq!(sum, found.weight);
        let heaviest = (0..nodes as u32).map(|node| heaviest_from(&graph, node, &weights));
        prop_assert_eq!(heaviest.fold(0.0, f64::max), found.weight);
    }

    #[test]
    fn what_has_no_levels_has_a_cycle((nodes, edges) in any_graph()) {
        if let Err(Cycle { nodes: cycle }) = graph(nodes, &edges).levels() {
            prop_assert!(!cycle.is_empty());
            prop_assert_eq!(cycle.iter().min(), cycle.first());
            let next = cycle.iter().cycle().skip(1);
            for (&from, &to) in cycle.iter().zip(next) {
                prop_assert!(edges.contains(&(from, to)));
            }
        }
    }
}

fn heaviest_from(graph: &Graph, node: u32, weights: &[f64]) -> f64 {
    let onwards = graph.dependents(node).map(|next| heaviest_from(graph, next, weights));
    weights[node as usize] + onwards.fold(0.0, f64::max)
}
