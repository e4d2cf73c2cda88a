import { createHash, pbkdf2, randomBytes, webcrypto } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defineNode } from "../../src/exports/node.js";
import { runFlow, runNode, StuckError } from "../../src/exports/testing.js";
import type { NodeDefinition } from "../../src/types/definition.js";

const flow = (nodes: unknown[], edges: unknown[] = []) =>
  ({ id: "flow", type: "group", nodes, edges }) as NodeDefinition;
const chain = flow(
  [
    { id: "fetch", type: "http-request", parameters: { url: "https://nowhere.invalid/" } },
    { id: "size", type: "count" },
  ],
  [{ source: "fetch", target: "size" }],
);
const count = { type: "count", execute: ({ input }: { input: { default: unknown[] } }) => input.default.length };

describe("a node by itself", () => {
  it("runs a type of the library with parameters and inputs", async () => {
    const { success, data } = await runNode("edit-fields", { values: { text: "Hello, {{name}}" } }, { name: "Ada" });
    expect(success).toBe(true);
    expect(JSON.stringify(data)).toContain("Hello, Ada");
  });

  it("runs user code although its thread works in real time", async () => {
    const { data } = await runNode<{ result: number[] }>(
      "transform",
      { operation: "map", transformFunction: "x => x * 2" },
      { default: [1, 2] },
    );
    expect(JSON.stringify(data)).toContain("[2,4]");
  });

  it("gives a failure as a result", async () => {
    const broken = { type: "broken", execute: () => Promise.reject(new Error("no")) };
    const { success, error } = await runNode(broken);
    expect(success).toBe(false);
    expect(error).toMatchObject({ code: "EXECUTION_FAILED", nodeId: "broken", message: expect.stringContaining("no") });
  });
});

describe("a node type of an application", () => {
  const scale = defineNode({
    type: "scale",
    parameters: { type: "object", properties: { by: { type: "number", default: 2 } }, required: [] },
    inputs: { value: { type: "number" } },
    execute: ({ parameters, inputs }) => (parameters.by as number) * (inputs.value as number),
  });

  it("is checked as in any conductor", async () => {
    expect(await runNode(scale, {}, { value: 4 })).toMatchObject({ data: 8 });
    const { error } = await runNode(scale, { by: "three" }, { value: 4 });
    expect(error).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining("`by` must be a number"),
    });
    const { warnings } = await runFlow(flow([{ id: "a", type: "scale", parameters: { bye: 3 } }]), { nodes: [scale] });
    expect(warnings).toContainEqual(
      expect.objectContaining({ rule: "unknown-parameter", message: expect.stringContaining("Did you mean `by`?") }),
    );
  });
});

describe("a flow with mocks", () => {
  it("takes values, functions and errors, by id, path and type", async () => {
    const nodes = [count];
    expect((await runFlow(chain, { nodes, mocks: { fetch: [1, 2, 3] } })).data).toBe(3);
    expect((await runFlow(chain, { nodes, mocks: { "http-request": async () => [1] } })).data).toBe(1);
    const failed = await runFlow(chain, { nodes, mocks: { fetch: new Error("down") } }).catch((error) => error);
    expect(failed).toMatchObject({
      success: false,
      error: { nodeId: "fetch", message: expect.stringContaining("down") },
    });
  });

  it("stands for a whole group", async () => {
    const inner = { id: "part", type: "group", nodes: [{ id: "fetch", type: "http-request" }] };
    const outer = flow([inner, { id: "size", type: "count" }], [{ source: "part", target: "size" }]);
    expect((await runFlow(outer, { nodes: [count], mocks: { part: [1, 2] } })).data).toBe(2);
    expect((await runFlow(outer, { nodes: [count], mocks: { "part/fetch": [1] } })).data).toBe(1);
  });

  it("lets no mock be for nothing", async () => {
    const nodes = [count];
    await expect(runFlow(chain, { nodes, mocks: { fecth: [] } })).rejects.toThrow(
      '"fecth"; there are: count, fetch, flow',
    );
    const twoWays = flow([{ id: "one", type: "count", parameters: { enabled: false } }]);
    await expect(runFlow(twoWays, { nodes, mocks: { one: 1 } })).rejects.toThrow('"one" stands for');
  });
});

describe("time", () => {
  const flaky = () => {
    let tries = 0;
    return { type: "flaky", execute: async () => (++tries < 4 ? Promise.reject(new Error("busy")) : Date.now()) };
  };
  const retried = { id: "a", type: "flaky", policy: { retries: 3, retryDelay: "1h" } };

  it("of backoff does not pass in the world", async () => {
    const before = performance.now();
    const { data, duration } = await runFlow<number>(flow([retried]), { nodes: [flaky()] });
    expect(data).toBe(Date.UTC(2026, 0, 1, 7));
    expect(duration).toBe(7 * 3_600_000);
    expect(performance.now() - before).toBeLessThan(3_600_000);
    expect(Date.now()).not.toBe(data);
  });

  it("of deadlines comes where a node waits for nothing", async () => {
    const hanging = { type: "hanging", execute: () => new Promise(() => {}) };
    const node = { id: "a", type: "hanging", policy: { timeout: "10m" } };
    expect((await runFlow(flow([node]), { nodes: [hanging] })).error?.code).toBe("TIMEOUT");
    const forEver = runFlow(flow([{ id: "a", type: "hanging" }]), { nodes: [hanging] });
    await expect(forEver).rejects.toThrow(StuckError);
  });

  it.each<[string, () => Promise<{ length: number }>]>([
    ["a file is read", () => readFile(fileURLToPath(import.meta.url))],
    ["bytes are compressed", () => promisify(gzip)(randomBytes(3_000_000))],
    ["a key is derived", () => promisify(pbkdf2)("a", "b", 50_000, 2000, "sha512")],
    ["a digest is made", async () => new Uint8Array(await webcrypto.subtle.digest("SHA-512", randomBytes(3_000_000)))],
  ])("stands still while %s", async (_, work) => {
    const working = { type: "working", execute: async () => (await work()).length };
    const node = { id: "a", type: "working", policy: { timeout: "1ms" } };
    const { data, error } = await runFlow<number>(flow([node]), { nodes: [working] });
    expect(error).toBeUndefined();
    expect(data).toBeGreaterThan(60);
  });

  it("is one for all that is tried at once", async () => {
    const all = await Promise.all([1, 2, 3].map(() => runFlow<number>(flow([retried]), { nodes: [flaky()] })));
    expect(all.map(({ data }) => data)).toEqual(Array(3).fill(Date.UTC(2026, 0, 1, 7)));
  });

  it("is refused where somebody else has it", async () => {
    vi.useFakeTimers();
    try {
      await expect(runFlow(flow([retried]), { nodes: [flaky()] })).rejects.toThrow("vi.useFakeTimers()");
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("answers of servers", () => {
  let server: Server;
  let address: string;
  let folder: string;
  let asked: number;
  let ci: string | undefined;

  beforeEach(async () => {
    ci = process.env.CI;
    delete process.env.CI;
    asked = 0;
    folder = await mkdtemp(join(tmpdir(), "recorded-"));
    server = createServer((request, response) => {
      asked++;
      const chunks: Buffer[] = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        if (asked === 2) response.statusCode = 503;
        response.setHeader("set-cookie", "session=hidden");
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify({ asked, path: request.url?.split("?")[0], body: Buffer.concat(chunks).toString() }),
        );
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    if (ci !== undefined) process.env.CI = ci;
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
    await rm(folder, { recursive: true });
  });

  const request = (parameters: Record<string, unknown>) =>
    flow([
      { id: "ask", type: "http-request", parameters: { headers: { Authorization: "Bearer hidden" }, ...parameters } },
    ]);

  it("are recorded once, and given again without a server", async () => {
    const http = join(folder, "deep", "answers.json");
    const asking = request({ url: `${address}/things?api_key=hidden&page=1` });
    const first = await runFlow(asking, { http });
    expect(asked).toBe(1);
    const again = await runFlow(asking, { http });
    expect(asked).toBe(1);
    expect(again.data).toEqual(first.data);
    expect(again.success).toBe(true);
    const text = await readFile(http, "utf8");
    expect(text).not.toContain("hidden");
    expect(text).toContain("page=1");
  });

  it("come in the order in which they were recorded", async () => {
    const http = join(folder, "answers.json");
    const twice = {
      type: "twice",
      execute: async ({ url }: { url: string }) => [(await fetch(url)).status, (await fetch(url)).status],
    };
    const asking = flow([{ id: "a", type: "twice", parameters: { url: address } }]);
    expect((await runFlow(asking, { http, nodes: [twice] })).data).toEqual([200, 503]);
    expect((await runFlow(asking, { http, nodes: [twice] })).data).toEqual([200, 503]);
    expect(asked).toBe(2);
  });

  it("are refused for what was not asked", async () => {
    const http = join(folder, "answers.json");
    await runFlow(request({ url: `${address}/one` }), { http });
    const { error } = await runFlow(request({ url: `${address}/two` }), { http });
    expect(error?.message).toContain("/two");
    expect(asked).toBe(1);
  });

  it("tell bodies apart", async () => {
    const http = join(folder, "answers.json");
    const post = (body: string) => request({ url: address, method: "POST", body });
    await runFlow(post("one"), { http });
    expect(await readFile(http, "utf8")).toContain(createHash("sha256").update("one").digest("hex"));
    expect((await runFlow(post("two"), { http })).success).toBe(false);
    expect((await runFlow(post("one"), { http })).success).toBe(true);
  });

  it("are not recorded where CI is set", async () => {
    process.env.CI = "true";
    await expect(runFlow(request({ url: address }), { http: join(folder, "answers.json") })).rejects.toThrow("CI");
    delete process.env.CI;
    expect(asked).toBe(0);
  });
});
