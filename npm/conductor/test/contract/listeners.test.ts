import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { byId, chain, conductorWith, group, HeldNodes, leaf, listenToConsole, pass, stopClock, turns } from "./flows";

let printed: ReturnType<typeof listenToConsole>;
beforeEach(() => {
  printed = listenToConsole();
});
afterEach(() => {
  printed.restore();
  vi.useRealTimers();
});

const explode = () => {
  throw new Error("listener broke");
};

describe("a listener that throws", () => {
  it.each(["onStarted", "onProgress", "onCompleted"] as const)("in %s does not change the run", async (subscribe) => {
    const conductor = conductorWith();
    conductor.events[subscribe](explode);
    const result = await conductor.node.run(chain(3));
    expect(result).toMatchObject({ success: true, data: "out:n3" });
  });

  it("in onError does not change the result", async () => {
    const conductor = conductorWith(() => {
      throw new Error("node broke");
    });
    conductor.events.onError(explode);
    const result = await conductor.node.run(leaf("a"));
    expect(result).toMatchObject({ success: false, error: { message: "node broke" } });
  });

  it("does not keep events from the listeners after it", async () => {
    const conductor = conductorWith();
    const after = vi.fn();
    for (const subscribe of ["onStarted", "onProgress", "onCompleted"] as const) {
      conductor.events[subscribe](explode);
      conductor.events[subscribe](() => after(subscribe));
    }
    await conductor.node.run(leaf("a"));
    expect(new Set(after.mock.calls.flat())).toEqual(new Set(["onStarted", "onProgress", "onCompleted"]));
  });

  it("is reported once, however often it throws", async () => {
    const conductor = conductorWith();
    conductor.events.onProgress(explode);
    await conductor.node.run(chain(3));
    await conductor.node.run(chain(3));
    expect(printed.of("warn", "error").length).toBe(1);
    expect(printed.all().length).toBe(1);
  });

  it("does no harm when it throws from a timer", async () => {
    stopClock();
    const held = new HeldNodes();
    const conductor = conductorWith(held.body);
    conductor.events.onProgress(explode);
    const run = conductor.node.run(leaf("a"));
    await turns();
    held.params.get("a")?.progress(40);
    await pass(200);
    await held.finish("a");
    expect(await run).toMatchObject({ success: true });
  });

  it("may throw anything", async () => {
    const conductor = conductorWith();
    for (const value of [null, undefined, "text", 1n, Object.create(null)]) {
      conductor.events.onStarted(() => {
        throw value;
      });
    }
    expect(await conductor.node.run(leaf("a"))).toMatchObject({ success: true });
  });
});

describe("a subscriber of the store that throws", () => {
  it("does not change the run, nor what other subscribers see", async () => {
    const conductor = conductorWith();
    const after = vi.fn();
    conductor.node.store.subscribe(explode);
    conductor.node.store.subscribe((state) => after(state.cachedProgress));
    expect(await conductor.node.run(chain(3))).toMatchObject({ success: true });
    expect(after).toHaveBeenCalledWith(100);
  });
});

describe("a listener that acts", () => {
  it("may start another run", async () => {
    const conductor = conductorWith();
    let second: Promise<{ success: boolean }> | undefined;
    const leave = conductor.events.onStarted(() => {
      leave();
      second = conductor.node.run(chain(2, "second"));
    });
    expect(await conductor.node.run(chain(2))).toMatchObject({ success: true });
    expect(await second).toMatchObject({ success: true });
  });

  it("may cancel the run that it hears of, before any node starts", async () => {
    const body = vi.fn(() => 1);
    const conductor = conductorWith(body);
    conductor.events.onStarted(({ executionId }) => {
      void conductor.node.cancel(executionId);
    });
    const result = await conductor.node.run(chain(3));
    expect(result).toMatchObject({ success: false, error: { code: "CANCELLED" } });
    expect(body).not.toHaveBeenCalled();
  });

  it("may leave while it is being called", async () => {
    const conductor = conductorWith();
    const seen: string[] = [];
    const leave = conductor.events.onCompleted(() => {
      seen.push("first");
      leave();
    });
    conductor.events.onCompleted(() => seen.push("second"));
    await conductor.node.run(leaf("a"));
    await conductor.node.run(leaf("a"));
    expect(seen).toEqual(["first", "second", "second"]);
  });
});

describe("the console", () => {
  it("stays silent for a run that succeeds", async () => {
    await conductorWith().node.run(group("root", [leaf("a"), group("inner", [leaf("b"), leaf("c")])]), { slowMo: 0 });
    expect(printed.all()).toEqual([]);
  });

  it("prints nothing below a warning for a run that fails", async () => {
    const conductor = conductorWith(
      byId({
        n2: () => {
          throw new Error("boom");
        },
      }),
    );
    await conductor.node.run(chain(3));
    expect(printed.of("debug", "log", "info")).toEqual([]);
  });

  it("stays silent in slow motion", async () => {
    stopClock();
    const run = conductorWith().node.run(leaf("a"), { slowMo: 10 });
    await pass(100);
    await run;
    expect(printed.all()).toEqual([]);
  });

  it.each([
    ["as a rule", {}, {}],
    ["with the most talkative log level", { logLevel: "debug" }, {}],
    ["in debug mode", {}, { debug: true }],
  ])("never shows parameters and values %s", async (_name, config, context) => {
    const conductor = conductorWith(
      byId({
        a: (params) => {
          params.log("a word from the node");
          return { token: "s3cret-output" };
        },
        b: () => {
          throw new Error("boom");
        },
      }),
      config,
    );
    await conductor.node.run(group("root", [leaf("a", { parameters: { password: "s3cret-parameter" } }), leaf("b")]), {
      input: { key: "s3cret-input" },
      variables: { key: "s3cret-variable" },
      ...context,
    });
    expect(printed.all().join("\n")).not.toContain("s3cret");
  });
});
