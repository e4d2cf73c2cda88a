/** Values on their way to text and back. */
import { classOf, FOUND, kindOf, messageOf, OVER, pathText, Walk } from "@atomiton/values";
import { TransportError } from "./failure.js";

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
    // Only now, when it is known to have no cycle.
    lost = lossIn(value);
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

/** Says where something is that JSON drops or changes silently, of a value that has no cycles. */
function lossIn(value: unknown): string | undefined {
  const walk = new Walk(value, "every way");
  for (let step = walk.next(); step !== OVER; step = walk.next()) {
    const lost = step === FOUND ? lossOf(walk) : undefined;
    if (lost !== undefined) return `${pathText(walk.path()) || "the value"} is ${lost}`;
  }
  return undefined;
}

/** What would be lost of the value at hand; makes its parts the next values. */
function lossOf(walk: Walk): string | undefined {
  let { value } = walk;
  if (hasOwnJson(value)) {
    // Buffers could say what they are in JSON, but the other side would not read it as a buffer.
    if (ArrayBuffer.isView(value)) return instanceOf(value);
    const said = value.toJSON();
    if (said === null && kindOf(value) === "date") return "an invalid date";
    value = said;
    // Asked only once, as JSON does.
    if (typeof value === "object" && value !== null) return void walk.enter(value, kindOf(value));
  }
  switch (typeof value) {
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    case "number":
      return Number.isFinite(value) ? undefined : String(value);
    case "undefined":
      return walk.isItem ? "undefined" : undefined;
    case "object":
      break;
    default:
      return undefined;
  }
  if (value === null) return undefined;
  const kind = kindOf(value);
  if (kind !== "list" && kind !== "record") return instanceOf(value);
  walk.enter(value, kind);
  return undefined;
}

/** Dates, and whatever else says itself what it is in JSON. */
function hasOwnJson(value: unknown): value is { toJSON(): unknown } {
  return typeof value === "object" && typeof (value as { toJSON?: unknown } | null)?.toJSON === "function";
}

function instanceOf(value: object): string {
  return `an instance of ${classOf(value) ?? "a class"}`;
}

/** The engine draws a picture of a cycle below the first line. */
function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}
