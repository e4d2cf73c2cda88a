//! Frames: one instance of an iterating scope's nodes per item.

use serde::{Deserialize, Serialize};

use crate::ids::{FrameId, NodeId, Offset, TaskId, indexed};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Frame {
    /// The task of the scope; of the outermost frame [`TaskId::NONE`].
    pub(crate) owner: TaskId,
    /// The scope's node.
    pub(crate) scope: NodeId,
    pub(crate) offset: Offset,
    pub(crate) item: u32,
    /// Children of the scope that are not over.
    pub(crate) open: u32,
    /// Place among the scope's open frames.
    pub(crate) place: u32,
}

indexed!(Frame, by FrameId);

impl Frame {
    pub(crate) fn outermost() -> Frame {
        Frame { owner: TaskId::NONE, scope: NodeId::ROOT, offset: Offset::NONE, item: 0, open: 0, place: 0 }
    }
}

/// Where an iterating scope stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Iteration {
    pub(crate) known: u32,
    pub(crate) opened: u32,
    pub(crate) closed: u32,
    pub(crate) open_ended: bool,
    /// When the scope will have taken too long, whatever was asked in between.
    pub(crate) deadline: f64,
    /// The frames that are open.
    pub(crate) frames: Vec<FrameId>,
}

impl Iteration {
    pub(super) fn awaits_more(&self) -> bool {
        self.open_ended && self.closed == self.known
    }
}
