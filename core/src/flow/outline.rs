//! A flow reduced to what the engine needs of it: identity, nesting, edges, weights and policies.
//!
//! Parameters and every other value stay with the host. A host that holds the definition as its own objects interns
//! the strings it meets and hands over [`Outline`] as words; [`Outline::of`] makes the same from a definition that was
//! read in Rust.

use std::collections::{HashMap, HashSet};

use super::NodeDefinition;
use super::policy::{Policy, rate_key};
use crate::graph::node_weight;
use crate::ids::{Millis, NodeId, indexed};
use crate::numbered::numbered;

/// Number of an interned string. [`Name::NONE`] stands for a missing, null or empty string, which for a handle means
/// the default one; [`Name::ERROR`] is the handle `error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name(pub u32);

impl Name {
    /// No string: a missing id, or the default handle.
    pub const NONE: Name = Name(0);
    /// The handle on which a failing node hands on its error.
    pub const ERROR: Name = Name(1);
    /// The first number that a host gives out itself.
    pub const FIRST_FREE: u32 = 2;
}

/// One node, in preorder: a parent stands before its children, and a subtree is one run of nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutlineNode {
    /// Interned id, unique within its scope. None for a node without id, or without type: neither can be run.
    pub id: Name,
    /// Index of the enclosing node; a root names itself.
    pub parent: NodeId,
    /// `enabled: false`: the node is skipped and passes its input on.
    pub disabled: bool,
    /// Progress weight of a leaf; a node with children weighs what they weigh.
    pub weight: u32,
    /// Further attempts after a failure. `None` leaves it to the run's options.
    pub retries: Option<u32>,
    /// First backoff in ms. `None` leaves it to the run's options.
    pub retry_delay_ms: Option<Millis>,
    /// Spread backoffs. `None` leaves it to the run's options.
    pub retry_jitter: Option<bool>,
    /// Deadline of one attempt in ms.
    pub timeout_ms: Option<Millis>,
    /// For a node that runs its children once per item: how many items at once. 0 for every other node.
    pub width: u32,
    /// For such a node: a failure inside one round ends that round alone.
    pub tolerant: bool,
    /// A group whose nodes may run side by side also where the run takes one node at a time.
    pub parallel: bool,
    /// The run goes on after a failure of the node that no `error` edge takes.
    pub continue_on_error: bool,
    /// A leaf that starts only once what came before is on disk, because it writes to the world and the run is to last.
    pub persists: bool,
    /// A group whose children are branches, or sections: when it is over. Says nothing of a node that runs its children once
    /// per item.
    pub branches: Option<Branches>,
    /// For a child of a group with sections: which of them it is in.
    pub section: Section,
}

indexed!(OutlineNode, by NodeId);

numbered! {
    /// What a child of a `try` is for. Edges join children of the body only.
    #[derive(Default, Hash)]
    pub enum Section: u32 {
        /// Runs first. All children that are named for nothing else.
        #[default]
        Body = 0,
        /// Runs after a failure of the body. One child at most.
        Catch = 1,
        /// Runs at the end, however the others went. One child at most.
        Finally = 2,
    }
}

numbered! {
    /// The kinds of [`Branches`].
    pub enum BranchMode: u32 {
        /// [`Branches::All`].
        All = 1,
        /// [`Branches::Race`].
        Race = 2,
        /// [`Branches::AllSettled`].
        AllSettled = 3,
        /// [`Branches::First`].
        First = 4,
        /// [`Branches::Try`].
        Try = 5,
    }
}

/// When a group is over whose children are branches. Children that edges join are one branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branches {
    /// When all have succeeded; it fails with the first that fails.
    All,
    /// With the first that is over, as that went.
    Race,
    /// When all are over, however they went.
    AllSettled,
    /// When so many have succeeded, at least 1; it fails once that cannot be reached any more.
    First(u32),
    /// The children are no branches side by side but the sections of a `try`, one after the other: see [`Section`].
    Try,
}

impl Branches {
    /// The most branches that a group can wait for.
    pub const MOST: u32 = 0xffff;

    /// Reads what [`Branches::bits`] wrote: `None` where it says nothing.
    fn from_bits(bits: u32) -> Option<Branches> {
        Some(match BranchMode::of(bits & BRANCHES_MASK)? {
            BranchMode::All => Branches::All,
            BranchMode::Race => Branches::Race,
            BranchMode::AllSettled => Branches::AllSettled,
            BranchMode::First => Branches::First(bits >> BRANCHES_BITS & Branches::MOST),
            BranchMode::Try => Branches::Try,
        })
    }

    /// The number of the mode, and above it how many are to succeed.
    fn bits(self) -> u32 {
        match self {
            Branches::All => BranchMode::All.number(),
            Branches::Race => BranchMode::Race.number(),
            Branches::AllSettled => BranchMode::AllSettled.number(),
            Branches::First(count) => BranchMode::First.number() | count.min(Branches::MOST) << BRANCHES_BITS,
            Branches::Try => BranchMode::Try.number(),
        }
    }

    /// Whether the children run side by side.
    pub(crate) fn are_parallel(self) -> bool {
        self != Branches::Try
    }
}

/// One edge, between two children of `scope`. Edges are sorted by scope and keep their declared order inside one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutlineEdge {
    /// Index of the node that declares the edge.
    pub scope: NodeId,
    /// Id of the child that the edge leaves.
    pub source: Name,
    /// Id of the child that the edge enters.
    pub target: Name,
    /// Which output of the source.
    pub source_handle: Name,
    /// Under which key the target sees the value.
    pub target_handle: Name,
}

/// An output that is read beside the edges, by an expression in the parameters of a node. Both are children of one scope,
/// and edges lead from `read` to `reader`; where the expression is inside a group, `reader` is the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutlineReference {
    /// Index of the node that reads, or contains what does.
    pub reader: NodeId,
    /// Index of the node whose output is read.
    pub read: NodeId,
}

/// How often a node may start, and how many attempts of it may be under way, over all frames that it is in: one of the two at
/// least, or the limit of another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeLimit {
    /// Index of the node. Of a scope, its beginnings count, and how many of it are open.
    pub node: NodeId,
    /// How often it may start.
    pub rate: Option<Rate>,
    /// Attempts under way at once, from 1 to [`NodeLimit::MOST`]. A node that waits for its next try counts.
    pub concurrency: Option<u32>,
    /// Index of the earlier node whose rate this node shares. It then has no rate and no concurrency of its own, and the
    /// earlier one has no concurrency.
    pub shares: Option<NodeId>,
}

impl NodeLimit {
    /// The largest number of starts, and of attempts at once.
    pub const MOST: u32 = 10_000;
}

/// How many starts there may be within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Starts within any stretch of `per_ms`, from 1 to [`NodeLimit::MOST`].
    pub starts: u32,
    /// In ms, from 1 to [`Rate::LONGEST_MS`].
    pub per_ms: Millis,
}

impl Rate {
    /// The longest time that a rate is for: 24 hours.
    pub const LONGEST_MS: Millis = Millis(86_400_000);
}

/// See the module's description.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// All nodes in preorder; the first is the one to run.
    pub nodes: Vec<OutlineNode>,
    /// All edges, by scope.
    pub edges: Vec<OutlineEdge>,
    /// What is read beside the edges. The output stays until its readers are over.
    pub references: Vec<OutlineReference>,
    /// The nodes that may not start whenever they could, in preorder.
    pub limits: Vec<NodeLimit>,
    /// One more than the largest [`Name`] in use.
    pub names: u32,
}

/// Words of a node record.
pub const NODE_WORDS: usize = 8;
/// Words of an edge record.
pub const EDGE_WORDS: usize = 5;
/// Words of a reference.
pub const REFERENCE_WORDS: usize = 2;
/// Words of a limit.
pub const LIMIT_WORDS: usize = 4;
/// Words before the first record: node count, edge count, name count.
pub const HEADER_WORDS: usize = 3;

/// The words do not describe an outline: a mistake of the host, not of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedOutline;

impl Outline {
    /// Reads an outline from words: a header of [`HEADER_WORDS`], node records of [`NODE_WORDS`] (id, parent, flags,
    /// weight, retries + 1, retry delay + 1, timeout, width; 0 = not given), edge records of [`EDGE_WORDS`] (scope,
    /// source, target, source handle, target handle), and references of [`REFERENCE_WORDS`] (reader, read). Where a node
    /// has a limit, a reference of the root, which reads nothing, ends the references, and limits of
    /// [`LIMIT_WORDS`] (node, starts, ms, attempts at once; 0 = not given) go to the end.
    ///
    /// # Errors
    /// [`MalformedOutline`] when counts, parents or scopes do not fit together.
    pub fn from_words(words: &[u32]) -> Result<Outline, MalformedOutline> {
        let [nodes, edges, names, records @ ..] = words else {
            return Err(MalformedOutline);
        };
        let (node_count, edge_count) = (*nodes as usize, *edges as usize);
        let expected = node_count
            .checked_mul(NODE_WORDS)
            .zip(edge_count.checked_mul(EDGE_WORDS))
            .and_then(|(a, b)| a.checked_add(b));
        let Some((records, rest)) = expected.and_then(|length| records.split_at_checked(length)) else {
            return Err(MalformedOutline);
        };
        let pairs = rest.as_chunks::<REFERENCE_WORDS>().0;
        let (references, limits) = match pairs.iter().position(|pair| *pair == END_OF_REFERENCES) {
            Some(end) => (&pairs[..end], &rest[(end + 1) * REFERENCE_WORDS..]),
            None => (pairs, &rest[pairs.len() * REFERENCE_WORDS..]),
        };
        let (limits, incomplete) = limits.as_chunks::<LIMIT_WORDS>();
        let ends_in_vain = limits.is_empty() && references.len() < pairs.len();
        if node_count == 0 || !incomplete.is_empty() || ends_in_vain {
            return Err(MalformedOutline);
        }
        let (node_words, edge_words) = records.split_at(node_count * NODE_WORDS);
        let outline = Outline {
            nodes: node_words.as_chunks::<NODE_WORDS>().0.iter().map(node_from_words).collect(),
            edges: edge_words.as_chunks::<EDGE_WORDS>().0.iter().map(edge_from_words).collect(),
            references: references
                .iter()
                .map(|[reader, read]| OutlineReference { reader: NodeId(*reader), read: NodeId(*read) })
                .collect(),
            limits: limits.iter().map(limit_from_words).collect(),
            names: *names,
        };
        outline.is_coherent().then_some(outline).ok_or(MalformedOutline)
    }

    /// The words that [`Outline::from_words`] reads.
    pub fn to_words(&self) -> Vec<u32> {
        let mut words =
            Vec::with_capacity(HEADER_WORDS + self.nodes.len() * NODE_WORDS + self.edges.len() * EDGE_WORDS);
        words.extend([self.nodes.len() as u32, self.edges.len() as u32, self.names]);
        for node in &self.nodes {
            words.extend([
                node.id.0,
                node.parent.0,
                u32::from(node.disabled) << DISABLED_SHIFT
                    | u32::from(node.continue_on_error) << CONTINUE_SHIFT
                    | u32::from(node.persists) << PERSISTS_SHIFT
                    | node.branches.map_or(0, Branches::bits) << BRANCHES_SHIFT,
                node.weight,
                node.retries.map_or(0, |retries| retries.saturating_add(1)),
                node.retry_delay_ms.map_or(0, |delay| delay.0.saturating_add(1)),
                node.timeout_ms.map_or(0, |timeout| timeout.0),
                node.width
                    | u32::from(node.parallel) << PARALLEL_SHIFT
                    | u32::from(node.tolerant) << TOLERANT_SHIFT
                    | node.section.number() << SECTION_SHIFT
                    | node.retry_jitter.map_or(0, jitter_bits) << JITTER_SHIFT,
            ]);
        }
        for edge in &self.edges {
            words.extend([
                edge.scope.0,
                edge.source.0,
                edge.target.0,
                edge.source_handle.0,
                edge.target_handle.0,
            ]);
        }
        for reference in &self.references {
            words.extend([reference.reader.0, reference.read.0]);
        }
        if !self.limits.is_empty() {
            words.extend(END_OF_REFERENCES);
        }
        for NodeLimit { node, rate, concurrency, shares } in &self.limits {
            // A record without starts has no rate of its own: its time is the index of the node whose rate it shares, plus one.
            let shared = (0, shares.map_or(0, |first| first.0 + 1));
            let (starts, per_ms) = rate.map_or(shared, |rate| (rate.starts, rate.per_ms.0));
            words.extend([node.0, starts, per_ms, concurrency.unwrap_or(0)]);
        }
        words
    }

    /// The outline of a definition that was read in Rust, with the strings by their [`Name`].
    pub fn of(definition: &NodeDefinition) -> (Outline, Vec<String>) {
        let mut names = Interner::new();
        let mut outline = Outline::default();
        let mut open: Vec<(NodeId, Section, &NodeDefinition)> =
            vec![(NodeId::ROOT, Section::Body, definition)];
        let mut keys: HashMap<&str, NodeId> = HashMap::new();
        while let Some((parent, section, node)) = open.pop() {
            let index = NodeId::at(outline.nodes.len());
            let policy = Policy::of(node);
            outline.nodes.push(OutlineNode {
                id: names.intern((!node.kind.is_empty()).then_some(&node.id)),
                parent,
                disabled: is_disabled(node),
                weight: node_weight(&node.kind) as u32,
                retries: policy.retries,
                retry_delay_ms: policy.retry_delay_ms,
                retry_jitter: policy.retry_jitter,
                timeout_ms: policy.timeout_ms,
                width: frame_width(node),
                tolerant: is_tolerant(node),
                parallel: is_parallel(node),
                continue_on_error: policy.continue_on_error,
                persists: false,
                branches: branches(node),
                section,
            });
            if policy.rate.is_some() || policy.concurrency.is_some() {
                let Policy { rate, concurrency, .. } = policy;
                let key = node.policy().and_then(|policy| rate_key(policy.get("rateLimit")?));
                let first = key.map_or(index, |key| *keys.entry(key).or_insert(index));
                outline.limits.push(if first == index {
                    NodeLimit { node: index, rate, concurrency, shares: None }
                } else {
                    NodeLimit { node: index, rate: None, concurrency: None, shares: Some(first) }
                });
            }
            if node.is_group() {
                outline.edges.extend(node.connections().iter().map(|edge| OutlineEdge {
                    scope: index,
                    source: names.intern(Some(&edge.source)),
                    target: names.intern(Some(&edge.target)),
                    source_handle: names.intern(edge.source_handle.as_deref()),
                    target_handle: names.intern(edge.target_handle.as_deref()),
                }));
            }
            open.extend(node.children().iter().rev().map(|child| (index, section_of(child, node), child)));
        }
        outline.names = names.strings.len() as u32;
        (outline, names.strings)
    }

    fn is_coherent(&self) -> bool {
        let end = NodeId::at(self.nodes.len());
        // Nodes that are all a section of their group.
        let mut sections: HashSet<(NodeId, Section)> = HashSet::new();
        let names = self.names.max(Name::FIRST_FREE);
        let known = |name: Name| name.0 < names;
        // The enclosing nodes of the current one: preorder means that a parent is always among them.
        let mut open: Vec<NodeId> = Vec::new();
        for (index, node) in NodeId::ROOT.up_to(end).zip(&self.nodes) {
            if index == NodeId::ROOT {
                if node.parent != NodeId::ROOT {
                    return false;
                }
            } else {
                while open.last().is_some_and(|last| *last != node.parent) {
                    open.pop();
                }
                if open.is_empty() {
                    return false;
                }
            }
            open.push(index);
            if !known(node.id) || node.branches == Some(Branches::First(0)) {
                return false;
            }
            if node.section != Section::Body {
                let is_in_try = self.nodes[node.parent].branches == Some(Branches::Try);
                if index == NodeId::ROOT || !is_in_try || !sections.insert((node.parent, node.section)) {
                    return false;
                }
            }
        }
        let sorted = self.edges.is_sorted_by_key(|edge| edge.scope);
        let siblings = self.references.iter().all(|OutlineReference { reader, read }| {
            let parent = |node: NodeId| self.nodes.get(node.index()).map(|node| node.parent);
            *reader != NodeId::ROOT
                && *read != NodeId::ROOT
                && reader != read
                && parent(*reader).is_some()
                && parent(*reader) == parent(*read)
        });
        let is_amount = |amount: u32| (1..=NodeLimit::MOST).contains(&amount);
        let limited = self.limits.is_sorted_by(|first, second| first.node < second.node)
            && self.limits.iter().all(|NodeLimit { node, rate, concurrency, shares }| {
                let has_own = rate.is_some() || concurrency.is_some();
                *node < end
                    && has_own == shares.is_none()
                    && shares.is_none_or(|first| first < *node && self.has_rate_alone(first))
                    && rate.is_none_or(|rate| {
                        is_amount(rate.starts) && (Millis(1)..=Rate::LONGEST_MS).contains(&rate.per_ms)
                    })
                    && concurrency.is_none_or(is_amount)
            });
        sorted
            && siblings
            && limited
            && self.edges.iter().all(|edge| {
                edge.scope < end
                    && known(edge.source)
                    && known(edge.target)
                    && known(edge.source_handle)
                    && known(edge.target_handle)
            })
    }
}

impl Outline {
    fn has_rate_alone(&self, node: NodeId) -> bool {
        let found = self.limits.binary_search_by_key(&node, |limit| limit.node);
        found.is_ok_and(|place| self.limits[place].rate.is_some() && self.limits[place].concurrency.is_none())
    }
}

fn node_from_words(words: &[u32; NODE_WORDS]) -> OutlineNode {
    let [id, parent, flags, weight, retries, retry_delay, timeout, width] = *words;
    OutlineNode {
        id: Name(id),
        parent: NodeId(parent),
        disabled: flags >> DISABLED_SHIFT & 1 != 0,
        weight,
        retries: retries.checked_sub(1),
        retry_delay_ms: retry_delay.checked_sub(1).map(Millis),
        retry_jitter: jitter_from_bits(width >> JITTER_SHIFT),
        timeout_ms: (timeout != 0).then_some(Millis(timeout)),
        width: width & MAX_WIDTH,
        tolerant: width >> TOLERANT_SHIFT & 1 != 0,
        parallel: width >> PARALLEL_SHIFT & 1 != 0,
        continue_on_error: flags >> CONTINUE_SHIFT & 1 != 0,
        persists: flags >> PERSISTS_SHIFT & 1 != 0,
        branches: Branches::from_bits(flags >> BRANCHES_SHIFT),
        section: Section::of(width >> SECTION_SHIFT & SECTION_MASK).unwrap_or_default(),
    }
}

/// The bits at [`JITTER_SHIFT`].
fn jitter_bits(spreads: bool) -> u32 {
    1 | u32::from(spreads) << 1
}

fn jitter_from_bits(bits: u32) -> Option<bool> {
    (bits & 1 != 0).then_some(bits & 2 != 0)
}

fn limit_from_words([node, starts, per_ms, concurrency]: &[u32; LIMIT_WORDS]) -> NodeLimit {
    let rate = (*starts > 0).then_some(Rate { starts: *starts, per_ms: Millis(*per_ms) });
    let shares = if rate.is_none() { per_ms.checked_sub(1).map(NodeId) } else { None };
    NodeLimit { node: NodeId(*node), rate, concurrency: (*concurrency > 0).then_some(*concurrency), shares }
}

fn edge_from_words(words: &[u32; EDGE_WORDS]) -> OutlineEdge {
    let [scope, source, target, source_handle, target_handle] = *words;
    OutlineEdge {
        scope: NodeId(scope),
        source: Name(source),
        target: Name(target),
        source_handle: Name(source_handle),
        target_handle: Name(target_handle),
    }
}

/// The most items at once; the bits of a width.
pub const MAX_WIDTH: u32 = 0xffff;
/// The bit above them: a group whose nodes may run side by side.
pub const PARALLEL_SHIFT: u32 = 16;
/// And the one above that: a loop that goes on after a round that failed.
pub const TOLERANT_SHIFT: u32 = 17;
/// The bits above that one: which section of a `try` the node is.
pub const SECTION_SHIFT: u32 = 18;
/// The bits of a section.
pub const SECTION_MASK: u32 = 0b11;
/// The bit above those: the policy of the node says whether its backoffs are spread, and the next bit says it.
pub const JITTER_SHIFT: u32 = 20;
/// A reference of the root, which reads nothing: rate limits follow.
const END_OF_REFERENCES: [u32; REFERENCE_WORDS] = [0, 0];
/// The bit of the flags that says that a node is disabled.
pub const DISABLED_SHIFT: u32 = 0;
/// The one above it: the run goes on after a failure of the node.
pub const CONTINUE_SHIFT: u32 = 1;
/// The bits above that one: when a group of branches is over.
pub const BRANCHES_SHIFT: u32 = 2;
/// How many of them say which mode; those of the count stand above them.
pub const BRANCHES_BITS: u32 = 3;
const BRANCHES_MASK: u32 = (1 << BRANCHES_BITS) - 1;
/// The highest bit: the node waits for the disk.
pub const PERSISTS_SHIFT: u32 = 31;

/// Whether nodes of a type run the nodes inside of them in rounds.
pub(crate) fn runs_in_rounds(kind: &str) -> bool {
    matches!(kind, "loop" | "until")
}

/// Whether a group asks for its nodes to run side by side.
fn is_parallel(node: &NodeDefinition) -> bool {
    let asked = node.parameter("parallel").and_then(serde_json::Value::as_bool) == Some(true);
    asked && !runs_in_rounds(&node.kind) && node.is_group()
}

fn is_disabled(node: &NodeDefinition) -> bool {
    node.parameter("enabled").and_then(serde_json::Value::as_bool) == Some(false)
}

/// Whether a loop asks to go on after a round that failed.
fn is_tolerant(node: &NodeDefinition) -> bool {
    let asked = node.parameter("onError").and_then(serde_json::Value::as_str) == Some("continue");
    asked && node.kind == "loop" && node.is_group()
}

/// When a group is over whose children are branches. What makes no sense is a problem, and no mode.
fn branches(node: &NodeDefinition) -> Option<Branches> {
    if node.kind == "try" && node.is_group() {
        return Some(Branches::Try);
    }
    if node.kind != "parallel" || !node.is_group() {
        return None;
    }
    match node.parameter("mode")?.as_str()? {
        "all" => Some(Branches::All),
        "race" => Some(Branches::Race),
        "allSettled" => Some(Branches::AllSettled),
        "first" => {
            let count = node.parameter("count").and_then(serde_json::Value::as_u64).unwrap_or(1);
            Some(Branches::First(count.clamp(1, u64::from(Branches::MOST)) as u32))
        }
        _ => None,
    }
}

/// Which section of the group around it a node is. A `try` that names one node for both is a problem.
pub(crate) fn section_of(node: &NodeDefinition, around: &NodeDefinition) -> Section {
    let named = |name| around.parameter(name).and_then(serde_json::Value::as_str) == Some(&*node.id);
    match around.kind == "try" && !node.id.is_empty() {
        true if named("catch") => Section::Catch,
        true if named("finally") => Section::Finally,
        _ => Section::Body,
    }
}

/// How many items at once a node runs its children for; 0 when it does not run them per item.
fn frame_width(node: &NodeDefinition) -> u32 {
    if !runs_in_rounds(&node.kind) || !node.is_group() {
        return 0;
    }
    let width = node.parameter("concurrency").and_then(serde_json::Value::as_f64);
    width.map_or(1, |width| width.clamp(1.0, f64::from(MAX_WIDTH)) as u32)
}

struct Interner<'a> {
    numbers: HashMap<&'a str, Name>,
    strings: Vec<String>,
}

impl<'a> Interner<'a> {
    fn new() -> Self {
        Interner {
            numbers: HashMap::from([("error", Name::ERROR)]),
            strings: vec![String::new(), "error".into()],
        }
    }

    fn intern(&mut self, text: Option<&'a str>) -> Name {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Name::NONE;
        };
        *self.numbers.entry(text).or_insert_with(|| {
            self.strings.push(text.to_owned());
            Name(self.strings.len() as u32 - 1)
        })
    }
}
