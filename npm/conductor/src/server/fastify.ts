/** The server as a plugin of Fastify, of which only what is used is described here. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { coded } from "../engine/failure.js";
import { demandNames } from "../engine/setting-names.js";
import { pathOf } from "./node-listener.js";
import { takeUpgrades, type Upgrade, type UpgradeServer } from "./upgrades.js";

type Done = (error?: Error) => void;

interface FastifyReply {
  raw: ServerResponse;
  hijack(): unknown;
  callNotFound(): unknown;
  getHeaders(): Record<string, number | string | string[] | undefined>;
}

/** A server of `node:http`, or of `node:http2`, which has neither. */
export interface ClosingServer {
  close?(closed: () => void): unknown;
  closeIdleConnections?(): void;
  closeAllConnections?(): void;
}

interface Listening {
  address: string;
  port: number;
}

interface Application {
  readonly prefix: string;
  readonly server: UpgradeServer & ClosingServer;
  /** Where it listens, with all of its servers. */
  addresses(): Listening[];
  all(path: string, handler: (request: { raw: IncomingMessage }, reply: FastifyReply) => void): unknown;
  removeAllContentTypeParsers(): void;
  addContentTypeParser(
    type: string,
    parser: (request: unknown, payload: unknown, done: (error: Error | null, body?: unknown) => void) => void,
  ): unknown;
  addHook(name: "preClose", hook: (done: Done) => void): unknown;
  addHook(name: "onClose", hook: (instance: unknown, done: Done) => void): unknown;
}

/** A plugin for `register` of Fastify 5, also with `https` and `http2`. */
export type FastifyPlugin = (
  application: { readonly prefix: string; readonly server: object },
  options: { prefix?: string; logLevel?: string; logSerializers?: object },
  done: (error?: Error) => void,
) => void;

/** What the plugin needs of its server. */
export interface FastifyParts {
  /** Where the API is. */
  base: string;
  /** Whether every caller may do everything. */
  isOpen: boolean;
  /** Whether requests for webhooks are taken. */
  takesHooks: boolean;
  /** Whether a path is one of the server's. */
  serves(path: string): boolean;
  node(request: IncomingMessage, response: ServerResponse): void;
  upgrade: Upgrade;
  /** Ends what only listens, and after a while everything else. Returns what calls the latter off once the server is closed. */
  drain(http: ClosingServer): () => void;
  close(): void;
}

/** Addresses of connections from this machine. */
const LOCAL_PEER = /^(?:::1$|(?:::ffff:)?127\.)/;

/** Makes the plugin. */
export function fastifyPlugin(parts: FastifyParts): FastifyPlugin {
  return (instance, options, done) => {
    const application = instance as Application;
    // At `localhost` Fastify listens with a server of its own for each address, of which it names the first and waits for no other.
    const servers = new Set<ClosingServer>([application.server]);
    const note = ({ socket }: IncomingMessage) => {
      const { server: other } = socket as { server?: ClosingServer & { address?(): Listening | string | null } };
      if (other === undefined || servers.has(other)) return;
      // An application may hand on requests of a server of its own, which is not to be closed with it.
      const own = other.address?.();
      const isOwn = ({ address, port }: Listening) =>
        typeof own === "object" && own?.address === address && own.port === port;
      if (application.addresses().some(isOwn)) servers.add(other);
    };
    try {
      demandNames("server.fastify", options, ["prefix", "logLevel", "logSerializers"]);
      addRoutes(application, {
        ...parts,
        node(request, response) {
          note(request);
          parts.node(request, response);
        },
      });
    } catch (error) {
      return done(error as Error);
    }
    const { server } = application;
    // Hooks of the application stand before its routes alone: an open server takes here whom one that listens by itself would take.
    const upgrade: Upgrade = (request, socket, head) => {
      note(request);
      if (parts.isOpen && !LOCAL_PEER.test(request.socket.remoteAddress ?? "")) return false;
      return parts.upgrade(request, socket, head);
    };
    takeUpgrades(server, `${parts.base}/ws`, upgrade);
    let drained = () => {};
    application.addHook("preClose", (next) => {
      drained = parts.drain({
        closeIdleConnections: () => {
          for (const each of servers) each.closeIdleConnections?.();
        },
        closeAllConnections: () => {
          for (const each of servers) each.closeAllConnections?.();
        },
      });
      next();
    });
    // Fastify calls these hooks when all connections of its first server have ended.
    application.addHook("onClose", (_instance, next) => {
      servers.delete(server);
      const closed = [...servers].map((each) => closedOf(each));
      void Promise.all(closed).then(() => {
        drained();
        parts.close();
        next();
      });
    });
    done();
  };
}

/** Settles once a server is closed, which it may be already. */
function closedOf(server: ClosingServer): Promise<void> {
  return new Promise((resolve) => {
    if (server.close === undefined) resolve();
    else server.close(() => resolve());
  });
}

function addRoutes(application: Application, parts: FastifyParts): void {
  const { base, takesHooks } = parts;
  const prefix = application.prefix.replace(/\/$/, "");
  if (!`${base}/`.startsWith(`${prefix}/`)) {
    throw coded(
      "INVALID_PARAMETERS",
      `The server is at ${base || "/"}, which is not below the prefix ${prefix} of the plugin: say \`base: "${prefix}/api"\` to ` +
        "createServer, or leave the prefix out",
      undefined,
    );
  }
  // In the scope of this plugin only: the server reads bodies itself, and signatures of webhooks are of their bytes.
  application.removeAllContentTypeParsers();
  application.addContentTypeParser("*", (_request, _payload, done) => done(null));
  const paths = new Set([`${base.slice(prefix.length)}/*`]);
  if (takesHooks && prefix === "" && base !== "") paths.add("/hooks/*");
  for (const path of paths) application.all(path, (request, reply) => answer(parts, request.raw, reply));
}

function answer(parts: FastifyParts, request: IncomingMessage, reply: FastifyReply): void {
  const path = pathOf(request);
  // `@fastify/websocket` routes each upgrade as a request too, but this connection is a WebSocket of the server.
  if ((request as { upgrade?: boolean }).upgrade === true && path === `${parts.base}/ws`) {
    reply.hijack();
  } else if (parts.serves(path)) {
    // What hooks of the application have set, such as an id of the request.
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    reply.hijack();
    parts.node(request, reply.raw);
  } else {
    reply.callNotFound();
  }
}
