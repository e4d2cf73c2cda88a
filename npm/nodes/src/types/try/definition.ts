import { effectsOfNodesInside } from "../../definition/effects.js";
import { input, milliseconds, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** Runs other nodes, and others again after their failure and at the end. */
export const tryType = {
  type: "try",
  name: "Try",
  description:
    "Runs the nodes that it contains; after a failure of them the one that `catch` names, and in any case, at the end, the one that `finally` names.",
  category: "logic",
  icon: "shield",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      timeout: {
        ...milliseconds,
        minimum: 1,
        default: 30_000,
        description:
          "Time limit of the nodes that are tried, if it is not the default; `catch` and `finally` have limits of their own. `policy: { timeout }` is the place where every value counts.",
        examples: ["60s"],
      },
      retries: {
        ...sharedParameters.retries,
        description:
          "How often the nodes that are tried run again before `catch` does, if it is not the default. `policy: { retries }` always counts.",
      },
      catch: {
        type: "string",
        description:
          "The id of the node inside that runs after a failure of the others: it gets what the `try` gets, and the failure as `error`, and gives what the `try` gives. Without it the `try` fails. It is read before the flow runs, and takes no expression.",
        examples: ["fallback"],
      },
      finally: {
        type: "string",
        description:
          "The id of the node inside that runs at the end, whether the others failed or not: it gets what the `try` gets, and what it gives is not used. It does not run where the run is cancelled or ends at a `stop`. It is read before the flow runs, and takes no expression.",
        examples: ["clean-up"],
      },
    },
  },
  inputPorts: [input("input", "Input", "any", "What its first nodes, `catch` and `finally` get.")],
  otherInputs: [input("default", "Default", "any", "The same; where an edge leads that names no handle.")],
  hasOpenInputs: true,
  outputPorts: [
    output("result", "Result", "any", "What the last node gives that is tried; after a failure what `catch` gives."),
  ],
  otherOutputs: [],
  // Its last node, or its catch, may give any.
  hasOpenOutputs: true,
  isContainer: true,
  touches: [],
  ...effectsOfNodesInside,
  limits: [],
} as const satisfies NodeType;
