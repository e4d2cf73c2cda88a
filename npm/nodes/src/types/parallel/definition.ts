import { effectsOfNodesInside } from "../../definition/effects.js";
import { input, milliseconds, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** Runs other nodes side by side. */
export const parallel = {
  type: "parallel",
  name: "Parallel",
  description:
    "Runs the nodes that it contains side by side: until all of them have succeeded, the first of them is over, all of them are over, or so many of them have succeeded.",
  category: "logic",
  icon: "git-branch",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      mode: {
        type: "string",
        enum: ["all", "race", "allSettled", "first"],
        description:
          "What it waits for, where its nodes are branches that run side by side; nodes that edges join are one branch. `all`: every branch, and it fails with the first that fails. `race`: the first that is over, as that went. `allSettled`: every branch, however it went. `first`: so many that succeed as `count` says. What is not waited for is cancelled. Without it the node is a group. It is read before the flow runs, and takes no expression.",
      },
      count: {
        type: "integer",
        minimum: 1,
        maximum: 65_535,
        description:
          "With `mode: first`: how many branches are to succeed, 1 where nothing is said. It fails once that cannot be reached.",
      },
      parallel: {
        type: "boolean",
        description:
          "Without `mode`: whether the nodes inside that do not wait for each other run side by side. Not unless it is true.",
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
        description: "Kept for earlier flows; a failure ends the group at once, unless `mode` says otherwise.",
      },
      maintainOrder: { type: "boolean", default: true, description: "Kept for earlier flows; outputs are by node." },
    },
  },
  inputPorts: [input("operations", "Operations", "array", "Without nodes inside: what is listed.")],
  otherInputs: [input("default", "Default", "any", "What the first nodes inside get.")],
  hasOpenInputs: true,
  outputPorts: [
    output(
      "results",
      "Results",
      "array",
      "`all`: what each branch gave, in declared order. `first`: what those gave that succeeded, as they came. `allSettled`: `{ branch, status, value | reason }` of each. Without nodes inside: one entry for each operation.",
    ),
  ],
  otherOutputs: [
    output(
      "result",
      "Result",
      "any",
      "`race`: what the branch gave that was first. Otherwise an object with what is in `results` by branch: the id of the node that is its last.",
    ),
    output("winner", "Winner", "string", "`race`: the branch that was first."),
    output("winners", "Winners", "array", "`first`: the branches that succeeded, as they came."),
    output(
      "completed",
      "Completed",
      "number",
      "`allSettled`: how many branches succeeded. Without nodes inside: how many operations there were.",
    ),
    output("failed", "Failed", "number", "`allSettled`: how many branches failed. Without nodes inside: 0."),
    output("duration", "Duration", "number", "Without nodes inside: ms."),
    output("success", "Success", "boolean", "`allSettled`: whether no branch failed. Without nodes inside: true."),
  ],
  touches: [],
  ...effectsOfNodesInside,
  limits: [
    {
      what: "nodes inside at once",
      bound: "5, or what the setting `concurrency` of the conductor says, if that is more than 1",
      beyond: "further ones wait",
    },
  ],
} as const satisfies NodeType;
