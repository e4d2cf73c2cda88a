import {
  classOf,
  FOUND,
  type Kind,
  kindOf as kindOfObject,
  OVER,
  pathText,
  type Step,
  tagOf,
  Walk,
} from "@atomiton/values";
import { NodeError } from "../contract/error.js";
import { fromBase64, toBase64 } from "../data/base64.js";
import { kindOf } from "../data/kind.js";
import { MOST_LEVELS, MOST_VALUES, TEXT_PER_MEMORY, written } from "./limits.js";
import { otherWork } from "./other-work.js";
import type { Batch } from "./sandbox.js";

/** JSON text handed over at once, in characters. */
const BATCH_LENGTH = 256 * 1024;
/** Items handed over at once. */
const BATCH_ITEMS = 16384;
/** How long the main thread may be kept by encoding, in ms. */
const LONGEST_HOLD = 8;

/** What may still be said in the text that is being made. */
interface Room {
  values: number;
  characters: number;
  /** Bytes and BigInts may cross too. */
  wide: boolean;
}

/**
 * Takes data into the sandbox and back as JSON text. What JSON has no word for (dates, `NaN`, infinities, `undefined` in
 * arrays) crosses as `{[tag]: "date:<ms>"}`, `{[tag]: "number:<number>"}` or `{[tag]: "undefined:"}`, under a key that
 * data cannot guess; where the other side takes them, bytes as `{[tag]: "bytes:<base64>"}` and BigInts as
 * `{[tag]: "integer:<digits>"}`.
 */
export class SandboxSerializer {
  readonly tag = `@${randomText()}`;
  readonly #characters: number;
  readonly #wide: boolean;

  /**
   * @param memoryBytes what the engine may take, which bounds the text that is made for it
   * @param wide whether the other side takes bytes and BigInts
   */
  constructor(memoryBytes: number, wide = false) {
    this.#characters = memoryBytes * TEXT_PER_MEMORY;
    this.#wide = wide;
  }

  /**
   * @throws NodeError TYPE_MISMATCH naming the path of what cannot cross: functions, symbols, BigInts, cycles …;
   * MEMORY_LIMIT_EXCEEDED when there is more than an engine could hold
   */
  encode(value: unknown, path = ""): string {
    const special = inspect(new Walk(value, "every way"), path, this.#room());
    return special
      ? JSON.stringify(value, this.#replacer())
      : (JSON.stringify(value) ?? JSON.stringify({ [this.tag]: "undefined:" }));
  }

  /** Items as batches of JSON arrays, made one by one; between them other work of the main thread gets its turn. */
  async *encodeItems(items: readonly unknown[]): AsyncGenerator<Batch, void, undefined> {
    let resumed = performance.now();
    const walk = new Walk(undefined, "every way");
    for (let start = 0; start < items.length; ) {
      const room = this.#room();
      const full = room.characters - BATCH_LENGTH;
      const most = Math.min(items.length, start + BATCH_ITEMS);
      let [end, special] = [start, false];
      do {
        walk.restart(items[end]);
        special = inspect(walk, end, room) || special;
      } while (++end < most && room.characters > full);
      const part = items.slice(start, end);
      yield { text: special ? JSON.stringify(part, this.#replacer()) : JSON.stringify(part), count: part.length };
      start = end;
      if (performance.now() - resumed > LONGEST_HOLD) {
        await otherWork();
        resumed = performance.now();
      }
    }
  }

  /** What text of the sandbox says; any value at all. */
  decode(text: string): unknown {
    if (!text.includes(this.tag)) return JSON.parse(text);
    const { tag } = this;
    return JSON.parse(text, (_key, value: unknown) => {
      if (typeof value !== "object" || value === null) return value;
      // An item revived as `undefined` was deleted from its array, which left a hole.
      if (Array.isArray(value)) return Array.from(value);
      if (!Object.hasOwn(value, tag)) return value;
      const payload = String((value as Record<string, unknown>)[tag]);
      if (payload.startsWith("date:")) return new Date(Number(payload.slice(5)));
      if (payload.startsWith("bytes:")) return fromBase64(payload.slice(6));
      return payload.startsWith("number:") ? Number(payload.slice(7)) : undefined;
    });
  }

  #room(): Room {
    return { values: MOST_VALUES, characters: this.#characters, wide: this.#wide };
  }

  #replacer(): (this: unknown, key: string, value: unknown) => unknown {
    const { tag } = this;
    const wide = this.#wide;
    return function (key, value) {
      const original = (this as Record<string, unknown>)[key];
      if (typeof original === "bigint") return { [tag]: `integer:${original}` };
      if (original instanceof Uint8Array) return { [tag]: `bytes:${toBase64(original)}` };
      // Dates were made text before.
      if (original !== value && isDate(original)) return { [tag]: `date:${original.getTime()}` };
      if (typeof original === "number" && !Number.isFinite(original)) return { [tag]: `number:${original}` };
      if (original === undefined && (Array.isArray(this) || key === "")) return { [tag]: "undefined:" };
      return wide && isSpelledOut(value) ? withoutSpelling(value) : value;
    };
  }
}

/**
 * Whether there is anything in a value that JSON has no word for; refuses what cannot cross at all or is too much.
 *
 * @param within the place of the value in what it is part of, if it is; in a list, where `undefined` has to be said, a number
 */
function inspect(walk: Walk, within: Step, room: Room): boolean {
  let special = false;
  for (let step = walk.next(); step !== OVER; step = walk.next()) {
    if (step === FOUND) special = inspectOne(walk, within, room) || special;
    else if (room.characters < 0) throw tooLong(placeIn(walk, within));
  }
  return special;
}

/** The same for the value at hand; makes its parts the next values. */
function inspectOne(walk: Walk, within: Step, room: Room): boolean {
  const { value, key } = walk;
  if (--room.values < 0) {
    throw new NodeError(
      "MEMORY_LIMIT_EXCEEDED",
      `User code can be given ${written(MOST_VALUES)} values, and here are more`,
    );
  }
  room.characters -= key === undefined ? 2 : key.length + 5;
  switch (typeof value) {
    case "string":
      room.characters -= value.length;
      if (room.characters < 0) throw tooLong(placeIn(walk, within));
      return false;
    case "boolean":
      return false;
    case "number":
      room.characters -= 6;
      return !Number.isFinite(value);
    case "undefined":
      return walk.isItem || (walk.depth === 0 && typeof within === "number");
    case "object":
      return value !== null && inspectObject(value, walk, within, room);
    case "bigint":
      if (room.wide) return true;
  }
  throw refusal(placeIn(walk, within), kindOf(value));
}

function inspectObject(value: object, walk: Walk, within: Step, room: Room): boolean {
  const kind = kindOfObject(value);
  if (kind === "date") return true;
  if (room.wide && value instanceof Uint8Array) {
    room.characters -= value.length;
    if (room.characters < 0) throw tooLong(placeIn(walk, within));
    return true;
  }
  if (kind !== "list" && kind !== "record" && isExotic(value, kind)) {
    throw refusal(placeIn(walk, within), `a ${classOf(value) ?? "special object"}`);
  }
  if (!walk.enter(value, kind)) throw refusal(placeIn(walk, within), "a cycle");
  if (walk.depth > MOST_LEVELS) throw refusal(placeIn(walk, within), `data of more than ${MOST_LEVELS} levels`);
  return false;
}

/** Kinds of objects whose data is in their fields. */
const DATA: ReadonlySet<Kind> = new Set<Kind>(["error", "boxed", "instance"]);
const NO_DATA: ReadonlySet<string> = new Set(["WeakMap", "WeakSet", "Promise"]);

function isExotic(value: object, kind: Kind): boolean {
  return !DATA.has(kind) || (Symbol.toStringTag in value && NO_DATA.has(tagOf(value)));
}

function placeIn(walk: Walk, within: Step): string {
  return pathText([...(within === "" ? [] : [within]), ...walk.path()]);
}

/** Whether a list or an object holds bytes that JSON would spell out as a list of numbers before the replacer sees them. */
function isSpelledOut(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.values(value).some(hasSpelling);
}

function isDate(value: unknown): value is Date {
  return typeof value === "object" && value !== null && kindOfObject(value) === "date";
}

function hasSpelling(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && "toJSON" in value;
}

function withoutSpelling(value: object): object {
  const plain = (each: unknown) =>
    hasSpelling(each) ? new Uint8Array(each.buffer, each.byteOffset, each.byteLength) : each;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

function refusal(path: string, kind: string): NodeError {
  return new NodeError("TYPE_MISMATCH", `Only data can be given to user code, but ${path || "the value"} is ${kind}`);
}

function tooLong(path: string): NodeError {
  return new NodeError(
    "MEMORY_LIMIT_EXCEEDED",
    `User code has no room for ${path || "the value"}, whose text is more than ${TEXT_PER_MEMORY} times its memory`,
  );
}

function randomText(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (word) => word.toString(36)).join("");
}
