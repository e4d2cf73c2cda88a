/** Requests that are answered with an error status, by a real server. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createConductor } from "@atomiton/conductor/node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { edge, group, leaf } from "./contract/flows";

let base = "";
let asked: string[] = [];
/** What is answered, one after the other; the last one again and again. */
let answers: { status: number; headers?: Record<string, string>; body?: string }[] = [];

const server = createServer((request, response) => {
  asked.push(request.url ?? "");
  const { status, headers = {}, body = "" } = answers[Math.min(asked.length, answers.length) - 1] ?? { status: 200 };
  response.writeHead(status, { "content-type": "text/plain", ...headers }).end(body);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  answers = [{ status: 200, body: "fine" }];
});

const request = (more: Record<string, unknown> = {}, parameters: Record<string, unknown> = {}) =>
  leaf("ask", { type: "http-request", parameters: { url: `${base}/orders?key=secret`, ...parameters }, ...more });
const run = (...nodes: [ReturnType<typeof leaf>, ...ReturnType<typeof leaf>[]]) =>
  createConductor().node.run(
    group("flow", nodes, nodes.length > 1 ? [edge("ask", "caught", { sourceHandle: "error" })] : []) as never,
  );

describe("an answer with an error status", () => {
  it("is an answer where nobody asked for anything else", async () => {
    answers = [{ status: 503, body: "later" }];
    expect(await run(request())).toMatchObject({ success: true, data: { status: 503, ok: false, result: "later" } });
    expect((await run(request({ policy: { timeout: 60_000 } }))).success).toBe(true);
    expect((await run(request({ policy: { retries: 0 } }))).success).toBe(true);
    expect(asked).toHaveLength(3);
  });

  it("is tried again where the node asks for retries", async () => {
    answers = [{ status: 503 }, { status: 429 }, { status: 200, body: "at last" }];
    const { data, trace } = await run(request({ policy: { retries: 3, retryDelay: 1 } }));
    expect(data).toMatchObject({ status: 200, result: "at last" });
    expect(asked).toHaveLength(3);
    expect(trace?.retries).toMatchObject([
      { nodeId: "ask", number: 1, of: 4, error: expect.stringContaining("503 Service Unavailable from 127.0.0.1") },
      { nodeId: "ask", number: 2, of: 4, error: expect.stringContaining("429") },
    ]);
  });

  it("is tried again where its JSON is cut short, unless the request may have done something", async () => {
    const headers = { "content-type": "application/json" };
    answers = [
      { status: 200, headers, body: '{"rows":[1,' },
      { status: 200, headers, body: '{"rows":[1,2]}' },
    ];
    const policy = { retries: 1, retryDelay: 1 };
    expect(await run(request({ policy }))).toMatchObject({ success: true, data: { result: { rows: [1, 2] } } });
    asked = [];
    const { error } = await run(request({ policy }, { method: "POST" }));
    expect([error?.code, asked.length]).toEqual(["DESERIALIZATION_FAILED", 1]);
    expect(error?.recovery?.suggestions?.join()).not.toContain("line and column");
  });

  it("is not tried again where that cannot help", async () => {
    answers = [{ status: 404, body: "no such order" }];
    const { error } = await run(request({ policy: { retries: 3, retryDelay: 1 } }));
    expect(error).toMatchObject({ code: "EXECUTION_FAILED", nodeId: "ask", recovery: { retryable: false } });
    expect(error?.message).toContain("404 Not Found from 127.0.0.1");
    expect(error?.message).toContain("/orders)");
    expect(error?.message).toContain(": no such order");
    expect(error?.message).not.toContain("secret");
    expect(asked).toHaveLength(1);
  });

  it("goes along an edge that takes errors", async () => {
    answers = [{ status: 500, body: "x".repeat(5000) }];
    const result = await run(
      request(),
      leaf("caught", { type: "edit-fields", parameters: { values: { seen: true } } }),
    );
    expect(result.success).toBe(true);
    expect(result.executedNodes).toContain("caught");
    const { error } = await run(request({}, { failOn: "5xx" }));
    expect(error?.message.length).toBeLessThan(400);
  });

  it("fails where `failOn` says so, and only there", async () => {
    for (const [failOn, status, fails] of [
      ["5xx", 404, false],
      ["404", 404, true],
      [404, 404, true],
      [["5xx", 429], 429, true],
      ["", 500, false],
      ["2xx", 204, true],
    ] as const) {
      answers = [{ status }];
      const { success } = await run(request({ policy: { retries: 0 } }, { failOn }));
      expect([failOn, status, success]).toEqual([failOn, status, !fails]);
    }
    expect((await run(request({}, { failOn: "often" }))).error).toMatchObject({ code: "INVALID_PARAMETERS" });
  });

  it("may say how long to wait before the next try", async () => {
    answers = [{ status: 503, headers: { "retry-after": "1" } }, { status: 200 }];
    const { trace } = await run(request({ policy: { retries: 1, retryDelay: 1 } }));
    const [retry] = trace?.retries ?? [];
    expect((retry?.retryAt ?? 0) - (retry?.timestamp ?? 0)).toBeGreaterThanOrEqual(999);
    expect(asked).toHaveLength(2);
  });
});

describe("how long a node may take", () => {
  it("is what its policy says, for user code as well", async () => {
    const parameters = { data: [1], transformFunction: "x => { while (true) {} }" };
    const spin = leaf("ask", { type: "transform", parameters, policy: { timeout: 100 } });
    expect((await run(spin)).error).toMatchObject({ code: "TIMEOUT", nodeId: "ask" });
  });
});
