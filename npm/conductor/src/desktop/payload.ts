/** How large a message from a page may be, and which keys it may have. */
import { types } from "node:util";
import type { PayloadLimits } from "./limits.js";

/** With these an object would say something about its own prototype. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
const NO_KEYS: ReadonlySet<string> = new Set();

/** Structured clone goes no deeper either. */
const DEEPEST = 1000;

/** What a number, a flag, a date or an empty object counts. */
const VALUE_BYTES = 8;

/** What a text counts beside its characters, so that none is for nothing. */
const TEXT_BYTES = 2;

/** Shorter texts are counted by their length alone: to encode them costs more than it tells. */
const SHORT_TEXT = 256;

/**
 * What is wrong with a value, in words with its place; `undefined` when it is within the limits. Stops where a limit is
 * passed, so that a huge value costs no more than one at the limit.
 *
 * An object counts as often as it can be reached: to share objects takes a message few bytes, but whoever writes the
 * value out, or copies it, writes each of them as often.
 */
export function payloadProblem(value: unknown, limits: PayloadLimits): string | undefined {
  if (typeof value !== "object" || value === null) {
    return typeof value === "string" && textBytes(value) > limits.bytes ? tooLarge(limits) : undefined;
  }
  const walk = new Walk(limits, FORBIDDEN_KEYS, "every way");
  return walk.enter(value, 1) ? undefined : walk.problem();
}

/** About how many bytes a value takes in memory, what is shared in it once; `undefined` when it is more than the limit. */
export function memoryBytes(value: unknown, limit: number): number | undefined {
  const walk = new Walk({ bytes: limit, depth: DEEPEST }, NO_KEYS, "once");
  return walk.take(value, 0) ? walk.bytes : undefined;
}

class Walk {
  bytes = 0;
  /** Objects that are being looked at; those that were, too, when each counts once. */
  private readonly entered = new Set<object>();
  private reason = "";
  private readonly path: string[] = [];

  constructor(
    private readonly limits: PayloadLimits,
    private readonly forbidden: ReadonlySet<string>,
    private readonly counting: "every way" | "once",
  ) {}

  problem(): string {
    return this.path.length === 0 ? this.reason : `${this.reason} at ${this.path.reverse().join(".")}`;
  }

  /** Whether an object and all in it are within the limits. */
  enter(value: object, depth: number): boolean {
    if (this.entered.has(value)) return this.count(VALUE_BYTES);
    if (depth > this.limits.depth) {
      // The place would be as long as it is deep.
      this.reason = `The limit "depth" is ${this.limits.depth}, found more`;
      return false;
    }
    this.entered.add(value);
    const accepted = this.count(VALUE_BYTES) && this.contents(value, depth);
    if (this.counting === "every way") this.entered.delete(value);
    return accepted;
  }

  take(value: unknown, depth: number): boolean {
    if (typeof value === "string") return this.count(TEXT_BYTES + textBytes(value));
    if (typeof value === "object" && value !== null) return this.enter(value, depth + 1);
    return this.count(VALUE_BYTES);
  }

  private contents(value: object, depth: number): boolean {
    if (Array.isArray(value)) return this.list(value, depth);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null)
      return this.object(value as Record<string, unknown>, depth);
    return this.other(value, depth);
  }

  private list(list: unknown[], depth: number): boolean {
    // A list may be all holes; these count too, as whoever reads it will go over them.
    for (let index = 0; index < list.length; index++) {
      if (!this.take(list[index], depth)) return this.at(index);
    }
    return true;
  }

  private object(object: Record<string, unknown>, depth: number): boolean {
    for (const key of Object.keys(object)) {
      if (this.forbidden.has(key)) {
        this.reason = `The key "${key}" is not allowed`;
        return false;
      }
      if (!this.count(key.length) || !this.take(object[key], depth)) return this.at(key);
    }
    return true;
  }

  private other(value: object, depth: number): boolean {
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return this.count(value.byteLength);
    if (types.isMap(value)) {
      for (const [key, entry] of value) {
        if (!this.take(key, depth) || !this.take(entry, depth))
          return this.at(typeof key === "string" ? key : "(entry)");
      }
      return true;
    }
    if (types.isSet(value)) {
      for (const entry of value) if (!this.take(entry, depth)) return this.at("(entry)");
      return true;
    }
    if (types.isNativeError(value)) {
      const { message, stack, cause } = value;
      return this.count(textBytes(String(message)) + textBytes(String(stack))) && this.take(cause, depth);
    }
    if (types.isRegExp(value)) return this.count(textBytes(value.source));
    return this.object(value as Record<string, unknown>, depth);
  }

  private count(bytes: number): boolean {
    this.bytes += bytes;
    if (this.bytes <= this.limits.bytes) return true;
    this.reason = tooLarge(this.limits);
    return false;
  }

  /** Notes where the problem is, while leaving. Of what is too large or too deep the place tells nothing. */
  private at(key: string | number): false {
    if (this.reason.startsWith("The key")) this.path.push(String(key));
    return false;
  }
}

function textBytes(text: string): number {
  return text.length <= SHORT_TEXT ? text.length : Buffer.byteLength(text);
}

function tooLarge({ bytes }: PayloadLimits): string {
  return `The limit "bytes" is ${bytes}, found more`;
}
