import { NodeError } from "../../contract/error.js";
import { endsRun } from "../../contract/routed.js";
import { findData } from "../../data/input.js";
import { executable } from "../../library/work.js";
import { stop } from "./definition.js";

interface Parameters {
  as: "failure" | "success";
  message?: string;
}

/**
 * Ends the run: as a success, with an output that says so to the conductor, or by failing.
 *
 * Fails with EXECUTION_FAILED and its message, and no further try; with INVALID_PARAMETERS where it has none.
 */
export const stopNode = executable<Parameters>(stop, async ({ parameters: { as, message = "" }, input, progress }) => {
  if (as === "success") {
    if (message !== "") progress?.(100, message);
    const found = findData(input, ["data"]);
    return endsRun({ result: found === undefined ? (input ?? null) : found, message });
  }
  if (message.trim() === "") {
    throw new NodeError(
      "INVALID_PARAMETERS",
      "A stop that fails needs a `message`, so that people know why the run ended",
    );
  }
  throw new NodeError("EXECUTION_FAILED", message, {
    retry: false,
    advice: ["The flow's author lets the run end here."],
  });
});
