//! Plans of flows that were run lately, found again by their outline.
//!
//! Servers and editors run the same flow over and over, and a small flow takes longer to compile than to run. The
//! outline itself is the key, so a flow that was changed is simply another one.

use std::sync::Arc;

use super::compile;
use crate::plan::Plan;

/// Places for plans; a plan is kept until another outline falls on its place.
const PLACES: usize = 64;
/// Longest outline that is kept, in words: some 5,000 nodes. What is larger spends its time running.
const LONGEST: usize = 1 << 16;
/// Words of all outlines that are kept; a plan takes about four times its outline.
const BUDGET: usize = 4 * LONGEST;

#[derive(Debug)]
struct Kept {
    outline: Box<[u32]>,
    plan: Arc<Plan>,
}

#[derive(Debug, Default)]
pub(super) struct Plans {
    places: Vec<Option<Kept>>,
    /// Words of all outlines in their places.
    held: usize,
}

impl Plans {
    /// The plan of an outline, or nothing when it cannot be run.
    pub(super) fn of(&mut self, outline: &[u32]) -> Option<Arc<Plan>> {
        if outline.len() > LONGEST {
            return compile(outline);
        }
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        let place = place_of(outline);
        if let Some(kept) = self.places[place].as_ref().filter(|kept| is_same(&kept.outline, outline)) {
            return Some(Arc::clone(&kept.plan));
        }
        let plan = compile(outline)?;
        if self.held + outline.len() > BUDGET {
            self.places.fill_with(|| None);
            self.held = 0;
        }
        let kept = Kept { outline: outline.into(), plan: Arc::clone(&plan) };
        let before = self.places[place].replace(kept);
        self.held = self.held + outline.len() - before.map_or(0, |before| before.outline.len());
        Some(plan)
    }
}

/// A comparison of slices goes byte by byte in WebAssembly. Nearly always they are the same, so none stops early.
fn is_same(one: &[u32], other: &[u32]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// Four sums side by side, because each multiplication waits for the one before it.
fn place_of(outline: &[u32]) -> usize {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (rows, rest) = outline.as_chunks::<8>();
    let mut sums = [0; 4];
    for row in rows {
        for (sum, [low, high]) in sums.iter_mut().zip(row.as_chunks().0) {
            *sum = mix(*sum, u64::from(*low) | u64::from(*high) << 32);
        }
    }
    let all = rest.iter().map(|word| u64::from(*word)).chain(sums);
    (all.fold(0, mix) >> 58) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Name, Outline, OutlineNode, Section};
    use crate::ids::NodeId;

    fn leaf(id: u32) -> Vec<u32> {
        let node = OutlineNode {
            id: Name(id),
            parent: NodeId::ROOT,
            disabled: false,
            weight: 1,
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
        Outline { nodes: vec![node], edges: vec![], references: vec![], limits: vec![], names: 1_000 }
            .to_words()
    }

    #[test]
    fn the_same_outline_finds_the_same_plan_and_another_never_does() {
        let mut plans = Plans::default();
        let first = plans.of(&leaf(2)).expect("a leaf can be run");
        assert!(Arc::ptr_eq(&first, &plans.of(&leaf(2)).expect("still")));
        for id in 3..500 {
            assert!(!Arc::ptr_eq(&first, &plans.of(&leaf(id)).expect("a leaf can be run")));
        }
    }

    #[test]
    fn what_is_kept_stays_within_the_budget() {
        let mut plans = Plans::default();
        for children in 0..40 {
            let group =
                |id| OutlineNode { id: Name(id), ..Outline::from_words(&leaf(2)).expect("a leaf").nodes[0] };
            let nodes: Vec<OutlineNode> = (2..6_000 + children).map(group).collect();
            let names = nodes.len() as u32 + 2;
            let words =
                Outline { nodes, edges: vec![], references: vec![], limits: vec![], names }.to_words();
            assert!(plans.of(&words).is_some());
            let kept = plans.places.iter().flatten().map(|kept| kept.outline.len()).sum::<usize>();
            assert_eq!(kept, plans.held);
            assert!(kept <= BUDGET);
        }
    }

    #[test]
    fn an_outline_that_cannot_be_run_is_refused_every_time() {
        let mut plans = Plans::default();
        assert!(plans.of(&leaf(0)).is_none());
        assert!(plans.of(&leaf(0)).is_none());
    }
}
