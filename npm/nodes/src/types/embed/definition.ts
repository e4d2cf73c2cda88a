import { endpointParameters } from "../../definition/endpoint.js";
import { input, type NodeType, output, sameAs, sharedParameters } from "../../definition/node-type.js";

/** Turns text into vectors. */
export const embed = {
  type: "embed",
  name: "Embeddings",
  description: "Turns texts into vectors by a model, at any endpoint that talks like OpenAI's.",
  category: "ai",
  icon: "waypoints",
  parameterSchema: {
    type: "object",
    required: ["model"],
    properties: {
      ...sharedParameters,
      ...endpointParameters,
      // Not `input`, under which every node finds what its edges bring.
      texts: {
        anyOf: [{ type: "string" }, { type: "array" }],
        description:
          "A text, or a list of texts. An edge to `texts` goes before it; one that names no handle only says which node goes first, and a list that it brings is warned of.",
        examples: [["tea", "coffee"]],
      },
      field: {
        type: "string",
        minLength: 1,
        description: "For a list of objects: the field with the text of each.",
      },
      dimensions: {
        type: "integer",
        minimum: 1,
        description: "How long the vectors are to be, where the model leaves that open.",
      },
      batchSize: {
        type: "integer",
        minimum: 1,
        maximum: 2048,
        default: 100,
        description: "The most texts that go into one request.",
      },
    },
  },
  inputPorts: [input("texts", "Texts", "any", "A text or a list of texts, or of objects with `field`.")],
  otherInputs: [input("data", "Data", "any", "The same as texts."), ...sameAs("texts", "any")],
  hasOpenInputs: false,
  outputPorts: [
    output(
      "result",
      "Result",
      "array",
      "The vectors, lists of numbers, in the order of the texts; one of them for one text.",
    ),
  ],
  otherOutputs: [
    output("count", "Count", "number", "How many vectors there are."),
    output("dimensions", "Dimensions", "number", "How long each is; 0 without vectors."),
    output(
      "usage",
      "Usage",
      "object",
      "`{ promptTokens, completionTokens, totalTokens }` of all requests; null if not told.",
    ),
    output("cost", "Cost", "number", "With `prices`: what the tokens cost."),
    output("model", "Model", "string", "The model that answered."),
  ],
  touches: ["network"],
  needs: "network",
  // Nothing is changed, but each request costs money.
  effects: "reads",
  limits: [{ what: "size of an answer", bound: "256 MiB", beyond: "EXECUTION_FAILED" }],
} as const satisfies NodeType;
