import { input, type NodeType, output, sharedParameters } from "../../definition/node-type.js";
import { addressFault, headersFault, problemsOf } from "../../definition/written.js";

/** Talks HTTP. */
export const httpRequest = {
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
      method: {
        type: "string",
        enum: ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
        default: "GET",
        description: "The method of the request.",
      },
      url: {
        type: "string",
        "x-control": "url",
        minLength: 1,
        description: "The address, with http or https.",
        examples: ["https://api.example.com/users/1"],
        "x-required-message": "Must be a valid URL",
      },
      headers: {
        anyOf: [{ type: "object" }, { type: "string" }],
        default: {},
        description: "Headers of the request by name, also as JSON text.",
        examples: [{ accept: "application/json" }],
      },
      params: {
        anyOf: [{ type: "object" }, { type: "string" }],
        description: "Added to the query of the URL, by name, also as JSON text; a list adds its name several times.",
        examples: [{ page: 1, tag: ["a", "b"] }],
      },
      auth: {
        anyOf: [{ type: "object" }, { type: "string" }],
        description:
          'Who asks: `{ type: "basic", username, password }`, `{ type: "bearer", token }`, ' +
          '`{ type: "apiKey", name, value, in }` with `in: "header"` (the default) or `"query"`, or ' +
          '`{ type: "oauth2", tokenUrl, clientId, clientSecret, scope, audience, send }` for a token of OAuth 2.0 (client ' +
          'credentials), where the client names itself with `send: "header"` (the default) or in the `"body"`; the token is kept ' +
          "until it ends, and asked for once more where it is refused.",
        examples: [{ type: "bearer", token: "\u0024{{ secrets.TOKEN }}" }],
      },
      failOn: {
        anyOf: [{ type: "string" }, { type: "integer" }, { type: "array" }],
        description:
          "Statuses that are errors, such as `404` or `5xx`, with commas between them. Without it those from 400 on are " +
          "where the node asks for retries or an edge takes its error, and none elsewhere.",
        examples: ["4xx,5xx", "5xx,429"],
      },
      body: {
        description:
          "Sent with POST, PUT, PATCH and DELETE, as `bodyType` says. Files are named here, never by what an edge brings.",
      },
      bodyType: {
        type: "string",
        enum: ["auto", "json", "form", "multipart", "text", "file"],
        default: "auto",
        description:
          "How `body` is written. `auto`: text and bytes as they are, the rest as JSON. `form`: an object as a form of a web " +
          "page sends it. `multipart`: an object whose values are text, bytes, `{ path }` for a file, " +
          "`{ content, filename, contentType }`, or lists of these. `file`: the file at a path, or at `{ path, contentType }`, " +
          "read while it is sent.",
      },
    },
  },
  inputPorts: [
    input("url", "URL", "string", "Goes before the parameter of that name."),
    input("body", "Body", "any", "Goes before the parameter of that name."),
  ],
  otherInputs: [
    input("method", "Method", "string", "Goes before the parameter of that name."),
    input("headers", "Headers", "object", "Goes before the parameter of that name."),
    input("params", "Query", "object", "Goes before the parameter of that name."),
    input("auth", "Authorization", "object", "Goes before the parameter of that name."),
  ],
  hasOpenInputs: false,
  problems: ({ url, headers }) => [
    ...problemsOf("url", addressFault(url)),
    ...problemsOf("headers", headersFault(headers)),
  ],
  outputPorts: [output("result", "Result", "any", "The body: JSON as a value, text as text, anything else as base64.")],
  otherOutputs: [
    output("status", "Status", "number", "The status, such as 200."),
    output("statusText", "Status Text", "string", "What the server calls the status."),
    output(
      "headers",
      "Headers",
      "object",
      "The headers of the answer, names in lower case; `set-cookie` is a list where there are several.",
    ),
    output("success", "Success", "boolean", "Whether the status is 200 to 299."),
    output("ok", "OK", "boolean", "The same."),
    output("duration", "Duration", "number", "ms from the request to the end of the answer."),
    output("url", "URL", "string", "The address that answered, after redirects."),
  ],
  effects: ["network", "reads-files"],
  limits: [{ what: "size of the answer", bound: "256 MiB", beyond: "EXECUTION_FAILED" }],
} as const satisfies NodeType;
