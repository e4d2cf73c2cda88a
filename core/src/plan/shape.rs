//! The shape of one scope, for whoever looks at it: levels, critical path, parallelism.

use super::{Branching, Plan};
use crate::graph::Graph;

/// What the children of one scope look like as a graph. Nodes are plan indices.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeShape {
    /// Level by level, declared order inside a level.
    pub levels: Vec<Vec<u32>>,
    /// The heaviest path by weight.
    pub critical_path: Vec<u32>,
    /// The weight of that path.
    pub critical_path_weight: f64,
    /// The sum of the children's weights.
    pub total_weight: f64,
    /// The size of the largest level, at least 1. Informational: runs go by readiness, not by level.
    pub max_parallelism: u32,
}

impl Plan {
    /// The shape of a scope's children; of a leaf, the shape of that one node.
    pub fn scope_shape(&self, scope: u32) -> ScopeShape {
        let children: Vec<u32> = match self.node(scope).children {
            0 => vec![scope],
            _ => self.children(scope).collect(),
        };
        let mut local = vec![0_u32; (self.node(scope).end - scope) as usize];
        for (number, child) in (0_u32..).zip(&children) {
            local[(child - scope) as usize] = number;
        }
        let edges = children.iter().filter(|child| **child != scope).flat_map(|child| {
            let source = local[(child - scope) as usize];
            let local = &local;
            self.outgoing(*child).iter().map(move |out| (source, local[(out.target - scope) as usize]))
        });
        let sections = self.branching(scope).filter(|branching| branching.is_try).into_iter();
        let after = sections
            .flat_map(Branching::order)
            .map(|(source, target)| (local[(source - scope) as usize], local[(target - scope) as usize]));
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
