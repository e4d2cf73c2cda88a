/** An execution brought back from its records, with what its executables answered. */
import { AnswersGiven } from "../../engine/answers-given.js";
import { Run } from "../../engine/driver.js";
import { coded } from "../../engine/failure.js";
import type { Log } from "../../engine/log.js";
import { outlineOf } from "../../engine/outline.js";
import type { RecordedRun } from "./durability.js";

/** A run as it was when it was recorded last. Nothing of it goes on, and nothing of what is given is changed. */
export function readBack(
  { node, context, options, history, held, inheritance, past }: RecordedRun,
  log: Log,
): { run: Run; answers: AnswersGiven } {
  let answers: AnswersGiven | undefined;
  const run = Run.open(outlineOf(node), {
    context: { ...context, variables: { ...context.variables } },
    executables: undefined,
    options,
    log,
    history,
    held,
    inheritance,
    past,
    observe: (plan, values) => {
      answers = new AnswersGiven(plan, values, context.input, options.keepGoing);
      return answers;
    },
  });
  if (run === undefined || answers === undefined) {
    throw coded("DESERIALIZATION_FAILED", `The flow of ${context.executionId} cannot be read`, undefined);
  }
  run.start();
  return { run, answers };
}
