/** How what is said reads: plans, events, ops, records and states, a line each. */
import { constants } from "../../npm/conductor/src/engine/constants.ts";
import {
  EDGE_WORDS,
  EventKind,
  OUTLINE_HEADER_WORDS as HEADER_WORDS,
  NO_TASK,
  NODE_WORDS,
  OpKind,
  Step,
} from "../../npm/conductor/src/engine/generated.ts";

const RECORD_WORDS = 5;

/** A time in ms; `-` for none. */
export function timeText(ms) {
  return Number.isNaN(ms) ? "-" : String(ms);
}

/** The outline as words, and the input table that the engine made of it. */
export function planLines(plan, names) {
  const { words, edges, names: strings } = plan.outline;
  const positions = new Array(plan.length);
  for (let position = 0; position < plan.length; position++) positions[plan.order(position)] = position;
  const lines = [];
  for (let node = 0; node < plan.length; node++) {
    const at = HEADER_WORDS + node * NODE_WORDS;
    const inputs = [];
    for (let input = plan.firstInput(node); input < plan.firstInput(node + 1); input++) {
      inputs.push(`${plan.inputKey(input)}<${sourceOf(plan.inputSlot(input), plan, names)}`);
    }
    const record = Array.from(words.subarray(at, at + NODE_WORDS)).join(" ");
    const output = names.of(plan.output(node));
    lines.push(
      `node ${node} ${names.of(node)}: ${record} place ${positions[node]} output ${output} inputs [${inputs.join(" ")}]`,
    );
  }
  for (let edge = 0; edge < edges; edge++) {
    const at = HEADER_WORDS + plan.length * NODE_WORDS + edge * EDGE_WORDS;
    const [scope, source, target, from, to] = words.subarray(at, at + EDGE_WORDS);
    const ends = `${strings[source]}.${strings[from]} > ${strings[target]}.${strings[to]}`;
    lines.push(`edge ${edge} ${ends}: ${scope} ${source} ${target} ${from} ${to}`);
  }
  return lines;
}

/** Where an input comes from: the output of a node, or its error. */
function sourceOf(slot, plan, names) {
  return slot < plan.length ? names.of(slot) : `error of ${names.of(slot - plan.length)}`;
}

/** An event of the host. */
export function eventLine({ kind, attempt, task, argument }, names, strings) {
  const by = (what) => `${what} ${names.of(task)} attempt ${attempt}`;
  switch (kind) {
    case EventKind.done:
      return `${by("done")}${argument === 1 ? " routed" : ""}`;
    case EventKind.failed:
      return `${by("failed")} ${constants().codes[argument]}`;
    case EventKind.route:
      return `${by("route")} ${strings[argument]}`;
    case EventKind.progress:
      return `${by("progress")} ${argument}`;
    case EventKind.items:
      return `${by("items")} ${argument}`;
    case EventKind.itemsOpenEnded:
      return `${by("items")} ${argument} and more`;
    case EventKind.end:
      return by("end with");
    case EventKind.cancel:
      return "cancel";
    case EventKind.pause:
      return "pause";
    case EventKind.resume:
      return "resume";
    case EventKind.takenOver:
      return "taken over";
  }
  throw new Error(`no event ${kind}`);
}

/** An op of the engine. */
export function opLine({ kind, attempt, task, first, second }, names) {
  const name = names.of(task);
  switch (kind) {
    case OpKind.start:
      return `start ${name} attempt ${attempt} try ${first}`;
    case OpKind.abort:
      return `abort ${name} attempt ${attempt} ${constants().codes[first]}`;
    case OpKind.enter:
      return `enter ${name}`;
    case OpKind.reset:
      return `reset ${name}`;
    case OpKind.pass:
      return `pass ${name}`;
    case OpKind.ask:
      return `ask ${name} attempt ${attempt} known ${first}`;
    case OpKind.open:
      return `open ${name}[${second}] base ${first}`;
    case OpKind.lose:
      return `lose base ${first} of ${name} by ${names.of(second)}`;
    case OpKind.close:
      return `close ${name}[${second}] base ${first}`;
    case OpKind.gather:
      return `gather ${name}`;
    case OpKind.catch:
      return `catch ${name} of ${names.of(first)}`;
    case OpKind.block:
      return `block ${name} input ${first}`;
    case OpKind.wait:
      return `wait ${name} ${first}${second === 1 ? " fails" : ""}`;
    case OpKind.drop:
      return `drop ${name}`;
    case OpKind.change: {
      const [percent, overall] = [(first >>> 8) & 0xff, first >>> 16];
      return `change ${name} ${constants().states[first & 0xff]} ${percent} total ${overall} step ${stepText(second)}`;
    }
    case OpKind.finish: {
      const code = first === 0 ? "" : ` ${constants().codes[first]}`;
      return `finish${code}${task === NO_TASK ? "" : ` by ${name}`}`;
    }
  }
  throw new Error(`no op ${kind}`);
}

/** The records of a sealed journal, word for word. */
export function recordLines(journal) {
  const lines = [`journal ${journal.length / RECORD_WORDS} records`];
  for (let at = 0; at < journal.length; at += RECORD_WORDS) {
    lines.push(`record ${Array.from(journal.subarray(at, at + RECORD_WORDS), hex).join(" ")}`);
  }
  return lines;
}

/** How a node looks at the end: state, percent, its times, and as which it began. */
export function stateLine(name, [state, percent, started, ended], place) {
  const times = `from ${timeText(started)} to ${timeText(ended)}`;
  return `state ${name} ${constants().states[state]} ${percent} ${times} began ${place ?? "-"}`;
}

/** What tells lists of numbers apart: 64-bit FNV-1a over words or bytes. */
export function digest(numbers) {
  let hash = 0xcbf29ce484222325n;
  for (const number of numbers) hash = BigInt.asUintN(64, (hash ^ BigInt(number)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

function stepText(step) {
  if (step === Step.none) return "-";
  return step === Step.complete ? "complete" : String(step);
}

function hex(word) {
  return word.toString(16).padStart(8, "0");
}
