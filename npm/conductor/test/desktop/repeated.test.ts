/** Calls that are made again, and what is kept of executions for them. */
import {
  createNodeChannelServer,
  createRequests,
  type ExecutionRequest,
  type ExecutionResult,
  type Keeping,
  type RequestResult,
} from "@atomiton/conductor/desktop";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MainIpc } from "./process/main.js";

/** Something that is carried out when the test says so. */
function gated<A extends unknown[], R>() {
  const calls: { args: A; settle(result: R): void }[] = [];
  const carryOut = vi.fn((...args: A) => new Promise<R>((settle) => void calls.push({ args, settle })));
  return { carryOut, calls };
}

function nodeChannel(keep?: Keeping) {
  const ipc = new MainIpc();
  const { carryOut, calls } = gated<[unknown, unknown?], ExecutionResult>();
  const server = createNodeChannelServer(ipc, { execute: carryOut }, keep === undefined ? {} : { keep });
  const told: string[] = [];
  server.trackWindow({ webContents: { send: (channel: string) => void told.push(channel) } });
  // biome-ignore lint/suspicious/noExplicitAny: tests know what they ask for.
  const call = (command: string, args?: unknown): Promise<any> => ipc.invoke({}, "node:call", [command, args]);
  const execute = (executionId?: string, id = "n") =>
    call("execute", { node: { id, type: "x" }, ...(executionId !== undefined && { context: { executionId } }) });
  /** Runs a node to its end. */
  const run = async (executionId: string, result: ExecutionResult) => {
    const answer = execute(executionId);
    calls.at(-1)?.settle(result);
    return answer;
  };
  return { server, call, execute, run, carryOut, calls, told };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("an execution that is asked for again", () => {
  it("is the same one while it runs, and another one after its end", async () => {
    const { execute, carryOut, calls, told } = nodeChannel();
    const answers = [execute("exec_1"), execute("exec_1"), execute("exec_1")];
    expect(carryOut).toHaveBeenCalledTimes(1);
    calls[0]?.settle({ success: true, data: 7 });
    for (const answer of answers) expect(await answer).toEqual({ result: { success: true, data: 7 } });
    expect(carryOut).toHaveBeenCalledTimes(1);
    expect(told).toEqual(["node:event:started", "node:event:completed"]);
    void execute("exec_1");
    expect(carryOut).toHaveBeenCalledTimes(2);
  });

  it("is the same one after it was cancelled, though what it does goes on", async () => {
    const { execute, call, carryOut } = nodeChannel();
    const first = execute("exec_1");
    await call("cancel", "exec_1");
    expect((await first).result.error.code).toBe("CANCELLED");
    expect((await execute("exec_1")).result.error.code).toBe("CANCELLED");
    expect(carryOut).toHaveBeenCalledTimes(1);
  });

  it("is another one without an id of the caller's, and for another node", async () => {
    const { execute, carryOut } = nodeChannel();
    for (const [executionId, node] of [[], [], ["exec_1", "a"], ["exec_1", "b"]]) void execute(executionId, node);
    expect(carryOut).toHaveBeenCalledTimes(4);
  });
});

describe("what is kept of an execution that is over", () => {
  const large = { success: true, data: "x".repeat(2000) };
  const trace = {
    executionId: "exec_1",
    rootNodeId: "n",
    startTime: 0,
    config: {},
    events: [{ timestamp: 1, type: "progress" as const, data: { nodeId: "n", note: "x".repeat(2000) } }],
    nodes: [],
  };

  it("is only that it is over when its result is large", async () => {
    const { run, call } = nodeChannel({ resultBytes: 1000 });
    expect(await run("exec_1", large)).toEqual({ result: large });
    const { result } = await call("attach", "exec_1");
    expect(result.error).toMatchObject({ code: "MEMORY_LIMIT_EXCEEDED", executionId: "exec_1" });
    expect(result.error.message).toContain("takes more than 1000 bytes");
  });

  it("is forgotten after a while", async () => {
    vi.useFakeTimers();
    const { run, call } = nodeChannel({ ms: 1000 });
    await run("exec_1", { success: true, data: 1 });
    expect((await call("attach", "exec_1")).result).toEqual({ success: true, data: 1 });
    vi.advanceTimersByTime(1001);
    expect((await call("attach", "exec_1")).error).toContain("not found");
  });

  it("is its result without the trace when only that is large", async () => {
    const { run, call } = nodeChannel({ resultBytes: 1000 });
    expect((await run("exec_1", { success: true, data: 1, trace })).result.trace.events).toHaveLength(1);
    expect(await call("attach", "exec_1")).toEqual({ result: { success: true, data: 1 } });
  });

  it("goes, the oldest first, when all results together are large", async () => {
    const { run, call } = nodeChannel({ bytes: 5000 });
    for (const executionId of ["exec_1", "exec_2", "exec_3"]) await run(executionId, large);
    expect((await call("attach", "exec_1")).error).toContain("not found");
    expect((await call("attach", "exec_2")).result).toEqual(large);
    expect((await call("attach", "exec_3")).result).toEqual(large);
  });

  it("makes room again when its id is used for something else", async () => {
    const { run, execute, call, calls } = nodeChannel({ bytes: 5000 });
    await run("exec_1", large);
    for (const node of ["a", "b", "c"]) {
      const answer = execute("exec_2", node);
      calls.at(-1)?.settle(large);
      await answer;
    }
    expect((await call("attach", "exec_1")).result).toEqual(large);
  });

  it("is nothing after the channel was disposed, and no timer", async () => {
    vi.useFakeTimers();
    const { server, execute, calls } = nodeChannel();
    const first = execute("exec_1");
    server.dispose();
    calls[0]?.settle({ success: true });
    expect((await first).result.success).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a request", () => {
  const ANSWER: RequestResult = {
    success: true,
    outputs: { a: 1 },
    data: 1,
    metadata: { executionId: "exec_1", flowId: "f", duration: 5, executedNodes: ["a"], attempts: 1 },
  };

  function requests(keep?: Keeping) {
    const { carryOut, calls } = gated<[ExecutionRequest], RequestResult>();
    return { ...createRequests({ execute: carryOut }, undefined, keep), carryOut, calls };
  }

  it("that is made again is the same one while it runs, and another one after its end", async () => {
    const { execute, carryOut, calls } = requests();
    const request = { compositeId: "f", context: { executionId: "exec_1" } };
    const answers = [execute(request), execute({ ...request, flowId: "f" })];
    await Promise.resolve();
    calls[0]?.settle(ANSWER);
    for (const answer of answers) expect(await answer).toEqual(ANSWER);
    expect(carryOut).toHaveBeenCalledTimes(1);
    void execute(request);
    await Promise.resolve();
    expect(carryOut).toHaveBeenCalledTimes(2);
  });

  it("is another one without an id of the caller's, and for another flow", async () => {
    const { execute, carryOut } = requests();
    const context = { executionId: "exec_1" };
    for (const request of [{ flowId: "f" }, { flowId: "f" }, { flowId: "f", context }, { flowId: "g", context }]) {
      void execute(request);
    }
    await Promise.resolve();
    expect(carryOut).toHaveBeenCalledTimes(4);
  });

  it("is known while it is under way, and its result afterwards", async () => {
    const { execute, active, result, calls } = requests();
    expect(result("exec_1")).toBeUndefined();
    const answer = execute({ flowId: "f", context: { executionId: "exec_1" } });
    expect(active()).toEqual([{ executionId: "exec_1", nodeId: "f", startTime: expect.any(Number) }]);
    const attached = result("exec_1");
    calls[0]?.settle(ANSWER);
    await answer;
    expect(active()).toEqual([]);
    const known = { success: true, data: 1, duration: 5, executedNodes: ["a"] };
    expect(await attached).toEqual(known);
    expect(await result("exec_1")).toEqual(known);
  });

  it("that failed is known with its error", async () => {
    const { execute, result, calls } = requests();
    const answer = execute({ flowId: "f", context: { executionId: "exec_1" } });
    const error = { code: "TIMEOUT" as const, message: "Too late", timestamp: new Date(0) };
    const { metadata } = ANSWER as Required<RequestResult>;
    calls[0]?.settle({ success: false, error: "Too late", metadata: { ...metadata, error } });
    await answer;
    expect(await result("exec_1")).toEqual({ success: false, error, duration: 5, executedNodes: ["a"] });
  });

  it("whose result is large is only known to be over", async () => {
    const { execute, result, calls } = requests({ resultBytes: 1000 });
    const request = { flowId: "f", context: { executionId: "exec_1" } };
    const answer = execute(request);
    calls[0]?.settle({ ...ANSWER, data: "x".repeat(2000) });
    expect((await answer).data).toHaveLength(2000);
    expect((await result("exec_1"))?.error?.code).toBe("MEMORY_LIMIT_EXCEEDED");
  });
});

describe("a request whose flow is still being looked for", () => {
  it("is listed by the channel of nodes, cancelled and attached to there", async () => {
    const ipc = new MainIpc();
    const { carryOut, calls } = gated<[ExecutionRequest], RequestResult>();
    const requests = createRequests({ execute: carryOut });
    const cancel = vi.fn();
    // A conductor that knows nothing of it yet.
    const attach = async () => {
      throw new Error("Execution not found");
    };
    createNodeChannelServer(ipc, { execute: vi.fn(), cancel, active: async () => [], attach, requests });
    // biome-ignore lint/suspicious/noExplicitAny: tests know what they ask for.
    const call = (command: string, args?: unknown): Promise<any> => ipc.invoke({}, "node:call", [command, args]);
    void requests.execute({ flowId: "f", context: { executionId: "exec_1" } });
    expect((await call("active")).result).toMatchObject([{ executionId: "exec_1", nodeId: "f" }]);
    expect(await call("cancel", "exec_1")).toEqual({ result: { success: true } });
    expect(cancel.mock.calls).toEqual([["exec_1"]]);
    const attached = call("attach", "exec_1");
    calls[0]?.settle({ success: false, error: "Execution cancelled" });
    expect((await attached).result).toMatchObject({ success: false, error: { message: "Execution cancelled" } });
    expect((await call("attach", "exec_1")).result.success).toBe(false);
  });

  it("is cancelled by what carries it out, though nothing here knows of it", async () => {
    const ipc = new MainIpc();
    const cancel = vi.fn();
    createNodeChannelServer(ipc, { execute: vi.fn(), cancel });
    expect(await ipc.invoke({}, "node:call", ["cancel", "exec_x"])).toEqual({
      result: { success: false, error: "Execution not found" },
    });
    expect(cancel.mock.calls).toEqual([["exec_x"]]);
  });
});
