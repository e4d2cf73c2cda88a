/** A server that talks like OpenAI's, with answers that tests script. */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { beforeEach } from "vitest";

import { bodyOf, httpServer } from "./http-server.js";

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
    get baseUrl() {
      return `${server.base}/v1`;
    },
    asked: [] as Asked[],
    /** One after the other; the last one for all that follow. */
    answers: [] as Answer[],
  };
  const server = httpServer(async (request, response) => {
    const body = JSON.parse((await bodyOf(request)).toString()) as unknown;
    const asked = { path: request.url, headers: request.headers, body };
    state.asked.push(asked);
    const answer = state.answers.length > 1 ? state.answers.shift() : state.answers[0];
    if (typeof answer === "function")
      return (answer as (response: ServerResponse, asked: Asked) => void)(response, asked);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  beforeEach(() => {
    state.asked = [];
    state.answers = [];
  });
  return state;
}
