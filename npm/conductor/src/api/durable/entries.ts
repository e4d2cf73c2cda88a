/**
 * The values of a record: what executables answered, as text.
 *
 * A record holds a JSON list of entries `[kind, task, attempt, content]`; what JSON lacks is tagged (`executions/tagged-json.ts`).
 */

import { coded, RETRY } from "../../engine/failure.js";
import type { Inheritable } from "../../engine/inherited-answers.js";
import type { Answer, History, InheritedAnswer, KeptWait, KnownItems } from "../../engine/recorder.js";
import { fromJson, isPlainJson, type Json, type Loss, toJson } from "../../executions/tagged-json.js";
import type { ExecutionError } from "../../types/errors.js";
import type { LogLine } from "../../types/execution-log.js";
import type { OpenQuestion } from "../../types/question.js";
import { type Marks, marked, marksText } from "./marks.js";

/** Kinds of entries. */
const Kind = {
  output: "o",
  blob: "b",
  error: "e",
  items: "i",
  warning: "w",
  variables: "v",
  wait: "t",
  log: "l",
  /** Which nodes of a fork are others than in the execution that it was forked from. */
  fork: "f",
  /** An answer of that execution, which the fork may take over. */
  kept: "k",
  /** One of these was taken over. */
  inherited: "r",
} as const;

/** Characters of a value that is kept apart from its record. */
const LONGEST_INLINE = 65_536;

/** A large value, which entries name by its hash. */
export interface Blob {
  hash: string;
  data: Uint8Array;
}

/** Gives the SHA-256 of bytes in hexadecimal digits; missing where that takes a promise, and values are not kept apart. */
export type Hash = ((data: Uint8Array) => string) | undefined;

/** What is left of a value that loses something when it is written; told to people. */
export type Tell = (loss: Loss) => void;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * The entry of an output, and the blob that it names.
 *
 * @param tell told of what changes: of an instance of a class only its fields are kept
 * @throws Error SERIALIZATION_FAILED naming the place of what cannot be written
 */
export function outputEntry(
  task: number,
  attempt: number,
  value: unknown,
  hash: Hash,
  tell: Tell,
  isReused = false,
): { entry: string; blob?: Blob } {
  const text = textOf(value, "The output", tell);
  const routes = marksText(value, (carried) => textOf(carried, "What the output carries", tell));
  const marks = isReused ? `${routes || ",0"},1` : routes;
  if (hash === undefined || text.length <= LONGEST_INLINE) {
    return { entry: `["${Kind.output}",${task},${attempt},${text}${marks}]` };
  }
  const data = encoder.encode(text);
  const blob = { hash: hash(data), data };
  return { entry: `["${Kind.blob}",${task},${attempt},"${blob.hash}"${marks}]`, blob };
}

/** The entry of a failure. What its error cannot be written with is left out. */
export function errorEntry(task: number, attempt: number, error: ExecutionError, advice: Advice): string {
  const content = { error: toJson({ ...error }, () => {}), ...(advice !== undefined && { advice }) };
  return JSON.stringify([Kind.error, task, attempt, content]);
}

type Advice = false | number | undefined;

/** The entry of a loop's items. @throws Error SERIALIZATION_FAILED naming the place of what cannot be written */
export function itemsEntry(task: number, attempt: number, items: KnownItems, tell: Tell): string {
  return `["${Kind.items}",${task},${attempt},${textOf(items, "The list", tell)}]`;
}

/** The entry of a warning. */
export function warningEntry(task: number, rule: string, message: string): string {
  return JSON.stringify([Kind.warning, task, 0, { rule, message }]);
}

/** The entry of a wait, the `number`-th of this attempt. @throws Error SERIALIZATION_FAILED naming the place of what cannot be written */
export function waitEntry(task: number, attempt: number, number: number, wait: KeptWait): string {
  return `["${Kind.wait}",${task},${attempt},${textOf({ number, ...wait }, "What is waited for", () => {})}]`;
}

/** The questions that were open when a record was written, of one that was written at rest. */
export function questionsIn(values: Uint8Array): OpenQuestion[] {
  if (values.byteLength === 0) return [];
  const open = new Map<string, OpenQuestion>();
  for (const [kind, , , content] of JSON.parse(decoder.decode(values)) as Entry[]) {
    if (kind !== Kind.wait) continue;
    const { question, isOpen } = fromJson(content) as KeptWait;
    if (isOpen === true && question !== undefined) open.set(question.id, question);
  }
  return [...open.values()];
}

/** The entry of what a node said. */
export function logEntry(task: number, line: LogLine): string {
  return JSON.stringify([Kind.log, task, 0, line]);
}

/** The entry of the run's variables. @throws Error SERIALIZATION_FAILED naming the place of what cannot be written */
export function variablesEntry(text: string): string {
  return `["${Kind.variables}",0,0,${text}]`;
}

/** The entry of an answer that was taken over: its number among those that may be. */
export function inheritedEntry(task: number, attempt: number, number: number): string {
  return `["${Kind.inherited}",${task},${attempt},${number}]`;
}

/** The entry that says which nodes, by their place in the outline, a fork does not take over answers for. */
export function forkEntry(inside: Iterable<number>, outputs: Iterable<number>): string {
  return JSON.stringify([Kind.fork, 0, 0, { inside: [...inside], outputs: [...outputs] }]);
}

/** The entry of an answer that a fork may take over for a node, under a key of `engine/inherited-answers.ts`. */
export function keptEntry(node: number, key: string, { entry, variables }: RecordedAnswer): string {
  return JSON.stringify([Kind.kept, node, 0, { key, ...(variables !== undefined && { variables }) }, entry]);
}

/**
 * A value as text.
 *
 * @throws Error SERIALIZATION_FAILED naming the place of what cannot be written
 */
export function textOf(value: unknown, name: string, tell: Tell): string {
  if (canBeText(value)) return JSON.stringify(value);
  let lost: Loss | undefined;
  const json = toJson(value, (loss) => {
    // An instance of a class is kept as its fields, which is told.
    if (loss.what.startsWith("that it is")) tell(loss);
    else lost ??= loss;
  });
  if (lost !== undefined) {
    const { path, what } = lost as Loss;
    const message = `${name} cannot be kept: ${path === "" ? "it" : path} is ${what}. Return plain data, or run the flow without a \`store\``;
    throw Object.assign(coded("SERIALIZATION_FAILED", message, undefined), { [RETRY]: false });
  }
  return JSON.stringify(json);
}

/** Whether a value is one of JSON, as nearly all are. */
function canBeText(value: unknown): boolean {
  try {
    return isPlainJson(value);
  } catch {
    return false;
  }
}

/** Bytes that V8 keeps beside their object; making room for more takes ten times as long as filling so few. */
const FEW_BYTES = 64;

/** Bytes of a record's values. */
export function recordBytes(entries: readonly string[]): Uint8Array {
  const text = `[${entries.join(",")}]`;
  if (text.length > FEW_BYTES) return encoder.encode(text);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) return encoder.encode(text);
    bytes[at] = unit;
  }
  return bytes;
}

/** Bytes of a record's part of the journal. */
export function journalBytes(words: readonly number[]): Uint8Array {
  const length = words.length * 4;
  if (length > FEW_BYTES || !IS_LITTLE_ENDIAN) return new Uint8Array(Uint32Array.from(words).buffer);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const word of words) for (let shift = 0; shift < 32; shift += 8) bytes[at++] = word >>> shift;
  return bytes;
}

/** Bytes of a value's text. */
export function bytesOf(value: unknown, name: string, tell: Tell): Uint8Array {
  return encoder.encode(textOf(value, name, tell));
}

/** The value of bytes. */
export function valueIn(bytes: Uint8Array): unknown {
  return fromJson(JSON.parse(decoder.decode(bytes)) as Json);
}

/** What records say of a run, as the engine's host takes it. Their values are read where they are first asked for. */
export class Records implements History {
  readonly journal: Uint32Array;
  readonly isAsleep: boolean;
  private readonly isKept: boolean;
  private readonly found = new Map<number, Entry>();
  private readonly answers = new Map<number, Answer>();
  private readonly contents = new Map<string, Uint8Array>();
  /** What each record holds beside answers, once it was read. */
  private readonly rest: Entry[][] = [];
  private others: Others | undefined;
  /** What became of the run's variables, in each record that was read. */
  private readonly changes: VariablesAfter[][] = [];
  private inherited: Inherited | undefined;
  /** The values of each record, until they are read. */
  private readonly unread: (Uint8Array | undefined)[] = [];
  /** The word of the journal at which each record begins. */
  private readonly words: number[] = [];
  /** All records before this one were read. */
  private next = 0;

  /**
   * @param isAsleep whether the run was at rest when it left memory
   * @param isKept whether answers stay as they were recorded when they are read: making their values uses them up otherwise
   */
  constructor(
    records: readonly { journal: Uint8Array; values: Uint8Array }[],
    { isAsleep = false, isKept = false }: { isAsleep?: boolean; isKept?: boolean } = {},
  ) {
    this.isAsleep = isAsleep;
    this.isKept = isKept;
    const length = records.reduce((bytes, { journal }) => bytes + journal.byteLength, 0);
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const { journal, values } of records) {
      bytes.set(journal, at);
      this.words.push(at >> 2);
      this.unread.push(values);
      at += journal.byteLength;
    }
    this.journal = new Uint32Array(bytes.buffer, 0, length >> 2);
  }

  /** @throws SyntaxError, TypeError for bytes that are no values */
  get warnings(): Others["warnings"] {
    return this.all().warnings;
  }

  /** @throws SyntaxError, TypeError for bytes that are no values */
  get variables(): Record<string, unknown> | undefined {
    return this.all().variables;
  }

  /** Hashes of blobs that are still to be read. @throws SyntaxError, TypeError for bytes that are no values */
  get blobs(): ReadonlySet<string> {
    return this.all().blobs;
  }

  /** What nodes said, in order. @throws SyntaxError, TypeError for bytes that are no values */
  get log(): readonly LogLine[] {
    return this.all().log;
  }

  /** The run's variables each time they changed, and the answer that they changed with. @throws SyntaxError, TypeError for bytes that are no values */
  get variableChanges(): readonly VariablesAfter[] {
    this.all();
    return this.changes.flat();
  }

  /** What the run may take over from another execution; `undefined` for one that is no fork. */
  get inheritable(): Inheritable | undefined {
    const { changed, byKey } = this.inheritance();
    if (changed === undefined) return undefined;
    return {
      inside: new Set(changed.inside),
      outputs: new Set(changed.outputs),
      answer: (node, key) => this.keptAnswer(byKey.get(`${node} ${key}`)),
    };
  }

  /** What the first record of a fork tells. */
  private inheritance(): Inherited {
    if (this.inherited !== undefined) return this.inherited;
    const inherited: Inherited = { changed: undefined, kept: [], byKey: new Map() };
    this.read(0);
    for (const entry of this.rest[0] ?? []) {
      if (entry[0] === Kind.fork) inherited.changed = entry[3] as unknown as ChangedNodes;
      if (entry[0] !== Kind.kept) continue;
      const [, node, , { key }] = entry as unknown as KeptEntry;
      inherited.byKey.set(`${node} ${key}`, inherited.kept.length);
      inherited.kept.push(entry as unknown as KeptEntry);
    }
    this.inherited = inherited;
    return inherited;
  }

  private keptAnswer(number: number | undefined): InheritedAnswer | undefined {
    const kept = number === undefined ? undefined : this.inheritance().kept[number];
    if (number === undefined || kept === undefined) return undefined;
    // It may be taken over more than once, where a group begins again.
    const [, , , { variables }, entry] = structuredClone(kept);
    return {
      number,
      answer: this.answerIn(entry),
      variables: variables && { set: fromJson(variables.set) as Record<string, unknown>, removed: variables.removed },
    };
  }

  /** An answer as it was recorded. */
  recorded(task: number, attempt: number): RecordedAnswer | undefined {
    this.all();
    const entry = this.found.get(keyOf(task, attempt));
    const kept = entry?.[0] === Kind.inherited ? this.inheritance().kept[entry[3] as number]?.[4] : entry;
    return kept && { entry: kept };
  }

  /** What an answer says, as tagged JSON: a value, or of a failure code and message. */
  contentOf({ entry }: RecordedAnswer): Json {
    const [kind, , , content] = entry;
    if (kind === Kind.blob) return JSON.parse(decoder.decode(this.contents.get(content as string))) as Json;
    if (kind !== Kind.error) return content;
    const { code, message } = (content as { error: { code: Json; message: Json } }).error;
    return { code, message };
  }

  /** The content of the blob that a recorded answer names, if it names one. */
  blobOf({ entry }: RecordedAnswer): Blob | undefined {
    if (entry[0] !== Kind.blob) return undefined;
    const hash = entry[3] as string;
    return { hash, data: this.contents.get(hash) as Uint8Array };
  }

  /** Takes the content of a blob. */
  take(hash: string, data: Uint8Array): void {
    this.contents.set(hash, data);
  }

  waits(task: number, attempt: number): ReadonlyMap<number, KeptWait> | undefined {
    return this.all().waits.get(keyOf(task, attempt));
  }

  answer(task: number, attempt: number): Answer | undefined {
    const key = keyOf(task, attempt);
    while (this.next < this.unread.length && !this.found.has(key) && !this.answers.has(key)) this.read(this.next++);
    return this.answerOf(key);
  }

  /** The same answer, which came not long before the word of the journal that tells of it. */
  answerNear(word: number, task: number, attempt: number): Answer | undefined {
    const key = keyOf(task, attempt);
    for (let record = this.recordOf(word); record >= 0; record--) {
      this.read(record);
      if (this.found.has(key) || this.answers.has(key)) return this.answerOf(key);
    }
    return this.answer(task, attempt);
  }

  private recordOf(word: number): number {
    let [from, to] = [0, this.words.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.words[middle] as number) <= word) from = middle + 1;
      else to = middle;
    }
    return from - 1;
  }

  private all(): Others {
    while (this.next < this.unread.length) this.read(this.next++);
    if (this.others !== undefined) return this.others;
    const others: Others = { warnings: [], variables: undefined, blobs: new Set(), log: [], waits: new Map() };
    for (const entry of this.rest.flat()) {
      const [kind, task, attempt, content] = entry;
      if (kind === Kind.warning) others.warnings.push({ task, ...(content as { rule: string; message: string }) });
      else if (kind === Kind.variables) others.variables = fromJson(this.own(content)) as Record<string, unknown>;
      else if (kind === Kind.log) others.log.push(content as unknown as LogLine);
      else if (kind === Kind.wait) {
        const { number, ...wait } = fromJson(content) as KeptWait & { number: number };
        const key = keyOf(task, attempt);
        const waits = others.waits.get(key) ?? new Map<number, KeptWait>();
        others.waits.set(key, waits.set(number, { ...waits.get(number), ...wait }));
      } else if (kind === Kind.blob) others.blobs.add(content as string);
      else if (kind === Kind.kept) {
        const [, , , , [answer, , , hash]] = entry as unknown as KeptEntry;
        if (answer === Kind.blob) others.blobs.add(hash as string);
      }
    }
    this.others = others;
    return others;
  }

  private read(record: number): void {
    const values = this.unread[record];
    this.unread[record] = undefined;
    if (values === undefined || values.byteLength === 0) return;
    const rest: Entry[] = [];
    const changes: VariablesAfter[] = [];
    let variables: Json | undefined;
    for (const entry of JSON.parse(decoder.decode(values)) as Entry[]) {
      const [kind, task, attempt, content] = entry;
      const isAnswer = !BESIDE.has(kind);
      if (isAnswer) this.found.set(keyOf(task, attempt), entry);
      if (!isAnswer || kind === Kind.blob) rest.push(entry);
      if (kind === Kind.variables) variables = content;
      if (!isAnswer || variables === undefined) continue;
      changes.push({ task, attempt, variables });
      variables = undefined;
    }
    this.rest[record] = rest;
    this.changes[record] = changes;
  }

  private answerOf(key: number): Answer | undefined {
    const known = this.answers.get(key);
    const entry = this.found.get(key);
    if (known !== undefined || entry === undefined) return known;
    const answer = this.answerIn(this.own(entry));
    if (!this.isKept) this.found.delete(key);
    this.answers.set(key, answer);
    return answer;
  }

  /** What a value can be made of, which uses it up. */
  private own<T extends Json | Entry>(recorded: T): T {
    return this.isKept ? structuredClone(recorded) : recorded;
  }

  private answerIn([kind, , , content, routes, reused]: Entry): Answer {
    const marks = routes === 0 ? undefined : routes;
    const isReused = reused === 1;
    switch (kind) {
      case Kind.output:
        return { kind: "output", value: marked(fromJson(content), marks), isReused };
      case Kind.blob: {
        const data = this.contents.get(content as string);
        if (data === undefined) throw new TypeError(`The value ${String(content)} is missing`);
        return { kind: "output", value: marked(valueIn(data), marks), isReused };
      }
      case Kind.items:
        return { kind: "items", items: fromJson(content) as unknown as KnownItems };
      case Kind.inherited: {
        const inherited = this.keptAnswer(content as number);
        if (inherited === undefined)
          throw new TypeError(`The answer ${String(content)} of the execution before is missing`);
        return { ...inherited.answer, inherited: true };
      }
      case Kind.error: {
        const { error, advice } = content as { error: Json; advice?: false | number };
        return { kind: "error", error: fromJson(error) as ExecutionError, advice };
      }
      default:
        throw new TypeError(`Entries of kind ${JSON.stringify(kind)} are not known; they come from a newer version`);
    }
  }
}

/** What records hold beside answers. */
interface Others {
  warnings: { task: number; rule: string; message: string }[];
  variables: Record<string, unknown> | undefined;
  blobs: Set<string>;
  log: LogLine[];
  /** Waits of each attempt, by their numbers. */
  waits: Map<number, Map<number, KeptWait>>;
}

/** What the records of a fork hold of the execution that it was forked from. */
interface Inherited {
  /** Missing for an execution that is no fork. */
  changed: ChangedNodes | undefined;
  kept: KeptEntry[];
  /** Places in `kept`. */
  byKey: Map<string, number>;
}

interface ChangedNodes {
  inside: number[];
  outputs: number[];
}

/** The run's variables after an answer. */
interface VariablesAfter {
  task: number;
  attempt: number;
  variables: Json;
}

type KeptEntry = [kind: typeof Kind.kept, node: number, unused: number, content: Kept, entry: Entry];

interface Kept {
  key: string;
  variables?: VariablesChange;
}

/** What became of a run's variables with an answer. */
export interface VariablesChange {
  set: Json;
  removed: readonly string[];
}

/** An answer as a record has it. */
export interface RecordedAnswer {
  readonly entry: Entry;
  variables?: VariablesChange | undefined;
}

/** Kinds of what is no answer. */
const BESIDE: ReadonlySet<string> = new Set([Kind.warning, Kind.variables, Kind.log, Kind.wait, Kind.fork, Kind.kept]);

/** `marks`: 0 for none. `reused`: 1 for an output that another attempt made. */
type Entry = [kind: string, task: number, attempt: number, content: Json, marks?: Marks | 0, reused?: 1];

/** Attempts cross to the engine in 24 bits. */
function keyOf(task: number, attempt: number): number {
  return task * 2 ** 24 + attempt;
}
