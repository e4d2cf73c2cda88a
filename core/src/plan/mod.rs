//! A flow compiled for running: dense indices, edges as compressed rows, an input table, scopes and policies.
//!
//! A plan is made once from an [`Outline`](crate::flow::Outline) and never changes; any number of runs share it.

mod branches;
mod compile;
mod input_table;
mod shape;

use crate::error::ErrorCode;
use crate::flow::{Name, NodeLimit};
use crate::ids::{Millis, NodeId, indexed};

pub(crate) use branches::{Branching, joined};
pub use shape::ScopeShape;

/// A flow ready to run. See the module's description.
#[derive(Clone, Debug)]
pub struct Plan {
    nodes: Vec<PlanNode>,
    /// Row starts into `outgoing`, one more than nodes.
    outgoing_start: Vec<u32>,
    outgoing: Vec<Outgoing>,
    /// Row starts into `incoming`, one more than nodes.
    incoming_start: Vec<u32>,
    incoming: Vec<Incoming>,
    /// Pairs of a reader and the node whose output it reads, by reader: what is read beside the edges.
    references: Vec<(NodeId, NodeId)>,
    /// By node.
    limits: Vec<NodeLimit>,
    /// By node.
    branchings: Vec<Branching>,
    leaves: u32,
    /// See [`Plan::is_plain`].
    plain: bool,
    parallel: bool,
}

/// What a node is for the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The host runs it.
    Leaf,
    /// A scope whose children run once.
    Group,
    /// A scope whose children run once per item, in frames; at most `width` at once.
    Each {
        /// Frames open at once, at least 1.
        width: u32,
        /// A failure inside a frame ends that frame alone.
        tolerant: bool,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct PlanNode {
    pub(crate) parent: NodeId,
    /// One past the last node of the subtree.
    pub(crate) end: NodeId,
    /// Place in the flattened order of the whole plan.
    pub(crate) position: u32,
    /// Level within the scope, from 0.
    pub(crate) level: u32,
    /// The node whose slot holds this node's output: itself, or for a group its last node's.
    pub(crate) output: NodeId,
    pub(crate) kind: Kind,
    pub(crate) disabled: bool,
    /// An edge leaves it on the handle `error`.
    pub(crate) catches: bool,
    pub(crate) weight: f64,
    pub(crate) children: u32,
    /// For a scope: the child whose output is the scope's.
    pub(crate) last_child: NodeId,
    pub(crate) in_degree: u32,
    /// How often this node's slot is read: by edges, by references, as a scope's result, as the run's result.
    pub(crate) readers: u32,
    pub(crate) retries: Option<u32>,
    pub(crate) retry_delay_ms: Option<Millis>,
    pub(crate) retry_jitter: Option<bool>,
    pub(crate) timeout_ms: Option<Millis>,
    /// The outermost group around it, or itself, whose nodes may run side by side; [`NO_GROUP`] for none.
    pub(crate) parallel: NodeId,
    /// Its policy lets the run go on after its failure, where no edge takes its error.
    pub(crate) continue_on_error: bool,
    /// Its branch in the scope around it, by number; [`NO_BRANCH`] where that has none.
    pub(crate) branch: u32,
    /// A section of a `try` that begins when another one is over, and not with the group.
    pub(crate) waits: bool,
    /// It starts only once what came before is on disk.
    pub(crate) persists: bool,
}

indexed!(PlanNode, by NodeId);

impl PlanNode {
    /// Whether the run goes on after its failure without an edge that takes its error.
    pub(crate) fn continues(&self) -> bool {
        self.continue_on_error && !self.catches
    }
}

/// In the place of a group.
pub(crate) const NO_GROUP: NodeId = NodeId(u32::MAX);
/// In the place of a branch.
pub(crate) const NO_BRANCH: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing {
    pub(crate) target: NodeId,
    /// Place of this edge among those that enter the target.
    pub(crate) input: u32,
    pub(crate) handle: Name,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming {
    /// The node whose slot is read, with groups resolved.
    pub(crate) output: NodeId,
    pub(crate) handle: Name,
}

/// Why a flow cannot be run. Nodes and edges by their place in the outline; `crate::validate` puts it into words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// A node without an id.
    MissingId {
        /// The node.
        node: NodeId,
    },
    /// Two children of one scope share an id.
    DuplicateId {
        /// The one declared first.
        first: NodeId,
        /// The one declared later.
        second: NodeId,
    },
    /// An edge leaves a node that its scope does not have.
    UnknownSource {
        /// The edge.
        edge: u32,
    },
    /// An edge enters a node that its scope does not have.
    UnknownTarget {
        /// The edge.
        edge: u32,
    },
    /// Nodes that wait for each other, in the order of their edges.
    Cycle {
        /// The nodes of one cycle.
        nodes: Vec<NodeId>,
    },
    /// A group waits for more branches than it has.
    TooFewBranches {
        /// The group.
        node: NodeId,
    },
    /// A `try` has no children but those for a failure and for the end.
    NoBody {
        /// The `try`.
        node: NodeId,
    },
    /// An edge enters or leaves a node that a `try` runs after a failure or at the end.
    SectionEdge {
        /// The edge.
        edge: u32,
    },
}

impl PlanError {
    /// The code that a caller sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            PlanError::MissingId { .. } | PlanError::DuplicateId { .. } => ErrorCode::InvalidNode,
            PlanError::UnknownSource { .. } | PlanError::UnknownTarget { .. } => ErrorCode::NodeNotFound,
            PlanError::Cycle { .. } => ErrorCode::CircularDependency,
            PlanError::TooFewBranches { .. } | PlanError::NoBody { .. } | PlanError::SectionEdge { .. } => {
                ErrorCode::InvalidParameters
            }
        }
    }
}

impl Plan {
    /// Number of nodes, the root included.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// All nodes in preorder.
    pub(crate) fn numbers(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        NodeId::ROOT.up_to(NodeId::at(self.nodes.len()))
    }

    /// Never true: a plan has a root.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Number of nodes that the host runs.
    pub fn leaves(&self) -> u32 {
        self.leaves
    }

    /// Whether nothing but a failure can come between one leaf and the next in plan order: nothing is disabled, caught,
    /// gone on after, timed, limited, run per item, side by side, in branches, or a group that may begin again.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether the nodes of a group may run side by side whatever the run's concurrency.
    pub(crate) fn has_parallel(&self) -> bool {
        self.parallel
    }

    /// The nodes that may not start whenever they could.
    pub(crate) fn limits(&self) -> &[NodeLimit] {
        &self.limits
    }

    /// The place of a node's limit among [`Plan::limits`], where that is shared, of the node that has it.
    pub(crate) fn limit_of(&self, node: NodeId) -> Option<usize> {
        let place_of = |node: NodeId| self.limits.binary_search_by_key(&node, |limit| limit.node).ok();
        let place = place_of(node)?;
        self.limits[place].shares.map_or(Some(place), place_of)
    }

    /// Whether some group has branches.
    pub(crate) fn has_branches(&self) -> bool {
        !self.branchings.is_empty()
    }

    /// The groups that have branches.
    pub(crate) fn branchings(&self) -> &[Branching] {
        &self.branchings
    }

    /// The branches of a group, if it has some.
    pub(crate) fn branching(&self, node: NodeId) -> Option<&Branching> {
        let place = self.branchings.binary_search_by_key(&node, |branching| branching.node).ok()?;
        Some(&self.branchings[place])
    }

    /// The sum of the leaves' weights.
    pub fn total_weight(&self) -> f64 {
        self.node(NodeId::ROOT).weight
    }

    /// The weight of every node, a scope's being that of what it contains, and its level within its scope, from 0.
    pub fn weights_and_levels(&self) -> impl Iterator<Item = (f64, u32)> + '_ {
        self.nodes.iter().map(|node| (node.weight, node.level))
    }

    pub(crate) fn node(&self, node: NodeId) -> &PlanNode {
        &self.nodes[node]
    }

    pub(crate) fn outgoing(&self, node: NodeId) -> &[Outgoing] {
        row(&self.outgoing, &self.outgoing_start, node)
    }

    pub(crate) fn incoming(&self, node: NodeId) -> &[Incoming] {
        row(&self.incoming, &self.incoming_start, node)
    }

    /// The nodes whose slots a node, or what it contains, reads beside its edges.
    pub(crate) fn references(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let start = self.references.partition_point(|(reader, _)| *reader < node);
        self.references[start..].iter().take_while(move |(reader, _)| *reader == node).map(|(_, slot)| *slot)
    }

    /// The children of a scope in declared order.
    pub(crate) fn children(&self, scope: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let end = self.node(scope).end;
        let mut next = scope.next();
        std::iter::from_fn(move || {
            let child = next;
            if child >= end {
                return None;
            }
            next = self.node(child).end;
            Some(child)
        })
    }

    /// The leaf with this number, in preorder.
    pub(crate) fn nth_leaf(&self, number: u32) -> Option<NodeId> {
        let mut leaves = self.numbers().filter(|node| self.node(*node).kind == Kind::Leaf);
        leaves.nth(number as usize)
    }
}

fn row<'a, T>(cells: &'a [T], starts: &[u32], node: NodeId) -> &'a [T] {
    &cells[starts[node.index()] as usize..starts[node.index() + 1] as usize]
}
