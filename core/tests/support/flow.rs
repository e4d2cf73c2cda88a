//! Flows by name.

use conductor_core::flow::{Name, Outline, OutlineEdge, OutlineNode, RateLimit, Section};

/// A node and what it contains.
pub(crate) struct Scope {
    id: String,
    policy: OutlineNode,
    /// Starts, and the ms within which there may be so many.
    rate_limit: Option<(u32, u32)>,
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
            parent: 0,
            disabled: false,
            weight: 100,
            retries: None,
            retry_delay_ms: None,
            timeout_ms: None,
            width: 0,
            tolerant: false,
            parallel: false,
            continue_on_error: false,
            persists: false,
            branches: None,
            section: Section::Body,
        };
        Scope { id: id.into(), policy, rate_limit: None, children: Vec::new(), edges: Vec::new() }
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
    pub(crate) fn limited(mut self, limit: u32, per_ms: u32) -> Scope {
        self.rate_limit = Some((limit, per_ms));
        self
    }

    /// Limits how often a child starts.
    pub(crate) fn limit(mut self, id: &str, limit: u32, per_ms: u32) -> Scope {
        let child = self.children.iter_mut().find(|child| child.id == id);
        child.expect("the child exists").rate_limit = Some((limit, per_ms));
        self
    }

    /// Alters a child.
    pub(crate) fn with(mut self, id: &str, alter: impl FnOnce(&mut OutlineNode)) -> Scope {
        let child = self.children.iter_mut().find(|child| child.id == id);
        alter(&mut child.expect("the child exists").policy);
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
        let mut open = vec![(0, String::new(), self)];
        while let Some((parent, path, scope)) = open.pop() {
            let index = outline.nodes.len() as u32;
            let id = number(&mut strings, &scope.id);
            outline.nodes.push(OutlineNode { id, parent, ..scope.policy });
            let limit = scope.rate_limit.map(|(limit, per_ms)| RateLimit { node: index, limit, per_ms });
            outline.rate_limits.extend(limit);
            outline.edges.extend(scope.edges.iter().map(|edge| {
                let [source, target, source_handle, target_handle] =
                    [0, 1, 2, 3].map(|part| number(&mut strings, &edge[part]));
                OutlineEdge { scope: index, source, target, source_handle, target_handle }
            }));
            let inner = if index == 0 { String::new() } else { format!("{path}{}/", scope.id) };
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
