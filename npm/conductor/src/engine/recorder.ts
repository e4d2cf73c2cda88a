/**
 * What a run tells of itself for the sake of going on after its process: the words of its journal as they come, and the
 * values that came with them.
 */
import type { Ask, Effects } from "@atomiton/nodes";
import { isRecord } from "@atomiton/values";
import type { NodeDefinition } from "../types/definition.js";
import type { ExecutionError } from "../types/errors.js";
import type { LogLine } from "../types/execution-log.js";
import type { OpenQuestion } from "../types/question.js";
import type { Asker, Call } from "./call.js";
import type { NodeExecutorFactory } from "./executables.js";
import {
  ATTEMPT_SHIFT,
  CONTINUED,
  EVENT_WORDS,
  EventKind,
  JOURNAL_WORDS,
  JournalKind,
  KIND_MASK,
  NODE_WORDS,
  OUTLINE_HEADER_WORDS,
  PERSISTS_SHIFT,
} from "./generated.js";
import type { Items } from "./items.js";
import { DEFAULT_HANDLE, type Outline } from "./outline.js";
import type { Redacted } from "./redact.js";

/** Items of a scope, and how many were known before. */
export type KnownItems = Items & { known: number };

/** A wait of an executable: until a time, or for people. */
export interface KeptWait {
  /** When it is over, in ms since the epoch. */
  until?: number;
  /** How long it is in all, in ms. */
  ms?: number;
  question?: OpenQuestion;
  /** The question is open at the end of the record that says so. */
  isOpen?: true;
  /** In a list of its own, so that `undefined` is one as well. */
  answer?: readonly [unknown];
}

/** A run in which nothing happens until a time comes, people answer, or a pause ends. */
export interface Rest {
  /** Its next timer, in ms since the epoch; NaN for none. */
  deadline: number;
  isPaused: boolean;
}

/** Keeps what happens in one run. */
export interface Recorder {
  /** A step of the engine, whose records of the journal these are. */
  step(words: readonly number[]): void;
  /**
   * @param isReused whether the output was made by another attempt
   * @throws Error SERIALIZATION_FAILED naming the place that cannot be written
   */
  output(task: number, attempt: number, value: unknown, isReused: boolean): void;
  /** `advice`: what the failure says of another try. */
  error(task: number, attempt: number, error: ExecutionError, advice: false | number | undefined): void;
  /** @throws Error SERIALIZATION_FAILED naming the place that cannot be written */
  items(task: number, attempt: number, items: KnownItems): void;
  /** An answer of another execution was taken over: its number among those that may be. */
  inherited(task: number, attempt: number, number: number): void;
  warning(task: number, rule: string, message: string): void;
  /** Waits for an executable so many ms, less what it waited at hosts before; resolves with all of them. Rejects when `signal` fires. */
  sleep(call: Call, ms: number, signal?: AbortSignal): Promise<number>;
  /** Puts a question by `asker`, unless a host before was given its answer. */
  ask(call: Call, asker: Asker, ...asked: Parameters<Ask>): Promise<unknown>;
  /** Calls that only wait, in one of these ways. */
  readonly waiting: number;
  /** A pause begins, or ends. */
  pause(isPaused: boolean): void;
  /** A step is over: the run may be at rest now. */
  stepped(): void;
  /** The run leaves memory now, as it is. */
  leaveMemory(): void;
  /** What a node said. */
  log(task: number, line: LogLine): void;
  /** Settles when all that was told is on disk; never rejects. */
  persist(): Promise<void>;
  /** The run was taken over, and no answer since is on disk: each node starts once what came before is, so that it is known which one ends the process. */
  readonly isUnproven: boolean;
  /** The execution cannot go on until something is mended; nothing more is kept of it until then. */
  block(reason: string): Promise<void>;
  /**
   * The same at the end of the run; gives what the run ends with instead, where its end cannot be on disk. `warnings`: how many
   * its nodes gave.
   */
  end(error: ExecutionError | undefined, warnings?: number): Promise<ExecutionError | undefined>;
  /** Called before something is written, so that the run tells what it has not told yet. */
  beforeWrite: () => void;
  /** Tells whether the run is at rest; `undefined` where it is not. */
  restOf: () => Rest | undefined;
  /** Called when the run is to leave memory, where it goes on at `wakeAt` in ms since the epoch, if not before. */
  onLeave: (wakeAt: number | undefined) => void;
  /** Called when something of a task's output is not kept as it is; what that is, in words. */
  onChanged: (task: number, what: string) => void;
  /** Gives what may be kept of an output of a task; missing where all of it may be. */
  shown: ((task: number, value: unknown) => Redacted) | undefined;
  /** Whether a policy may name parts of what a task gives. */
  namesParts: (task: number) => boolean;
  /** Called when the execution belongs to another owner, or is not in the store any more. */
  onLost: (error: ExecutionError) => void;
}

/** An answer of an executable that was told to a host that is gone; `inherited` where it had been taken over from another execution. */
export type Answer = { inherited?: true } & (
  | { kind: "output"; value: unknown; isReused?: boolean; redacted?: readonly string[] | undefined }
  | { kind: "error"; error: ExecutionError; advice: false | number | undefined }
  | { kind: "items"; items: KnownItems; redacted?: readonly string[] | undefined }
);

/** An answer of another execution that a run may take over. */
export interface InheritedAnswer {
  /** Its number among those that the run may take over. */
  number: number;
  answer: Answer;
  /** What became of the run's variables with it. */
  variables?: { set: Record<string, unknown>; removed: readonly string[] } | undefined;
}

/** Decides, task by task, which answers of another execution a run takes over. Each task is asked about when it begins. */
export interface Inheritance {
  /** The answer of a leaf that begins; `undefined` where its executable is to be called. */
  leaf(task: number): InheritedAnswer | undefined;
  /** The items of a loop beyond those `known`. */
  items(task: number, known: number): InheritedAnswer | undefined;
  /** A group begins again. */
  reset(): void;
}

/** Told what happened in a run that is brought back from its records. */
export interface ReplayObserver {
  /** An executable was called with this input, or asked for items. */
  begun(task: number, input: unknown): void;
  answered(task: number, attempt: number, answer: Answer): void;
  /** The engine ended an attempt. */
  stopped(task: number): void;
  /** A scope takes the failure of a task. */
  caught(task: number, cause: number): void;
  /** A round, branch or section failed, and what is around it goes on. */
  lost(task: number, base: number, cause: number): void;
  /** A loop or a group of branches came to its end. */
  gathered(task: number): void;
  /** A group begins again. */
  reset(task: number): void;
}

/** What is known of a run from the host that had it before. */
export interface History {
  /** Records of the journal. */
  journal: Uint32Array;
  answer(task: number, attempt: number): Answer | undefined;
  /** What executables warned of, each with its task. */
  warnings: readonly { task: number; rule: string; message: string }[];
  /** Whether parts of values were not kept. */
  readonly leavesOut: boolean;
  /** Paths of what of the run's variables was. */
  readonly variablesLeftOut: readonly string[];
  /** The run's variables where they changed. */
  variables: Record<string, unknown> | undefined;
  /** How an executable waited in an attempt, by the number of the wait, from 0. */
  waits(task: number, attempt: number): ReadonlyMap<number, KeptWait> | undefined;
  /** The run was at rest when it left its host, so that nothing was lost with that. */
  isAsleep: boolean;
}

export { JOURNAL_WORDS };

/** One step of a journal. */
export interface JournalStep {
  kind: "start" | "timeout" | "events";
  /** ms */
  now: number;
  /** Flat records of events: kind and attempt, task, argument. */
  events: number[];
}

const time = new Float64Array(1);
const timeWords = new Uint32Array(time.buffer);

function pushRecord(words: number[], head: number, task: number, argument: number, now: number): void {
  time[0] = now;
  words.push(head >>> 0, task, argument, timeWords[0] as number, timeWords[1] as number);
}

/** The records of a step that starts a run or looks at its timers. */
export function commandRecord(isStart: boolean, now: number): number[] {
  const words: number[] = [];
  pushRecord(words, isStart ? JournalKind.start : JournalKind.timeout, 0, 0, now);
  return words;
}

/** The records of a run that ends now, whatever was in flight. `last`: the words of its last record; missing where it has none. */
export function cancelRecords(last: ArrayLike<number> | undefined, now: number): number[] {
  if (last === undefined) return [...commandRecord(true, now), ...eventRecords([EventKind.cancel, 0, 0], 0, 1, now)];
  timeWords[0] = last[3] as number;
  timeWords[1] = last[4] as number;
  return eventRecords([EventKind.cancel, 0, 0], 0, 1, Math.max(now, time[0] as number));
}

/** The records of a step in which events were told. */
export function eventRecords(events: ArrayLike<number>, from: number, count: number, now: number): number[] {
  const words: number[] = [];
  for (let event = 0, at = from; event < count; event++, at += EVENT_WORDS) {
    const follows = event + 1 < count ? CONTINUED : 0;
    pushRecord(words, (events[at] as number) | follows, events[at + 1] as number, events[at + 2] as number, now);
  }
  return words;
}

/** The steps that records tell of. */
export function* stepsOf(journal: Uint32Array): Generator<JournalStep> {
  let events: number[] = [];
  for (let at = 0; at + JOURNAL_WORDS <= journal.length; at += JOURNAL_WORDS) {
    const head = journal[at] as number;
    timeWords[0] = journal[at + 3] as number;
    timeWords[1] = journal[at + 4] as number;
    const now = time[0] as number;
    const kind = head & KIND_MASK;
    if (kind === JournalKind.start || kind === JournalKind.timeout) {
      yield { kind: kind === JournalKind.start ? "start" : "timeout", now, events: [] };
      continue;
    }
    events.push((head & ~CONTINUED) >>> 0, journal[at + 1] as number, journal[at + 2] as number);
    if ((head & CONTINUED) !== 0) continue;
    yield { kind: "events", now, events };
    events = [];
  }
}

/** The attempts whose answers records tell of, failures aside. No attempt has the number of one that was in flight when its process ended. */
export function* answersTold(journal: Uint32Array): Generator<{ task: number; attempt: number }> {
  for (let at = 0; at + JOURNAL_WORDS <= journal.length; at += JOURNAL_WORDS) {
    const head = journal[at] as number;
    const kind = head & KIND_MASK & ~CONTINUED;
    if (kind !== EventKind.done && kind !== EventKind.end) continue;
    yield { task: journal[at + 1] as number, attempt: head >>> ATTEMPT_SHIFT };
  }
}

/** What executables answer with. */
const ANSWERS: ReadonlySet<number> = new Set([
  EventKind.done,
  EventKind.failed,
  EventKind.route,
  EventKind.items,
  EventKind.itemsOpenEnded,
  EventKind.end,
]);

/** Whether records of a journal tell of an answer of an executable, failures among them. */
export function tellsAnswer(journal: ArrayLike<number>): boolean {
  for (let at = 0; at + JOURNAL_WORDS <= journal.length; at += JOURNAL_WORDS) {
    if (ANSWERS.has((journal[at] as number) & KIND_MASK & ~CONTINUED)) return true;
  }
  return false;
}

/** The leaves of a flow that may write to the world, by their place in the outline. */
export function writingNodes({ nodes, words }: Outline, executables: NodeExecutorFactory | undefined): number[] {
  const places = nodes.map((_, node) => node);
  return places.filter((node) => {
    const definition = nodes[node] as NodeDefinition;
    if ((definition.nodes?.length ?? 0) > 0) return false;
    const scope = nodes[words[OUTLINE_HEADER_WORDS + node * NODE_WORDS + 1] as number] as NodeDefinition;
    return effectsOf(definition, scope, executables) === "writes";
  });
}

/** Outlines in which nodes wait for the disk, by those without: what is known of an outline is known by the object. */
const persistingOf = new WeakMap<Outline, { nodes: readonly number[]; outline: Outline }>();

/** The same outline, in which these nodes wait for the disk. */
export function persisting(outline: Outline, nodes: readonly number[]): Outline {
  const known = persistingOf.get(outline);
  if (known !== undefined && known.nodes.length === nodes.length && known.nodes.every((node, at) => node === nodes[at]))
    return known.outline;
  const words = outline.words.slice();
  for (const node of nodes) {
    const at = OUTLINE_HEADER_WORDS + node * NODE_WORDS + 2;
    words[at] = ((words[at] as number) | (1 << PERSISTS_SHIFT)) >>> 0;
  }
  const made = { ...outline, words };
  persistingOf.set(outline, { nodes, outline: made });
  return made;
}

/** Whether a node of the outline waits for the disk. */
export function persists({ words }: Outline, node: number): boolean {
  return (words[OUTLINE_HEADER_WORDS + node * NODE_WORDS + 2] as number) >>> PERSISTS_SHIFT === 1;
}

/** What a node does to the world, as far as that can be said before it starts: `writes` where nothing is known of it. */
export function effectsOf(
  node: NodeDefinition,
  scope: NodeDefinition,
  executables: NodeExecutorFactory | undefined,
): Effects {
  try {
    const effects = executables?.getNodeExecutable(node.type)?.effects;
    if (typeof effects !== "function") return effects ?? "writes";
    // An edge may bring what decides, such as the method of a request.
    const bringsParameters = (scope.edges ?? []).some(
      ({ target, targetHandle }) => target === node.id && (targetHandle ?? DEFAULT_HANDLE) !== DEFAULT_HANDLE,
    );
    return bringsParameters ? "writes" : effects(isRecord(node.parameters) ? node.parameters : {});
  } catch {
    return "writes";
  }
}
