import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EXECUTION_STATUSES, isFinished } from "../../src/executions/status.js";
import { executionsOf, folder, process, TestClock, until } from "./harness.js";

type Process = Awaited<ReturnType<typeof process>>;

const stop = (id: string, as: string, message = "No disk") => ({
  id,
  name: `Flow ${id}`,
  nodes: [{ id: "stop", type: "stop", parameters: { as, message } }],
});

function alert(id: string, parameters: object) {
  return {
    id,
    name: id,
    nodes: [
      { id: "ended", type: "flow-end", parameters },
      { id: "text", type: "edit-fields", parameters: { values: { text: "{{name}}: {{outcome}}" } } },
    ],
    edges: [{ source: "ended", target: "text" }],
  } as never;
}

const UNFINISHED = EXECUTION_STATUSES.filter((status) => !isFinished(status));

/**
 * Lets triggers look at the store once more, when all but so many executions are over: a clock that runs ahead of those that are
 * being carried out would leave them behind.
 */
async function look({ store }: Process, clock: TestClock, unfinished = 0): Promise<void> {
  await until(async () =>
    expect((await store.list({ status: UNFINISHED }, { limit: 10 })).executions).toHaveLength(unfinished),
  );
  await clock.round(2000);
}

async function texts({ store, conductor }: Process, flowId: string) {
  const rows = await executionsOf(store, flowId);
  return Promise.all(
    rows.map(
      async ({ id }) => ((await conductor.executions.value(id, "text")) as { result: { text: string } }).result.text,
    ),
  );
}

describe("ends of flows", () => {
  it("of flows and with secrets that are not there are told of, until they are", async () => {
    const clock = new TestClock(Date.now());
    const kept = new Map<string, string>();
    const database = join(folder(), "a.db");
    const secrets = (name: string) => kept.get(name);
    const own = await process(database, clock, { secrets });
    const { storage } = own.conductor;
    await storage.saveFlow(stop("gone", "success") as never);
    await own.conductor.execute({ flowId: "gone" });
    await storage.deleteFlow("gone");
    const { nodes, ...watching } = alert("watching", { flows: ["nightly-impot", "gone"] }) as { nodes: object[] };
    const text = { id: "text", type: "edit-fields", parameters: { values: { key: "${{ secrets.SLACK }}" } } };
    await storage.saveFlow({ ...watching, nodes: [nodes[0], text] } as never);
    await storage.saveFlow(stop("nightly-import", "success") as never);
    const problems = [
      "There is no flow `nightly-impot`, and none was ever run. Did you mean `nightly-import`?",
      "`secrets.SLACK` cannot be read: no secret has this name",
    ];
    const told = { nodeId: "ended", status: "armed", problem: problems.join("; ") };
    const other = await process(database, clock, { secrets });
    expect(await other.triggers.inspect()).toMatchObject([told]);
    await other.end();
    await own.triggers.start();
    expect(own.triggers.list()).toMatchObject([told]);
    const lines = () => own.log.filter((line) => line.startsWith("watching/ended: "));
    expect(lines()).toEqual([`watching/ended: ${told.problem}`]);
    await storage.saveFlow(stop("nightly-impot", "success") as never);
    await clock.round(5000);
    await until(() => expect(own.triggers.list()).toMatchObject([{ problem: problems[1] }]));
    kept.set("SLACK", "a key");
    await clock.round(5000);
    await until(() => expect(own.triggers.list()[0]).not.toHaveProperty("problem"));
    expect(lines()).toHaveLength(2);
  });

  it("begin an execution each, for the outcomes that are asked for", async () => {
    const clock = new TestClock(Date.now());
    const own = await process(join(folder(), "a.db"), clock);
    const { storage, execute } = own.conductor;
    await storage.saveFlow(stop("good", "success") as never);
    await storage.saveFlow(stop("bad", "failure") as never);
    await execute({ flowId: "bad" });
    clock.jump(Date.now() + 1);
    await storage.saveFlow(alert("failures", {}));
    await storage.saveFlow(alert("all", { flows: ["good", "bad"], outcomes: ["completed", "failed"] }));
    await own.triggers.start();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await execute({ flowId: "good" });
    await execute({ flowId: "bad" });
    await until(async () => {
      await look(own, clock);
      expect(await texts(own, "failures")).toEqual(["Flow bad: failed"]);
      expect((await texts(own, "all")).sort()).toEqual(["Flow bad: failed", "Flow good: completed"]);
    });
    const [row] = await executionsOf(own.store, "failures");
    expect(row?.trigger).toBe("flow-end");
    const data = await own.conductor.executions.value(row?.id as string, "ended");
    expect(data).toMatchObject({ flowId: "bad", outcome: "failed", error: { code: "EXECUTION_FAILED" } });
    await clock.go(clock.now() + 60_000);
    expect(await texts(own, "failures")).toHaveLength(1);
  });

  it("are found that came while nothing watched, of long executions too", async () => {
    const database = join(folder(), "a.db");
    const clock = new TestClock(Date.now());
    const first = await process(database, clock);
    const { storage, execute, executions } = first.conductor;
    const ask = {
      id: "ask",
      name: "Ask",
      nodes: [{ id: "ask", type: "wait-for-input", parameters: { message: "?" } }],
    };
    await storage.saveFlow(ask as never);
    await storage.saveFlow(alert("done", { flows: ["ask"], outcomes: ["completed"] }));
    await first.triggers.start();
    void execute({ flowId: "ask", context: { executionId: "long" } });
    await until(async () => expect(await executions.waiting()).toHaveLength(1));
    await until(async () => {
      await look(first, clock, 1);
      const kept = await first.store.entries?.("triggers").get("done/ended");
      expect(JSON.parse(kept?.content ?? "{}").open).toEqual(["long"]);
    });
    await clock.go(clock.now() + 70_000);
    first.triggers.close();
    await executions.answer("long", "yes");
    await until(async () => expect((await executions.get("long")).status).toBe("completed"));
    await first.end();
    const second = await process(database, clock);
    await second.triggers.start();
    await until(async () => {
      await look(second, clock);
      expect(await texts(second, "done")).toEqual(["Ask: completed"]);
    });
  });

  it("do not go on without end where flows begin each other", async () => {
    const clock = new TestClock(Date.now());
    const own = await process(join(folder(), "a.db"), clock);
    const { storage, execute } = own.conductor;
    await storage.saveFlow(alert("ping", { flows: ["pong"], outcomes: ["completed"] }));
    await storage.saveFlow(alert("pong", { flows: ["ping"], outcomes: ["completed"] }));
    await own.triggers.start();
    await execute({ flowId: "ping" });
    await until(async () => {
      await look(own, clock);
      expect(own.log.filter((line) => line.includes("10 executions in a row"))).toHaveLength(1);
    });
    const all = [...(await executionsOf(own.store, "ping")), ...(await executionsOf(own.store, "pong"))];
    expect(all).toHaveLength(11);
  });

  it("are missed once where a flow is late, and again after its next success", async () => {
    const clock = new TestClock(Date.now());
    const own = await process(join(folder(), "a.db"), clock);
    const { storage, execute } = own.conductor;
    await storage.saveFlow(stop("nightly", "success") as never);
    await storage.saveFlow(alert("late", { flows: ["nightly"], outcomes: ["late"], lateAfter: "1h" }));
    await own.triggers.start();
    await clock.go(clock.now() + 59 * 60_000);
    expect(await texts(own, "late")).toEqual([]);
    await until(async () => {
      await clock.go(clock.now() + 60_000);
      expect(await texts(own, "late")).toEqual(["nightly: late"]);
    });
    await clock.go(clock.now() + 3_600_000);
    await execute({ flowId: "nightly" });
    await until(async () => {
      await clock.go(clock.now() + 60_000);
      expect(await texts(own, "late")).toEqual(["nightly: late", "Flow nightly: late"]);
    });
  });
});
