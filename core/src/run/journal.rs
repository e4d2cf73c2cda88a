//! What happened, in order: enough to run it all again and see the same.

use super::event::{EVENT_WORDS, Event};

/// Words of one record: an event's words, then the time as the two halves of its bits.
pub const JOURNAL_WORDS: usize = EVENT_WORDS + 2;

/// The calls that a run received. Everything else about a run follows from its plan, its options and this: a trace or
/// a look at an earlier moment is a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    words: Vec<u32>,
}

impl Journal {
    /// A kind beside those of events: the run was started.
    pub const START: u32 = 0;
    /// Another one: the deadline was reached.
    pub const TIMEOUT: u32 = 0xfe;
    /// Added to the kind of an event when the next one was told in the same step: ops come only after the last of them.
    pub const CONTINUED: u32 = 0x80;

    /// A journal from the words of [`Journal::words`]. They are checked when they are replayed.
    pub fn from_words(words: Vec<u32>) -> Journal {
        Journal { words }
    }

    /// Records of [`JOURNAL_WORDS`].
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// Room for a run that nothing disturbs: a record for its start and one for each leaf.
    pub(super) fn with_room_for(leaves: usize) -> Journal {
        Journal { words: Vec::with_capacity((leaves + 1) * JOURNAL_WORDS) }
    }

    pub(super) fn push_start(&mut self, now: f64) {
        self.push([Journal::START, 0, 0], now);
    }

    pub(super) fn push_tick(&mut self, now: f64) {
        self.push([Journal::TIMEOUT, 0, 0], now);
    }

    /// `follows`: within the same step as the record before.
    pub(super) fn push_event(&mut self, now: f64, event: Event, follows: bool) {
        if follows && let Some(record) = self.words.len().checked_sub(JOURNAL_WORDS) {
            self.words[record] |= Journal::CONTINUED;
        }
        self.push(event.to_words(), now);
    }

    fn push(&mut self, event: [u32; EVENT_WORDS], now: f64) {
        let bits = now.to_bits();
        self.words.extend(event);
        self.words.extend([bits as u32, (bits >> 32) as u32]);
    }
}
