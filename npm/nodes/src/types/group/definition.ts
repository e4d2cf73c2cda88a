import { effectsOfNodesInside } from "../../definition/effects.js";
import { input, milliseconds, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** Holds other nodes. */
export const group = {
  type: "group",
  name: "Group",
  description:
    "Runs the nodes that it contains; its first nodes get what it gets, and what its last node gives is what it gives.",
  category: "logic",
  icon: "layers",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      timeout: {
        ...milliseconds,
        minimum: 1000,
        maximum: 300_000,
        default: 30_000,
        description: sharedParameters.timeout.description,
        examples: ["60s"],
      },
      retries: { ...sharedParameters.retries, maximum: 10 },
      parallel: {
        type: "boolean",
        default: false,
        description: "Whether nodes that do not wait for each other run side by side.",
      },
    },
  },
  inputPorts: [input("input", "Input", "any", "What its first nodes get.")],
  otherInputs: [input("default", "Default", "any", "The same; where an edge leads that names no handle.")],
  hasOpenInputs: true,
  outputPorts: [
    output(
      "result",
      "Result",
      "any",
      "What its last node gives, nothing where that was skipped: let the ways of a `condition` meet in a `merge` with `mode: first`, as the last node. Without nodes, what came in.",
    ),
  ],
  otherOutputs: [
    output(
      "metadata",
      "Metadata",
      "object",
      "Without nodes: `executedAt`, `nodeId` and counts, as earlier versions gave.",
    ),
  ],
  // Its last node may give any.
  hasOpenOutputs: true,
  isContainer: true,
  touches: [],
  ...effectsOfNodesInside,
  limits: [],
} as const satisfies NodeType;
