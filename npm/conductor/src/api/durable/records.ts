/** Reading the records of an execution. */
import type { ExecutionRecord, ExecutionStore } from "@atomiton/storage";

import type { Inheritable } from "../../engine/inherited-answers.js";
import {
  type Answer,
  answersTold,
  type History,
  type InheritedAnswer,
  type KeptWait,
  type KnownItems,
  tellsAnswer,
} from "../../engine/recorder.js";
import { fromJson, type Json } from "../../executions/tagged-json.js";
import { REDACTED } from "../../expressions/redaction.js";
import type { ExecutionError } from "../../types/errors.js";
import type { LogLine } from "../../types/execution-log.js";
import { type Blob, NAMES_ALONE, secretsIn, valueIn } from "./entries.js";
import { type Entry, type KeptEntry, Kind, type RecordedAnswer } from "./entry.js";
import { type Marks, marked } from "./marks.js";
import { mayRefer, namesIn } from "./secret-references.js";
import type { TypeVersions } from "./type-versions.js";

const decoder = new TextDecoder();

/** Records that are read at once. */
const PAGE = 1_000;

/** All records of an execution, in order. */
export async function allRecords(store: ExecutionStore, id: string): Promise<ExecutionRecord[]> {
  const all: ExecutionRecord[] = [];
  for (;;) {
    const records = await store.records(id, all.at(-1)?.sequence ?? 0, PAGE);
    for (const record of records) all.push(record);
    if (records.length < PAGE) return all;
  }
}

/** What records say of a run, as the engine's host takes it. Their values are read where they are first asked for. */
export class Records implements History {
  journal: Uint32Array;
  readonly isAsleep: boolean;
  /** The owner that wrote the last record; 0 without one. */
  readonly lastEpoch: number;
  private readonly isKept: boolean;
  private readonly found = new Map<number, Entry>();
  private readonly answers = new Map<number, Answer>();
  private readonly contents = new Map<string, Uint8Array>();
  /** What each record holds beside answers, once it was read. */
  private readonly rest: Entry[][] = [];
  private others: Others | undefined;
  /** What became of the run's variables, in each record that was read, also with answers that no step tells of. */
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
    records: readonly { journal: Uint8Array; values: Uint8Array; epoch?: number }[],
    { isAsleep = false, isKept = false }: { isAsleep?: boolean; isKept?: boolean } = {},
  ) {
    this.isAsleep = isAsleep;
    this.isKept = isKept;
    this.lastEpoch = records.at(-1)?.epoch ?? 0;
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

  /** Lets the journal end after so many words, so that what came later did not happen. */
  endAt(words: number): void {
    this.journal = this.journal.subarray(0, words);
    this.others = undefined;
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

  /** The versions of node types that it went on with, where these are others than it began with. @throws SyntaxError for bytes that are no values */
  get types(): TypeVersions | undefined {
    const found = this.beside().filter(([kind]) => kind === Kind.types);
    return found.at(-1)?.[3] as TypeVersions | undefined;
  }

  /**
   * Take-overs in a row after which no node answered, the latest last: for each the nodes that were under way when it happened, by their
   * place in the outline. @throws SyntaxError for bytes that are no values
   */
  get takeOvers(): (readonly number[])[] {
    this.readAll();
    let found: (readonly number[])[] = [];
    let since = 0;
    this.rest.forEach((entries, record) => {
      for (const [kind, , , content] of entries) {
        if (kind !== Kind.takenOver) continue;
        const at = this.words[record] as number;
        if (tellsAnswer(this.journal.subarray(since, at))) found = [];
        since = at;
        if (content === null) found = [];
        else found.push(content as number[]);
      }
    });
    return tellsAnswer(this.journal.subarray(since)) ? [] : found;
  }

  /** The run's variables each time they changed, and the answer that they changed with. @throws SyntaxError, TypeError for bytes that are no values */
  get variableChanges(): readonly VariablesAfter[] {
    return this.all().variableChanges;
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

  /** Whether it is a fork none of whose nodes that run needs what is missing of the answers, and of the parameters of the others. */
  get isCheckedFork(): boolean {
    return this.inheritance().changed?.isChecked === true;
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
    const others: Others = {
      warnings: [],
      variables: undefined,
      variablesLeftOut: [],
      variableChanges: [],
      log: [],
      waits: new Map(),
    };
    for (const [kind, task, attempt, content] of this.beside()) {
      if (kind === Kind.warning) {
        others.warnings.push({ task, ...(this.valueOf(content) as { rule: string; message: string }) });
      } else if (kind === Kind.log) others.log.push(content as unknown as LogLine);
      else if (kind === Kind.wait) {
        const { number, ...wait } = this.valueOf(content) as KeptWait & { number: number };
        const key = keyOf(task, attempt);
        const waits = others.waits.get(key) ?? new Map<number, KeptWait>();
        others.waits.set(key, waits.set(number, { ...waits.get(number), ...wait }));
      }
    }
    others.variableChanges = this.toldChanges();
    const last = others.variableChanges.at(-1);
    if (last !== undefined) {
      others.variables = this.valueOf(this.own(last.variables)) as Record<string, unknown>;
      others.variablesLeftOut = last.redacted ?? [];
    }
    this.others = others;
    return others;
  }

  /**
   * Changes of variables whose answers the journal tells of. A process may have ended between the two: the node began another attempt
   * then, and must not find what it made of the variables before.
   */
  private toldChanges(): VariablesAfter[] {
    const changes = this.changes.flat();
    const keys = new Set(changes.map(({ task, attempt }) => keyOf(task, attempt)));
    const told = new Set<number>();
    if (keys.size === 0) return changes;
    for (const { task, attempt } of answersTold(this.journal)) {
      const key = keyOf(task, attempt);
      if (keys.has(key)) told.add(key);
    }
    return changes.filter(({ task, attempt }) => told.has(keyOf(task, attempt)));
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
    let isChecked = false;
    for (const entry of entries) {
      const [kind, task, attempt, content, , , redacted] = entry;
      if (kind === Kind.fork) isChecked = (content as unknown as ChangedNodes).isChecked === true;
      const isWithout = kind === Kind.kept && !isChecked && isWithoutParts(entry as unknown as KeptEntry);
      if (redacted !== undefined || isWithout) this.hasLeftOut = true;
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
        // What is missing of it was told when it was taken over, and is not needed.
        const { redacted: missing, ...whole } = inherited.answer as Answer & { redacted?: readonly string[] };
        return { ...((this.isCheckedFork ? whole : { ...whole, redacted: missing }) as Answer), inherited: true };
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
  variableChanges: readonly VariablesAfter[];
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
  /** No node that the fork runs needs what is missing of what it takes over. */
  isChecked?: true;
}

/** The run's variables after an answer. */
interface VariablesAfter {
  task: number;
  attempt: number;
  variables: Json;
  /** Paths of what was left out of them. */
  redacted: readonly string[] | undefined;
}

/** Paths of what was left out of an answer, and whether it is the items of a loop. */
export function leftOutOf({ entry }: RecordedAnswer): { paths: readonly string[]; isItems: boolean } {
  return { paths: entry[6] ?? [], isItems: entry[0] === Kind.items };
}

function isWithoutParts([, , , { variables }, entry]: KeptEntry): boolean {
  return variables?.redacted !== undefined || entry[6] !== undefined;
}

/** Kinds of what is no answer. */
const BESIDE: ReadonlySet<string> = new Set([
  Kind.warning,
  Kind.variables,
  Kind.log,
  Kind.wait,
  Kind.fork,
  Kind.kept,
  Kind.types,
  Kind.takenOver,
]);

/** Attempts cross to the engine in 24 bits. */
function keyOf(task: number, attempt: number): number {
  return task * 2 ** 24 + attempt;
}
