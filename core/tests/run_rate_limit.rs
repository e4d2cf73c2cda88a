//! Nodes that may not start more than so often within a time.

mod support;

use conductor_core::flow::Outline;
use conductor_core::ids::Millis;
use conductor_core::run::{Event, RunOptions, TaskState};
use support::{Scope, Talk, flow, options};

const NOTHING: [&str; 0] = [];

fn at_once(concurrency: u32) -> RunOptions {
    options(|options| options.concurrency = concurrency)
}

/// A loop over items, all at once, of one leaf that is limited.
fn rounds(limit: u32, per_ms: u32) -> Scope {
    flow().each("each", 1000, |each| each.leaves(&["a"]).limit("a", limit, per_ms))
}

#[test]
fn no_stretch_of_its_time_sees_more_starts() {
    let mut talk = Talk::new(rounds(2, 100), at_once(10));
    talk.start();
    assert_eq!(talk.items("each", 5)[5..], ["start each[0]/a", "start each[1]/a"]);
    talk.now = 30.0;
    assert_eq!(talk.done("each[0]/a"), NOTHING);
    assert_eq!(talk.wait(), (100.0, vec!["start each[2]/a".into(), "start each[3]/a".into()]));
    assert_eq!(talk.at(199.0), NOTHING);
    assert_eq!(talk.wait(), (200.0, vec!["start each[4]/a".into()]));
    assert_eq!(talk.run.deadline(), None);
}

#[test]
fn nodes_with_one_key_share_their_rate() {
    let scope = flow().leaves(&["a", "b"]).limit("a", 1, 100).sharing("b", "a").leaves(&["c"]);
    let mut talk = Talk::new(scope, at_once(9));
    assert_eq!(talk.start(), ["start a", "start c"]);
    talk.now = 10.0;
    assert_eq!(talk.done("a"), NOTHING);
    assert_eq!(talk.wait(), (100.0, vec!["start b".into()]));
    let (outline, ..) = flow().leaves(&["a", "b"]).limit("a", 1, 100).sharing("b", "a").outline();
    let words = outline.to_words();
    assert_eq!(words[words.len() - 8..], [1, 1, 100, 0, 2, 0, 2, 0]);
    assert_eq!(Outline::from_words(&words).as_ref(), Ok(&outline));
    for wrong in [0, 1, 3, 4] {
        let mut words = words.clone();
        let place = words.len() - 2;
        words[place] = wrong;
        assert!(Outline::from_words(&words).is_err(), "the rate of node {wrong}, less one");
    }
}

#[test]
fn what_waits_keeps_no_place_from_others() {
    let scope = flow()
        .each("each", 2, |each| each.leaves(&["a"]).limit("a", 1, 100))
        .group("other", |other| other.leaves(&["b", "c"]).chain(&["b", "c"]));
    let mut talk = Talk::new(scope, at_once(1));
    talk.start();
    assert_eq!(talk.items("each", 2).last().map(String::as_str), Some("start each[0]/a"));
    // The second round waits, and with one place in all the other group goes on.
    assert_eq!(talk.done("each[0]/a"), ["start other/b"]);
    assert_eq!(talk.state("each").0, TaskState::Executing);
    assert_eq!(talk.done("other/b"), ["start other/c"]);
    // Its time comes while the place is taken; it starts when there is room, and counts from then.
    assert_eq!(talk.at(100.0), NOTHING);
    talk.now = 150.0;
    assert_eq!(talk.done("other/c"), ["start each[1]/a"]);
    assert_eq!(talk.done("each[1]/a"), ["gather each", "finish"]);
}

#[test]
fn three_rounds_at_once_start_in_order() {
    let scope = flow().each("each", 3, |each| each.leaves(&["a", "b"]).chain(&["a", "b"]).limit("b", 1, 50));
    let mut talk = Talk::new(scope, at_once(3));
    talk.start();
    talk.items("each", 3);
    assert_eq!(talk.done("each[2]/a"), ["start each[2]/b"]);
    assert_eq!(talk.done("each[1]/a"), NOTHING);
    assert_eq!(talk.done("each[0]/a"), NOTHING);
    assert_eq!(talk.wait(), (50.0, vec!["start each[1]/b".into()]));
    assert_eq!(talk.wait(), (100.0, vec!["start each[0]/b".into()]));
}

#[test]
fn those_whose_time_comes_together_start_in_the_order_in_which_they_came() {
    // The last round uses the numbers of the second one's tasks, and comes after the third.
    let scope = flow().each("each", 3, |each| each.leaves(&["a"]).limit("a", 2, 100));
    let mut talk = Talk::new(scope, at_once(9));
    talk.start();
    talk.items("each", 4);
    assert_eq!(talk.done("each[1]/a"), ["open each[3]"]);
    talk.now = 50.0;
    talk.done("each[0]/a");
    assert_eq!(talk.wait(), (100.0, vec!["start each[2]/a".into(), "start each[3]/a".into()]));
}

#[test]
fn tries_count_and_wait_in_no_place() {
    let scope = flow().leaves(&["a", "b"]).limit("a", 1, 100).with("a", |node| {
        node.retries = Some(2);
        node.retry_delay_ms = Some(Millis(10));
    });
    let mut talk = Talk::new(scope, at_once(1));
    assert_eq!(talk.start(), ["start a"]);
    // In its backoff it keeps its place, as ever.
    assert_eq!(talk.failed("a"), NOTHING);
    assert_eq!(talk.wait(), (10.0, vec!["start b".into()]));
    assert_eq!(talk.wait(), (100.0, vec![]));
    assert_eq!(talk.done("b"), ["start a #2"]);
    assert_eq!(talk.done("a"), ["finish"]);
}

#[test]
fn the_deadline_of_an_attempt_begins_when_it_starts() {
    let scope = flow().each("each", 9, |each| {
        each.leaves(&["a"]).limit("a", 1, 100).with("a", |node| node.timeout_ms = Some(Millis(30)))
    });
    let mut talk = Talk::new(scope, at_once(9));
    talk.start();
    talk.items("each", 2);
    talk.done("each[0]/a");
    assert_eq!(talk.wait(), (100.0, vec!["start each[1]/a".into()]));
    assert_eq!(
        talk.wait(),
        (130.0, ["abort each[1]/a TIMEOUT", "finish TIMEOUT by each[1]/a"].map(str::to_owned).to_vec())
    );
}

#[test]
fn a_cancelled_run_starts_nothing_that_waits() {
    let mut talk = Talk::new(rounds(1, 100), at_once(9));
    talk.start();
    talk.items("each", 3);
    assert_eq!(talk.tell(&[Event::Cancel]), ["abort each[0]/a CANCELLED", "finish CANCELLED"]);
    assert_eq!(talk.run.deadline(), None);
}

#[test]
fn a_further_try_that_waits_is_told_to_be_stopped() {
    let scope = flow().leaves(&["a"]).limit("a", 1, 1000).with("a", |node| {
        node.retries = Some(1);
        node.retry_delay_ms = Some(Millis(10));
    });
    let mut talk = Talk::new(scope, at_once(1));
    talk.start();
    talk.failed("a");
    talk.at(10.0);
    assert_eq!(talk.tell(&[Event::Cancel]), ["abort a CANCELLED", "finish CANCELLED"]);
    assert_eq!(talk.state("a").0, TaskState::Error);
}

#[test]
fn a_group_that_fails_takes_what_waits_in_it_out_of_the_queue() {
    let scope = flow().each("each", 9, |each| {
        each.group("g", |group| {
            group.leaves(&["slow", "a"]).limit("a", 1, 100).own(|node| node.continue_on_error = true)
        })
    });
    let mut talk = Talk::new(scope, at_once(9));
    talk.start();
    talk.items("each", 3);
    // The second round fails while its `a` waits first in the queue.
    assert_eq!(talk.failed("each[1]/g/slow"), ["catch each[1]/g of each[1]/g/slow"]);
    assert_eq!(talk.wait(), (100.0, vec!["start each[2]/g/a".into()]));
}

#[test]
fn what_is_stopped_after_its_time_has_come_leaves_its_place_to_the_next() {
    let scope = flow().each("each", 9, |each| {
        each.group("g", |group| {
            group.leaves(&["a", "b"]).limit("a", 1, 100).own(|node| node.continue_on_error = true)
        })
    });
    let mut talk = Talk::new(scope, at_once(3));
    talk.start();
    assert_eq!(talk.items("each", 3)[3..], ["start each[0]/g/a", "start each[0]/g/b", "start each[1]/g/b"]);
    // The second round may start its `a`, and has no room for it until the group around it fails.
    assert_eq!(talk.at(100.0), NOTHING);
    talk.now = 110.0;
    assert_eq!(talk.failed("each[1]/g/b"), ["catch each[1]/g of each[1]/g/b", "start each[2]/g/a"]);
    assert_eq!(talk.done("each[0]/g/b"), ["start each[2]/g/b"]);
}

#[test]
fn of_a_group_its_beginnings_count() {
    let scope =
        flow().each("each", 9, |each| each.group("g", |group| group.leaves(&["a", "b"]).limited(1, 40)));
    let mut talk = Talk::new(scope, at_once(9));
    talk.start();
    assert_eq!(talk.items("each", 2)[2..], ["start each[0]/g/a", "start each[0]/g/b"]);
    assert_eq!(talk.wait(), (40.0, vec!["start each[1]/g/a".into(), "start each[1]/g/b".into()]));
}

#[test]
fn a_group_that_begins_again_counts_once_more() {
    let scope = flow().group("g", |group| {
        group.leaves(&["a"]).limited(1, 500).own(|node| {
            node.retries = Some(1);
            node.retry_delay_ms = Some(Millis(10));
        })
    });
    let mut talk = Talk::new(scope, at_once(1)).showing(&["enter g", "reset", "start", "finish"]);
    assert_eq!(talk.start(), ["enter g", "start g/a"]);
    assert_eq!(talk.failed("g/a"), NOTHING);
    assert_eq!(talk.wait(), (10.0, vec![]));
    assert_eq!(talk.wait(), (500.0, ["reset g", "enter g", "start g/a"].map(str::to_owned).to_vec()));
    assert_eq!(talk.done("g/a"), ["finish"]);
}

#[test]
fn of_a_loop_its_beginnings_count() {
    let scope =
        flow().each("outer", 9, |outer| outer.each("inner", 9, |inner| inner.leaves(&["a"]).limited(1, 60)));
    let mut talk = Talk::new(scope, at_once(9));
    talk.start();
    assert_eq!(talk.items("outer", 2)[2..], ["ask outer[0]/inner after 0"]);
    assert_eq!(talk.wait(), (60.0, vec!["ask outer[1]/inner after 0".into()]));
}

#[test]
fn nothing_that_waits_starts_in_a_pause() {
    let mut talk = Talk::new(rounds(1, 100), at_once(9));
    talk.start();
    talk.items("each", 2);
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.at(100.0), NOTHING);
    talk.now = 170.0;
    assert_eq!(talk.tell(&[Event::Resume]), ["start each[1]/a"]);
}

#[test]
fn a_restored_run_remembers_what_started() {
    let mut talk = Talk::new(rounds(2, 100), at_once(9));
    talk.start();
    talk.items("each", 3);
    talk.now = 20.0;
    // What was in flight starts again, and that counts: two started already.
    let again = talk.restored();
    assert_eq!(again.iter().filter(|op| op.starts_with("start")).count(), 0, "{again:?}");
    let (at, started) = talk.wait();
    assert_eq!((at, started.len()), (100.0, 2));
    assert_eq!(talk.wait().0, 200.0);
}

#[test]
fn the_words_of_an_outline_say_it_behind_the_references() {
    let (outline, ..) = flow().leaves(&["a", "b"]).chain(&["a", "b"]).limit("b", 5, 1000).outline();
    let words = outline.to_words();
    assert_eq!(words[words.len() - 6..], [0, 0, 2, 5, 1000, 0]);
    assert_eq!(Outline::from_words(&words).as_ref(), Ok(&outline));
    for (place, wrong) in [(2, 3), (3, 0), (3, 10_001), (4, 0), (4, 86_400_001), (5, 10_001)] {
        let mut words = words.clone();
        let at = words.len() - 6 + place;
        words[at] = wrong;
        assert!(Outline::from_words(&words).is_err(), "{place} {wrong}");
    }
    let (outline, ..) = flow().leaves(&["a", "b"]).chain(&["a", "b"]).outline();
    assert_eq!(outline.to_words().len(), 3 + 3 * 8 + 5, "without a limit there is nothing more");
}

/// Numbers from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(end)) as u32
    }
}

/// How one round goes: of each of its tries, how long it takes; all but the last fail.
type Round = Vec<f64>;

const RETRY_DELAY: u32 = 7;

/// When attempts start, in plain words: in the order in which they come, none before the one before it, nor before the
/// time is over that began with the one so many before it.
fn starts_of(rounds: &[Round], limit: usize, per: f64) -> Vec<f64> {
    let mut starts: Vec<f64> = Vec::new();
    let mut coming: Vec<(f64, usize, usize)> = (0..rounds.len()).map(|round| (0.0, round, 0)).collect();
    while !coming.is_empty() {
        coming.sort_by(|first, second| first.0.total_cmp(&second.0).then(first.1.cmp(&second.1)));
        let (came, round, tries) = coming.remove(0);
        let mut at = came.max(starts.last().copied().unwrap_or(0.0));
        if starts.len() >= limit {
            at = at.max(starts[starts.len() - limit] + per);
        }
        starts.push(at);
        if tries + 1 < rounds[round].len() {
            let backoff = f64::from(RETRY_DELAY) * 2_f64.powi(tries as i32);
            coming.push((at + rounds[round][tries] + backoff, round, tries + 1));
        }
    }
    starts
}

#[test]
fn starts_are_those_of_a_plain_model_whatever_the_rounds_do() {
    for seed in 0..2000 {
        let mut random = Random(seed);
        let (limit, per) = (1 + random.below(4), 1 + random.below(200));
        let plan: Vec<Round> = (0..1 + random.below(12))
            .map(|_| (0..1 + random.below(3)).map(|_| f64::from(random.below(1_000_000)) / 8192.0).collect())
            .collect();
        let expected = starts_of(&plan, limit as usize, f64::from(per));

        let scope = flow().each("each", 100, |each| {
            each.leaves(&["a"]).limit("a", limit, per).with("a", |node| {
                node.retries = Some(5);
                node.retry_delay_ms = Some(Millis(RETRY_DELAY));
            })
        });
        let mut talk = Talk::new(scope, at_once(100));
        let mut ops = talk.start();
        ops.extend(talk.items("each", plan.len() as u32));
        let (mut starts, mut answers) = (Vec::new(), Vec::<(f64, usize)>::new());
        let mut tries = vec![0; plan.len()];
        while !talk.run.is_finished() {
            for op in ops.iter().filter(|op| op.starts_with("start")) {
                let round: usize = op[11..op.find(']').expect("a round")].parse().expect("a number");
                starts.push(talk.now);
                answers.push((talk.now + plan[round][tries[round]], round));
                tries[round] += 1;
            }
            answers.sort_by(|first, second| first.0.total_cmp(&second.0));
            let answer = answers.first().copied();
            let timer = talk.run.deadline();
            ops = match answer {
                Some((at, round)) if timer.is_none_or(|timer| at < timer) => {
                    answers.remove(0);
                    talk.now = at;
                    let name = format!("each[{round}]/a");
                    let is_last = tries[round] == plan[round].len();
                    if is_last { talk.done(&name) } else { talk.failed(&name) }
                }
                _ => talk.wait().1,
            };
        }
        assert_eq!(starts, expected, "seed {seed}: {limit} per {per} ms, {plan:?}");
        let crowded = starts
            .windows(limit as usize + 1)
            .find(|few| few[limit as usize] - few[0] < f64::from(per) - 1e-9);
        assert_eq!(crowded, None, "seed {seed}");
    }
}
