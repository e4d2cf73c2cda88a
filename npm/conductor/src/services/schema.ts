/**
 * Parts of schemas, and the texts of what they find wrong. The texts are those that callers have always seen
 * (`Required`, `Expected object, received number`), whatever zod's own are.
 */
import type { ZodRawShape, ZodType } from "zod";
import type { Zod } from "./declaration.js";

/** One thing that a schema found wrong. */
export interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** An object with these keys, and others, which are kept. A `Map`, a `Date` and the like are no objects here. */
export function object<Shape extends ZodRawShape>(z: Zod, shape: Shape) {
  const checked = (value: unknown, { issues }: { issues: unknown[] }) => {
    if (!SPECIAL.has(kindOf(value))) return value;
    issues.push({ code: "invalid_type", expected: "object", input: value });
    // zod cannot be handed a promise on.
    return undefined;
  };
  return z.preprocess(checked as never, z.looseObject(shape));
}

/** An object of whatever keys. */
export function record(z: Zod) {
  return z.record(z.string(), z.unknown());
}

/** A number within bounds. `Infinity` is one: where it says how often or how long, that is an answer. */
export function number(z: Zod, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY) {
  const numbers = z.any().check(({ value, issues }) => {
    const found = { origin: "number", input: value, inclusive: true } as const;
    if (typeof value !== "number" || Number.isNaN(value)) {
      issues.push({ code: "invalid_type", expected: "number", input: value });
    } else if (value < least) issues.push({ ...found, code: "too_small", minimum: least });
    else if (value > most) issues.push({ ...found, code: "too_big", maximum: most });
  });
  // For descriptions, which see nothing of a check.
  return numbers.meta({
    type: "number",
    ...(Number.isFinite(least) && { minimum: least }),
    ...(Number.isFinite(most) && { maximum: most }),
  });
}

/**
 * What a schema finds wrong with a value; empty when nothing is.
 *
 * @param hint what is said after a key that is unknown, of the keys that are known there
 */
export function issuesOf(schema: ZodType, value: unknown, hint?: KeyHint): Issue[] {
  const error = (issue: RawIssue) => {
    const { code, keys = [], inst } = issue;
    if (code !== "unrecognized_keys" || hint === undefined) return textOf(issue);
    const hints = keys.map((key) => hint(key, Object.keys(inst?._zod.def.shape ?? {}))).join("");
    return `Unrecognized key${keys.length > 1 ? "s" : ""}: ${keys.map((key) => JSON.stringify(key)).join(", ")}${hints}`;
  };
  const parsed = schema.safeParse(value, { error: error as never });
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => ({ path, message }));
}

type KeyHint = (key: string, known: readonly string[]) => string;

/** The longest text of a value that a message repeats. */
const LONGEST_QUOTE = 100;

/** An issue before it has a text. */
interface RawIssue {
  code: string;
  input?: unknown;
  origin?: string;
  expected?: string;
  minimum?: unknown;
  maximum?: unknown;
  values?: readonly unknown[];
  keys?: readonly string[];
  /** The schema that found it. */
  inst?: { _zod: { def: { shape?: object } } };
}

function textOf(issue: RawIssue): string | undefined {
  const { code, input, origin, expected = "", values = [] } = issue;
  if (input === undefined && code !== "invalid_union" && code !== "custom") return "Required";
  switch (code) {
    case "invalid_type":
      if (expected === "int") return "Expected integer, received float";
      return `Expected ${expected === "record" ? "object" : expected}, received ${kindOf(input)}`;
    case "invalid_value": {
      const allowed = values.map((value) => `'${value}'`).join(" | ");
      if (typeof input !== "string") return `Expected ${allowed}, received ${kindOf(input)}`;
      return `Invalid enum value. Expected ${allowed}, received '${input.slice(0, LONGEST_QUOTE)}'`;
    }
    case "too_small":
      return origin === "string"
        ? `String must contain at least ${issue.minimum} character(s)`
        : `Number must be greater than or equal to ${issue.minimum}`;
    case "too_big":
      return origin === "string"
        ? `String must contain at most ${issue.maximum} character(s)`
        : `Number must be less than or equal to ${issue.maximum}`;
    default:
      return undefined;
  }
}

const SPECIAL: ReadonlySet<string> = new Set(["promise", "map", "set", "date"]);

/** The kind of a value, in a word. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (Number.isNaN(value)) return "nan";
  if (value instanceof Map) return "map";
  if (value instanceof Set) return "set";
  if (value instanceof Date) return "date";
  if (value instanceof Promise) return "promise";
  return typeof value;
}
