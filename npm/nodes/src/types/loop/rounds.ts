import { NodeError } from "../../contract/error.js";
import type { LoopItems } from "../../contract/executable.js";
import { conditionHolds } from "../../library/round-condition.js";
import { doubtsOfRounds } from "../../library/round-doubts.js";
import { itemsBy, type RoundWork } from "../../library/work.js";
import type { Sandbox } from "../../sandbox/sandbox.js";
import { isCode } from "./asks-code.js";
import { loop } from "./definition.js";

interface Parameters {
  loopType: "forEach" | "times" | "while";
  condition?: string;
  maxRounds: number;
  breakWhen?: string;
  collectResults: boolean;
  concurrency?: number;
}

/**
 * The rounds of a loop with nodes inside, where user code says how it goes on: one after the other, or as many together as
 * may run at once.
 *
 * Fails with INVALID_PARAMETERS or EXECUTION_FAILED `Invalid condition: <why>`, with EXECUTION_FAILED after `maxRounds`.
 */
export function loopRounds(sandbox: Sandbox): ReturnType<typeof itemsBy> {
  return itemsBy<Parameters>(loop, async (work, known, rounds): Promise<LoopItems> => {
    const { loopType, condition, maxRounds, breakWhen, collectResults, concurrency = 1 } = work.parameters;
    const keeps = collectResults ? {} : ({ keeps: "none" } as const);
    const none = { items: [], more: false, total: known, ...keeps };
    const width = loopType === "while" ? 1 : concurrency;
    if (isCode(breakWhen) && (await hasBroken(work, breakWhen, known, width, rounds.results))) return none;
    const warnOfFields = (parameter: string, code: string | undefined) => {
      if (!isCode(code)) return;
      const doubts = doubtsOfRounds(code, "lastResult", rounds.results, parameter);
      for (const { rule, message } of doubts) work.warn(rule, message);
    };
    if (loopType !== "while") {
      const next = rounds.list(width);
      if (!next.more) warnOfFields("breakWhen", breakWhen);
      return { ...next, ...keeps };
    }

    if (!isCode(condition)) {
      throw new NodeError("INVALID_PARAMETERS", "Invalid condition: a `while` loop needs a `condition`");
    }
    const values = { iteration: known, lastResult: rounds.results[known - 1] };
    const holds = await conditionHolds(sandbox, "condition", condition, values, work);
    if (holds && known < maxRounds) return { items: [known], more: true, ...keeps };
    warnOfFields("condition", condition);
    warnOfFields("breakWhen", breakWhen);
    if (!holds) return none;
    throw new NodeError(
      "EXECUTION_FAILED",
      `The condition still holds after ${known} rounds: ${condition.trim()}. Give more \`maxRounds\` if there are to be more`,
      { retry: false },
    );
  });

  /** Whether one of the last rounds was to be the last one. */
  async function hasBroken(
    work: RoundWork<Parameters>,
    code: string,
    known: number,
    width: number,
    results: readonly unknown[],
  ): Promise<boolean> {
    for (let iteration = Math.max(known - width, 0); iteration < known; iteration++) {
      const values = { iteration, lastResult: results[iteration] };
      if (await conditionHolds(sandbox, "breakWhen", code, values, work)) return true;
    }
    return false;
  }
}
