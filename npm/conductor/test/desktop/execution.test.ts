/** Running nodes from pages in other processes. */
import { describe, expect, it, vi } from "vitest";
import { applications, type Body } from "./process/application.js";

/** Executables that end when the test says so. */
class Gates {
  readonly #open = new Map<string, (value: unknown) => void>();
  readonly #reached = new Map<string, () => void>();

  readonly body: Body = ({ nodeId }) =>
    new Promise((resolve) => {
      this.#open.set(nodeId, resolve);
      this.#reached.get(nodeId)?.();
    });

  async reached(nodeId: string): Promise<void> {
    if (this.#open.has(nodeId)) return;
    await new Promise<void>((resolve) => this.#reached.set(nodeId, resolve));
  }

  open(nodeId: string, value: unknown): void {
    this.#open.get(nodeId)?.(value);
  }
}

let gates = new Gates();
const start = applications(() => {
  gates = new Gates();
  return {
    echo: ({ input }) => input,
    value: ({ value }) => value,
    fail: () => {
      throw new Error("It broke");
    },
    gate: gates.body,
    warn: ({ warn }) => warn("odd", "this is odd"),
    leave: ({ variables }) => {
      Object.assign(variables, { connection: () => {}, count: 2 });
      return 1;
    },
    strange: ({ kind }) => STRANGE[kind]?.(),
  };
});

/** Outputs that no other process can get. */
const STRANGE: Record<string, () => unknown> = {
  function: () => ({ rows: [{ parse: () => 1 }] }),
  symbol: () => ({ tag: Symbol("tag") }),
  promise: () => ({ later: { value: Promise.resolve(1) } }),
  "weak map": () => new Map([["cache", new WeakMap()]]),
  proxy: () => [new Proxy({}, {})],
  "throwing getter": () => ({
    get total() {
      throw new Error("no");
    },
  }),
};

const EVENTS = ["started", "progress", "completed", "error", "cancelled"];
const CHAIN = {
  id: "flow",
  type: "group",
  name: "Flow",
  nodes: [
    { id: "a", type: "value", name: "A", parameters: { value: 1 } },
    { id: "b", type: "echo", name: "B" },
  ],
  edges: [{ id: "ab", source: "a", target: "b", sourceHandle: null, targetHandle: null }],
};

describe("a page runs a flow", () => {
  it("and gets the result with its trace", async () => {
    const page = await start().open();
    const { result } = await page.call("node", "execute", { node: CHAIN, context: { executionId: "exec_mine" } });
    expect(result).toMatchObject({ success: true, data: { default: 1 }, executedNodes: ["flow", "a", "b"] });
    expect(result.context.executionId).toBe("exec_mine");
    expect(result.trace.executionId).toBe("exec_mine");
    expect(result.trace.nodes.map(({ nodeId, state }: never) => [nodeId, state])).toEqual([
      ["a", "completed"],
      ["b", "completed"],
    ]);
    const progress = result.trace.events.filter(({ type }: { type: string }) => type === "progress");
    expect(progress.length).toBeGreaterThan(0);
    for (const { data } of progress) expect(Object.keys(data)).not.toContain("allNodes");
  });

  it("and gets what its nodes warned of", async () => {
    const page = await start().open();
    const node = { id: "w", type: "warn", name: "W" };
    const { result } = await page.call("node", "execute", { node });
    expect(result).toMatchObject({ success: true, warnings: [{ rule: "odd", message: "this is odd", nodeId: "w" }] });
  });

  it("and one id stands in the run, in all events and in the answer", async () => {
    const page = await start().open();
    for (const event of EVENTS) await page.ask("listen", "node", event);
    const { result } = await page.call("node", "execute", { node: CHAIN });
    const { executionId } = result.context;
    expect(executionId).toMatch(/^exec_/);
    expect(new Set(page.heard.map(({ data }) => data.executionId))).toEqual(new Set([executionId]));
    expect(page.heard.map(({ name }) => name)).toEqual(["node.started", "node.progress", "node.completed"]);
    const [started] = page.named("node.started");
    expect(started).toEqual({ executionId, nodeId: "flow", nodeType: "group", timestamp: expect.any(Number) });
    const [completed] = page.named("node.completed");
    expect(completed).toMatchObject({ nodeId: "flow", output: { default: 1 }, timestamp: expect.any(Number) });
    expect(completed.result).toMatchObject({ success: true, data: { default: 1 }, executedNodes: ["flow", "a", "b"] });
    const [last] = page.named("node.progress");
    expect(last).toMatchObject({ nodeId: "", progress: 100, message: "All nodes completed" });
    expect(last.nodes).toMatchObject([
      { id: "a", name: "A", state: "completed" },
      { id: "b", name: "B", state: "completed" },
    ]);
    expect(last.graph).toEqual({
      executionOrder: [["a"], ["b"]],
      criticalPath: ["a", "b"],
      totalWeight: 200,
      maxParallelism: 1,
      edges: [{ from: "a", to: "b" }],
    });
  });

  it("and is told of its progress from the beginning, unless it is over at once", async () => {
    const page = await start().open();
    await page.ask("listen", "node", "progress");
    const node = { ...CHAIN, nodes: [{ id: "g", type: "gate", name: "Gate" }, CHAIN.nodes[1]], edges: [] };
    const running = page.call("node", "execute", { node });
    const first = await page.hears("node.progress");
    expect(first).toMatchObject({ nodeId: "", progress: 0, message: "Waiting to start..." });
    const next = await page.hears("node.progress", ({ nodeId }) => nodeId === "g");
    expect(next).toMatchObject({ message: "Executing: Gate" });
    expect(next.nodes).toMatchObject([{ state: "executing" }, { state: "pending" }]);
    gates.open("g", 1);
    await running;
    expect(page.named("node.progress").at(-1)).toMatchObject({ progress: 100, message: "All nodes completed" });
  });

  it("and a failure is told as an error, not as completed", async () => {
    const page = await start().open();
    for (const event of EVENTS) await page.ask("listen", "node", event);
    const node = { ...CHAIN, nodes: [CHAIN.nodes[0], { id: "b", type: "fail", name: "B" }] };
    const { result } = await page.call("node", "execute", { node });
    expect(result).toMatchObject({ success: false, error: { code: "EXECUTION_FAILED", message: "It broke" } });
    expect(result.error.timestamp).toBeInstanceOf(Date);
    expect(page.named("node.completed")).toEqual([]);
    expect(page.named("node.error")).toEqual([
      {
        executionId: result.context?.executionId ?? result.error.executionId,
        nodeId: "b",
        error: "It broke",
        code: "EXECUTION_FAILED",
        timestamp: expect.any(Number),
      },
    ]);
  });

  it("and dates, maps, bytes and undefined cross both ways", async () => {
    const page = await start().open();
    const input = {
      date: new Date(86_400_000),
      map: new Map<unknown, unknown>([["key", new Set([1, 2])]]),
      bytes: new Uint8Array([1, 2, 3]),
      buffer: Buffer.from("text"),
      nothing: undefined,
      big: 12n,
      pattern: /a+/g,
      error: new RangeError("kept"),
    };
    const { result } = await page.call("node", "execute", { node: { id: "a", type: "echo" }, context: { input } });
    expect(result.success).toBe(true);
    expect(result.data).toEqual(input);
    expect("nothing" in result.data).toBe(true);
    expect(result.data.map.get("key")).toEqual(new Set([1, 2]));
  });

  it("a hundred at once, each with its own answer", async () => {
    const page = await start().open();
    await page.ask("listen", "node", "completed");
    const list = Array.from({ length: 100 }, (_, value) => ({
      node: { id: `n${value}`, type: "value", parameters: { value } },
      context: { executionId: `exec_${value}` },
    }));
    const answers = await page.ask("callMany", "node", "execute", list);
    expect(answers.map(({ result }: { result: { data: number } }) => result.data)).toEqual(list.map((_, at) => at));
    const told = page.named("node.completed").map(({ executionId, output }) => [executionId, output]);
    expect(new Map(told)).toEqual(new Map(list.map((_, at) => [`exec_${at}`, at])));
  });

  it.each(Object.keys(STRANGE))("and an output with a %s is an error that names the place", async (kind) => {
    const page = await start().open();
    await page.ask("listen", "node", "error");
    const node = { id: "s", type: "strange", parameters: { kind } };
    const { result } = await page.call("node", "execute", { node });
    expect(result.success).toBe(false);
    expect(result.error.code).toBe("SERIALIZATION_FAILED");
    expect(result.error.message).toMatch(/: data[. ]/);
    expect(result.error.nodeId).toBe("s");
    expect(page.named("node.error")).toMatchObject([{ code: "SERIALIZATION_FAILED", nodeId: "s" }]);
  });

  it("and variables that cannot be cloned stay behind", async () => {
    const page = await start().open();
    const { result } = await page.call("node", "execute", { node: { id: "a", type: "leave" } });
    expect(result).toMatchObject({ success: true, data: 1 });
    expect(result.context.variables).toEqual({ count: 2 });
  });
});

describe("a page cancels", () => {
  it("a node that never settles, at once", async () => {
    const page = await start().open();
    for (const event of EVENTS) await page.ask("listen", "node", event);
    const running = page.call("node", "execute", {
      node: { id: "g", type: "gate" },
      context: { executionId: "exec_stop" },
    });
    await gates.reached("g");
    expect(await page.call("node", "cancel", "exec_stop")).toEqual({ result: { success: true } });
    const { result } = await running;
    expect(result).toMatchObject({ success: false, error: { code: "CANCELLED", executionId: "exec_stop" } });
    expect(page.named("node.cancelled")).toEqual([{ executionId: "exec_stop", timestamp: expect.any(Number) }]);
    expect(page.named("node.error")).toMatchObject([{ executionId: "exec_stop", code: "CANCELLED" }]);
    expect(page.named("node.completed")).toEqual([]);
  });

  it("what nobody knows, and is told so", async () => {
    const page = await start().open();
    expect(await page.call("node", "cancel", "exec_none")).toEqual({
      result: { success: false, error: "Execution not found" },
    });
    expect(await page.call("node", "cancel", 7)).toEqual({ result: { success: false, error: "Execution not found" } });
  });

  it("what the main process started itself", async () => {
    const { open, handler } = start();
    const page = await open();
    for (const event of EVENTS) await page.ask("listen", "node", event);
    const running = handler.conductor.node.run({ id: "g", type: "gate" }, { executionId: "exec_main" });
    await gates.reached("g");
    expect((await page.call("node", "active")).result).toMatchObject([{ executionId: "exec_main", nodeId: "g" }]);
    await page.call("node", "cancel", "exec_main");
    expect((await running).error?.code).toBe("CANCELLED");
    await page.hears("node.error", ({ executionId }) => executionId === "exec_main");
    expect(page.named("node.started")).toMatchObject([{ executionId: "exec_main", nodeId: "g" }]);
    expect(page.named("node.error")).toHaveLength(1);
  });
});

describe("windows", () => {
  it("are all told, and only the caller is answered", async () => {
    const { open } = start();
    const [one, other] = [await open(), await open()];
    await one.ask("listen", "node", "completed");
    await other.ask("listen", "node", "completed");
    const { result } = await one.call("node", "execute", { node: CHAIN });
    const { executionId } = result.context;
    expect(await other.hears("node.completed")).toMatchObject({ executionId });
    expect(one.named("node.completed")).toHaveLength(1);
  });

  it("that are closed or throw do not keep others from being told", async () => {
    const { open, handler } = start();
    const [gone, page] = [await open(), await open()];
    const thrower = {
      webContents: {
        send() {
          throw new Error("No window");
        },
      },
    };
    handler.trackWindow(thrower);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    await gone.kill();
    await page.ask("listen", "node", "completed");
    await page.call("node", "execute", { node: CHAIN });
    expect(page.named("node.completed")).toHaveLength(1);
    expect(warn).toHaveBeenCalledExactlyOnceWith('A window could not be told of "node:event:started": No window');
    warn.mockRestore();
  });

  it("that show a page from elsewhere are not told", async () => {
    const { open } = start();
    const [stranger, page] = [await open(), await open()];
    for (const window of [stranger, page]) await window.ask("listen", "node", "completed");
    stranger.frame = { url: "https://evil.example/", origin: "https://evil.example", parent: null };
    await page.call("node", "execute", { node: CHAIN });
    stranger.frame = { url: "file:///app/index.html", origin: "file://", parent: null };
    await page.call("node", "execute", { node: CHAIN, context: { executionId: "exec_2" } });
    await stranger.hears("node.completed", ({ executionId }) => executionId === "exec_2");
    expect(stranger.named("node.completed")).toHaveLength(1);
    expect(page.named("node.completed")).toHaveLength(2);
  });
});

describe("a page that is loaded anew", () => {
  it("finds its execution and gets its result", async () => {
    const { open } = start();
    const before = await open();
    const lost = before.call("node", "execute", {
      node: { id: "g", type: "gate" },
      context: { executionId: "exec_r" },
    });
    lost.catch(() => {});
    await gates.reached("g");
    await before.kill();
    await expect(lost).rejects.toThrow("The page is gone");

    const after = await open();
    expect((await after.call("node", "active")).result).toEqual([
      { executionId: "exec_r", nodeId: "g", startTime: expect.any(Number) },
    ]);
    const attached = after.call("node", "attach", { executionId: "exec_r" });
    // Answered in order: the attaching call is there when this one is.
    await after.call("node", "health");
    gates.open("g", "done");
    expect((await attached).result).toMatchObject({ success: true, data: "done" });
    expect((await after.call("node", "active")).result).toEqual([]);
    expect((await after.call("node", "attach", "exec_r")).result).toMatchObject({ success: true, data: "done" });
  });

  it("is told when there is nothing to attach to", async () => {
    const page = await start().open();
    expect(await page.call("node", "attach", { executionId: "exec_x" })).toEqual({
      error: "Execution exec_x not found",
      code: "NODE_NOT_FOUND",
      channelError: true,
    });
  });

  it("finds only as many results as are kept", async () => {
    const { open } = start({ keep: { results: 1 } });
    const page = await open();
    for (const executionId of ["exec_1", "exec_2"]) {
      await page.call("node", "execute", { node: { id: "a", type: "echo" }, context: { executionId } });
    }
    expect((await page.call("node", "attach", "exec_1")).error).toContain("not found");
    expect((await page.call("node", "attach", "exec_2")).result.success).toBe(true);
  });
});
