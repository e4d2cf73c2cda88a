/** Values on their way to text and back. */
import { messageOf, TransportError } from "./failure.js";

/**
 * A value as JSON; `undefined` becomes no text at all. Fields that are `undefined` are left out, as JSON does. What says
 * itself what it is in JSON, such as a date, is sent as that. Throws `SERIALIZATION_FAILED`, naming the place, for what
 * would arrive as something else or not at all: functions, symbols, bigints, numbers that are not finite, `undefined` in
 * lists, instances of other classes (errors, maps, buffers, …), cycles.
 */
export function encode(value: unknown): string | undefined {
  let text: string | undefined;
  let lost: string | undefined;
  try {
    text = JSON.stringify(value);
    // Only now, when it is known to have no cycle and to be no deeper than the stack.
    lost = lossIn(value, "");
  } catch (cause) {
    throw new TransportError("SERIALIZATION_FAILED", `Cannot be sent as JSON: ${firstLine(messageOf(cause))}`, {
      cause,
    });
  }
  if (lost !== undefined) throw new TransportError("SERIALIZATION_FAILED", `Cannot be sent as JSON: ${lost}`);
  return text;
}

/** A value from JSON. Throws `DESERIALIZATION_FAILED`; the message does not quote the text, which may hold secrets. */
export function decode(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TransportError("DESERIALIZATION_FAILED", `The answer of ${from} is not JSON (${text.length} characters)`);
  }
}

/** Says where something is that JSON drops or changes silently. */
function lossIn(value: unknown, path: string): string | undefined {
  const is = (what: string) => `${path || "the value"} is ${what}`;
  switch (typeof value) {
    case "function":
    case "symbol":
      return is(`a ${typeof value}`);
    case "number":
      return Number.isFinite(value) ? undefined : is(String(value));
    case "object":
      break;
    default:
      return undefined;
  }
  if (value === null) return undefined;
  // Buffers could say what they are in JSON, but nobody there would read it as a buffer.
  if (ArrayBuffer.isView(value)) return is(instanceOf(value));
  if (!hasOwnJson(value))
    return Array.isArray(value) || isPlain(value) ? lossWithin(value, path) : is(instanceOf(value));
  if (isInvalidDate(value)) return is("an invalid date");
  const said = value.toJSON();
  // Asked only once, as JSON does.
  return typeof said === "object" && said !== null ? lossWithin(said, path) : lossIn(said, path);
}

function lossWithin(value: object, path: string): string | undefined {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const at = `${path}[${i}]`;
      const lost = value[i] === undefined ? `${at} is undefined` : lossIn(value[i], at);
      if (lost !== undefined) return lost;
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    const lost = lossIn((value as Record<string, unknown>)[key], path === "" ? key : `${path}.${key}`);
    if (lost !== undefined) return lost;
  }
  return undefined;
}

/** Dates, and whatever else says itself what it is in JSON. */
function hasOwnJson(value: object): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === "function";
}

function isInvalidDate(value: object): boolean {
  return value instanceof Date && Number.isNaN(value.getTime());
}

/** Plain objects of other realms count: those of another window, or of a test's environment. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "hasOwnProperty");
}

function instanceOf(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" ? `an instance of ${name}` : "an instance of a class";
}

/** The engine draws a picture of a cycle below the first line. */
function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}
