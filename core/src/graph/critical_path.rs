//! The path that decides how long a flow takes.

use super::{Graph, Levels};

/// The heaviest path through a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct CriticalPath {
    /// The nodes along the path, first to last; empty for a graph without nodes.
    pub nodes: Vec<u32>,
    /// The sum of their weights.
    pub weight: f64,
}

pub(super) fn critical_path(graph: &Graph, levels: &Levels, weights: &[f64]) -> CriticalPath {
    const NONE: u32 = u32::MAX;

    let nodes = graph.node_count();
    let mut heaviest = weights[..nodes].to_vec();
    let mut previous = vec![NONE; nodes];
    for &node in &levels.order {
        for dependent in graph.dependents(node) {
            let to = dependent as usize;
            let weight = heaviest[node as usize] + weights[to];
            if weight > heaviest[to] {
                heaviest[to] = weight;
                previous[to] = node;
            }
        }
    }

    let mut end: Option<usize> = None;
    for node in 0..nodes {
        if end.is_none_or(|end| heaviest[node] > heaviest[end]) {
            end = Some(node);
        }
    }
    let weight = end.map_or(0.0, |end| heaviest[end]);
    let mut path = Vec::new();
    let mut at = end.map_or(NONE, |end| end as u32);
    while at != NONE {
        path.push(at);
        at = previous[at as usize];
    }
    path.reverse();
    CriticalPath { nodes: path, weight }
}
