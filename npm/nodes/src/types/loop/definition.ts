import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** Repeats other nodes. */
export const loop = {
  type: "loop",
  name: "Loop",
  description: "Runs the nodes that it contains once for each item of a list, or a number of times.",
  category: "logic",
  icon: "repeat",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      loopType: {
        type: "string",
        enum: ["forEach", "times", "while"],
        default: "forEach",
        description:
          "forEach: over `array`, or the list that arrives; times: `count` times. while: only without nodes inside.",
      },
      array: {
        "x-control": "json",
        description: "The items, instead of the list that arrives. Usually an expression.",
      },
      count: { type: "integer", minimum: 1, default: 10, description: "times: how many rounds there are." },
      condition: {
        type: "string",
        "x-control": "code",
        description: "while: JavaScript over `iteration`, from 0, and `lastResult`.",
        examples: ["iteration < 3"],
      },
      collectResults: {
        type: "boolean",
        default: true,
        description: "Without nodes inside: whether the items are in the output.",
      },
      concurrency: {
        type: "integer",
        minimum: 1,
        description: "Rounds that run at once; 1 unless given.",
        examples: [4],
      },
    },
  },
  inputPorts: [input("items", "Items", "array", "The list to loop over.")],
  otherInputs: [
    input("array", "Array", "array", "The same as items."),
    input("data", "Data", "any", "The same as items."),
    input("input", "Input", "any", "The same as items."),
    input("default", "Default", "any", "The same as items; where an edge leads that names no handle."),
  ],
  hasOpenInputs: true,
  outputPorts: [output("results", "Results", "array", "What the last node inside gave, for each round.")],
  otherOutputs: [
    output("result", "Result", "object", "Without nodes inside: the results, and how the loop ended."),
    output("iterationCount", "Iteration Count", "number", "Without nodes inside: how many rounds there were."),
    output("errors", "Errors", "array", "Without nodes inside: what failed."),
    output("success", "Success", "boolean", "Without nodes inside: whether nothing failed."),
    output("duration", "Duration", "number", "Without nodes inside: ms."),
  ],
  isContainer: true,
  effects: [],
  limits: [{ what: "rounds without nodes inside", bound: "1,000", beyond: "the loop stops, and a warning says so" }],
} as const satisfies NodeType;
