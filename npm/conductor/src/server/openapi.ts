/** The description of the API, made of what it checks requests by. */
import { createHash } from "node:crypto";
import * as z from "zod";
import { leastRole } from "./access.js";
import { EVENTS_QUERY, REQUEST, RESOURCES, RUN } from "./resources.js";

/** Schemas that others refer to by name: within a document, references begin at its root. */
const SHARED: Record<string, object> = {};

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
export function openApi(base: string, version: string, isOpen: boolean, has: ChosenRoutes) {
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
    paths[path] = { get: open("Whether the server is there", { 200: ok("It is there") }) };
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
    info: { title: "conductor", version, description: "Runs flows, and keeps them and their executions." },
    security: isOpen ? [] : [{ key: [] }, ...Object.keys(byIssuer).map((name) => ({ [name]: [] }))],
    paths,
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer" }, ...byIssuer },
      responses: {
        Error: {
          description: "Why not",
          content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
        },
      },
      schemas: {
        ...SHARED,
        Error: {
          type: "object",
          required: ["error", "code"],
          properties: { error: { type: "string" }, code: { type: "string" } },
        },
      },
    },
  };
}

function described({ path, summary, command, query, body, answers, isVersioned }: Described) {
  const inHeader = [
    ...(isVersioned
      ? [
          header(
            "if-match",
            { type: "string", pattern: '^(\\*|"[0-9]{1,15}")$' },
            "The ETag of the version to be on top of",
          ),
        ]
      : []),
    ...(isVersioned
      ? [header("if-none-match", { type: "string", enum: ["*"] }, "Only where there is no such flow yet")]
      : []),
    ...(command[1] === "execute"
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
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: {
        required: !body.safeParse({}).success,
        content: { "application/json": { schema: schemaOf(body) } },
      },
    }),
    responses: { ...successOf(answers, command[1] === "execute" && query !== undefined), ...ERRORS },
  };
}

/** Why an operation is not carried out. */
const ERRORS = Object.fromEntries(
  [400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 501, 503].map((status) => [
    status,
    { $ref: "#/components/responses/Error" },
  ]),
);

const EVENTS = {
  summary: "What happens, as it happens",
  description: "For the role viewer and above.",
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
  description: "For the role that the command asks for. What the argument is, and the answer, depends on the command.",
  parameters: [inPath("channel"), inPath("command")],
  requestBody: { content: { "application/json": { schema: {} } } },
  responses: { 200: ok("The answer; empty where the command has none"), ...ERRORS },
};

const MCP = {
  post: {
    summary: "Messages of a client of the Model Context Protocol",
    description: "For the role viewer and above; calling tools is for runners. `initialize` begins a session.",
    parameters: [header("mcp-session-id", { type: "string" }, "The session, as `initialize` was answered with it")],
    requestBody: { required: true, content: { "application/json": { schema: {} } } },
    responses: {
      200: { description: "Answers", content: { "text/event-stream": { schema: { type: "string" } } } },
      202: { description: "Nothing to be answered" },
      406: { description: "The client takes no `application/json` and `text/event-stream`" },
      ...ERRORS,
    },
  },
  get: {
    summary: "What the server says by itself to a client of the Model Context Protocol",
    description: "For the role viewer and above.",
    parameters: [header("mcp-session-id", { type: "string" }, "The session")],
    responses: {
      200: { description: "Messages", content: { "text/event-stream": { schema: { type: "string" } } } },
      406: { description: "The client takes no `text/event-stream`" },
      ...ERRORS,
    },
  },
  delete: {
    summary: "End a session of the Model Context Protocol, with the calls in it",
    description: "For the role viewer and above.",
    parameters: [header("mcp-session-id", { type: "string" }, "The session")],
    responses: { 200: { description: "It is over" }, ...ERRORS },
  },
};

const METRICS = {
  summary: "What is counted, in the text form of Prometheus",
  description: "For the role viewer and above.",
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
  return { summary, security: [], responses: { ...responses, 403: { $ref: "#/components/responses/Error" } } };
}

/** A path with its parameters as OpenAPI writes them. */
function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, "{$1}");
}

function inPathOf(path: string) {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => inPath(name));
}

function inPath(name: string) {
  const schema = name === "version" ? { type: "integer", minimum: 1 } : { type: "string", minLength: 1 };
  return { name, in: "path", required: true, schema };
}

function inQueryOf(query: z.ZodObject | undefined) {
  const { properties = {} } = query === undefined ? {} : (schemaOf(query) as { properties?: Record<string, object> });
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", schema }));
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
  return { 200: ok("The answer"), ...(mayBeLater && { 202: ok("Where the result will be") }) };
}

function ok(description: string) {
  return { description, content: { "application/json": { schema: {} } } };
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
