/** A server of its own for each test file, whose answers are functions of paths. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll } from "vitest";

/** What the server got, and what it says. */
export type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void | Promise<void>;

/** A server that runs while the tests of a file do. */
export interface TestServer {
  /** `http://127.0.0.1:<port>`, known once tests run. */
  readonly base: string;
  readonly port: number;
}

/** Starts a server before the tests of a file. An unknown path is answered by an echo of the request. */
export function testServer(answers: Readonly<Record<string, Answer>>): TestServer {
  let port = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://server");
    const answer = answers[url.pathname] ?? echo;
    void Promise.resolve(answer(request, response, url)).catch((error: unknown) => response.destroy(error as Error));
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.closeAllConnections();
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
