/**
 * An execution as one file (`.conductor-run`): its flow, what it was given, its journal and its values.
 *
 * After eight bytes that name the format comes its version (32 bits, least byte first), then parts, each a letter, a length
 * (32 bits) and so many bytes: `X` the row as JSON, `D` the flow as JSON, `H` what the run was given, then for each record an `R`
 * (length of the journal, journal, values) in order, for each large value a `B` (its hash in 64 digits, its content), at the end an `E`.
 */
import type { NewExecution, StoredExecution } from "@atomiton/storage";

import { coded } from "../../engine/failure.js";
import { EXECUTION_STATUSES } from "../../executions/status.js";

/** An execution with everything that a store keeps of it. */
export interface ExecutionFile {
  row: FileRow;
  /** The flow as JSON. */
  document: string;
  /** The run's input, variables and options. */
  head: Uint8Array;
  /** In order. */
  records: { journal: Uint8Array; values: Uint8Array }[];
  /** Large values by the hash of their content. */
  blobs: Map<string, Uint8Array>;
}

/** The part of a row that means something in another store as well. */
export type FileRow = Pick<NewExecution, "id" | "flowId" | "name" | "trigger" | "tags" | "startedAt"> &
  Pick<StoredExecution, "status" | "updatedAt"> &
  Partial<Pick<StoredExecution, "endedAt" | "reason" | "error" | "summary">>;

const MAGIC = "condrun\n";
const VERSION = 1;
const HEAD_BYTES = MAGIC.length + 4;
const PART_BYTES = 5;
const HASH_DIGITS = 64;
const RECORD_BYTES = 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The file. @throws Error SERIALIZATION_FAILED for one with a part above 4 GiB */
export function writeExecutionFile({ row, document, head, records, blobs }: ExecutionFile): Uint8Array {
  const parts: [letter: string, ...content: Uint8Array[]][] = [
    ["X", encoder.encode(JSON.stringify(row))],
    ["D", encoder.encode(document)],
    ["H", head],
    ...records.map(({ journal, values }): [string, ...Uint8Array[]] => ["R", lengthBytes(journal), journal, values]),
    ...[...blobs].map(([hash, data]): [string, ...Uint8Array[]] => ["B", encoder.encode(hash), data]),
    ["E"],
  ];
  const sizes = parts.map(([, ...content]) => content.reduce((bytes, { length }) => bytes + length, 0));
  const large = sizes.find((size) => size > 0xffff_ffff);
  if (large !== undefined) {
    throw coded(
      "SERIALIZATION_FAILED",
      `The execution ${row.id} cannot be a file: a value has ${large} bytes`,
      undefined,
    );
  }
  const file = new Uint8Array(sizes.reduce((bytes, size) => bytes + PART_BYTES + size, HEAD_BYTES));
  const view = new DataView(file.buffer);
  file.set(encoder.encode(MAGIC));
  view.setUint32(MAGIC.length, VERSION, true);
  let at = HEAD_BYTES;
  for (const [index, [letter, ...content]] of parts.entries()) {
    file[at] = letter.charCodeAt(0);
    view.setUint32(at + 1, sizes[index] as number, true);
    at += PART_BYTES;
    for (const bytes of content) {
      file.set(bytes, at);
      at += bytes.length;
    }
  }
  return file;
}

/** What is in a file. @throws Error DESERIALIZATION_FAILED that says what is wrong with it */
export function readExecutionFile(bytes: Uint8Array): ExecutionFile {
  if (!(bytes instanceof Uint8Array)) throw wrong(`it is to be a Uint8Array, and is ${typeof bytes}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isOne = [...MAGIC].every((character, at) => bytes[at] === character.charCodeAt(0));
  if (bytes.length < HEAD_BYTES || !isOne) throw wrong("it is no file of `conductor executions export`");
  const version = view.getUint32(MAGIC.length, true);
  if (version > VERSION) {
    throw wrong(
      `its format is version ${version}, and this one knows versions up to ${VERSION}; update @atomiton/conductor`,
    );
  }
  if (version === 0) throw wrong("its format is version 0, which there is not");
  const found: Partial<ExecutionFile> = {};
  const records: ExecutionFile["records"] = [];
  const blobs: ExecutionFile["blobs"] = new Map();
  let isWhole = false;
  for (let at = HEAD_BYTES; at < bytes.length; ) {
    if (isWhole) throw wrong(`${bytes.length - at} bytes follow its end`);
    if (at + PART_BYTES > bytes.length) throw cutShort(at);
    const letter = String.fromCharCode(bytes[at] as number);
    const length = view.getUint32(at + 1, true);
    const from = at + PART_BYTES;
    at = from + length;
    if (at > bytes.length) throw cutShort(from);
    const part = bytes.subarray(from, at);
    switch (letter) {
      case "X":
        found.row = rowIn(part);
        break;
      case "D":
        found.document = textIn(part, "its flow");
        break;
      case "H":
        found.head = part;
        break;
      case "R":
        records.push(recordIn(part, records.length + 1));
        break;
      case "B":
        if (length < HASH_DIGITS) throw cutShort(from);
        blobs.set(textIn(part.subarray(0, HASH_DIGITS), "the name of a value"), part.subarray(HASH_DIGITS));
        break;
      case "E":
        isWhole = true;
        break;
      default:
        throw wrong(`it has a part ${JSON.stringify(letter)}, which there is not`);
    }
  }
  if (!isWhole) throw cutShort(bytes.length);
  const { row, document, head } = found;
  if (row === undefined || document === undefined || head === undefined) {
    const missing = row === undefined ? "row" : document === undefined ? "flow" : "input";
    throw wrong(`its ${missing} is missing`);
  }
  return { row, document, head, records, blobs };
}

/** The error of a file that cannot be read. */
export function wrong(what: string, cause?: unknown): Error {
  return coded("DESERIALIZATION_FAILED", `The file of an execution cannot be read: ${what}`, cause);
}

function recordIn(part: Uint8Array, number: number): ExecutionFile["records"][number] {
  const length = part.length < 4 ? -1 : new DataView(part.buffer, part.byteOffset).getUint32(0, true);
  if (length < 0 || 4 + length > part.length) throw wrong(`record ${number} is cut short`);
  if (length % RECORD_BYTES !== 0)
    throw wrong(`the journal of record ${number} has ${length} bytes, no multiple of ${RECORD_BYTES}`);
  return { journal: part.subarray(4, 4 + length), values: part.subarray(4 + length) };
}

function rowIn(part: Uint8Array): FileRow {
  const row = jsonIn(textIn(part, "its row"), "its row");
  const texts = ["id", "flowId", "name", "trigger"] as const;
  for (const key of texts) if (typeof row[key] !== "string") throw wrong(`\`${key}\` of its row is no text`);
  for (const key of ["startedAt", "updatedAt"]) {
    if (typeof row[key] !== "number") throw wrong(`\`${key}\` of its row is no time in ms`);
  }
  for (const key of ["reason", "error", "summary"]) {
    if (row[key] !== undefined && typeof row[key] !== "string") throw wrong(`\`${key}\` of its row is no text`);
  }
  if (row.endedAt !== undefined && typeof row.endedAt !== "number")
    throw wrong("`endedAt` of its row is no time in ms");
  if (!Array.isArray(row.tags) || row.tags.some((tag) => typeof tag !== "string")) {
    throw wrong("`tags` of its row are no list of texts");
  }
  if (!EXECUTION_STATUSES.includes(row.status as FileRow["status"])) {
    throw wrong(`\`status\` of its row is ${JSON.stringify(row.status)}; it may be ${EXECUTION_STATUSES.join(", ")}`);
  }
  return row as unknown as FileRow;
}

function textIn(part: Uint8Array, what: string): string {
  try {
    return decoder.decode(part);
  } catch (error) {
    throw wrong(`${what} is no text in UTF-8`, error);
  }
}

function jsonIn(text: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong(`${what} is no JSON`, error);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrong(`${what} is no object`);
}

function cutShort(at: number): Error {
  return wrong(`it is cut short at byte ${at}`);
}

function lengthBytes({ length }: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length, true);
  return bytes;
}
