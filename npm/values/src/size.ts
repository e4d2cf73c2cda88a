/** How much memory a value takes, or a message with it. */
import { type Kind, kindOf, tagOf } from "./kind.js";
import { FOUND, OVER, type Step, Walk } from "./walk.js";

/** What a number, a flag, a date or an empty object counts, in bytes. */
const VALUE_BYTES = 8;

/** What a text within another value counts beside its characters, so that none is for nothing. */
const TEXT_BYTES = 2;

/** Shorter texts are counted by their length alone: to encode them costs more than it tells. */
const SHORT_TEXT = 256;

const ERROR_FIELDS: readonly string[] = ["message", "stack", "cause"];
const MEMORY: readonly string[] = ["buffer"];
const NOTHING: readonly string[] = [];

/** Where there is one, it counts the bytes of long texts many times as fast; looked up so that no bundler brings one along. */
const nodeBuffer = (globalThis as { Buffer?: { byteLength(text: string): number } }).Buffer;

/** What a value may have. */
export interface Limits {
  bytes: number;
  /** Levels of objects in one another. */
  depth?: number;
  /** Keys that objects may not have. */
  forbidden?: ReadonlySet<string>;
}

/** About how many bytes a value takes; or the limit that it passes, in which case counting stopped there. */
export type Size =
  | { bytes: number; over?: undefined }
  | { over: "bytes" | "depth" }
  /** The object with a forbidden key. */
  | { over: "forbidden"; key: string; place: Step[] };

/**
 * Measures a value. Its work is bounded by the limit of bytes. Throws what a getter throws.
 *
 * @param sharing what counts that can be reached in several ways: `once` for what it takes in memory, or as structured
 *   clone; `every way` for what those take who write it out or copy it, where memory counts as far as it is in view
 */
export function sizeOf(value: unknown, limits: Limits, sharing: "once" | "every way"): Size {
  const { bytes: most, depth = Number.POSITIVE_INFINITY, forbidden } = limits;
  const walk = new Walk(value, sharing);
  let bytes = 0;
  for (let step = walk.next(); step !== OVER; step = walk.next()) {
    if (step !== FOUND) continue;
    const { value, key } = walk;
    if (key !== undefined) {
      if (forbidden?.has(key)) return { over: "forbidden", key, place: walk.path().slice(0, -1) };
      bytes += key.length;
    }
    bytes += typeof value === "string" ? textBytes(value, most) + (walk.depth > 0 ? TEXT_BYTES : 0) : VALUE_BYTES;
    if (bytes > most) return { over: "bytes" };
    if (typeof value === "number") continue;
    if (typeof value === "object" && value !== null) {
      const kind = kindOf(value);
      if (!walk.enter(value, kind, keysOf(kind, sharing))) continue;
      if (walk.depth > depth) return { over: "depth" };
      if (leastOf(value, kind) > most - bytes) return { over: "bytes" };
      bytes += ownBytes(value, kind, sharing);
    } else if (typeof value === "bigint") bytes += value.toString(16).length / 2;
  }
  return bytes > most ? { over: "bytes" } : { bytes: Math.ceil(bytes) };
}

/** The fields of an object that count; all of those that are not known here, and what lists, maps and sets hold. */
function keysOf(kind: Kind, sharing: "once" | "every way"): readonly string[] | undefined {
  switch (kind) {
    case "list":
    case "record":
    case "map":
    case "set":
    case "instance":
      return undefined;
    case "error":
      return ERROR_FIELDS;
    case "view":
      // A clone carries the whole memory, however little of it is in view.
      return sharing === "once" ? MEMORY : NOTHING;
    default:
      return NOTHING;
  }
}

/** What the parts of an object come to at least, so that those of a huge list, which may be all holes, are not counted. */
function leastOf(value: object, kind: Kind): number {
  if (kind === "list") return (value as unknown[]).length * TEXT_BYTES;
  return kind === "map" || kind === "set" ? Number((value as Set<unknown>).size) * TEXT_BYTES : 0;
}

/** What an object takes beside its parts. */
function ownBytes(value: object, kind: Kind, sharing: "once" | "every way"): number {
  if (kind === "list" || kind === "record") return 0;
  if (kind === "memory" || kind === "shared memory") return (value as ArrayBuffer).byteLength;
  if (kind === "view") return sharing === "once" ? 0 : (value as ArrayBufferView).byteLength;
  if (kind === "pattern") return (value as RegExp).source.length;
  if (kind === "boxed") return tagOf(value) === "String" ? String.prototype.valueOf.call(value).length : 0;
  return kind === "instance" && typeof Blob === "function" && value instanceof Blob ? value.size : 0;
}

/** Bytes of a text as UTF-8; of one longer than the room, any number above it. */
function textBytes(text: string, room: number): number {
  const { length } = text;
  if (length <= SHORT_TEXT || length > room) return length;
  if (nodeBuffer !== undefined) return nodeBuffer.byteLength(text);
  let bytes = length;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    // Both halves of a pair count 2: together the 4 bytes of their character.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
