import { messageOf, NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { findData } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import type { Platform } from "../../library/platform.js";
import { CONDITION_MEMORY } from "../../library/round-condition.js";
import { executable, type NodeWork } from "../../library/work.js";
import type { Sandbox } from "../../sandbox/sandbox.js";
import { defaultTimeout, UserFunction } from "../../sandbox/user-function.js";
import { loop } from "./definition.js";
import { loopRounds } from "./rounds.js";

/** Rounds without nodes inside. */
const MOST_ROUNDS = 1000;
interface Parameters {
  loopType: "forEach" | "times" | "while";
  array?: unknown;
  count: number;
  condition?: string;
  collectResults: boolean;
}

/**
 * A loop without nodes inside lists its rounds, as in earlier versions. With nodes the engine runs them, and `items` says how
 * many there are where user code has a word in it.
 *
 * Fails with TYPE_MISMATCH (nothing to loop over), or INVALID_PARAMETERS `Invalid condition: <why>`.
 */
export function loopNode({ sandbox }: Platform): NodeExecutable {
  const listing = executable<Parameters>(loop, async (work) => {
    const begun = performance.now();
    const { parameters } = work;
    work.warn(
      "nothing-inside",
      "A loop without nodes inside only lists its rounds; put the nodes that it repeats inside",
    );
    const timestamp = new Date().toISOString();
    const { rounds, wanted } = await roundsOf(work, sandbox, timestamp);
    if (wanted > rounds.length) {
      work.warn("too-many-rounds", `The loop stopped after ${rounds.length} rounds; there would be more`);
    }
    const facts = {
      results: parameters.collectResults ? rounds : [],
      iterationCount: rounds.length,
      errors: [],
      success: true,
      duration: Math.round(performance.now() - begun),
    };
    return { result: { ...facts, completed: wanted <= rounds.length, stopped: wanted > rounds.length }, ...facts };
  });
  return { ...listing, items: loopRounds(sandbox) };
}

async function roundsOf(
  work: NodeWork<Parameters>,
  sandbox: Sandbox,
  timestamp: string,
): Promise<{ rounds: object[]; wanted: number }> {
  const { loopType, array, count } = work.parameters;
  if (loopType === "while") return whileRounds(work, sandbox, timestamp);
  if (loopType === "times") {
    const rounds = Array.from({ length: Math.min(count, MOST_ROUNDS) }, (_, iteration) => ({ iteration, timestamp }));
    return { rounds, wanted: count };
  }
  const items = array ?? findData(work.input, ["array", "items", "data"]);
  if (!Array.isArray(items)) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `A loop needs a list, as parameter \`array\` or as input, not ${kindOf(items)}`,
    );
  }
  const rounds = items
    .slice(0, MOST_ROUNDS)
    .map((item: unknown, index) => ({ index, item, processed: true, timestamp }));
  return { rounds, wanted: items.length };
}

/** All rounds are counted in one call of user code. */
async function whileRounds(
  { parameters: { condition }, explicitTimeout, signal }: NodeWork<Parameters>,
  sandbox: Sandbox,
  timestamp: string,
): Promise<{ rounds: object[]; wanted: number }> {
  if (condition === undefined || condition.trim() === "") {
    throw new NodeError("INVALID_PARAMETERS", "Invalid condition: a `while` loop needs a `condition`");
  }
  const code = `(input) => {
    const holds = (iteration, lastResult) => (${condition}\n);
    let [iteration, lastResult] = [0, undefined];
    while (iteration <= input.most && holds(iteration, lastResult)) {
      lastResult = { iteration, timestamp: input.timestamp, condition: true };
      iteration++;
    }
    return iteration;
  }`;
  const limits = { timeout: explicitTimeout ?? defaultTimeout, memory: CONDITION_MEMORY, signal, names: undefined };
  let wanted: number;
  try {
    const call = new UserFunction(sandbox, "condition", code, limits);
    wanted = (await call.call({ input: { most: MOST_ROUNDS, timestamp }, item: null, variables: {} }, [])) as number;
  } catch (error) {
    if (!(error instanceof NodeError) || !["INVALID_PARAMETERS", "EXECUTION_FAILED"].includes(error.code)) throw error;
    throw new NodeError(error.code, `Invalid condition: ${messageOf(error)}`, { cause: error });
  }
  const rounds = Array.from({ length: Math.min(wanted, MOST_ROUNDS) }, (_, iteration) => ({
    iteration,
    timestamp,
    condition: true,
  }));
  return { rounds, wanted };
}
