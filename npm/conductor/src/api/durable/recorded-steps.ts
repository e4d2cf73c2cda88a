/** The steps of a recorded execution. */
import type { Outline } from "../../engine/outline.js";
import { ReplaySteps } from "../../engine/replay-steps.js";
import type { KeptRun } from "./kept-run.js";
import type { Records } from "./records.js";

/** What the journal of an execution tells step by step. @throws Error DESERIALIZATION_FAILED for a journal of another flow */
export function stepsOf(
  outline: Outline,
  { options, held, history }: Pick<KeptRun, "options" | "held"> & { history: Records },
): ReplaySteps {
  return new ReplaySteps({
    outline,
    options,
    held,
    journal: history.journal,
    itemsAt: (word, task, attempt) => {
      const answer = history.answerNear(word, task, attempt);
      return answer?.kind === "items" ? answer.items.known + answer.items.items.length : undefined;
    },
  });
}
