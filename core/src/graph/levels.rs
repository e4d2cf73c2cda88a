//! The order in which nodes can run.

use super::{Cycle, Graph, cycle};

/// The nodes of a graph sorted into levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    /// The level of each node, from 0.
    pub level: Vec<u32>,
    /// Every node, level by level, in declaration order inside a level.
    pub order: Vec<u32>,
    /// Where each level starts in `order`, and as last entry the number of nodes: level `n` is
    /// `order[bounds[n]..bounds[n + 1]]`.
    pub bounds: Vec<u32>,
}

impl Levels {
    /// How many levels there are; 0 for a graph without nodes.
    #[must_use]
    pub fn count(&self) -> usize {
        self.bounds.len() - 1
    }

    /// The nodes of each level, in declaration order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u32]> + '_ {
        self.bounds.windows(2).map(|bounds| &self.order[bounds[0] as usize..bounds[1] as usize])
    }

    /// The size of the largest level, at least 1.
    #[must_use]
    pub fn max_parallelism(&self) -> usize {
        self.iter().map(<[u32]>::len).max().unwrap_or(0).max(1)
    }
}

pub(super) fn levels(graph: &Graph) -> Result<Levels, Cycle> {
    let nodes = graph.node_count();
    // Holds the edges that a node still waits for, and once there are none, its level. One array
    // is enough because nothing looks at a node's count after it has reached 0.
    let mut level = vec![0_u32; nodes];
    for (_, target) in graph.edges() {
        level[target as usize] += 1;
    }
    let mut order: Vec<u32> = Vec::with_capacity(nodes);
    order.extend((0..nodes as u32).filter(|&node| level[node as usize] == 0));

    let mut bounds = vec![0_u32];
    let mut next = 0;
    while next < order.len() {
        let end = order.len();
        let number = bounds.len() as u32;
        bounds.push(end as u32);
        while next < end {
            for dependent in graph.dependents(order[next]) {
                let waiting = &mut level[dependent as usize];
                *waiting -= 1;
                if *waiting == 0 {
                    *waiting = number;
                    order.push(dependent);
                }
            }
            next += 1;
        }
    }
    if order.len() < nodes {
        return Err(cycle::find(graph, &order));
    }

    sort_within_levels(&level, &mut order, &mut bounds);
    Ok(Levels { level, order, bounds })
}

/// Brings the nodes of each level into declaration order: a counting sort by level, with the start
/// of each level as its cursor.
fn sort_within_levels(level: &[u32], order: &mut [u32], bounds: &mut [u32]) {
    for (node, &level) in level.iter().enumerate() {
        let cursor = &mut bounds[level as usize];
        order[*cursor as usize] = node as u32;
        *cursor += 1;
    }
    // Each cursor now stands where the next level starts.
    bounds.rotate_right(1);
    bounds[0] = 0;
}
