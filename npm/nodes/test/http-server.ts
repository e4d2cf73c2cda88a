/** HTTP servers of test files, each started before the tests of its file. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach } from "vitest";

/** A server that runs while the tests of a file do. */
export interface TestServer {
  /** `http://127.0.0.1:<port>`, known once tests run. */
  readonly base: string;
  readonly port: number;
}

/** Answers a request; `url` is its parsed address. */
export type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void | Promise<void>;

/** Starts a server that answers every request by a function. */
export function httpServer(answer: Answer): TestServer {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://server");
    const fail = (error: unknown): void => void response.destroy(error as Error);
    void Promise.resolve(answer(request, response, url)).catch(fail);
  });
  return started(server, () => server.closeAllConnections());
}

/** Starts a server whose answers are functions of paths. An unknown path is answered by an echo of the request. */
export function testServer(answers: Readonly<Record<string, Answer>>): TestServer {
  return httpServer((request, response, url) => (answers[url.pathname] ?? echo)(request, response, url));
}

/** Starts a server that writes to its sockets whatever a function of the path writes, HTTP or not. */
export function socketServer(answers: Readonly<Record<string, (socket: Socket, request: string) => void>>): TestServer {
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    sockets.add(socket.on("close", () => sockets.delete(socket)).on("error", () => {}));
    socket.once("data", (data) => {
      const request = data.toString("latin1");
      answers[/^\S+ ([^ ?]+)/.exec(request)?.[1] ?? ""]?.(socket, request);
    });
  });
  return started(server, () => {
    for (const socket of sockets) socket.destroy();
  });
}

function started(server: Server, disconnect: () => void): TestServer {
  let port = 0;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    disconnect();
    server.close();
  });
  return {
    get base() {
      return `http://127.0.0.1:${port}`;
    },
    get port() {
      return port;
    },
  };
}

/** The bytes of a request's body. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Answers with JSON. */
export function json(response: ServerResponse, value: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

async function echo(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const body = await bodyOf(request);
  const { method, headers } = request;
  json(response, { method, path: url.pathname, query: [...url.searchParams], headers, body: body.toString() });
}

/** A request as it arrived. */
export interface Received {
  headers: IncomingHttpHeaders;
  method: string | undefined;
  url: string | undefined;
  body: string;
}

/** What the recording server answers, but for what is left out. */
export interface RecordedAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Starts a server that keeps what arrives and answers with `answer`; both begin anew with each test. */
export function recordingServer(usual: Required<Omit<RecordedAnswer, "status">>) {
  const state = {
    received: [] as Received[],
    answer: { status: 200 } as RecordedAnswer,
    get base() {
      return server.base;
    },
  };
  const server = httpServer(async (request, response) => {
    const body = (await bodyOf(request)).toString();
    const { headers, method, url } = request;
    state.received.push({ headers, method, url, body });
    const { answer } = state;
    response.writeHead(answer.status, { ...usual.headers, ...answer.headers }).end(answer.body ?? usual.body);
  });
  beforeEach(() => {
    state.received = [];
    state.answer = { status: 200 };
  });
  return state;
}
