/**
 * The host of `host.mjs`, running ahead where the engine says that it may: it starts the next leaf by itself, and tells
 * later what was done. What is left of the run has to be the same.
 */
import { EventKind, OpKind } from "../../npm/conductor/src/engine/generated.ts";
import { FIRST_ATTEMPT } from "../../npm/conductor/src/engine/mailbox.ts";
import { Host } from "./host.mjs";

/** Added to a number of events with their times. */
const AHEAD = 0x8000_0000;
const AHEAD_WORDS = 6;
const MAILBOX_HEADER = 4;
/** Events that wait at most. */
const MOST_WAITING = 50;

/** As `play`, running ahead: the text, and how many leaves were started without asking. */
export function playAhead(scenario, engine) {
  const host = new AheadHost(scenario, engine, 256, engine);
  return { text: host.play(), ahead: host.ahead };
}

class AheadHost extends Host {
  ahead = 0;
  /** The leaf that was started last. */
  #latest = -1;
  /** Done, and still to be told: task and time. */
  #done = [];
  /** Started without asking; the engine catches up. */
  #started = new Set();

  tell(events) {
    if (!this.#runsAhead(events)) return super.tell(events);
    this.say(`+ done ${this.names.of(events[0].task)}`);
    this.#done.push([events[0].task, this.now]);
    const next = this.#nextLeaf();
    if (next === -1 || this.#done.length >= MOST_WAITING) return this.#flush();
    this.ahead++;
    this.#started.add(next);
    this.#latest = next;
    this.begin(next);
    this.script.asked({ kind: OpKind.start, task: next, attempt: FIRST_ATTEMPT }, this.now);
  }

  act(act) {
    this.#flush();
    super.act(act);
  }

  end() {
    this.#flush();
    super.end();
  }

  turn(command, number) {
    this.#flush();
    super.turn(command, number);
  }

  follow(words, at) {
    const [head, task] = words.subarray(at, at + 2);
    if ((head & 0xff) === OpKind.start) {
      if (head >>> 8 === FIRST_ATTEMPT && this.#started.delete(task)) return;
      this.#latest = task;
    }
    super.follow(words, at);
  }

  #runsAhead(events) {
    const [event] = events;
    return (
      events.length === 1 &&
      !this.watched &&
      this.header.endsWith("ahead") &&
      event.kind === EventKind.done &&
      event.argument === 0 &&
      event.attempt === FIRST_ATTEMPT &&
      event.task === this.#latest &&
      !this.#done.some(([task]) => task === event.task)
    );
  }

  #nextLeaf() {
    const { plan } = this;
    let position = 0;
    while (plan.order(position) !== this.#latest) position++;
    for (position++; position < plan.length; position++) {
      if (plan.isLeaf(plan.order(position))) return plan.order(position);
    }
    return -1;
  }

  #flush() {
    const done = this.#done.splice(0);
    if (done.length === 0) return;
    const words = new Uint32Array(MAILBOX_HEADER + Math.max(done.length * AHEAD_WORDS, this.room * 4));
    const times = new Float64Array(words.buffer);
    for (const [index, [task, time]] of done.entries()) {
      const at = MAILBOX_HEADER + index * AHEAD_WORDS;
      words.set([EventKind.done | (FIRST_ATTEMPT << 8), task], at);
      times[at / 2 + 2] = time;
    }
    const number = this.engine.backend.attach(words);
    this.mailboxes.set(number, { words, number });
    super.turn(AHEAD + done.length, number);
  }
}
