//! Numbers that are easily taken for one another, each with a type of its own: they cost nothing, and a task cannot be passed
//! where a node is wanted. They become bare numbers where records are read and written, and in advice to callers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in a list that has a type of its own, and in a snapshot is the bare number.
macro_rules! id {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[repr(transparent)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The one at this place of its list.
            pub const fn at(place: usize) -> $name {
                $name(place as u32)
            }

            /// Its place in its list.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// From this one up to `end`, without it.
            pub fn up_to(self, end: $name) -> impl DoubleEndedIterator<Item = $name> {
                (self.0..end.0).map($name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A node of an outline or a plan, by its place in preorder.
    NodeId
}

id! {
    /// One node within one frame. In the outermost frame it has the node's number.
    TaskId
}

id! {
    /// Where the host keeps the output of a task, under the task's number.
    Slot
}

id! {
    /// One instance of an iterating scope's nodes, for one item.
    FrameId
}

impl NodeId {
    /// The node that is run: all others are inside it.
    pub const ROOT: NodeId = NodeId(0);

    /// The next one in preorder: of a scope, its first child.
    pub const fn next(self) -> NodeId {
        NodeId(self.0 + 1)
    }
}

impl TaskId {
    /// The task of the node that is run.
    pub const ROOT: TaskId = TaskId(0);
    /// In the place of a task: none.
    pub const NONE: TaskId = TaskId(u32::MAX);

    /// Where its output is kept.
    pub const fn slot(self) -> Slot {
        Slot(self.0)
    }
}

impl FrameId {
    /// The frame of the nodes that belong to no iterating scope.
    pub(crate) const OUTERMOST: FrameId = FrameId(0);
}

/// What leads from the nodes of a frame to its tasks. It wraps, so that offsets in restored bytes, which may be anything, can be checked
/// without a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(transparent)]
#[serde(transparent)]
pub(crate) struct Offset(u32);

impl Offset {
    /// That of the outermost frame.
    pub(crate) const NONE: Offset = Offset(0);

    /// That of the frame in which `task` stands for `node`.
    pub(crate) const fn between(node: NodeId, task: TaskId) -> Offset {
        Offset(task.0.wrapping_sub(node.0))
    }

    /// The task for a node.
    pub(crate) const fn task(self, node: NodeId) -> TaskId {
        TaskId(node.0.wrapping_add(self.0))
    }

    /// The node that a task stands for.
    pub(crate) const fn node(self, task: TaskId) -> NodeId {
        NodeId(task.0.wrapping_sub(self.0))
    }
}

/// A duration in whole milliseconds. Moments, and durations that are worked out, are fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Millis(pub u32);

impl Millis {
    /// No time at all.
    pub const ZERO: Millis = Millis(0);
}

impl From<Millis> for f64 {
    fn from(ms: Millis) -> f64 {
        f64::from(ms.0)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Lets lists of these things be indexed by their own numbers.
macro_rules! indexed {
    ($item:ty, by $id:ty) => {
        indexed!($item, by $id, [$item]);
        indexed!($item, by $id, Vec<$item>);
    };
    ($item:ty, by $id:ty, $list:ty) => {
        impl std::ops::Index<$id> for $list {
            type Output = $item;

            #[inline]
            fn index(&self, id: $id) -> &$item {
                &self[id.index()]
            }
        }

        impl std::ops::IndexMut<$id> for $list {
            #[inline]
            fn index_mut(&mut self, id: $id) -> &mut $item {
                &mut self[id.index()]
            }
        }
    };
}

pub(crate) use indexed;
