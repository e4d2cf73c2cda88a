/** Values on their way between a page and its worker: cloned as the structured clone algorithm does it. */
import { coded } from "../engine/failure.js";

/** Smaller memory is copied: to hand it over costs about as much. In bytes. */
const LEAST_TRANSFERRED = 16 * 1024;

/**
 * Sends a message. Throws an error with the code `SERIALIZATION_FAILED` that names the part that cannot be cloned.
 *
 * @param parts what in the message may be anything, by the names that the error uses
 * @param transfer memory that the receiver gets instead of a copy; where that is refused, it gets a copy
 */
export function send(
  port: Pick<MessagePort, "postMessage">,
  message: unknown,
  parts: () => Record<string, unknown>,
  transfer: Transferable[] = [],
): void {
  try {
    port.postMessage(message, transfer);
  } catch (cause) {
    const problem = uncloneable(parts());
    // Memory that cannot be handed over, such as that of a WebAssembly module, can still be copied.
    if (problem === undefined && transfer.length > 0) return send(port, message, parts);
    throw coded("SERIALIZATION_FAILED", unsendable(problem ?? describe(cause)), cause);
  }
}

/** The first of these values that cannot be cloned, with the path to it: `context.input.rows.0.parse is a function`. */
export function uncloneable(parts: Record<string, unknown>): string | undefined {
  for (const [name, value] of Object.entries(parts)) {
    const found = new Search().in(value);
    if (found !== undefined) return `${[name, ...found.path].join(".")} ${found.reason}`;
  }
  return undefined;
}

/** Whether a value can be cloned. */
export function isCloneable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "function" && typeof value !== "symbol";
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

/** The large memory in a value, each once. Only for values of whose memory nobody else needs anything any more. */
export function memoryIn(value: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const seen = new Set<unknown>();
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    seen.add(next);
    if (next instanceof ArrayBuffer) {
      if (next.byteLength >= LEAST_TRANSFERRED) found.add(next);
    } else if (ArrayBuffer.isView(next)) waiting.push(next.buffer);
    else if (Array.isArray(next)) for (const item of next) waiting.push(item);
    else if (next instanceof Map) waiting.push(...next.keys(), ...next.values());
    else if (next instanceof Set) waiting.push(...next);
    else for (const key of Object.keys(next)) waiting.push((next as Record<string, unknown>)[key]);
  }
  return [...found];
}

function unsendable(problem: string): string {
  return `A value cannot go between the page and its worker: ${problem}. Use plain data.`;
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

interface Found {
  path: string[];
  reason: string;
}

/** Deeper than this a value is not cloned either. */
const DEEPEST = 1000;

class Search {
  private readonly seen = new Set<object>();

  in(value: unknown, depth = 0): Found | undefined {
    if (typeof value === "function") return { path: [], reason: "is a function" };
    if (typeof value === "symbol") return { path: [], reason: "is a symbol" };
    if (typeof value !== "object" || value === null || this.seen.has(value)) return undefined;
    this.seen.add(value);
    if (depth > DEEPEST) return { path: [], reason: "is nested too deeply" };
    try {
      return this.inside(value, depth) ?? (isCloneable(value) ? undefined : { path: [], reason: kind(value) });
    } catch {
      return { path: [], reason: "threw when it was read" };
    }
  }

  private inside(value: object, depth: number): Found | undefined {
    const entries =
      value instanceof Map
        ? [...value].flatMap(([key, item]) => [["(key)", key] as const, [nameOf(key), item] as const])
        : value instanceof Set
          ? [...value].map((item) => ["(value)", item] as const)
          : isOpaque(value)
            ? []
            : Object.entries(value);
    for (const [key, item] of entries) {
      const found = this.in(item, depth + 1);
      if (found !== undefined) return { path: [key, ...found.path], reason: found.reason };
    }
    return undefined;
  }
}

function nameOf(key: unknown): string {
  return typeof key === "string" ? key : "(value)";
}

/** What is not cloned by its own properties. */
function isOpaque(value: object): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Promise || value instanceof Date;
}

function kind(value: object): string {
  if (value instanceof Promise) return "is a promise";
  return `is of type ${Object.prototype.toString.call(value).slice("[object ".length, -1)}`;
}
