//! Prints what `npm run constants` writes: the numbers that cross the boundary as TypeScript, a JSON object of texts by their paths.

use std::fmt::{Display, Write};

use conductor_core::bridge::{self, Status, trace};
use conductor_core::error::ErrorCode;
use conductor_core::flow::{self, BranchMode, Branches, Name, Section};
use conductor_core::ids::TaskId;
use conductor_core::run::{self, Event, EventKind, Journal, Op, OpKind, OptionPlace, TaskState};

fn main() {
    let files = serde_json::json!({
        "npm/conductor/src/engine/generated.ts": numbers(),
        "npm/conductor/src/types/error-code.ts": error_codes(),
    });
    println!("{files}");
}

/// A module of TypeScript.
struct Module(String);

impl Module {
    fn new(about: &str) -> Module {
        Module(format!(
            "/**\n * {about}\n *\n * Written by `npm run constants` from `core/src`; `npm run check` finds what differs.\n */\n"
        ))
    }

    fn number(&mut self, about: &str, name: &str, number: impl Display) {
        self.line(format_args!("\n/** {about} */\nexport const {name} = {number};"));
    }

    fn table<N: Display>(&mut self, about: &str, name: &str, entries: impl IntoIterator<Item = (String, N)>) {
        self.line(format_args!("\n/** {about} */\nexport const {name} = {{"));
        for (key, value) in entries {
            self.line(format_args!("  {key}: {value},"));
        }
        self.line("} as const;");
    }

    fn line(&mut self, line: impl Display) {
        writeln!(self.0, "{line}").expect("a text takes all");
    }
}

/// Names as TypeScript has them.
fn camel<N>(all: impl IntoIterator<Item = (&'static str, N)>) -> impl Iterator<Item = (String, N)> {
    all.into_iter().map(|(name, number)| (name[..1].to_lowercase() + &name[1..], number))
}

/// All of an enum whose numbers cross.
macro_rules! all {
    ($name:ident) => {
        camel($name::ALL.iter().map(|(name, one)| (*name, one.number())))
    };
}

fn numbers() -> String {
    let mut ts =
        Module::new("The numbers that cross the boundary, and how records and packed numbers are laid out.");

    ts.number("Words of a mailbox before the records.", "MAILBOX_HEADER_WORDS", bridge::MAILBOX_HEADER);
    ts.number("Words of an event.", "EVENT_WORDS", run::EVENT_WORDS);
    ts.number("Words of an op.", "OP_WORDS", run::OP_WORDS);
    ts.number("In the first word of an event or op: the bits of the kind.", "KIND_MASK", run::KIND_MASK);
    ts.number("Where the attempt begins above them.", "ATTEMPT_SHIFT", run::ATTEMPT_SHIFT);
    ts.table("What an op asks for.", "OpKind", all!(OpKind));
    ts.table("What an event tells.", "EventKind", all!(EventKind));
    let commands = [("start", bridge::START), ("timeout", bridge::TIMEOUT), ("drain", bridge::DRAIN)];
    ts.table("Instead of a number of events.", "Command", camel(commands));
    ts.number("Added to a number of events that were done while the host ran ahead.", "AHEAD", bridge::AHEAD);
    ts.number("Words of such an event: its own, a free one, the time.", "AHEAD_WORDS", bridge::AHEAD_WORDS);
    ts.number("Set in the result of a turn when ops are left.", "MORE", bridge::MORE);
    ts.table("Results of calls that did not work.", "Status", all!(Status));
    ts.number("In an advice: another try would fail like this one.", "NEVER", Event::NEVER.0);
    ts.number("In an op: no task.", "NO_TASK", TaskId::NONE.0);

    ts.table("The numbers of states.", "State", all!(TaskState));
    ts.number("In a change: the bits of the state, and of each percent.", "CHANGE_MASK", Op::CHANGE_MASK);
    ts.number("Where the percent begins above the state.", "PERCENT_SHIFT", Op::PERCENT_SHIFT);
    ts.number("Where the percent of the run begins above that.", "OVERALL_SHIFT", Op::OVERALL_SHIFT);
    ts.table(
        "In a change: which step of the animation it shows, beside the steps' own numbers.",
        "Step",
        camel([("none", Op::NO_STEP), ("complete", Op::COMPLETE_STEP)]),
    );
    ts.number("Numbers of a look before the nodes.", "LOOK_HEADER_NUMBERS", run::VIEW_HEADER);
    ts.number("Numbers of a node in a look.", "LOOK_NODE_NUMBERS", run::NODE_NUMBERS);

    ts.number("Words of an outline before the records.", "OUTLINE_HEADER_WORDS", flow::HEADER_WORDS);
    ts.number("Words of a node in an outline.", "NODE_WORDS", flow::NODE_WORDS);
    ts.number("Words of an edge.", "EDGE_WORDS", flow::EDGE_WORDS);
    ts.number("The number of no string.", "NO_NAME", Name::NONE.0);
    ts.number("The number of the string `error`.", "ERROR_NAME", Name::ERROR.0);
    ts.number("The bits of a width.", "MAX_WIDTH", flow::MAX_WIDTH);
    let bit = |shift: u32| 1_u32 << shift;
    ts.number("In a width: nodes may run side by side.", "PARALLEL", bit(flow::PARALLEL_SHIFT));
    ts.number("In a width: a loop goes on after a round that failed.", "TOLERANT", bit(flow::TOLERANT_SHIFT));
    ts.number("In a width: where the section begins.", "SECTION_SHIFT", flow::SECTION_SHIFT);
    ts.number("The bits of a section.", "SECTION_MASK", flow::SECTION_MASK);
    ts.number(
        "In a width: the policy says whether backoffs are spread.",
        "SAYS_JITTER",
        bit(flow::JITTER_SHIFT),
    );
    ts.number("In a width: they are.", "JITTER", bit(flow::JITTER_SHIFT + 1));
    ts.table("What a node of a `try` is for.", "Section", all!(Section));
    ts.line("/** One of them. */\nexport type Section = (typeof Section)[keyof typeof Section];");
    ts.number("In the flags of a node: it does not run.", "DISABLED", bit(flow::DISABLED_SHIFT));
    ts.number("The run goes on after a failure of it.", "CONTINUES_ON_ERROR", bit(flow::CONTINUE_SHIFT));
    ts.number("Where it begins when a group of branches is over.", "BRANCHES_SHIFT", flow::BRANCHES_SHIFT);
    ts.number(
        "How many bits say which mode; above them is how many are to succeed.",
        "BRANCHES_BITS",
        flow::BRANCHES_BITS,
    );
    ts.table("When a group of branches is over.", "BranchModes", all!(BranchMode));
    ts.number("How many branches can be waited for.", "MOST_BRANCHES", Branches::MOST);
    ts.number("The bit of a node that waits for the disk.", "PERSISTS_SHIFT", flow::PERSISTS_SHIFT);

    ts.number("How many options there are.", "OPTION_NUMBERS", run::OPTION_NUMBERS);
    ts.table("Where each option stands.", "OptionPlace", all!(OptionPlace));
    ts.number("In the place of a node: none.", "NO_TARGET", run::NO_TARGET);
    ts.number("In the place of a node: one that the seed decides on.", "RANDOM_TARGET", run::RANDOM_TARGET);

    ts.number("Words of a record of the journal.", "JOURNAL_WORDS", run::JOURNAL_WORDS);
    let kinds = [("start", Journal::START), ("timeout", Journal::TIMEOUT)];
    ts.table("Kinds in the journal beside those of events.", "JournalKind", camel(kinds));
    ts.number(
        "In the kind of an event in the journal: the next one was told in the same step.",
        "CONTINUED",
        Journal::CONTINUED,
    );

    let mask = |bits: u32| (1_u32 << bits) - 1;
    ts.number("Numbers of a trace before the changes.", "TRACE_HEADER_NUMBERS", trace::TRACE_HEADER);
    ts.number(
        "In a change of a trace: the step of the animation.",
        "TRACE_STEP_MASK",
        mask(trace::STEP_BITS),
    );
    ts.number("Where the overall percent begins.", "TRACE_OVERALL_SHIFT", trace::OVERALL_SHIFT);
    ts.number("Where the percent begins.", "TRACE_PERCENT_SHIFT", trace::PERCENT_SHIFT);
    ts.number("The bits of each of them.", "TRACE_PERCENT_MASK", mask(trace::PERCENT_BITS));
    ts.number("Where the state begins.", "TRACE_STATE_SHIFT", trace::STATE_SHIFT);
    ts.number("The bits of it.", "TRACE_STATE_MASK", mask(trace::STATE_BITS));
    ts.number(
        "The bit of a state that is another one than before.",
        "TRACE_ENTERED_SHIFT",
        trace::ENTERED_SHIFT,
    );
    ts.number("What the number of the node is multiplied by.", "TRACE_NODE_UNIT", bit(trace::NODE_SHIFT));
    ts.0
}

fn error_codes() -> String {
    let names = || ErrorCode::ALL.iter().map(|code| code.name());
    let mut ts = Module::new("The codes of errors.");
    let entries = names().map(|name| (name.to_owned(), format!("\"{name}\"")));
    ts.table("Every code there is; names and values are the same.", "ErrorCode", entries);
    ts.line("/** One of the codes. */");
    ts.line("export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];");
    ts.line("\n/** Each code as a type of its own, so that `ErrorCode.TIMEOUT` names one. */");
    ts.line("export declare namespace ErrorCode {");
    names().for_each(|name| ts.line(format_args!("  type {name} = \"{name}\";")));
    ts.line("}");
    ts.0
}
