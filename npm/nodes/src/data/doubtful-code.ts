/** Fields that user code reads by their names and no item has, where each item has one that is called almost so. */

import { namesText } from "../contract/close-names.js";
import { LONGEST_CODE, NAME, withoutTexts } from "./code-text.js";
import type { Doubt } from "./doubtful-conditions.js";
import { isPlainObject } from "./input.js";
import { likelyPaths } from "./likely-paths.js";

/** Items that are looked at. */
const MOST_ITEMS = 10_000;
/** Code that was read lately, and what it reads. */
const MOST_KEPT = 256;

type Path = readonly string[];
const known = new Map<string, readonly Path[]>();

/**
 * What user code reads of values under a name, and none of them has.
 *
 * @param name what the code calls a value
 * @param values the items that the name stands for, one after the other
 * @param parameter that holds the code
 */
export function doubtsOfCode(code: string, name: string, values: Iterable<unknown>, parameter: string): Doubt[] {
  const doubts: Doubt[] = [];
  const told = new Set<string>();
  for (const path of pathsIn(code, name)) {
    const lacking = lackOf(path, values);
    if (lacking === undefined || told.has(lacking.field)) continue;
    told.add(lacking.field);
    const hint = `Did you mean ${namesText(lacking.like)}?`;
    doubts.push({
      rule: "missing-field",
      message: `\`${[name, ...path].join(".").replace(/\.(\d+)/g, "[$1]")}\` in \`${parameter}\` is not there: there is no \`${lacking.field}\`. ${hint}`,
    });
  }
  return doubts;
}

/** The same of single values, by the names under which the code has them. */
export function doubtsOfNames(code: string, names: Readonly<Record<string, unknown>>, parameter: string): Doubt[] {
  return Object.entries(names).flatMap(([name, value]) => doubtsOfCode(code, name, [value], parameter));
}

/**
 * Members that code reads below a name, written one after the other with dots. Where the code asks whether a member is
 * there, or has a default for it, that member and what lies below it may be missing.
 */
function pathsIn(code: string, name: string): readonly Path[] {
  if (code.length > LONGEST_CODE) return [];
  const key = `${name} ${code}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const paths: Path[] = [];
  const optional = new Set<string>();
  const text = withoutTexts(code);
  const conditions = conditionsIn(text);
  for (const { 0: all, 1: ahead, 2: members = "", 3: after, index } of text.matchAll(chainOf(name))) {
    const path = members.replaceAll("[", ".").replaceAll("]", "").slice(1).split(".");
    const end = index + all.length;
    const isAsked = ahead !== undefined || ASKS.test(after ?? "") || (after === ")" && conditions.has(end));
    if (isAsked) optional.add(path.join("."));
    // What is called is a method, what is assigned to is made.
    if (after === "(" || after === "=") path.pop();
    if (path.length > 0) paths.push(path);
  }
  const asked = new Set(Array.from(code.matchAll(NAME_ASKED_FOR), ([, , inside, , has]) => inside ?? has));
  const sure = paths.map((path) => {
    const first = path.findIndex((field, at) => asked.has(field) || optional.has(path.slice(0, at + 1).join(".")));
    return first < 0 ? path : path.slice(0, first);
  });
  if (known.size >= MOST_KEPT) known.clear();
  known.set(key, sure);
  return sure;
}

const NOTHING = "(?:undefined|null|void 0)";
/** What follows a member that the code knows may be missing: a default, a branch, a comparison with nothing. */
const ASKS = new RegExp(`^(?:\\?|\\|\\||&&|[!=]==?\\s*${NOTHING})`);
/** `"name" in …` and `Object.hasOwn(…, "name")`. */
const NAME_ASKED_FOR = new RegExp(
  `(["'])(${NAME})\\1\\s+in\\b|\\bhas(?:Own|OwnProperty)\\s*\\((?:[^()"']*,)?\\s*(["'])(${NAME})\\3\\s*\\)`,
  "gu",
);

/** A name with the members below it, what asks about it ahead, and what comes after. */
function chainOf(name: string): RegExp {
  const ahead = `(!\\s*|\\btypeof\\s+|\\bdelete\\s+|\\b${NOTHING}\\s*[!=]==?\\s*)?`;
  const after = `(\\(|\\)|\\?|\\|\\||&&|=(?![=>])|[!=]==?\\s*${NOTHING}(?![\\p{ID_Continue}$]))?`;
  const members = `((?:\\[\\d+\\]|\\.${NAME})+)(?![\\p{ID_Continue}$])`;
  return new RegExp(`${ahead}(?<![.\\p{ID_Continue}$])${escaped(name)}${members}\\s*${after}`, "gu");
}

/** Where the conditions of `if` and `while` end, behind the brackets that close within them. */
function conditionsIn(text: string): Set<number> {
  const ends = new Set<number>();
  const open: boolean[] = [];
  for (const { 0: bracket, index } of text.matchAll(/\b(?:if|while)\s*\(|[()]/g)) {
    if (bracket !== ")") open.push(bracket !== "(" || open.at(-1) === true);
    else if (open.pop() === true) ends.add(index + 1);
  }
  return ends;
}

function escaped(name: string): string {
  return name.replaceAll("$", "\\$");
}

/** The member of a path that all values lack, if it may be misspelt. */
function lackOf(path: Path, values: Iterable<unknown>): { field: string; like: string[] } | undefined {
  let found: { field: string; like: string[] } | undefined;
  let seen = 0;
  for (const value of values) {
    if (seen++ === MOST_ITEMS) break;
    const missing = missingIn(path, value);
    if (missing === undefined || (found !== undefined && missing.field !== found.field)) return undefined;
    if (found !== undefined) continue;
    const like = likelyPaths(missing.field, missing.holder);
    if (like.length === 0) return undefined;
    found = { field: missing.field, like };
  }
  return found;
}

function missingIn(path: Path, value: unknown): { field: string; holder: object } | undefined {
  let holder = value;
  for (const field of path) {
    if (Array.isArray(holder) && /^\d+$/.test(field)) {
      holder = holder[Number(field)];
      continue;
    }
    if (!isPlainObject(holder)) return undefined;
    if (!(field in holder)) return { field, holder };
    const member = Object.getOwnPropertyDescriptor(holder, field);
    // What is worked out when it is read, such as the rows of a table, is not for this to read.
    if (member === undefined || !("value" in member)) return undefined;
    holder = member.value;
  }
  return undefined;
}
