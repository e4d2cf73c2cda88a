/** What nodes say while their execution is kept. */
import { createConductor, type LogLine } from "@atomiton/conductor/desktop";
import type { NodeLog } from "@atomiton/nodes";
import { describe, expect, it } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";
import { memory } from "./world.js";

interface Params {
  log: NodeLog;
  progress(percent: number, message?: string): void;
  nodeId: string;
  attempt: number;
}

type Say = (params: Params) => unknown;

function conductorWith(says: Record<string, Say>, store = memory(), config = {}) {
  const getNodeExecutable = (type: string) => says[type] && { effects: "writes", execute: says[type] };
  return createConductor({ transport: "local", store, nodeExecutorFactory: { getNodeExecutable }, ...config } as never);
}

const short = (lines: LogLine[]) => lines.map(({ nodeId, level, text }) => `${nodeId} ${level} ${text}`);

describe("the log of an execution", () => {
  it("has what nodes said in order, whatever level the conductor writes", async () => {
    const before = Date.now();
    const conductor = conductorWith(
      {
        one({ log, progress }) {
          log.debug("looking", { at: 3 });
          progress(40, "half-way");
          progress(50);
          log("a word");
          log.error("broken", new Error("the cause"));
          return 1;
        },
        two({ log, attempt }) {
          log.info(`try ${attempt}`);
          if (attempt < 2) throw new Error("not yet");
          return 2;
        },
      },
      undefined,
      { logLevel: "error" },
    );
    const flow = group(
      "talk",
      [leaf("a", { type: "one" }), leaf("b", { type: "two", policy: { retries: 1, retryDelay: 1 } })],
      [edge("a", "b")],
    );
    const result = await conductor.node.run(flow as never, { executionId: "talk" });
    expect(result.error).toBeUndefined();
    const lines = await conductor.executions.logs("talk");
    expect(short(lines)).toEqual([
      'a debug looking {"at":3}',
      "a progress half-way",
      "a info a word",
      "a error broken the cause",
      "b info try 1",
      "b info try 2",
    ]);
    expect(lines.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1, 2]);
    expect(lines[0]?.executionId).toBe("talk/a");
    for (const { time } of lines) expect(time).toBeGreaterThanOrEqual(before);
    // The execution is still one that can be looked back at.
    expect(await conductor.executions.value("talk", "b")).toBe(2);
  });

  it("says in which round of a loop it was said", async () => {
    const conductor = conductorWith({ one: ({ log }) => log.info("here") });
    const loop = {
      id: "loop",
      type: "loop",
      parameters: { loopType: "times", count: 2 },
      nodes: [leaf("in", { type: "one" })],
    };
    await conductor.node.run(group("rounds", [loop as never]) as never, { executionId: "rounds" });
    const lines = await conductor.executions.logs("rounds");
    expect(lines.map(({ executionId }) => executionId)).toEqual(["rounds/loop[0]/in", "rounds/loop[1]/in"]);
  });

  it("is there while a node goes on, without any step", async () => {
    const store = memory();
    let end = () => {};
    const conductor = conductorWith(
      {
        one: ({ log }) =>
          new Promise((resolve) => {
            log.info("begun");
            end = () => resolve(1);
          }),
      },
      store,
    );
    const run = conductor.node.run(group("long", [leaf("a", { type: "one" })]) as never, { executionId: "long" });
    while ((await store.records("long").catch(() => [])).every(({ values }) => values.length === 0)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(short(await conductor.executions.logs("long"))).toEqual(["a info begun"]);
    end();
    expect((await run).success).toBe(true);
  });

  it("is cut at a million characters, and says so", async () => {
    const conductor = conductorWith({
      one({ log }) {
        for (let line = 0; line < 300; line++) log.info("x".repeat(9_000));
        return 1;
      },
    });
    await conductor.node.run(group("much", [leaf("a", { type: "one" })]) as never, { executionId: "much" });
    const lines = await conductor.executions.logs("much");
    expect(lines.length).toBeGreaterThan(90);
    expect(lines.length).toBeLessThan(120);
    expect(lines.at(-1)).toMatchObject({
      level: "warn",
      text: expect.stringContaining("More was said, which is not kept"),
    });
    expect(lines.filter(({ level }) => level === "warn")).toHaveLength(1);
  });

  it("holds no secret", async () => {
    const conductor = conductorWith(
      { one: ({ log, ...params }) => log.info(`the key is ${(params as never as { key: string }).key}`) },
      undefined,
      {
        secrets: () => "very-secret",
      },
    );
    const flow = group("secret", [leaf("a", { type: "one", parameters: { key: "${{ secrets.KEY }}" } })]);
    const result = await conductor.node.run(flow as never, { executionId: "secret" });
    expect(result.error).toBeUndefined();
    const [line] = await conductor.executions.logs("secret");
    expect(line?.text).toMatch(/^the key is /);
    expect(line?.text).not.toContain("very-secret");
  });

  it("comes along with an exported execution", async () => {
    const conductor = conductorWith({ one: ({ log }) => log.warn("take care") });
    await conductor.node.run(group("kept", [leaf("a", { type: "one" })]) as never, { executionId: "kept" });
    const bytes = await conductor.executions.export("kept");
    const other = conductorWith({});
    await other.executions.import(bytes);
    expect(short(await other.executions.logs("kept"))).toEqual(["a warn take care"]);
  });
});
