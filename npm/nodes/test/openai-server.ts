/** A server that talks like OpenAI's, with answers that tests script. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach } from "vitest";

export interface Asked {
  path: string | undefined;
  headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked at field by field
  body: any;
}

/** What to do with a request: a value for JSON, or whatever a function does. */
export type Answer = object | ((response: ServerResponse, asked: Asked) => void);

/** Starts one for a test file. */
export function openaiServer() {
  const state = {
    baseUrl: "",
    asked: [] as Asked[],
    /** One after the other; the last one for all that follow. */
    answers: [] as Answer[],
  };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request) text += String(piece);
    const asked = { path: request.url, headers: request.headers, body: JSON.parse(text) as unknown };
    state.asked.push(asked);
    const answer = state.answers.length > 1 ? state.answers.shift() : state.answers[0];
    if (typeof answer === "function")
      return (answer as (response: ServerResponse, asked: Asked) => void)(response, asked);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    state.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    state.asked = [];
    state.answers = [];
  });
  return state;
}
