import { type NodeType, output, sharedParameters } from "../../definition/node-type.js";
import { orderList } from "../../definition/order.js";
import { equalKeys, fieldList, otherRowsInputs, rowsInput } from "../../definition/rows.js";

/** Computes over rows beside each row. */
export const window = {
  type: "window",
  name: "Window",
  description: "Adds to each row what its place among other rows gives: ranks, neighbours, running sums, shares.",
  category: "data",
  icon: "chart-no-axes-column-increasing",
  parameterSchema: {
    type: "object",
    required: ["functions"],
    properties: {
      ...sharedParameters,
      partitionBy: fieldList(
        `Fields; rows in which they are equal make a partition, and functions see one partition only. Without it all rows are one. ${equalKeys} Fields without a value equal each other.`,
        ["region"],
      ),
      orderBy: orderList(
        "The order of rows within a partition; without it, and where they are equal in all fields, that in which they came.",
      ),
      functions: {
        type: "array",
        description: "What to add to each row.",
        examples: [[{ function: "runningSum", field: "total", as: "soFar" }]],
        items: {
          type: "object",
          required: ["function", "as"],
          properties: {
            function: {
              type: "string",
              enum: [
                "rowNumber",
                "rank",
                "denseRank",
                "percentRank",
                "lag",
                "lead",
                "firstValue",
                "lastValue",
                "runningSum",
                "runningAvg",
                "runningMin",
                "runningMax",
                "runningCount",
                "total",
                "share",
              ],
              description:
                "rowNumber counts from 1. rank gives rows that are equal in `orderBy` the same number and leaves gaps, denseRank leaves none, percentRank is (rank - 1) / (rows - 1). lag and lead are the field of a row before or after. firstValue and lastValue are that of the partition's ends. running… go from the partition's first row to this one and leave out empty values. total is the sum of the partition, share the part of it that this row has.",
            },
            field: {
              type: "string",
              minLength: 1,
              description:
                "The field whose values count; `a.b` looks inside. rowNumber and the ranks take none; runningCount counts rows without one.",
            },
            as: { type: "string", minLength: 1, description: "The name of the new field, which no row may have yet." },
            offset: {
              type: "integer",
              minimum: 0,
              default: 1,
              "x-when": { function: ["lag", "lead"] },
              description: "lag, lead: how many rows away.",
            },
            default: {
              "x-when": { function: ["lag", "lead"] },
              description: "lag, lead: what stands where there is no such row. Without it null.",
            },
          },
        },
      },
    },
  },
  inputPorts: [rowsInput],
  otherInputs: otherRowsInputs,
  hasOpenInputs: false,
  outputPorts: [
    output("result", "Result", "array", "The rows with the new fields, in the order in which they came."),
    output("count", "Count", "number", "How many rows there are."),
  ],
  otherOutputs: [],
  touches: [],
  effects: "none",
  limits: [],
} as const satisfies NodeType;
