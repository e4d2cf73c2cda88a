//! How large a flow may be.

/// What a document may contain at most. Reading stops where a limit is passed, before what passed
/// it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Length of the text in bytes.
    pub bytes: usize,
    /// How many groups may lie in one another, the outermost one counted. A group is a node that
    /// contains nodes.
    pub groups: usize,
    /// How deeply objects and lists of a text may lie in one another. A group inside a group takes
    /// two: its `nodes` and itself. Values far above the default need a stack of that size.
    pub depth: usize,
    /// Nodes of the whole flow, at every depth, the outermost one not counted.
    pub nodes: usize,
    /// Edges of the whole flow, at every depth.
    pub edges: usize,
    /// Places in a YAML document that repeat an earlier part of it by `*name`.
    pub aliases: usize,
    /// Length of one piece of text or one key, in bytes.
    pub string_length: usize,
}

/// Groups in one another, wherever a flow goes: hosts read this number from [`crate::bridge::constants`].
const GROUPS: usize = 64;

impl Default for Limits {
    /// 64 groups in one another, 32 MiB of text with 128 levels beside those of the groups, a
    /// million nodes, four million edges, 100 aliases, and 8 MiB in one string.
    fn default() -> Limits {
        Limits {
            bytes: 32 * 1024 * 1024,
            groups: GROUPS,
            depth: 2 * GROUPS + 128,
            nodes: 1_000_000,
            edges: 4_000_000,
            aliases: 100,
            string_length: 8 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// Says which limit was passed and what it is.
    pub(crate) fn exceeded(name: &str, limit: usize, found: impl std::fmt::Display) -> String {
        format!("The limit `{name}` is {limit}, found {found}")
    }
}
