/** The servers that examples of node types talk to, on this machine instead of where the examples say. */

import { createServer } from "node:http";
import { SMTPServer } from "smtp-server";

import { missingPostgres, startPostgres } from "./postgres.mjs";

/** Where the examples say that servers are. */
const HTTP = "https://api.example.com";
const DATABASE = "postgresql://app@db.example.com/shop";

/**
 * Starts them, the database only `withDatabase`. `local` puts their addresses into the text of a flow; `missingFor` says why an example cannot run on this machine,
 * if it cannot.
 */
export async function startExampleServers({ withDatabase = true } = {}) {
  const http = createServer((request, response) => void answer(request, response));
  const httpPort = await listening(http, http);
  const smtp = new SMTPServer({ authOptional: true, disabledCommands: ["STARTTLS"], onData: takeMail });
  const smtpPort = await listening(smtp, smtp.server);
  const missing = withDatabase ? missingPostgres() : "the database was not started";
  const postgres = missing === undefined ? await startPostgres() : undefined;
  return {
    local: (flow) =>
      flow
        .replaceAll(HTTP, `http://127.0.0.1:${httpPort}`)
        .replaceAll(DATABASE, postgres?.url ?? DATABASE)
        .replaceAll(/^( *)host: smtp\.example\.com$/gm, `$1host: 127.0.0.1\n$1port: ${smtpPort}`),
    missingFor: (flow) => (flow.includes(DATABASE) ? missing : undefined),
    async close() {
      http.closeAllConnections();
      await postgres?.stop();
      await Promise.all([http, smtp].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

async function listening(server, socket) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return socket.address().port;
}

/** Lets pages of any origin ask, with any headers, and see those of answers. */
function allowPages(request, response) {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("access-control-expose-headers", "*");
  if (request.method !== "OPTIONS") return false;
  response.setHeader("access-control-allow-methods", request.headers["access-control-request-method"] ?? "GET");
  response.setHeader("access-control-allow-headers", request.headers["access-control-request-headers"] ?? "*");
  response.writeHead(204).end();
  return true;
}

async function answer(request, response) {
  if (allowPages(request, response)) return;
  let body = "";
  for await (const piece of request) body += piece;
  const give = (status, value) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  };
  const asked = `${request.method} ${request.url}`;
  if (asked === "GET /users/1") give(200, { id: 1, name: "Ada" });
  else if (asked === "POST /users") give(201, { id: 2, ...JSON.parse(body) });
  else if (asked === "GET /reports/2026.csv") {
    response.writeHead(200, { "content-type": "text/csv" }).end("name,price\nTea,3\n");
  } else if (asked === "GET /orders?limit=2") give(200, { data: [{ id: 1 }, { id: 2 }], meta: { next: "b" } });
  else if (asked === "GET /orders?limit=2&after=b") give(200, { data: [{ id: 3 }], meta: { next: null } });
  else if (asked === "POST /v1/chat/completions") give(200, completion(JSON.parse(body)));
  else if (asked === "POST /v1/embeddings") give(200, embeddings(JSON.parse(body)));
  else give(404, {});
}

/** The answer of a model that knows what the examples ask. */
function completion({ model, response_format: format, tools }) {
  const content = format === undefined ? "Weather" : '{"mood":"good"}';
  const usage = { prompt_tokens: 20, completion_tokens: 2, total_tokens: 22 };
  if (tools !== undefined) {
    const call = { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } };
    const message = { role: "assistant", content: null, tool_calls: [call] };
    return { model, choices: [{ message, finish_reason: "tool_calls" }], usage };
  }
  return { model, choices: [{ message: { role: "assistant", content }, finish_reason: "stop" }], usage };
}

/** Vectors that tell how long a text is, and how many of its letters are an e. */
function embeddings({ model, input }) {
  const data = input.map((text, index) => ({ index, embedding: [text.length, text.split("e").length - 1] }));
  return { model, data, usage: { prompt_tokens: 4, total_tokens: 4 } };
}

function takeMail(stream, _session, done) {
  stream.resume().on("end", done);
}
