import { endpointParameters } from "../../definition/endpoint.js";
import { input, type NodeType, output, sameAs, sharedParameters } from "../../definition/node-type.js";

import { toolsProblem } from "./tool-parameters.js";

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
        description:
          "Further fields of the request, such as `top_p`, `seed`, or `tools` whose calls are only reported, as `toolCalls`.",
        examples: [{ seed: 7 }],
      },
      tools: {
        type: "array",
        items: {
          type: "object",
          required: ["name"],
          properties: {
            name: { type: "string", description: "What the model calls it by: letters, digits, `_` and `-`." },
            description: { type: "string", description: "What it does, for the model." },
            parameters: {
              type: "object",
              description:
                "JSON Schema of an object, whose properties are the arguments. What the model gives is checked by it; where it does not pass, the model is told why.",
            },
            flow: {
              type: "string",
              description:
                "A flow that it runs, named as in a `sub-flow`. Its first nodes get the arguments as `data`.",
            },
            variables: {
              type: "object",
              description: "Values for variables of the flow, which the model does not see.",
            },
            node: {
              type: "object",
              description:
                "A node that it runs: `{ type, parameters }`. It gets the arguments as `data`, and as parameters of their names; what `parameters` says counts before. It gets no variables of the flow.",
            },
          },
        },
        description:
          "What the node runs when the model asks for it, each a `flow` or a `node`. The model is told what that gave, or why it failed, and goes on until it answers. Calls of one answer run together. The model can run nothing that is not listed.",
        examples: [
          [
            {
              name: "weather",
              description: "The weather of a city",
              parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
              flow: "flows/weather.flow.yaml",
            },
          ],
        ],
      },
      maxRounds: {
        type: "integer",
        minimum: 1,
        maximum: 100,
        default: 10,
        description: "How often the model may ask for `tools` before it has to answer; beyond it the node fails.",
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
      "The tools among `options: { tools }` that the model wants to be called: `{ id, name, arguments }` each, the arguments as a value, or as text where that is no JSON. Empty where it wants none. With `schema`, `result` is null where it only calls. With `tools` all calls that were run, each with its `result`, or the `error` that the model was told.",
    ),
    output("rounds", "Rounds", "number", "With `tools`: how many answers called some."),
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
  problems: ({ tools, options }) => {
    const message = JSON.stringify(tools ?? null).includes("\u0024{{") ? undefined : toolsProblem(tools, options);
    return message === undefined
      ? []
      : [{ code: "INVALID_PARAMETERS", severity: "error", rule: "llm-tools", path: "/tools", message }];
  },
  touches: ["network"],
  needs: "network",
  // Nothing is changed, but each request costs money; what tools do, and how often, is not known before.
  effects: ({ tools }) => (tools === undefined || (Array.isArray(tools) && tools.length === 0) ? "reads" : "writes"),
  effectsNote: "looks at the world; may change it with `tools`",
  limits: [
    { what: "rounds of tools", bound: "10, `maxRounds` changes it", beyond: "EXECUTION_FAILED, and no further try" },
    { what: "result of a tool", bound: "262,144 characters", beyond: "the model is told that it failed" },
    { what: "tools", bound: "128", beyond: "INVALID_PARAMETERS" },
    { what: "size of an answer", bound: "256 MiB, 16 million characters as a stream", beyond: "an error" },
  ],
} as const satisfies NodeType;
