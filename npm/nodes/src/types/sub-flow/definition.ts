import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** Runs another flow. */
export const subFlow = {
  type: "sub-flow",
  name: "Sub-Flow",
  description: "Runs another flow as one node of this one, and gives what that gives.",
  category: "logic",
  icon: "workflow",
  parameterSchema: {
    type: "object",
    required: ["flow"],
    properties: {
      ...sharedParameters,
      flow: {
        type: "string",
        minLength: 1,
        "x-required-message": "required: the id of a flow, or the path of its file such as `flows/invoice.flow.yaml`",
        description:
          "The id of a stored flow or of a template, or the path of a flow file, from the folder of the file that names it: what has a slash in it or ends in .yaml, .yml or .json.",
        examples: ["flows/invoice.flow.yaml", "monthly-report"],
      },
      inputs: {
        type: "object",
        "x-control": "json",
        description: "What its first nodes get, by handle. Without it, what came in here.",
        examples: [{ data: "${{ data.orders }}" }],
      },
      variables: {
        type: "object",
        "x-control": "json",
        description: "Values for its variables. It must declare them; their types are checked.",
        examples: [{ month: "2026-01" }],
      },
    },
  },
  inputPorts: [
    input("data", "Data", "any", "What the first nodes of the other flow get, unless `inputs` says otherwise."),
  ],
  otherInputs: [input("default", "Default", "any", "The same; where an edge leads that names no handle.")],
  hasOpenInputs: true,
  outputPorts: [output("result", "Result", "any", "What the other flow gave: the output of its last node.")],
  otherOutputs: [],
  touches: [],
  // The nodes of the other flow have effects of their own, and it may have changed since.
  effects: "reads",
  limits: [{ what: "flows that run each other", bound: "32 deep", beyond: "EXECUTION_FAILED, and no further try" }],
} as const satisfies NodeType;
