/** Bodies, headers and queries as no client should send them, and results that cannot be sent back. */
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryExecutions, openSqliteStore } from "@atomiton/storage";
import { afterEach, describe, expect, it, vi } from "vitest";

import { type RawSocket, rawRequest, rawSocket } from "./raw.js";
import { flowOf, keyOf, serving } from "./serving.js";

const MIB = 2 ** 20;

/** Sends bytes in the body of a request and gives the status. */
async function sent(apiUrl: string, path: string, body: BodyInit, headers: Record<string, string> = {}) {
  const answer = await fetch(apiUrl + path, {
    method: "POST",
    headers: { authorization: `Bearer ${keyOf("admin")}`, "content-type": "application/json", ...headers },
    body,
    duplex: "half",
  } as RequestInit);
  return { status: answer.status, answer: (await answer.json().catch(() => undefined)) as { code?: string } };
}

const WITH_BODIES = ["/flows", "/execute", "/flows/f/run", "/node/execute", "/storage/saveFlow"];

describe("a body", () => {
  it.each(WITH_BODIES)("is JSON, and says so: %s", async (path) => {
    const { apiUrl } = await serving();
    expect(await sent(apiUrl, path, "{}", { "content-type": "text/plain" })).toMatchObject({ status: 415 });
    expect(await sent(apiUrl, path, "{}", { "content-type": "application/x-www-form-urlencoded" })).toMatchObject({
      status: 415,
    });
    for (const text of ["{", "[1,]", "NaN", "'a'", "\u0000", "{}{}", "// {}"]) {
      expect([text, await sent(apiUrl, path, text)]).toMatchObject([
        text,
        { status: 400, answer: { code: "DESERIALIZATION_FAILED" } },
      ]);
    }
    const invalid = await sent(apiUrl, path, Buffer.from('{"id":"\xff"}', "latin1"));
    expect(invalid).toMatchObject({ status: 400, answer: { code: "DESERIALIZATION_FAILED" } });
  });

  it.each(["null", "[]", "1", '"a"', "true", "[[]]", '{"flow":null}', '{"nodes":1}'])(
    "is refused, not failed on, where it is something else: %s",
    async (text) => {
      const { apiUrl } = await serving();
      for (const path of [...WITH_BODIES, "/vacuum", "/questions/q/answer", "/executions/e/fork", "/node/attach"]) {
        const { status } = await sent(apiUrl, path, text);
        expect([path, status]).toEqual([path, expect.toSatisfy((found: number) => found < 500)]);
      }
    },
  );

  it.each(WITH_BODIES)("is refused where it is too large, with and without its length: %s", async (path) => {
    const { apiUrl, ask } = await serving();
    const large = `{"id":"${"x".repeat(25 * MIB)}"}`;
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(large));
        controller.close();
      },
    });
    // A client that still sends may find the connection closed in the place of the answer.
    for (const body of [large, stream]) {
      const status = await sent(apiUrl, path, body).then(
        (answer) => answer.status,
        () => "closed",
      );
      expect([413, "closed"]).toContain(status);
    }
    // It is there still, and nothing of it was saved.
    expect(await (await ask("viewer", "/flows")).json()).toMatchObject({ total: 0 });
  });

  it("has 64 KiB at most where anyone may send one, with and without its length", async () => {
    const login = vi.fn(async () => ({ token: "t" }));
    const auth = { login, logout: async () => {}, getCurrentUser: async () => null, refreshToken: login };
    const { apiUrl } = await serving({ auth });
    const body = (size: number) => JSON.stringify({ username: "ada", password: "x".repeat(size) });
    const streamed = (text: string) => new Blob([text]).stream();
    for (const large of [body(65_536), streamed(body(65_536))]) {
      expect(await sent(apiUrl, "/auth/login", large, { authorization: "" })).toMatchObject({
        status: 413,
        answer: { error: "A body may have 65536 bytes at most" },
      });
    }
    expect(login).not.toHaveBeenCalled();
    expect(await sent(apiUrl, "/auth/login", body(1000), { authorization: "" })).toMatchObject({ status: 200 });
  });

  it.each(WITH_BODIES)("is refused where it is too deep: %s", async (path) => {
    const { apiUrl, ask } = await serving();
    for (const depth of [300, 100_000]) {
      for (const [left, right] of [
        ["[", "]"],
        ['{"nodes":[', "]}"],
        ['{"a":', "}"],
      ] as const) {
        const inside = `${left.repeat(depth)}1${right.repeat(depth)}`;
        for (const text of [
          inside,
          `{"flowId":"f","inputs":{"a":${inside}}}`,
          `{"id":"f","type":"group","nodes":[],"edges":[],"a":${inside}}`,
        ]) {
          for (const headers of [{}, { "idempotency-key": "k" }]) {
            const { status, answer } = await sent(apiUrl, path, text, headers as Record<string, string>);
            expect(status).toBeLessThan(500);
            if (status < 300) expect(answer).toMatchObject({ success: false });
          }
        }
      }
    }
    expect(await (await ask("viewer", "/flows")).json()).toMatchObject({ total: 0 });
  });

  it.each(["__proto__", "constructor", "prototype"])("has no key %s", async (key) => {
    const { apiUrl, ask } = await serving();
    const flow = `{"id":"f","type":"group","nodes":[{"id":"a","type":"say","parameters":{"${key}":{"polluted":1}}}],"edges":[]}`;
    expect(await sent(apiUrl, "/flows", flow)).toMatchObject({ status: 400, answer: { code: "VALIDATION_FAILED" } });
    const request = `{"flowId":"f","inputs":{"${key}":{"polluted":1}}}`;
    expect(await sent(apiUrl, "/execute", request)).toMatchObject({ answer: { code: "VALIDATION_FAILED" } });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(await (await ask("viewer", "/flows")).json()).toMatchObject({ total: 0 });
  });

  it("of which only a part comes is no request", async () => {
    const { port, ask } = await serving();
    const socket = connectTcp(port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    const head = `POST /api/flows HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer ${keyOf("admin")}\r\nContent-Length: 1000\r\n\r\n`;
    socket.write(`${head}{"id":"half"`);
    await new Promise((resolve) => setImmediate(resolve));
    socket.resetAndDestroy();
    expect(await (await ask("viewer", "/flows")).json()).toMatchObject({ total: 0 });
  });

  it("does not come with two lengths", async () => {
    const { port } = await serving();
    const socket = connectTcp(port, "127.0.0.1");
    socket.write(
      `POST /api/flows HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${keyOf("admin")}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    );
    const answer = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
    expect(answer).toContain(" 400 ");
    socket.destroy();
  });
});

describe("a request", () => {
  it("with huge headers is refused", async () => {
    const { apiUrl, ask } = await serving();
    expect((await rawRequest(apiUrl, "/api/flows", { headers: { "x-a": "a".repeat(100_000) } })).status).toBe(431);
    expect((await ask("viewer", "/flows")).status).toBe(200);
  });

  it.each([
    "/flows?colour=red",
    "/flows?limit=-1",
    "/flows?limit=many",
    "/flows?limit=1.5",
    "/flows?limit=1e99",
    "/flows?sortBy=__proto__",
    "/flows/f?version=0",
    "/flows/f/versions?limit=0",
    "/executions?status=odd",
    "/executions?limit=100000",
    "/executions?from=yesterday",
    "/executions/one?x=1",
    "/events?colour=red",
    `/questions?executionId=${"x".repeat(300)}`,
  ])("with a query that is not as described is refused: %s", async (path) => {
    const { ask } = await serving();
    expect((await ask("admin", path)).status).toBe(400);
  });

  it("with a condition that the resource knows nothing of is refused", async () => {
    const { ask, post } = await serving();
    await post("editor", "/flows", flowOf("say"));
    await post("editor", "/flows", flowOf("fail"));
    const stale = { method: "DELETE", headers: { "if-match": '"1"' } };
    expect((await ask("editor", "/flows/f", stale)).status).toBe(400);
    expect((await ask("viewer", "/flows/f")).status).toBe(200);
    expect((await post("admin", "/vacuum", {}, { "if-match": '"1"' })).status).toBe(400);
    const put = (headers: Record<string, string>) =>
      ask("editor", "/flows/f", { method: "PUT", body: JSON.stringify(flowOf("say")), headers });
    expect((await put({ "if-none-match": '"1"' })).status).toBe(400);
    expect((await put({ "if-none-match": "*", "if-match": '"2"' })).status).toBe(400);
    expect((await ask("viewer", "/flows/f")).headers.get("etag")).toBe('"2"');
  });

  it("to run a flow is refused with a key that means nothing, such as `input`", async () => {
    const { post, calls } = await serving();
    await post("editor", "/flows", flowOf("say"));
    const answer = await post("runner", "/flows/f/run", { input: { x: 1 } });
    expect(answer.status).toBe(400);
    expect((await answer.json()).error).toContain('"input". Did you mean `inputs`?');
    const far = await (await post("runner", "/flows/f/run", { payload: {} })).json();
    expect(far.error).toContain('"payload"; there may be `inputs`, `variables`,');
    const query = await (await post("runner", "/flows/f/run?wiat=1", {})).json();
    expect(query.error).toContain('"wiat". Did you mean `wait`?');
    expect(calls).toEqual([]);
  });

  it("waits no longer than a timer can, and keeps none", async () => {
    const { post } = await serving();
    await post("editor", "/flows", flowOf("say"));
    expect((await post("runner", "/flows/f/run?wait=40d")).status).toBe(200);
    for (const wait of ["-1", "1e5", "Infinity", "soon", "", "1 0"]) {
      expect([wait, (await post("runner", `/flows/f/run?wait=${encodeURIComponent(wait)}`)).status]).toEqual([
        wait,
        400,
      ]);
    }
  });
});

describe("a result that JSON cannot hold", () => {
  it.each(["bigint", "map", "cyclic"])("is an error that says so, and no empty answer: %s", async (type) => {
    const { post, ask } = await serving();
    await post("editor", "/flows", flowOf(type));
    const answers = [
      await post("runner", "/flows/f/run", { context: { executionId: "one" } }),
      await post("runner", "/execute", { flowId: "f" }),
      await post("runner", "/node/execute", { node: flowOf(type) }),
      await post("viewer", "/node/attach", "one"),
      // What a store cannot keep the node has not left.
      ...(type === "cyclic" ? [] : [await ask("viewer", "/executions/one/values/a")]),
    ];
    for (const answer of answers) {
      const text = await answer.text();
      expect([answer.status, text]).toEqual([expect.toSatisfy((status) => status < 500), text]);
      expect(text).toMatch(/SERIALIZATION_FAILED/);
    }
  });

  it("of a node that throws is a failure with its message", async () => {
    const { post } = await serving();
    await post("editor", "/flows", flowOf("fail"));
    const answer = await post("runner", "/flows/f/run");
    expect(await answer.json()).toMatchObject({ success: false, error: expect.stringContaining("it fails") });
  });

  it("of a node that looks like a refusal is a value like others", async () => {
    const { post, ask } = await serving();
    await post("editor", "/flows", flowOf("refusal"));
    await post("runner", "/flows/f/run", { context: { executionId: "one" } });
    const answer = await ask("viewer", "/executions/one/values/a");
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ success: false, error: "sold out" });
  });
});

describe("an Idempotency-Key", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([true, false])(
    "lets ten requests at once be one execution, with one answer (durable: %s)",
    async (durable) => {
      const { post, calls } = await serving({ durable }, durable ? createMemoryExecutions() : undefined);
      await post("editor", "/flows", flowOf("say"));
      const ask = async () =>
        (await post("runner", "/flows/f/run", { inputs: { x: 1 } }, { "idempotency-key": "k" })).json();
      const answers = await Promise.all(Array.from({ length: 10 }, ask));
      expect(calls).toHaveLength(1);
      expect(answers[0]).toMatchObject({ success: true });
      for (const answer of [...answers, await ask()]) {
        expect(answer).toMatchObject({ success: true, outputs: (answers[0] as { outputs: unknown }).outputs });
        expect(Object.keys(answer as object).sort()).toEqual(Object.keys(answers[0] as object).sort());
      }
      expect(calls).toHaveLength(1);
    },
  );

  it("is refused on a server without a store once its result is not kept any more", async () => {
    const { post, calls } = await serving({ durable: false, keep: { results: 1 } });
    await post("editor", "/flows", flowOf("say"));
    const ask = (key: string) => post("runner", "/flows/f/run", {}, { "idempotency-key": key });
    expect((await ask("one")).status).toBe(200);
    expect((await ask("two")).status).toBe(200);
    const again = await ask("one");
    expect(again.status).toBe(409);
    expect(calls).toHaveLength(2);
  });

  it("is answered from the store once its result is not kept any more, also by the next process", async () => {
    const store = createMemoryExecutions();
    const first = await serving({ durable: true, keep: { results: 1 } }, store);
    await first.post("editor", "/flows", flowOf("say"));
    const key = { "idempotency-key": "one" };
    const run = { inputs: { x: 1 } };
    expect(await (await first.post("runner", "/flows/f/run", run, key)).json()).toMatchObject({ success: true });
    await first.post("runner", "/flows/f/run", {}, { "idempotency-key": "two" });
    expect(await (await first.post("runner", "/flows/f/run", run, key)).json()).toMatchObject({ success: true });
    expect(first.calls).toHaveLength(2);
    const second = await serving({ durable: true }, store);
    expect(await (await second.post("runner", "/flows/f/run", run, key)).json()).toMatchObject({ success: true });
    expect(second.calls).toHaveLength(0);
  });

  it("stands for its request over restarts, whatever other callers send", async () => {
    const database = join(mkdtempSync(join(tmpdir(), "conductor-keys-")), "a.db");
    const key = { "idempotency-key": "one" };
    const run = { inputs: { amount: 10, to: "ada" }, variables: { a: 1 } };
    const open = async () => {
      const store = await openSqliteStore(database);
      const served = await serving({}, store);
      return { ...served, end: () => served.conductor.shutdown().then(() => store.close()) };
    };
    const first = await open();
    await first.post("editor", "/flows", flowOf("say"));
    const ran = await (await first.post("runner", "/flows/f/run", run, key)).json();
    expect(ran).toMatchObject({ success: true });
    await first.end();
    const second = await open();
    const other = () => second.post("runner", "/flows/f/run", { inputs: { amount: 99 } }, key);
    const same = (body: object) => second.post("runner", "/flows/f/run", body, key);
    // Both at once, and each after the other.
    const [refused, answered] = await Promise.all([other(), same(run)]);
    expect([refused.status, await answered.json()]).toMatchObject([422, { success: true, outputs: ran.outputs }]);
    expect((await other()).status).toBe(422);
    // Neither the order of names nor what is empty makes a request another one.
    const written = { config: {}, variables: { a: 1 }, options: null, inputs: { to: "ada", amount: 10 } };
    expect(await (await same(written)).json()).toMatchObject({ success: true, outputs: ran.outputs });
    expect(second.calls).toEqual([]);
    // Of an execution that was deleted nothing is left, also not its answer.
    const { executionId } = ran.metadata;
    expect((await second.ask("editor", `/executions/${executionId}`, { method: "DELETE" })).status).toBe(200);
    expect(await (await other()).json()).toMatchObject({ success: true });
    expect(second.calls).toMatchObject([{ amount: 99 }]);
    await second.end();
  });

  it.each([true, false])("is not used up by a run that began nothing (durable: %s)", async (durable) => {
    const { post, calls } = await serving({ durable }, durable ? createMemoryExecutions() : undefined);
    const key = { "idempotency-key": "one" };
    const missing = await post("runner", "/flows/f/run", {}, key);
    expect([missing.status, await missing.json()]).toMatchObject([404, { code: "NODE_NOT_FOUND" }]);
    const unkept = await post("runner", "/flows/f/run", { metadata: { a: "\0" } }, key);
    expect([unkept.status, await unkept.json()]).toMatchObject([422, { code: "SERIALIZATION_FAILED" }]);
    expect(await (await post("runner", "/execute", { flowId: "f" }, key)).json()).toMatchObject({ success: false });
    await post("editor", "/flows", flowOf("say"));
    expect(await (await post("runner", "/flows/f/run", {}, key)).json()).toMatchObject({ success: true });
    expect(await (await post("runner", "/flows/f/run", {}, key)).json()).toMatchObject({ success: true });
    expect(calls).toHaveLength(1);
  });

  it.each(["", " ", "x".repeat(201), "a b"])("of %j is refused", async (key) => {
    const { apiUrl } = await serving();
    const headers = { authorization: `Bearer ${keyOf("runner")}`, "idempotency-key": key };
    const { status } = await rawRequest(apiUrl, "/api/flows/f/run", { method: "POST", headers });
    expect(status).toBe(400);
  });

  it("stands for the requests of one caller", async () => {
    const { post, calls } = await serving();
    await post("editor", "/flows", flowOf("say"));
    for (const role of ["runner", "editor", "admin", "runner"]) {
      expect((await post(role, "/flows/f/run", {}, { "idempotency-key": "k" })).status).toBe(200);
    }
    expect(calls).toHaveLength(3);
  });
});

describe("what callers of a role may send at a time", () => {
  const limits = { runner: { bodyBytes: 1000 }, viewer: { bodyBytes: 500 }, editor: { bodyBytes: 25_165_824 } };
  const flow = (length: number) => ({ flowId: "f", inputs: { text: "x".repeat(length) } });

  it("is what the owner set, by HTTP with and without a length, and by every address", async () => {
    const { post, ask } = await serving({ limits });
    await post("editor", "/flows", flowOf("say"));
    for (const [role, path, body] of [
      ["runner", "/execute", flow(2000)],
      ["runner", "/flows/f/run", { inputs: flow(2000).inputs }],
      ["runner", "/conductor/execute", flow(2000)],
      ["viewer", "/node/validate", { node: { ...flowOf("say"), name: "x".repeat(600) } }],
    ] as const) {
      const answer = await post(role, path, body);
      const most = role === "runner" ? 1000 : 500;
      expect([path, answer.status, await answer.json()]).toMatchObject([
        path,
        413,
        { code: "VALIDATION_FAILED", error: `A body may have ${most} bytes at most` },
      ]);
      const text = JSON.stringify(body);
      const unmeasured = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(text));
          controller.close();
        },
      });
      const streamed = await ask(role, path, { method: "POST", body: unmeasured, duplex: "half" } as RequestInit);
      expect([path, streamed.status]).toEqual([path, 413]);
    }
    expect((await post("runner", "/execute", flow(500))).status).toBe(200);
    expect((await post("editor", "/execute", flow(2000))).status).toBe(200);
    expect((await post("admin", "/execute", flow(2000))).status).toBe(200);
  });

  it("is the same for messages of a WebSocket, which go on after one that is too large", async () => {
    const { post, apiUrl } = await serving({ limits });
    await post("editor", "/flows", flowOf("say"));
    const socket = await rawSocket(apiUrl, { token: keyOf("runner") });
    expect(await socket.call("conductor", "execute", flow(2000))).toMatchObject({
      code: "VALIDATION_FAILED",
      error: "A message may have 1000 bytes at most",
    });
    expect(await socket.call("conductor", "execute", flow(500))).toMatchObject({ result: { success: true } });
    // Characters of several bytes count as those.
    const wide = { flowId: "f", inputs: { text: "\u20ac".repeat(320) } };
    expect(await socket.call("conductor", "execute", wide)).toMatchObject({ code: "VALIDATION_FAILED" });
    const other = await rawSocket(apiUrl, { token: keyOf("editor") });
    expect(await other.call("conductor", "execute", flow(2000))).toMatchObject({ result: { success: true } });
  });

  it("holds no more of a message whose end does not come than its caller may send", async () => {
    const { apiUrl } = await serving({
      limits: { ...limits, editor: { bodyBytes: 2_000_000 }, admin: { bodyBytes: 2_000_000 } },
    });
    const part = "x".repeat(100_000);
    const parts = (socket: RawSocket, count: number) => {
      for (let sent = 0; sent < count; sent++) socket.socket.send(part, { fin: false });
    };
    const runner = await rawSocket(apiUrl, { token: keyOf("runner") });
    await runner.take(({ type }) => type === "hello");
    parts(runner, 3);
    expect(await runner.closed).toBe(1009);
    const editor = await rawSocket(apiUrl, { token: keyOf("editor") });
    await editor.take(({ type }) => type === "hello");
    parts(editor, 15);
    const pong = once(editor.socket, "pong");
    editor.socket.ping();
    await pong;
    // More than any role may send is refused by its first frame.
    const largest = await rawSocket(apiUrl, { token: keyOf("admin") });
    await largest.take(({ type }) => type === "hello");
    const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x1e, 0x84, 0x81, 0, 0, 0, 0]);
    (largest.socket as unknown as { _socket: Socket })._socket.write(head);
    expect(await largest.closed).toBe(1009);
  });

  it("is the same for messages of the Model Context Protocol", async () => {
    const { post } = await serving({ limits, mcp: true });
    const begin = (role: string, name: string) =>
      post(
        role,
        "/mcp",
        {
          jsonrpc: "2.0",
          id: 1,
          method: "initialize",
          params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name, version: "1" } },
        },
        { accept: "application/json, text/event-stream" },
      );
    expect((await begin("viewer", "x".repeat(600))).status).toBe(413);
    expect((await begin("viewer", "x")).status).toBe(200);
    expect((await begin("editor", "x".repeat(600))).status).toBe(200);
  });
});
