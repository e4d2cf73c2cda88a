/**
 * The values of a record: what executables answered, as text.
 *
 * A record holds a JSON list of entries (`entry.ts`); what JSON lacks is tagged (`executions/tagged-json.ts`).
 */

import { definedIn } from "@atomiton/values";
import { coded, RETRY } from "../../engine/failure.js";
import type { KeptWait, KnownItems } from "../../engine/recorder.js";
import type { Redacted } from "../../engine/redact.js";
import { type RowsBehind, RowsText, toJsonWithRows } from "../../executions/rows-text.js";
import { fromJson, isPlainJson, type Json, type Loss, toJson } from "../../executions/tagged-json.js";
import { REDACTED } from "../../expressions/redaction.js";
import type { ExecutionError } from "../../types/errors.js";
import type { LogLine } from "../../types/execution-log.js";
import type { OpenQuestion } from "../../types/question.js";
import { type Entry, Kind, type RecordedAnswer } from "./entry.js";
import { marksText } from "./marks.js";
import { type Hide, mayRefer, namesIn, revealed } from "./secret-references.js";
import type { TypeVersions } from "./type-versions.js";

/** What stands for rows that are not kept. */
const ROWS_OF_STREAM = "[rows of a stream]";

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
  /** Rows of native tables, which are written without making objects of them, and streams, of which no row is kept. */
  rowsBehind?: RowsBehind | undefined;
  /** Whether `redact` names parts of what is written. Of a stream, whose rows were not looked into, nothing is kept then. */
  namesParts?: boolean;
  /** Told where parts of a value are left out. */
  leave?: () => void;
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
  const left: string[] = [];
  const text = textOf(shownOf(output, writing, left), "The output", writing, left);
  const routes = marksText(output, (carried) => {
    return textOf(carriedShown(carried, left, writing), "What the output carries", writing, left);
  });
  const marks = tailOf(routes, isReused, left, writing);
  if (hash === undefined || text.length <= LONGEST_INLINE) {
    return { entry: `["${Kind.output}",${task},${attempt},${text}${marks}]` };
  }
  const data = encoder.encode(text);
  const blob = { hash: hash(data), data };
  return { entry: `["${Kind.blob}",${task},${attempt},"${blob.hash}"${marks}]`, blob };
}

/** What follows the content of an entry: the marks of a routed value, whether it was reused, which parts were left out. */
function tailOf(routes: string, isReused: boolean, paths: readonly string[], { leave }: Writing): string {
  if (paths.length === 0) return isReused ? `${routes || ",0"},1` : routes;
  leave?.();
  return `${routes || ",0"},${isReused ? 1 : 0},${JSON.stringify(paths)}`;
}

/** What may be kept of a value; adds the paths of what may not to `left`. */
function shownOf(value: unknown, { shown, rowsBehind, namesParts = false }: Writing, left: string[]): unknown {
  if (shown === undefined) return value;
  if (typeof value === "object" && value !== null && rowsBehind?.(value) === "stream") {
    // To look for what is redacted would read the rows, of which none is kept.
    if (!namesParts) return value;
    left.push("");
    return REDACTED;
  }
  const { value: kept, paths } = shown(value);
  left.push(...paths);
  return kept;
}

/** The same for values that are carried apart. */
function carriedShown(
  carried: ReadonlyMap<string, unknown>,
  left: string[],
  writing: Writing,
): ReadonlyMap<string, unknown> {
  return new Map(Array.from(carried, ([handle, part]) => [handle, shownOf(part, writing, left)]));
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
  const left: string[] = [];
  const text = textOf(shownOf(items, writing, left), "The list", writing, left);
  return `["${Kind.items}",${task},${attempt},${text}${tailOf("", false, left, writing)}]`;
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
  const left: string[] = [];
  const text = textOf(shownOf(variables, writing, left), "The run's variables", writing, left);
  return `["${Kind.variables}",0,0,${text}${tailOf("", false, left, writing)}]`;
}

/** The entry of the versions of node types that an execution goes on with. */
export function typesEntry(versions: TypeVersions): string {
  return JSON.stringify([Kind.types, 0, 0, versions]);
}

/** The entry of a take-over, in which these nodes were under way, by their place in the outline; `undefined` where it has shown to be harmless. */
export function takenOverEntry(nodes: readonly number[] | undefined): string {
  return JSON.stringify([Kind.takenOver, 0, 0, nodes ?? null]);
}

/** The entry of an answer that was taken over: its number among those that may be. */
export function inheritedEntry(task: number, attempt: number, number: number): string {
  return `["${Kind.inherited}",${task},${attempt},${number}]`;
}

/**
 * The entry that says which nodes, by their place in the outline, a fork does not take over answers for. It was checked that none that it
 * runs needs what is missing of the answers and parameters of the others.
 */
export function forkEntry(inside: Iterable<number>, outputs: Iterable<number>): string {
  return JSON.stringify([Kind.fork, 0, 0, { inside: [...inside], outputs: [...outputs], isChecked: true }]);
}

/** The entry of an answer that a fork may take over for a node, under a key of `engine/inherited-answers.ts`. */
export function keptEntry(node: number, key: string, { entry, variables }: RecordedAnswer): string {
  return JSON.stringify([Kind.kept, node, 0, { key, ...(variables !== undefined && { variables }) }, entry]);
}

/**
 * A value as text.
 *
 * @param left gets the paths of what is left out: rows of streams
 * @throws Error SERIALIZATION_FAILED naming the place of what cannot be written
 */
export function textOf(value: unknown, name: string, writing: Writing, left: string[] = []): string {
  const { hide } = writing;
  try {
    return hidden(canBeText(value, writing) ? JSON.stringify(value) : taggedText(value, name, writing, left), hide);
  } catch (error) {
    if (!(error instanceof RangeError) || error.message !== "Invalid string length") throw error;
    throw unkept(
      `${name} cannot be kept: as text it is longer than the 512 MiB that a text can have. Write it to a file`,
    );
  }
}

function taggedText(value: unknown, name: string, { tell, rowsBehind }: Writing, left: string[]): string {
  let lost: Loss | undefined;
  const lose = (loss: Loss) => {
    // An instance of a class is kept as its fields, which is told.
    if (loss.what.startsWith("that it is")) tell(loss);
    else lost ??= loss;
  };
  const rows = new RowsText();
  const leave = (path: string) => {
    left.push(path);
    return ROWS_OF_STREAM;
  };
  const json = rowsBehind === undefined ? toJson(value, lose) : toJsonWithRows(value, lose, rowsBehind, rows, leave);
  if (lost !== undefined) {
    const { path, what } = lost as Loss;
    throw unkept(
      `${name} cannot be kept: ${path === "" ? "it" : path} is ${what}. Return plain data, or run the flow without a \`store\``,
    );
  }
  return rows.in(JSON.stringify(json));
}

function unkept(message: string): Error {
  return Object.assign(coded("SERIALIZATION_FAILED", message, undefined), { [RETRY]: false });
}

/** Whether a value is one of JSON, as nearly all are. */
function canBeText(value: unknown, { rowsBehind }: Writing): boolean {
  try {
    return isPlainJson(value, 0, rowsBehind && ((object) => rowsBehind(object) !== undefined));
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

/**
 * What a run is made from beside its flow, as bytes. Fields and options that are `undefined` are left out: the rest is mostly plain
 * JSON then, which needs no closer look.
 *
 * @throws Error SERIALIZATION_FAILED naming the place of what cannot be written
 */
export function headBytes(given: { options: object; [field: string]: unknown }, hide: Hide): Uint8Array {
  const head = { ...definedIn(given), options: definedIn(given.options) };
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
export const NAMES_ALONE = new KnownSecrets(undefined);
