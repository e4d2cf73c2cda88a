/**
 * The values of a record: what executables answered, as text.
 *
 * A record holds a JSON list of entries `[kind, task, attempt, content]`; what JSON lacks is tagged (`executions/tagged-json.ts`).
 */

import { coded, RETRY } from "../../engine/failure.js";
import type { Answer, History, KeptWait, KnownItems } from "../../engine/recorder.js";
import { fromJson, isPlainJson, type Json, type Loss, toJson } from "../../executions/tagged-json.js";
import type { ExecutionError } from "../../types/errors.js";
import type { OpenQuestion } from "../../types/question.js";
import { type Marks, marked, marksText } from "./marks.js";

/** Kinds of entries. */
const Kind = { output: "o", blob: "b", error: "e", items: "i", warning: "w", variables: "v", wait: "t" } as const;

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

/** The entry of the run's variables. @throws Error SERIALIZATION_FAILED naming the place of what cannot be written */
export function variablesEntry(text: string): string {
  return `["${Kind.variables}",0,0,${text}]`;
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
  private readonly entries = new Map<number, Entry>();
  private readonly kept = new Map<number, Map<number, KeptWait>>();
  private readonly contents = new Map<string, Uint8Array>();

  /** @throws SyntaxError, TypeError for bytes that are no records */
  constructor(
    records: readonly { journal: Uint8Array; values: Uint8Array }[],
    readonly isAsleep = false,
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
      } else if (kind === Kind.wait) {
        const { number, ...wait } = fromJson(content) as KeptWait & { number: number };
        const waits = this.kept.get(keyOf(task, attempt)) ?? new Map<number, KeptWait>();
        this.kept.set(keyOf(task, attempt), waits.set(number, { ...waits.get(number), ...wait }));
      } else {
        if (kind === Kind.blob) this.blobs.add(content as string);
        this.entries.set(keyOf(task, attempt), entry);
      }
    }
  }

  /** Takes the content of a blob. */
  take(hash: string, data: Uint8Array): void {
    this.contents.set(hash, data);
  }

  waits(task: number, attempt: number): ReadonlyMap<number, KeptWait> | undefined {
    return this.kept.get(keyOf(task, attempt));
  }

  answer(task: number, attempt: number): Answer | undefined {
    const entry = this.entries.get(keyOf(task, attempt));
    if (entry === undefined) return undefined;
    const [kind, , , content, routes, reused] = entry;
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
      case Kind.error: {
        const { error, advice } = content as { error: Json; advice?: false | number };
        return { kind: "error", error: fromJson(error) as ExecutionError, advice };
      }
      default:
        throw new TypeError(`Entries of kind ${JSON.stringify(kind)} are not known; they come from a newer version`);
    }
  }
}

/** `marks`: 0 for none. `reused`: 1 for an output that another attempt made. */
type Entry = [kind: string, task: number, attempt: number, content: Json, marks?: Marks | 0, reused?: 1];

/** Attempts cross to the engine in 24 bits. */
function keyOf(task: number, attempt: number): number {
  return task * 2 ** 24 + attempt;
}
