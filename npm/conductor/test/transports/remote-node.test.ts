import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TransportError } from "../../src/transports/failure.js";
import { remoteNode } from "../../src/transports/remote/node.js";
import { fakeTransport, type Handler } from "./fake-transport.js";

const node = { id: "n", type: "transform" };
const ok = { success: true, data: 1, duration: 3, executedNodes: ["n"] };
const broken = () => {
  throw new TransportError("TRANSPORT_ERROR", "the line is dead");
};

function nodeOver(handler: Handler) {
  const fake = fakeTransport(handler);
  const warnings: string[] = [];
  const recovery = vi.fn((code: string) => ({ retryable: code === "TRANSPORT_ERROR", suggestions: [code] }));
  return {
    ...fake,
    warnings,
    recovery,
    api: remoteNode(fake.transport, { recovery, warn: (text) => warnings.push(text) }),
  };
}

/** A promise that a test settles. */
function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("running a node on the other side", () => {
  it("sends the node with a context of exactly seven keys and an id that is made here", async () => {
    const { api, calls } = nodeOver(() => ok);
    const given = { input: { a: 1 }, slowMo: 5, debug: true, extra: "dropped" };
    expect(await api.run(node, given)).toEqual(ok);
    const [[channel, command, args]] = calls as [[string, string, { node: unknown; context: Record<string, unknown> }]];
    expect([channel, command, args.node]).toEqual(["node", "execute", node]);
    expect(Object.keys(args.context)).toEqual([
      "nodeId",
      "executionId",
      "variables",
      "input",
      "parentContext",
      "slowMo",
      "debug",
    ]);
    expect(args.context).toMatchObject({ nodeId: "n", variables: {}, input: { a: 1 }, slowMo: 5, debug: true });
    expect(args.context.executionId).toMatch(/^exec_[0-9a-f-]{36}$/);
  });

  it("keeps the id, the variables and the parent that are given", async () => {
    const { api, calls } = nodeOver(() => ok);
    const parentContext = { nodeId: "p", executionId: "e0", variables: {} };
    await api.run(node, { executionId: "mine", variables: { v: 1 }, parentContext });
    expect(calls[0]?.[2]).toMatchObject({ context: { executionId: "mine", variables: { v: 1 }, parentContext } });
  });

  it("makes an id where an empty one is given", async () => {
    const { api, calls } = nodeOver(() => ok);
    await api.run(node, { executionId: "" });
    expect(calls[0]?.[2]).toMatchObject({ context: { executionId: expect.stringMatching(/^exec_/) } });
  });

  it("works without its object, and without a context", async () => {
    const { run } = nodeOver(() => ok).api;
    expect(await run(node)).toEqual(ok);
    expect(await run(node, null as never)).toEqual(ok);
  });

  it.each<[unknown, string]>([
    [{ type: "t" }, "unknown"],
    [{ id: "", type: "t" }, "unknown"],
    [{ id: "n" }, "n"],
    [{ id: "n", type: "" }, "n"],
    [null, "unknown"],
    [undefined, "unknown"],
  ])("answers %j with INVALID_NODE without sending it", async (given, nodeId) => {
    const { api, calls } = nodeOver(() => ok);
    expect(await api.run(given as never)).toEqual({
      success: false,
      error: {
        code: "INVALID_NODE",
        message: "Invalid node definition: id and type are required",
        nodeId,
        executionId: expect.stringMatching(/^exec_/),
        timestamp: expect.any(Date),
        recovery: { retryable: false, suggestions: ["INVALID_NODE"] },
      },
      duration: 0,
      executedNodes: [],
    });
    expect(calls).toEqual([]);
  });

  it("answers with NO_TRANSPORT where there is none", async () => {
    const result = await remoteNode(undefined).run(node, { executionId: "e" });
    expect(result).toEqual({
      success: false,
      error: {
        code: "NO_TRANSPORT",
        message: "No transport available for execution in browser environment",
        nodeId: "n",
        executionId: "e",
        timestamp: expect.any(Date),
      },
      duration: 0,
      executedNodes: [],
    });
  });

  it("passes a failed result on without another attempt, its time a time again and with advice", async () => {
    const at = "2024-01-01T00:00:00.000Z";
    const { api, calls } = nodeOver(() => ({
      ...ok,
      success: false,
      error: { code: "TIMEOUT", message: "m", timestamp: at },
    }));
    const result = await api.run(node);
    expect(result.error).toEqual({
      code: "TIMEOUT",
      message: "m",
      timestamp: new Date(at),
      recovery: { retryable: false, suggestions: ["TIMEOUT"] },
    });
    expect(calls).toHaveLength(1);
  });

  it("leaves advice alone that the other side gave", async () => {
    const recovery = { retryable: true, maxRetries: 9 };
    const error = { code: "TIMEOUT", message: "m", timestamp: new Date(7), recovery };
    const { api } = nodeOver(() => ({ success: false, error }));
    expect((await api.run(node)).error).toEqual(error);
  });

  it.each([undefined, null, "text", {}, { success: "yes" }, []])("takes %j for no result", async (answer) => {
    const result = await nodeOver(() => answer).api.run(node);
    expect(result).toMatchObject({ success: false, error: { code: "DESERIALIZATION_FAILED", nodeId: "n" } });
  });
});

describe("a transport that fails", () => {
  it("is tried again after 1, 2 and 4 s as the same execution, then told as a result", async () => {
    const { api, calls, warnings } = nodeOver(broken);
    const running = api.run(node);
    await vi.advanceTimersByTimeAsync(6999);
    expect(calls).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(1);
    expect(await running).toMatchObject({
      success: false,
      error: {
        code: "TRANSPORT_ERROR",
        message: "the line is dead",
        nodeId: "n",
        timestamp: expect.any(Date),
        recovery: { retryable: true },
      },
      duration: 0,
      executedNodes: [],
    });
    expect(calls).toHaveLength(4);
    expect(
      new Set(calls.map(([, , args]) => (args as { context: { executionId: string } }).context.executionId)).size,
    ).toBe(1);
    expect(warnings.map((text) => text.slice(-6))).toEqual(["1000ms", "2000ms", "4000ms"]);
  });

  it("may come back meanwhile", async () => {
    let left = 2;
    const { api } = nodeOver(() => (left-- > 0 ? broken() : ok));
    const running = api.run(node);
    await vi.advanceTimersByTimeAsync(3000);
    expect(await running).toEqual(ok);
  });

  it("is told as EXECUTION_FAILED where the error has no code of ours", async () => {
    const { api } = nodeOver(() => {
      throw Object.assign(new Error("boom"), { code: "ECONNRESET" });
    });
    const running = api.run(node);
    await vi.runAllTimersAsync();
    expect(await running).toMatchObject({ error: { code: "EXECUTION_FAILED", message: "boom" } });
  });

  it("is not tried again where that cannot help", async () => {
    const { api, calls } = nodeOver(() => {
      throw new TransportError("SERIALIZATION_FAILED", "no");
    });
    expect(await api.run(node)).toMatchObject({ error: { code: "SERIALIZATION_FAILED" } });
    expect(calls).toHaveLength(1);
  });

  it("is warned of on the console where nothing else is said", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const running = remoteNode(fakeTransport(broken).transport).run(node);
    await vi.runAllTimersAsync();
    await running;
    expect(warn).toHaveBeenCalledTimes(3);
    expect(warn).toHaveBeenCalledWith("[CONDUCTOR] Execution attempt 1 failed, retrying in 1000ms");
  });
});

describe("cancelling", () => {
  it("reaches the other side by the bare id, whoever started the execution", async () => {
    const { api, calls } = nodeOver(() => ({ success: true }));
    await api.cancel("exec_9");
    expect(calls).toEqual([["node", "cancel", "exec_9"]]);
  });

  it("is no error for an unknown execution, and asked for once", async () => {
    const { api, count } = nodeOver(() => ({ success: false, error: "Execution not found" }));
    await api.cancel("exec_9");
    expect(count("cancel")).toBe(1);
    await remoteNode(undefined).cancel("exec_9");
  });

  it("lets whoever waits have the answer of the other side", async () => {
    const answer = deferred<unknown>();
    const { api } = nodeOver((_, command) => (command === "cancel" ? { success: true } : answer.promise));
    const running = api.run(node, { executionId: "e" });
    await api.cancel("e");
    answer.resolve({
      success: false,
      error: { code: "CANCELLED", message: "Execution cancelled", timestamp: 0 },
      duration: 12,
    });
    expect(await running).toMatchObject({ error: { code: "CANCELLED" }, duration: 12 });
  });

  it("ends what waits after 2 s even if the other side never answers", async () => {
    const { api } = nodeOver(() => new Promise(() => {}));
    const running = api.run(node, { executionId: "e" });
    let result: unknown;
    running.then((value) => {
      result = value;
    });
    api.cancel("e");
    await vi.advanceTimersByTimeAsync(1999);
    expect(result).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(result).toMatchObject({
      success: false,
      error: { code: "CANCELLED", message: "Execution cancelled", executionId: "e", recovery: { retryable: false } },
    });
  });

  it("ends what waits at once if the other side cannot be reached, with a warning", async () => {
    const { api, warnings } = nodeOver((_, command) => (command === "cancel" ? broken() : new Promise(() => {})));
    const running = api.run(node, { executionId: "e" });
    await api.cancel("e");
    expect(await running).toMatchObject({ error: { code: "CANCELLED" } });
    expect(warnings).toEqual(["[CONDUCTOR] The execution could not be cancelled: the line is dead"]);
  });

  it("ends the wait for another attempt at once", async () => {
    const { api, count } = nodeOver((_, command) => (command === "cancel" ? { success: false } : broken()));
    const running = api.run(node, { executionId: "e" });
    await vi.advanceTimersByTimeAsync(1500);
    await api.cancel("e");
    expect(await running).toMatchObject({ error: { code: "CANCELLED" } });
    expect(count("execute")).toBe(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(count("execute")).toBe(2);
  });

  it("is asked for again when it overtook the execution", async () => {
    const answer = deferred<unknown>();
    let arrived = false;
    const { api, count } = nodeOver((_, command) => {
      if (command === "execute") return answer.promise;
      if (arrived) answer.resolve({ success: false, error: { code: "CANCELLED", message: "m", timestamp: 0 } });
      return arrived ? { success: true } : { success: false, error: "Execution not found" };
    });
    const running = api.run(node, { executionId: "e" });
    const cancelled = api.cancel("e");
    await vi.advanceTimersByTimeAsync(250);
    expect(count("cancel")).toBe(2);
    arrived = true;
    await vi.advanceTimersByTimeAsync(50);
    await cancelled;
    expect(await running).toMatchObject({ error: { code: "CANCELLED" } });
    expect(count("cancel")).toBe(3);
  });

  it("does not touch other executions, nor later ones of the same id", async () => {
    const answers = new Map<string, ReturnType<typeof deferred<unknown>>>();
    const { api } = nodeOver((_, command, args) => {
      if (command === "cancel") return { success: true };
      const { executionId } = (args as { context: { executionId: string } }).context;
      const answer = deferred<unknown>();
      answers.set(executionId, answer);
      return answer.promise;
    });
    const [one, two] = [api.run(node, { executionId: "one" }), api.run(node, { executionId: "two" })];
    await api.cancel("one");
    answers.get("two")?.reject(new Error("later"));
    answers.get("one")?.reject(new Error("later"));
    expect(await one).toMatchObject({ error: { code: "CANCELLED" } });
    await vi.advanceTimersByTimeAsync(1000);
    answers.get("two")?.resolve(ok);
    expect(await two).toEqual(ok);
    const again = api.run(node, { executionId: "one" });
    await vi.advanceTimersByTimeAsync(0);
    answers.get("one")?.resolve(ok);
    expect(await again).toEqual(ok);
  });
});

describe("validating on the other side", () => {
  it("needs no call for what is missing", async () => {
    const { api, calls } = nodeOver(() => ({ valid: true, errors: [] }));
    expect(await api.validate({} as never)).toEqual({
      valid: false,
      errors: ["Node must have an id", "Node must have a type"],
    });
    expect(await api.validate({ id: "n" } as never)).toEqual({ valid: false, errors: ["Node must have a type"] });
    expect(calls).toEqual([]);
    expect(await remoteNode(undefined).validate(node)).toEqual({ valid: true, errors: [] });
  });

  it("gives the answer", async () => {
    const answer = { valid: false, errors: ["node.id: Required"] };
    const { api, calls } = nodeOver(() => answer);
    expect(await api.validate(node)).toEqual(answer);
    expect(calls).toEqual([["node", "validate", { node }]]);
  });

  it("does not take a failure for validity", async () => {
    await expect(nodeOver(broken).api.validate(node)).rejects.toMatchObject({ code: "TRANSPORT_ERROR" });
    await expect(nodeOver(() => undefined).api.validate(node)).rejects.toMatchObject({
      code: "DESERIALIZATION_FAILED",
    });
  });
});

describe("executions that others started", () => {
  it("are listed, paused and resumed by id", async () => {
    const active = [{ executionId: "e", nodeId: "n", startTime: 1 }];
    const { api, calls } = nodeOver((_, command) => (command === "active" ? active : { success: true }));
    expect(await api.active()).toEqual(active);
    await api.pause("e");
    await api.resume("e");
    expect(calls).toEqual([
      ["node", "active", undefined],
      ["node", "pause", "e"],
      ["node", "resume", "e"],
    ]);
    expect(await remoteNode(undefined).active()).toEqual([]);
    expect(await nodeOver(() => null).api.active()).toEqual([]);
  });

  it("can be waited for, also over a bad line", async () => {
    let left = 1;
    const { api, calls } = nodeOver(() => (left-- > 0 ? broken() : ok));
    const attached = api.attach("e");
    await vi.advanceTimersByTimeAsync(1000);
    expect(await attached).toEqual(ok);
    expect(calls[1]).toEqual(["node", "attach", "e"]);
  });

  it("that are unknown reject at once", async () => {
    const { api, calls } = nodeOver(() => {
      throw new TransportError("IPC_COMMUNICATION_FAILED", "Execution not found", { answered: true });
    });
    await expect(api.attach("e")).rejects.toThrow("Execution not found");
    expect(calls).toHaveLength(1);
    await expect(nodeOver(() => "odd").api.attach("e")).rejects.toMatchObject({ code: "DESERIALIZATION_FAILED" });
    await expect(remoteNode(undefined).attach("e")).rejects.toMatchObject({ code: "NO_TRANSPORT" });
  });
});

describe("events of executions", () => {
  it("are forwarded, until the subscription ends", () => {
    const { api, emit, listeners } = nodeOver(() => ok);
    const heard: unknown[] = [];
    const ends = [
      api.onProgress((event) => heard.push(["progress", event])),
      api.onComplete((event) => heard.push(["complete", event])),
      api.onError((event) => heard.push(["error", event])),
    ];
    const error = { nodeId: "n", executionId: "e", error: "text", code: "TIMEOUT", timestamp: 1 };
    emit("node/error", error);
    emit("node/error", null);
    expect(heard).toEqual([["error", error]]);
    for (const end of ends) end();
    expect(listeners()).toBe(0);
    emit("node/error", error);
    expect(heard).toHaveLength(1);
  });

  it("of progress say how long nodes took", () => {
    const { api, emit } = nodeOver(() => ok);
    const heard: { nodes: { duration?: number }[]; progress: number }[] = [];
    api.onProgress((event) => heard.push(event));
    const nodes = [
      { id: "a", startTime: 10, endTime: 25 },
      { id: "b", startTime: 10 },
      { id: "c", startTime: 1, endTime: 3, duration: 1 },
    ];
    emit("node/progress", { nodeId: "a", progress: 40, nodes });
    expect(heard[0]?.nodes.map(({ duration }) => duration)).toEqual([15, undefined, 1]);
    expect(heard[0]?.progress).toBe(40);
  });

  it("of completion carry the output", () => {
    const { api, emit } = nodeOver(() => ok);
    const heard: unknown[] = [];
    api.onComplete((event) => heard.push(event));
    emit("node/completed", { nodeId: "n", executionId: "e", result: ok, timestamp: 1 });
    emit("node/completed", { nodeId: "n", executionId: "e", result: ok, output: "own" });
    expect(heard).toMatchObject([{ nodeId: "n", executionId: "e", result: ok, output: 1 }, { output: "own" }]);
  });

  it("are told to all, whoever fails now or later; a failing listener is reported once", async () => {
    const { api, emit, warnings } = nodeOver(() => ok);
    const heard: unknown[] = [];
    api.onComplete(async () => {
      throw new Error("later");
    });
    api.onError(() => {
      throw new Error("now");
    });
    api.onComplete(({ executionId }) => heard.push(executionId));
    for (const executionId of ["e", "f"]) {
      emit("node/completed", { nodeId: "n", executionId, result: ok });
      emit("node/error", { nodeId: "n", executionId, error: "text" });
    }
    await vi.advanceTimersByTimeAsync(0);
    expect(heard).toEqual(["e", "f"]);
    expect(warnings.sort()).toEqual([
      "[CONDUCTOR] A listener of node.completed failed: later",
      "[CONDUCTOR] A listener of node.error failed: now",
    ]);
  });

  it("are never told without a transport", () => {
    const api = remoteNode(undefined);
    for (const end of [api.onProgress(() => {}), api.onComplete(() => {}), api.onError(() => {})]) end();
  });
});
