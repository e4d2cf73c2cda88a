import { NodeError } from "../../contract/error.js";
import { executable } from "../../library/work.js";
import { subFlow } from "./definition.js";

interface Parameters {
  flow: string;
  inputs?: Record<string, unknown>;
  variables?: Record<string, unknown>;
}

/**
 * Runs another flow by the conductor that runs this one.
 *
 * Fails with what the flow fails with, NODE_NOT_FOUND (no such flow), INVALID_PARAMETERS (variables that it does not declare),
 * NO_EXECUTOR_FACTORY (called without a conductor).
 */
export const subFlowNode = executable<Parameters>(subFlow, async ({ parameters, input, runFlow }) => {
  if (runFlow === undefined) {
    throw new NodeError("NO_EXECUTOR_FACTORY", "Flows are run by a conductor, and this node was called without one");
  }
  const { flow, inputs = input, variables = {} } = parameters;
  return { result: (await runFlow(flow, { input: inputs, variables })) ?? null };
});
