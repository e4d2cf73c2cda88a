import { input, type NodeType, output, sharedParameters } from "../node-type.js";

/** Talks HTTP. */
export const httpRequest: NodeType = {
  type: "http-request",
  name: "HTTP Request",
  description: "Sends an HTTP request and gives its answer.",
  category: "io",
  icon: "globe-2",
  parameterSchema: {
    type: "object",
    required: ["url"],
    properties: {
      ...sharedParameters,
      // A request may have had its effect although no answer came.
      retries: { ...sharedParameters.retries, default: 0 },
      method: { type: "string", enum: ["GET", "POST", "PUT", "PATCH", "DELETE"], default: "GET" },
      url: { type: "string", minLength: 1, "x-required-message": "Must be a valid URL" },
      headers: { anyOf: [{ type: "object" }, { type: "string" }], default: {} },
      body: { description: "Sent with POST, PUT and PATCH; objects as JSON." },
    },
  },
  inputPorts: [input("url", "URL", "string"), input("body", "Body", "any")],
  outputPorts: [output("result", "Result", "any")],
};
