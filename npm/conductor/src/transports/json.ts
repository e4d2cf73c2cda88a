/** Values on their way to text and back. */
import { messageOf, TransportError } from "./failure.js";

/**
 * A value as JSON; `undefined` becomes no text at all. Fields that are `undefined` are left out, as JSON does. Throws
 * `SERIALIZATION_FAILED` for what would arrive as something else or not at all: functions, symbols, bigints, numbers
 * that are not finite, maps, sets, buffers, cycles.
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
  switch (typeof value) {
    case "function":
    case "symbol":
      return `${path || "the value"} is a ${typeof value}`;
    case "number":
      return Number.isFinite(value) ? undefined : `${path || "the value"} is ${value}`;
    case "object":
      break;
    default:
      return undefined;
  }
  if (value === null || typeof (value as { toJSON?: unknown }).toJSON === "function") return undefined;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const lost = lossIn(value[i], `${path}[${i}]`);
      if (lost !== undefined) return lost;
    }
    return undefined;
  }
  if (isOpaque(value)) return `${path || "the value"} is a ${value.constructor.name}`;
  for (const key of Object.keys(value)) {
    const lost = lossIn((value as Record<string, unknown>)[key], path === "" ? key : `${path}.${key}`);
    if (lost !== undefined) return lost;
  }
  return undefined;
}

/** What keeps its content where JSON does not look. */
function isOpaque(value: object): boolean {
  return (
    value instanceof Map ||
    value instanceof Set ||
    value instanceof WeakMap ||
    value instanceof WeakSet ||
    value instanceof Promise ||
    value instanceof ArrayBuffer ||
    ArrayBuffer.isView(value)
  );
}

/** The engine draws a picture of a cycle below the first line. */
function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}
