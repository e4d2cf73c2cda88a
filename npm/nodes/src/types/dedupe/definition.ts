import { type NodeType, output, sharedParameters } from "../../definition/node-type.js";
import { equalKeys, fieldList, otherRowsInputs, rowsInput } from "../../definition/rows.js";

/** Leaves out repeated rows. */
export const dedupe = {
  type: "dedupe",
  name: "Dedupe",
  description: "Leaves out rows that repeat another one.",
  category: "data",
  icon: "copy-minus",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      keys: fieldList(
        `Fields in which rows repeat each other; without it all of them. \`a.b\` looks inside. ${equalKeys} Fields without a value (missing, null) equal each other.`,
        ["email"],
      ),
      keep: {
        type: "string",
        enum: ["first", "last"],
        default: "first",
        description: "Which of the rows that repeat each other stays. All stay in the order in which they came.",
      },
    },
  },
  inputPorts: [rowsInput],
  otherInputs: otherRowsInputs,
  hasOpenInputs: false,
  outputPorts: [
    output("result", "Result", "array", "The rows that stay, each as it came."),
    output("duplicates", "Duplicates", "array", "The rows that were left out."),
    output("count", "Count", "number", "How many rows stay."),
    output("removed", "Removed", "number", "How many rows were left out."),
  ],
  otherOutputs: [],
  touches: [],
  effects: "none",
  limits: [],
} as const satisfies NodeType;
