import {
  milliseconds,
  type NodeType,
  output,
  type ParameterProblem,
  sharedParameters,
} from "../../definition/node-type.js";

/** Begins its flow for requests. */
export const webhook = {
  type: "webhook",
  name: "Webhook",
  description: "Begins its flow for each request to an address of the server, /hooks/<path>, and answers it.",
  category: "trigger",
  icon: "webhook",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      path: {
        type: "string",
        minLength: 1,
        description:
          "What stands after `/hooks/` in the address: letters, digits, `-_.~` and `/`. Default: the id of the flow, a slash, and that of the node.",
        examples: ["orders/new"],
      },
      methods: {
        type: "array",
        items: { type: "string", enum: ["GET", "POST", "PUT", "PATCH", "DELETE"] },
        default: ["POST"],
        description: "The methods of HTTP that it takes.",
      },
      authenticate: {
        type: "string",
        enum: ["caller", "signature", "none"],
        default: "caller",
        description:
          "Who may send: callers of the server with the role `runner`, by a key or a session; senders that sign with the secret of `signature`; anyone who knows the address.",
      },
      signature: {
        type: "object",
        required: ["scheme", "secret"],
        properties: {
          scheme: {
            type: "string",
            enum: ["github", "stripe", "slack", "standard", "hmac"],
            description:
              "How the sender signs: as GitHub, Stripe or Slack, by Standard Webhooks as `webhook-out` does, or with an HMAC of the body in `header`.",
          },
          secret: {
            anyOf: [
              { type: "string", minLength: 1 },
              { type: "array", items: { type: "string", minLength: 1 } },
            ],
            description: "The secret, or several while one takes the place of another.",
            examples: ["${{ secrets.GITHUB_WEBHOOK }}"],
          },
          header: {
            type: "string",
            minLength: 1,
            description: "hmac: where the signature is.",
          },
          algorithm: {
            type: "string",
            enum: ["sha256", "sha1", "sha512"],
            "x-when": { scheme: ["hmac"] },
            description: "hmac: sha256 unless given.",
          },
          encoding: {
            type: "string",
            enum: ["hex", "base64"],
            "x-when": { scheme: ["hmac"] },
            description: "hmac: hex unless given.",
          },
          prefix: {
            type: "string",
            "x-when": { scheme: ["hmac"] },
            description: "hmac: what stands before the signature, such as `sha256=`.",
          },
          timestampHeader: {
            type: "string",
            minLength: 1,
            description:
              "hmac: where the time is, in seconds since 1970, which is signed with the body as `<time>.<body>`. Without it an old request is taken as well.",
          },
        },
        description: "How `authenticate: signature` knows who sends.",
      },
      tolerance: {
        ...milliseconds,
        minimum: 1000,
        default: 300_000,
        description:
          "stripe, slack, standard, hmac with `timestampHeader`: how old a request may be by the time that is signed with it.",
        examples: ["5m"],
      },
      answer: {
        type: "string",
        enum: ["received", "result", "node"],
        default: "received",
        description:
          "What is answered: 202 with the id of the execution as soon as that is kept, the result of the flow at its end, or what a node `respond` gives.",
      },
      waitFor: {
        ...milliseconds,
        minimum: 1,
        maximum: 600_000,
        default: 30_000,
        "x-when": { answer: ["result", "node"] },
        description:
          "result, node: how long the sender waits; afterwards 202 with the id of the execution, or 504 where a node was to answer.",
        examples: ["30s"],
      },
      maxBytes: {
        type: "integer",
        minimum: 0,
        maximum: 16_777_216,
        default: 1_048_576,
        "x-unit": "bytes",
        description: "The largest body that is taken.",
      },
      rawBody: {
        type: "boolean",
        default: false,
        description: "Whether the output has the bytes of the body as well, as `raw` in base64.",
      },
    },
  },
  inputPorts: [],
  otherInputs: [],
  hasOpenInputs: true,
  outputPorts: [],
  otherOutputs: [
    output("method", "Method", "string", "Of the request."),
    output("path", "Path", "string", "What stood after `/hooks/`."),
    output("headers", "Headers", "object", "Its headers in lower case, without credentials and signatures."),
    output("query", "Query", "object", "What stood after `?`; a list where a name comes several times."),
    output(
      "body",
      "Body",
      "any",
      "What JSON or a form says, else text; bytes in base64 where it is no text; null for none.",
    ),
    output("raw", "Raw", "string", "With `rawBody` the bytes of the body in base64."),
    output("receivedAt", "Received at", "string", "When it came, in ISO 8601."),
    output("address", "Address", "string", "Of the sender, where it is known; else empty."),
  ],
  isTrigger: true,
  problems: ({ path, authenticate = "caller", signature }) => {
    const found: ParameterProblem[] = [];
    const add = (rule: string, at: string, message: string) =>
      found.push({ code: "INVALID_PARAMETERS", severity: "error", rule, path: at, message });
    if (typeof path === "string" && !/^[\w.~-]+(\/[\w.~-]+)*$/.test(path)) {
      add("webhook-path", "/path", "`path` may have letters, digits, `-_.~`, and `/` between them");
    } else if (typeof path === "string" && /(^|\/)\.\.?(\/|$)/.test(path)) {
      add("webhook-path", "/path", "`path` may have no part `.` or `..`, which clients leave out of addresses");
    } else if (typeof path === "string" && path.length > 200) {
      add("webhook-path", "/path", "`path` may have 200 characters");
    } else if (typeof path === "string" && /^test(\/|$)/.test(path)) {
      add("webhook-path", "/path", "`path` may not begin with `test`, where addresses for trying are");
    }
    if (authenticate === "signature" && signature === undefined) {
      add(
        "webhook-signature",
        "/signature",
        "`authenticate: signature` needs `signature`: its `scheme` and its `secret`",
      );
    }
    if (signature === undefined || signature === null || typeof signature !== "object") return found;
    const { scheme, header, timestampHeader, secret } = signature as Record<string, unknown>;
    if (authenticate !== "signature") {
      add("webhook-signature", "/authenticate", "`signature` counts only with `authenticate: signature`");
    }
    if (scheme === "hmac" && header === undefined) {
      add("webhook-signature", "/signature/header", "The scheme `hmac` needs the `header` with the signature");
    }
    for (const [name, given] of Object.entries({ header, timestampHeader })) {
      if (given === undefined) continue;
      if (scheme !== "hmac") {
        add("webhook-signature", `/signature/${name}`, `\`${name}\` counts only with the scheme \`hmac\``);
      } else if (typeof given === "string" && !/^[\w!#$%&'*+.^`|~-]+$/.test(given)) {
        add("webhook-signature", `/signature/${name}`, `\`${name}\` is no name of a header`);
      }
    }
    if (Array.isArray(secret) && secret.length === 0) {
      add("webhook-signature", "/signature/secret", "`secret` is an empty list; give it a secret");
    }
    return found;
  },
  touches: [],
  effects: "reads",
  limits: [
    { what: "the body", bound: "`maxBytes`, 1 MiB unless given", beyond: "the request is refused with 413" },
    { what: "the fields of a form, or of a query", bound: "10,000", beyond: "the request is refused with 413" },
    {
      what: "the wait for an answer",
      bound: "`waitFor`, 30 s unless given",
      beyond: "202, or 504 where a node was to answer",
    },
  ],
} as const satisfies NodeType;
