//! What a flow means, worked out from its outline alone: the plan is not asked.

use std::collections::HashMap;

use conductor_core::flow::{Branches, Name, Outline, OutlineNode, Section};

pub(crate) struct Shape {
    pub(crate) nodes: Vec<Node>,
}

pub(crate) struct Node {
    pub(crate) outline: OutlineNode,
    /// One past the last node inside.
    pub(crate) end: u32,
    /// In declared order.
    pub(crate) children: Vec<u32>,
    /// In edge order: source and source handle.
    pub(crate) inputs: Vec<(u32, Name)>,
    /// Place in the flattened order.
    pub(crate) position: u32,
    /// The node whose slot holds the output.
    pub(crate) slot: u32,
    pub(crate) catches: bool,
    /// The flow goes on after its failure, and no edge takes the error.
    pub(crate) continues: bool,
    /// The nearest iterating scope around it.
    pub(crate) each: Option<u32>,
    /// Of a group with branches: the children of each, and the slots that it gathers.
    branches: Option<Vec<Vec<u32>>>,
    pub(crate) gathers: Vec<u32>,
    /// Of a `try`.
    sections: Option<Sections>,
}

/// The children of a `try`.
#[derive(Clone, Debug)]
pub(crate) struct Sections {
    pub(crate) body: Vec<u32>,
    pub(crate) catch: Option<u32>,
    pub(crate) finally: Option<u32>,
}

impl Shape {
    pub(crate) fn of(outline: &Outline) -> Shape {
        let mut nodes: Vec<Node> =
            (0_u32..).zip(&outline.nodes).map(|(index, node)| bare(index, *node)).collect();
        for index in 1..nodes.len() {
            let parent = nodes[index].outline.parent.index();
            nodes[parent].children.push(index as u32);
        }
        for index in (1..nodes.len()).rev() {
            let (parent, end) = (nodes[index].outline.parent.index(), nodes[index].end);
            nodes[parent].end = nodes[parent].end.max(end);
        }
        for index in 1..nodes.len() {
            let parent = nodes[index].outline.parent;
            let around = &nodes[parent.index()];
            nodes[index].each = if around.outline.width > 0 { Some(parent.0) } else { around.each };
        }
        for edge in &outline.edges {
            let scope = &nodes[edge.scope.index()].children;
            let bearer = |name: Name| {
                let found = scope.iter().find(|child| outline.nodes[**child as usize].id == name);
                *found.expect("an edge joins two children of its scope")
            };
            let (source, target) = (bearer(edge.source), bearer(edge.target));
            nodes[target as usize].inputs.push((source, edge.source_handle));
            nodes[source as usize].catches |= edge.source_handle == Name::ERROR;
        }
        for node in nodes.iter_mut().skip(1) {
            node.continues = node.outline.continue_on_error && !node.catches;
        }
        for index in 0..nodes.len() as u32 {
            let Node { outline: node, children, .. } = &nodes[index as usize];
            if node.width > 0 || children.is_empty() {
                continue;
            }
            let of = |section| {
                let children = children.iter().copied();
                let section = move |child: &u32| outline.nodes[*child as usize].section == section;
                children.filter(section).collect::<Vec<u32>>()
            };
            match node.branches {
                None => {}
                Some(Branches::Try) => {
                    let (catch, finally) = (of(Section::Catch).pop(), of(Section::Finally).pop());
                    let sections = Sections { body: of(Section::Body), catch, finally };
                    nodes[index as usize].sections = Some(sections);
                }
                Some(_) => nodes[index as usize].branches = Some(components(outline, index)),
            }
        }
        let mut shape = Shape { nodes };
        shape.order(0, &mut 0);
        for index in 0..shape.nodes.len() {
            let mut branches = shape.nodes[index].branches.clone().unwrap_or_default();
            let last = |branch: &Vec<u32>| {
                *branch.iter().max_by_key(|node| shape.node(**node).position).expect("no branch is empty")
            };
            branches.sort_by_key(last);
            let mut gathers: Vec<u32> = branches.iter().map(|branch| shape.node(last(branch)).slot).collect();
            if let Some(Sections { body, catch, .. }) = shape.sections(index as u32) {
                gathers.extend(catch.iter().copied().chain([last(body)]).map(|child| shape.node(child).slot));
            }
            let node = &mut shape.nodes[index];
            node.gathers = gathers;
            node.branches = (!branches.is_empty()).then_some(branches);
        }
        shape
    }

    pub(crate) fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    /// The children of each branch of a group that has some.
    pub(crate) fn branches(&self, node: u32) -> Option<&[Vec<u32>]> {
        self.node(node).branches.as_deref()
    }

    /// The sections of a `try`.
    pub(crate) fn sections(&self, node: u32) -> Option<&Sections> {
        self.node(node).sections.as_ref()
    }

    /// The outermost group around a node, or the node itself, whose nodes may run side by side.
    pub(crate) fn parallel_group(&self, node: u32) -> Option<u32> {
        let asked = self.node(node).outline.parallel || self.node(node).branches.is_some();
        let own = (asked && !self.is_leaf(node) && !self.is_each(node)).then_some(node);
        if node == 0 { own } else { self.parallel_group(self.node(node).outline.parent.0).or(own) }
    }

    pub(crate) fn is_leaf(&self, node: u32) -> bool {
        self.node(node).children.is_empty()
    }

    pub(crate) fn is_each(&self, node: u32) -> bool {
        !self.is_leaf(node) && self.node(node).outline.width > 0
    }

    /// The slot of a scope's last child: the scope's result, or for each item its own.
    pub(crate) fn result_slot(&self, scope: u32) -> u32 {
        let last = self.node(scope).children.iter().max_by_key(|child| self.node(**child).position);
        self.node(*last.expect("a scope has children")).slot
    }

    /// Leaves, and iterating scopes as a whole: what progress counts.
    pub(crate) fn counted(&self) -> Vec<(u32, f64)> {
        let mut counted = Vec::new();
        let mut node = 0;
        while node < self.nodes.len() as u32 {
            if self.is_each(node) {
                let inside = node + 1..self.node(node).end;
                let leaves = inside.filter(|inner| self.is_leaf(*inner));
                let weight: u32 = leaves.map(|leaf| self.node(leaf).outline.weight).sum();
                counted.push((node, f64::from(weight)));
                node = self.node(node).end;
            } else {
                if self.is_leaf(node) {
                    counted.push((node, f64::from(self.node(node).outline.weight)));
                }
                node += 1;
            }
        }
        counted
    }

    /// Positions and slots, depth first: by level, then as declared.
    fn order(&mut self, scope: u32, next: &mut u32) {
        self.nodes[scope as usize].position = *next;
        *next += 1;
        let mut children = self.node(scope).children.clone();
        let levels = self.levels(&children);
        let section = |child: &u32| match self.node(*child).outline.section {
            Section::Body => 0,
            Section::Catch => 1,
            Section::Finally => 2,
        };
        children.sort_by_key(|child| (section(child), levels[child], *child));
        for child in &children {
            self.order(*child, next);
        }
        let own = self.is_each(scope) || self.branches(scope).is_some() || self.sections(scope).is_some();
        let passes = self.node(scope).outline.disabled || own;
        if let Some(last) = children.last().filter(|_| !passes) {
            self.nodes[scope as usize].slot = self.node(*last).slot;
        }
    }

    /// One more than the highest level among a node's sources, until nothing rises any more.
    fn levels(&self, children: &[u32]) -> HashMap<u32, u32> {
        let mut levels: HashMap<u32, u32> = children.iter().map(|child| (*child, 0)).collect();
        loop {
            let before = levels.clone();
            for child in children {
                let sources = self.node(*child).inputs.iter().map(|(source, _)| levels[source] + 1);
                let level = sources.max().unwrap_or(0);
                levels.insert(*child, level);
            }
            if levels == before {
                return levels;
            }
        }
    }
}

/// The children of a scope, those together that edges join, in declared order of the first.
pub(crate) fn components(outline: &Outline, scope: u32) -> Vec<Vec<u32>> {
    let node = |index: u32| &outline.nodes[index as usize];
    let children = (1..outline.nodes.len() as u32).filter(|child| node(*child).parent.0 == scope);
    let mut found: Vec<Vec<u32>> = children.map(|child| vec![child]).collect();
    for edge in outline.edges.iter().filter(|edge| edge.scope.0 == scope) {
        let place =
            |name: Name| found.iter().position(|some| some.iter().any(|child| node(*child).id == name));
        let (Some(one), Some(other)) = (place(edge.source), place(edge.target)) else { continue };
        if one != other {
            let joined = found.remove(one.max(other));
            found[one.min(other)].extend(joined);
        }
    }
    found
}

fn bare(index: u32, outline: OutlineNode) -> Node {
    Node {
        outline,
        end: index + 1,
        children: Vec::new(),
        inputs: Vec::new(),
        position: 0,
        slot: index,
        catches: false,
        continues: false,
        each: None,
        branches: None,
        gathers: Vec::new(),
        sections: None,
    }
}
