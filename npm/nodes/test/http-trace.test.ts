/** Headers by which a trace goes on in the requests of nodes. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingHttpHeaders } from "node:http";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { pageNetwork } from "../src/browser/network.js";
import { traceHeaders } from "../src/contract/trace-headers.js";
import { json, testServer } from "./http-server.js";
import { run } from "./run.js";

const TRACE = { traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01`, tracestate: "a=1" };

let received: IncomingHttpHeaders[] = [];
beforeEach(() => {
  received = [];
});

const server = testServer({
  "/": (request, response) => {
    received.push(request.headers);
    json(response, { choices: [{ message: { content: "hi" } }], data: [{ embedding: [1], index: 0 }] });
  },
  "/to": (request, response, url) => {
    received.push(request.headers);
    response.writeHead(307, { location: url.searchParams.get("at") ?? "" }).end();
  },
  "/pages": (request, response, url) => {
    received.push(request.headers);
    json(response, url.searchParams.get("page") === "1" ? [1] : []);
  },
});

const traced = (parameters: object) => ({ ...parameters, [traceHeaders]: TRACE });
const parents = () => received.map(({ traceparent, tracestate }) => ({ traceparent, tracestate }));

describe("the headers of a trace", () => {
  it.each<[string, (at: string) => object]>([
    ["http-request", (url) => ({ url })],
    ["webhook-out", (url) => ({ url, secret: "s".repeat(32), data: 1 })],
    ["message", (url) => ({ service: "slack", url, text: "t" })],
  ])("are in the requests of %s", async (type, parametersOf) => {
    await run(type, {}, traced(parametersOf(`http://127.0.0.1:${server.port}/`)));
    expect(parents()).toEqual([TRACE]);
  });

  it("are in the request of each page, and in none without tracing", async () => {
    const pagination = { type: "page", param: "page" };
    await run("http-request", {}, traced({ url: `http://127.0.0.1:${server.port}/pages`, pagination }));
    expect(parents()).toEqual([TRACE, TRACE]);
    received = [];
    await run("http-request", {}, { url: `http://127.0.0.1:${server.port}/` });
    expect(parents()).toEqual([{}]);
  });

  it("are left to what follows the requests of the process by itself", async () => {
    const own = `00-${"1".repeat(32)}-${"3".repeat(16)}-01`;
    const add = (message: unknown) =>
      (message as { request: { addHeader(name: string, value: string): void } }).request.addHeader("traceparent", own);
    subscribe("undici:request:create", add);
    onTestFinished(() => void unsubscribe("undici:request:create", add));
    await run("http-request", {}, traced({ url: `http://127.0.0.1:${server.port}/` }));
    expect(received.map(({ traceparent }) => traceparent)).toEqual([own]);
  });

  it("stay behind where a redirect leads to another origin", async () => {
    const at = `http://localhost:${server.port}/`;
    await run("http-request", {}, traced({ url: `http://127.0.0.1:${server.port}/to?at=${encodeURIComponent(at)}` }));
    expect(parents()).toEqual([TRACE, {}]);
  });

  it("go from a page to its own origin only, as another one would have to allow them", () => {
    vi.stubGlobal("location", { origin: "https://app.example.com" });
    expect(pageNetwork.mayTrace(new URL("https://app.example.com/x"))).toBe(true);
    expect(pageNetwork.mayTrace(new URL("https://api.example.com/x"))).toBe(false);
    vi.unstubAllGlobals();
  });
});
