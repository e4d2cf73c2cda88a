/** How many executions callers may have at once. */
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { type AuditEntry, createServer, type ExecutionLimits, type ServerOptions } from "../../src/exports/server.js";
import { FairLimiter, type Permit } from "../../src/server/fair-limiter.js";
import { rawSocket } from "./raw.js";
import { flowOf, keyOf, serving } from "./serving.js";

type Served = Awaited<ReturnType<typeof limited>>;

/** A server with flows `held`, which goes on until `release`, and `f`, which is over at once. */
async function limited(limits: ExecutionLimits, options: Partial<ServerOptions> = {}) {
  const audited: AuditEntry[] = [];
  const served = await serving({ limits, audit: (entry) => void audited.push(entry), ...options });
  await served.post("editor", "/flows", { ...flowOf("hold"), id: "held" });
  await served.post("editor", "/flows", flowOf("say"));
  return { ...served, audited };
}

const run = ({ post }: Served, role: string, flow = "held", executionId?: string) =>
  post(role, "/execute", { flowId: flow, ...(executionId !== undefined && { context: { executionId } }) });

/** Until so many executions are under way. */
async function active({ post }: Served, count: number): Promise<void> {
  await vi.waitFor(async () => expect(await (await post("viewer", "/node/active")).json()).toHaveLength(count));
}

/** Begins what has to wait, and takes the last room for that: messages of one connection keep their order. */
async function waiting(
  { apiUrl }: { apiUrl: string },
  executionId: string,
): Promise<Promise<Record<string, unknown>>[]> {
  const socket = await rawSocket(apiUrl, { token: keyOf("runner") });
  const answer = socket.call("conductor", "execute", { flowId: "f", context: { executionId } });
  const probe = await socket.call("conductor", "execute", { flowId: "f" });
  expect(probe).toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
  return [answer];
}

describe("executions of a caller", () => {
  const ONE = { runner: { concurrent: 1, queued: 0 } };

  it("beyond the limit are refused, by every way to begin one", async () => {
    const served = await limited(ONE);
    const { post, release, audited, apiUrl } = served;
    const first = run(served, "runner", "held", "first");
    await active(served, 1);
    const node = flowOf("say");
    const socket = await rawSocket(apiUrl, { token: keyOf("runner") });
    for (const [path, body] of [
      ["/execute", { flowId: "f" }],
      ["/conductor/execute", { flowId: "f" }],
      ["/flows/f/run", {}],
      ["/flows/f/run?wait=30s", {}],
      ["/node/execute", { node }],
      ["/node/execute", { node, context: { executionId: "first" } }],
      ["/executions/first/fork", {}],
      ["/node/resumeExecution", { executionId: "other" }],
    ] as const) {
      const answer = await post("runner", path, body);
      expect([path, answer.status, answer.headers.get("retry-after"), await answer.json()]).toEqual([
        path,
        429,
        "5",
        {
          error: 'Too many executions of "ron": 1 may go on at once, and 0 wait. Try again in 5 s',
          code: "RATE_LIMIT_EXCEEDED",
          channelError: true,
        },
      ]);
    }
    for (const [channel, command, args] of [
      ["conductor", "execute", { flowId: "f" }],
      ["node", "execute", { node }],
    ] as const) {
      expect(await socket.call(channel, command, args)).toMatchObject({ code: "RATE_LIMIT_EXCEEDED", retryAfter: 5 });
    }
    // Others, and what begins nothing, go on.
    expect(await (await run(served, "editor", "f")).json()).toMatchObject({ success: true });
    expect((await served.ask("runner", "/flows")).status).toBe(200);
    release();
    expect(await (await first).json()).toMatchObject({ success: true });
    expect(await (await run(served, "runner", "f")).json()).toMatchObject({ success: true });
    expect(audited.filter(({ event }) => event === "limited")).toMatchObject([{ caller: "ron", what: "executions" }]);
    // What was refused did not begin.
    expect(audited.filter(({ outcome, caller }) => outcome === "begun" && caller === "ron")).toHaveLength(2);
  });

  it("wait for a place where there is room, in their order", async () => {
    const served = await limited({ runner: { concurrent: 1, queued: 2 } });
    const first = run(served, "runner");
    await active(served, 1);
    const socket = await rawSocket(served.apiUrl, { token: keyOf("runner") });
    const ends: number[] = [];
    const others = [1, 2].map(async (index) => {
      const answer = await socket.call("conductor", "execute", { flowId: "f" });
      ends.push(index);
      return answer;
    });
    expect(await socket.call("conductor", "execute", { flowId: "f" })).toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
    expect(ends).toEqual([]);
    served.release();
    expect(await (await first).json()).toMatchObject({ success: true });
    for (const answer of await Promise.all(others)) expect(answer).toMatchObject({ result: { success: true } });
    expect(ends).toEqual([1, 2]);
  });

  it("are one where they are begun twice under one id, also while that waits", async () => {
    const served = await limited({ runner: { concurrent: 1, queued: 1 } }, { durable: false });
    const first = run(served, "runner", "held", "first");
    await active(served, 1);
    const again = run(served, "runner", "held", "first");
    const [waits] = await waiting(served, "waits");
    // A request with the id of one that waits waits with it.
    const same = run(served, "runner", "f", "waits");
    // Another flow under the same id has to have a place of its own.
    expect((await run(served, "runner", "f", "first")).status).toBe(429);
    served.release();
    for (const answer of [first, again]) expect(await (await answer).json()).toMatchObject({ success: true });
    expect(await waits).toMatchObject({ result: { success: true } });
    expect(await (await same).json()).toMatchObject({ success: true });
    expect(served.calls).toHaveLength(1);
  });

  it("that were refused may be sent again with their key", async () => {
    const served = await limited(ONE, { durable: false });
    const first = run(served, "runner");
    await active(served, 1);
    const headers = { "idempotency-key": "once" };
    const keyed = () => served.ask("runner", "/flows/f/run", { method: "POST", body: "{}", headers });
    expect((await keyed()).status).toBe(429);
    served.release();
    await first;
    expect(await (await keyed()).json()).toMatchObject({ success: true });
  });

  it("that wait can be cancelled, and then nothing of them is run", async () => {
    const served = await limited({ runner: { concurrent: 1, queued: 1 } });
    const first = run(served, "runner");
    await active(served, 1);
    const [waits] = await waiting(served, "waits");
    expect(await (await served.post("runner", "/node/cancel", { executionId: "waits" })).json()).toEqual({
      success: true,
    });
    expect(await waits).toMatchObject({ code: "CANCELLED" });
    served.release();
    await first;
    expect(served.calls).toEqual([]);
  });

  it("count until their ends where the answer comes before", async () => {
    const served = await limited({ editor: { concurrent: 1, queued: 0 } });
    await (await run(served, "runner", "f", "old")).json();
    const fork = { flow: { ...flowOf("hold"), id: "f" } };
    const forked = await served.post("editor", "/executions/old/fork", fork);
    expect([forked.status, await forked.json()]).toMatchObject([201, {}]);
    expect((await run(served, "editor", "f")).status).toBe(429);
    served.release();
    await vi.waitFor(async () => expect((await run(served, "editor", "f")).status).toBe(200));
  });

  it("give their places to others while they wait for people", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const limits = { runner: { concurrent: 1, queued: 1 } };
    const served = await serving({ limits }, undefined, { nodeExecutorFactory: undefined as never });
    const question = { id: "ask", type: "wait-for-input", parameters: { message: "May it be?" } };
    const values = { id: "a", type: "edit-fields", parameters: { values: { a: 1 } } };
    for (const [id, node] of [
      ["asks", question],
      ["f", values],
    ] as const) {
      await served.post("editor", "/flows", { id, type: "group", name: id, nodes: [node], edges: [] });
    }
    const asks = run(served, "runner", "asks", "asks");
    await vi.waitFor(async () => {
      expect(await (await served.ask("viewer", "/executions/asks")).json()).toMatchObject({ status: "waiting" });
    });
    const [waits] = await waiting(served, "waits");
    await vi.advanceTimersByTimeAsync(1000);
    expect(await waits).toMatchObject({ result: { success: true } });
    const [{ id }] = await (await served.ask("runner", "/questions")).json();
    await served.post("runner", `/questions/${encodeURIComponent(id)}/answer`, { answer: "yes" });
    expect(await (await asks).json()).toMatchObject({ success: true });
  });

  it("that wait to go on are cancelled, and not only their wait", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const limits = { runner: { concurrent: 1, queued: 1 } };
    const served = await serving({ limits }, undefined, { nodeExecutorFactory: undefined as never });
    const question = { id: "ask", type: "wait-for-input", parameters: { message: "May it be?" } };
    await served.post("editor", "/flows", { id: "f", type: "group", name: "f", nodes: [question], edges: [] });
    const asks = run(served, "runner", "f", "asks");
    const status = async () => (await (await served.ask("viewer", "/executions/asks")).json()).status;
    await vi.waitFor(async () => expect(await status()).toBe("waiting"));
    const socket = await rawSocket(served.apiUrl, { token: keyOf("runner") });
    const resumed = socket.call("node", "resumeExecution", { executionId: "asks" });
    // The one place is that of the execution itself.
    expect(await socket.call("conductor", "execute", { flowId: "f" })).toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
    expect((await served.post("runner", "/executions/asks/cancel")).status).toBe(200);
    expect(await resumed).toMatchObject({ code: "CANCELLED" });
    expect(await status()).toBe("cancelled");
    expect(await (await asks).json()).toMatchObject({ success: false });
  });

  it.each(["ends at once", "ends in order"])("that wait when the server %s do not begin", async (how) => {
    const served = await limited({ runner: { concurrent: 1, queued: 1 } });
    const first = run(served, "runner");
    await active(served, 1);
    const waits = run(served, "runner", "f", "waits");
    // It waits once there is no room any more.
    await vi.waitFor(async () => expect((await run(served, "runner", "f", "probe")).status).toBe(429));
    const closed = how === "ends in order" ? served.close() : served.server.close();
    const answer = await waits;
    expect([answer.status, await answer.json()]).toMatchObject([422, { code: "CANCELLED" }]);
    served.release();
    await Promise.allSettled([first, closed]);
    expect(served.calls).toEqual([]);
  });
});

describe("executions of all callers", () => {
  it("are limited together", async () => {
    const served = await limited({ all: { concurrent: 2, queued: 0 } });
    const first = [run(served, "runner"), run(served, "editor")];
    await active(served, 2);
    const refused = await run(served, "admin", "f");
    expect([refused.status, (await refused.json()).error]).toEqual([
      429,
      "Too many executions of the server: 2 may go on at once, and 0 wait. Try again in 5 s",
    ]);
    served.release();
    for (const answer of first) expect(await (await answer).json()).toMatchObject({ success: true });
    expect((await run(served, "admin", "f")).status).toBe(200);
  });

  it("take turns: a thousand of one caller do not hold up another", async () => {
    const places = new FairLimiter({ concurrent: 4, queued: 5000 });
    const limit = { concurrent: 4, queued: 2000 };
    const enter = (caller: string) => places.acquire(caller, limit) as Permit;
    const many = Array.from({ length: 1000 }, () => enter("many"));
    const [one, two] = [enter("one"), enter("one")];
    expect([many.filter(({ isWaiting }) => !isWaiting).length, one.isWaiting]).toEqual([4, true]);
    many[0]?.release();
    expect([one.isWaiting, two.isWaiting]).toEqual([false, true]);
    many[1]?.release();
    expect(two.isWaiting).toBe(false);
    // Leaving a second time frees nothing.
    many[0]?.release();
    expect(many.filter(({ isWaiting }) => !isWaiting)).toHaveLength(4);
    for (const ticket of [one, two, ...many]) ticket.release();
    expect(places.waiting).toBe(0);
    expect(await many[4]?.granted).toBe(true);
  });

  it("have a queue that ends: of each caller, and of all", () => {
    const places = new FairLimiter({ concurrent: 1, queued: 3 });
    const limit = { concurrent: 5, queued: 2 };
    const found = ["a", "a", "a", "a", "b", "b"].map((caller) => places.acquire(caller, limit));
    expect(found.map((ticket) => (typeof ticket === "string" ? ticket : ticket.isWaiting))).toEqual([
      false,
      true,
      true,
      "caller",
      true,
      "all",
    ]);
  });
});

describe("the time of an execution", () => {
  it.each([
    ["/execute", { flowId: "held" }],
    ["/node/execute", { node: flowOf("hold") }],
  ])("ends it with a reason: %s", async (path, body) => {
    const served = await limited({ runner: { durationMs: 50 } });
    const answer = await (await served.post("runner", path, body)).json();
    const message = "The execution took longer than 50 ms, which is the limit of the role runner";
    const { error, metadata } = answer;
    expect(answer.success).toBe(false);
    expect(path === "/execute" ? metadata.error : error).toMatchObject({ code: "TIMEOUT", message });
    expect(served.audited).toContainEqual(
      expect.objectContaining({ event: "limited", what: "execution time", caller: "ron", outcome: "TIMEOUT" }),
    );
  });

  it("is that of the role, and not that of quick ones", async () => {
    const served = await limited({ runner: { durationMs: 50 } });
    const held = run(served, "editor", "held", "long");
    await active(served, 1);
    expect(await (await run(served, "runner", "held")).json()).toMatchObject({ success: false });
    expect(await (await run(served, "runner", "f")).json()).toMatchObject({ success: true });
    served.release();
    expect(await (await held).json()).toMatchObject({ success: true });
  });
});

describe("limits", () => {
  it.each([
    [{ stranger: {} }, "`limits` has no stranger. Allowed: viewer, runner, editor, admin, webhooks, all"],
    [{ runner: { concurent: 1 } }, "`limits.runner` has no concurent"],
    [{ runner: 5 }, "`limits.runner` must be an object"],
    [{ runner: { concurrent: 0 } }, "`limits.runner.concurrent`"],
    [{ editor: { queued: -1 } }, "`limits.editor.queued`"],
    [{ admin: { durationMs: 2 ** 31 } }, "`limits.admin.durationMs`"],
    [{ webhooks: { concurrent: 0 } }, "`limits.webhooks.concurrent`"],
    [{ all: { durationMs: 5 } }, "`limits.all` has no durationMs"],
    [null, "`limits` must be an object"],
  ])("are no limits: %j", (limits, why) => {
    const make = () => createServer({ conductor: {} as never, open: true, limits: limits as never });
    expect(make).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETERS", message: expect.stringContaining(why) }),
    );
  });

  it("are lifted by false", async () => {
    const served = await limited({ runner: false, all: false });
    const many = Array.from({ length: 210 }, () => run(served, "runner"));
    await active(served, 210);
    served.release();
    for (const answer of many) expect((await answer).status).toBe(200);
  });
});
