import { input, milliseconds, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** The longest wait in ms. */
export const LONGEST_DELAY = 30 * 86_400_000;

/** Waits. */
export const delay = {
  type: "delay",
  name: "Delay",
  description: "Waits for some time, or until a moment, and hands its input on.",
  category: "logic",
  icon: "timer",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      duration: {
        ...milliseconds,
        minimum: 0,
        maximum: LONGEST_DELAY,
        description: "How long to wait. Either this or `until`.",
        examples: ["30s", 1500],
      },
      until: {
        type: "string",
        minLength: 1,
        description: "The moment to wait for, in ISO 8601 with its zone. One that is past is not waited for.",
        examples: ["2030-01-31T09:00:00Z", "2030-01-31T09:00+01:00"],
      },
    },
  },
  inputPorts: [input("data", "Data", "any", "What is handed on.")],
  otherInputs: [input("default", "Default", "any", "The same as data; where an edge leads that names no handle.")],
  hasOpenInputs: true,
  outputPorts: [
    output("result", "Result", "any", "What came in; where several handles brought something, an object of them."),
  ],
  otherOutputs: [output("waited", "Waited", "number", "How many ms there were to wait; 0 for a moment that was past.")],
  touches: [],
  // Its output follows from its input, but the wait is what it is for: a recorded output does not stand for that.
  effects: "reads",
  limits: [
    { what: "the wait", bound: "30 days", beyond: "INVALID_PARAMETERS" },
    {
      what: "waits of a process",
      bound: "they end with it, unless its conductor has a `store`",
      beyond: "the run does not go on by itself after a restart",
    },
  ],
} as const satisfies NodeType;
