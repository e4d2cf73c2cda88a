import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  byId,
  chain,
  conductorWith,
  type Definition,
  group,
  leaf,
  nested,
  pass,
  stopClock,
  turns,
  watch,
} from "./flows";

beforeEach(stopClock);
afterEach(() => {
  vi.useRealTimers();
});

const light = ["0 Starting...", "30 Processing...", "70 Finalizing...", "90 Almost done..."];
const medium = [
  "0 Starting...",
  "20 Initializing...",
  "40 Processing...",
  "60 Computing...",
  "80 Finalizing...",
  "90 Almost done...",
];
const heavy = [
  "0 Starting...",
  "15 Initializing...",
  "30 Loading...",
  "45 Processing...",
  "60 Computing...",
  "75 Finalizing...",
  "90 Almost done...",
];

/** Runs one leaf in slow motion and tells each step that it showed with its time in ms. */
async function filmed(definition: Definition, slowMo: number) {
  const conductor = conductorWith();
  const frames: { step: string; ms: number }[] = [];
  const start = Date.now();
  conductor.node.store.subscribe((state) => {
    const node = state.nodes.get(definition.id);
    if (node?.message === undefined) return;
    const step = `${node.progress} ${node.message}`;
    if (frames.at(-1)?.step !== step) frames.push({ step, ms: Date.now() - start });
  });
  const run = watch(conductor.node.run(definition, { slowMo }));
  for (let ms = 0; ms < slowMo * 3 && !run.settled; ms += 1) await pass(1);
  expect(run.settled).toBe(true);
  return { frames, conductor };
}

describe("the steps that a node shows in slow motion", () => {
  it.each([
    ["condition", 10, light],
    ["transform", 50, light],
    ["edit-fields", 80, light],
    ["test", 100, medium],
    ["file-system", 200, medium],
    ["image", 300, medium],
    ["http-request", 500, heavy],
    ["email", 800, heavy],
  ])("suit a %s of weight %d", async (type, _weight, steps) => {
    const { frames, conductor } = await filmed(leaf("a", { type }), 70);
    expect(frames.map(({ step }) => step)).toEqual([...steps, "100 Complete"]);
    expect(conductor.node.store.getState().nodes.get("a")?.state).toBe("completed");
  });

  it("follow one another in time, the first at once", async () => {
    const { frames } = await filmed(leaf("a"), 70);
    expect(frames[0]?.ms).toBeLessThanOrEqual(1);
    for (let index = 1; index < frames.length; index += 1) {
      expect(frames[index]?.ms).toBeGreaterThan(frames[index - 1]?.ms as number);
    }
    expect(frames.at(-1)?.ms).toBeLessThanOrEqual(142);
  });

  it("start with the executable", async () => {
    const seen: unknown[] = [];
    const conductor = conductorWith(() => {
      const { progress, state } = conductor.node.store.getState().nodes.get("a") ?? {};
      seen.push(Date.now() - start, state, progress);
    });
    const start = Date.now();
    void conductor.node.run(leaf("a"), { slowMo: 100 });
    await turns();
    expect(seen).toEqual([0, "executing", 0]);
    await pass(200);
  });

  it("stop where they are when the node fails, and nothing is waited for", async () => {
    const conductor = conductorWith(async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      throw new Error("boom");
    });
    const run = watch(conductor.node.run(leaf("a"), { slowMo: 100 }));
    for (let ms = 0; ms < 60; ms += 1) await pass(1);
    expect(run.settled).toBe(true);
    const { progress, state } = conductor.node.store.getState().nodes.get("a") ?? {};
    expect([state, progress]).toEqual(["error", 40]);
    await pass(1000);
    expect(conductor.node.store.getState().nodes.get("a")?.progress).toBe(progress);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the progress of a node that failed", () => {
  it.each([
    ["failed, and was watched", true, () => Promise.reject(new Error("boom"))],
    ["failed, and was not watched", false, () => Promise.reject(new Error("boom"))],
    ["was cancelled, and was watched", true, undefined],
    ["was cancelled, and was not watched", false, undefined],
  ])("is what it had reached when it %s", async (_, watched, after) => {
    const conductor = conductorWith(() => new Promise((resolve) => setTimeout(resolve, 30)).then(after));
    if (watched) conductor.node.store.subscribe(() => {});
    const run = watch(conductor.node.run(leaf("a"), { executionId: "exec_1" }));
    for (let ms = 0; ms < 29; ms += 1) await pass(1);
    if (after === undefined) await conductor.node.cancel("exec_1");
    await pass(1);
    expect(run.value?.success).toBe(false);
    expect(conductor.node.store.getState().nodes.get("a")).toMatchObject({ state: "error", progress: 90 });
  });
});

describe("the time that slow motion takes", () => {
  const measured = async (definition: Definition, slowMo: number | undefined) => {
    const conductor = conductorWith();
    const start = Date.now();
    const run = watch(conductor.node.run(definition, { slowMo }));
    const step = Math.max(1, Math.round((slowMo ?? 0) / 25));
    await turns();
    for (let taken = 0; taken < 250 && !run.settled; taken += 1) await pass(step);
    expect(run.value?.success).toBe(true);
    return { ms: Date.now() - start, duration: run.value?.duration ?? Number.NaN };
  };

  const about = (ms: number, expected: number) => {
    expect(ms).toBeGreaterThanOrEqual(expected * 0.95);
    expect(ms).toBeLessThanOrEqual(expected * 1.05 + 5);
  };

  it.each([
    [50, 100],
    [250, 500],
    [1000, 2000],
    [7500, 15_000],
  ])("at %d ms is %d ms for a node", async (slowMo, expected) => {
    const { ms, duration } = await measured(leaf("a"), slowMo);
    about(ms, expected);
    about(duration, expected);
  });

  it.each(["transform", "test", "http-request"])("is the same for a %s", async (type) => {
    about((await measured(leaf("a", { type }), 100)).ms, 200);
  });

  it("adds up along a chain, at no extra cost for the group", async () => {
    about((await measured(chain(3), 100)).ms, 600);
  });

  it("adds up over nested groups by their leaves", async () => {
    about((await measured(nested(), 100)).ms, 800);
  });

  it.each([[undefined], [0], [-100]])("is none at %j", async (slowMo) => {
    expect((await measured(chain(20), slowMo)).ms).toBe(0);
  });

  it("may be a fraction of a millisecond", async () => {
    expect((await measured(leaf("a"), 0.5)).ms).toBeLessThanOrEqual(20);
  });

  it("covers the work of the node instead of adding to it", async () => {
    const conductor = conductorWith(byId({ a: () => new Promise((resolve) => setTimeout(resolve, 40)) }));
    const run = watch(conductor.node.run(group("root", [leaf("a")]), { slowMo: 100 }));
    await pass(150);
    expect(run.settled).toBe(false);
    await pass(150);
    expect(run.settled).toBe(true);
  });

  it("leaves no timer behind", async () => {
    await measured(chain(2), 100);
    expect(vi.getTimerCount()).toBe(0);
  });
});
