/** Views of runs for many who follow them, and what the other side may tell of one. */
import { createConductor } from "@atomiton/conductor/desktop";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Conductor } from "../src/api/conductor.js";
import { RemoteView } from "../src/api/remote-view.js";
import type { StoreFeed } from "../src/api/store.js";
import type { NodeExecutorFactory } from "../src/engine/executables.js";
import { RunView } from "../src/engine/view.js";
import type { NodeApi } from "../src/services/node.js";
import { LONGEST_ID } from "../src/services/schemas.js";
import { TransportError } from "../src/transports/failure.js";
import type { LiveView } from "../src/types/live-view.js";
import { keyOf, serving } from "./server/serving.js";
import { gate } from "./worker/workers.js";

interface Told {
  progress(percent: number): void;
}

/** A conductor of this process whose only node does `work`. */
function local(work: (told: Told) => unknown) {
  const nodeExecutorFactory: NodeExecutorFactory = { getNodeExecutable: () => ({ execute: work as never }) };
  const conductor = createConductor({ transport: "local", nodeExecutorFactory });
  onTestFinished(() => conductor.shutdown());
  const run = (executionId: string) =>
    conductor.node.run({ id: "a", type: "any", name: "A" } as never, { executionId });
  return { conductor, run, view: conductor.node.view };
}

/** One whose node waits, and tells its progress meanwhile. */
function held() {
  const [go, begun] = [gate(), gate()];
  let progress: Told["progress"] = () => {};
  const made = local(async (told) => {
    progress = told.progress;
    begun.open();
    await go.passed;
  });
  return { ...made, begun: begun.passed, letGo: () => go.open(), tell: (percent: number) => progress(percent) };
}

function withFakeTime() {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
}

describe("many who follow one run", () => {
  it("wait for one signal by one listener, and are answered when it fires", async () => {
    const { run, view, begun, letGo } = held();
    const warned = vi.fn();
    process.on("warning", warned);
    onTestFinished(() => void process.off("warning", warned));
    const running = run("mine");
    await begun;
    const { cursor } = await view("mine");
    const ending = new AbortController();
    const listening = vi.spyOn(ending.signal, "addEventListener");
    await view("later", "");
    const waiting = Array.from({ length: 200 }, (_, index) =>
      index % 2 === 0 ? view("mine", cursor, ending.signal) : view("later", undefined, ending.signal),
    );
    // Questions are under way once one that was asked later is answered.
    await view("none");
    expect(listening).toHaveBeenCalledTimes(1);
    ending.abort();
    const answers = await Promise.all(waiting);
    expect(new Set(answers.map(({ changes }) => changes))).toEqual(new Set([undefined]));
    expect(new Set(answers.map((answer) => answer.cursor))).toEqual(new Set([cursor, ""]));
    expect(warned).not.toHaveBeenCalled();
    letGo();
    await running;
  });

  it("are told the whole view that was made once for the pace", async () => {
    withFakeTime();
    const { run, view, begun, letGo, tell } = held();
    const running = run("mine");
    await begun;
    const numbers = vi.spyOn(RunView.prototype, "numbers");
    onTestFinished(() => numbers.mockRestore());
    const first = await view("mine");
    for (let asked = 0; asked < 50; asked++)
      expect((await view("mine", `made-up:${asked}`)).shape).toEqual(first.shape);
    expect(numbers).toHaveBeenCalledTimes(1);
    // What came since it was made is told as changes.
    tell(30);
    const { cursor, numbers: told } = await view("mine", "made-up");
    expect([told, numbers.mock.calls.length]).toEqual([first.numbers, 1]);
    const news = view("mine", cursor);
    await vi.advanceTimersByTimeAsync(50);
    expect((await news).changes).toHaveLength(4);
    const { numbers: later } = await view("mine", "made-up");
    expect([numbers.mock.calls.length, later?.[5]]).toEqual([2, 30]);
    letGo();
    await running;
  });

  it("are told changes where they are up to date, however many came before", async () => {
    withFakeTime();
    const { run, view, begun, letGo, tell } = held();
    const running = run("mine");
    await begun;
    const { cursor: early } = await view("mine");
    for (let count = 1; count <= 9_998; count++) tell(count % 90);
    const asked = view("mine", early);
    await vi.advanceTimersByTimeAsync(50);
    const { cursor, changes = [] } = await asked;
    expect(changes.length / 4).toBeGreaterThan(9_000);
    for (let count = 1; count <= 10; count++) tell(count);
    const news = view("mine", cursor);
    const behind = view("mine", early);
    await vi.advanceTimersByTimeAsync(50);
    expect((await news).changes).toHaveLength(40);
    const whole = await behind;
    expect([whole.changes, whole.shape, whole.numbers?.[5]]).toEqual([undefined, undefined, 10]);
    // A cursor between two changes is refused.
    expect((await view("mine", `${cursor.split(":")[0]}:9999.5`)).numbers).toHaveLength(whole.numbers?.length ?? 0);
    letGo();
    await running;
  });
});

describe("what is kept of views", () => {
  it("of a run that ends after its followers left is forgotten after its grace", async () => {
    withFakeTime();
    const { run, view, begun, letGo } = held();
    const running = run("mine");
    await begun;
    const { cursor } = await view("mine");
    const asked = view("mine", cursor);
    await vi.advanceTimersByTimeAsync(60_000);
    await asked;
    letGo();
    await vi.advanceTimersByTimeAsync(0);
    await running;
    await vi.advanceTimersByTimeAsync(29_000);
    // The grace begins at the end, and anew after a question.
    expect(await view("mine", cursor)).toMatchObject({ end: { hasSucceeded: true } });
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await view("mine", cursor)).toEqual({ cursor: "" });

    const { run: again, view: viewAgain, begun: begunAgain, letGo: end } = held();
    const other = again("other");
    await begunAgain;
    await viewAgain("other");
    await vi.advanceTimersByTimeAsync(60_000);
    end();
    await vi.advanceTimersByTimeAsync(0);
    await other;
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await viewAgain("other")).toEqual({ cursor: "" });
  });

  it("is bounded by nodes and changes, and what ended last stays", async () => {
    const { run, view } = local(({ progress }) => {
      for (let count = 1; count <= 10_000; count++) progress(count % 90);
    });
    for (let count = 0; count < 45; count++) {
      await view(`run-${count}`, "");
      const first = view(`run-${count}`);
      const running = run(`run-${count}`);
      await first;
      await running;
    }
    const kept: number[] = [];
    for (let count = 0; count < 45; count++) if ((await view(`run-${count}`, "made-up")).end) kept.push(count);
    expect(kept.length).toBeGreaterThan(15);
    expect(kept.length).toBeLessThan(44);
    expect(kept).toEqual(Array.from(kept, (_, index) => 45 - kept.length + index));
  });

  it("is nothing of ids that are longer than any, and of questions beyond a bound", async () => {
    const { post } = await serving();
    expect((await post("viewer", "/node/view", { executionId: "x".repeat(LONGEST_ID + 1), after: "" })).status).toBe(
      422,
    );
    expect((await post("viewer", "/node/view", { executionId: "x".repeat(LONGEST_ID), after: "" })).status).toBe(200);

    const { conductor, view } = local(() => undefined);
    await view("none", "");
    const waiting = Array.from({ length: 10_000 }, () => view("none"));
    expect(await view("none")).toEqual({ cursor: "" });
    await conductor.shutdown();
    expect((await Promise.all(waiting)).length).toBe(10_000);
  });

  it("is told of an execution from its beginning as long as that is asked for", async () => {
    withFakeTime();
    const { run, view, letGo } = held();
    await view("mine", "");
    for (let asked = 0; asked < 3; asked++) {
      const waiting = view("mine");
      await vi.advanceTimersByTimeAsync(20_000);
      expect(await waiting).toEqual({ cursor: "" });
    }
    await vi.advanceTimersByTimeAsync(29_000);
    const running = run("mine");
    await vi.advanceTimersByTimeAsync(0);
    const { shape, numbers } = await view("mine");
    // As it was before anything began.
    expect([shape?.nodes.length, numbers?.[4]]).toEqual([1, 0]);
    letGo();
    await running;
  });
});

/** Conductors at a server whose runs fail or succeed at once. */
async function atServer(transport: "http" | "websocket") {
  const nodeExecutorFactory: NodeExecutorFactory = {
    getNodeExecutable: (type) => ({
      execute: () => {
        if (type === "fails") throw new Error("it fails");
      },
    }),
  };
  const { apiUrl, conductor: there } = await serving({}, undefined, { nodeExecutorFactory });
  const conductor = createConductor({ transport, apiUrl, key: keyOf("runner"), logLevel: "silent" });
  onTestFinished(() => conductor.shutdown());
  return { conductor: conductor as Conductor, there };
}

describe.each(["http", "websocket"] as const)("over %s", (transport) => {
  it("a run that fails at once is shown with the node that failed", async () => {
    const { conductor } = await atServer(transport);
    const { store } = conductor.node;
    store.getState();
    const nodes = [
      { id: "good", type: "does", name: "Good" },
      { id: "bad", type: "fails", name: "Bad" },
    ];
    const edges = [{ id: "1", source: "good", target: "bad" }];
    const { success } = await conductor.node.run({ id: "f", type: "group", nodes, edges } as never);
    expect(success).toBe(false);
    expect(store.getState().isExecuting).toBe(false);
    expect(store.getState().nodes.get("good")?.state).toBe("completed");
    expect(store.getState().nodes.get("bad")).toMatchObject({ state: "error", error: "it fails" });
  });

  it("what was over long ago waits for nothing, and leaves no question open", async () => {
    const { conductor, there } = await atServer(transport);
    const node = { id: "a", type: "does", name: "A" } as never;
    await there.node.run(node, { executionId: "old" });
    const fetching = vi.spyOn(globalThis, "fetch");
    onTestFinished(() => fetching.mockRestore());
    conductor.node.store.getState();
    const begun = performance.now();
    const result = await conductor.executions.result("old");
    const took = performance.now() - begun;
    expect(result.success).toBe(true);
    // The grace of a second is for what the other side knows.
    expect(took).toBeLessThan(900);
    expect(conductor.node.store.getState().isExecuting).toBe(false);
    const signals = fetching.mock.calls
      .filter(([address]) => String(address).endsWith("/node/view"))
      .map(([, init]) => init?.signal);
    if (transport === "http") {
      expect(signals.length).toBeGreaterThan(1);
      // The one that waited was ended, those that were answered were not.
      expect(signals.filter((signal) => signal?.aborted)).toHaveLength(1);
    }
  });

  it("a question ends with its signal", async () => {
    const { conductor } = await atServer(transport);
    await conductor.node.view("none", "");
    const ending = new AbortController();
    const waiting = conductor.node.view("none", undefined, ending.signal);
    ending.abort();
    await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
    await expect(conductor.node.view("none", undefined, ending.signal)).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

/** A store that is looked at, and what it is told. */
function feed() {
  const shown: RunView[] = [];
  const missed = vi.fn();
  const store = {
    isWatched: true,
    show: (view: RunView) => void shown.push(view),
    missed,
    changed() {},
    stepped() {},
  } as unknown as StoreFeed;
  return { store, shown, missed };
}

/** The first view of a run of one node. */
async function firstView(): Promise<LiveView> {
  const { run, view } = local(() => undefined);
  await view("mine", "");
  const first = view("mine");
  await run("mine");
  return JSON.parse(JSON.stringify(await first));
}

describe("who follows", () => {
  it.each([
    ["numbers of another run", (view: LiveView) => ({ ...view, numbers: [...(view.numbers ?? []), 1] })],
    ["too few numbers", (view: LiveView) => ({ ...view, numbers: [] })],
    ["a node of half a number", ({ cursor }: LiveView) => ({ cursor, changes: [0.5, 1, 0, 0] })],
    ["a node before the first", ({ cursor }: LiveView) => ({ cursor, changes: [-1, 1, 0, 0] })],
    ["a node that is missing", ({ cursor }: LiveView) => ({ cursor, changes: [null, 1, 0, 0] as never })],
  ])("refuses %s, and says so", async (_what, strange) => {
    const first = await firstView();
    const { store, shown } = feed();
    const failed = vi.fn();
    const answers: LiveView[] = [{ cursor: "" }, first, strange(first)];
    const view = new RemoteView("mine", async () => answers.shift() ?? { cursor: "" }, store, failed);
    view.look();
    await vi.waitFor(() => expect(failed).toHaveBeenCalledTimes(1));
    expect(failed.mock.calls[0]?.[0]).toMatchObject({ code: "DESERIALIZATION_FAILED" });
    // What was shown before can still be looked at.
    expect(shown).toHaveLength(1);
    expect(shown[0]?.state().executionId).toBe("mine");
    await view.ended({ success: true });
  });

  it("shows nothing of a first view that is strange, and that it is over", async () => {
    const first = await firstView();
    const { store, shown, missed } = feed();
    const failed = vi.fn();
    const answers: LiveView[] = [{ cursor: "" }, { ...first, numbers: [1, 2, 3] }];
    const view = new RemoteView("mine", async () => answers.shift() ?? { cursor: "" }, store, failed);
    view.look();
    await vi.waitFor(() => expect(failed).toHaveBeenCalledTimes(1));
    await view.ended({ success: true });
    expect([shown.length, missed.mock.calls.length]).toEqual([0, 1]);
  });

  it.each([
    ["nothing", async () => ({ cursor: "" })],
    ["the same", async () => ({ cursor: "a:1" })],
    ["an error", async () => Promise.reject(new TransportError("TRANSPORT_ERROR", "away"))],
  ] as [string, NodeApi["view"]][])(
    "asks less and less often where %s comes at once, however often it looks",
    async (_what, answer) => {
      withFakeTime();
      const { store } = feed();
      const ask = vi.fn(answer);
      const view = new RemoteView("mine", ask, store, vi.fn());
      for (let ms = 0; ms < 10_000; ms += 10) {
        view.look();
        await vi.advanceTimersByTimeAsync(10);
      }
      // 100, 200, 400 … 5000 ms.
      expect(ask.mock.calls.length).toBeLessThan(12);
      expect(ask.mock.calls.length).toBeGreaterThan(5);
      view.stop();
    },
  );
});
