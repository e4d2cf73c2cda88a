import { expressionProblems } from "../../definition/code.js";
import { input, type NodeType, output, sameAsData, sharedParameters } from "../../definition/node-type.js";
import { scriptLimits, scriptParameters, whereParameters } from "../../definition/where.js";

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
        "x-control": "code",
        minLength: 1,
        description:
          "JavaScript over input (what the edges brought, by handle), item (the data among it), variables and the other names of expressions. Either this or `where`.",
        examples: ["item.total > 100"],
      },
    },
  },
  inputPorts: [input("data", "Data", "any", "What is looked at, and handed on.")],
  otherInputs: [
    input("item", "Item", "any", "The same as data."),
    input("value", "Value", "any", "The same as data."),
    ...sameAsData,
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
  touches: [],
  // The expression may read the clock and draw random numbers.
  effects: ({ where }) => (Array.isArray(where) ? "none" : "reads"),
  effectsNote:
    "none with `where`; an `expression` counts as looking at the world, because code sees the clock and random numbers",
  limits: scriptLimits,
} as const satisfies NodeType;
