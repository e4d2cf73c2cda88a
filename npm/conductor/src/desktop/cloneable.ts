/** Which values can go to another process: those that the structured clone algorithm takes. */
import { types } from "node:util";
import { serialize } from "node:v8";

/** Names the first part of a value that cannot be cloned, such as `data.rows.0.parse is a function`; else `undefined`. */
export function uncloneablePart(value: unknown, name: string): string | undefined {
  const search = new Search();
  if (search.accepts(value)) return undefined;
  return `${[name, ...search.path.reverse()].join(".")} ${search.reason}`;
}

/** Deeper than this a value is not cloned either. */
const DEEPEST = 1000;

class Search {
  reason = "";
  readonly path: string[] = [];
  private readonly seen = new Set<object>();
  private depth = 0;

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
    if (ArrayBuffer.isView(value)) return !types.isSharedArrayBuffer(value.buffer) || this.refuse("shares its memory");
    if (types.isMap(value)) return this.acceptsMap(value);
    if (types.isSet(value)) return this.acceptsSet(value);
    if (types.isDate(value) || types.isRegExp(value) || types.isAnyArrayBuffer(value)) {
      return !types.isSharedArrayBuffer(value) || this.refuse("shares its memory");
    }
    if (types.isNativeError(value)) return this.acceptsError(value);
    if (types.isBoxedPrimitive(value)) return !types.isSymbolObject(value) || this.refuse("is a symbol");
    const kind = uncloneableKind(value);
    return kind === undefined ? this.acceptsOwn(value) : this.refuse(kind);
  }

  private acceptsOwn(value: object): boolean {
    const properties = value as Record<string, unknown>;
    for (const key of Object.keys(value)) {
      let property: unknown;
      try {
        property = properties[key];
      } catch {
        return this.refuse("threw when it was read", key);
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

  private acceptsError(error: Error): boolean {
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

function isCloned(value: object): boolean {
  try {
    serialize(value);
    return true;
  } catch {
    return false;
  }
}
