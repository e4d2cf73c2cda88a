//! How what is said reads: plans, events, ops, records and states, a line each.

use conductor_core::flow::{EDGE_WORDS, HEADER_WORDS, NODE_WORDS, Outline};
use conductor_core::ids::TaskId;
use conductor_core::plan::Plan;
use conductor_core::run::{Event, JOURNAL_WORDS, NODE_NUMBERS, Op, TaskState};

use super::names::Names;

const STATES: [(TaskState, &str); 5] = [
    (TaskState::Pending, "pending"),
    (TaskState::Executing, "executing"),
    (TaskState::Completed, "completed"),
    (TaskState::Error, "error"),
    (TaskState::Skipped, "skipped"),
];

/// A time in ms; `-` for none.
pub(crate) fn time(ms: f64) -> String {
    if ms.is_nan() { "-".to_owned() } else { ms.to_string() }
}

/// The outline as words, and the input table that the engine made of it.
pub(crate) fn plan_lines(outline: &Outline, strings: &[String], plan: &Plan, names: &Names) -> Vec<String> {
    let words = outline.to_words();
    let mut table = vec![0; plan.input_table_len()];
    plan.write_input_table(&mut table);
    let nodes = outline.nodes.len();
    let (starts, rest) = table.split_at(nodes + 1);
    let (pairs, rest) = rest.split_at(starts[nodes] as usize * 2);
    let (outputs, order) = rest.split_at(nodes);
    let mut places = vec![0; nodes];
    for (place, node) in order.iter().enumerate() {
        places[*node as usize] = place;
    }
    let mut lines = Vec::new();
    for (node, record) in words[HEADER_WORDS..].as_chunks::<NODE_WORDS>().0[..nodes].iter().enumerate() {
        let row = &pairs.as_chunks::<2>().0[starts[node] as usize..starts[node + 1] as usize];
        let inputs: Vec<String> = row
            .iter()
            .map(|[name, slot]| {
                let key = if *name == 0 { "default" } else { &strings[*name as usize] };
                match slot.checked_sub(nodes as u32) {
                    Some(failed) => format!("{key}<error of {}", names.of(TaskId(failed))),
                    None => format!("{key}<{}", names.of(TaskId(*slot))),
                }
            })
            .collect();
        lines.push(format!(
            "node {node} {}: {} place {} output {} inputs [{}]",
            names.of(TaskId::at(node)),
            joined(record),
            places[node],
            names.of(TaskId(outputs[node])),
            inputs.join(" ")
        ));
    }
    let records = words[HEADER_WORDS + nodes * NODE_WORDS..].as_chunks::<EDGE_WORDS>().0;
    // Rate limits may follow.
    for (edge, record) in records.iter().take(words[1] as usize).enumerate() {
        let [_, source, target, from, to] =
            record.map(|name| strings.get(name as usize).map_or("", String::as_str));
        lines.push(format!("edge {edge} {source}.{from} > {target}.{to}: {}", joined(record)));
    }
    lines
}

/// An event of the host.
pub(crate) fn event_line(event: Event, names: &Names, strings: &[String]) -> String {
    let by = |what: &str, task: TaskId, attempt: u32| format!("{what} {} attempt {attempt}", names.of(task));
    match event {
        Event::Done { task, attempt, routed } => {
            format!("{}{}", by("done", task, attempt), if routed { " routed" } else { "" })
        }
        Event::Failed { task, attempt, code } => format!("{} {code}", by("failed", task, attempt)),
        Event::Route { task, attempt, handle } => {
            format!("{} {}", by("route", task, attempt), strings[handle.0 as usize])
        }
        Event::Progress { task, attempt, percent } => format!("{} {percent}", by("progress", task, attempt)),
        Event::Items { task, attempt, count, open_ended } => {
            format!("{} {count}{}", by("items", task, attempt), if open_ended { " and more" } else { "" })
        }
        Event::Advice { task, attempt, delay: Event::NEVER } => by("advise no retry of", task, attempt),
        Event::Advice { task, attempt, delay } => {
            format!("{} after {delay}", by("advise retry of", task, attempt))
        }
        Event::End { task, attempt } => by("end with", task, attempt),
        Event::Cancel => "cancel".to_owned(),
        Event::Pause => "pause".to_owned(),
        Event::Resume => "resume".to_owned(),
        Event::TakenOver => "taken over".to_owned(),
        other => panic!("{other:?} has no words yet"),
    }
}

/// An op of the engine.
pub(crate) fn op_line(op: Op, names: &Names) -> String {
    let name = |task: TaskId| names.of(task);
    match op {
        Op::Start { task, attempt, attempt_number } => {
            format!("start {} attempt {attempt} try {attempt_number}", name(task))
        }
        Op::Abort { task, attempt, code } => format!("abort {} attempt {attempt} {code}", name(task)),
        Op::Enter { task } => format!("enter {}", name(task)),
        Op::Reset { task } => format!("reset {}", name(task)),
        Op::Pass { task } => format!("pass {}", name(task)),
        Op::Ask { task, attempt, known } => format!("ask {} attempt {attempt} known {known}", name(task)),
        Op::Open { task, base, item } => format!("open {}[{item}] base {base}", name(task)),
        Op::Lose { task, base, cause } => format!("lose base {base} of {} by {}", name(task), name(cause)),
        Op::Close { task, base, item } => format!("close {}[{item}] base {base}", name(task)),
        Op::Gather { task } => format!("gather {}", name(task)),
        Op::Catch { task, cause } => format!("catch {} of {}", name(task), name(cause)),
        Op::Block { task, input } => format!("block {} input {input}", name(task)),
        Op::Wait { task, ms, fails } => {
            format!("wait {} {ms}{}", name(task), if fails { " fails" } else { "" })
        }
        Op::Drop { slot } => format!("drop {}", name(TaskId(slot.0))),
        Op::Change { task, state, percent, overall, step } => {
            let step = match step {
                Op::NO_STEP => "-".to_owned(),
                Op::COMPLETE_STEP => "complete".to_owned(),
                step => step.to_string(),
            };
            let state = state_name(state.number().into());
            format!("change {} {state} {percent} total {overall} step {step}", name(task))
        }
        Op::Finish { cause, code } => {
            let code = code.map_or_else(String::new, |code| format!(" {code}"));
            let by = if cause == TaskId::NONE { String::new() } else { format!(" by {}", name(cause)) };
            format!("finish{code}{by}")
        }
        other => panic!("{other:?} has no words yet"),
    }
}

/// The records of a journal, word for word.
pub(crate) fn record_lines(journal: &[u32]) -> Vec<String> {
    let mut lines = vec![format!("journal {} records", journal.len() / JOURNAL_WORDS)];
    for record in journal.chunks(JOURNAL_WORDS) {
        let words: Vec<String> = record.iter().map(|word| format!("{word:08x}")).collect();
        lines.push(format!("record {}", words.join(" ")));
    }
    lines
}

/// How a node looks at the end: state, percent, its times, and as which it began.
pub(crate) fn state_line(name: &str, look: [f64; NODE_NUMBERS], place: Option<usize>) -> String {
    let [state, percent, started, ended] = look;
    let place = place.map_or_else(|| "-".to_owned(), |place| place.to_string());
    format!(
        "state {name} {} {percent} from {} to {} began {place}",
        state_name(state),
        time(started),
        time(ended)
    )
}

/// What tells lists of numbers apart: 64-bit FNV-1a over words or bytes.
pub(crate) fn digest(numbers: impl IntoIterator<Item = u32>) -> String {
    let hash = numbers.into_iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, number| {
        (hash ^ u64::from(number)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn state_name(number: f64) -> &'static str {
    let found = STATES.iter().find(|(state, _)| f64::from(state.number()) == number);
    found.expect("a state").1
}

fn joined(words: &[u32]) -> String {
    words.iter().map(u32::to_string).collect::<Vec<String>>().join(" ")
}
