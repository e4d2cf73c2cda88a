//! What the shape of a flow says: levels, critical path, weights, cycles.
//!
//! A graph knows nodes by their place in the declaration, `0..nodes`, and edges by the order in
//! which they were given. Everything here is linear in nodes plus edges and keeps its work on the
//! heap, so that a chain of a million nodes needs no more stack than a chain of two.

mod critical_path;
mod cycle;
mod levels;
mod weight;

pub use critical_path::CriticalPath;
pub use cycle::Cycle;
pub use levels::Levels;
pub use weight::{DEFAULT_WEIGHT, node_weight};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

/// The nodes of one scope and the edges between them.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Edges are stored last first: petgraph lists the edges of a node from the newest to the
    /// oldest, and so lists ours in the order in which they were given.
    inner: DiGraph<(), (), u32>,
}

impl Graph {
    /// A graph of `nodes` nodes with edges `(source, target)`. Parallel edges are kept, an edge
    /// from a node to itself is a cycle.
    ///
    /// # Panics
    ///
    /// When an edge names a node that is not below `nodes`.
    #[must_use]
    pub fn new(nodes: usize, edges: impl IntoIterator<Item = (u32, u32)>) -> Graph {
        let edges: Vec<(u32, u32)> = edges.into_iter().collect();
        let mut inner = DiGraph::with_capacity(nodes, edges.len());
        for _ in 0..nodes {
            inner.add_node(());
        }
        for &(source, target) in edges.iter().rev() {
            inner.add_edge(NodeIndex::from(source), NodeIndex::from(target), ());
        }
        Graph { inner }
    }

    /// How many nodes there are.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.inner.node_count()
    }

    /// How many edges there are, parallel ones included.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.inner.edge_count()
    }

    /// The sources of the edges that end in `node`, in edge order; a source with three edges is
    /// named three times.
    pub fn dependencies(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        self.neighbours(node, Direction::Incoming)
    }

    /// The targets of the edges that start in `node`, in edge order; a target with three edges is
    /// named three times.
    pub fn dependents(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        self.neighbours(node, Direction::Outgoing)
    }

    /// Sorts the nodes into levels: level 0 waits for nothing, every other level for at least one
    /// node of the level before it.
    ///
    /// # Errors
    ///
    /// The edges form a cycle; one of the cycles is named.
    pub fn levels(&self) -> Result<Levels, Cycle> {
        levels::levels(self)
    }

    /// The heaviest path through the graph. `weights` holds one weight per node, none negative.
    ///
    /// Among equally heavy ends the earliest declared wins, among equally heavy ways to a node the
    /// one whose last step comes first in the order of the levels.
    ///
    /// # Panics
    ///
    /// When `levels` is that of a larger graph, or `weights` has fewer entries than there are nodes.
    #[must_use]
    pub fn critical_path(&self, levels: &Levels, weights: &[f64]) -> CriticalPath {
        critical_path::critical_path(self, levels, weights)
    }

    /// The edges as they are stored, in no order that means anything.
    fn edges(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let index = |node: NodeIndex<u32>| node.index() as u32;
        self.inner.raw_edges().iter().map(move |edge| (index(edge.source()), index(edge.target())))
    }

    fn neighbours(&self, node: u32, direction: Direction) -> impl Iterator<Item = u32> + '_ {
        self.inner
            .neighbors_directed(NodeIndex::from(node), direction)
            .map(|neighbour| neighbour.index() as u32)
    }
}
