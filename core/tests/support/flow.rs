//! Flows by name.

use std::collections::HashMap;

use conductor_core::flow::{Name, NodeLimit, Outline, OutlineEdge, OutlineNode, Rate, Section};
use conductor_core::ids::{Millis, NodeId};

/// A node and what it contains.
pub(crate) struct Scope {
    id: String,
    policy: OutlineNode,
    rate: Option<Rate>,
    /// The id of the node whose rate is this one's as well.
    shares: Option<String>,
    /// Attempts under way at once.
    concurrency: Option<u32>,
    children: Vec<Scope>,
    edges: Vec<[String; 4]>,
}

/// The node that is run.
pub(crate) fn flow() -> Scope {
    Scope::named("flow")
}

impl Scope {
    fn named(id: &str) -> Scope {
        let policy = OutlineNode {
            id: Name::NONE,
            parent: NodeId::ROOT,
            disabled: false,
            weight: 100,
            retries: None,
            retry_delay_ms: None,
            retry_jitter: None,
            timeout_ms: None,
            width: 0,
            tolerant: false,
            parallel: false,
            continue_on_error: false,
            persists: false,
            branches: None,
            section: Section::Body,
        };
        Scope {
            id: id.into(),
            policy,
            rate: None,
            shares: None,
            concurrency: None,
            children: Vec::new(),
            edges: Vec::new(),
        }
    }

    /// Adds a leaf for each name.
    pub(crate) fn leaves(mut self, names: &[&str]) -> Scope {
        self.children.extend(names.iter().map(|name| Scope::named(name)));
        self
    }

    pub(crate) fn group(mut self, id: &str, fill: impl FnOnce(Scope) -> Scope) -> Scope {
        self.children.push(fill(Scope::named(id)));
        self
    }

    /// A scope that runs once per item, `width` items at once.
    pub(crate) fn each(self, id: &str, width: u32, fill: impl FnOnce(Scope) -> Scope) -> Scope {
        self.group(id, |scope| fill(scope).own(|policy| policy.width = width))
    }

    /// Alters this node.
    pub(crate) fn own(mut self, alter: impl FnOnce(&mut OutlineNode)) -> Scope {
        alter(&mut self.policy);
        self
    }

    /// Limits how often this node starts.
    pub(crate) fn limited(mut self, starts: u32, per_ms: u32) -> Scope {
        self.rate = Some(Rate { starts, per_ms: Millis(per_ms) });
        self
    }

    /// Limits how often a child starts.
    pub(crate) fn limit(mut self, id: &str, starts: u32, per_ms: u32) -> Scope {
        self.child(id).rate = Some(Rate { starts, per_ms: Millis(per_ms) });
        self
    }

    /// Has a child share the rate of an earlier node; no other one may have its id.
    pub(crate) fn sharing(mut self, id: &str, first: &str) -> Scope {
        self.child(id).shares = Some(first.to_owned());
        self
    }

    /// Limits how many attempts of a child are under way at once.
    pub(crate) fn at_once(mut self, id: &str, concurrency: u32) -> Scope {
        self.child(id).concurrency = Some(concurrency);
        self
    }

    fn child(&mut self, id: &str) -> &mut Scope {
        self.children.iter_mut().find(|child| child.id == id).expect("the child exists")
    }

    /// The rates of nodes by id: the id of the first node that has each, and how many starts there may be in which time.
    pub(crate) fn rates(&self) -> HashMap<String, (String, Rate)> {
        let (mut rates, mut sharing, mut open) = (HashMap::new(), Vec::new(), vec![self]);
        while let Some(scope) = open.pop() {
            open.extend(&scope.children);
            rates.extend(scope.rate.map(|rate| (scope.id.clone(), (scope.id.clone(), rate))));
            sharing.extend(scope.shares.clone().map(|first| (scope.id.clone(), first)));
        }
        for (id, first) in sharing {
            let rate = rates[&first].clone();
            rates.insert(id, rate);
        }
        rates
    }

    /// How many attempts may be under way at once, of the leaves that have a limit, by their ids.
    pub(crate) fn leaf_limits(&self) -> HashMap<String, u32> {
        let mut limits = HashMap::new();
        let mut open = vec![self];
        while let Some(scope) = open.pop() {
            open.extend(&scope.children);
            let own = scope.concurrency.filter(|_| scope.children.is_empty());
            limits.extend(own.map(|most| (scope.id.clone(), most)));
        }
        limits
    }

    /// Alters a child.
    pub(crate) fn with(mut self, id: &str, alter: impl FnOnce(&mut OutlineNode)) -> Scope {
        alter(&mut self.child(id).policy);
        self
    }

    /// Edges along a chain.
    pub(crate) fn chain(mut self, names: &[&str]) -> Scope {
        for pair in names.windows(2) {
            self = self.edge(pair[0], pair[1]);
        }
        self
    }

    pub(crate) fn edge(self, source: &str, target: &str) -> Scope {
        self.edge_on(source, "", target)
    }

    /// An edge from one of the source's handles.
    pub(crate) fn edge_on(mut self, source: &str, handle: &str, target: &str) -> Scope {
        self.edges.push([source, target, handle, ""].map(str::to_owned));
        self
    }

    /// The outline, the path of each node, and the strings by number.
    pub(crate) fn outline(self) -> (Outline, Vec<String>, Vec<String>) {
        let (mut outline, mut paths, mut strings) =
            (Outline::default(), Vec::new(), vec![String::new(), "error".to_owned()]);
        let mut open = vec![(NodeId::ROOT, String::new(), self)];
        while let Some((parent, path, scope)) = open.pop() {
            let index = NodeId::at(outline.nodes.len());
            let id = number(&mut strings, &scope.id);
            outline.nodes.push(OutlineNode { id, parent, ..scope.policy });
            let Scope { rate, concurrency, .. } = scope;
            if rate.is_some() || concurrency.is_some() {
                outline.limits.push(NodeLimit { node: index, rate, concurrency, shares: None });
            }
            if let Some(first) = &scope.shares {
                let shares = paths
                    .iter()
                    .position(|path: &String| path.rsplit('/').next() == Some(first))
                    .map(NodeId::at);
                outline.limits.push(NodeLimit { node: index, rate: None, concurrency: None, shares });
            }
            outline.edges.extend(scope.edges.iter().map(|edge| {
                let [source, target, source_handle, target_handle] =
                    [0, 1, 2, 3].map(|part| number(&mut strings, &edge[part]));
                OutlineEdge { scope: index, source, target, source_handle, target_handle }
            }));
            let inner = if index == NodeId::ROOT { String::new() } else { format!("{path}{}/", scope.id) };
            paths.push(format!("{path}{}", scope.id));
            open.extend(scope.children.into_iter().rev().map(|child| (index, inner.clone(), child)));
        }
        outline.names = strings.len() as u32;
        (outline, paths, strings)
    }
}

fn number(strings: &mut Vec<String>, text: &str) -> Name {
    if let Some(found) = strings.iter().position(|known| known == text) {
        return Name(found as u32);
    }
    strings.push(text.to_owned());
    Name(strings.len() as u32 - 1)
}
