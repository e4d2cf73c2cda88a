import type { ParameterSchema } from "./node-type.js";

/** Parameters of the types that use an endpoint that talks like OpenAI's. */
export const endpointParameters = {
  baseUrl: {
    type: "string",
    minLength: 1,
    default: "https://api.openai.com/v1",
    description: "The address of the service, up to and with its version.",
    examples: ["http://localhost:11434/v1"],
  },
  apiKey: {
    type: "string",
    description: "The key of the service, sent as a bearer token. Services on your own machine need none.",
    examples: ["\u0024{{ secrets.OPENAI_API_KEY }}"],
  },
  model: {
    type: "string",
    minLength: 1,
    description: "The model, by the name that the service has for it.",
    examples: ["gpt-4.1-mini", "llama3.2"],
  },
  headers: {
    anyOf: [{ type: "object" }, { type: "string" }],
    default: {},
    description: "Further headers by name, also as JSON text.",
  },
  prices: {
    type: "object",
    properties: {
      input: { type: "number", minimum: 0, description: "Of a million tokens that go in." },
      output: { type: "number", minimum: 0, description: "Of a million tokens that come out." },
    },
    description: "Prices of the service, in any currency, from which `cost` is worked out.",
    examples: [{ input: 0.15, output: 0.6 }],
  },
} as const satisfies Record<string, ParameterSchema>;
