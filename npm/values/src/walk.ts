/** One way through a value, for every question about what is in it. */
import type { Kind } from "./kind.js";

/** The value at hand is the next one of the value. */
export const FOUND = 1;
/** All parts of an object were looked at; it is at hand once more. */
export const LEFT = 2;
/** There is nothing more. */
export const OVER = 0;

/** A step on the way to a part: the place in a list, the key of a field, or `(key)` and `(value)` in maps and sets. */
export type Step = string | number;

/** So many open objects are compared one by one, which is faster than to look them up. */
const COMPARED = 8;

/** An object whose parts are being looked at. */
interface Frame {
  object: object;
  kind: Kind;
  /** Of an object with fields. */
  keys: readonly string[] | undefined;
  /** Of all others; of a map keys and values by turns. */
  parts: readonly unknown[];
  length: number;
  /** The part that comes next. */
  at: number;
}

/**
 * Goes through a value depth first, an object before its parts. Needs no stack of calls, so that depth is bounded only by
 * what asks. Reads each field once, and only when it gets there; what a getter throws, `next` throws, with the field's
 * path as `path()`.
 *
 * Objects are opened by what asks: `enter` is called for those whose parts are wanted.
 *
 * ```ts
 * const walk = new Walk(value, "once");
 * for (let step = walk.next(); step !== OVER; step = walk.next()) { … walk.value … }
 * ```
 */
export class Walk {
  /** The value at hand. */
  value: unknown;
  /** The key of the field at hand; `undefined` for parts of lists, maps and sets, and for the value as a whole. */
  key: string | undefined;
  /** How many objects are open around the value at hand. */
  depth = 0;
  /** Whether a field that was read is computed by a getter; noted only when `notesGetters`. */
  foundGetter = false;

  readonly #seen: Set<object> | undefined;
  readonly #notesGetters: boolean;
  readonly #frames: Frame[] = [];
  /** The last one that is open. */
  #top: Frame | undefined;
  /** Open objects below those that are compared. */
  readonly #deep = new Set<object>();
  #isStarted = false;

  /**
   * @param sharing whether an object that can be reached in several ways is entered `once` or `every way`; cycles end
   *   either way
   * @param notesGetters whether to look for getters before fields are read, which takes longer
   */
  constructor(root: unknown, sharing: "once" | "every way", notesGetters = false) {
    this.value = root;
    this.#seen = sharing === "once" ? new Set() : undefined;
    this.#notesGetters = notesGetters;
  }

  /** Begins again with another value; what was seen stays seen. */
  restart(root: unknown): void {
    this.value = root;
    this.depth = 0;
    if (this.#deep.size > 0) this.#deep.clear();
    this.#isStarted = false;
  }

  /** Goes on to the next value. */
  next(): typeof FOUND | typeof LEFT | typeof OVER {
    if (this.depth === 0) {
      if (this.#isStarted) return OVER;
      this.#isStarted = true;
      this.key = undefined;
      return FOUND;
    }
    const frame = this.#top as Frame;
    const { at, keys } = frame;
    if (at === frame.length) {
      if (--this.depth >= COMPARED) this.#deep.delete(frame.object);
      this.#top = this.#frames[this.depth - 1];
      this.value = frame.object;
      return LEFT;
    }
    frame.at = at + 1;
    if (keys === undefined) {
      this.key = undefined;
      this.value = frame.parts[at];
      return FOUND;
    }
    const key = keys[at] as string;
    this.key = key;
    this.value = this.#notesGetters ? this.#noted(frame.object, key) : (frame.object as Record<string, unknown>)[key];
    return FOUND;
  }

  /**
   * Makes the parts of an object the next values: the items of a list with its holes, the entries of a map, the members of
   * a set, else the fields. `false` for an object that is not entered: it is open already, or was seen before where each
   * is entered once.
   *
   * @param keys the fields that are wanted, if not all; of a list, too, these are looked at instead of its items
   */
  enter(object: object, kind: Kind, keys?: readonly string[]): boolean {
    const seen = this.#seen;
    if (seen === undefined) {
      if (!this.#isNew(object)) return false;
    } else {
      const { size } = seen;
      if (seen.add(object).size === size) return false;
    }
    const frame = this.#frame();
    frame.object = object;
    frame.kind = kind;
    frame.at = 0;
    if (keys === undefined && (kind === "list" || kind === "map" || kind === "set")) {
      const parts = kind === "list" ? (object as unknown[]) : partsOf(object, kind);
      frame.keys = undefined;
      frame.parts = parts;
      frame.length = parts.length;
    } else {
      const own = keys ?? Object.keys(object);
      frame.keys = own;
      frame.parts = own;
      frame.length = own.length;
    }
    this.#top = frame;
    this.depth++;
    return true;
  }

  /** Whether the value at hand is a part of a list, a map or a set. */
  get isItem(): boolean {
    return this.depth > 0 && this.key === undefined;
  }

  /** The way to the value at hand, or to the object that was entered last if nothing was read of it yet. */
  path(): Step[] {
    const open = this.#frames.slice(0, this.depth);
    return open.filter(({ at }) => at > 0).map(stepOf);
  }

  /** An object to write on: those of objects that were left are used again. */
  #frame(): Frame {
    const free = this.#frames[this.depth];
    if (free !== undefined) return free;
    const frame: Frame = { object: this, kind: "record", keys: undefined, parts: [], length: 0, at: 0 };
    this.#frames.push(frame);
    return frame;
  }

  /** Whether an object is not open; takes it for one from now on. */
  #isNew(object: object): boolean {
    const { depth } = this;
    const compared = Math.min(depth, COMPARED);
    for (let level = 0; level < compared; level++) if (this.#frames[level]?.object === object) return false;
    if (depth < COMPARED) return true;
    const { size } = this.#deep;
    return this.#deep.add(object).size > size;
  }

  #noted(object: object, key: string): unknown {
    const found = Object.getOwnPropertyDescriptor(object, key);
    if (found === undefined) return (object as Record<string, unknown>)[key];
    if (found.get === undefined) return found.value;
    this.foundGetter = true;
    return found.get.call(object);
  }
}

/** In their own order, whatever a subclass says of it. */
function partsOf(object: object, kind: "map" | "set"): unknown[] {
  const parts: unknown[] = [];
  if (kind === "map") Map.prototype.forEach.call(object, (value, key) => parts.push(key, value));
  else Set.prototype.forEach.call(object, (value) => parts.push(value));
  return parts;
}

function stepOf({ kind, keys, parts, at }: Frame): Step {
  const last = at - 1;
  if (keys !== undefined) return keys[last] as string;
  if (kind === "list") return last;
  if (kind === "set") return "(value)";
  if (last % 2 === 0) return "(key)";
  const key = parts[last - 1];
  return typeof key === "string" ? key : "(value)";
}
