import { input, type NodeType, output, sameAsData, sharedParameters } from "../../definition/node-type.js";

/** Ends the run. */
export const stop = {
  type: "stop",
  name: "Stop",
  description: "Ends the run at once: as a failure that it words, or as a success with what came in.",
  category: "logic",
  icon: "octagon",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      as: {
        type: "string",
        enum: ["failure", "success"],
        default: "failure",
        description:
          "failure: the node fails, and is not tried again. success: the run succeeds, its result is that of this node, and what runs beside it is cancelled.",
      },
      message: {
        type: "string",
        "x-control": "textarea",
        description: "What people read: of a failure its message, of a success what the node says last.",
        examples: ["No invoices for ${{ variables.month }}"],
      },
    },
  },
  inputPorts: [input("data", "Data", "any", "What the run gives, if it ends as a success.")],
  otherInputs: [...sameAsData],
  hasOpenInputs: true,
  outputPorts: [],
  otherOutputs: [
    output("result", "Result", "any", "What came in; where several handles brought something, an object of them."),
    output("message", "Message", "string", "The message; empty if the node has none."),
  ],
  routed: true,
  problems: ({ as = "failure", message }) =>
    as === "failure" && (message === undefined || message === "")
      ? [
          {
            code: "INVALID_PARAMETERS",
            severity: "error",
            rule: "stop-message",
            path: "/message",
            message:
              "A `stop` that fails needs a `message`, so that people know why the run ended; or give `as: success`",
          },
        ]
      : [],
  touches: [],
  effects: "none",
  limits: [],
} as const satisfies NodeType;
