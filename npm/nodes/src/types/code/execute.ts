import { codeOf, messageOf, NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { namesOfItems } from "../../data/callback-names.js";
import { doubtsOfNames } from "../../data/doubtful-code.js";
import type { Doubt } from "../../data/doubtful-conditions.js";
import { fieldOf } from "../../data/field.js";
import { findData, isPlainObject, itemOfRound, unwrap } from "../../data/input.js";
import { doubtsOfAdding } from "../../data/text-added.js";
import { bodyFunction, syntaxText } from "../../definition/code.js";
import { answered, handlesOf } from "../../library/answer-handles.js";
import { lastLines } from "../../library/last-line.js";
import type { Platform } from "../../library/platform.js";
import { executable } from "../../library/work.js";
import type { RowsAt } from "../../sandbox/sandbox.js";
import { defaultTimeout, UserFunction } from "../../sandbox/user-function.js";
import { listOrSelf, recordsIn, tableBehind, withoutRows } from "../../table/table-output.js";
import { typeScriptAdvice } from "../../typescript/advice.js";
import { code as codeType } from "./definition.js";

interface Parameters {
  code: string;
  language: "javascript" | "typescript";
  outputs?: string[];
  memoryLimit: number;
}

/**
 * Runs JavaScript, or TypeScript without its types, over `inputs`, by handle and without what nodes put around their data, `data` and `variables`. With
 * `outputs` each handle carries the field of its name.
 *
 * Fails with INVALID_PARAMETERS, TYPE_MISMATCH (`outputs` without an object of them), and what {@link UserFunction} fails with.
 */
export function codeNode({ sandbox, typescript }: Platform): NodeExecutable {
  return executable<Parameters>(codeType, async (work) => {
    const { parameters, input, variables, names, signal, explicitTimeout } = work;
    const handles = handlesOf(parameters.outputs);
    const { language } = parameters;
    const code = language === "typescript" ? await javaScriptOf(parameters.code, typescript) : parameters.code;
    const inputs = isPlainObject(input) && !tableBehind(input) ? mapped(input) : { default: unwrap(input) };
    const values = { inputs, data: findData(input, ["data"]) ?? itemOfRound(input), variables: variables ?? {} };
    for (const { rule, message } of doubtsOfNames(code, { ...values, ...names }, "code")) {
      work.warn(rule, message);
    }
    for (const { rule, message } of doubtsOfSums(code, values)) work.warn(rule, message);
    const limits = { timeout: explicitTimeout ?? defaultTimeout, memory: parameters.memoryLimit, signal, names };
    const userFunction = new UserFunction(sandbox, "code", bodyFunction(code), limits);
    const tables: RowsAt[] = [];
    const passed = { inputs: mapped(inputs, tables), data: withoutRows(values.data, ["data"], tables), variables };
    const beside: { stdout?: string } = {};
    const called = userFunction.callNamed({ ...passed, variables: values.variables }, tables, (stdout) => {
      beside.stdout = stdout;
      if (work.progress) lastLines(work.progress)(stdout);
    });
    const answer = await called.catch((error: unknown) => {
      throw language === "javascript" ? withAdvice(error, code) : error;
    });
    return answered(answer, handles, work.warn.bind(work), beside);
  });
}

/** Code without its types. */
async function javaScriptOf(code: string, typescript: Platform["typescript"]): Promise<string> {
  const stripped = (await typescript())(code);
  if ("code" in stripped) return stripped.code;
  throw new NodeError("INVALID_PARAMETERS", syntaxText("code", "TypeScript", stripped), { retry: false });
}

/** The error of code that is no JavaScript, with what to do where it may be TypeScript. */
function withAdvice(error: unknown, code: string): unknown {
  const advice = codeOf(error) === "INVALID_PARAMETERS" ? typeScriptAdvice(code) : "";
  return advice === "" ? error : new NodeError("INVALID_PARAMETERS", `${messageOf(error)}${advice}`, { cause: error });
}

/** Fields of items of lists that code adds and that are text in every item. */
function doubtsOfSums(code: string, values: Record<string, unknown>): Doubt[] {
  const listAt = (path: string) => {
    const value = unwrap(Object.hasOwn(values, path) ? values[path] : fieldOf(values, path));
    const table = tableBehind(value);
    if (table) return { [Symbol.iterator]: () => recordsIn(table) };
    const list = listOrSelf(value);
    return Array.isArray(list) ? list : undefined;
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
