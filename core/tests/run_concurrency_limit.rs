//! Nodes of which only so many attempts may be under way at once.

mod support;

use std::collections::{BTreeSet, HashMap};

use conductor_core::flow::Outline;
use conductor_core::ids::Millis;
use conductor_core::run::{Event, RunOptions};
use support::{Scope, Talk, flow, options};

const NOTHING: [&str; 0] = [];

fn room_for(concurrency: u32) -> RunOptions {
    options(|options| options.concurrency = concurrency)
}

/// A loop over items, all at once, of one leaf of which some may be under way.
fn rounds(at_once: u32) -> Scope {
    flow().each("each", 1000, |each| each.leaves(&["a"]).at_once("a", at_once))
}

#[test]
fn no_more_are_under_way_and_the_next_starts_when_one_is_over() {
    let mut talk = Talk::new(rounds(2), room_for(10));
    talk.start();
    assert_eq!(talk.items("each", 4)[4..], ["start each[0]/a", "start each[1]/a"]);
    assert_eq!(talk.done("each[1]/a"), ["start each[2]/a"]);
    assert_eq!(talk.done("each[0]/a"), ["start each[3]/a"]);
    assert_eq!(talk.done("each[2]/a"), NOTHING);
    assert_eq!(talk.done("each[3]/a"), ["gather each", "finish"]);
}

#[test]
fn what_waits_keeps_no_place_from_others() {
    let scope = flow().each("each", 3, |each| each.leaves(&["a"]).at_once("a", 1)).leaves(&["b", "c"]);
    let mut talk = Talk::new(scope, room_for(2));
    assert_eq!(talk.start(), ["ask each after 0", "start b"]);
    assert_eq!(talk.items("each", 3)[3..], ["start each[0]/a"]);
    assert_eq!(talk.done("each[0]/a"), ["start each[1]/a"]);
    assert_eq!(talk.done("b"), ["start c"]);
    assert_eq!(talk.done("each[1]/a"), ["start each[2]/a"]);
}

#[test]
fn one_that_waits_for_its_next_try_is_not_over() {
    let scope = flow().each("each", 9, |each| {
        each.leaves(&["a"]).at_once("a", 1).own(|each| each.tolerant = true).with("a", |node| {
            node.retries = Some(1);
            node.retry_delay_ms = Some(Millis(10));
        })
    });
    let mut talk = Talk::new(scope, room_for(9));
    talk.start();
    talk.items("each", 2);
    assert_eq!(talk.failed("each[0]/a"), NOTHING);
    // Others came before its next try.
    assert_eq!(talk.wait(), (10.0, vec!["start each[1]/a".into()]));
    assert_eq!(talk.done("each[1]/a"), ["start each[0]/a #2"]);
    assert_eq!(talk.failed("each[0]/a").last().map(String::as_str), Some("finish"));
}

#[test]
fn of_a_group_those_that_are_open_count() {
    let scope = flow().each("each", 9, |each| {
        each.group("g", |group| group.leaves(&["a", "b"]).chain(&["a", "b"])).at_once("g", 1)
    });
    let mut talk = Talk::new(scope, room_for(9));
    talk.start();
    assert_eq!(talk.items("each", 2)[2..], ["start each[0]/g/a"]);
    assert_eq!(talk.done("each[0]/g/a"), ["start each[0]/g/b"]);
    assert_eq!(talk.done("each[0]/g/b"), ["start each[1]/g/a"]);
}

#[test]
fn of_a_loop_those_that_are_open_count() {
    let scope = flow()
        .each("outer", 9, |outer| outer.each("inner", 9, |inner| inner.leaves(&["a"])).at_once("inner", 1));
    let mut talk = Talk::new(scope, room_for(9));
    talk.start();
    assert_eq!(talk.items("outer", 2)[2..], ["ask outer[0]/inner after 0"]);
    talk.items("outer[0]/inner", 1);
    let ops = talk.done("outer[0]/inner[0]/a");
    assert_eq!(ops.last().map(String::as_str), Some("ask outer[1]/inner after 0"), "{ops:?}");
}

#[test]
fn a_group_that_fails_gives_up_what_is_under_way_in_it() {
    let scope = flow().each("each", 9, |each| {
        each.group("g", |group| {
            group.leaves(&["slow", "a"]).at_once("a", 1).own(|node| node.continue_on_error = true)
        })
    });
    let mut talk = Talk::new(scope, room_for(9));
    talk.start();
    assert_eq!(
        talk.items("each", 2)[2..],
        ["start each[0]/g/slow", "start each[1]/g/slow", "start each[0]/g/a"]
    );
    let ops = talk.failed("each[0]/g/slow");
    assert_eq!(ops.last().map(String::as_str), Some("start each[1]/g/a"), "{ops:?}");
}

#[test]
fn it_holds_beside_a_rate_limit() {
    let scope = flow().each("each", 9, |each| each.leaves(&["a"]).at_once("a", 1).limit("a", 2, 100));
    let mut talk = Talk::new(scope, room_for(9));
    talk.start();
    talk.items("each", 3);
    talk.now = 10.0;
    assert_eq!(talk.done("each[0]/a"), ["start each[1]/a"]);
    talk.now = 20.0;
    assert_eq!(talk.done("each[1]/a"), NOTHING);
    assert_eq!(talk.wait(), (100.0, vec!["start each[2]/a".into()]));
}

#[test]
fn nothing_that_waits_starts_in_a_pause_or_after_a_cancel() {
    let mut talk = Talk::new(rounds(1), room_for(9));
    talk.start();
    talk.items("each", 3);
    talk.tell(&[Event::Pause]);
    assert_eq!(talk.done("each[0]/a"), NOTHING);
    assert_eq!(talk.tell(&[Event::Resume]), ["start each[1]/a"]);
    assert_eq!(talk.tell(&[Event::Cancel]), ["abort each[1]/a CANCELLED", "finish CANCELLED"]);
    assert_eq!(talk.run.deadline(), None);
}

#[test]
fn a_restored_run_knows_what_is_under_way() {
    let mut talk = Talk::new(rounds(2), room_for(9));
    talk.start();
    talk.items("each", 4);
    // Those that were start again, before others that wait.
    let again = talk.restored();
    let mut starts: Vec<&String> = again.iter().filter(|op| op.starts_with("start")).collect();
    starts.sort();
    assert_eq!(starts, ["start each[0]/a", "start each[1]/a"]);
    assert_eq!(talk.done("each[0]/a"), ["start each[2]/a"]);
}

#[test]
fn the_words_of_an_outline_say_it() {
    let (outline, ..) = flow().leaves(&["a"]).at_once("a", 7).outline();
    let words = outline.to_words();
    assert_eq!(words[words.len() - 6..], [0, 0, 1, 0, 0, 7]);
    assert_eq!(Outline::from_words(&words).as_ref(), Ok(&outline));
    let mut nothing = words;
    *nothing.last_mut().expect("there are words") = 0;
    assert!(Outline::from_words(&nothing).is_err(), "a limit that limits nothing");
}

/// Numbers from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(end)) as u32
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }
}

/// What was made of a flow so far.
#[derive(Default)]
struct Made {
    nodes: u32,
    /// The node whose rate others share.
    first: Option<String>,
}

/// A scope with some limits and retries.
fn some_scope(random: &mut Random, depth: u32, made: &mut Made) -> impl FnOnce(Scope) -> Scope + use<> {
    let mut fills: Vec<Box<dyn FnOnce(Scope) -> Scope>> = Vec::new();
    let mut names = Vec::new();
    for _ in 0..1 + random.below(3) {
        made.nodes += 1;
        let name = format!("n{}", made.nodes);
        names.push(name.clone());
        let kind = if depth == 0 { 0 } else { random.below(4) };
        let at_once = random.chance(50).then(|| 1 + random.below(3));
        let rate = random.chance(15).then(|| (1 + random.below(2), 1 + random.below(20)));
        let shares = made.first.clone().filter(|_| random.chance(40));
        let (at_once, rate) = if shares.is_some() { (None, None) } else { (at_once, rate) };
        if at_once.is_none() && rate.is_some() {
            made.first.get_or_insert(name.clone());
        }
        let inner = (kind > 1).then(|| some_scope(random, depth - 1, made));
        let width = if kind == 3 { 1 + random.below(4) } else { 0 };
        let retries = random.below(3);
        let (goes_on, tolerant, timeout) = (random.chance(40), random.chance(50), random.chance(10));
        fills.push(Box::new(move |scope: Scope| {
            let scope = match inner {
                Some(fill) => scope.group(&name, |inner| {
                    fill(inner).own(|node| {
                        node.width = width;
                        node.tolerant = tolerant && width > 0;
                    })
                }),
                None => scope.leaves(&[&name]),
            };
            let scope = scope.with(&name, |node| {
                node.retries = Some(retries);
                node.retry_delay_ms = Some(Millis(3));
                node.continue_on_error = goes_on;
                node.timeout_ms = timeout.then_some(Millis(9));
            });
            let scope = match at_once {
                Some(at_once) => scope.at_once(&name, at_once),
                None => scope,
            };
            let scope = match rate {
                Some((starts, per_ms)) => scope.limit(&name, starts, per_ms),
                None => scope,
            };
            match shares {
                Some(first) => scope.sharing(&name, &first),
                None => scope,
            }
        }));
    }
    let chained = random.chance(40);
    move |scope: Scope| {
        let scope = fills.into_iter().fold(scope, |scope, fill| fill(scope));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if chained { scope.chain(&names) } else { scope }
    }
}

/// Runs a flow with a host that takes its time, fails at will, pauses and hands the run on; no node passes its limit, and the run
/// ends.
fn run_some(seed: u64) {
    let mut random = Random(seed);
    let fill = some_scope(&mut random, 3, &mut Made::default());
    let scope = fill(flow());
    let (limits, rates) = (scope.leaf_limits(), scope.rates());
    let mut starts: HashMap<String, Vec<f64>> = HashMap::new();
    let concurrency = 1 + random.below(8);
    let mut talk = Talk::new(scope, room_for(concurrency));
    let mut in_hand: BTreeSet<String> = BTreeSet::new();
    let mut asked: Vec<String> = Vec::new();
    let mut ops = talk.start();
    for turn in 0..20_000 {
        for op in ops.drain(..) {
            let mut words = op.split(' ');
            match (words.next(), words.next()) {
                (Some("start"), Some(name)) => {
                    in_hand.insert(name.to_owned());
                    let id = id_of(name);
                    let most = limits.get(id).copied().unwrap_or(u32::MAX);
                    let count = in_hand.iter().filter(|other| id_of(other) == id).count();
                    assert!(count as u32 <= most, "seed {seed}: {count} of {id}, which has {most}");
                    if let Some((first, rate)) = rates.get(id) {
                        let starts = starts.entry(first.clone()).or_default();
                        starts.push(talk.now);
                        let few = starts.iter().rev().nth(rate.starts as usize);
                        let stretch = few.map(|before| talk.now - before);
                        assert!(
                            stretch.is_none_or(|ms| ms >= f64::from(rate.per_ms)),
                            "seed {seed}: {id} starts too early"
                        );
                    }
                }
                (Some("abort"), Some(name)) => {
                    in_hand.remove(name);
                    asked.retain(|other| other != name);
                }
                (Some("ask"), Some(name)) => asked.push(name.to_owned()),
                (Some("finish"), _) => return,
                _ => {}
            }
        }
        if random.chance(2) {
            ops = talk.tell(&[Event::Pause]);
            ops.extend(talk.tell(&[Event::Resume]));
        } else if random.chance(2) {
            in_hand.clear();
            asked.clear();
            ops = talk.restored();
        } else if let Some(name) = asked.pop() {
            ops = talk.items(&name, random.below(6));
        } else if !in_hand.is_empty() && random.chance(70) {
            let name = in_hand.iter().nth(random.below(in_hand.len() as u32) as usize).cloned();
            let name = name.expect("there is one");
            in_hand.remove(&name);
            ops = if random.chance(35) { talk.failed(&name) } else { talk.done(&name) };
        } else {
            match talk.run.deadline() {
                Some(at) => ops = talk.at(at.max(talk.now)),
                None => assert!(!in_hand.is_empty(), "seed {seed}: the run stands still in turn {turn}"),
            }
        }
    }
    panic!("seed {seed}: the run does not end");
}

/// The id of a node by a name such as `each[2]/leaf`.
fn id_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[test]
fn random_flows_keep_their_limits_and_end() {
    for seed in 1..3000 {
        run_some(seed);
    }
}
