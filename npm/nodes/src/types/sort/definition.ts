import { type NodeType, output, sharedParameters } from "../../definition/node-type.js";
import { orderList } from "../../definition/order.js";
import { otherRowsInputs, rowsInput } from "../../definition/rows.js";

/** Orders rows. */
export const sort = {
  type: "sort",
  name: "Sort",
  description: "Orders rows by one field or several.",
  category: "data",
  icon: "arrow-down-up",
  parameterSchema: {
    type: "object",
    required: ["by"],
    properties: {
      ...sharedParameters,
      by: orderList("What to order by, the most important field first. Rows that are equal in all keep their order."),
    },
  },
  inputPorts: [rowsInput],
  otherInputs: otherRowsInputs,
  hasOpenInputs: false,
  outputPorts: [
    output("result", "Result", "array", "The rows in their order, each as it came."),
    output("count", "Count", "number", "How many rows there are."),
  ],
  otherOutputs: [],
  touches: [],
  effects: "none",
  limits: [],
} as const satisfies NodeType;
