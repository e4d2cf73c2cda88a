/** The description of the API, made of what it checks requests by. */
import { createHash } from "node:crypto";
import * as z from "zod";
import { CHANNELS } from "../services/contract.js";
import { LONGEST_FLOW_ID, LONGEST_ID } from "../services/schemas.js";
import { SERVER_CHANNELS } from "../services/server-channels.js";
import { leastRole } from "./access.js";
import { EVENTS_QUERY, REQUEST, RESOURCES, RUN } from "./resources.js";
import { SECRET_NAME } from "./secrets/secrets.js";

/** The commands of each channel, with the least role that may call each. */
const COMMANDS: Record<string, Record<string, string>> = Object.fromEntries(
  [...CHANNELS, ...SERVER_CHANNELS]
    .filter(([, { commands }]) => commands.size > 0)
    .map(([channel, { commands }]) => [
      channel,
      Object.fromEntries([...commands.keys()].map((command) => [command, leastRole(channel, command) as string])),
    ]),
);

/** Of the API, and of its description: that of the package is not for strangers, who read this. */
const API_VERSION = "1";

/** Schemas that others refer to by name: within a document, references begin at its root. */
const SHARED: Record<string, object> = {};

/** Names in paths that may not be any text. */
const IN_PATH: Readonly<Record<string, object>> = {
  version: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
  flowId: { type: "string", minLength: 1, maxLength: LONGEST_FLOW_ID },
  nodeId: { type: "string", minLength: 1, maxLength: LONGEST_ID },
  other: { type: "string", minLength: 1, maxLength: LONGEST_ID },
  name: { type: "string", pattern: SECRET_NAME.source },
  channel: { type: "string", enum: Object.keys(COMMANDS) },
  command: { type: "string", enum: [...new Set(Object.values(COMMANDS).flatMap(Object.keys))] },
};

/** A described operation, as far as it is made here. */
interface Described {
  path: string;
  method: string;
  summary: string;
  command: readonly [string, string];
  query?: z.ZodObject;
  body?: z.ZodType;
  answers?: string;
  isVersioned?: true;
  isFlow?: true;
  keyed?: unknown;
}

/** Routes that only some servers have. */
export interface ChosenRoutes {
  /** Clients of the Model Context Protocol are served. */
  mcp: boolean;
  metrics: boolean;
  /** Requests for webhooks are taken. */
  hooks: boolean;
  /** The address of the issuer where people sign in. */
  openId: string | undefined;
}

const EXECUTE = { method: "post", summary: "Run a saved flow by its id", command: RUN.command, body: REQUEST } as const;

/**
 * An OpenAPI 3.1 document of every route of the handler.
 *
 * @param isOpen whether callers need no key
 * @param has what the server has of the routes that not all have
 */
export function openApi(base: string, isOpen: boolean, has: ChosenRoutes) {
  const paths: Record<string, Record<string, unknown>> = {};
  const operations: Described[] = [
    ...RESOURCES,
    { ...RUN, method: "post" },
    { ...EXECUTE, path: "/execute" },
    { ...EXECUTE, path: "/conductor/execute" },
  ];
  for (const operation of operations) {
    const path = base + templateOf(operation.path);
    paths[path] = { ...paths[path], [operation.method]: described(operation) };
  }
  paths["/execute"] = { post: described({ ...EXECUTE, path: "" }) };
  paths[`${base}/events`] = { get: EVENTS };
  paths[`${base}/{channel}/{command}`] = { post: COMMAND };
  for (const path of ["/health", "/health/live", `${base}/health`]) {
    paths[path] = {
      get: open("Whether the server is there", { 200: ok("It is there; to a caller whom it knows with its version") }),
    };
  }
  const ready = { 200: ok("It does"), 503: ok("It does not, and why") };
  paths["/health/ready"] = { get: open("Whether the server takes work", ready) };
  for (const path of ["/openapi.json", `${base}/openapi.json`]) {
    paths[path] = { get: open("This description", { 200: ok("An OpenAPI document") }) };
  }
  for (const path of ["/docs", `${base}/docs`]) {
    const responses = { 200: { description: "A page", content: { "text/html": { schema: { type: "string" } } } } };
    paths[path] = { get: open("This description, for people", responses) };
  }
  for (const path of has.mcp ? ["/mcp", `${base}/mcp`] : []) paths[path] = MCP;
  for (const path of has.metrics ? ["/metrics", `${base}/metrics`] : []) paths[path] = { get: METRICS };
  for (const path of has.hooks ? ["/hooks/{path}", `${base}/hooks/{path}`] : []) paths[path] = HOOKS;
  for (const [step, operation] of has.openId === undefined ? [] : OPENID) {
    paths[`${base}/auth/openid/${step}`] = { get: operation };
  }
  const byIssuer = has.openId === undefined ? {} : { openId: openIdScheme(base, has.openId) };
  return {
    openapi: "3.1.0",
    info: { title: "conductor", version: API_VERSION, description: "Runs flows, and keeps them and their executions." },
    security: isOpen ? [] : [{ key: [] }, ...Object.keys(byIssuer).map((name) => ({ [name]: [] }))],
    paths,
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer" }, ...byIssuer },
      responses: {
        Error: {
          description: "Why not",
          content: { "application/json": { schema: ERROR } },
        },
      },
      schemas: {
        ...SHARED,
        Error: {
          type: "object",
          required: ["error", "code"],
          properties: { error: { type: "string" }, code: { type: "string" } },
        },
        ...(has.mcp && { JsonRpcError: JSON_RPC_ERROR }),
      },
    },
  };
}

function described({ path, summary, command, query, body, answers, isVersioned, isFlow, keyed }: Described) {
  const inHeader = [
    ...(isVersioned
      ? [header("if-match", { type: "string", pattern: '^"[0-9]{1,15}"$' }, "The ETag of the version to be on top of")]
      : []),
    ...(isVersioned
      ? [header("if-none-match", { type: "string", enum: ["*"] }, "Only where there is no such flow yet")]
      : []),
    ...(command[1] === "execute" || keyed !== undefined
      ? [
          header(
            "idempotency-key",
            { type: "string", minLength: 1, maxLength: 200, pattern: "^[!-~]+$" },
            "Requests with the same one are one execution",
          ),
        ]
      : []),
  ];
  const parameters = [...inPathOf(path), ...inQueryOf(query), ...inHeader];
  return {
    summary,
    description: `For the role ${leastRole(...command)} and above.`,
    "x-role": leastRole(...command),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: {
        required: !body.safeParse({}).success,
        content: { "application/json": { schema: schemaOf(body) } },
      },
    }),
    responses: {
      ...(isFlow ? savedOf(answers) : successOf(answers, command[1] === "execute" && query !== undefined)),
      ...ERRORS,
    },
  };
}

const ERROR = { $ref: "#/components/schemas/Error" };

/** The answer to a flow that was saved. */
const RECEIPT = {
  type: "object",
  required: ["id", "savedAt", "version"],
  properties: {
    id: { type: "string" },
    savedAt: { type: "string" },
    version: { type: "string" },
    storedVersion: { type: "integer" },
    problems: {
      description: "As `validate` tells them, errors first; missing where there are none",
      type: "array",
      items: {
        type: "object",
        required: ["severity", "message"],
        properties: { severity: { enum: ["error", "warning"] }, message: { type: "string" } },
      },
    },
  },
};

const JSON_RPC_ERROR = {
  type: "object",
  required: ["jsonrpc", "error"],
  properties: {
    jsonrpc: { const: "2.0" },
    id: { type: ["string", "integer", "null"] },
    error: {
      type: "object",
      required: ["code", "message"],
      properties: { code: { type: "integer" }, message: { type: "string" } },
    },
  },
};

/** By `node:http` itself, before anything of a request is looked at. */
const TOO_LONG = { 431: { description: "The address and the headers together are longer than 16 KiB" } };

/** Why an operation is not carried out. */
const ERRORS: Record<number, object> = {
  ...TOO_LONG,
  ...Object.fromEntries(
    [400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 501, 503].map((status) => [
      status,
      { $ref: "#/components/responses/Error" },
    ]),
  ),
};

const EVENTS = {
  summary: "What happens, as it happens",
  description: "For the role viewer and above.",
  "x-role": "viewer",
  parameters: [
    ...inQueryOf(EVENTS_QUERY),
    header(
      "last-event-id",
      { type: "string" },
      "Go on after this event. Where some are gone, transport:gap says of which channels nothing is missing (complete)",
    ),
  ],
  responses: {
    200: {
      description: "Events named <channel>:<event>",
      content: { "text/event-stream": { schema: { type: "string" } } },
    },
    ...ERRORS,
  },
};

const COMMAND = {
  summary: "Call a command of a channel, as clients of this package do",
  description: `For the role that the command asks for. What the argument is, and the answer, depends on the command. There are: ${Object.entries(
    COMMANDS,
  )
    .map(([channel, commands]) => `${channel}: ${Object.keys(commands).join(", ")}`)
    .join("; ")}.`,
  "x-commands": COMMANDS,
  parameters: [inPath("channel"), inPath("command")],
  requestBody: { content: { "application/json": { schema: {} } } },
  responses: { 200: ok("The answer; empty where the command has none"), ...ERRORS },
};

/** Refusals of the server itself, and those of the protocol, whose form is that of JSON-RPC. */
const MCP_ERRORS = {
  ...ERRORS,
  ...Object.fromEntries(
    [400, 404, 406, 413, 415, 503].map((status) => [
      status,
      {
        description: "Why not",
        content: { "application/json": { schema: { anyOf: [ERROR, { $ref: "#/components/schemas/JsonRpcError" }] } } },
      },
    ]),
  ),
};

const MCP_SESSION = "The session, as `initialize` was answered with it";

const MCP = {
  post: {
    summary: "Messages of a client of the Model Context Protocol",
    description: "For the role viewer and above; calling tools is for runners. `initialize` begins a session.",
    "x-role": "viewer",
    parameters: [header("mcp-session-id", { type: "string" }, MCP_SESSION)],
    requestBody: { required: true, content: { "application/json": { schema: {} } } },
    responses: {
      200: { description: "Answers", content: { "text/event-stream": { schema: { type: "string" } } } },
      202: { description: "Nothing to be answered" },
      ...MCP_ERRORS,
    },
  },
  get: {
    summary: "What the server says by itself to a client of the Model Context Protocol",
    description: "For the role viewer and above.",
    "x-role": "viewer",
    parameters: [{ ...header("mcp-session-id", { type: "string" }, MCP_SESSION), required: true }],
    responses: {
      200: { description: "Messages", content: { "text/event-stream": { schema: { type: "string" } } } },
      ...MCP_ERRORS,
    },
  },
  delete: {
    summary: "End a session of the Model Context Protocol, with the calls in it",
    description: "For the role viewer and above.",
    "x-role": "viewer",
    parameters: [{ ...header("mcp-session-id", { type: "string" }, MCP_SESSION), required: true }],
    responses: { 200: { description: "It is over" }, ...MCP_ERRORS },
  },
};

const METRICS = {
  summary: "What is counted, in the text form of Prometheus",
  description: "For the role viewer and above.",
  "x-role": "viewer",
  responses: { 200: { description: "Metrics", content: { "text/plain": { schema: { type: "string" } } } }, ...ERRORS },
};

/** Which methods a webhook takes, who may send, and what it answers, is up to each of them. */
const HOOKS = Object.fromEntries(
  ["get", "post", "put", "patch", "delete"].map((method) => [
    method,
    {
      summary: "Send a request to a webhook of a saved flow",
      description:
        "For whom the webhook says: callers with the role runner, who signs, or anyone. Its path may have slashes.",
      security: [{ key: [] }, {}],
      parameters: [inPath("path")],
      ...(method !== "get" && { requestBody: { content: { "*/*": { schema: {} } } } }),
      responses: {
        default: { description: "What the flow answers" },
        202: ok("The id of the execution"),
        ...ERRORS,
        405: { $ref: "#/components/responses/Error" },
      },
    },
  ]),
);

/** The steps of a sign-in at an issuer, which browsers go through. */
const OPENID = Object.entries({
  login: {
    summary: "Begin a sign-in at the issuer of OpenID Connect",
    parameters: [
      {
        ...queried("challenge", { type: "string", pattern: "^[\\w-]{43}$" }, "SHA-256 of the verifier, in base64url"),
        required: true,
      },
      queried("returnTo", { type: "string" }, "The page that gets the code, as `#openid_code=…`; default /"),
    ],
  },
  callback: {
    summary: "Come back from the issuer",
    parameters: ["code", "state", "iss", "error"].map((name) =>
      queried(name, { type: "string" }, "As the issuer gives it"),
    ),
  },
  logout: { summary: "Sign out at the issuer", parameters: [] },
}).map(([step, operation]) => {
  const responses = { 303: { description: "Where the browser goes on" }, ...ERRORS };
  return [step, { ...operation, security: [], responses }] as const;
});

function openIdScheme(base: string, issuer: string) {
  return {
    type: "openIdConnect",
    openIdConnectUrl: `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
    description: `A session that begins at ${base}/auth/openid/login. Its token, from auth.redeem, is sent as a bearer token; tokens of the issuer are not taken.`,
  };
}

/** An operation for everyone. */
function open(summary: string, responses: object) {
  return { summary, security: [], responses: { ...responses, ...TOO_LONG, 403: ERRORS[403] } };
}

/** A path with its parameters as OpenAPI writes them. */
function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, "{$1}");
}

function inPathOf(path: string) {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => inPath(name));
}

function inPath(name: string) {
  return { name, in: "path", required: true, schema: IN_PATH[name] ?? { type: "string", minLength: 1 } };
}

function inQueryOf(query: z.ZodObject | undefined) {
  const { properties = {}, required = [] } =
    query === undefined ? {} : (schemaOf(query) as { properties?: Record<string, object>; required?: string[] });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    ...(required.includes(name) && { required: true }),
    schema,
  }));
}

function queried(name: string, schema: object, description: string) {
  return { name, in: "query", description, schema };
}

function header(name: string, schema: object, description: string) {
  return { name, in: "header", description, schema };
}

function successOf(answers: string | undefined, mayBeLater: boolean): Record<number, object> {
  if (answers === "nothing") return { 204: { description: "Done" } };
  if (answers === "created") return { 201: ok("What there is now") };
  if (answers === "file") return { 200: { description: "The file", content: { "application/octet-stream": {} } } };
  if (!mayBeLater) return { 200: ok("The answer") };
  const { content } = ok("");
  const streamed = { ...content, "text/event-stream": { schema: { type: "string" } } };
  const description =
    "The result; for a client that takes `text/event-stream`, what happens, and last the result as the event `result`";
  return { 200: { description, content: streamed }, 202: ok("Where the result will be") };
}

function savedOf(answers: string | undefined): Record<number, object> {
  return { [answers === "created" ? 201 : 200]: ok("What was saved, and what is wrong with it", RECEIPT) };
}

function ok(description: string, schema: object = {}) {
  return { description, content: { "application/json": { schema } } };
}

function schemaOf(schema: z.ZodType): object {
  const {
    $schema: _,
    $defs,
    ...found
  } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as {
    $schema?: string;
    $defs?: Record<string, object>;
  };
  if ($defs === undefined) return found;
  const prefix = createHash("sha256").update(JSON.stringify($defs)).digest("hex").slice(0, 8);
  const moved = <T>(part: T): T =>
    JSON.parse(JSON.stringify(part).replaceAll('"#/$defs/', `"#/components/schemas/${prefix}`));
  for (const [name, part] of Object.entries($defs)) SHARED[prefix + name] = moved(part);
  return moved(found);
}
