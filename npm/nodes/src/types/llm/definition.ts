import { endpointParameters } from "../../definition/endpoint.js";
import { input, type NodeType, output, sameAs, sharedParameters } from "../../definition/node-type.js";

const GOES_BEFORE = "Goes before the parameter of that name.";

/** Asks a language model. */
export const llm = {
  type: "llm",
  name: "Language Model",
  description: "Asks a language model, at any endpoint that talks like OpenAI's, for text or for JSON by a schema.",
  category: "ai",
  icon: "sparkles",
  parameterSchema: {
    type: "object",
    required: ["model"],
    properties: {
      ...sharedParameters,
      ...endpointParameters,
      prompt: {
        type: "string",
        description: "What to ask. After `messages`, where both are there.",
        examples: ["Summarise in one sentence: \u0024{{ data.text }}"],
      },
      messages: {
        type: "array",
        items: { type: "object" },
        description: "A conversation so far: `{ role, content }` each.",
        examples: [[{ role: "user", content: "Hello" }]],
      },
      system: { type: "string", description: "What the model is to keep to; the first message." },
      temperature: { type: "number", minimum: 0, maximum: 2, description: "How free it is: 0 is the least." },
      maxTokens: { type: "integer", minimum: 1, description: "The most tokens that it may answer." },
      schema: {
        anyOf: [{ type: "object" }, { type: "string" }],
        description:
          "JSON Schema of the answer, also as JSON text. The answer is read as JSON and checked; where it does not pass, the model is told why and asked again.",
        examples: [{ type: "object", properties: { mood: { enum: ["good", "bad"] } }, required: ["mood"] }],
      },
      repairs: {
        type: "integer",
        minimum: 0,
        maximum: 5,
        default: 1,
        description: "How often it is asked again for an answer that passes the schema.",
      },
      stream: {
        type: "boolean",
        default: false,
        description: "Whether the answer is taken piece by piece, and reported as progress.",
      },
      options: {
        type: "object",
        description: "Further fields of the request, such as `top_p`, `seed` or `tools`.",
        examples: [{ seed: 7 }],
      },
    },
  },
  inputPorts: [input("prompt", "Prompt", "string", GOES_BEFORE), input("messages", "Messages", "array", GOES_BEFORE)],
  otherInputs: [
    input("system", "System", "string", GOES_BEFORE),
    input("text", "Text", "string", "The prompt, where there is no other and no messages."),
    ...sameAs("text", "string"),
  ],
  hasOpenInputs: false,
  outputPorts: [output("result", "Result", "any", "The answer: text, or with `schema` the value.")],
  otherOutputs: [
    output("text", "Text", "string", "The answer as text."),
    output(
      "toolCalls",
      "Tool Calls",
      "array",
      "The tools among `options: { tools }` that the model wants to be called: `{ id, name, arguments }` each, the arguments as a value, or as text where that is no JSON. Empty where it wants none. With `schema`, `result` is null where it only calls.",
    ),
    output(
      "usage",
      "Usage",
      "object",
      "`{ promptTokens, completionTokens, totalTokens }` of all requests; null if not told.",
    ),
    output("cost", "Cost", "number", "With `prices`: what the tokens cost."),
    output("model", "Model", "string", "The model that answered."),
    output("finishReason", "Finish Reason", "string", "Why the answer ends, such as `stop` or `length`."),
    output("repairs", "Repairs", "number", "How often it was asked again."),
    output("duration", "Duration", "number", "ms of all requests."),
  ],
  touches: ["network"],
  // Nothing is changed, but each request costs money.
  effects: "reads",
  limits: [{ what: "size of an answer", bound: "256 MiB, 16 million characters as a stream", beyond: "an error" }],
} as const satisfies NodeType;
