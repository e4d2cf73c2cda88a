import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach } from "vitest";

/** Starts a server for a test file; `base` is its address once the tests begin. */
export function httpServer(answer: (request: IncomingMessage, response: ServerResponse) => void): { base: string } {
  const state = { base: "" };
  const server = createServer(answer);
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    state.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return state;
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
    let body = "";
    for await (const piece of request) body += String(piece);
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
