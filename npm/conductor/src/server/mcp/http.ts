/**
 * The protocol over HTTP, with sessions: ids of requests are unique within a client only, so that without them a client could not name
 * the call that it cancels.
 */
import { randomUUID } from "node:crypto";
import { WebStandardStreamableHTTPServerTransport as Transport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import type { Role } from "../../services/declaration.js";
import type { Session } from "../calls.js";
import { type ClientServer, createService, type McpSource, serverFor } from "./protocol.js";

/** Clients over HTTP. */
export interface McpHttp {
  /** Answers a request of a caller that is known. */
  handle(request: Request, session: Session): Promise<Response>;
  /** Ends streams that only listen; calls that go on are answered. */
  endStreams(): void;
  /** Ends all sessions. */
  close(): void;
}

/** A client that has introduced itself. */
interface Known {
  transport: Transport;
  /** The name of the caller, of whom alone it is. */
  owner: string;
  pending: ClientServer["pending"];
}

/** Sessions of all callers, and of each. The one that was not used for the longest time is ended for a new one. */
const MOST_SESSIONS = 1_000;
const MOST_OF_CALLER = 100;

/** What a message may be at most, in bytes. */
const MESSAGE_BYTES = 4 * 1024 * 1024;

/** @param outlives whether executions go on when the server ends */
export function createMcpHttp(source: McpSource, outlives: () => boolean): McpHttp {
  const service = createService(source);
  /** Those that were used last are at the end. */
  const sessions = new Map<string, Known>();

  async function begin(owner: string, role: Role | undefined): Promise<Transport> {
    const { server, pending } = serverFor(service, {
      sessionOf: ({ authInfo }) => authInfo?.extra?.session as Session,
      outlives,
      // Nothing more comes of it, and the client leaves the connection open.
      cancelled: (requestId) => transport.closeSSEStream(requestId),
    });
    const transport = new Transport({
      sessionIdGenerator: randomUUID,
      maxRequestBodySize: Math.min(MESSAGE_BYTES, (role && source.bodyBytes?.(role)) ?? MESSAGE_BYTES),
      onsessioninitialized(id) {
        void idleOf(crowdFor(owner))?.transport.close();
        sessions.set(id, { transport, owner, pending });
      },
    });
    server.onclose = () => {
      if (transport.sessionId !== undefined) sessions.delete(transport.sessionId);
    };
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    return transport;
  }

  /** The sessions of which one has to go before this caller begins another; empty where there is room. */
  function crowdFor(owner: string): Known[] {
    const all = [...sessions.values()];
    const own = all.filter((known) => known.owner === owner);
    if (own.length >= MOST_OF_CALLER) return own;
    return all.length >= MOST_SESSIONS ? all : [];
  }

  const idleOf = (crowd: readonly Known[]) => crowd.find(({ pending }) => pending.size === 0);

  return {
    async handle(request, session) {
      const owner = session.caller?.name ?? "";
      const authInfo = { token: "", clientId: owner, scopes: [], extra: { session } };
      const id = request.headers.get("mcp-session-id");
      if (id !== null) {
        const known = sessions.get(id);
        if (known === undefined || known.owner !== owner) {
          return refused(404, -32001, "There is no such session; begin a new one");
        }
        sessions.delete(id);
        sessions.set(id, known);
        return known.transport.handleRequest(request, { authInfo });
      }
      if (request.method !== "POST") return refused(400, -32000, "A session begins with a POST of `initialize`");
      const crowd = crowdFor(owner);
      if (crowd.length > 0 && idleOf(crowd) === undefined) {
        return refused(503, -32000, "There are too many sessions, all with calls that go on");
      }
      const transport = await begin(owner, session.caller?.role);
      const response = await transport.handleRequest(request, { authInfo });
      if (transport.sessionId === undefined) await transport.close();
      return response;
    },
    endStreams() {
      for (const { transport } of sessions.values()) transport.closeStandaloneSSEStream();
    },
    close() {
      for (const { transport } of [...sessions.values()]) void transport.close();
    },
  };
}

function refused(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status });
}
