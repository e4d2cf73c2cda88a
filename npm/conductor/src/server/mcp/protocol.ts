/** One client of the Model Context Protocol: tools that are flows, resources that are executions. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import {
  CallToolRequestSchema,
  ErrorCode,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  type ServerNotification,
  type ServerRequest,
} from "@modelcontextprotocol/sdk/types.js";
import packageJson from "../../../package.json" with { type: "json" };
import type { Conductor } from "../../api/conductor.js";
import type { Role } from "../../services/declaration.js";
import { createExecutionId } from "../../types/ids.js";
import type { ExecutionRequest, RequestResult } from "../../types/request.js";
import type { Calls, Session } from "../calls.js";
import { failedAnswer, OUTPUT_SCHEMA, type ToolAnswer, toolAnswer } from "./answer.js";
import { type Ask, askBy } from "./ask.js";
import { listResources, RESOURCE_TEMPLATES, readResource } from "./execution-resources.js";
import { argumentsFor, type FlowTool, inputSchemaOf } from "./tool.js";
import { createTools, type Tools } from "./tools.js";

/** What clients are served from. */
export interface McpSource {
  calls: Calls;
  events: Pick<Conductor["events"], "onProgress">;
  /** Ids of the flows that are tools; `undefined` for those whose metadata says so. */
  flows: readonly string[] | undefined;
  /** Whether a store keeps executions. */
  isKept: boolean;
  /** What a caller of a role may send in one message, in bytes, where that is less than any may. */
  bodyBytes?(role: Role): number;
}

/** What all clients share. */
export interface McpService {
  source: McpSource;
  ask: Ask;
  tools: Tools;
}

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** How a client is served. */
export interface Client {
  /** Who sent a request. */
  sessionOf(extra: Extra): Session;
  /** Whether executions go on when the connection ends. */
  outlives(): boolean;
  /** Told of a request that its client cancelled, and that is not answered. */
  cancelled?(requestId: Extra["requestId"]): void;
}

/** Requests of one client at once. */
const MOST_PENDING = 100;

/** Prepares what all clients share. */
export function createService(source: McpSource): McpService {
  const ask = askBy(source.calls);
  return { source, ask, tools: createTools(ask, source.flows) };
}

/** A client's server, to be connected to its transport. */
export interface ClientServer {
  server: Server;
  /** Requests that are not answered yet. */
  pending: ReadonlySet<Promise<unknown>>;
}

/** Makes the server for one client. */
export function serverFor(service: McpService, client: Client): ClientServer {
  const { ask, tools, source } = service;
  const pending = new Set<Promise<unknown>>();
  const noted = <T>(work: Promise<T>): Promise<T> => {
    const done = work.finally(() => pending.delete(done));
    pending.add(done);
    return done;
  };
  const server = new Server(
    { name: "conductor", version: packageJson.version },
    {
      capabilities: { tools: {}, ...(source.isKept && { resources: {} }) },
      // Clients are asked nothing whose answer would be checked.
      jsonSchemaValidator: { getValidator: () => () => ({ valid: false, data: undefined, errorMessage: "unused" }) },
    },
  );
  server.setRequestHandler(ListToolsRequestSchema, async (_request, extra) => ({
    tools: (await noted(tools.list(client.sessionOf(extra)))).map(described),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    if (pending.size >= MOST_PENDING) {
      throw new McpError(ErrorCode.InvalidRequest, `${MOST_PENDING} requests of this client are not answered yet`);
    }
    return noted(call(service, client, params.name, params.arguments ?? {}, extra));
  });
  if (source.isKept) {
    server.setRequestHandler(ListResourcesRequestSchema, ({ params }, extra) =>
      noted(listResources(ask, client.sessionOf(extra), params?.cursor)),
    );
    server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: RESOURCE_TEMPLATES }));
    server.setRequestHandler(ReadResourceRequestSchema, ({ params }, extra) =>
      noted(readResource(ask, client.sessionOf(extra), params.uri)),
    );
  }
  return { server, pending };
}

function described(tool: FlowTool) {
  const { name, title, description } = tool;
  return { name, title, description, inputSchema: inputSchemaOf(tool), outputSchema: OUTPUT_SCHEMA };
}

/** Runs the flow of a tool, tells how far it is, and ends it where the client asks for that. */
async function call(
  { source, ask, tools }: McpService,
  client: Client,
  name: string,
  given: Record<string, unknown>,
  extra: Extra,
): Promise<ToolAnswer> {
  const { signal } = extra;
  const session = client.sessionOf(extra);
  const tool = await tools.find(session, name);
  if (tool === undefined) {
    const names = (await tools.list(session)).slice(0, MOST_NAMED).map((one) => one.name);
    const known = names.length === 0 ? "there are none" : `there are ${names.join(", ")}`;
    throw new McpError(ErrorCode.InvalidParams, `There is no tool ${name.slice(0, 100)}; ${known}`);
  }
  const found = argumentsFor(tool, given);
  if ("problems" in found) return failedAnswer({ code: "INVALID_PARAMETERS", message: found.problems.join("\n") });
  const executionId = createExecutionId();
  const request: ExecutionRequest = {
    flowId: tool.flowId,
    ...(Object.keys(found.inputs).length > 0 && { inputs: found.inputs }),
    context: { executionId, variables: found.variables },
  };
  signal.throwIfAborted();
  const cancel = () => {
    client.cancelled?.(extra.requestId);
    if (!client.outlives()) void source.calls.call(session, "node", "cancel", executionId);
  };
  const endProgress = telling(source, executionId, extra);
  try {
    const answer = ask(session, "conductor", "execute", request);
    signal.addEventListener("abort", cancel, { once: true });
    return toolAnswer((await answer) as RequestResult, executionId, source.isKept);
  } finally {
    signal.removeEventListener("abort", cancel);
    endProgress();
  }
}

const MOST_NAMED = 20;

/** Tells a client that asks for it how far an execution is. What is returned ends that. */
function telling({ events }: McpSource, executionId: string, { _meta, sendNotification }: Extra): () => void {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return () => {};
  // The protocol wants numbers that grow.
  let last = -1;
  return events.onProgress((state) => {
    if (state.executionId !== executionId) return;
    const progress = Math.floor(state.cachedProgress);
    if (progress <= last) return;
    last = progress;
    const active = [...state.nodes.values()].find((node) => node.state === "executing");
    const message = active === undefined ? undefined : (active.message ?? active.name);
    const params = { progressToken, progress, total: 100, ...(message !== undefined && { message }) };
    // A client that went away needs no progress.
    sendNotification({ method: "notifications/progress", params }).catch(() => {});
  });
}
