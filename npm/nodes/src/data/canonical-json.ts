/** JSON that is the same text for equal data. */
import { NodeError } from "../contract/error.js";
import { Pace } from "../contract/pace.js";
import { isPlainObject, type PlainObject } from "./input.js";
import { kindOf } from "./kind.js";

/** Deeper data has a cycle, or is too deep for other programs. */
const MOST_LEVELS = 400;
const TOO_DEEP = `data of more than ${MOST_LEVELS} levels, or a cycle`;

/** Pieces of text that are kept apart before they become one. */
const MOST_PIECES = 100_000;

/** A list or an object that is being written. */
interface Open {
  /** The keys of an object in order; `undefined` for a list. */
  keys: readonly string[] | undefined;
  value: PlainObject | readonly unknown[];
  /** How many members are written or left out. */
  at: number;
  isEmpty: boolean;
}

/**
 * A value as JSON without blanks, the keys of objects in the order of their UTF-16 code units as RFC 8785 has it. Members
 * that are `undefined` are left out, dates are their ISO text. Other work of the thread has its turn in between.
 *
 * @throws NodeError TYPE_MISMATCH naming the path of what JSON has no word for: NaN, bytes, functions, cycles …; CANCELLED
 */
export async function canonicalJson(value: unknown, signal?: AbortSignal): Promise<string> {
  const pace = new Pace(signal);
  const writer = new Writer();
  writer.write(value);
  while (writer.goOn()) if (pace.isDue()) await pace.rest();
  return writer.text();
}

/** Writes one member at a time. */
class Writer {
  private readonly open: Open[] = [];
  private readonly done: string[] = [];
  private pieces: string[] = [];

  text(): string {
    return this.done.join("") + this.pieces.join("");
  }

  /** Writes the next member of what was opened last; `false` when all is written. */
  goOn(): boolean {
    const open = this.open.at(-1);
    if (open === undefined) return false;
    if (this.pieces.length > MOST_PIECES) {
      this.done.push(this.pieces.join(""));
      this.pieces = [];
    }
    const { keys, value } = open;
    if (open.at === (keys ?? (value as readonly unknown[])).length) {
      this.pieces.push(keys === undefined ? "]" : "}");
      this.open.pop();
      return true;
    }
    const key = keys?.[open.at];
    const member = key === undefined ? ((value as readonly unknown[])[open.at] ?? null) : (value as PlainObject)[key];
    open.at++;
    if (member === undefined) return true;
    if (!open.isEmpty) this.pieces.push(",");
    open.isEmpty = false;
    if (key !== undefined) this.pieces.push(JSON.stringify(key), ":");
    this.write(member);
    return true;
  }

  /** Writes a value; lists and objects are opened only. */
  write(value: unknown): void {
    if (this.open.length > MOST_LEVELS) throw refused(this.path().slice(0, 3), TOO_DEEP);
    if (value === null || typeof value === "string" || typeof value === "boolean") {
      this.pieces.push(JSON.stringify(value));
    } else if (typeof value === "number") {
      if (!Number.isFinite(value)) throw refused(this.path(), String(value));
      this.pieces.push(JSON.stringify(value));
    } else if (Array.isArray(value)) {
      this.pieces.push("[");
      this.open.push({ keys: undefined, value, at: 0, isEmpty: true });
    } else if (value instanceof Date) {
      if (Number.isNaN(value.getTime())) throw refused(this.path(), "a date that there is not");
      this.pieces.push(JSON.stringify(value));
    } else if (isPlainObject(value)) {
      this.pieces.push("{");
      this.open.push({ keys: Object.keys(value).sort(), value, at: 0, isEmpty: true });
    } else {
      throw refused(this.path(), ArrayBuffer.isView(value) ? "bytes" : kindOf(value));
    }
  }

  /** Where what is being written stands. */
  private path(): (string | number)[] {
    return this.open.map(({ keys, at }) => keys?.[at - 1] ?? at - 1);
  }
}

function refused(path: readonly (string | number)[], found: string): NodeError {
  const place = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
  return new NodeError("TYPE_MISMATCH", `JSON has no word for \`data${place}\`, which is ${found}`);
}
