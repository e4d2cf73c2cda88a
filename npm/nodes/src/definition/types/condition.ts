import { expressionProblems } from "../code.js";
import { input, type NodeType, output, sharedParameters } from "../node-type.js";
import { scriptLimits, scriptParameters, whereParameters } from "../where.js";

/** Chooses a way. */
export const condition = {
  type: "condition",
  name: "Condition",
  description: "Sends its input one way or the other.",
  category: "logic",
  icon: "split",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      ...whereParameters,
      ...scriptParameters,
      expression: {
        type: "string",
        minLength: 1,
        description:
          "JavaScript over input (what the edges brought, by handle), item (the data among it) and variables. Either this or `where`.",
        examples: ["item.total > 100"],
      },
    },
  },
  inputPorts: [input("data", "Data", "any", "What is looked at, and handed on.")],
  otherInputs: [
    input("item", "Item", "any", "The same as data."),
    input("value", "Value", "any", "The same as data."),
    input("input", "Input", "any", "The same as data."),
    input("default", "Default", "any", "The same as data; where an edge leads that names no handle."),
  ],
  hasOpenInputs: true,
  routed: true,
  problems: ({ expression, where }, parsers) =>
    where === undefined ? expressionProblems("expression", expression, parsers) : [],
  outputPorts: [
    output(
      "true",
      "True",
      "any",
      "The data, where the condition holds. Nodes that only this leads to are skipped else.",
    ),
    output("false", "False", "any", "The data, where the condition does not hold."),
  ],
  otherOutputs: [
    output("result", "Result", "boolean", "Whether the condition held."),
    output("value", "Value", "any", "The data."),
  ],
  effects: [],
  limits: scriptLimits,
} as const satisfies NodeType;
