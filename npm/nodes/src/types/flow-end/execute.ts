import { trigger } from "../../library/trigger.js";
import { flowEnd } from "./definition.js";

/**
 * Hands on the end for which it fired, as `{flowId, name, executionId, outcome, error, startedAt, endedAt}`; in a run by hand what the
 * input says. Fails with INVALID_PARAMETERS.
 */
export const flowEndNode = trigger(flowEnd, (input) => ({
  flowId: "",
  name: "",
  executionId: "",
  outcome: "failed",
  error: null,
  startedAt: "",
  endedAt: "",
  ...input,
}));
