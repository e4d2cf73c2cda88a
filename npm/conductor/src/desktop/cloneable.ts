/** Which values can go to another process: those that the structured clone algorithm takes. */
import { types } from "node:util";
import { serialize } from "node:v8";

/** A value as it can be sent, or what keeps it from being sent. */
export type Sendable = { value: unknown; problem?: undefined } | { value?: undefined; problem: string };

/**
 * A value that structured clone accepts: the value itself, or where parts of it are computed when they are read, plain
 * data with what they gave once, as they may give something else the next time. Else the first part that cannot be
 * cloned, such as `data.rows.0.parse is a function`.
 */
export function sendable(value: unknown, name: string): Sendable {
  const search = new Search();
  if (!search.accepts(value)) return { problem: search.problem(name) };
  if (!search.computed) return { value };
  try {
    return { value: structuredClone(value) };
  } catch (error) {
    return { problem: `${name} changed while it was read: ${error instanceof Error ? error.message : "it threw"}` };
  }
}

/** Deeper than this a value is not cloned either. */
const DEEPEST = 1000;

class Search {
  /** Whether a part of the value is computed when it is read. */
  computed = false;
  private reason = "";
  private readonly path: string[] = [];
  private readonly seen = new Set<object>();
  private depth = 0;

  problem(name: string): string {
    return `${[name, ...this.path.reverse()].join(".")} ${this.reason}`;
  }

  accepts(value: unknown): boolean {
    if (typeof value === "function") return this.refuse("is a function");
    if (typeof value === "symbol") return this.refuse("is a symbol");
    if (typeof value !== "object" || value === null) return true;
    if (types.isProxy(value)) return this.refuse("is a Proxy");
    if (this.seen.has(value)) return true;
    this.seen.add(value);
    if (this.depth >= DEEPEST) return this.refuse("is nested too deeply");
    this.depth += 1;
    const accepted = this.acceptsObject(value);
    this.depth -= 1;
    return accepted;
  }

  private acceptsObject(value: object): boolean {
    if (Array.isArray(value)) return this.acceptsOwn(value);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.acceptsOwn(value);
    if (ArrayBuffer.isView(value)) return this.acceptsMemory(value.buffer) && this.acceptsView(value);
    if (types.isMap(value)) return this.acceptsMap(value);
    if (types.isSet(value)) return this.acceptsSet(value);
    if (types.isAnyArrayBuffer(value)) return this.acceptsMemory(value);
    if (types.isDate(value) || types.isRegExp(value)) return true;
    if (types.isNativeError(value)) return this.acceptsError(value);
    if (types.isBoxedPrimitive(value)) return !types.isSymbolObject(value) || this.refuse("is a symbol");
    const kind = uncloneableKind(value);
    return kind === undefined ? this.acceptsOwn(value) : this.refuse(kind);
  }

  private acceptsOwn(value: object): boolean {
    for (const key of Object.keys(value)) {
      const descriptor = Object.getOwnPropertyDescriptor(value, key);
      let property: unknown = descriptor?.value;
      if (descriptor?.get !== undefined) {
        this.computed = true;
        try {
          property = descriptor.get.call(value);
        } catch {
          return this.refuse("threw when it was read", key);
        }
      }
      if (typeof property !== "object" && typeof property !== "function" && typeof property !== "symbol") continue;
      if (!this.accepts(property)) return this.at(key);
    }
    return true;
  }

  private acceptsMap(map: Map<unknown, unknown>): boolean {
    for (const [key, value] of map) {
      if (!this.accepts(key)) return this.at("(key)");
      if (!this.accepts(value)) return this.at(typeof key === "string" ? key : "(value)");
    }
    return true;
  }

  private acceptsSet(set: Set<unknown>): boolean {
    for (const value of set) if (!this.accepts(value)) return this.at("(value)");
    return true;
  }

  private acceptsMemory(memory: ArrayBufferLike): boolean {
    if (types.isSharedArrayBuffer(memory)) return this.refuse("shares its memory");
    return memory.byteLength > 0 || isAttached(memory) || this.refuse("was handed over to another thread");
  }

  /** Memory that shrank may leave a view of it without any place. */
  private acceptsView(view: ArrayBufferView): boolean {
    try {
      if (view.byteLength === 0) structuredClone(view);
      return true;
    } catch {
      return this.refuse("lies outside of its memory");
    }
  }

  private acceptsError(error: Error): boolean {
    if (Object.getOwnPropertyDescriptor(error, "cause")?.get !== undefined) this.computed = true;
    return error.cause === undefined || this.accepts(error.cause) || this.at("cause");
  }

  private refuse(reason: string, key?: string): false {
    this.reason = reason;
    return key === undefined ? false : this.at(key);
  }

  private at(key: string): false {
    this.path.push(key);
    return false;
  }
}

function uncloneableKind(value: object): string | undefined {
  if (types.isPromise(value)) return "is a promise";
  if (types.isWeakMap(value) || types.isWeakSet(value)) return "holds weak references";
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  // What names itself can be anything: only the algorithm knows. The others are instances of classes.
  return tag === "Object" || isCloned(value) ? undefined : `is of type ${tag}`;
}

function isAttached(memory: ArrayBufferLike): boolean {
  try {
    return new Uint8Array(memory).length === 0;
  } catch {
    return false;
  }
}

function isCloned(value: object): boolean {
  try {
    serialize(value);
    return true;
  } catch {
    return false;
  }
}
