/** `node.store` follows every step of a run, wherever that is carried out. */
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { createConductor as createPageConductor } from "@atomiton/conductor/browser";
import { createConductor } from "@atomiton/conductor/desktop";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Conductor } from "../src/api/conductor.js";
import { createMainProcessSetup } from "../src/desktop/main-process.js";
import type { NodeExecutorFactory } from "../src/engine/executables.js";
import { FakeApp } from "./desktop/process/application.js";
import { MainIpc } from "./desktop/process/main.js";
import { keyOf, serving } from "./server/serving.js";
import { gate, inWorkers } from "./worker/workers.js";

afterEach(() => vi.unstubAllGlobals());

const leaf = (id: string, type: string, policy?: object) => ({
  id,
  type,
  name: `The ${id}`,
  ...(policy && { policy }),
});

/** A flow with all that can happen to nodes. */
const FLOW = {
  id: "flow",
  type: "group",
  nodes: [
    leaf("says", "says"),
    leaf("again", "again", { retries: 1, retryDelay: 1 }),
    { id: "inner", type: "group", nodes: [leaf("one", "plain"), leaf("two", "plain")] },
    leaf("fails", "fails", { continueOnError: true }),
    leaf("last", "plain"),
  ],
  edges: [
    { id: "1", source: "says", target: "again" },
    { id: "2", source: "again", target: "inner" },
    { id: "3", source: "inner", target: "last" },
  ],
} as never;

/** What a node says of its progress: percents that no animation has. */
const SAID = [11, 33, 67];

/** What its nodes do; `held` waits until it is let go. */
function bodies() {
  const held = gate();
  const begun = gate();
  let tries = 0;
  const all: Record<string, (params: { progress(percent: number, message?: string): void }) => unknown> = {
    plain: () => "done",
    says: ({ progress }) => {
      for (const percent of SAID) progress(percent, `at ${percent}`);
      return "said";
    },
    again: () => {
      if (tries++ % 2 === 0) throw new Error("not yet");
      return "now";
    },
    fails: () => {
      throw new Error("it fails");
    },
    held: async ({ progress }) => {
      progress(40, "holding");
      begun.open();
      await held.passed;
      return "held";
    },
  };
  const factory: NodeExecutorFactory = {
    getNodeExecutable: (type) => (all[type] === undefined ? undefined : { execute: all[type] as never }),
  };
  return { factory, begun: begun.passed, letGo: () => held.open() };
}

/** A conductor whose runs are carried out elsewhere, and the conductor that does. */
type Elsewhere = (factory: NodeExecutorFactory) => Promise<{ conductor: Conductor; there?: Conductor }>;

async function atServer(transport: "websocket" | "http", factory: NodeExecutorFactory) {
  const { conductor: there, apiUrl } = await serving({}, undefined, { nodeExecutorFactory: factory });
  const conductor = createConductor({ transport, apiUrl, key: keyOf("runner") });
  onTestFinished(() => conductor.shutdown());
  return { conductor, there };
}

const WAYS: Record<string, Elsewhere> = {
  "over a WebSocket": (factory) => atServer("websocket", factory),
  "over HTTP": (factory) => atServer("http", factory),
  async "over Electron's IPC"(factory) {
    const ipc = new MainIpc();
    const setup = createMainProcessSetup((config) => createConductor({ ...config, nodeExecutorFactory: factory }));
    const handler = setup({ ipcMain: ipc, app: new FakeApp() });
    const call = async (channel: string, command: string, args: unknown) =>
      structuredClone(await ipc.invoke({}, `${channel}:call`, [command, structuredClone(args)]));
    vi.stubGlobal("window", { atomiton: { __bridge__: { call, listen: () => () => {} } } });
    const conductor = createPageConductor({ transport: "ipc" });
    onTestFinished(async () => {
      await conductor.shutdown();
      await handler.cleanup();
    });
    return { conductor: conductor as Conductor, there: handler.conductor as Conductor };
  },
  "in a worker": async (factory) => ({ conductor: inWorkers({ nodeExecutorFactory: factory }).conductor as Conductor }),
};

/** What subscribers see of each node, one after the other. */
function steps({ node: { store } }: Conductor) {
  const seen: Record<string, string[]> = {};
  const states: ReturnType<typeof store.getState>[] = [];
  store.subscribe((state) => {
    states.push(state);
    const see = (nodes: Iterable<typeof state.nodes extends Map<string, infer Node> ? Node : never>) => {
      for (const node of nodes) {
        seen[node.id] ??= [];
        const list = seen[node.id] as string[];
        // Between what a node says of its progress its animation goes by the time.
        const said = node.id === "says" && SAID.includes(node.progress) ? node.progress : "";
        if (node.id === "says" && node.state === "executing" && said === "") continue;
        const now = `${node.state} ${said} ${node.error ?? ""}`;
        if (list.at(-1) !== now) list.push(now);
        see(node.nodes ?? []);
      }
    };
    see(state.nodes.values());
  });
  return { seen, states };
}

/** A state without what differs from run to run. */
function timeless({
  nodes,
  startTime,
  endTime,
  executionId,
  criticalPath: _,
  ...rest
}: ReturnType<Conductor["node"]["store"]["getState"]>) {
  expect(endTime as number).toBeGreaterThanOrEqual(startTime as number);
  type Node = typeof nodes extends Map<string, infer N> ? N : never;
  const without = ({
    startTime: start,
    endTime: end,
    duration,
    progress,
    nodes: inner,
    attempts,
    message,
    ...node
  }: Node): object => ({
    ...node,
    // How far the animation of one that failed was depends on the time.
    message: node.state === "error" ? typeof message : message,
    percent: node.state === "completed" ? progress : undefined,
    tries: attempts?.number,
    hasTimes: [start, end].map((time) => typeof time),
    ...(inner && { nodes: inner.map(without) }),
  });
  return { ...rest, nodes: [...nodes.values()].map(without) };
}

describe.each(Object.entries(WAYS))("a run %s", (_way, elsewhere) => {
  it("is seen step by step as one of this process is", async () => {
    const here = createConductor({ transport: "local", nodeExecutorFactory: bodies().factory });
    const expected = steps(here);
    await here.node.run(FLOW);

    const { conductor } = await elsewhere(bodies().factory);
    const { seen, states } = steps(conductor);
    const result = await conductor.node.run(FLOW, { executionId: "mine" });
    expect(result.success).toBe(true);
    // All of it is told before the run is over for its caller.
    expect(conductor.node.store.getState()).toBe(states.at(-1));
    expect(seen).toEqual(expected.seen);
    expect(timeless(conductor.node.store.getState())).toEqual(timeless(here.node.store.getState()));
    expect(conductor.node.store.getState().executionId).toBe("mine");
    expect(conductor.node.store.getTrace()?.nodes.length).toBe(here.node.store.getTrace()?.nodes.length);
  });

  it("is seen by who only looks, and while it is paused", async () => {
    const { factory, begun, letGo } = bodies();
    const { conductor } = await elsewhere(factory);
    conductor.node.store.getState();
    const flow = { id: "f", type: "group", nodes: [leaf("a", "held"), leaf("b", "plain")] } as never;
    const running = conductor.node.run(flow, { executionId: "mine" });
    await begun;
    const node = (id: string) => conductor.node.store.getState().nodes.get(id);
    await vi.waitFor(() => expect(node("a")).toMatchObject({ state: "executing", progress: 40, message: "holding" }));
    await conductor.node.pause("mine");
    await vi.waitFor(() => expect(conductor.node.store.getState().isPaused).toBe(true));
    await conductor.node.resume("mine");
    letGo();
    expect((await running).success).toBe(true);
    expect(node("b")).toMatchObject({ state: "completed", progress: 100 });
    expect(conductor.node.store.getState().isExecuting).toBe(false);
  });
});

/** A flow of one node that is held, with one after it. */
const HELD = { id: "f", type: "group", nodes: [leaf("a", "held"), leaf("b", "plain")] } as never;

/** The way to a port, which can be cut. */
async function cuttable(port: number) {
  const open = new Set<Socket>();
  const server = createTcpServer((client) => {
    const there = connect(port, "127.0.0.1");
    for (const socket of [client, there]) {
      open.add(socket);
      socket.on("error", () => {}).on("close", () => open.delete(socket));
    }
    client.pipe(there).pipe(client);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return { apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`, cut };
}

describe("at a server", () => {
  it("nothing is missed where the connection breaks meanwhile", async () => {
    const { factory, begun, letGo } = bodies();
    const { port } = await serving({}, undefined, { nodeExecutorFactory: factory });
    const { apiUrl, cut } = await cuttable(port);
    const conductor = createConductor({ transport: "websocket", apiUrl, key: keyOf("runner"), logLevel: "silent" });
    onTestFinished(() => conductor.shutdown());
    const { seen } = steps(conductor);
    const running = conductor.node.run(HELD, { executionId: "mine" });
    await begun;
    await vi.waitFor(() => expect(seen.a?.at(-1)).toContain("executing"));
    cut();
    letGo();
    expect((await running).success).toBe(true);
    await vi.waitFor(() => expect(conductor.node.store.getState().isExecuting).toBe(false));
    expect(seen).toEqual({
      a: ["pending  ", "executing  ", "completed  "],
      b: ["pending  ", "executing  ", "completed  "],
    });
  });

  it("a viewer sees the run of another caller by attaching to it, strangers and callers for other flows see nothing", async () => {
    const { factory, begun, letGo } = bodies();
    const { apiUrl, post } = await serving({}, undefined, { nodeExecutorFactory: factory });
    const running = post("runner", "/node/execute", { node: HELD, context: { executionId: "mine" } });
    await begun;
    const conductor = createConductor({ transport: "websocket", apiUrl, key: keyOf("viewer") });
    onTestFinished(() => conductor.shutdown());
    conductor.node.store.getState();
    const attached = conductor.node.attach("mine");
    await vi.waitFor(() => expect(conductor.node.store.getState().nodes.get("a")?.progress).toBe(40));
    expect((await post(null, "/node/view", { executionId: "mine" })).status).toBe(401);
    letGo();
    expect((await attached).data).toBe("done");
    expect(conductor.node.store.getState().nodes.get("b")?.state).toBe("completed");
    expect((await running).status).toBe(200);

    const ofOthers = await serving({ authenticate: () => ({ name: "few", role: "runner", flows: ["other"] }) });
    expect((await ofOthers.post("runner", "/node/view", { executionId: "mine" })).status).toBe(403);
    expect((await post("viewer", "/node/view", { executionId: 1 })).status).toBe(422);
  });

  it("who waits for news does not hold up its end", async () => {
    const { apiUrl, close } = await serving();
    const conductor = createConductor({ transport: "websocket", apiUrl, key: keyOf("viewer") });
    onTestFinished(() => conductor.shutdown());
    await conductor.node.view("none", "");
    const waiting = conductor.node.view("none");
    // What comes after it is answered.
    await conductor.node.active();
    await Promise.all([close(60_000), waiting.then((news) => expect(news).toEqual({ cursor: "" }))]);
  });

  it("that cannot tell, runs go on, and it is said once", async () => {
    const { factory } = bodies();
    const { apiUrl } = await serving({}, undefined, { nodeExecutorFactory: factory });
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const fetching = fetch;
    vi.stubGlobal("fetch", (address: string, init: RequestInit) =>
      fetching(String(address).replace("/node/view", "/node/unknown"), init),
    );
    const conductor = createConductor({ transport: "http", apiUrl, key: keyOf("runner") });
    onTestFinished(() => conductor.shutdown());
    conductor.node.store.getState();
    for (const executionId of ["one", "two"]) {
      expect((await conductor.node.run(FLOW, { executionId })).success).toBe(true);
      const { isExecuting, executionId: shown, nodes } = conductor.node.store.getState();
      expect([isExecuting, shown, nodes.size]).toEqual([false, executionId, 0]);
    }
    const said = warn.mock.calls.map(String).filter((text) => text.includes("node.store"));
    expect(said).toEqual([expect.stringContaining("cannot follow executions where they run now")]);
  });

  it("a run that was over before the first look is not followed, which is said", async () => {
    const { factory } = bodies();
    const { conductor } = await atServer("websocket", factory);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    await conductor.node.run(FLOW);
    expect(conductor.node.store.getState()).toMatchObject({ isExecuting: false });
    conductor.node.store.getState();
    expect(warn.mock.calls.map(String)).toEqual([expect.stringContaining("first looked at")]);
    await conductor.node.run(FLOW);
    expect(conductor.node.store.getState().nodes.get("last")?.state).toBe("completed");
  });

  it("a stored flow is followed as well", async () => {
    const { factory } = bodies();
    const { conductor, there } = await atServer("http", factory);
    await there.storage.saveFlow({ ...(FLOW as object), id: "stored" } as never);
    const { seen } = steps(conductor);
    expect((await conductor.execute({ flowId: "stored" })).success).toBe(true);
    expect(seen.two).toEqual(["pending  ", "executing  ", "completed  "]);
  });
});

describe("the view of a run", () => {
  const local = () => {
    const { factory, begun, letGo } = bodies();
    const conductor = createConductor({ transport: "local", nodeExecutorFactory: factory });
    onTestFinished(() => conductor.shutdown());
    return { conductor, begun, letGo };
  };

  it("is told as changes since a cursor, and as a whole to who missed too many of them", async () => {
    const kept = gate();
    const go = gate();
    const execute = async ({ progress }: { progress(percent: number): void }) => {
      await go.passed;
      for (let at = 1; at <= 12_000; at++) progress(at % 100);
      await kept.passed;
    };
    const conductor = createConductor({
      transport: "local",
      nodeExecutorFactory: { getNodeExecutable: () => ({ execute }) },
    });
    onTestFinished(() => conductor.shutdown());
    await conductor.node.view("mine", "");
    const early = conductor.node.view("mine");
    const running = conductor.node.run(leaf("a", "counts") as never, { executionId: "mine" });
    const { cursor, shape, numbers } = await early;
    expect([shape?.nodes.length, numbers?.[0]]).toEqual([1, 0]);
    const { changes = [], cursor: begun } = await conductor.node.view("mine", cursor);
    expect(changes.length % 4).toBe(0);
    go.open();
    await conductor.node.view("mine", begun);
    const late = await conductor.node.view("mine", cursor);
    expect(late.changes).toBeUndefined();
    expect(late.numbers?.[5]).toBe(12_000 % 100);
    kept.open();
    await running;
    const { end, cursor: last } = await conductor.node.view("mine", late.cursor);
    expect(end?.hasSucceeded).toBe(true);
    // Who asks again is told again, and who comes now is told all.
    expect((await conductor.node.view("mine", last)).end).toEqual(end);
    expect(await conductor.node.view("mine", "other:1")).toMatchObject({ end, shape: { edges: 0 } });
  });

  it("costs nothing any more once it is not asked for, and is forgotten in the end", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { conductor, begun, letGo } = local();
    await conductor.node.view("mine", "");
    const first = conductor.node.view("mine");
    const running = conductor.node.run(HELD, { executionId: "mine" });
    const { cursor } = await first;
    await begun;
    await vi.advanceTimersByTimeAsync(31_000);
    letGo();
    await vi.advanceTimersByTimeAsync(0);
    await running;
    // Of what came meanwhile there are no changes.
    const news = await conductor.node.view("mine", cursor);
    expect(news).toMatchObject({ end: { hasSucceeded: true }, numbers: expect.any(Array) });
    // The shape is known to those who have a cursor.
    expect([news.changes, news.shape]).toEqual([undefined, undefined]);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await conductor.node.view("mine", cursor)).toEqual({ cursor: "" });
  });

  it("is not told of what is not there, and no longer than it is waited for", async () => {
    const { conductor } = local();
    expect(await conductor.node.view("none", undefined, AbortSignal.abort())).toEqual({ cursor: "" });
    expect(await conductor.node.view("none")).toEqual({ cursor: "" });
    const ending = new AbortController();
    await conductor.node.view("none", "");
    const waiting = conductor.node.view("none", undefined, ending.signal);
    ending.abort();
    expect(await waiting).toEqual({ cursor: "" });
    const atEnd = conductor.node.view("none");
    await conductor.shutdown();
    expect(await atEnd).toEqual({ cursor: "" });
  });
});
