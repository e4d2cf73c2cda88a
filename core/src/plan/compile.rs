//! Outline to plan, in time linear in nodes plus edges.

use super::{Branching, Incoming, Kind, NO_BRANCH, NO_GROUP, Outgoing, Plan, PlanError, PlanNode};
use crate::flow::{Branches, Name, NodeLimit, Outline, OutlineEdge, OutlineReference, Section};
use crate::graph::Graph;
use crate::ids::NodeId;

/// Of a name that no child of the scope bears.
const NO_CHILD: u32 = u32::MAX;

impl Plan {
    /// Compiles an outline.
    ///
    /// # Errors
    /// The first mistake found, scope by scope: ids, then edges, then cycles, then branches.
    pub fn compile(outline: &Outline) -> Result<Plan, PlanError> {
        let mut nodes = bare_nodes(outline);
        let mut resolved = Vec::with_capacity(outline.edges.len());
        let mut scopes = Scopes::new(outline);
        // The children of every scope in plan order, scope after scope.
        let mut ordered = Vec::with_capacity(nodes.len());
        let mut ordered_start = vec![0_u32; nodes.len()];

        if outline.nodes.first().is_none_or(|root| root.id == Name::NONE) {
            return Err(PlanError::MissingId { node: NodeId::ROOT });
        }
        for scope in NodeId::ROOT.up_to(NodeId::at(nodes.len())) {
            if nodes[scope].children == 0 {
                continue;
            }
            ordered_start[scope.index()] = ordered.len() as u32;
            let last = scopes.order(scope, &mut nodes, &mut resolved, &mut ordered)?;
            nodes[scope].last_child = last;
        }

        set_positions(&mut nodes, &ordered, &ordered_start);
        set_outputs_and_weights(&mut nodes);
        let references = references(outline, &scopes.branchings, &mut nodes);
        Ok(link(nodes, &mut resolved, references, outline.limits.clone(), scopes.branchings))
    }
}

/// An edge between two nodes of the plan.
struct Resolved {
    source: NodeId,
    target: NodeId,
    source_handle: Name,
    target_handle: Name,
    /// Place among the edges that enter the target.
    input: u32,
}

fn bare_nodes(outline: &Outline) -> Vec<PlanNode> {
    let mut nodes: Vec<PlanNode> = (0_u32..)
        .map(NodeId)
        .zip(&outline.nodes)
        .map(|(index, node)| PlanNode {
            parent: node.parent,
            end: index.next(),
            position: 0,
            level: 0,
            output: index,
            kind: if node.width > 0 {
                Kind::Each { width: node.width, tolerant: node.tolerant }
            } else {
                Kind::Leaf
            },
            disabled: node.disabled,
            catches: false,
            weight: f64::from(node.weight),
            children: 0,
            last_child: index,
            in_degree: 0,
            readers: 0,
            retries: node.retries,
            retry_delay_ms: node.retry_delay_ms,
            retry_jitter: node.retry_jitter,
            timeout_ms: node.timeout_ms,
            parallel: match node.parallel || node.branches.is_some_and(Branches::are_parallel) {
                true if node.width == 0 => index,
                _ => NO_GROUP,
            },
            continue_on_error: node.continue_on_error,
            branch: NO_BRANCH,
            waits: false,
            persists: node.persists,
        })
        .collect();
    for index in (1..nodes.len()).rev() {
        let (parent, end) = (nodes[index].parent, nodes[index].end);
        nodes[parent].children += 1;
        nodes[parent].end = nodes[parent].end.max(end);
    }
    // A parent stands before its children, so the outermost group comes first.
    for index in 1..nodes.len() {
        let around = nodes[nodes[index].parent].parallel;
        if around != NO_GROUP {
            nodes[index].parallel = around;
        }
    }
    for node in &mut nodes {
        node.kind = match (node.children, node.kind) {
            (0, _) => Kind::Leaf,
            (_, Kind::Leaf) => Kind::Group,
            (_, kind) => kind,
        };
    }
    nodes
}

/// Orders one scope after the other, with scratch memory that all of them share.
struct Scopes<'a> {
    outline: &'a Outline,
    next_edge: usize,
    /// For each name: the child of the current scope that bears it, by number within the scope.
    bearer: Vec<u32>,
    children: Vec<NodeId>,
    links: Vec<(u32, u32)>,
    branchings: Vec<Branching>,
}

impl<'a> Scopes<'a> {
    fn new(outline: &'a Outline) -> Self {
        Scopes {
            outline,
            next_edge: 0,
            bearer: vec![NO_CHILD; outline.names.max(Name::FIRST_FREE) as usize],
            children: Vec::new(),
            links: Vec::new(),
            branchings: Vec::new(),
        }
    }

    /// Appends the scope's children in plan order to `ordered` and its edges to `resolved`; returns the last child.
    fn order(
        &mut self,
        scope: NodeId,
        nodes: &mut [PlanNode],
        resolved: &mut Vec<Resolved>,
        ordered: &mut Vec<NodeId>,
    ) -> Result<NodeId, PlanError> {
        self.name_children(scope, nodes)?;
        self.links.clear();
        // Edges of a node without children are nobody's; they stand before this scope's.
        while let Some(edge) = self.outline.edges.get(self.next_edge).filter(|edge| edge.scope <= scope) {
            if edge.scope == scope {
                let link = self.link(self.next_edge as u32, edge)?;
                resolved.push(Resolved {
                    source: self.children[link.0 as usize],
                    target: self.children[link.1 as usize],
                    source_handle: edge.source_handle,
                    target_handle: edge.target_handle,
                    input: 0,
                });
                self.links.push(link);
            }
            self.next_edge += 1;
        }
        for child in &self.children {
            self.bearer[self.outline.nodes[*child].id.0 as usize] = NO_CHILD;
        }
        let outlined = &self.outline.nodes[scope];
        if outlined.branches == Some(Branches::Try) && nodes[scope].kind == Kind::Group {
            self.order_sections(scope)?;
        }
        let graph = Graph::new(self.children.len(), self.links.iter().copied());
        let levels = graph.levels().map_err(|cycle| PlanError::Cycle {
            nodes: cycle.nodes.iter().map(|local| self.children[*local as usize]).collect(),
        })?;
        for (child, level) in self.children.iter().zip(&levels.level) {
            nodes[*child].level = *level;
        }
        ordered.extend(levels.order.iter().map(|local| self.children[*local as usize]));
        if let Some(rule) = self.outline.nodes[scope].branches
            && nodes[scope].kind == Kind::Group
        {
            let branching = if rule == Branches::Try {
                Branching::of_sections(scope, &self.children, &levels.order, &self.outline.nodes, nodes)
            } else {
                let branching = Branching::of(scope, rule, &self.children, &self.links, &levels.order, nodes);
                branching.ok_or(PlanError::TooFewBranches { node: scope })?
            };
            self.branchings.push(branching);
        }
        Ok(ordered[ordered.len() - 1])
    }

    fn name_children(&mut self, scope: NodeId, nodes: &[PlanNode]) -> Result<(), PlanError> {
        self.children.clear();
        let mut child = scope.next();
        while child < nodes[scope].end {
            let id = self.outline.nodes[child].id;
            if id == Name::NONE {
                return Err(PlanError::MissingId { node: child });
            }
            let bearer = &mut self.bearer[id.0 as usize];
            if *bearer != NO_CHILD {
                let first = self.children[*bearer as usize];
                return Err(PlanError::DuplicateId { first, second: child });
            }
            *bearer = self.children.len() as u32;
            self.children.push(child);
            child = nodes[child].end;
        }
        Ok(())
    }

    /// Lets the sections of a `try` stand one after the other. Edges within its body are all that it may have.
    #[inline(never)]
    fn order_sections(&mut self, scope: NodeId) -> Result<(), PlanError> {
        let section = |place: u32| self.outline.nodes[self.children[place as usize]].section;
        let crossing = self.links.iter().position(|ends| [ends.0, ends.1].map(section) != [Section::Body; 2]);
        if let Some(place) = crossing {
            // The links are those of the last edges that were looked at.
            return Err(PlanError::SectionEdge { edge: (self.next_edge - self.links.len() + place) as u32 });
        }
        let places = 0..self.children.len() as u32;
        let (body, others): (Vec<u32>, Vec<u32>) = places.partition(|place| section(*place) == Section::Body);
        if body.is_empty() {
            return Err(PlanError::NoBody { node: scope });
        }
        let mut order = Vec::with_capacity(body.len() * others.len() + 1);
        for other in &others {
            let before =
                others.iter().filter(|earlier| section(**earlier).number() < section(*other).number());
            order.extend(body.iter().chain(before).map(|source| (*source, *other)));
        }
        self.links.append(&mut order);
        Ok(())
    }

    fn link(&self, index: u32, edge: &OutlineEdge) -> Result<(u32, u32), PlanError> {
        let source = self.bearer[edge.source.0 as usize];
        let target = self.bearer[edge.target.0 as usize];
        if source == NO_CHILD {
            return Err(PlanError::UnknownSource { edge: index });
        }
        if target == NO_CHILD {
            return Err(PlanError::UnknownTarget { edge: index });
        }
        Ok((source, target))
    }
}

/// Depth first through the ordered children: a nested group stands complete before its next sibling.
fn set_positions(nodes: &mut [PlanNode], ordered: &[NodeId], ordered_start: &[u32]) {
    let mut open = vec![NodeId::ROOT];
    let mut position = 0;
    while let Some(node) = open.pop() {
        nodes[node].position = position;
        position += 1;
        let start = ordered_start[node.index()] as usize;
        let children = &ordered[start..start + nodes[node].children as usize];
        open.extend(children.iter().rev());
    }
}

fn set_outputs_and_weights(nodes: &mut [PlanNode]) {
    for node in nodes.iter_mut().filter(|node| node.children > 0) {
        node.weight = 0.0;
    }
    for index in (0..nodes.len()).rev() {
        let node = &nodes[index];
        let hands_on = nodes[node.last_child].branch == NO_BRANCH;
        if node.kind == Kind::Group && !node.disabled && hands_on {
            nodes[index].output = nodes[node.last_child].output;
        }
        if index > 0 {
            let (parent, weight) = (nodes[index].parent, nodes[index].weight);
            nodes[parent].weight += weight;
        }
    }
}

/// What is read beside the edges, by reader; each keeps its slot until the reader is over. A group with branches reads what
/// they gave.
fn references(outline: &Outline, branchings: &[Branching], nodes: &mut [PlanNode]) -> Vec<(NodeId, NodeId)> {
    let slot_of = |reference: &OutlineReference| nodes[reference.read].output;
    let mut references: Vec<(NodeId, NodeId)> =
        outline.references.iter().map(|reference| (reference.reader, slot_of(reference))).collect();
    let gathered = branchings.iter().flat_map(|branching| {
        let outputs = branching.gathered().map(|branch| nodes[branch.output].output);
        outputs.map(|slot| (branching.node, slot))
    });
    references.extend(gathered);
    references.sort_unstable();
    for (_, slot) in &references {
        nodes[*slot].readers += 1;
    }
    references
}

fn link(
    mut nodes: Vec<PlanNode>,
    edges: &mut [Resolved],
    references: Vec<(NodeId, NodeId)>,
    limits: Vec<NodeLimit>,
    branchings: Vec<Branching>,
) -> Plan {
    for edge in edges.iter_mut() {
        edge.input = nodes[edge.target].in_degree;
        let slot = nodes[edge.source].output;
        nodes[slot].readers += 1;
        nodes[edge.target].in_degree += 1;
        nodes[edge.source].catches |= edge.source_handle == Name::ERROR;
    }
    // After the node that is run there is nothing to go on with.
    nodes[0].continue_on_error = false;
    // A result has a reader besides the edges: whoever ran the plan, or the scope that collects its items.
    let root_slot = nodes[NodeId::ROOT].output;
    nodes[root_slot].readers += 1;
    for index in 0..nodes.len() {
        if matches!(nodes[index].kind, Kind::Each { .. }) {
            let result = nodes[nodes[index].last_child].output;
            nodes[result].readers += 1;
        }
    }
    let (outgoing_start, outgoing) = rows(nodes.len(), edges, |edge| {
        (edge.source, Outgoing { target: edge.target, input: edge.input, handle: edge.source_handle })
    });
    let (incoming_start, incoming) = rows(nodes.len(), edges, |edge| {
        let output = nodes[edge.source].output;
        (edge.target, Incoming { output, handle: edge.target_handle })
    });
    let leaves = nodes.iter().filter(|node| node.kind == Kind::Leaf).count() as u32;
    let plain = limits.is_empty()
        && branchings.is_empty()
        && nodes.iter().all(|node| {
            let each = matches!(node.kind, Kind::Each { .. });
            let again = node.kind == Kind::Group && node.retries.is_some_and(|retries| retries > 0);
            !node.disabled
                && !node.catches
                && !node.continue_on_error
                && !each
                && !again
                && node.timeout_ms.is_none()
                && node.parallel == NO_GROUP
        });
    let parallel = nodes.iter().any(|node| node.parallel != NO_GROUP);
    Plan {
        nodes,
        outgoing_start,
        outgoing,
        incoming_start,
        incoming,
        references,
        limits,
        branchings,
        leaves,
        plain,
        parallel,
    }
}

/// Compressed rows, keeping the edges' order within each.
fn rows<T: Copy>(
    nodes: usize,
    edges: &[Resolved],
    cell: impl Fn(&Resolved) -> (NodeId, T),
) -> (Vec<u32>, Vec<T>) {
    let mut starts = vec![0_u32; nodes + 1];
    let Some(first) = edges.first() else { return (starts, Vec::new()) };
    for edge in edges {
        starts[cell(edge).0.index() + 1] += 1;
    }
    for row in 0..nodes {
        starts[row + 1] += starts[row];
    }
    let mut next = starts.clone();
    let mut cells = vec![cell(first).1; edges.len()];
    for edge in edges {
        let (row, value) = cell(edge);
        let next = &mut next[row.index()];
        cells[*next as usize] = value;
        *next += 1;
    }
    (starts, cells)
}
