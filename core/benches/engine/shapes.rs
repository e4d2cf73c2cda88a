//! Flows by shape and size, as outlines, and a host that answers at once.

use conductor_core::bridge::{Bridge, DRAIN, MAILBOX_HEADER, MORE, START};
use conductor_core::flow::{Name, Outline, OutlineEdge, OutlineNode, Section};
use conductor_core::ids::{NodeId, TaskId};
use conductor_core::run::{EVENT_WORDS, Event, OP_WORDS, OPTION_NUMBERS};

/// Words of the mailbox that the driver in TypeScript uses too: 256 ops.
const MAILBOX_WORDS: usize = MAILBOX_HEADER + 256 * OP_WORDS;

/// Kind of the op that starts a task, and of the one that ends the run (`Op::to_words`).
const OP_START: u32 = 1;
const OP_FINISH: u32 = 12;

/// `nodes` nodes, each reading the one before.
pub(crate) fn chain(nodes: u32) -> Vec<u32> {
    flow(nodes, (1..nodes).map(|node| (node - 1, node)))
}

/// `layers` layers of `width` nodes; each node reads two nodes of the layer before.
pub(crate) fn layered(layers: u32, width: u32) -> Vec<u32> {
    let edges = (1..layers).flat_map(move |layer| {
        (0..width).flat_map(move |column| {
            let node = layer * width + column;
            let before = (layer - 1) * width;
            [(before + column, node), (before + (column * 7 + 3 + layer) % width, node)]
        })
    });
    // The second edge may be the first one again; the engine takes both.
    flow(layers * width, edges)
}

/// A group of `nodes` leaves, numbered from 0, with edges between them.
fn flow(nodes: u32, edges: impl Iterator<Item = (u32, u32)>) -> Vec<u32> {
    let name = |node: u32| Name(Name::FIRST_FREE + 1 + node);
    let leaf = |id: Name| OutlineNode {
        id,
        parent: NodeId::ROOT,
        disabled: false,
        weight: 100,
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
    let outline = Outline {
        nodes: std::iter::once(Name(Name::FIRST_FREE)).chain((0..nodes).map(name)).map(leaf).collect(),
        edges: edges
            .map(|(source, target)| OutlineEdge {
                scope: NodeId::ROOT,
                source: name(source),
                target: name(target),
                source_handle: Name::NONE,
                target_handle: Name::NONE,
            })
            .collect(),
        references: Vec::new(),
        limits: Vec::new(),
        names: Name::FIRST_FREE + 1 + nodes,
    };
    outline.to_words()
}

/// Opens a run of an outline as a host does: with room for its input table. Returns the run's handle.
pub(crate) fn open(bridge: &mut Bridge, outline: &[u32], concurrency: u32) -> u32 {
    let (nodes, edges) = (outline[0] as usize, outline[1] as usize);
    let mut input_table = vec![0; nodes + 1 + edges * 2 + nodes * 2];
    let mut options = [0.0; OPTION_NUMBERS];
    options[0] = f64::from(concurrency);
    options[7] = -1.0; // no simulated error
    options[9] = -1.0; // no simulated delay
    options[12] = 1.0; // with a journal
    let run = bridge.open(outline, &mut input_table, &options);
    assert_ne!(run, 0, "the flow can be run");
    run
}

/// Runs to the end, through words as a binding does, with every task answered in the turn after its start, and closes
/// the run. Returns the number of tasks that were started.
pub(crate) fn run(bridge: &mut Bridge, handle: u32) -> u32 {
    let mut mailbox = [0; MAILBOX_WORDS];
    let mut answers: Vec<u32> = Vec::new();
    let mut command = START;
    let mut now = 0.0;
    let mut started = 0;
    loop {
        let result = bridge.turn(handle, &mut mailbox, command, now);
        assert!(result >= 0, "the run goes on: {result}");
        let count = (result & !MORE) as usize;
        let (ops, _) = mailbox[MAILBOX_HEADER..].as_chunks::<OP_WORDS>();
        for [head, task, ..] in &ops[..count] {
            match head & 0xff {
                OP_START => {
                    started += 1;
                    let done = Event::Done { task: TaskId(*task), attempt: head >> 8, routed: false };
                    answers.extend(done.to_words());
                }
                OP_FINISH => {
                    bridge.close(handle);
                    return started;
                }
                _ => {}
            }
        }
        if result & MORE != 0 {
            command = DRAIN;
            continue;
        }
        let told = answers.len().min((MAILBOX_WORDS - MAILBOX_HEADER) / EVENT_WORDS * EVENT_WORDS);
        mailbox[MAILBOX_HEADER..MAILBOX_HEADER + told].copy_from_slice(&answers[..told]);
        answers.drain(..told);
        command = (told / EVENT_WORDS) as u32;
        now += 1.0;
    }
}
