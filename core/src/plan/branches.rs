//! Groups whose children are branches or sections: which child is of which, and what ends the group.

use super::PlanNode;
use crate::flow::{Branches, OutlineNode, Section};
use crate::ids::NodeId;

/// The branches of one group, or the sections of a `try`.
#[derive(Clone, Debug)]
pub(crate) struct Branching {
    /// The group.
    pub(crate) node: NodeId,
    /// So many branches that have succeeded end the group.
    pub(crate) wins: u32,
    /// So many that have failed let it fail; 0 for a `try`.
    pub(crate) losses: u32,
    /// In the declared order of the children that give their outputs. Of a `try` one for each [`Section`], by its number.
    pub(crate) branches: Vec<Branch>,
    /// The children are sections of a `try`.
    pub(crate) is_try: bool,
}

/// Children of a group that edges join.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    /// In declared order.
    pub(crate) children: Vec<NodeId>,
    /// The one that comes last in plan order: its output is that of the branch.
    pub(crate) output: NodeId,
    /// Whether any of them is to run. A branch that is disabled as a whole neither succeeds nor fails; a section that is, or
    /// that has no children, is left out.
    pub(crate) runs: bool,
}

impl Branching {
    /// The branches of a scope, which are noted in its children. `children` in declared order; `links`, and `order`, which is
    /// that of the plan, by place among them. Nothing if fewer branches run than are to succeed.
    pub(super) fn of(
        node: NodeId,
        rule: Branches,
        children: &[NodeId],
        links: &[(u32, u32)],
        order: &[u32],
        nodes: &mut [PlanNode],
    ) -> Option<Branching> {
        let joined = joined(children.len(), links);
        // For the first child of each branch: the one that comes last.
        let mut last = vec![0; children.len()];
        for place in order {
            last[joined[*place as usize] as usize] = *place;
        }
        let is_last = |place: u32| last[joined[place as usize] as usize] == place;
        let ends = (0..children.len() as u32).filter(|place| is_last(*place));
        let mut branches: Vec<Branch> = Vec::new();
        let mut number = vec![0; children.len()];
        for place in ends {
            number[joined[place as usize] as usize] = branches.len();
            branches.push(Branch { children: Vec::new(), output: children[place as usize], runs: false });
        }
        for (place, child) in children.iter().enumerate() {
            let number = number[joined[place] as usize];
            let node = &mut nodes[*child];
            node.branch = number as u32;
            branches[number].children.push(*child);
            branches[number].runs |= !node.disabled;
        }
        let running = branches.iter().filter(|branch| branch.runs).count() as u32;
        let (wins, losses) = match rule {
            Branches::All => (u32::MAX, 1),
            Branches::Race => (1, 1),
            Branches::AllSettled | Branches::Try => (u32::MAX, u32::MAX),
            Branches::First(count) => (count, (running + 1).checked_sub(count).filter(|left| *left > 0)?),
        };
        Some(Branching { node, wins, losses, branches, is_try: false })
    }

    /// The sections of a `try`, noted in its children. `children` in declared order; `order` by place among them.
    pub(super) fn of_sections(
        node: NodeId,
        children: &[NodeId],
        order: &[u32],
        outlined: &[OutlineNode],
        nodes: &mut [PlanNode],
    ) -> Branching {
        let none = Branch { children: Vec::new(), output: node, runs: false };
        let mut branches = vec![none; 3];
        for child in children {
            let section = outlined[*child].section;
            let branch = &mut branches[section.number() as usize];
            nodes[*child].branch = section.number();
            nodes[*child].waits = section != Section::Body;
            branch.children.push(*child);
            branch.runs |= !nodes[*child].disabled;
        }
        for child in order.iter().map(|place| children[*place as usize]) {
            branches[nodes[child].branch as usize].output = child;
        }
        Branching { node, wins: u32::MAX, losses: 0, branches, is_try: true }
    }

    /// Which child of a `try` comes before which, without those that edges join.
    pub(super) fn order(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        let later = (0..).zip(&self.branches).skip(1);
        later.flat_map(|(number, section)| {
            let before = self.branches[..number].iter().flat_map(|branch| &branch.children);
            let first = section.children.first();
            before.filter_map(move |source| first.map(|target| (*source, *target)))
        })
    }

    /// The branches whose outputs make that of the group.
    pub(super) fn gathered(&self) -> impl Iterator<Item = &Branch> {
        let ends = self.branches.iter().enumerate();
        let gives = |number: usize, branch: &Branch| {
            !branch.children.is_empty() && (!self.is_try || number as u32 != Section::Finally.number())
        };
        ends.filter(move |(number, branch)| gives(*number, branch)).map(|(_, branch)| branch)
    }
}

/// For each of `count` places, the first place that links lead to from it, over any number of them in any direction.
pub(crate) fn joined(count: usize, links: &[(u32, u32)]) -> Vec<u32> {
    let mut first: Vec<u32> = (0..count as u32).collect();
    for (source, target) in links {
        let (one, other) = (root(&mut first, *source), root(&mut first, *target));
        first[one.max(other) as usize] = one.min(other);
    }
    for place in 0..count as u32 {
        first[place as usize] = root(&mut first, place);
    }
    first
}

/// Halves the way for the next look.
fn root(first: &mut [u32], place: u32) -> u32 {
    let mut place = place;
    while first[place as usize] != place {
        first[place as usize] = first[first[place as usize] as usize];
        place = first[place as usize];
    }
    place
}
