import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backend } from "../src/engine/backend";
import {
  byId,
  type Conductor,
  chain,
  conductorOver,
  conductorWith,
  group,
  independent,
  leaf,
  type Params,
} from "./contract/flows";

let before = 0;
beforeEach(() => {
  before = backend().openRuns();
});
afterEach(() => {
  expect(backend().openRuns() - before, "runs left open in the engine").toBe(0);
});

/** A conductor whose executables answer at once, without a promise. */
const immediate = (execute: (params: Params) => unknown, config = {}) =>
  conductorOver({ getNodeExecutable: () => ({ execute }) }, config);

/** The terminal events of each execution. */
function endings(conductor: Conductor) {
  const seen: string[] = [];
  conductor.events.onCompleted(({ executionId }) => seen.push(`completed ${executionId}`));
  conductor.events.onError(({ executionId }) => seen.push(`error ${executionId}`));
  return seen;
}

describe("whoever is shown a run may cancel it", () => {
  it.each([
    ["a listener for `started`", (conductor: Conductor, cancel: () => void) => void conductor.events.onStarted(cancel)],
    [
      "a subscriber of the store",
      (conductor: Conductor, cancel: () => void) => void conductor.node.store.subscribe(cancel),
    ],
    [
      "a listener for `progress`",
      (conductor: Conductor, cancel: () => void) => void conductor.events.onProgress(cancel),
    ],
  ])("before it starts: %s", async (_, arrange) => {
    for (const flow of [chain(3), leaf("x"), independent(...Array.from({ length: 60 }, (_, i) => `n${i}`))]) {
      const calls: string[] = [];
      const conductor = conductorWith(({ nodeId }) => calls.push(nodeId));
      const seen = endings(conductor);
      arrange(conductor, () => void conductor.node.cancel("run"));
      const result = await conductor.node.run(flow, { executionId: "run" });
      expect(result.error).toMatchObject({ code: "CANCELLED", message: "Execution cancelled" });
      expect(result.executedNodes).toEqual([]);
      expect(calls).toEqual([]);
      expect(seen).toEqual(["error run"]);
      expect(result.duration).toBeLessThan(10_000);
      expect(conductor.node.store.getState().isExecuting).toBe(false);
    }
  });

  it("from within an executable that answers at once", async () => {
    const calls: string[] = [];
    const conductor = immediate(({ nodeId }) => {
      calls.push(nodeId);
      if (nodeId === "n2") void conductor.node.cancel("run");
    });
    const result = await conductor.node.run(chain(4), { executionId: "run" });
    expect(result.error?.code).toBe("CANCELLED");
    expect(calls).toEqual(["n1", "n2"]);
  });

  it("twice, and after its end", async () => {
    const conductor = conductorWith(() => new Promise(() => {}));
    const seen = endings(conductor);
    const run = conductor.node.run(chain(2), { executionId: "run" });
    await Promise.all([conductor.node.cancel("run"), conductor.node.cancel("run")]);
    expect((await run).error).toMatchObject({ code: "CANCELLED", nodeId: "root" });
    await conductor.node.cancel("run");
    expect(seen).toEqual(["error run"]);
  });
});

describe("an executable that starts runs", () => {
  it("at once, to a depth of many", async () => {
    const conductor = immediate(({ input }) =>
      input.depth > 0 ? conductor.node.run(leaf("x"), { input: { depth: input.depth - 1 } }) : "bottom",
    );
    let result = await conductor.node.run(leaf("x"), { input: { depth: 60 } });
    for (let depth = 60; depth > 0; depth--) result = result.data;
    expect(result).toMatchObject({ success: true, data: "bottom" });
  });

  it("of the same definition, at the same time", async () => {
    const flow = chain(3);
    const conductor = immediate(({ nodeId, input }) => {
      if (nodeId === "n2" && input?.inner !== true && input?.default !== "inner") {
        return conductor.node.run(flow, { input: { inner: true } }).then(({ success }) => success);
      }
      return input?.inner === true ? "inner" : nodeId;
    });
    expect(await conductor.node.run(flow)).toMatchObject({ success: true, data: "n3", outputs: { n2: true } });
  });

  it("while its definition is read", async () => {
    const conductor = conductorWith();
    let inner: Promise<{ executedNodes: string[] }> | undefined;
    const odd = Object.defineProperty(leaf("odd") as object, "parameters", {
      get: () => {
        inner ??= conductor.node.run(chain(5));
        return {};
      },
    });
    const flow = group(
      "root",
      [leaf("a"), leaf("b"), odd as never, leaf("z")],
      [
        { id: "1", source: "b", target: "a" },
        { id: "2", source: "odd", target: "b" },
      ],
    );
    const result = await conductor.node.run(flow);
    expect(result.executedNodes).toEqual(["root", "odd", "z", "b", "a"]);
    expect((await inner)?.executedNodes).toEqual(["root", "n1", "n2", "n3", "n4", "n5"]);
  });

  it("that are stopped with it", async () => {
    let inner: Promise<{ error?: { code: string } }> | undefined;
    const conductor = conductorWith(({ nodeId, parentContext }) => {
      if (nodeId !== "n1") return new Promise(() => {});
      inner = conductor.node.run(leaf("inner"), { parentContext });
      return inner;
    });
    const run = conductor.node.run(chain(2), { executionId: "run" });
    await new Promise((resolve) => setImmediate(resolve));
    await conductor.node.cancel("run");
    expect((await run).error?.code).toBe("CANCELLED");
    expect((await inner)?.error?.code).toBe("CANCELLED");
  });
});

describe("a store that is looked at from within a step", () => {
  it("shows each node as executing to its own executable, watched or not", async () => {
    for (const watched of [false, true]) {
      for (const execute of [(state: unknown) => state, async (state: unknown) => state]) {
        const states: unknown[] = [];
        const conductor = immediate(({ nodeId }) =>
          execute(states.push(conductor.node.store.getState().nodes.get(nodeId)?.state)),
        );
        if (watched) conductor.node.store.subscribe(() => {});
        await conductor.node.run(chain(4));
        expect(states).toEqual(["executing", "executing", "executing", "executing"]);
      }
    }
  });

  it("gives a subscriber the state that it was told", async () => {
    const conductor = immediate(() => 1);
    const same: boolean[] = [];
    conductor.node.store.subscribe((state) => same.push(conductor.node.store.getState() === state));
    await conductor.node.run(chain(3));
    expect(same.length).toBeGreaterThan(6);
    expect(new Set(same)).toEqual(new Set([true]));
  });

  it("tells the same to whoever subscribes half-way as to whoever did before", async () => {
    const late: string[] = [];
    const all: string[] = [];
    const text = (state: { nodes: Map<string, { state: string }> }) =>
      [...state.nodes.values()].map(({ state }) => state).join();
    const conductor = immediate(({ nodeId }) => {
      if (nodeId === "n2") {
        const end = conductor.node.store.subscribe(() => {});
        end();
        conductor.node.store.subscribe((state) => late.push(text(state)));
      }
      return 1;
    });
    const early = conductor.node.store.subscribe((state) => all.push(text(state)));
    await conductor.node.run(chain(4));
    early();
    expect(late.at(-1)).toBe("completed,completed,completed,completed");
    expect(all.slice(-late.length)).toEqual(late);
  });

  it("is not hurt by a subscriber that unsubscribes, subscribes, resets or starts a run", async () => {
    const conductor = immediate(() => 1);
    const { store } = conductor.node;
    let times = 0;
    let inner: Promise<unknown> | undefined;
    const end = store.subscribe(() => {
      times++;
      if (times === 2) end();
      if (times === 2) inner = conductor.node.run(chain(2, "other"));
    });
    store.subscribe(() => {
      if (times === 2) store.reset();
    });
    expect(await conductor.node.run(chain(4))).toMatchObject({ success: true });
    expect(await inner).toMatchObject({ success: true });
  });

  it("and whose listeners all throw", async () => {
    const conductor = conductorWith(byId({}), { logLevel: "error" });
    const error = console.error;
    const lines: unknown[][] = [];
    console.error = (...line: unknown[]) => lines.push(line);
    try {
      const fail = () => {
        throw new Error("listener");
      };
      conductor.node.store.subscribe(fail);
      conductor.events.onStarted(fail);
      conductor.events.onProgress(fail);
      conductor.events.onCompleted(fail);
      expect(await conductor.node.run(chain(3))).toMatchObject({ success: true, data: "out:n3" });
    } finally {
      console.error = error;
    }
    expect(lines.length).toBe(2);
  });
});

describe("the outputs of a result", () => {
  it("are the outermost node's where scopes share an id, wherever it stands", async () => {
    for (const order of [0, 1]) {
      const children = [
        group("g", [leaf("x", { parameters: { says: "inner" } })]),
        leaf("x", { parameters: { says: "outer" } }),
      ];
      const conductor = conductorWith(({ says }) => says);
      const { outputs } = await conductor.node.run(group("root", order === 0 ? children : children.reverse()));
      expect(outputs?.x).toBe("outer");
    }
  });

  it("are listed as the flow declares its nodes", async () => {
    const { outputs } = await conductorWith().node.run(chain(4));
    expect(Object.keys(outputs ?? {})).toEqual(["n1", "n2", "n3", "n4"]);
  });
});
