/** What the host of a scenario does, and when: answers to ops, and acts of its own. */
import { constants } from "../../npm/conductor/src/engine/constants.ts";
import { EventKind, OpKind } from "../../npm/conductor/src/engine/generated.ts";

/** How long a node takes of which nothing else is said, in ms. */
const USUAL_MS = 10;
/** Items of a scope of which nothing is said. */
const USUAL_ITEMS = 2;
/** Acts that are events of the run as a whole. */
const RUN_EVENTS = {
  cancel: EventKind.cancel,
  pause: EventKind.pause,
  resume: EventKind.resume,
  "take-over": EventKind.takenOver,
};
/** Acts that are events of a task. */
const TASK_EVENTS = { done: EventKind.done, fail: EventKind.failed, progress: EventKind.progress };

/** See the module's description. */
export class Script {
  /** Letters that are due: time, act or events, and whose answer it is. In the order in which they are to be told. */
  #letters = [];
  /** How often a task of this name was asked. */
  #asked = new Map();
  /** The latest attempt at a task. */
  #attempts = new Map();

  /** @param start when the run starts; acts count from there */
  constructor(host, start, names, handles) {
    this.nodes = host.nodes ?? {};
    this.usual = host.default ?? {};
    this.names = names;
    this.handles = handles;
    const acts = host.acts ?? [];
    /** Acts before the start. */
    this.before = acts.filter(({ at }) => at === undefined);
    for (const act of acts) if (act.at !== undefined) this.#send({ at: start + act.at, act });
  }

  /** When something is to be told next; `undefined` when nothing is. */
  next() {
    return this.#letters[0]?.at;
  }

  /** The next letter's act, if it is one that is no event. */
  takeAct() {
    const [first] = this.#letters;
    if (first.act === undefined || isEvent(first.act)) return undefined;
    return this.#letters.shift().act;
  }

  /** The events of the next letters of one moment, or of the first alone. */
  takeEvents(at, single) {
    const events = [];
    do {
      const { act, answers } = this.#letters.shift();
      events.push(...(answers ?? [this.event(act)]));
    } while (!single && this.next() === at && (this.#letters[0].act === undefined || isEvent(this.#letters[0].act)));
    return events;
  }

  /** The event that an act is. */
  event(act) {
    const kind = RUN_EVENTS[act.do];
    if (kind !== undefined) return { kind, attempt: 0, task: 0, argument: 0 };
    const task = act.task ?? this.names.task(act.node);
    const attempt = act.attempt ?? this.#attempts.get(task) ?? 1;
    const argument = act.do === "fail" ? numberOf(act.code) : (act.percent ?? 0);
    return { kind: TASK_EVENTS[act.do], attempt, task, argument };
  }

  /** A task begins, or is asked for its items: plans the answer. */
  asked({ kind, task, attempt }, now) {
    this.#attempts.set(task, attempt);
    const behaviour = this.#behaviour(task);
    const record = (of, argument) => ({ kind: of, attempt, task, argument });
    const { deaf = false } = behaviour;
    for (const [after, percent] of behaviour.progress ?? []) {
      this.#send({ at: now + after, answers: [record(EventKind.progress, percent)], task, attempt, deaf });
    }
    if (behaviour.never === true) return;
    const answers = [];
    if (behaviour.fails !== undefined) {
      answers.push(record(EventKind.failed, numberOf(behaviour.fails)));
    } else if (kind === OpKind.ask) {
      const { items = USUAL_ITEMS, more = false } = behaviour;
      answers.push(record(more ? EventKind.itemsOpenEnded : EventKind.items, items));
    } else {
      for (const handle of behaviour.routes ?? []) {
        const name = this.handles.indexOf(handle);
        if (name !== -1) answers.push(record(EventKind.route, name));
      }
      if (behaviour.ends === true) answers.push(record(EventKind.end, 0));
      else answers.push(record(EventKind.done, behaviour.routes === undefined ? 0 : 1));
    }
    const at = now + (behaviour.after ?? USUAL_MS);
    this.#send({ at, answers, task, attempt, deaf });
    if (behaviour.again !== undefined) this.#send({ at: at + behaviour.again, answers, task, attempt, deaf });
  }

  /** An attempt is over by the engine's decision: what it would have said is not said, unless it does not listen. */
  aborted(task, attempt) {
    this.#letters = this.#letters.filter((letter) => letter.deaf || letter.task !== task || letter.attempt !== attempt);
  }

  /** Whoever would have answered is gone. */
  forgetAnswers() {
    this.#letters = this.#letters.filter(({ act }) => act !== undefined);
  }

  /** How a task behaves this time: by its name, by that of its node, or as all do. */
  #behaviour(task) {
    const name = this.names.of(task);
    const times = this.#asked.get(name) ?? 0;
    this.#asked.set(name, times + 1);
    const found = this.nodes[name] ?? this.nodes[this.names.pathOf(task)] ?? this.usual;
    return Array.isArray(found) ? found[Math.min(times, found.length - 1)] : found;
  }

  /** Letters of one moment stay in the order in which they were sent. */
  #send(letter) {
    const place = this.#letters.findIndex(({ at }) => at > letter.at);
    this.#letters.splice(place === -1 ? this.#letters.length : place, 0, letter);
  }
}

function isEvent(act) {
  return act.do in RUN_EVENTS || act.do in TASK_EVENTS;
}

function numberOf(code) {
  const number = constants().numbers.get(code);
  if (number === undefined) throw new Error(`no code ${code}`);
  return number;
}
