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
export class Crossing {
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
    const special = inspect(value, path, [], false, this.#room());
    return special
      ? JSON.stringify(value, this.#replacer())
      : (JSON.stringify(value) ?? JSON.stringify({ [this.tag]: "undefined:" }));
  }

  /** Items as batches of JSON arrays, made one by one; between them other work of the main thread gets its turn. */
  async *encodeItems(items: readonly unknown[]): AsyncGenerator<Batch, void, undefined> {
    let resumed = performance.now();
    for (let start = 0; start < items.length; ) {
      const room = this.#room();
      const full = room.characters - BATCH_LENGTH;
      const most = Math.min(items.length, start + BATCH_ITEMS);
      let [end, special] = [start, false];
      // The path is that of the item in the whole list.
      do special = inspect(items[end], `[${end}]`, [], true, room) || special;
      while (++end < most && room.characters > full);
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
      if (original instanceof Date) return { [tag]: `date:${original.getTime()}` };
      if (typeof original === "number" && !Number.isFinite(original)) return { [tag]: `number:${original}` };
      if (original === undefined && (Array.isArray(this) || key === "")) return { [tag]: "undefined:" };
      return wide && isSpelledOut(value) ? withoutSpelling(value) : value;
    };
  }
}

/** Whether there is anything in a value that JSON has no word for; refuses what cannot cross at all or is too much. */
function inspect(value: unknown, path: string, above: object[], inArray: boolean, room: Room): boolean {
  if (--room.values < 0) {
    throw new NodeError(
      "MEMORY_LIMIT_EXCEEDED",
      `User code can be given ${written(MOST_VALUES)} values, and here are more`,
    );
  }
  room.characters -= 2;
  switch (typeof value) {
    case "string":
      room.characters -= value.length;
      if (room.characters < 0) throw tooLong(path);
      return false;
    case "boolean":
      return false;
    case "number":
      room.characters -= 6;
      return !Number.isFinite(value);
    case "undefined":
      return inArray;
    case "object":
      break;
    case "bigint":
      if (room.wide) return true;
      throw refusal(path, kindOf(value));
    default:
      throw refusal(path, kindOf(value));
  }
  if (value === null) return false;
  if (value instanceof Date) return true;
  if (room.wide && value instanceof Uint8Array) {
    room.characters -= value.length;
    if (room.characters < 0) throw tooLong(path);
    return true;
  }
  if (above.includes(value)) throw refusal(path, "a cycle");
  if (above.length >= MOST_LEVELS) throw refusal(path, `data of more than ${MOST_LEVELS} levels`);
  if (isExotic(value))
    throw refusal(path, `a ${(value.constructor as { name?: string } | undefined)?.name ?? "special object"}`);
  above.push(value);
  let special = false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) special = inspect(value[i], `${path}[${i}]`, above, true, room) || special;
  } else {
    for (const key of Object.keys(value)) {
      room.characters -= key.length + 3;
      const found = (value as Record<string, unknown>)[key];
      // Paths are built only where they can be needed: below a leaf nothing is refused for what it is.
      const place = isLeaf(found) ? path : path === "" ? key : `${path}.${key}`;
      special = inspect(found, place, above, false, room) || special;
    }
  }
  if (room.characters < 0) throw tooLong(path);
  above.pop();
  return special;
}

/** Whether a list or an object holds bytes that JSON would spell out as a list of numbers before the replacer sees them. */
function isSpelledOut(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.values(value).some(hasSpelling);
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

function isLeaf(value: unknown): boolean {
  return typeof value === "string" || typeof value === "boolean" || typeof value === "number";
}

function isExotic(value: object): boolean {
  return (
    value instanceof Map ||
    value instanceof Set ||
    value instanceof WeakMap ||
    value instanceof WeakSet ||
    value instanceof Promise ||
    value instanceof RegExp ||
    value instanceof ArrayBuffer ||
    ArrayBuffer.isView(value)
  );
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
