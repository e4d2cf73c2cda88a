/** What a file can hold: exactly what JSON has a word for. */
export type Plain = null | boolean | number | string | Plain[] | PlainObject;
/** An object of plain values. */
export type PlainObject = { [key: string]: Plain };

/** Limits of one stored value; reading has the same ones. */
export const LIMITS = {
  /** How deeply objects and lists may lie in one another: as in the texts of flows that the engine reads. */
  depth: 256,
  /** Bytes of a whole document. */
  bytes: 32 * 1024 * 1024,
  /** Bytes of one text. */
  textBytes: 8 * 1024 * 1024,
} as const;

/** Says that a value cannot be stored, and which. */
export class NotPlain extends Error {
  constructor(
    /** The place in the data, such as `nodes[2].body`; empty for the whole. */
    readonly path: string,
    readonly reason: string,
  ) {
    super(path === "" ? reason : `${path}: ${reason}`);
  }
}

/**
 * A copy of the data as it will be read back. `JSON.stringify` is followed where it loses nothing that a user would miss:
 * `toJSON` is called (dates become ISO text), `undefined` fields are left out and are null in lists, -0 is 0. What it would
 * drop or change in silence is refused: functions, symbols, NaN and Infinity, maps, sets and all other built-in objects.
 * Instances of classes are taken as their fields.
 *
 * @throws NotPlain
 */
export function plainData(data: unknown): Plain {
  return new Copy().root(data);
}

/** Whether a plain value is an object, and not a list. */
export function isPlainObject(value: Plain | undefined): value is PlainObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two plain values are the same; the order of keys does not count. */
export function samePlain(one: Plain, other: Plain): boolean {
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((value, index) => samePlain(value, other[index] as Plain))
    );
  }
  if (!isPlainObject(one)) return one === other;
  if (!isPlainObject(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && samePlain(one[key] as Plain, other[key] as Plain))
  );
}

// These would reach into the prototype of an object that is read without care, so that no reader takes them.
const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);
const LONE_SURROGATE = /\p{Surrogate}/u;
const encoder = new TextEncoder();

class Copy {
  /** What was copied already, and null for what is being copied: objects shared many times over are looked at once. */
  readonly #known = new Map<object, Copied | null>();
  /** The way from the root to the value at hand; put into words only when something is wrong. */
  readonly #steps: (string | number)[] = [];
  #bytes = 0;
  #depth = 0;
  /** The greatest depth seen in the collection at hand. */
  #deepest = 0;

  root(data: unknown): Plain {
    const value = this.#value(data, "");
    if (value === undefined) this.#refuse("undefined cannot be stored");
    return value;
  }

  #value(value: unknown, key: string): Plain | undefined {
    let data = value;
    if (typeof data === "object" && data !== null && "toJSON" in data && typeof data.toJSON === "function") {
      data = data.toJSON(key);
    }
    if (data instanceof String || data instanceof Number || data instanceof Boolean) data = data.valueOf();
    switch (typeof data) {
      case "undefined":
        return undefined;
      case "boolean":
        this.#count(5);
        return data;
      case "string":
        return this.#text(data);
      case "number":
        if (!Number.isFinite(data)) this.#refuse(`${data} is not a number that can be stored`);
        this.#count(2);
        return data === 0 ? 0 : data;
      case "object":
        return data === null ? null : this.#collection(data);
      default:
        this.#refuse(`a ${typeof data} cannot be stored`);
    }
  }

  #collection(data: object): Plain {
    const known = this.#known.get(data);
    if (known === null) this.#refuse("an object that contains itself cannot be stored");
    if (known !== undefined) {
      this.#count(known.bytes);
      this.#reach(this.#depth + known.height);
      return known.copy;
    }
    this.#known.set(data, null);
    const before = this.#bytes;
    const outside = this.#deepest;
    this.#depth++;
    this.#deepest = 0;
    this.#reach(this.#depth);
    this.#count(2);
    const copy = Array.isArray(data) ? this.#list(data) : this.#object(data);
    this.#depth--;
    this.#known.set(data, { copy, bytes: this.#bytes - before, height: this.#deepest - this.#depth });
    this.#deepest = Math.max(this.#deepest, outside);
    return copy;
  }

  #list(data: unknown[]): Plain[] {
    const list: Plain[] = [];
    for (let index = 0; index < data.length; index++) {
      this.#count(2);
      this.#steps.push(index);
      list.push(this.#value(data[index], String(index)) ?? null);
      this.#steps.pop();
    }
    return list;
  }

  #object(data: object): PlainObject {
    const kind = Object.prototype.toString.call(data).slice(8, -1);
    if (kind !== "Object") this.#refuse(`a ${kind} cannot be stored`);
    const object: PlainObject = {};
    for (const [key, value] of Object.entries(data)) {
      this.#steps.push(key);
      if (FORBIDDEN_KEYS.has(key)) this.#refuse(`the key "${key}" is not allowed`);
      const plain = this.#value(value, key);
      if (plain !== undefined) object[this.#text(key)] = plain;
      this.#steps.pop();
    }
    return object;
  }

  #text(text: string): string {
    if (LONE_SURROGATE.test(text)) this.#refuse("text with half a surrogate pair cannot be stored");
    // A unit of UTF-16 takes up to three bytes.
    if (text.length * 3 > LIMITS.textBytes && encoder.encode(text).length > LIMITS.textBytes) {
      this.#refuse(`a text has more than ${LIMITS.textBytes} bytes`);
    }
    this.#count(text.length + 2);
    return text;
  }

  /** Bounds what is written: an object shared many times over is written as often. */
  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > LIMITS.bytes) this.#refuse(`the data has more than ${LIMITS.bytes} bytes`);
  }

  #reach(depth: number): void {
    if (depth > LIMITS.depth) this.#refuse(`objects and lists are more than ${LIMITS.depth} levels deep`);
    this.#deepest = Math.max(this.#deepest, depth);
  }

  #refuse(reason: string): never {
    throw new NotPlain(this.#steps.map(stepInWords).join("").replace(/^\./, ""), reason);
  }
}

interface Copied {
  copy: Plain;
  bytes: number;
  /** Levels of objects and lists, itself included. */
  height: number;
}

function stepInWords(step: string | number): string {
  if (typeof step === "number") return `[${step}]`;
  return /^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}
