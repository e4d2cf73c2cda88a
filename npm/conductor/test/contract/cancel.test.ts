import { afterEach, describe, expect, it, vi } from "vitest";
import {
  chain,
  conductorWith,
  type Definition,
  HeldNodes,
  independent,
  leaf,
  nested,
  type Params,
  pass,
  stopClock,
  turns,
  watch,
} from "./flows";

afterEach(() => vi.useRealTimers());

async function begin(definition: Definition, config: Record<string, unknown> = {}) {
  const held = new HeldNodes();
  const conductor = conductorWith(held.body, config);
  const run = watch(conductor.node.run(definition, { executionId: "exec_1" }));
  await turns();
  return { held, run, conductor };
}

describe("cancelling a run", () => {
  it("ends it at once, though its node never answers", async () => {
    const { run, conductor } = await begin(leaf("a"));
    await conductor.node.cancel("exec_1");
    await turns();
    expect(run.value).toMatchObject({
      success: false,
      error: {
        code: "CANCELLED",
        executionId: "exec_1",
        timestamp: expect.any(Date),
        recovery: { retryable: false },
      },
    });
    expect(run.value?.error?.message).toMatch(/\S/);
  });

  it("fires the signal of what is running", async () => {
    const { held, conductor } = await begin(nested());
    const signal = held.params.get("a")?.signal;
    const aborted = vi.fn();
    signal?.addEventListener("abort", aborted);
    expect(signal?.aborted).toBe(false);
    await conductor.node.cancel("exec_1");
    expect(signal?.aborted).toBe(true);
    expect(aborted).toHaveBeenCalledOnce();
  });

  it("shows an aborted signal to a node that looks only afterwards", async () => {
    const { held, conductor } = await begin(leaf("a"));
    await conductor.node.cancel("exec_1");
    expect(held.params.get("a")?.signal.aborted).toBe(true);
  });

  it("fires all signals when several nodes are running", async () => {
    const { held, conductor } = await begin(independent("a", "b", "c"), { concurrency: 3 });
    const signals = ["a", "b", "c"].map((id) => held.params.get(id)?.signal);
    await conductor.node.cancel("exec_1");
    expect(signals.map((signal) => signal?.aborted)).toEqual([true, true, true]);
  });

  it("starts no further node", async () => {
    const { held, conductor } = await begin(chain(3));
    await conductor.node.cancel("exec_1");
    await held.finish("n1");
    expect(held.started).toEqual(["n1"]);
  });

  it("ignores what a node answers afterwards", async () => {
    const { held, run, conductor } = await begin(independent("a", "b"), { concurrency: 2 });
    await conductor.node.cancel("exec_1");
    await turns();
    const before = run.value;
    const state = conductor.node.store.getState();
    const events = vi.fn();
    conductor.events.onProgress(events);
    conductor.events.onCompleted(events);
    conductor.events.onError(events);
    held.params.get("a")?.progress(70);
    await held.finish("a", "late");
    await held.fail("b", new Error("late"));
    expect(run.value).toBe(before);
    expect(run.value?.error?.code).toBe("CANCELLED");
    expect(conductor.node.store.getState()).toBe(state);
    expect(events).not.toHaveBeenCalled();
  });

  it("is announced by one error event", async () => {
    const { conductor } = await begin(leaf("a"));
    const failed = vi.fn();
    const completed = vi.fn();
    conductor.events.onError(failed);
    conductor.events.onCompleted(completed);
    await conductor.node.cancel("exec_1");
    await conductor.node.cancel("exec_1");
    await turns();
    expect(failed).toHaveBeenCalledOnce();
    expect(failed.mock.calls[0]?.[0]).toMatchObject({
      executionId: "exec_1",
      error: expect.any(Error),
    });
    expect(completed).not.toHaveBeenCalled();
  });

  it("puts the store at rest", async () => {
    const { conductor } = await begin(nested());
    await conductor.node.cancel("exec_1");
    await turns();
    expect(conductor.node.store.getState()).toMatchObject({
      isExecuting: false,
      endTime: expect.any(Number),
    });
  });

  it("works in the same turn as the start", async () => {
    const body = vi.fn(() => new Promise(() => undefined));
    const conductor = conductorWith(body);
    const run = watch(conductor.node.run(chain(2), { executionId: "exec_1" }));
    await conductor.node.cancel("exec_1");
    await turns();
    expect(run.value?.error?.code).toBe("CANCELLED");
    expect(body.mock.calls.length).toBeLessThanOrEqual(1);
  });

  it("works from inside a node", async () => {
    const conductor = conductorWith(async () => {
      await conductor.node.cancel("exec_1");
      return "too late";
    });
    const result = await conductor.node.run(chain(2), { executionId: "exec_1" });
    expect(result).toMatchObject({ success: false, error: { code: "CANCELLED" } });
  });

  it("works while a node waits to be tried again", async () => {
    stopClock();
    const conductor = conductorWith(() => {
      throw new Error("boom");
    });
    const retrying = watch(conductor.node.run(leaf("a", { parameters: { retries: 5 } }), { executionId: "exec_1" }));
    await pass(10);
    expect(retrying.settled).toBe(false);
    await conductor.node.cancel("exec_1");
    await turns();
    expect(retrying.value?.error?.code).toBe("CANCELLED");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("works while a node shows itself in slow motion", async () => {
    stopClock();
    const patient = conductorWith();
    const shown = watch(patient.node.run(leaf("a"), { executionId: "exec_3", slowMo: 1000 }));
    await pass(10);
    expect(shown.settled).toBe(false);
    await patient.node.cancel("exec_3");
    await turns();
    expect(shown.value?.error?.code).toBe("CANCELLED");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("works with the generated id that the started event tells", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    let id = "";
    conductor.events.onStarted(({ executionId }) => {
      id = executionId;
    });
    const run = watch(conductor.node.run(leaf("a")));
    await turns();
    await conductor.node.cancel(id);
    await turns();
    expect(run.value?.error?.code).toBe("CANCELLED");
  });

  it("works through a detached function", async () => {
    const { run, conductor } = await begin(leaf("a"));
    const { cancel } = conductor.node;
    await cancel("exec_1");
    await turns();
    expect(run.value?.error?.code).toBe("CANCELLED");
  });

  it("leaves other runs alone", async () => {
    const { held, run, conductor } = await begin(leaf("a"));
    const other = watch(conductor.node.run(leaf("b"), { executionId: "exec_2" }));
    await turns();
    await conductor.node.cancel("exec_1");
    expect(held.params.get("b")?.signal.aborted).toBe(false);
    await held.finish("b");
    expect(run.value?.error?.code).toBe("CANCELLED");
    expect(other.value?.success).toBe(true);
  });

  it("does not stop an execution id from being used again", async () => {
    const { held, conductor } = await begin(leaf("a"));
    await conductor.node.cancel("exec_1");
    await turns();
    const again = watch(conductor.node.run(leaf("b"), { executionId: "exec_1" }));
    await turns();
    await held.finish("b");
    expect(again.value?.success).toBe(true);
  });
});

describe("cancelling what is not running", () => {
  it.each(["nobody", "", "__proto__"])("does nothing: %j", async (id) => {
    const { held, run, conductor } = await begin(leaf("a"));
    await conductor.node.cancel(id);
    await turns();
    expect(run.settled).toBe(false);
    await held.finish("a");
    expect(run.value?.success).toBe(true);
  });

  it("does not change a result that is there", async () => {
    const { held, run, conductor } = await begin(leaf("a"));
    await held.finish("a");
    await conductor.node.cancel("exec_1");
    await turns();
    expect(run.value?.success).toBe(true);
    expect(held.params.get("a")?.signal.aborted).toBe(false);
  });
});

describe("a run that a node of another run started", () => {
  const begun = async (parentContextOf: (params: Params) => unknown) => {
    const held = new HeldNodes();
    let child: Promise<{ error?: { code: string } }> | undefined;
    const conductor = conductorWith((params) => {
      if (params.nodeId !== "starter") return held.body(params);
      child = conductor.node.run(leaf("inside"), {
        executionId: "exec_child",
        parentContext: parentContextOf(params),
      }) as never;
      return child;
    });
    const parent = watch(
      conductor.node.run(
        { id: "root", type: "group", nodes: [leaf("starter")], edges: [] },
        { executionId: "exec_parent" },
      ),
    );
    await turns();
    const watched = watch(child as NonNullable<typeof child>);
    await turns();
    return { held, conductor, parent, child: watched };
  };

  const parents: [string, (params: Params) => unknown][] = [
    ["all that the node received", (params) => params],
    ["a copy of what the node received", (params) => ({ ...params })],
    ["the context of the run", (params) => params.parentContext],
    [
      "a context of its own above the node's",
      (params) => ({
        nodeId: "between",
        executionId: "exec_between",
        variables: {},
        parentContext: params,
      }),
    ],
  ];

  it.each(parents)("is cancelled with its parent, known by %s", async (_name, parentContextOf) => {
    const { held, conductor, parent, child } = await begun(parentContextOf);
    const signal = held.params.get("inside")?.signal;
    await conductor.node.cancel("exec_parent");
    await turns();
    expect(parent.value?.error?.code).toBe("CANCELLED");
    expect(child.value?.error?.code).toBe("CANCELLED");
    expect(signal?.aborted).toBe(true);
  });

  it("can be cancelled alone, which its parent sees as a result", async () => {
    const { conductor, parent, child } = await begun((params) => params);
    await conductor.node.cancel("exec_child");
    await turns();
    expect(child.value?.error?.code).toBe("CANCELLED");
    expect(parent.value).toMatchObject({
      success: true,
      data: { success: false, error: { code: "CANCELLED" } },
    });
  });

  it("is left alone when its parent is not known", async () => {
    const { held, conductor, child } = await begun(() => ({ executionId: "exec_elsewhere" }));
    await conductor.node.cancel("exec_parent");
    await turns();
    expect(child.settled).toBe(false);
    await held.finish("inside");
    expect(child.settled).toBe(true);
  });
});
