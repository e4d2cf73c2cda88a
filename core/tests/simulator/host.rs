//! A host that answers after random delays in virtual time, and now and then in ways that no host should.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use conductor_core::error::ErrorCode;
use conductor_core::ids::{Millis, TaskId};
use conductor_core::run::{Event, Op};

use super::flow::HANDLES;
use super::random::Random;

/// Events of one moment, by time in µs so that moments can be compared.
type Due = Reverse<(u64, u64)>;

pub(crate) struct Host {
    due: BinaryHeap<Due>,
    letters: BTreeMap<u64, Vec<Event>>,
    sent: u64,
    /// Items that were promised so far: nested scopes multiply.
    items: u32,
    /// Some answers end the run.
    ends: bool,
    /// Answers are told one by one.
    is_single: bool,
    /// How long the disk takes: draws of their own, so that the schedules of known seeds stay what they were.
    disk: Random,
    manner: Manner,
}

/// How this host behaves, in percent.
struct Manner {
    fails: u32,
    never: u32,
    routes: u32,
    repeats: u32,
    reports: u32,
    /// Longest time of an answer, in ms.
    slowest: u32,
    most_items: u32,
}

const MOST_ITEMS: u32 = 60;

const CODES: [ErrorCode; 5] = [
    ErrorCode::ExecutionFailed,
    ErrorCode::ExecutionFailed,
    ErrorCode::Timeout,
    ErrorCode::InvalidParameters,
    ErrorCode::Cancelled,
];

impl Host {
    pub(crate) fn new(random: &mut Random, ends: bool, is_single: bool) -> Host {
        let manner = Manner {
            fails: random.pick(&[0, 0, 10, 30]),
            never: random.pick(&[0, 0, 5]),
            routes: random.pick(&[0, 20, 60]),
            repeats: random.pick(&[0, 20]),
            reports: random.pick(&[0, 30]),
            slowest: random.pick(&[1, 10, 60]),
            most_items: random.pick(&[2, 4, 9]),
        };
        let mut host = Host {
            due: BinaryHeap::new(),
            letters: BTreeMap::new(),
            sent: 0,
            items: 0,
            ends,
            is_single,
            disk: Random::new(0x5eed),
            manner,
        };
        while random.chance(12) {
            let at = f64::from(random.below(150));
            host.send(at, vec![Event::Pause]);
            host.send(at + f64::from(random.below(50)), vec![Event::Resume]);
        }
        if random.chance(6) {
            host.send(f64::from(random.below(200)), vec![Event::Cancel]);
        }
        host
    }

    /// When something is to be told next.
    pub(crate) fn next(&self) -> Option<f64> {
        self.due.peek().map(|Reverse((at, _))| *at as f64 / 1000.0)
    }

    /// What is to be told by now; sometimes only the first of it.
    pub(crate) fn take(&mut self, now: f64, random: &mut Random) -> Vec<Event> {
        let mut events = Vec::new();
        while self.next().is_some_and(|at| at <= now)
            && (events.is_empty() || !self.is_single && random.chance(80))
        {
            let Some(Reverse((_, letter))) = self.due.pop() else { break };
            events.extend(self.letters.remove(&letter).unwrap_or_default());
        }
        events
    }

    /// Plans the answer to an op.
    pub(crate) fn asked(&mut self, op: Op, now: f64, random: &mut Random) {
        match op {
            Op::Start { task: TaskId(task), attempt, .. } => self.run(task, attempt, now, random),
            Op::Ask { task: TaskId(task), attempt, known } => self.count(task, attempt, known, now, random),
            Op::Persist { task: TaskId(task), attempt } => {
                let delay = if self.disk.chance(50) { 0.0 } else { f64::from(self.disk.below(80)) };
                if self.disk.chance(10) {
                    self.send(now + delay + 5.0, vec![Event::Persisted { task: TaskId(task), attempt }]);
                }
                self.send(now + delay, vec![Event::Persisted { task: TaskId(task), attempt }]);
            }
            _ => {}
        }
    }

    /// An answer for an attempt that was to be without one.
    pub(crate) fn relent(&mut self, task: u32, attempt: u32, now: f64) {
        self.send(now + 1.0, vec![Event::Done { task: TaskId(task), attempt, routed: false }]);
    }

    /// The host is gone. Most of what it was about to tell is lost with it; the rest comes late, to the next one.
    pub(crate) fn crash(&mut self, random: &mut Random) {
        for letter in self.letters.values_mut() {
            let is_from_outside =
                |event: &Event| matches!(event, Event::Cancel | Event::Pause | Event::Resume);
            if !letter.iter().any(is_from_outside) && random.chance(80) {
                letter.clear();
            }
        }
    }

    /// Begins a pause, or says so without meaning it; the end of it comes later.
    pub(crate) fn pause(&mut self, now: f64, random: &mut Random) -> Vec<Event> {
        self.send(now + f64::from(random.below(80)), vec![Event::Resume]);
        match random.below(10) {
            0 => vec![Event::Resume, Event::Pause],
            1 => vec![Event::Pause, Event::Resume],
            _ => vec![Event::Pause],
        }
    }

    fn run(&mut self, task: u32, attempt: u32, now: f64, random: &mut Random) {
        let at = now + self.delay(random);
        while random.chance(self.manner.reports) {
            let before = now + (at - now) * f64::from(random.below(5)) / 4.0;
            self.send(
                before,
                vec![Event::Progress { task: TaskId(task), attempt, percent: random.below(120) }],
            );
        }
        if random.chance(self.manner.never) {
            return;
        }
        let mut letter = Vec::new();
        if random.chance(self.manner.fails) {
            let code = random.pick(&CODES);
            // Not a draw of its own: it would change the schedules of known seeds.
            match (self.sent + u64::from(task)) % 7 {
                0 => letter.push(Event::Advice { task: TaskId(task), attempt, delay: Event::NEVER }),
                1 => letter.push(Event::Advice { task: TaskId(task), attempt, delay: Millis(30) }),
                // Meant for another attempt.
                2 => letter.push(Event::Advice {
                    task: TaskId(task),
                    attempt: attempt + 1,
                    delay: Event::NEVER,
                }),
                _ => {}
            }
            letter.push(Event::Failed { task: TaskId(task), attempt, code });
        } else {
            let routed = random.chance(self.manner.routes);
            if routed {
                let named = HANDLES.iter().filter(|_| random.chance(40));
                letter.extend(named.map(|handle| Event::Route {
                    task: TaskId(task),
                    attempt,
                    handle: *handle,
                }));
            }
            // Not a draw of its own either.
            let ends = self.ends && (self.sent + u64::from(task)) % 11 == 3;
            letter.push(if ends {
                Event::End { task: TaskId(task), attempt }
            } else {
                Event::Done { task: TaskId(task), attempt, routed }
            });
        }
        self.send_maybe_twice(at, letter, random);
    }

    fn count(&mut self, task: u32, attempt: u32, known: u32, now: f64, random: &mut Random) {
        let at = now + self.delay(random);
        if random.chance(self.manner.fails / 3) {
            self.send_maybe_twice(
                at,
                vec![Event::Failed { task: TaskId(task), attempt, code: random.pick(&CODES) }],
                random,
            );
            return;
        }
        let open_ended = random.chance(30);
        let more =
            if known > 8 || self.items > MOST_ITEMS { 0 } else { random.below(self.manner.most_items) };
        self.items += more;
        let count = known + more;
        self.send_maybe_twice(
            at,
            vec![Event::Items { task: TaskId(task), attempt, count, open_ended }],
            random,
        );
    }

    fn send_maybe_twice(&mut self, at: f64, letter: Vec<Event>, random: &mut Random) {
        if random.chance(self.manner.repeats) {
            self.send(at + f64::from(random.below(20)), letter.clone());
        }
        self.send(at, letter);
    }

    fn send(&mut self, at: f64, letter: Vec<Event>) {
        self.due.push(Reverse(((at * 1000.0).ceil() as u64, self.sent)));
        self.letters.insert(self.sent, letter);
        self.sent += 1;
    }

    fn delay(&self, random: &mut Random) -> f64 {
        if random.chance(20) { 0.0 } else { f64::from(random.below(self.manner.slowest * 4)) / 4.0 }
    }
}
