import { NodeError } from "../../contract/error.js";
import type { LoopItems, NodeExecutable } from "../../contract/executable.js";
import { unwrap } from "../../data/input.js";
import { itemText } from "../../data/item-text.js";
import type { Platform } from "../../library/platform.js";
import { conditionHolds } from "../../library/round-condition.js";
import { doubtsOfRounds } from "../../library/round-doubts.js";
import { executable, itemsBy } from "../../library/work.js";
import { until } from "./definition.js";

interface Parameters {
  condition: string;
  interval: number;
  maxRounds: number;
}

/**
 * Says after each round whether there is to be another one; the engine runs the nodes inside.
 *
 * Fails with INVALID_PARAMETERS or EXECUTION_FAILED `Invalid condition: <why>`, EXECUTION_FAILED after `maxRounds`, CANCELLED,
 * INVALID_PARAMETERS without nodes inside.
 */
export function untilNode({ sandbox }: Platform): NodeExecutable {
  const empty = executable<Parameters>(until, async () => {
    throw new NodeError(
      "INVALID_PARAMETERS",
      "There is nothing to repeat; put the nodes inside that look for what is awaited",
    );
  });
  const items = itemsBy<Parameters>(until, async (work, known, { results }): Promise<LoopItems> => {
    const { condition, interval, maxRounds } = work.parameters;
    if (known > 0) {
      const result = results[known - 1];
      const values = { iteration: known - 1, result, lastResult: result };
      const holds = await conditionHolds(sandbox, "condition", condition, values, work);
      const doubts = ["result", "lastResult"].flatMap((name) => doubtsOfRounds(condition, name, [result], "condition"));
      if (holds) {
        for (const { rule, message } of doubts) work.warn(rule, message);
        return enough(known);
      }
      if (known >= maxRounds) {
        const last = `The last round gave ${itemText(unwrap(result))}. Give more \`maxRounds\` or a longer \`interval\``;
        throw new NodeError(
          "EXECUTION_FAILED",
          `The condition did not hold in ${known === 1 ? "1 round" : `${known} rounds`}: ${condition.trim()}. ${doubts[0]?.message ?? last}`,
          { retry: false },
        );
      }
      await work.sleep(interval);
    }
    return { items: [known], more: true, keeps: "last" };
  });
  return { ...empty, items };
}

function enough(rounds: number): LoopItems {
  return { items: [], more: false, total: rounds, keeps: "last" };
}
