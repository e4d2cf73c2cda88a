import { messageOf, NodeError } from "../contract/error.js";
import { doubtsOfTruth } from "../data/doubtful-truth.js";
import { unwrap } from "../data/input.js";
import { freeExpressionFunction } from "../definition/code.js";
import type { RowsAt, Sandbox } from "../sandbox/sandbox.js";
import { defaultTimeout, UserFunction } from "../sandbox/user-function.js";
import { withoutRows } from "../table/table-output.js";
import { undefinedAdvice } from "./round-doubts.js";
import type { RoundWork } from "./work.js";

/** Bytes that a condition may take. */
export const CONDITION_MEMORY = 64 * 1024 * 1024;

/**
 * Whether JavaScript about the rounds of a loop holds. What nodes put around their data is taken off the values.
 *
 * @param parameter the parameter that has the code
 * @throws NodeError what {@link UserFunction} fails with, the parameter named
 */
export async function conditionHolds(
  sandbox: Sandbox,
  parameter: string,
  code: string,
  values: Readonly<Record<string, unknown>>,
  { names, signal, explicitTimeout, warn }: RoundWork<unknown>,
): Promise<boolean> {
  const limits = { timeout: explicitTimeout ?? defaultTimeout, memory: CONDITION_MEMORY, signal, names };
  const tables: RowsAt[] = [];
  const passed = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, withoutRows(unwrap(value), [name], tables)]),
  );
  try {
    const condition = new UserFunction(sandbox, parameter, freeExpressionFunction(code), limits);
    const answer = await condition.callNamed(passed, tables);
    for (const { rule, message } of doubtsOfTruth(answer, code, parameter)) warn(rule, message);
    return Boolean(answer);
  } catch (error) {
    if (!(error instanceof NodeError) || !["INVALID_PARAMETERS", "EXECUTION_FAILED"].includes(error.code)) throw error;
    const why = messageOf(error);
    throw new NodeError(error.code, `Invalid ${parameter}: ${why}${undefinedAdvice(why, code, passed)}`, {
      cause: error,
    });
  }
}
