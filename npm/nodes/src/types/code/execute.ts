import type { NodeExecutable } from "../../contract/executable.js";
import { namesOfItems } from "../../data/callback-names.js";
import { doubtsOfNames } from "../../data/doubtful-code.js";
import type { Doubt } from "../../data/doubtful-conditions.js";
import { fieldOf } from "../../data/field.js";
import { findData, isPlainObject, itemOfRound, unwrap } from "../../data/input.js";
import { doubtsOfAdding } from "../../data/text-added.js";
import { bodyFunction } from "../../definition/code.js";
import { answered, handlesOf } from "../../library/answer-handles.js";
import { lastLines } from "../../library/last-line.js";
import type { Place } from "../../library/place.js";
import { executable } from "../../library/work.js";
import type { RowsAt } from "../../sandbox/sandbox.js";
import { defaultTimeout, UserFunction } from "../../sandbox/user-function.js";
import { recordsIn, tableBehind, withoutRows } from "../../table/table-output.js";
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
    const handles = handlesOf(parameters.outputs);
    const inputs = isPlainObject(input) && !tableBehind(input) ? mapped(input) : { default: unwrap(input) };
    const values = { inputs, data: findData(input, ["data"]) ?? itemOfRound(input), variables: variables ?? {} };
    for (const { rule, message } of doubtsOfNames(parameters.code, { ...values, ...names }, "code")) {
      work.warn(rule, message);
    }
    for (const { rule, message } of doubtsOfSums(parameters.code, values)) work.warn(rule, message);
    const limits = { timeout: explicitTimeout ?? defaultTimeout, memory: parameters.memoryLimit, signal, names };
    const userFunction = new UserFunction(sandbox, "code", bodyFunction(parameters.code), limits);
    const tables: RowsAt[] = [];
    const crossing = { inputs: mapped(inputs, tables), data: withoutRows(values.data, ["data"], tables), variables };
    const beside: { stdout?: string } = {};
    const answer = await userFunction.callNamed({ ...crossing, variables: values.variables }, tables, (stdout) => {
      beside.stdout = stdout;
      if (work.progress) lastLines(work.progress)(stdout);
    });
    return answered(answer, handles, work.warn.bind(work), beside);
  });
}

/** Fields of items of lists that code adds and that are text in every item. */
function doubtsOfSums(code: string, values: Record<string, unknown>): Doubt[] {
  const listAt = (path: string) => {
    const value = unwrap(Object.hasOwn(values, path) ? values[path] : fieldOf(values, path));
    const table = tableBehind(value);
    if (table) return { [Symbol.iterator]: () => recordsIn(table) };
    return Array.isArray(value) ? value : undefined;
  };
  return doubtsOfAdding(code, () => namesOfItems(code, listAt));
}

/** The values of handles; with `tables`, as they cross into the sandbox. */
function mapped(input: Record<string, unknown>, tables?: RowsAt[]): Record<string, unknown> {
  const entries = Object.entries(input).map(([handle, value]) => {
    const data = unwrap(value);
    return [handle, tables === undefined ? data : withoutRows(data, ["inputs", handle], tables)];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}
