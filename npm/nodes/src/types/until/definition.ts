import { expressionProblems } from "../../definition/code.js";
import { effectsOfNodesInside } from "../../definition/effects.js";
import { input, milliseconds, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

/** Repeats other nodes until something is so. */
export const until = {
  type: "until",
  name: "Until",
  description: "Runs the nodes that it contains again and again, with a pause in between, until a condition holds.",
  category: "logic",
  icon: "rotate-cw",
  parameterSchema: {
    type: "object",
    required: ["condition"],
    properties: {
      ...sharedParameters,
      condition: {
        type: "string",
        minLength: 1,
        "x-control": "code",
        "x-required-message": 'required: JavaScript that says when it is enough, such as `result.status === "done"`',
        description:
          "JavaScript that is asked after each round, over `result` or `lastResult` (what the last node inside gave, without the `{ result }` around it), `iteration` (the round's number, from 0) and the names of expressions: `data` is what came into this node, the same in each round.",
        examples: ['result.status === "done"'],
      },
      interval: {
        ...milliseconds,
        minimum: 0,
        maximum: 86_400_000,
        default: 1000,
        description: "The pause between two rounds.",
        examples: ["10s", 250],
      },
      maxRounds: {
        type: "integer",
        minimum: 1,
        default: 60,
        description:
          "Rounds after which the node fails, if the condition does not hold. `policy: { timeout }` bounds the time.",
      },
    },
  },
  inputPorts: [input("input", "Input", "any", "What its first nodes get in each round.")],
  otherInputs: [input("default", "Default", "any", "The same; where an edge leads that names no handle.")],
  hasOpenInputs: true,
  problems: ({ condition }, parsers) =>
    condition === undefined || condition === ""
      ? [
          {
            code: "INVALID_PARAMETERS",
            severity: "error",
            rule: "until-condition",
            path: "/condition",
            message: 'An `until` needs a `condition` that says when it is enough, such as `result.status === "done"`',
          },
        ]
      : expressionProblems("condition", condition, parsers),
  outputPorts: [output("result", "Result", "any", "What its last node gave in the last round, as that of a group.")],
  otherOutputs: [],
  isContainer: true,
  touches: [],
  ...effectsOfNodesInside,
  limits: [
    { what: "rounds", bound: "60; `maxRounds`", beyond: "EXECUTION_FAILED, and no further try" },
    { what: "pause between two rounds", bound: "1 s; `interval`, at most 24 hours", beyond: "INVALID_PARAMETERS" },
  ],
} as const satisfies NodeType;
