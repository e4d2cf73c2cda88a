/**
 * The values of a record: what executables answered, as text.
 *
 * A record holds a JSON list of entries `[kind, task, attempt, content]`; what JSON lacks is tagged (`executions/tagged-json.ts`).
 */

import { carriedApart, endsRun, markedAgain, routedHandles } from "../../engine/executables.js";
import { coded, RETRY } from "../../engine/failure.js";
import type { Inheritable } from "../../engine/inherited-answers.js";
import type { Answer, History, InheritedAnswer, KnownItems } from "../../engine/recorder.js";
import { fromJson, isPlainJson, type Json, type Loss, toJson } from "../../executions/tagged-json.js";
import type { ExecutionError } from "../../types/errors.js";

/** Kinds of entries. */
const Kind = {
  output: "o",
  blob: "b",
  error: "e",
  items: "i",
  warning: "w",
  variables: "v",
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
): { entry: string; blob?: Blob } {
  const text = textOf(value, "The output", tell);
  const marks = marksOf(value, tell);
  if (hash === undefined || text.length <= LONGEST_INLINE) {
    return { entry: `["${Kind.output}",${task},${attempt},${text}${marks}]` };
  }
  const data = encoder.encode(text);
  const blob = { hash: hash(data), data };
  return { entry: `["${Kind.blob}",${task},${attempt},"${blob.hash}"${marks}]`, blob };
}

/** Which handles carry a routed value, as text to go behind it. */
function marksOf(value: unknown, tell: Tell): string {
  const handles = routedHandles(value);
  if (handles === undefined) return "";
  const carried = carriedApart(value);
  const apart = carried === undefined ? "" : `,"carried":${textOf(new Map(carried), "What the output carries", tell)}`;
  return `,{"handles":${JSON.stringify(handles)}${endsRun(value) ? ',"ends":true' : ""}${apart}}`;
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

/** Bytes of a record's values. */
export function recordBytes(entries: readonly string[]): Uint8Array {
  return encoder.encode(`[${entries.join(",")}]`);
}

/** Bytes of a value's text. */
export function bytesOf(value: unknown, name: string, tell: Tell): Uint8Array {
  return encoder.encode(textOf(value, name, tell));
}

/** The value of bytes. */
export function valueIn(bytes: Uint8Array): unknown {
  return fromJson(JSON.parse(decoder.decode(bytes)) as Json);
}

/** What records say of a run, as the engine's host takes it. */
export class Records implements History {
  readonly journal: Uint32Array;
  readonly warnings: { task: number; rule: string; message: string }[] = [];
  variables: Record<string, unknown> | undefined;
  /** Hashes of blobs that are still to be read. */
  readonly blobs = new Set<string>();
  /** The run's variables each time they changed, and the answer that they changed with. */
  readonly variableChanges: { task: number; attempt: number; variables: Json }[] = [];
  private readonly entries = new Map<number, Entry>();
  private readonly kept: { content: Kept; entry: Entry }[] = [];
  private readonly keptByKey = new Map<string, number>();
  private fork: { inside: number[]; outputs: number[] } | undefined;
  private changedVariables: Json | undefined;
  private readonly contents = new Map<string, Uint8Array>();

  /**
   * @param isKept whether answers stay as they were recorded when they are read: making their values uses them up otherwise
   * @throws SyntaxError, TypeError for bytes that are no records
   */
  constructor(
    records: readonly { journal: Uint8Array; values: Uint8Array }[],
    private readonly isKept = false,
  ) {
    const length = records.reduce((bytes, { journal }) => bytes + journal.byteLength, 0);
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const { journal, values } of records) {
      bytes.set(journal, at);
      at += journal.byteLength;
      if (values.byteLength > 0) this.read(JSON.parse(decoder.decode(values)) as Entry[]);
    }
    this.journal = new Uint32Array(bytes.buffer);
  }

  private read(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const [kind, task, attempt, content] = entry;
      if (kind === Kind.warning) {
        this.warnings.push({ task, ...(content as { rule: string; message: string }) });
      } else if (kind === Kind.variables) {
        this.variables = fromJson(content) as Record<string, unknown>;
        this.changedVariables = content;
      } else if (kind === Kind.fork) {
        this.fork = content as typeof this.fork & object;
      } else if (kind === Kind.kept) {
        const [, node, , content, inner] = entry as unknown as KeptEntry;
        if (inner[0] === Kind.blob) this.blobs.add(inner[3] as string);
        this.keptByKey.set(`${node} ${content.key}`, this.kept.length);
        this.kept.push({ content, entry: inner });
      } else {
        if (kind === Kind.blob) this.blobs.add(content as string);
        this.entries.set(keyOf(task, attempt), entry);
        if (this.changedVariables === undefined) continue;
        this.variableChanges.push({ task, attempt, variables: this.changedVariables });
        this.changedVariables = undefined;
      }
    }
  }

  /** What the run may take over from another execution; `undefined` for one that is no fork. */
  get inheritable(): Inheritable | undefined {
    if (this.fork === undefined) return undefined;
    const { inside, outputs } = this.fork;
    return {
      inside: new Set(inside),
      outputs: new Set(outputs),
      answer: (node, key) => this.keptAnswer(this.keptByKey.get(`${node} ${key}`)),
    };
  }

  private keptAnswer(number: number | undefined): InheritedAnswer | undefined {
    if (number === undefined) return undefined;
    const { content, entry } = this.kept[number] as (typeof this.kept)[number];
    const { set, removed } = content.variables ?? {};
    return {
      number,
      // It may be taken over more than once, where a group begins again.
      answer: this.answerIn(structuredClone(entry)),
      variables:
        set === undefined ? undefined : { set: fromJson(set) as Record<string, unknown>, removed: removed ?? [] },
    };
  }

  /** An answer as it was recorded. */
  recorded(task: number, attempt: number): RecordedAnswer | undefined {
    const entry = this.entries.get(keyOf(task, attempt));
    if (entry === undefined) return undefined;
    return { entry: entry[0] === Kind.inherited ? (this.kept[entry[3] as number]?.entry as Entry) : entry };
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

  answer(task: number, attempt: number): Answer | undefined {
    const entry = this.entries.get(keyOf(task, attempt));
    if (entry === undefined) return undefined;
    if (entry[0] !== Kind.inherited) return this.answerIn(this.isKept ? structuredClone(entry) : entry);
    const kept = this.keptAnswer(entry[3] as number);
    return kept && { ...kept.answer, inherited: true };
  }

  private answerIn([kind, , , content, marks]: Entry): Answer {
    switch (kind) {
      case Kind.output:
        return { kind: "output", value: marked(fromJson(content), marks) };
      case Kind.blob: {
        const data = this.contents.get(content as string);
        if (data === undefined) throw new TypeError(`The value ${String(content)} is missing`);
        return { kind: "output", value: marked(valueIn(data), marks) };
      }
      case Kind.items:
        return { kind: "items", items: fromJson(content) as unknown as KnownItems };
      case Kind.error: {
        const { error, advice } = content as { error: Json; advice?: false | number };
        return { kind: "error", error: fromJson(error) as ExecutionError, advice };
      }
      default:
        throw new TypeError(`Entries of kind ${JSON.stringify(kind)} are not known; they come from a newer version`);
    }
  }
}

type Entry = [kind: string, task: number, attempt: number, content: Json, marks?: Marks];

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

/** Which handles carry a routed value. */
interface Marks {
  handles: string[];
  ends?: boolean;
  carried?: Json;
}

function marked(value: unknown, marks: Marks | undefined): unknown {
  if (marks === undefined) return value;
  const { handles, ends = false, carried } = marks;
  return markedAgain(value, {
    handles,
    ends,
    ...(carried !== undefined && { carried: fromJson(carried) as ReadonlyMap<string, unknown> }),
  });
}

/** Attempts cross to the engine in 24 bits. */
function keyOf(task: number, attempt: number): number {
  return task * 2 ** 24 + attempt;
}
