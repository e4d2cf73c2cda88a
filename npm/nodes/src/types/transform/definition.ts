import { functionProblems } from "../../definition/code.js";
import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";
import { otherRowsInputs } from "../../definition/rows.js";
import { scriptLimits, scriptParameters, whereParameters } from "../../definition/where.js";

/** The operations that code has a part in. */
const CODED: readonly unknown[] = ["map", "filter", "reduce"];

/** The operations that no code has a part in. */
const PURE: readonly unknown[] = [
  "sort",
  "group",
  "flatten",
  "unique",
  "reverse",
  "limit",
  "skip",
  "slice",
  "aggregate",
];

/** Changes lists. */
export const transform = {
  type: "transform",
  name: "Transform",
  description: "Maps, filters, sorts, groups and aggregates lists.",
  category: "data",
  icon: "wand-2",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      where: { ...whereParameters.where, "x-when": { operation: ["filter"] } },
      match: { ...whereParameters.match, "x-when": { operation: ["filter"] } },
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
        description:
          "What to do with the list. map and reduce use `transformFunction`; filter uses `where` or `transformFunction`; each of the others has parameters of its own.",
      },
      transformFunction: {
        type: "string",
        "x-control": "code",
        default: "item => item",
        "x-when": { operation: ["map", "filter", "reduce"] },
        description:
          "map, filter, reduce: JavaScript, a function of (item, index, items), for reduce of (acc, item, index); or a property path. It reads the names of expressions as well.",
        examples: ["row => ({ name: row.name, total: row.price * row.quantity })"],
      },
      sortKey: {
        type: "string",
        minLength: 1,
        "x-when": { operation: ["sort", "group"] },
        description:
          "sort: the field to sort by; without it the items themselves are compared. As numbers where all of them are or spell one, else as text, with a warning where they are mixed.",
      },
      sortDirection: {
        type: "string",
        enum: ["asc", "desc"],
        default: "asc",
        "x-when": { operation: ["sort"] },
        description: "sort: ascending or descending.",
      },
      uniqueKey: {
        type: "string",
        minLength: 1,
        "x-when": { operation: ["unique"] },
        description: "unique: the field that must differ; without it items as a whole.",
      },
      reduceInitial: {
        "x-when": { operation: ["reduce"] },
        description: "reduce: the first accumulator; text is read as JSON where it is JSON.",
      },
      groupKey: {
        type: "string",
        minLength: 1,
        "x-when": { operation: ["group", "aggregate"] },
        description: "group: the field whose values become the groups.",
      },
      groupBy: {
        "x-when": { operation: ["aggregate"] },
        description: "aggregate: the field, or fields, of which each value makes a row. Without it there is one row.",
        anyOf: [
          { type: "string", minLength: 1 },
          { type: "array", items: { type: "string", minLength: 1 } },
        ],
      },
      aggregates: {
        type: "array",
        "x-when": { operation: ["aggregate"] },
        description: "aggregate: what to compute.",
        examples: [[{ operation: "sum", field: "price", as: "total" }]],
        items: {
          type: "object",
          required: ["operation"],
          properties: {
            operation: {
              type: "string",
              enum: ["count", "sum", "avg", "min", "max", "countDistinct", "median", "percentile"],
              description: "What to compute; all but count need a field. A percentile needs `percent`.",
            },
            field: { type: "string", minLength: 1, description: "The field whose values count." },
            percent: {
              type: "number",
              minimum: 0,
              maximum: 100,
              "x-when": { operation: ["percentile"] },
              description:
                "percentile: how many percent of the values lie below the answer, which may lie between two of them; 50 is the median.",
              examples: [95],
            },
            as: {
              type: "string",
              minLength: 1,
              description: "The name of the answer; `sum_price`, or `p95_price` of a percentile, unless given.",
            },
          },
        },
      },
      flattenDepth: {
        type: "integer",
        minimum: 1,
        maximum: 10,
        default: 1,
        "x-when": { operation: ["flatten"] },
        description: "flatten: how many levels of lists inside lists are opened.",
      },
      limitCount: {
        type: "integer",
        minimum: 1,
        default: 10,
        "x-when": { operation: ["limit"] },
        description: "limit: how many items stay.",
      },
      skipCount: {
        type: "integer",
        minimum: 0,
        default: 0,
        "x-when": { operation: ["skip"] },
        description: "skip: how many items are left out.",
      },
      sliceStart: {
        type: "integer",
        minimum: 0,
        default: 0,
        "x-when": { operation: ["slice"] },
        description: "slice: the first item, from 0.",
      },
      sliceEnd: {
        type: "integer",
        minimum: 0,
        "x-when": { operation: ["slice"] },
        description: "slice: the item before which it ends.",
      },
      data: {
        description:
          "The list. An edge to `data` goes before it; one that names no handle only says which node goes first, and a list that it brings is warned of.",
      },
    },
  },
  inputPorts: [
    input("data", "Data", "array", "The list to transform: an array, or a table.", true),
    input("function", "Function", "string", "Goes before the parameter transformFunction."),
  ],
  otherInputs: [...otherRowsInputs],
  hasOpenInputs: false,
  problems: ({ transformFunction, operation = "map", where }, parsers) =>
    // The other operations do not look at it.
    CODED.includes(operation) && !(operation === "filter" && where)
      ? functionProblems("transformFunction", transformFunction, parsers)
      : [],
  outputPorts: [
    output("result", "Result", "any", "The new list; for reduce the last accumulator, for group an object."),
  ],
  otherOutputs: [
    output("inputCount", "Input Count", "number", "How many items came in."),
    output("outputCount", "Output Count", "number", "How many items, groups or fields go out."),
    output("operation", "Operation", "string", "What was done."),
    output("success", "Success", "boolean", "true; a failure is an error."),
  ],
  touches: [],
  // The code may read the clock and draw random numbers.
  effects: ({ operation = "map", where }) =>
    PURE.includes(operation) || (operation === "filter" && Array.isArray(where)) ? "none" : "reads",
  effectsNote:
    "none; code (`map`, `reduce`, `filter` without `where`) counts as looking at the world, because it sees the clock and random numbers",
  limits: scriptLimits,
} as const satisfies NodeType;
