//! Random flows and settings.

use conductor_core::flow::{Branches, Name, Outline, OutlineEdge, OutlineNode, Section};
use conductor_core::ids::{Millis, NodeId};
use conductor_core::run::{RunOptions, Simulation, Target};

use super::random::Random;
use super::shape::components;

/// Handles that edges and routed answers use.
pub(crate) const HANDLES: [Name; 3] = [Name(2), Name(3), Name(4)];
const FIRST_ID: u32 = 5;
const DEEPEST: u32 = 4;
const LARGEST: usize = 28;

/// How likely each trait of a flow is, in percent; drawn once per flow so that flows differ in kind.
struct Taste {
    scope: u32,
    each: u32,
    disabled: u32,
    edge: u32,
    error_edge: u32,
    handle: u32,
    retries: u32,
    timeout: u32,
}

pub(crate) fn outline(random: &mut Random) -> Outline {
    let taste = Taste {
        scope: random.pick(&[0, 20, 40]),
        each: random.pick(&[0, 30, 80]),
        disabled: random.pick(&[0, 10, 30]),
        edge: random.pick(&[15, 35, 60]),
        error_edge: random.pick(&[0, 10, 30]),
        handle: random.pick(&[0, 30, 70]),
        retries: random.pick(&[0, 40]),
        timeout: random.pick(&[0, 15, 40]),
    };
    let mut outline = Outline::default();
    grow(&mut outline, random, &taste, 0, 0);
    outline.edges.sort_by_key(|edge| edge.scope);
    outline.names = FIRST_ID + outline.nodes.len() as u32;
    outline
}

/// Lets the flow go on after failures of some nodes. Draws of its own, so that the schedules of known seeds stay what they
/// were.
pub(crate) fn let_some_continue(outline: &mut Outline, seed: u64) {
    let mut random = Random::new(!seed);
    let share = random.pick(&[10, 30, 60]);
    for node in &mut outline.nodes {
        node.continue_on_error = random.chance(share);
    }
}

/// Lets some scopes go on after items that failed. Draws of its own, for the same reason.
pub(crate) fn let_some_tolerate(outline: &mut Outline, seed: u64) {
    let mut random = Random::new(seed.rotate_left(17));
    for node in &mut outline.nodes {
        node.tolerant = node.width > 0 && random.chance(70);
    }
}

/// Lets some leaves wait for the disk. Draws of its own, for the same reason.
pub(crate) fn let_some_persist(outline: &mut Outline, seed: u64) {
    let mut random = Random::new(seed.rotate_left(29));
    let share = random.pick(&[20, 60, 100]);
    for node in &mut outline.nodes {
        node.persists = random.chance(share);
    }
}

/// Makes branches of the children of some groups. Draws of its own, for the same reason.
pub(crate) fn let_some_branch(outline: &mut Outline, seed: u64) {
    let mut random = Random::new(seed.rotate_left(41));
    let share = random.pick(&[30, 60, 100]);
    for index in 0..outline.nodes.len() as u32 {
        let branches = components(outline, index);
        let runs = |branch: &&Vec<u32>| branch.iter().any(|node| !outline.nodes[*node as usize].disabled);
        let running = branches.iter().filter(runs).count() as u32;
        let node = &mut outline.nodes[index as usize];
        if branches.is_empty() || node.width > 0 || !random.chance(share) {
            continue;
        }
        let rules = [
            Branches::All,
            Branches::Race,
            Branches::AllSettled,
            Branches::First(1 + random.below(running.max(1))),
        ];
        let most = if running == 0 { 3 } else { 4 };
        node.branches = Some(rules[random.below(most) as usize]);
    }
}

/// Makes a `try` of some groups, with some of their children for failures and for the end. Draws of its own, for the same
/// reason.
pub(crate) fn let_some_try(outline: &mut Outline, seed: u64) {
    let mut random = Random::new(seed.rotate_left(23));
    let share = random.pick(&[30, 60, 100]);
    for index in 0..outline.nodes.len() as u32 {
        let children =
            (1..outline.nodes.len() as u32).filter(|child| outline.nodes[*child as usize].parent.0 == index);
        let mut children: Vec<u32> = children.collect();
        let node = &mut outline.nodes[index as usize];
        if children.is_empty() || node.width > 0 || node.branches.is_some() || !random.chance(share) {
            continue;
        }
        node.branches = Some(Branches::Try);
        for section in [Section::Catch, Section::Finally] {
            if children.len() < 2 || !random.chance(70) {
                continue;
            }
            let child = children.swap_remove(random.below(children.len() as u32) as usize);
            let OutlineNode { id, .. } = outline.nodes[child as usize];
            outline.nodes[child as usize].section = section;
            outline.edges.retain(|edge| edge.scope.0 != index || ![edge.source, edge.target].contains(&id));
        }
    }
}

fn grow(outline: &mut Outline, random: &mut Random, taste: &Taste, parent: u32, depth: u32) {
    let index = outline.nodes.len() as u32;
    let is_scope = depth < DEEPEST
        && outline.nodes.len() < LARGEST
        && if depth == 0 { !random.chance(4) } else { random.chance(taste.scope) };
    let iterates = is_scope && random.chance(if depth == 0 { taste.each / 4 } else { taste.each });
    let has_timeout = random.chance(if depth == 0 { taste.timeout / 4 } else { taste.timeout });
    outline.nodes.push(OutlineNode {
        id: Name(FIRST_ID + index),
        parent: NodeId(parent),
        disabled: depth > 0 && random.chance(taste.disabled),
        weight: random.pick(&[10, 50, 99, 100, 300, 301, 1000]),
        retries: random.chance(taste.retries).then(|| random.below(4)),
        retry_delay_ms: random.chance(taste.retries).then(|| Millis(random.pick(&[0, 1, 10, 40]))),
        retry_jitter: [None, Some(true), Some(false)][index as usize % 3],
        timeout_ms: has_timeout.then(|| Millis(1 + random.below(if is_scope { 120 } else { 30 }))),
        width: if iterates { random.pick(&[1, 1, 2, 3, 100]) } else { 0 },
        tolerant: false,
        // Not a draw, so that the schedules of known seeds stay what they were.
        parallel: is_scope && !iterates && index % 3 == taste.edge % 3,
        continue_on_error: false,
        persists: false,
        branches: None,
        section: Section::Body,
    });
    if !is_scope {
        return;
    }
    let mut children = Vec::new();
    for _ in 0..1 + random.below(6) {
        if outline.nodes.len() >= LARGEST && !children.is_empty() {
            break;
        }
        children.push(outline.nodes.len() as u32);
        grow(outline, random, taste, index, depth + 1);
    }
    connect(outline, random, taste, index, &mut children);
}

/// Edges lead from earlier to later children in a shuffled order, so that the declared order means nothing.
fn connect(outline: &mut Outline, random: &mut Random, taste: &Taste, scope: u32, children: &mut [u32]) {
    for last in (1..children.len()).rev() {
        children.swap(last, random.below(last as u32 + 1) as usize);
    }
    for (place, target) in children.iter().enumerate() {
        for source in &children[..place] {
            while random.chance(taste.edge) {
                let source_handle = match random.below(100) {
                    draw if draw < taste.error_edge => Name::ERROR,
                    draw if draw < taste.error_edge + taste.handle => random.pick(&HANDLES),
                    _ => Name::NONE,
                };
                outline.edges.push(OutlineEdge {
                    scope: NodeId(scope),
                    source: outline.nodes[*source as usize].id,
                    target: outline.nodes[*target as usize].id,
                    source_handle,
                    target_handle: random.pick(&[Name::NONE, HANDLES[0], HANDLES[1]]),
                });
            }
        }
    }
}

pub(crate) fn options(random: &mut Random, nodes: u32) -> RunOptions {
    let mut simulation = |percent: u32| {
        let target =
            if random.chance(50) { Target::Random } else { Target::Node(NodeId(random.below(nodes))) };
        let delay = f64::from(random.pick(&[0, 0, 7, 25]));
        random.chance(percent).then_some(Simulation { target, delay })
    };
    let (simulate_error, simulate_delay) = (simulation(10), simulation(10));
    let mut options = RunOptions::default();
    options.concurrency = random.pick(&[1, 1, 2, 3, 8, u32::MAX]);
    options.seed = random.next() >> 11;
    options.retries = random.pick(&[0, 0, 1, 2]);
    options.retry_delay = random.pick(&[0.0, 1.0, 20.0, 0.5]);
    options.jitter = random.chance(20);
    options.timeout = if random.chance(10) { f64::from(1 + random.below(300)) } else { 0.0 };
    options.slow_mo = if random.chance(25) { random.pick(&[1.0, 4.0, 12.5]) } else { 0.0 };
    options.simulate_error = simulate_error;
    options.simulate_delay = simulate_delay;
    options.keep_outputs = random.chance(30);
    // Not a draw of its own, so that the schedules of known seeds stay what they were: a quarter of them keeps going.
    options.keep_going = options.seed >> 20 & 3 == 0;
    options
}

/// The flow as a person reads it.
pub(crate) fn describe(outline: &Outline) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let mut depth = vec![0_usize; outline.nodes.len()];
    let by_id = |name: Name| name.0 - FIRST_ID;
    for (index, node) in outline.nodes.iter().enumerate() {
        depth[index] = if index == 0 { 0 } else { depth[node.parent.index()] + 1 };
        let _ = write!(text, "{:indent$}node {index} weight {}", "", node.weight, indent = depth[index] * 2);
        for (label, value) in [
            ("retries", node.retries),
            ("retry delay", node.retry_delay_ms.map(|delay| delay.0)),
            ("timeout", node.timeout_ms.map(|timeout| timeout.0)),
            ("width", (node.width > 0).then_some(node.width)),
        ] {
            if let Some(value) = value {
                let _ = write!(text, ", {label} {value}");
            }
        }
        text.push_str(if node.continue_on_error { ", continues" } else { "" });
        if let Some(branches) = node.branches {
            let _ = write!(text, ", {branches:?}");
        }
        if node.section != Section::Body {
            let _ = write!(text, ", {:?}", node.section);
        }
        text.push_str(if node.tolerant { ", tolerant" } else { "" });
        text.push_str(if node.disabled { ", disabled\n" } else { "\n" });
        for edge in outline.edges.iter().filter(|edge| edge.scope.index() == index) {
            let (source, target) = (by_id(edge.source), by_id(edge.target));
            let handle = edge.source_handle.0;
            let _ = writeln!(
                text,
                "{:indent$}{source} -[{handle}]-> {target}",
                "",
                indent = depth[index] * 2 + 2
            );
        }
    }
    text
}
