/** Executions brought back from their records, to be looked at. */
import { AnswersGiven } from "../../engine/answers-given.js";
import { Run } from "../../engine/driver.js";
import { coded } from "../../engine/failure.js";
import type { Log } from "../../engine/log.js";
import { outlineOf } from "../../engine/outline.js";
import type { RunRequest } from "../../engine/run-request.js";
import type { KeptRun, RecordedRun } from "./kept-run.js";

/**
 * A run as it was recorded, which is still to be started. Nothing of it goes on, and nothing of what is given is changed.
 *
 * @throws Error DESERIALIZATION_FAILED for a flow that the engine does not take
 */
export function openRecorded(
  { node, context, options, history, held, inheritance, past }: KeptRun,
  more: Pick<RunRequest, "log" | "executables" | "secrets" | "redact" | "observe">,
): Run {
  const run = Run.open(outlineOf(node), {
    ...more,
    context: { ...context, variables: { ...context.variables } },
    options,
    history,
    held,
    inheritance,
    past,
  });
  if (run !== undefined) return run;
  throw coded("DESERIALIZATION_FAILED", `The flow of ${context.executionId} cannot be read`, undefined);
}

/** A run as it was when it was recorded last, with what its executables answered. */
export function readBack(recorded: RecordedRun, log: Log): { run: Run; answers: AnswersGiven } {
  const { context, options } = recorded;
  let answers: AnswersGiven | undefined;
  const run = openRecorded(recorded, {
    log,
    executables: undefined,
    observe: (plan, values) => {
      answers = new AnswersGiven(plan, values, context.input, options.keepGoing);
      return answers;
    },
  });
  run.start();
  return { run, answers: answers as unknown as AnswersGiven };
}
