import { NodeError } from "../contract/error.js";
import { kindOf } from "../data/input.js";
import { otherWork } from "./other-work.js";
import type { ScriptBatch } from "./sandbox.js";

/** Deeper data would overflow a stack on one side or the other. */
const MOST_LEVELS = 400;
/** JSON text handed over at once, in characters. */
const BATCH_LENGTH = 256 * 1024;
/** How long the main thread may be kept by encoding, in ms. */
const LONGEST_HOLD = 8;

/**
 * Takes data into the sandbox and back as JSON text. What JSON has no word for (dates, `NaN`, infinities, `undefined` in
 * arrays) crosses under a key that data cannot guess.
 */
export class Crossing {
  readonly tag = `@${randomText()}`;

  /** @throws NodeError TYPE_MISMATCH naming the path of what cannot cross: functions, symbols, BigInts, cycles … */
  encode(value: unknown, path = ""): string {
    const special = inspect(value, path, [], false);
    return special
      ? JSON.stringify(value, this.#replacer())
      : (JSON.stringify(value) ?? JSON.stringify({ [this.tag]: ["undefined"] }));
  }

  /** Items as batches of JSON arrays; between batches other work of the main thread gets its turn. */
  async encodeItems(items: readonly unknown[], whole: boolean): Promise<ScriptBatch[]> {
    if (whole) return [{ text: this.encode(items), count: items.length }];
    const batches: ScriptBatch[] = [];
    let count = 256;
    let resumed = performance.now();
    for (let start = 0; start < items.length; ) {
      const part = items.slice(start, start + count);
      // The path is that of the item in the whole list.
      const text = this.#encodePart(part, start);
      batches.push({ text, count: part.length });
      start += part.length;
      count = Math.max(1, Math.min(16384, Math.floor((BATCH_LENGTH * part.length) / text.length)));
      if (performance.now() - resumed > LONGEST_HOLD) {
        await otherWork();
        resumed = performance.now();
      }
    }
    return batches;
  }

  decode(text: string): unknown {
    if (!text.includes(this.tag)) return JSON.parse(text);
    const { tag } = this;
    return JSON.parse(text, (_key, value: unknown) => {
      if (typeof value !== "object" || value === null) return value;
      // An item revived as `undefined` was deleted from its array, which left a hole.
      if (Array.isArray(value)) return Array.from(value);
      if (!Object.hasOwn(value, tag)) return value;
      const [kind, payload] = (value as Record<string, [string, unknown]>)[tag] as [string, unknown];
      if (kind === "date") return new Date(payload === null ? Number.NaN : (payload as number));
      return kind === "number" ? Number(payload) : undefined;
    });
  }

  #encodePart(part: readonly unknown[], start: number): string {
    let special = false;
    for (let i = 0; i < part.length; i++) special = inspect(part[i], `[${start + i}]`, [], true) || special;
    return special ? JSON.stringify(part, this.#replacer()) : JSON.stringify(part);
  }

  #replacer(): (this: unknown, key: string, value: unknown) => unknown {
    const { tag } = this;
    return function (key, value) {
      const original = (this as Record<string, unknown>)[key];
      if (original instanceof Date) {
        const time = original.getTime();
        return { [tag]: ["date", Number.isNaN(time) ? null : time] };
      }
      if (typeof original === "number" && !Number.isFinite(original)) return { [tag]: ["number", String(original)] };
      if (original === undefined && (Array.isArray(this) || key === "")) return { [tag]: ["undefined"] };
      return value;
    };
  }
}

/** Whether there is anything in a value that JSON has no word for; refuses what cannot cross at all. */
function inspect(value: unknown, path: string, above: object[], inArray: boolean): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return false;
    case "number":
      return !Number.isFinite(value);
    case "undefined":
      return inArray;
    case "object":
      break;
    default:
      throw refusal(path, kindOf(value));
  }
  if (value === null) return false;
  if (value instanceof Date) return true;
  if (above.includes(value)) throw refusal(path, "a cycle");
  if (above.length >= MOST_LEVELS) throw refusal(path, `data of more than ${MOST_LEVELS} levels`);
  if (isExotic(value))
    throw refusal(path, `a ${(value.constructor as { name?: string } | undefined)?.name ?? "special object"}`);
  above.push(value);
  let special = false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) special = inspect(value[i], `${path}[${i}]`, above, true) || special;
  } else {
    for (const key of Object.keys(value)) {
      const found = (value as Record<string, unknown>)[key];
      // Paths are built only where they can be needed: below a leaf nothing is refused.
      if (typeof found === "string" || typeof found === "boolean") continue;
      special = inspect(found, path === "" ? key : `${path}.${key}`, above, false) || special;
    }
  }
  above.pop();
  return special;
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

function randomText(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (word) => word.toString(36)).join("");
}
