import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";

const GOES_BEFORE = "Goes before the parameter of that name.";

/** Tells people of something. */
export const message = {
  type: "message",
  name: "Message",
  description: "Sends a message to a channel of Slack, Discord or Teams by its webhook.",
  category: "io",
  icon: "message-square",
  parameterSchema: {
    type: "object",
    required: ["service", "url", "text"],
    properties: {
      ...sharedParameters,
      service: {
        type: "string",
        enum: ["slack", "discord", "teams", "json"],
        description:
          "What the webhook understands. `teams` is an Adaptive Card, for a webhook of Workflows; `json` sends `{ text, title, username, fields }` as it is.",
      },
      url: {
        type: "string",
        minLength: 1,
        description: "The address of the webhook. It is a secret: messages of errors do not tell it.",
        examples: ["\u0024{{ secrets.SLACK_WEBHOOK }}"],
        "x-required-message": "Must be a valid URL",
      },
      text: {
        type: "string",
        minLength: 1,
        description:
          "What it says. Mentions of people and channels in it send no notifications. What is too long for the service is cut off, with a warning.",
        examples: ["The nightly import is done."],
        "x-required-message": "Text is required",
      },
      title: { type: "string", description: "A heading above the text." },
      username: { type: "string", description: "Who it says that it is from, where the service allows that." },
      fields: {
        anyOf: [{ type: "object" }, { type: "array", items: { type: "object" } }],
        description: "Names with values, shown as a table: an object, or a list of `{ name, value }`.",
        examples: [{ orders: 12, total: "340.50" }],
      },
    },
  },
  inputPorts: [
    input("text", "Text", "string", "Used where no parameter `text` is set."),
    input("fields", "Fields", "object", GOES_BEFORE),
  ],
  otherInputs: [
    input("title", "Title", "string", GOES_BEFORE),
    input("url", "URL", "string", "Used where no parameter `url` is set."),
  ],
  hasOpenInputs: false,
  outputPorts: [output("result", "Result", "any", "The answer of the service, such as `ok`.")],
  otherOutputs: [
    output("status", "Status", "number", "The status of the answer."),
    output("truncated", "Truncated", "boolean", "Whether something was too long and was cut off."),
    output("duration", "Duration", "number", "ms from the request to the end of the answer."),
  ],
  touches: ["network"],
  needs: "network",
  effects: "writes",
  limits: [
    { what: "text in Slack", bound: "40000 characters", beyond: "cut off, with a warning" },
    {
      what: "text in Discord",
      bound: "2000 characters; 256 for a title, 25 fields of 256 and 1024, 6000 for all of them",
      beyond: "cut off or left out, with a warning",
    },
    { what: "a message in Teams", bound: "28 KB", beyond: "its text is cut off, with a warning" },
  ],
} as const satisfies NodeType;
