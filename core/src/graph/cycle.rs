//! Naming a cycle, so that a person can cut it.

use super::Graph;

/// One cycle of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// The nodes along the edges, each once, beginning with the earliest declared; an edge leads
    /// from the last back to the first.
    pub nodes: Vec<u32>,
}

/// Finds a cycle among the nodes that are not in `settled`, the nodes that wait for no cycle.
///
/// A node that is left over waits for another one that is left over, so walking from edge to source
/// must come back to a node already seen. Starting at the earliest declared node and always taking
/// the first such edge makes the answer the same every time.
pub(super) fn find(graph: &Graph, settled: &[u32]) -> Cycle {
    const UNSEEN: u32 = u32::MAX;
    const SETTLED: u32 = u32::MAX - 1;

    let mut place = vec![UNSEEN; graph.node_count()];
    for &node in settled {
        place[node as usize] = SETTLED;
    }
    let first = place.iter().position(|&place| place == UNSEEN);
    let mut at = first.map(|node| node as u32);
    let mut walk: Vec<u32> = Vec::new();
    while let Some(node) = at {
        let seen = place[node as usize];
        if seen != UNSEEN {
            walk.drain(..seen as usize);
            break;
        }
        place[node as usize] = walk.len() as u32;
        walk.push(node);
        at = graph.dependencies(node).find(|&source| place[source as usize] != SETTLED);
    }

    walk.reverse();
    let earliest = (0..walk.len()).min_by_key(|&index| walk[index]);
    walk.rotate_left(earliest.unwrap_or(0));
    Cycle { nodes: walk }
}
