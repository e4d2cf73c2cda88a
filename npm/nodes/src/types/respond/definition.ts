import { input, type NodeType, output, sameAsData, sharedParameters } from "../../definition/node-type.js";

/** Answers what began the run. */
export const respond = {
  type: "respond",
  name: "Respond",
  description: "Answers the request that began the flow by a webhook with `answer: node`; the flow goes on.",
  category: "io",
  icon: "reply",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      status: {
        type: "integer",
        minimum: 200,
        maximum: 599,
        default: 200,
        description: "The status of HTTP.",
        examples: [201],
      },
      headers: {
        type: "object",
        "x-control": "json",
        description: "Headers of the answer.",
        examples: [{ "cache-control": "no-store" }],
      },
      body: {
        description:
          "What is answered; without it, what came in. Text and bytes as they are, anything else as JSON, null as nothing.",
        examples: ["\u0024{{ data.message }}"],
      },
    },
  },
  inputPorts: [input("data", "Data", "any", "What is answered, unless `body` says.")],
  otherInputs: [...sameAsData],
  hasOpenInputs: true,
  outputPorts: [],
  otherOutputs: [
    output("status", "Status", "number", "The status that was answered."),
    output("headers", "Headers", "object", "The headers of the node."),
    output("body", "Body", "any", "What was answered."),
    output("sent", "Sent", "boolean", "Whether a request waited for it."),
  ],
  touches: ["network"],
  effects: "writes",
  limits: [{ what: "answers of one run", bound: "the first one is sent", beyond: "the others warn" }],
} as const satisfies NodeType;
