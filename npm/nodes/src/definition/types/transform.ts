import { input, type NodeType, output, sharedParameters } from "../node-type.js";
import { scriptParameters, whereParameters } from "../where.js";

/** Changes lists. */
export const transform: NodeType = {
  type: "transform",
  name: "Transform",
  description: "Maps, filters, sorts, groups and aggregates lists.",
  category: "data",
  icon: "wand-2",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      ...whereParameters,
      ...scriptParameters,
      operation: {
        type: "string",
        enum: [
          "map",
          "filter",
          "reduce",
          "sort",
          "group",
          "flatten",
          "unique",
          "reverse",
          "limit",
          "skip",
          "slice",
          "aggregate",
        ],
        default: "map",
      },
      transformFunction: {
        type: "string",
        default: "item => item",
        description:
          "JavaScript: a function of (item, index, items), for reduce of (acc, item, index); or a property path.",
      },
      sortKey: { type: "string", minLength: 1 },
      sortDirection: { type: "string", enum: ["asc", "desc"], default: "asc" },
      uniqueKey: { type: "string", minLength: 1 },
      reduceInitial: { description: "The first accumulator; text is read as JSON where it is JSON." },
      groupKey: { type: "string", minLength: 1 },
      groupBy: {
        anyOf: [
          { type: "string", minLength: 1 },
          { type: "array", items: { type: "string", minLength: 1 } },
        ],
      },
      aggregates: {
        type: "array",
        items: {
          type: "object",
          required: ["operation"],
          properties: {
            operation: { type: "string", enum: ["count", "sum", "avg", "min", "max", "countDistinct"] },
            field: { type: "string", minLength: 1 },
            as: { type: "string", minLength: 1 },
          },
        },
      },
      flattenDepth: { type: "integer", minimum: 1, maximum: 10, default: 1 },
      limitCount: { type: "integer", minimum: 1, default: 10 },
      skipCount: { type: "integer", minimum: 0, default: 0 },
      sliceStart: { type: "integer", minimum: 0, default: 0 },
      sliceEnd: { type: "integer", minimum: 0 },
      data: { description: "The list, where no edge brings one." },
    },
  },
  inputPorts: [input("data", "Data", "array", true), input("function", "Function", "string")],
  outputPorts: [output("result", "Result", "any")],
};
