/**
 * A host in virtual time: runs a scenario on an engine and writes down all that is said, one line each.
 *
 * The host in `core/tests/conformance` does the same to the last letter; neither knows what is expected. Nothing here
 * belongs to Node, so that the same file runs in a page.
 */
import { useEngine as chooseEngine } from "../../npm/conductor/src/engine/backend.ts";
import { constants } from "../../npm/conductor/src/engine/constants.ts";
import { Command, MORE, NO_TASK, OpKind } from "../../npm/conductor/src/engine/generated.ts";
import { writeOptions } from "../../npm/conductor/src/engine/options.ts";
import { outlineOf } from "../../npm/conductor/src/engine/outline.ts";
import { Plan } from "../../npm/conductor/src/engine/plan.ts";
import { Names } from "./names.mjs";
import { Script } from "./script.mjs";
import { digest, eventLine, opLine, planLines, recordLines, stateLine, timeText } from "./text.mjs";

/** First line of what {@link play} returns: the format's version, which is that of the folder of expectations. */
export const FORMAT = "conformance journal v1";

const MAILBOX_HEADER = 4;
const EVENT_WORDS = 3;
const OP_WORDS = 4;
const VIEW_HEADER = 4;
const NODE_NUMBERS = 4;
/** A status: the host broke the contract, and nothing changed. */
const MISUSE = -2;

/** What the options of a scenario leave out. Times in ms. */
const OPTIONS = {
  concurrency: 1,
  seed: 0,
  retries: 0,
  retryDelay: 1000,
  jitter: false,
  timeout: 0,
  slowMo: 0,
  keepGoing: false,
  debug: undefined,
  keepOutputs: false,
};

/**
 * Runs a scenario; what happened, as text.
 *
 * @param scenario `{ flow, options?, host? }`, see README.md
 * @param engine `{ backend, constants, snapshot, restore }`
 * @param room ops that one crossing brings
 * @param successor the engine that goes on after a snapshot
 */
export function play(scenario, engine, { room = 256, successor = engine } = {}) {
  return new Host(scenario, engine, room, successor).play();
}

/** One run. */
export class Host {
  constructor(scenario, engine, room, successor) {
    chooseEngine(() => ({
      backend: "wasm",
      version: "",
      constants: () => engine.constants,
      start: () => engine.backend,
    }));
    this.engine = engine;
    this.successor = successor;
    this.room = room;
    this.flow = scenario.flow;
    this.outline = outlineOf(scenario.flow);
    this.options = writeOptions({ ...OPTIONS, ...scenario.options }, this.outline);
    this.single = scenario.host?.single === true;
    this.watched = scenario.host?.watch === true;
    this.lines = [FORMAT];
    this.now = scenario.host?.start ?? 0;
    this.deadline = Number.NaN;
    this.header = "";
    this.finished = undefined;
    this.restored = false;
    this.begun = new Map();
    this.mailboxes = new Map();
    this.host = scenario.host ?? {};
  }

  play() {
    this.run = this.engine.backend.open(this.outline.words, this.outline.length, this.options);
    if (this.run === 0) return this.refused();
    this.plan = new Plan(this.outline);
    this.words = this.outline.words.slice(0, this.outline.length);
    this.names = new Names(this.plan);
    this.script = new Script(this.host, this.now, this.names, this.outline.names);
    this.lines.push(...planLines(this.plan, this.names));
    if (this.watched) this.engine.backend.watch(this.run, true);
    for (const act of this.script.before) this.act(act);
    this.say("> start");
    this.turn(Command.start);
    while (this.finished === undefined && this.next());
    this.end();
    return this.text();
  }

  /** The flow cannot be run: what is wrong with it. */
  refused() {
    this.lines.push("refused");
    for (const problem of JSON.parse(this.engine.backend.validateFlow(JSON.stringify(this.flow), "{}"))) {
      const { code, path, message, nodeId, severity } = problem;
      // What the flow is only warned of does not keep it from running.
      if (severity !== "error") continue;
      this.lines.push(`problem ${code} at "${path}" of ${nodeId ?? "-"}: ${message}`);
    }
    return this.text();
  }

  /** Lets time pass until something happens; false when nothing will. What the host does comes before timers. */
  next() {
    const at = this.script.next();
    if (at === undefined && Number.isNaN(this.deadline)) return false;
    if (at === undefined || this.deadline < at) {
      this.now = Math.max(this.now, this.deadline);
      this.say("> timeout");
      this.turn(Command.timeout);
      return true;
    }
    this.now = Math.max(this.now, at);
    const act = this.script.takeAct();
    if (act === undefined) this.tell(this.script.takeEvents(at, this.single));
    else this.act(act);
    return true;
  }

  /** What a host does that is no event. */
  act(act) {
    const { backend } = this.engine;
    switch (act.do) {
      case "start":
        this.say("> start");
        return this.turn(Command.start);
      case "timeout":
        this.say("> timeout");
        return this.turn(Command.timeout);
      case "watch":
      case "unwatch":
        this.watched = act.do === "watch";
        this.say(`> ${act.do}`);
        return backend.watch(this.run, this.watched);
      case "snapshot":
        return this.moveOn();
      default:
        return this.tell([this.script.event(act)]);
    }
  }

  tell(events) {
    for (const event of events) this.say(`> ${eventLine(event, this.names, this.outline.names)}`);
    const { words, number } = this.mailbox(events.length);
    for (const [index, { kind, attempt, task, argument }] of events.entries()) {
      words.set([(kind | (attempt << 8)) >>> 0, task, argument], MAILBOX_HEADER + index * EVENT_WORDS);
    }
    this.turn(events.length, number);
  }

  /** One step: a command, and all ops that it gives. */
  turn(command, number = this.mailbox(0).number) {
    const { words } = this.mailboxes.get(number);
    let result = this.engine.backend.turn(this.run, number, command, this.now);
    if (result === MISUSE) return this.say("! misuse");
    for (;;) {
      if (result < 0) throw new Error(`the engine answered ${result}`);
      const count = result & ~MORE;
      for (let index = 0; index < count; index++) this.follow(words, MAILBOX_HEADER + index * OP_WORDS);
      if ((result & MORE) === 0) break;
      result = this.engine.backend.turn(this.run, number, Command.drain, this.now);
    }
    this.deadline = new Float64Array(words.buffer, 0, 1)[0];
    const header = `= timer ${timeText(this.deadline)}${words[2] === 1 ? ", ahead" : ""}`;
    if (header !== this.header) this.say(header);
    this.header = header;
  }

  follow(words, at) {
    const [head, task, first, second] = words.subarray(at, at + OP_WORDS);
    const op = { kind: head & 0xff, attempt: head >>> 8, task, first, second };
    if (op.kind === OpKind.open) this.names.open(task, first, second);
    this.say(`< ${opLine(op, this.names)}`);
    switch (op.kind) {
      case OpKind.start:
      case OpKind.ask:
        this.begin(task);
        return this.script.asked(op, this.now);
      case OpKind.enter:
        return this.begin(task);
      case OpKind.abort:
        return this.script.aborted(task, op.attempt);
      case OpKind.finish:
        this.finished = { cause: task, code: first };
    }
  }

  begin(task) {
    const node = this.names.nodeOf(task);
    if (!this.begun.has(node)) this.begun.set(node, this.begun.size + 1);
  }

  /** Another engine takes over from a snapshot, and this one forgets the run. */
  moveOn() {
    const bytes = this.engine.snapshot(this.run);
    this.say(`! snapshot ${bytes.length} bytes ${digest(bytes)}`);
    this.seal();
    this.engine = this.successor;
    this.run = this.engine.restore(this.words, bytes, this.now);
    if (this.run === 0) throw new Error("the snapshot was refused");
    this.restored = true;
    this.mailboxes.clear();
    this.script.forgetAnswers();
    if (this.watched) this.engine.backend.watch(this.run, true);
    this.say("! restored");
    this.turn(Command.drain);
  }

  end() {
    const { backend } = this.engine;
    const numbers = new Float64Array(VIEW_HEADER + NODE_NUMBERS * this.plan.length);
    backend.view(this.run, this.now, numbers);
    this.lines.push(`end ${this.verdict()} at ${timeText(this.now)}`);
    const [overall, , started, ended] = numbers;
    this.lines.push(`progress ${overall} from ${timeText(started)} to ${timeText(ended)}`);
    for (let node = 0; node < this.plan.length; node++) {
      const at = VIEW_HEADER + node * NODE_NUMBERS;
      this.lines.push(stateLine(this.names.of(node), numbers.subarray(at, at + NODE_NUMBERS), this.begun.get(node)));
    }
    const journal = this.seal();
    if (!this.restored && this.finished !== undefined) this.lookBack(journal, numbers);
  }

  /** What the journal alone says about the run. */
  lookBack(journal, numbers) {
    const { backend } = this.engine;
    const trace = new Float64Array(backend.askTrace(this.words, this.options, journal));
    backend.takeAnswer(trace);
    this.lines.push(`trace ${trace.length / 6} rows ${digest(new Uint32Array(trace.buffer))}`);
    const view = new Float64Array(backend.askView(this.words, this.options, journal));
    backend.takeAnswer(view);
    const same = view.length === numbers.length && view.every((number, place) => Object.is(number, numbers[place]));
    this.lines.push(`replay ${same ? "agrees" : "differs"}`);
  }

  verdict() {
    if (this.finished === undefined) return "waiting";
    const { cause, code } = this.finished;
    if (code === 0) return "success";
    return `${constants().codes[code]}${cause === NO_TASK ? "" : ` by ${this.names.of(cause)}`}`;
  }

  /** Ends the run in the engine; its journal. The engine is asked for the length first. */
  seal() {
    const { backend } = this.engine;
    const journal = new Uint32Array(backend.seal(this.run, new Uint32Array(0), 0));
    if (journal.length > 0) backend.seal(this.run, journal, 0);
    this.lines.push(...recordLines(journal));
    return journal;
  }

  /** A mailbox with room for so many events. */
  mailbox(events) {
    const length = MAILBOX_HEADER + Math.max(this.room * OP_WORDS, events * EVENT_WORDS);
    for (const known of this.mailboxes.values()) if (known.words.length >= length) return known;
    const words = new Uint32Array(length + (length % 2));
    const made = { words, number: this.engine.backend.attach(words) };
    this.mailboxes.set(made.number, made);
    return made;
  }

  say(line) {
    this.lines.push(`@${timeText(this.now)} ${line}`);
  }

  text() {
    return `${this.lines.join("\n")}\n`;
  }
}
