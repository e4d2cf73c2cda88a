//! The shape of one scope, for whoever looks at it: levels, critical path, parallelism.

use super::{Branching, Plan};
use crate::graph::Graph;
use crate::ids::NodeId;

/// What the children of one scope look like as a graph. Nodes are plan indices.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeShape {
    /// Level by level, declared order inside a level.
    pub levels: Vec<Vec<NodeId>>,
    /// The heaviest path by weight.
    pub critical_path: Vec<NodeId>,
    /// The weight of that path.
    pub critical_path_weight: f64,
    /// The sum of the children's weights.
    pub total_weight: f64,
    /// The size of the largest level, at least 1. Informational: runs go by readiness, not by level.
    pub max_parallelism: u32,
}

impl Plan {
    /// The shape of a scope's children; of a leaf, the shape of that one node.
    pub fn scope_shape(&self, scope: NodeId) -> ScopeShape {
        let children: Vec<NodeId> = match self.node(scope).children {
            0 => vec![scope],
            _ => self.children(scope).collect(),
        };
        let mut local = vec![0_u32; self.node(scope).end.index() - scope.index()];
        for (number, child) in (0_u32..).zip(&children) {
            local[child.index() - scope.index()] = number;
        }
        let local = &|node: NodeId| local[node.index() - scope.index()];
        let edges = children.iter().filter(|child| **child != scope).flat_map(|child| {
            let source = local(*child);
            self.outgoing(*child).iter().map(move |out| (source, local(out.target)))
        });
        let sections = self.branching(scope).filter(|branching| branching.is_try).into_iter();
        let after =
            sections.flat_map(Branching::order).map(|(source, target)| (local(source), local(target)));
        let graph = Graph::new(children.len(), edges.chain(after));
        let weights: Vec<f64> = children.iter().map(|child| self.node(*child).weight).collect();
        let Ok(levels) = graph.levels() else { unreachable!("a compiled plan has no cycle") };
        let path = graph.critical_path(&levels, &weights);
        let name = |locals: &[u32]| locals.iter().map(|number| children[*number as usize]).collect();
        ScopeShape {
            levels: levels.iter().map(name).collect(),
            critical_path: name(&path.nodes),
            critical_path_weight: path.weight,
            total_weight: weights.iter().sum(),
            max_parallelism: levels.max_parallelism() as u32,
        }
    }
}
