import { closeNames, namesText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import { Pace } from "../../contract/pace.js";
import { isRouted } from "../../contract/routed.js";
import { isPlainObject, unwrap } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { executable, type NodeWork } from "../../library/work.js";
import { listIn } from "../../table/list-in.js";
import { tableBehind } from "../../table/table-output.js";
import { merge } from "./definition.js";
import { byKey, byPosition, type NamedList } from "./records.js";

interface Parameters {
  mode: "append" | "position" | "key" | "object" | "first";
  order?: string[];
  keys?: string | string[];
  shorter: "fail" | "fill";
}

/** Handles that a message names. */
const MOST_TOLD = 5;

/** What a handle brought, without what nodes put around their data. */
type Brought = readonly [handle: string, value: unknown];

/**
 * Puts together what its edges bring, by handle. Branches that were skipped bring nothing.
 *
 * Fails with TYPE_MISMATCH (no list where one is needed; lists of different lengths), INVALID_PARAMETERS (no `keys`, or
 * none that records have) or CANCELLED.
 */
export const mergeNode = executable<Parameters>(merge, async (work) => {
  const brought = inOrder(broughtBy(work.input), work);
  const handles = brought.map(([handle]) => handle);
  const { mode } = work.parameters;
  if (brought.length === 0) {
    work.warn(
      "nothing-came",
      "No edge brought anything to merge: every branch that leads here was skipped or gave nothing",
    );
  }
  if (mode === "first") {
    warnOfRace(brought, work);
    return first(brought);
  }
  if (mode === "object") return { result: Object.fromEntries(brought), count: brought.length, handles };
  const lists = brought.map(listOf);
  const result = await merged(lists, work);
  return { result, count: result.length, handles };
});

async function merged(lists: readonly NamedList[], work: NodeWork<Parameters>): Promise<unknown[]> {
  const { mode, keys, shorter } = work.parameters;
  const pace = new Pace(work.signal);
  const warn = (rule: string, message: string) => work.warn(rule, message);
  if (mode === "position") return byPosition(lists, shorter === "fill", warn, pace);
  if (mode === "key") {
    const names = keys === undefined ? [] : [keys].flat();
    if (names.length === 0) throw new NodeError("INVALID_PARAMETERS", "`keys` is required for mode key");
    return byKey(lists, names, warn, pace);
  }
  return lists.flatMap(({ list }) => list);
}

/** Null counts where nothing else came. */
function first(brought: readonly Brought[]): object {
  const found = brought.find(([, value]) => value !== null) ?? brought[0];
  if (found === undefined) return { result: null, count: 0, handles: [] };
  return { result: found[1], count: 1, handles: [found[0]] };
}

/** Several values without an order: its author may think that the one counts that came first in time. */
function warnOfRace(brought: readonly Brought[], { parameters, warn }: NodeWork<Parameters>): void {
  const found = brought.filter(([, value]) => value !== null).map(([handle]) => handle);
  if (found.length < 2 || parameters.order !== undefined) return;
  const quoted = found.map((handle) => `\`${handle}\``);
  const all = `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}`;
  warn(
    "several-came",
    `${found.length > MOST_TOLD ? `${found.length} handles` : all} brought a value, and \`mode: first\` took that of \`${found[0]}\`, the first by name: a merge waits for every edge, and time does not count. ` +
      "Say with `order` which goes first; for the branch that is done first put the branches into a `parallel` with `mode: race`",
  );
}

function broughtBy(input: unknown): Brought[] {
  if (input === undefined) return [];
  const isByHandle = isPlainObject(input) && !tableBehind(input) && !isRouted(input);
  const values = isByHandle ? Object.entries(input) : [["default", input] as const];
  return values.map(([handle, value]): Brought => [handle, unwrap(value)]).filter(([, value]) => value !== undefined);
}

/** Those that `order` names first, then the others by name, so that it does not matter who was done first. */
function inOrder(brought: readonly Brought[], { parameters, warn }: NodeWork<Parameters>): Brought[] {
  const { order = [] } = parameters;
  const values = new Map(brought);
  const rest = [...values.keys()].filter((handle) => !order.includes(handle)).sort();
  for (const name of order) {
    // A branch that was skipped is missing as well, which is as it should be.
    const close = values.has(name) ? [] : closeNames(name, rest);
    if (close.length > 0)
      warn("missing-input", `Nothing came by \`${name}\`, which \`order\` names. Did you mean ${namesText(close)}?`);
  }
  return [...new Set([...order.filter((name) => values.has(name)), ...rest])].map((handle) => [
    handle,
    values.get(handle),
  ]);
}

function listOf([handle, value]: Brought): NamedList {
  const list = listIn(value);
  if (list !== undefined) return { handle, list };
  throw new NodeError(
    "TYPE_MISMATCH",
    `Only lists can be put together so, but \`${handle}\` brought ${kindOf(value)}; for single values use mode object or first`,
  );
}
