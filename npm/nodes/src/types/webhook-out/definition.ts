import { input, type NodeType, output, sameAsData, sharedParameters } from "../../definition/node-type.js";

/** Tells another system of something. */
export const webhookOut = {
  type: "webhook-out",
  name: "Webhook",
  description: "Sends data to a webhook, signed as the Standard Webhooks specification says.",
  category: "io",
  icon: "webhook",
  parameterSchema: {
    type: "object",
    required: ["url", "secret"],
    properties: {
      ...sharedParameters,
      url: {
        type: "string",
        minLength: 1,
        description: "The address of the receiver, with http or https. Redirects are not followed.",
        examples: ["https://api.example.com/hooks"],
        "x-required-message": "Must be a valid URL",
      },
      secret: {
        anyOf: [
          { type: "string", minLength: 1 },
          { type: "array", items: { type: "string", minLength: 1 } },
        ],
        description:
          "What receiver and sender share: `whsec_` and base64, or any other text, whose UTF-8 is the key. A list signs with each, so that secrets can be changed.",
        examples: ["\u0024{{ secrets.WEBHOOK }}"],
      },
      data: {
        description:
          "What is sent, as JSON. An edge to `data` goes before it; one that names no handle only says which node goes first, and a list that it brings is warned of.",
      },
      headers: {
        anyOf: [{ type: "object" }, { type: "string" }],
        default: {},
        description: "Further headers by name, also as JSON text.",
      },
    },
  },
  inputPorts: [
    input("data", "Data", "any", "What is sent, as JSON. Goes before the parameter of that name."),
    input("url", "URL", "string", "Goes before the parameter of that name."),
  ],
  otherInputs: [input("body", "Body", "any", "The same as data."), ...sameAsData],
  hasOpenInputs: false,
  outputPorts: [output("result", "Result", "any", "The answer of the receiver: JSON as a value, text as text.")],
  otherOutputs: [
    output("status", "Status", "number", "The status, from 200 to 399."),
    output("id", "Id", "string", "The id of the message, `webhook-id`: the same for every attempt at this step."),
    output("timestamp", "Timestamp", "number", "When it was sent, `webhook-timestamp`, in seconds since 1970."),
    output("duration", "Duration", "number", "ms from the request to the end of the answer."),
  ],
  touches: ["network"],
  needs: "network",
  effects: "writes",
  limits: [{ what: "size of the answer", bound: "256 MiB", beyond: "EXECUTION_FAILED" }],
} as const satisfies NodeType;
