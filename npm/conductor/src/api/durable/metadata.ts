/** What requests say about their executions, for people and lists: what of it is kept, and the tags by which it is found. */
import { coded } from "../../engine/failure.js";
import type { RunRedact } from "../../engine/redact.js";
import type { Redaction } from "../../expressions/redaction.js";

/** What a request says about its execution: plain JSON. */
export type Metadata = Readonly<Record<string, unknown>>;

/** Bytes of its JSON. */
const MOST_BYTES = 16_384;
/** Levels of lists and objects inside of each other. */
const DEEPEST = 32;
/** Characters of a value that stands in its tag. */
const LONGEST_TAGGED = 200;

/**
 * The metadata of a request, as it is now; `undefined` where that is empty.
 *
 * @throws Error INVALID_PARAMETERS for what is no object, or has more than 16 KiB of JSON; SERIALIZATION_FAILED naming the place
 *   of what JSON or a database has no form for
 */
export function checkedMetadata(given: unknown): Metadata | undefined {
  const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
  if (!isObject) {
    const found = given === null ? "null" : Array.isArray(given) ? "a list" : `a ${typeof given}`;
    throw coded("INVALID_PARAMETERS", `The \`metadata\` of a request is an object, and this is ${found}`, undefined);
  }
  const metadata = copyOf(given, "metadata", 0) as Metadata;
  const bytes = new TextEncoder().encode(JSON.stringify(metadata)).length;
  if (bytes > MOST_BYTES) {
    const message = `The \`metadata\` of a request has ${bytes} bytes of JSON, and may have ${MOST_BYTES}; give large data in \`inputs\``;
    throw coded("INVALID_PARAMETERS", message, undefined);
  }
  return Object.keys(metadata).length === 0 ? undefined : metadata;
}

/**
 * Metadata without what the run does not show: secrets, and what the flow's `redact` names. `undefined` where that is all.
 * Input and variables have been noted before.
 */
export function shownMetadata(
  metadata: Metadata | undefined,
  redact: RunRedact | undefined,
  secrets: Redaction | undefined,
): Metadata | undefined {
  redact?.note(0, metadata, false);
  const value = redact === undefined ? metadata : redact.shown(metadata).value;
  if (typeof value !== "object" || value === null) return undefined;
  return (secrets === undefined || secrets.isEmpty ? value : cleaned(value, secrets)) as Metadata;
}

/** Tags by which an execution is found: `key:value` of short texts, numbers and booleans, of all else the key alone. */
export function tagsOf(metadata: Metadata): string[] {
  return Object.entries(metadata).map(([key, value]) => {
    const isShort = typeof value === "string" && value.length <= LONGEST_TAGGED;
    return isShort || typeof value === "number" || typeof value === "boolean" ? `${key}:${value}` : key;
  });
}

function copyOf(value: unknown, path: string, depth: number): unknown {
  const unkept = (what: string) => {
    const message = `The metadata of a request cannot be kept: \`${path}\` is ${what}. Give texts, numbers, booleans, null, lists and plain objects`;
    return coded("SERIALIZATION_FAILED", message, undefined);
  };
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") {
    if (isUnwritable(value)) throw unkept("a text with a NUL character or half of a surrogate pair");
    return value;
  }
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw unkept(String(value));
  }
  if (typeof value !== "object") throw unkept(value === undefined ? "undefined" : `a ${typeof value}`);
  if (depth === DEEPEST) throw unkept(`more than ${DEEPEST} levels deep, or inside of itself`);
  if (Array.isArray(value)) return Array.from(value, (part, at) => copyOf(part, `${path}[${at}]`, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw unkept("an instance of a class");
  const given = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(
    given.map(([key, part]) => {
      if (isUnwritable(key)) throw unkept("an object with a NUL character or half of a surrogate pair in a key");
      return [key, copyOf(part, /^\w+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`, depth + 1)];
    }),
  );
}

/** Whether databases have no form for a text. */
function isUnwritable(text: string): boolean {
  return text.includes("\0") || /\p{Cs}/u.test(text);
}

/** A value without secrets, which do not come back: nothing is run from it. */
function cleaned(value: unknown, secrets: Redaction): unknown {
  if (typeof value === "string") return secrets.text(value);
  if (typeof value === "number") {
    const text = secrets.text(String(value));
    return text === String(value) ? value : text;
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((part) => cleaned(part, secrets));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [secrets.text(key), cleaned(part, secrets)]));
}
