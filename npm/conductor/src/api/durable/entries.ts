/**
 * The values of a record: what executables answered, as text.
 *
 * A record holds a JSON list of entries `[kind, task, attempt, content]`; what JSON lacks is tagged (`executions/tagged-json.ts`).
 */

import { coded, RETRY } from "../../engine/failure.js";
import type { Inheritable } from "../../engine/inherited-answers.js";
import type { Answer, History, InheritedAnswer, KeptWait, KnownItems } from "../../engine/recorder.js";
import type { Redacted } from "../../engine/redact.js";
import { fromJson, isPlainJson, type Json, type Loss, toJson } from "../../executions/tagged-json.js";
import { REDACTED } from "../../expressions/redaction.js";
import type { ExecutionError } from "../../types/errors.js";
import type { LogLine } from "../../types/execution-log.js";
import type { OpenQuestion } from "../../types/question.js";
import { type Marks, marked, marksText } from "./marks.js";
import { type Hide, mayRefer, namesIn, revealed } from "./secret-references.js";

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

/** How values become text. */
export interface Writing {
  /** Told of what changes: of an instance of a class only its fields are kept. */
  tell: Tell;
  /** Takes secrets out. */
  hide?: Hide;
  /** Gives what of a value may be kept. */
  shown?: ((value: unknown) => Redacted) | undefined;
}

/**
 * The entry of an output, and the blob that it names.
 *
 * @throws Error SERIALIZATION_FAILED naming the place of what cannot be written
 */
export function outputEntry(
  task: number,
  attempt: number,
  output: unknown,
  hash: Hash,
  writing: Writing,
  isReused = false,
): { entry: string; blob?: Blob } {
  const { value, paths } = shownOf(output, writing);
  const text = textOf(value, "The output", writing);
  const left = [...paths];
  const routes = marksText(output, (carried) => {
    return textOf(carriedShown(carried, left, writing), "What the output carries", writing);
  });
  const marks = tailOf(routes, isReused, left);
  if (hash === undefined || text.length <= LONGEST_INLINE) {
    return { entry: `["${Kind.output}",${task},${attempt},${text}${marks}]` };
  }
  const data = encoder.encode(text);
  const blob = { hash: hash(data), data };
  return { entry: `["${Kind.blob}",${task},${attempt},"${blob.hash}"${marks}]`, blob };
}

/** What follows the content of an entry: the marks of a routed value, whether it was reused, which parts were left out. */
function tailOf(routes: string, isReused: boolean, paths: readonly string[]): string {
  if (paths.length > 0) return `${routes || ",0"},${isReused ? 1 : 0},${JSON.stringify(paths)}`;
  return isReused ? `${routes || ",0"},1` : routes;
}

/** What may be kept of a value. */
function shownOf(value: unknown, { shown }: Writing): Redacted {
  return shown?.(value) ?? { value, paths: [] };
}

/** What may be kept of values that are carried apart; adds the paths of what may not to `left`. */
function carriedShown(
  carried: ReadonlyMap<string, unknown>,
  left: string[],
  writing: Writing,
): ReadonlyMap<string, unknown> {
  if (writing.shown === undefined) return carried;
  return new Map(
    Array.from(carried, ([handle, part]) => {
      const { value, paths } = shownOf(part, writing);
      left.push(...paths);
      return [handle, value];
    }),
  );
}

/** The entry of a failure. What its error cannot be written with is left out. */
export function errorEntry(
  task: number,
  attempt: number,
  error: ExecutionError,
  advice: Advice,
  hide: Hide = undefined,
): string {
  const content = { error: toJson({ ...error }, () => {}), ...(advice !== undefined && { advice }) };
  return `["${Kind.error}",${task},${attempt},${hidden(JSON.stringify(content), hide)}]`;
}

function hidden(json: string, hide: Hide): string {
  return hide === undefined ? json : hide(json);
}

type Advice = false | number | undefined;

/** The entry of a loop's items. @throws Error SERIALIZATION_FAILED naming the place of what cannot be written */
export function itemsEntry(task: number, attempt: number, items: KnownItems, writing: Writing): string {
  const { value, paths } = shownOf(items, writing);
  return `["${Kind.items}",${task},${attempt},${textOf(value, "The list", writing)}${tailOf("", false, paths)}]`;
}

/** The entry of a warning. */
export function warningEntry(task: number, rule: string, message: string, hide: Hide = undefined): string {
  return `["${Kind.warning}",${task},0,${hidden(JSON.stringify({ rule, message }), hide)}]`;
}

/** The entry of a wait, the `number`-th of this attempt. @throws Error SERIALIZATION_FAILED naming the place of what cannot be written */
export function waitEntry(
  task: number,
  attempt: number,
  number: number,
  wait: KeptWait,
  hide: Hide = undefined,
): string {
  const text = textOf({ number, ...wait }, "What is waited for", { tell: () => {}, hide });
  return `["${Kind.wait}",${task},${attempt},${text}]`;
}

/** The questions that were open when a record was written, of one that was written at rest. */
export function questionsIn(values: Uint8Array): OpenQuestion[] {
  if (values.byteLength === 0) return [];
  const open = new Map<string, OpenQuestion>();
  for (const [kind, , , content] of JSON.parse(decoder.decode(values)) as Entry[]) {
    if (kind !== Kind.wait) continue;
    const { question, isOpen } = fromJson(NAMES_ALONE.in(content)) as KeptWait;
    if (isOpen === true && question !== undefined) open.set(question.id, question);
  }
  return [...open.values()];
}

/** The entry of what a node said. */
export function logEntry(task: number, line: LogLine): string {
  return JSON.stringify([Kind.log, task, 0, line]);
}

/** The entry of the run's variables. @throws Error SERIALIZATION_FAILED naming the place of what cannot be written */
export function variablesEntry(variables: Record<string, unknown>, writing: Writing): string {
  const { value, paths } = shownOf(variables, writing);
  return `["${Kind.variables}",0,0,${textOf(value, "The run's variables", writing)}${tailOf("", false, paths)}]`;
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
export function textOf(value: unknown, name: string, { tell, hide }: Writing): string {
  if (canBeText(value)) return hidden(JSON.stringify(value), hide);
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
  return hidden(JSON.stringify(json), hide);
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

/** What callers give to a run, in which secrets may be. */
const GIVEN = ["input", "variables", "debug"];

/** What a run is made from beside its flow, as bytes. @throws Error SERIALIZATION_FAILED naming the place of what cannot be written */
export function headBytes(head: object, hide: Hide): Uint8Array {
  const text = textOf(head, "What the execution is given", { tell: () => {} });
  if (hide === undefined) return encoder.encode(text);
  const fields = JSON.parse(text) as Record<string, Json>;
  for (const key of GIVEN) {
    if (fields[key] !== undefined) fields[key] = JSON.parse(hide(JSON.stringify(fields[key]))) as Json;
  }
  return encoder.encode(JSON.stringify(fields));
}

/** The same, of an execution of another id. */
export function headOf(executionId: string, head: Uint8Array): Uint8Array {
  // Secrets that it names stay names.
  return encoder.encode(JSON.stringify({ ...(JSON.parse(decoder.decode(head)) as object), executionId }));
}

/** Secrets that are named in the text of bytes. */
export function secretsIn(bytes: Uint8Array): Iterable<string> {
  const text = decoder.decode(bytes);
  return mayRefer(text) ? namesIn(JSON.parse(text) as Json) : [];
}

/** The value of bytes. `secrets`: what it names; if missing, the names stand in their place. */
export function valueIn(bytes: Uint8Array, secrets = NAMES_ALONE): unknown {
  const text = decoder.decode(bytes);
  const json = JSON.parse(text) as Json;
  return fromJson(mayRefer(text) ? secrets.in(json) : json);
}

/** What stands for the secrets that values name. */
export class KnownSecrets {
  /** @param values by name; missing where people are shown the names instead */
  constructor(private readonly values: ReadonlyMap<string, string> | undefined) {}

  /** A value with its secrets. */
  in(json: Json): Json {
    const { values } = this;
    const isShown = values === undefined;
    return revealed(json, (name) => values?.get(name) ?? `\u0024{{ secrets.${name} }}`, isShown);
  }
}

/** What is shown to people has the names of secrets in their place. */
const NAMES_ALONE = new KnownSecrets(undefined);

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
  /** Names of secrets that values have which were read. */
  private readonly names = new Set<string>();
  private hasLeftOut = false;
  /** What they are; to be set before values are asked for. */
  secrets = NAMES_ALONE;

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

  /** May be added to. @throws SyntaxError, TypeError for bytes that are no values */
  get warnings(): Others["warnings"] {
    return this.all().warnings;
  }

  /** @throws SyntaxError, TypeError for bytes that are no values */
  get variables(): Record<string, unknown> | undefined {
    return this.all().variables;
  }

  /** Of what was left out of the run's variables. @throws SyntaxError, TypeError for bytes that are no values */
  get variablesLeftOut(): readonly string[] {
    return this.all().variablesLeftOut;
  }

  /** Hashes of blobs that are still to be read. @throws SyntaxError, TypeError for bytes that are no values */
  get blobs(): ReadonlySet<string> {
    const blobs = new Set<string>();
    for (const entry of this.beside()) {
      const [kind, , , content] = entry[0] === Kind.kept ? (entry as unknown as KeptEntry)[4] : entry;
      if (kind === Kind.blob) blobs.add(content as string);
    }
    return blobs;
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
      variables: variables && {
        set: this.valueOf(variables.set) as Record<string, unknown>,
        removed: variables.removed,
      },
    };
  }

  /** An answer as it was recorded. */
  recorded(task: number, attempt: number): RecordedAnswer | undefined {
    this.all();
    const entry = this.found.get(keyOf(task, attempt));
    const kept = entry?.[0] === Kind.inherited ? this.inheritance().kept[entry[3] as number]?.[4] : entry;
    return kept && { entry: kept };
  }

  /** What an answer says, as tagged JSON with the names of secrets in their place: a value, or of a failure code and message. */
  contentOf({ entry }: RecordedAnswer): Json {
    const [kind, , , content] = entry;
    if (kind === Kind.blob) {
      return NAMES_ALONE.in(JSON.parse(decoder.decode(this.contents.get(content as string))) as Json);
    }
    if (kind !== Kind.error) return NAMES_ALONE.in(content);
    const { code, message } = (content as { error: { code: Json; message: Json } }).error;
    return NAMES_ALONE.in({ code, message });
  }

  /** The content of the blob that a recorded answer names, if it names one. */
  blobOf({ entry }: RecordedAnswer): Blob | undefined {
    if (entry[0] !== Kind.blob) return undefined;
    const hash = entry[3] as string;
    return { hash, data: this.contents.get(hash) as Uint8Array };
  }

  /** Names of secrets that values have, those of the blobs that were taken too. @throws SyntaxError, TypeError for bytes that are no values */
  get secretNames(): ReadonlySet<string> {
    this.readAll();
    return this.names;
  }

  /** @throws SyntaxError, TypeError for bytes that are no values */
  get leavesOut(): boolean {
    this.readAll();
    return this.hasLeftOut;
  }

  /** Takes the content of a blob. */
  take(hash: string, data: Uint8Array): void {
    this.contents.set(hash, data);
    for (const name of secretsIn(data)) this.names.add(name);
  }

  private valueOf(content: Json): unknown {
    return fromJson(this.names.size > 0 ? this.secrets.in(content) : content);
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
    if (this.others !== undefined) return this.others;
    const others: Others = { warnings: [], variables: undefined, variablesLeftOut: [], log: [], waits: new Map() };
    for (const [kind, task, attempt, content, , , redacted = []] of this.beside()) {
      if (kind === Kind.warning) {
        others.warnings.push({ task, ...(this.valueOf(content) as { rule: string; message: string }) });
      } else if (kind === Kind.variables) {
        others.variables = this.valueOf(this.own(content)) as Record<string, unknown>;
        others.variablesLeftOut = redacted;
      } else if (kind === Kind.log) others.log.push(content as unknown as LogLine);
      else if (kind === Kind.wait) {
        const { number, ...wait } = this.valueOf(content) as KeptWait & { number: number };
        const key = keyOf(task, attempt);
        const waits = others.waits.get(key) ?? new Map<number, KeptWait>();
        others.waits.set(key, waits.set(number, { ...waits.get(number), ...wait }));
      }
    }
    this.others = others;
    return others;
  }

  /** What all records hold beside answers, and the answers that are blobs. */
  private beside(): Entry[] {
    this.readAll();
    return this.rest.flat();
  }

  private readAll(): void {
    while (this.next < this.unread.length) this.read(this.next++);
  }

  private read(record: number): void {
    const values = this.unread[record];
    this.unread[record] = undefined;
    if (values === undefined || values.byteLength === 0) return;
    const rest: Entry[] = [];
    const changes: VariablesAfter[] = [];
    let variables: Omit<VariablesAfter, "task" | "attempt"> | undefined;
    const text = decoder.decode(values);
    const entries = JSON.parse(text) as Entry[];
    if (mayRefer(text)) for (const name of namesIn(entries as unknown as Json)) this.names.add(name);
    for (const entry of entries) {
      const [kind, task, attempt, content, , , redacted] = entry;
      if (redacted !== undefined || (kind === Kind.kept && isWithoutParts(entry as unknown as KeptEntry))) {
        this.hasLeftOut = true;
      }
      const isAnswer = !BESIDE.has(kind);
      if (isAnswer) this.found.set(keyOf(task, attempt), entry);
      if (!isAnswer || kind === Kind.blob) rest.push(entry);
      if (kind === Kind.variables) variables = { variables: content, redacted };
      if (!isAnswer || variables === undefined) continue;
      changes.push({ task, attempt, ...variables });
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

  private answerIn([kind, , , content, routes, reused, redacted]: Entry): Answer {
    const marks = routes === 0 ? undefined : routes;
    const isReused = reused === 1;
    switch (kind) {
      case Kind.output:
        return { kind: "output", value: this.marked(this.valueOf(content), marks, redacted), isReused, redacted };
      case Kind.blob: {
        const data = this.contents.get(content as string);
        if (data === undefined) throw new TypeError(`The value ${String(content)} is missing`);
        const value = this.marked(valueIn(data, this.secrets), marks, redacted);
        return { kind: "output", value, isReused, redacted };
      }
      case Kind.items:
        return { kind: "items", items: this.valueOf(content) as KnownItems, redacted };
      case Kind.inherited: {
        const inherited = this.keptAnswer(content as number);
        if (inherited === undefined)
          throw new TypeError(`The answer ${String(content)} of the execution before is missing`);
        return { ...inherited.answer, inherited: true };
      }
      case Kind.error: {
        const { error, advice } = content as { error: Json; advice?: false | number };
        return { kind: "error", error: this.valueOf(error) as ExecutionError, advice };
      }
      default:
        throw new TypeError(`Entries of kind ${JSON.stringify(kind)} are not known; they come from a newer version`);
    }
  }

  private marked(kept: unknown, marks: Marks | undefined, redacted: readonly string[] = []): unknown {
    // What stands for something that is missing has to be told apart from every other value.
    const standIn = (value: unknown) => (value === REDACTED && redacted.length > 0 ? Object(value) : value);
    return marked(marks === undefined ? kept : standIn(kept), marks, (carried) => {
      const parts = this.valueOf(carried) as ReadonlyMap<string, unknown>;
      return redacted.length === 0 ? parts : new Map(Array.from(parts, ([handle, part]) => [handle, standIn(part)]));
    });
  }
}

/** What records hold beside answers. */
interface Others {
  warnings: { task: number; rule: string; message: string }[];
  variables: Record<string, unknown> | undefined;
  variablesLeftOut: readonly string[];
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
  /** Paths of what was left out of them. */
  redacted: readonly string[] | undefined;
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
  /** Paths of what was left out of `set`. */
  redacted?: readonly string[];
}

/** An answer as a record has it. */
export interface RecordedAnswer {
  readonly entry: Entry;
  variables?: VariablesChange | undefined;
}

/** Paths of what was left out of an answer, and whether it is the items of a loop. */
export function leftOutOf({ entry }: RecordedAnswer): { paths: readonly string[]; isItems: boolean } {
  return { paths: entry[6] ?? [], isItems: entry[0] === Kind.items };
}

function isWithoutParts([, , , { variables }, entry]: KeptEntry): boolean {
  return variables?.redacted !== undefined || entry[6] !== undefined;
}

/** Kinds of what is no answer. */
const BESIDE: ReadonlySet<string> = new Set([Kind.warning, Kind.variables, Kind.log, Kind.wait, Kind.fork, Kind.kept]);

/** `marks`: 0 for none. `reused`: 1 for an output that another attempt made. `redacted`: paths of what was left out. */
type Entry = [
  kind: string,
  task: number,
  attempt: number,
  content: Json,
  marks?: Marks | 0,
  reused?: 0 | 1,
  redacted?: string[],
];

/** Attempts cross to the engine in 24 bits. */
function keyOf(task: number, attempt: number): number {
  return task * 2 ** 24 + attempt;
}
