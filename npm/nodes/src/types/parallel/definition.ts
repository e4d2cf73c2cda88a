import { input, milliseconds, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** Runs other nodes side by side. */
export const parallel = {
  type: "parallel",
  name: "Parallel",
  description:
    "Holds nodes that run side by side, where `parallel` is true; otherwise one after the other, as in a group.",
  category: "logic",
  icon: "git-branch",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      parallel: {
        type: "boolean",
        description:
          "Whether the nodes inside that do not wait for each other run side by side. Not unless it is true.",
      },
      concurrency: {
        type: "integer",
        minimum: 1,
        maximum: 50,
        default: 5,
        description: "Without nodes inside: operations at once. The setting `concurrency` of a run bounds nodes.",
      },
      strategy: {
        type: "string",
        enum: ["all", "race", "allSettled"],
        default: "allSettled",
        description: "Without nodes inside: race gives the first operation alone.",
      },
      operationTimeout: {
        ...milliseconds,
        minimum: 1000,
        maximum: 300_000,
        default: 30_000,
        description: "Kept for earlier flows; `policy: { timeout }` of the nodes inside is what counts.",
      },
      globalTimeout: {
        ...milliseconds,
        minimum: 5000,
        maximum: 600_000,
        default: 120_000,
        description: "Kept for earlier flows; `policy: { timeout }` of this node is what counts.",
      },
      failFast: {
        type: "boolean",
        default: false,
        description: "Kept for earlier flows; a failure ends the group at once.",
      },
      maintainOrder: { type: "boolean", default: true, description: "Kept for earlier flows; outputs are by node." },
    },
  },
  inputPorts: [input("operations", "Operations", "array", "Without nodes inside: what is listed.")],
  otherInputs: [input("default", "Default", "any", "What the first nodes inside get.")],
  hasOpenInputs: true,
  outputPorts: [output("results", "Results", "array", "Without nodes inside: one entry for each operation.")],
  otherOutputs: [
    output("completed", "Completed", "number", "Without nodes inside: how many operations there were."),
    output("failed", "Failed", "number", "Without nodes inside: 0."),
    output("duration", "Duration", "number", "Without nodes inside: ms."),
    output("success", "Success", "boolean", "Without nodes inside: true."),
  ],
  effects: [],
  limits: [],
} as const satisfies NodeType;
