import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { routed } from "../../contract/routed.js";
import { doubtsOfNames } from "../../data/doubtful-code.js";
import { doubtsOfObject } from "../../data/doubtful-conditions.js";
import { doubtsOfTruth } from "../../data/doubtful-truth.js";
import { findData, isPlainObject, type PlainObject } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { type Condition, predicateOf } from "../../data/where.js";
import { expressionFunction } from "../../definition/code.js";
import type { Platform } from "../../library/platform.js";
import { executable, type NodeWork } from "../../library/work.js";
import type { RowsAt, Sandbox } from "../../sandbox/sandbox.js";
import { defaultTimeout, UserFunction } from "../../sandbox/user-function.js";
import { listOrSelf, recordBatches, tableBehind } from "../../table/table-output.js";
import { condition } from "./definition.js";

interface Parameters {
  expression?: string;
  where?: Condition[];
  match: "all" | "any";
  memoryLimit: number;
}

/**
 * Routes its data to the handle `true` or `false`, as `{result, value}`: by JavaScript over `input` (what the edges
 * brought), `item` (the data among it) and `variables`, or by conditions on fields of the data.
 *
 * Fails with INVALID_PARAMETERS, TYPE_MISMATCH (conditions on what has no fields), and what {@link UserFunction} fails with.
 */
export function conditionNode({ sandbox }: Platform): NodeExecutable {
  return executable<Parameters>(condition, async (work) => {
    const { where, match, expression } = work.parameters;
    const item = findData(work.input, ["data", "item", "value"]) ?? work.input;
    let result: boolean;
    if (where) {
      if (typeof item !== "object" || item === null || Array.isArray(item)) {
        throw new NodeError(
          "TYPE_MISMATCH",
          `Conditions on fields need one object, not ${kindOf(item)}; for lists use an expression`,
        );
      }
      result = predicateOf({ where, match })(item);
      for (const { rule, message } of doubtsOfObject(where, item)) work.warn(rule, message);
    } else if (expression !== undefined) {
      // Before it is evaluated: it may fail for the same reason.
      const read = { item, input: work.input, variables: work.variables, ...work.names };
      for (const { rule, message } of doubtsOfNames(expression, read, "expression")) work.warn(rule, message);
      const answer = await evaluate(sandbox, expression, item, work);
      for (const { rule, message } of doubtsOfTruth(answer, expression, "expression")) work.warn(rule, message);
      result = Boolean(answer);
    } else {
      throw new NodeError("INVALID_PARAMETERS", "A condition needs an expression or where");
    }
    return routed({ result, value: item }, [String(result)]);
  });
}

function evaluate(sandbox: Sandbox, expression: string, item: unknown, work: NodeWork<Parameters>): Promise<unknown> {
  const limits = {
    timeout: work.explicitTimeout ?? defaultTimeout,
    memory: work.parameters.memoryLimit,
    signal: work.signal,
    names: work.names,
  };
  const code = expressionFunction(expression);
  const tables: RowsAt[] = [];
  const values = {
    input:
      isPlainObject(work.input) && !tableBehind(work.input)
        ? handles(work.input, tables)
        : facts(work.input, ["input"], tables),
    item: facts(item, ["item"], tables),
    variables: work.variables ?? {},
  };
  return new UserFunction(sandbox, "expression", code, limits).call(values, tables);
}

function handles(input: PlainObject, tables: RowsAt[]): PlainObject {
  return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, facts(value, ["input", key], tables)]));
}

/** A value as it crosses: of an output backed by a table all but its rows, which follow if the expression reads them. */
function facts(value: unknown, path: string[], tables: RowsAt[]): unknown {
  const table = tableBehind(value);
  if (!table) return listOrSelf(value);
  tables.push({ path: [...path, "records"], rows: () => recordBatches(table) });
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(value as object));
  return Object.fromEntries([
    ["rowCount", table.rowCount],
    ...descriptors.filter(([, descriptor]) => "value" in descriptor).map(([key, { value }]) => [key, value as unknown]),
  ]);
}
