import { namesText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { Pace } from "../../contract/pace.js";
import { routed, routedApart, withLeftOver } from "../../contract/routed.js";
import { type Doubt, doubtsOfFields, doubtsOfFilter, doubtsOfObject } from "../../data/doubtful-conditions.js";
import { fieldOf } from "../../data/field.js";
import { findData, isPlainObject } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { likelyPaths } from "../../data/likely-paths.js";
import { doubtsOfText, MOST_LOOKED_AT } from "../../data/text-among-numbers.js";
import { type Condition, predicateOf } from "../../data/where.js";
import { executable, type NodeWork } from "../../library/work.js";
import { listIn } from "../../table/list-in.js";
import { type Case, type Way, waysOf } from "./cases.js";
import { switchType } from "./definition.js";

interface Parameters {
  value?: unknown;
  field?: string;
  cases: Case[];
  all: boolean;
  fallback: "default" | "fail" | "ignore";
  perItem: boolean;
}

/** The handle of what fits no case. */
const DEFAULT = "default";

/**
 * Routes its data, as `{handles, value}`, to the handle of the first case that it fits, or of all such cases. With
 * `perItem` the data is a list, and each handle brings the items that fit it; handles without items do not fire. What fits no
 * case goes by `default`, unless `fallback` is `ignore`.
 *
 * Fails with INVALID_PARAMETERS, TYPE_MISMATCH (fields of what has none; no list to split), EXECUTION_FAILED (no case fits,
 * and `fallback` is `fail`; text too long for a pattern) or CANCELLED.
 */
export const switchNode = executable<Parameters>(switchType, async (work) => {
  const { field, perItem } = work.parameters;
  const hasValue = work.isGiven("value");
  if (hasValue && (field !== undefined || perItem)) {
    const other = field === undefined ? "perItem" : "field";
    const advice = "for a value of the data, or of each item, use `field` alone";
    throw new NodeError("INVALID_PARAMETERS", `\`value\` and \`${other}\` cannot be given together; ${advice}`);
  }
  const ways = await waysOf(work.parameters.cases, field ?? (hasValue ? "value" : "data"));
  const found = findData(work.input, ["data", "item", "value"]);
  const data = found === undefined ? work.input : found;
  return perItem ? split(work, ways, data) : whole(work, ways, data, hasValue);
});

function whole(work: NodeWork<Parameters>, ways: Way[], data: unknown, hasValue: boolean): object {
  const { field, value: given, fallback } = work.parameters;
  const readsFields = field !== undefined || ways.some(({ where }) => where.length > 0);
  if (readsFields && (typeof data !== "object" || data === null || Array.isArray(data))) {
    const hint = Array.isArray(data) ? "; to send each item its way set `perItem: true`" : "";
    throw new NodeError("TYPE_MISMATCH", `Cases on fields need one object, not ${kindOf(data)}${hint}`);
  }
  const value = hasValue ? given : field === undefined ? data : fieldOf(data, field);
  const handles = handlesOf(work.parameters, ways, value, data);
  if (field !== undefined && value === undefined && isPlainObject(data)) warnOfMissing(work, field, data);
  else
    warnOnce(work, ways, (way) => [
      ...doubtsOfObject(way.asked, { [way.asked[0]?.field ?? ""]: value }),
      ...doubtsOfObject(way.where, data),
    ]);
  if (handles.length === 0 && fallback === "fail") throw unfit(`the value ${foundText(value)}`, ways);
  const isLeftOver = handles.length === 0 && fallback === "default";
  if (isLeftOver) handles.push(DEFAULT);
  const output = routed({ handles, value: data }, handles);
  return isLeftOver ? withLeftOver(output, 1) : output;
}

/** Splits a list. */
async function split(work: NodeWork<Parameters>, ways: Way[], data: unknown): Promise<object> {
  const { field, fallback } = work.parameters;
  const items = listIn(data);
  if (items === undefined) {
    throw new NodeError("TYPE_MISMATCH", `With \`perItem\` the data must be a list, not ${kindOf(data)}`);
  }
  const lists = new Map<string, unknown[]>([...ways.map(({ handle }) => handle), DEFAULT].map((name) => [name, []]));
  const left: unknown[] = [];
  const pace = new Pace(work.signal);
  for (const [position, item] of items.entries()) {
    const value = field === undefined ? item : fieldOf(item, field);
    const handles = handlesOf(work.parameters, ways, value, item);
    if (handles.length === 0) {
      if (fallback === "fail") throw unfit(`item ${position}, whose value is ${foundText(value)},`, ways);
      left.push(item);
      if (fallback === "default") handles.push(DEFAULT);
    }
    for (const handle of handles) lists.get(handle)?.push(item);
    if (pace.isDue()) await pace.rest();
  }
  if (items.length === 0) work.warn("no-items", "The list to split is empty, so that no handle fires");
  if (field !== undefined)
    for (const { rule, message } of doubtsOfFields([field], items, "field")) work.warn(rule, message);
  const valued = (list: readonly unknown[]) => (field === undefined ? list.map((data) => ({ data })) : list);
  const some = valued(items.slice(0, MOST_LOOKED_AT));
  warnOnce(work, ways, (way) => {
    const keptNone = lists.get(way.handle)?.length === 0;
    const doubts = [
      ...doubtsOfFilter(way.asked, () => some, keptNone),
      ...doubtsOfFilter(way.where, () => items, keptNone),
    ];
    return doubts.length > 0 ? doubts : doubtsOfTextLeft(way, left, valued);
  });
  const carried = new Map([...lists].filter(([, list]) => list.length > 0));
  // Expressions read the lists by their handles, also where nothing is in them.
  const output = routedApart({ handles: [...carried.keys()], value: Object.fromEntries(lists) }, carried);
  return left.length > 0 && fallback === "default" ? withLeftOver(output, left.length) : output;
}

/** Text among numbers in what no case took, where nothing else of a case keeps it out. */
function doubtsOfTextLeft(
  { asked, where }: Way,
  left: readonly unknown[],
  valued: (list: readonly unknown[]) => readonly unknown[],
): Doubt[] {
  const some = left.slice(0, MOST_LOOKED_AT);
  const values = valued(some);
  const passes = (conditions: Condition[], items: readonly unknown[]) => {
    const holds = predicateOf({ where: conditions, match: "all" });
    return (_: unknown, position: number) => holds(items[position]);
  };
  return [
    ...doubtsOfText({ where: asked, match: "all" }, values.filter(passes(where, some))),
    ...doubtsOfText({ where, match: "all" }, some.filter(passes(asked, values))),
  ];
}

/** The handles of the cases that a value fits: the first one's, or of all of them, each once. */
function handlesOf({ all }: Parameters, ways: readonly Way[], value: unknown, item: unknown): string[] {
  const handles: string[] = [];
  for (const { handle, fits } of ways) {
    if (handles.includes(handle) || !fits(value, item)) continue;
    handles.push(handle);
    if (!all) break;
  }
  return handles;
}

/** One object may lack a field that others have; one that has almost such a field was hardly meant. */
function warnOfMissing(work: NodeWork<Parameters>, field: string, data: Record<string, unknown>): void {
  const close = likelyPaths(field, data);
  if (close.length === 0) return;
  work.warn(
    "missing-field",
    `The object has no field \`${field}\`, which is the \`field\`. Did you mean ${namesText(close)}?`,
  );
}

function warnOnce(work: NodeWork<Parameters>, ways: readonly Way[], doubtsOf: (way: Way) => Doubt[]): void {
  const told = new Set<string>();
  for (const way of ways) {
    for (const { rule, message } of doubtsOf(way)) {
      if (told.has(message)) continue;
      told.add(message);
      work.warn(rule, message);
    }
  }
}

function unfit(what: string, ways: readonly Way[]): NodeError {
  const handles = namesText([...new Set(ways.map(({ handle }) => handle))]);
  return new NodeError(
    "EXECUTION_FAILED",
    `No case fits ${what} and \`fallback\` is "fail"; the cases lead to ${handles}`,
    {
      retry: false,
      advice: ['Add a case for it, or set `fallback: "default"` and let an edge leave by the handle `default`.'],
    },
  );
}
