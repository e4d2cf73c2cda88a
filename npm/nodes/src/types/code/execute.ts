import { closeNames, namesText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { routedApart } from "../../contract/routed.js";
import { doubtsOfNames } from "../../data/doubtful-code.js";
import { findData, isPlainObject, unwrap } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { bodyFunction } from "../../definition/code.js";
import type { Place } from "../../library/place.js";
import { executable, type NodeWork } from "../../library/work.js";
import type { RowsAt } from "../../sandbox/sandbox.js";
import { defaultTimeout, UserFunction } from "../../sandbox/user-function.js";
import { recordBatches, tableBehind } from "../../table/table-output.js";
import { code as codeType } from "./definition.js";

interface Parameters {
  code: string;
  outputs?: string[];
  memoryLimit: number;
}

/**
 * Runs JavaScript over `inputs`, by handle and without what nodes put around their data, `data` and `variables`. With
 * `outputs` each handle carries the field of its name.
 *
 * Fails with INVALID_PARAMETERS, TYPE_MISMATCH (`outputs` without an object of them), and what {@link UserFunction} fails with.
 */
export function codeNode({ sandbox }: Place): NodeExecutable {
  return executable<Parameters>(codeType, async (work) => {
    const { parameters, input, variables, names, signal, explicitTimeout } = work;
    const handles = handlesOf(parameters);
    const inputs = isPlainObject(input) && !tableBehind(input) ? mapped(input) : { default: unwrap(input) };
    const values = { inputs, data: findData(input, ["data"]), variables: variables ?? {} };
    for (const { rule, message } of doubtsOfNames(parameters.code, { ...values, ...names }, "code")) {
      work.warn(rule, message);
    }
    const limits = { timeout: explicitTimeout ?? defaultTimeout, memory: parameters.memoryLimit, signal, names };
    const userFunction = new UserFunction(sandbox, "code", bodyFunction(parameters.code), limits);
    const tables: RowsAt[] = [];
    const crossing = { inputs: mapped(inputs, tables), data: listed(values.data, ["data"], tables), variables };
    const answer = await userFunction.callNamed({ ...crossing, variables: values.variables }, tables);
    return handles === undefined ? whole(answer, work) : apart(answer, handles, work);
  });
}

function handlesOf({ outputs }: Parameters): string[] | undefined {
  if (outputs === undefined) return undefined;
  if (outputs.length === 0)
    throw new NodeError("INVALID_PARAMETERS", "`outputs` is empty; name a handle, or leave it out");
  if (!outputs.includes("error")) return [...new Set(outputs)];
  const why = "the handle `error` carries the failure of a node; choose another name";
  throw new NodeError("INVALID_PARAMETERS", `\`outputs[${outputs.indexOf("error")}]\`: ${why}`);
}

/** The values of handles; with `tables`, as they cross into the sandbox. */
function mapped(input: Record<string, unknown>, tables?: RowsAt[]): Record<string, unknown> {
  const entries = Object.entries(input).map(([handle, value]) => {
    const data = unwrap(value);
    return [handle, tables === undefined ? data : listed(data, ["inputs", handle], tables)];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** A value as it crosses: of a table nothing, since its rows follow if the code reads them. */
function listed(value: unknown, path: string[], tables: RowsAt[]): unknown {
  const table = tableBehind(value);
  if (!table) return value;
  tables.push({ path, rows: () => recordBatches(table) });
  return null;
}

function whole(answer: unknown, work: NodeWork<Parameters>): object {
  if (answer === undefined) {
    work.warn(
      "empty-result",
      "The code returned nothing, so that its result is null; a body of several statements needs `return`",
    );
  }
  return { result: answer ?? null };
}

function apart(answer: unknown, handles: readonly string[], work: NodeWork<Parameters>): object {
  const listed = namesText(handles);
  if (!isPlainObject(answer)) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `With \`outputs\` the code must return an object with ${listed}, not ${kindOf(answer)}`,
    );
  }
  const fired = handles.filter((handle) => Object.hasOwn(answer, handle) && answer[handle] !== undefined);
  for (const field of Object.keys(answer)) {
    if (handles.includes(field)) continue;
    const close = closeNames(field, handles);
    const hint =
      close.length > 0 ? `. Did you mean ${namesText(close)}?` : `; there are ${listed.replace(" or ", " and ")}`;
    work.warn(
      "unknown-output",
      `The code returned \`${field}\`, which is not among \`outputs\`, so that no edge brings it${hint}`,
    );
  }
  if (fired.length === 0) work.warn("no-output", `The code returned none of ${listed}, so that no handle fires`);
  const carried = new Map(fired.map((handle) => [handle, answer[handle]]));
  return routedApart({ handles: fired, value: answer }, carried);
}
