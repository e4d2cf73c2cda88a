//! What the host keeps of a plan: where each node's input comes from, and the order of the nodes.

use super::{Kind, Plan};
use crate::flow::Name;

impl Plan {
    /// Length in words of what [`Plan::write_input_table`] writes.
    pub fn input_table_len(&self) -> usize {
        let nodes = self.nodes.len();
        (nodes + 1) + self.incoming.len() * 2 + nodes * 2
    }

    /// Writes, for `n` nodes and `m` edges: `n + 1` row starts into the pairs; `m` pairs of target handle
    /// ([`Name`]) and slot, in edge order within a row; `n` output slots by node, for a scope that runs once per item the
    /// slot of an item's result; and `n` node indices in plan order. An edge that leaves node `s` on the handle `error`
    /// has `n + s` in place of a slot: it carries the error of that node, which lies beside the values, because a
    /// group's slot belongs to the last node inside it; or the value of a leaf that named this handle for it. Returns
    /// the words written, or 0 if `words` is too short.
    pub fn write_input_table(&self, words: &mut [u32]) -> usize {
        let length = self.input_table_len();
        let Some(words) = words.get_mut(..length) else { return 0 };
        let nodes = self.nodes.len();
        let (starts, rest) = words.split_at_mut(nodes + 1);
        let (pairs, rest) = rest.split_at_mut(self.incoming.len() * 2);
        let (outputs, order) = rest.split_at_mut(nodes);
        starts.copy_from_slice(&self.incoming_start);
        for (pair, incoming) in pairs.as_chunks_mut::<2>().0.iter_mut().zip(&self.incoming) {
            *pair = [incoming.handle.0, incoming.output.0];
        }
        // In a plain plan no node catches.
        let sources = self.numbers().take(if self.plain { 0 } else { nodes });
        for source in sources.filter(|source| self.node(*source).catches) {
            for edge in self.outgoing(source).iter().filter(|edge| edge.handle == Name::ERROR) {
                let row = self.incoming_start[edge.target.index()];
                pairs[((row + edge.input) * 2 + 1) as usize] = nodes as u32 + source.0;
            }
        }
        for (index, (output, node)) in outputs.iter_mut().zip(&self.nodes).enumerate() {
            *output = match node.kind {
                Kind::Each { .. } => self.node(node.last_child).output.0,
                Kind::Leaf | Kind::Group => node.output.0,
            };
            order[node.position as usize] = index as u32;
        }
        length
    }
}
