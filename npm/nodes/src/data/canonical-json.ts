/** JSON that is the same text for equal data. */
import { LEFT, OVER, pathText, Walk } from "@atomiton/values";
import { NodeError } from "../contract/error.js";
import { Pace } from "../contract/pace.js";
import { isPlainObject } from "./input.js";
import { kindOf } from "./kind.js";

/** Deeper data has a cycle, or is too deep for other programs. */
const MOST_LEVELS = 400;
const TOO_DEEP = `data of more than ${MOST_LEVELS} levels, or a cycle`;

/** Pieces of text that are kept apart before they become one. */
const MOST_PIECES = 100_000;

/**
 * A value as JSON without blanks, the keys of objects in the order of their UTF-16 code units as RFC 8785 has it. Members
 * that are `undefined` are left out, dates are their ISO text. Other work of the thread has its turn in between.
 *
 * @throws NodeError TYPE_MISMATCH naming the path of what JSON has no word for: NaN, bytes, functions, cycles …; CANCELLED
 */
export async function canonicalJson(value: unknown, signal?: AbortSignal): Promise<string> {
  const pace = new Pace(signal);
  const writer = new Writer(value);
  while (writer.goOn()) if (pace.isDue()) await pace.rest();
  return writer.text();
}

/** Writes one value at a time. */
class Writer {
  private readonly walk: Walk;
  private readonly done: string[] = [];
  private pieces: string[] = [];
  private needsComma = false;

  constructor(value: unknown) {
    this.walk = new Walk(value, "every way");
  }

  text(): string {
    return this.done.join("") + this.pieces.join("");
  }

  /** Writes what comes next; `false` when all is written. */
  goOn(): boolean {
    const step = this.walk.next();
    if (step === OVER) return false;
    if (this.pieces.length > MOST_PIECES) {
      this.done.push(this.pieces.join(""));
      this.pieces = [];
    }
    if (step === LEFT) this.put(Array.isArray(this.walk.value) ? "]" : "}");
    else this.member();
    return true;
  }

  private member(): void {
    const { value, key, isItem } = this.walk;
    if (value === undefined && key !== undefined) return;
    if (this.needsComma) this.pieces.push(",");
    if (key !== undefined) this.pieces.push(JSON.stringify(key), ":");
    this.write(value === undefined && isItem ? null : value);
  }

  /** Writes a value; lists and objects are opened only. */
  private write(value: unknown): void {
    if (value === null || typeof value === "string" || typeof value === "boolean") {
      this.put(JSON.stringify(value));
    } else if (typeof value === "number") {
      if (!Number.isFinite(value)) throw this.refused(String(value));
      this.put(JSON.stringify(value));
    } else if (Array.isArray(value)) {
      this.open("[", value);
    } else if (value instanceof Date) {
      if (Number.isNaN(value.getTime())) throw this.refused("a date that there is not");
      this.put(JSON.stringify(value));
    } else if (isPlainObject(value)) {
      this.open("{", value, Object.keys(value).sort());
    } else {
      throw this.refused(ArrayBuffer.isView(value) ? "bytes" : kindOf(value));
    }
  }

  private put(text: string): void {
    this.pieces.push(text);
    this.needsComma = true;
  }

  private open(bracket: string, value: object, keys?: readonly string[]): void {
    const isOpened = this.walk.enter(value, keys === undefined ? "list" : "record", keys);
    if (!isOpened || this.walk.depth > MOST_LEVELS) throw this.refused(TOO_DEEP);
    this.pieces.push(bracket);
    this.needsComma = false;
  }

  private refused(found: string): NodeError {
    // Of what is too deep, the first steps tell where to look.
    const place = this.walk.path().slice(0, found === TOO_DEEP ? 3 : undefined);
    return new NodeError(
      "TYPE_MISMATCH",
      `JSON has no word for \`${pathText(["data", ...place])}\`, which is ${found}`,
    );
  }
}
