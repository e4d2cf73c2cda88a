//! Plans of flows that were run lately, found again by their outline.
//!
//! Servers and editors run the same flow over and over, and a small flow takes longer to compile than to run. The
//! outline itself is the key, so a flow that was changed is simply another one.

use std::sync::Arc;

use super::compile;
use crate::plan::Plan;

/// Places for plans; a plan is kept until another outline falls on its place.
const PLACES: usize = 64;
/// Longest outline that is kept, in words: what is larger spends its time running.
const LONGEST: usize = 4096;

#[derive(Debug)]
struct Kept {
    outline: Box<[u32]>,
    plan: Arc<Plan>,
}

#[derive(Debug, Default)]
pub(super) struct Plans {
    places: Vec<Option<Kept>>,
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
        let place = &mut self.places[place_of(outline)];
        if let Some(kept) = place.as_ref().filter(|kept| *kept.outline == *outline) {
            return Some(Arc::clone(&kept.plan));
        }
        let plan = compile(outline)?;
        *place = Some(Kept { outline: outline.into(), plan: Arc::clone(&plan) });
        Some(plan)
    }
}

fn place_of(outline: &[u32]) -> usize {
    let mix = |hash: u64, word: &u32| (hash ^ u64::from(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (outline.iter().fold(0, mix) >> 58) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Name, Outline, OutlineNode};

    fn leaf(id: u32) -> Vec<u32> {
        let node = OutlineNode {
            id: Name(id),
            parent: 0,
            disabled: false,
            weight: 1,
            retries: None,
            retry_delay_ms: None,
            timeout_ms: None,
            width: 0,
        };
        Outline { nodes: vec![node], edges: vec![], names: 1_000 }.to_words()
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
    fn an_outline_that_cannot_be_run_is_refused_every_time() {
        let mut plans = Plans::default();
        assert!(plans.of(&leaf(0)).is_none());
        assert!(plans.of(&leaf(0)).is_none());
    }
}
