import { input, milliseconds, type NodeType, output, sharedParameters } from "../../definition/node-type.js";
import { schemaProblem } from "../validate/schema.js";

/** The longest time in ms that a question may be open. */
const LONGEST_WAIT = 365 * 86_400_000;

/** Asks people. */
export const waitForInput = {
  type: "wait-for-input",
  name: "Wait for Input",
  description: "Puts a question to people, and goes on with their answer.",
  category: "logic",
  icon: "message-circle-question",
  parameterSchema: {
    type: "object",
    required: ["message"],
    properties: {
      ...sharedParameters,
      message: {
        type: "string",
        minLength: 1,
        "x-required-message": "required: what people are asked, such as `Pay this invoice?`",
        description: "What people are asked.",
        examples: ["Pay the invoice ${{ data.number }}?"],
      },
      form: {
        type: "object",
        "x-control": "json",
        description:
          "What an answer must be, as JSON Schema; an answer that does not fit is refused, and the question stays open. `title`, `description`, `enum` and `default` of its properties make the form that people fill in. Without it, any value is an answer.",
        examples: [
          {
            type: "object",
            required: ["approved"],
            properties: { approved: { type: "boolean" }, note: { type: "string", maxLength: 500 } },
          },
        ],
      },
      waitFor: {
        ...milliseconds,
        minimum: 1,
        maximum: LONGEST_WAIT,
        description:
          "How long the question is open. After that `default` is the answer; without one the node fails. Unlimited where it is not given.",
        examples: ["2h", 90_000],
      },
      default: {
        description: "The answer that counts when nothing else came within `waitFor`. It must fit the form.",
        examples: [{ approved: false }],
      },
    },
  },
  inputPorts: [input("data", "Data", "any", "What people see beside the question.")],
  otherInputs: [input("default", "Default", "any", "The same as data; where an edge leads that names no handle.")],
  hasOpenInputs: true,
  problems: ({ form, waitFor, default: answer }) => {
    const found = [];
    // What expressions in it will give is known when the node runs.
    const problem =
      form === undefined || JSON.stringify(form).includes("${{") ? undefined : schemaProblem(form, "/form");
    if (problem !== undefined) {
      found.push({ code: "INVALID_PARAMETERS", severity: "error", rule: "unchecked-schema", ...problem } as const);
    }
    if (answer !== undefined && waitFor === undefined) {
      found.push({
        code: "INVALID_PARAMETERS",
        severity: "error",
        rule: "unused-default",
        path: "/default",
        message: "A `default` counts only after `waitFor`; say how long the question is open",
      } as const);
    }
    return found;
  },
  outputPorts: [output("result", "Result", "any", "The answer.")],
  otherOutputs: [
    output("answered", "Answered", "boolean", "true for an answer of people; false where `default` took its place."),
  ],
  touches: [],
  // A person answers.
  effects: "reads",
  limits: [
    {
      what: "time",
      bound: "as long as it takes; `waitFor` at most 365 days, and `policy: { timeout }`",
      beyond: "`default`, or TIMEOUT and no further try",
    },
    {
      what: "open questions of a process",
      bound: "they end with it, unless its conductor has a `store`",
      beyond: "a new run asks again",
    },
  ],
} as const satisfies NodeType;
