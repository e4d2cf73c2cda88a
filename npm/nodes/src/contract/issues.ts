/** What a schema found wrong with a value, in sentences. */
import { kindOf } from "../data/kind.js";

/** The part of zod's issues that sentences are made of. Other schema libraries give `path` and `message` as well. */
export interface Issue {
  readonly path?: readonly PropertyKey[] | undefined;
  readonly message: string;
  readonly code?: string | undefined;
  readonly expected?: unknown;
  readonly values?: readonly unknown[] | undefined;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly inclusive?: boolean | undefined;
  readonly origin?: string | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly errors?: readonly (readonly Issue[])[] | undefined;
}

/** Issues that are told; of the others, how many there are. */
const MOST_ISSUES = 20;
/** Characters of a value that are shown. */
const MOST_FOUND = 60;

/**
 * One sentence for each issue: its path, what is allowed and what was found, such as
 * `` `where[0].operator` must be one of "eq", "ne", found "like" ``.
 */
export function issueSentences(issues: readonly Issue[], given: unknown): string {
  const told = issues.slice(0, MOST_ISSUES).map((issue) => sentenceOf(issue, given));
  if (issues.length > MOST_ISSUES) told.push(`and ${issues.length - MOST_ISSUES} more`);
  return told.join("; ");
}

/** A path as it is written in code: `where[0].operator`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}

/** A value as messages show it: its text where that is short, else what it is. */
export function foundText(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") {
    return value.length <= MOST_FOUND ? JSON.stringify(value) : `${JSON.stringify(value.slice(0, MOST_FOUND))}…`;
  }
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  return kindOf(value);
}

/** The sentence of one issue; `whole` is what the value is called of which the issue has no path. */
export function sentenceOf(issue: Issue, given: unknown, whole = "the parameters"): string {
  const path = issue.path ?? [];
  const name = path.length === 0 ? whole : `\`${pathText(path)}\``;
  const value = valueAt(given, path);
  const rule = ruleOf(issue);
  if (issue.code === "unrecognized_keys") return `${name} may not have ${quoted(issue.keys ?? [])}`;
  if (value === undefined && issue.code !== "custom") {
    return `${name} is missing${rule === undefined ? "" : `; it must be ${rule}`}`;
  }
  const closest = issue.code === "invalid_union" ? closestOf(issue.errors ?? []) : undefined;
  if (closest !== undefined) {
    const told = closest.slice(0, MOST_ISSUES).map((inner) => {
      return sentenceOf({ ...inner, path: [...path, ...(inner.path ?? [])] }, given, whole);
    });
    return `${name} fits none of ${issue.errors?.length} alternatives; for the closest, ${told.join(" and ")}`;
  }
  if (rule === undefined) return `${name}: ${issue.message}, found ${foundText(value)}`;
  return `${name} must be ${rule}, found ${foundText(value)}`;
}

/**
 * What is wrong with a value by the alternative that it probably was meant for: of those whose kind it is the one with the fewest
 * constants that differ, as these tell alternatives apart, and then with the fewest issues. `undefined` where it is of no kind.
 */
function closestOf(alternatives: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const constants = (issues: readonly Issue[]) => issues.filter(({ code }) => code === "invalid_value").length;
  return alternatives
    .filter((issues) => issues.length > 0 && issues.every(({ path = [] }) => path.length > 0))
    .sort((one, other) => constants(one) - constants(other) || one.length - other.length)[0];
}

/** What a value must be; `undefined` where only the message of the issue knows. */
function ruleOf(issue: Issue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      // What may be anything must be there all the same.
      if (issue.expected === "nonoptional") return undefined;
      return KINDS[String(issue.expected)] ?? String(issue.expected);
    case "invalid_value":
      return oneOf(
        (issue.values ?? []).map((value) => (typeof value === "string" ? JSON.stringify(value) : `${value}`)),
      );
    case "too_small":
      return boundOf(issue, "at least", "more than", issue.minimum);
    case "too_big":
      return boundOf(issue, "at most", "less than", issue.maximum);
    case "invalid_union": {
      const forms = (issue.errors ?? []).flatMap(([first]) => (first === undefined ? [] : [ruleOf(first)]));
      const known = [...new Set(forms.filter((form) => form !== undefined))];
      return known.length === 0 ? undefined : either(known);
    }
    default:
      return undefined;
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  integer: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  null: "null",
  never: "left out",
};

function boundOf({ origin, inclusive }: Issue, within: string, beyond: string, bound: unknown): string {
  const words = inclusive === false ? beyond : within;
  if (origin === "string")
    return bound === 1 && words === within ? "text that is not empty" : `text of ${words} ${bound} characters`;
  if (origin === "array" || origin === "set") return `a list of ${words} ${bound}`;
  return `${words} ${bound}`;
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? (words[0] as string) : `one of ${words.join(", ")}`;
}

function either(words: readonly string[]): string {
  if (words.length === 1) return words[0] as string;
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  let value = given;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
