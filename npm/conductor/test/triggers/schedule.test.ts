import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { executionsOf, folder, process, settled, TestClock, until } from "./harness.js";

const START = Date.parse("2026-03-02T08:00:30Z");
const HOUR = 3_600_000;

function flowOf(parameters: object, more: object = {}) {
  return {
    id: "report",
    name: "Report",
    nodes: [
      { id: "times", type: "schedule", parameters },
      { id: "note", type: "edit-fields", parameters: { values: { noted: true } } },
    ],
    edges: [{ source: "times", target: "note" }],
    ...more,
  } as never;
}

/** The times of the executions of the flow, with whether they were missed. */
async function timesOf({ store, conductor }: Awaited<ReturnType<typeof process>>, flowId = "report") {
  const rows = await executionsOf(store, flowId);
  const outputs = rows.map(
    ({ id }) => conductor.executions.value(id, "times") as Promise<{ time: string; missed: boolean }>,
  );
  return (await Promise.all(outputs)).map(({ time, missed }) => (missed ? `${time} missed` : time)).sort();
}

async function ended(own: Awaited<ReturnType<typeof process>>, count: number, flowId = "report") {
  await until(async () => {
    const rows = await executionsOf(own.store, flowId);
    expect(rows.map(({ status }) => status)).toEqual(Array.from({ length: count }, () => "completed"));
  });
}

describe("schedules", () => {
  it("begin an execution at each time, with its cause", async () => {
    const clock = new TestClock(START);
    const own = await process(join(folder(), "a.db"), clock);
    await own.conductor.storage.saveFlow(flowOf({ every: "15m" }));
    await own.triggers.start();
    expect(own.triggers.list()).toEqual([
      {
        flowId: "report",
        flowName: "Report",
        nodeId: "times",
        type: "schedule",
        status: "armed",
        next: Date.parse("2026-03-02T08:15:00Z"),
      },
    ]);
    for (const count of [1, 2, 3, 4]) {
      await clock.go(Date.parse("2026-03-02T08:00:00Z") + count * 15 * 60_000);
      await ended(own, count);
    }
    expect(await timesOf(own)).toEqual([
      "2026-03-02T08:15:00.000Z",
      "2026-03-02T08:30:00.000Z",
      "2026-03-02T08:45:00.000Z",
      "2026-03-02T09:00:00.000Z",
    ]);
    const [row] = await executionsOf(own.store, "report");
    expect(row).toMatchObject({ trigger: "schedule", tags: ["trigger:report/times"] });
    const id = row?.id as string;
    expect(await own.conductor.executions.get(id)).toMatchObject({ metadata: { trigger: "report/times" } });
    expect(await own.conductor.executions.value(id, "note")).toMatchObject({ result: { noted: true, missed: false } });
  });

  it.each([
    ["once", ["2026-03-02T13:00:00.000Z missed"]],
    ["skip", []],
    ["all", [9, 10, 11, 12, 13].map((hour) => `2026-03-02T${String(hour).padStart(2, "0")}:00:00.000Z missed`)],
  ])("are caught up after nothing watched: %s", async (missed, caughtUp) => {
    const database = join(folder(), "a.db");
    const first = await process(database, new TestClock(START));
    await first.conductor.storage.saveFlow(flowOf({ cron: "0 * * * *", missed }));
    await first.triggers.start();
    await first.end();
    const clock = new TestClock(START + 5 * HOUR);
    const second = await process(database, clock);
    await second.triggers.start();
    await until(async () => {
      // Times that are caught up come one after the other.
      await clock.go(clock.now() + 1000);
      expect(await timesOf(second)).toEqual(caughtUp);
    });
    await clock.go(START + 6 * HOUR);
    await until(async () => expect(await timesOf(second)).toEqual([...caughtUp, "2026-03-02T14:00:00.000Z"]));
    const leftOut = missed === "all" ? 0 : missed === "once" ? 4 : 5;
    expect(second.log.filter((line) => line.includes("left out"))).toEqual(
      leftOut === 0 ? [] : [`report/times: ${leftOut} missed times are left out (missed: ${missed})`],
    );
  });

  it("take what comes after a machine was asleep as missed, and go on after a clock was set back", async () => {
    const clock = new TestClock(START);
    const own = await process(join(folder(), "a.db"), clock);
    await own.conductor.storage.saveFlow(flowOf({ every: "1h" }));
    await own.triggers.start();
    clock.jump(START + 3 * HOUR);
    await until(async () => expect(await timesOf(own)).toEqual(["2026-03-02T11:00:00.000Z missed"]));
    await settled();
    clock.jump(START + HOUR);
    await clock.go(START + 3.5 * HOUR);
    await settled();
    expect(await timesOf(own)).toEqual(["2026-03-02T11:00:00.000Z missed"]);
    await clock.go(START + 4 * HOUR);
    await until(async () =>
      expect(await timesOf(own)).toEqual(["2026-03-02T11:00:00.000Z missed", "2026-03-02T12:00:00.000Z"]),
    );
  });

  it("begin each time once, though two processes watch, and over a crash between beginning and noting it", async () => {
    const database = join(folder(), "a.db");
    const clock = new TestClock(START);
    const one = await process(database, clock);
    const other = await process(database, clock);
    await one.conductor.storage.saveFlow(flowOf({ every: "1m" }));
    await one.triggers.start();
    await other.triggers.start();
    for (let count = 1; count <= 10; count++) {
      await clock.go(START - 30_000 + count * 60_000);
      await ended(one, count);
    }
    const times = await timesOf(one);
    expect(new Set(times).size).toBe(10);
    await until(async () => {
      const kept = JSON.parse((await one.store.entries?.("triggers").get("report/times"))?.content ?? "{}");
      expect(kept.doneTo).toBe(START - 30_000 + 600_000);
    });
    await one.end();
    await other.end();
    // As if the last one had not been noted.
    const third = await process(database, clock);
    const states = third.store.entries?.("triggers");
    const kept = await states?.get("report/times");
    const state = JSON.parse(kept?.content ?? "{}");
    const content = JSON.stringify({ ...state, doneTo: state.doneTo - 60_000 });
    await states?.write([{ id: "report/times", entry: { hash: "changed", content } }]);
    await third.triggers.start();
    await until(async () => {
      await clock.go(clock.now() + 1);
      const now = JSON.parse((await states?.get("report/times"))?.content ?? "{}");
      expect(now.doneTo).toBe(state.doneTo);
    });
    expect(await timesOf(third)).toEqual(times);
  });

  it("fire nothing while they are off, and do not catch that up", async () => {
    const clock = new TestClock(START);
    const own = await process(join(folder(), "a.db"), clock);
    const { storage } = own.conductor;
    await storage.saveFlow(flowOf({ every: "1h" }));
    await own.triggers.start();
    await storage.saveFlow(flowOf({ every: "1h" }, { metadata: { enabled: false } }), { overwrite: true } as never);
    await until(() => expect(own.triggers.list()).toMatchObject([{ status: "off" }]));
    await clock.go(START + 3 * HOUR);
    await storage.saveFlow(flowOf({ every: "1h" }), { overwrite: true } as never);
    await until(() => expect(own.triggers.list()).toMatchObject([{ status: "armed" }]));
    await clock.go(START + 4 * HOUR);
    await until(async () => expect(await timesOf(own)).toEqual(["2026-03-02T12:00:00.000Z"]));
    await storage.deleteFlow("report");
    await until(() => expect(own.triggers.list()).toEqual([]));
    await clock.go(START + 6 * HOUR);
    expect(await timesOf(own)).toEqual(["2026-03-02T12:00:00.000Z"]);
  });

  it("follow flows that other processes save", async () => {
    const database = join(folder(), "a.db");
    const clock = new TestClock(START);
    const own = await process(database, clock);
    await own.triggers.start();
    const other = await process(database, clock);
    await other.conductor.storage.saveFlow(flowOf({ every: "1h" }));
    await clock.go(START + 10_000);
    await until(() => expect(own.triggers.list()).toMatchObject([{ status: "armed" }]));
    await other.conductor.storage.deleteFlow("report");
    await clock.go(START + 20_000);
    await until(() => expect(own.triggers.list()).toEqual([]));
  });

  it("are refused where they cannot fire, and say why", async () => {
    const own = await process(join(folder(), "a.db"), new TestClock(START));
    const { storage } = own.conductor;
    const save = (id: string, parameters: object, more: object = {}) =>
      storage.saveFlow({ ...(flowOf(parameters, more) as object), id } as never);
    await save("a", { cron: "61 * * * *" });
    await save("b", { cron: "0 9 * * *", timezone: "Mars/Base" });
    await save("c", {});
    await save("d", { every: "${{ variables.often }}" });
    await save("e", { every: "1h" }, { edges: [{ source: "note", target: "times" }] });
    await save("f", { cron: "0 0 30 2 *" });
    await save("g", { every: "1h", overlap: "sometimes" });
    await own.triggers.start();
    const problems = own.triggers.list().map(({ flowId, status, problem }) => [flowId, status, problem]);
    expect(problems.sort()).toEqual([
      ["a", "refused", expect.stringContaining("Invalid value for minute: 61")],
      ["b", "refused", expect.stringContaining("no time zone `Mars/Base`")],
      ["c", "refused", expect.stringContaining("either `cron` or `every`; neither is given")],
      ["d", "refused", expect.stringContaining("`every` has an expression")],
      ["e", "refused", expect.stringContaining("An edge leads to it")],
      ["f", "refused", expect.stringContaining("no day fits it")],
      ["g", "refused", expect.stringContaining("`overlap`")],
    ]);
    expect(own.log).toHaveLength(7);
  });

  it("are found in a flow that also holds what is no node or edge", async () => {
    const own = await process(join(folder(), "a.db"), new TestClock(START));
    const nodes = [null, { id: "times", type: "schedule", parameters: { every: "1h" } }, "text", [null], 1];
    await own.conductor.storage.saveFlow({ id: "report", nodes, edges: [null, 1] } as never);
    await own.triggers.start();
    expect(own.triggers.list()).toMatchObject([{ nodeId: "times", status: "armed" }]);
    expect(own.log.filter((line) => /cannot be/.test(line))).toEqual([]);
  });
});

describe("executions of a schedule that overlap", () => {
  async function slow(overlap: string) {
    const clock = new TestClock(START);
    const own = await process(join(folder(), "a.db"), clock);
    const flow = {
      id: "slow",
      name: "Slow",
      nodes: [
        { id: "times", type: "schedule", parameters: { every: "1m", overlap } },
        { id: "ask", type: "wait-for-input", parameters: { message: "Go on?" } },
      ],
      edges: [{ source: "times", target: "ask" }],
    };
    await own.conductor.storage.saveFlow(flow as never);
    await own.triggers.start();
    await clock.go(START + 60_000);
    await until(async () => expect(await own.conductor.executions.waiting()).toHaveLength(1));
    const states = async () => (await executionsOf(own.store, "slow")).map(({ status }) => status);
    await until(async () => expect(await states()).toEqual(["waiting"]));
    /** Goes on to the second time, and then to the third one. */
    const goOn = async (second: () => unknown) => {
      await clock.go(START + 120_000);
      await until(second);
      await clock.go(START + 180_000);
    };
    const answer = async () => {
      const [question] = await own.conductor.executions.waiting();
      await own.conductor.executions.answer(question?.id as string, true);
    };
    return { clock, own, states, answer, goOn };
  }

  it("leave times out", async () => {
    const { own, states, clock, answer, goOn } = await slow("skip");
    const leftOut = (count: number) =>
      expect(own.log.filter((line) => line.includes("overlap: skip"))).toHaveLength(count);
    await goOn(() => leftOut(1));
    await until(() => leftOut(2));
    expect(await states()).toEqual(["waiting"]);
    await answer();
    await until(async () => expect(await states()).toEqual(["completed"]));
    await clock.go(START + 240_000);
    await until(async () => expect(await states()).toEqual(["completed", "waiting"]));
  });

  it("wait for their turn", async () => {
    const { states, clock, answer, own, goOn } = await slow("queue");
    await goOn(async () => expect(await states()).toEqual(["waiting"]));
    for (const done of [1, 2, 3]) {
      await answer();
      await until(async () => {
        await clock.go(clock.now() + 1000);
        const expected = [...Array.from({ length: done }, () => "completed"), ...(done < 3 ? ["waiting"] : [])];
        expect(await states()).toEqual(expected);
      });
    }
    expect(await timesOf(own, "slow")).toEqual([
      "2026-03-02T08:01:00.000Z",
      "2026-03-02T08:02:00.000Z",
      "2026-03-02T08:03:00.000Z",
    ]);
  });

  it("are cancelled", async () => {
    const { states, goOn } = await slow("cancel");
    await goOn(async () => expect(await states()).toEqual(["cancelled", "waiting"]));
    await until(async () => expect(await states()).toEqual(["cancelled", "cancelled", "waiting"]));
  });

  it("go on side by side", async () => {
    const { states, goOn } = await slow("allow");
    await goOn(async () => expect(await states()).toEqual(["waiting", "waiting"]));
    await until(async () => expect(await states()).toEqual(["waiting", "waiting", "waiting"]));
  });
});

describe("backfills", () => {
  it("begin what there is none of, in a range", async () => {
    const clock = new TestClock(START);
    const own = await process(join(folder(), "a.db"), clock);
    await own.conductor.storage.saveFlow(flowOf({ cron: "0 9 * * *", timezone: "Europe/Berlin" }));
    // Over the night on which clocks go forward in Berlin.
    clock.jump(Date.parse("2026-04-01T00:00:00Z"));
    const range = { from: Date.parse("2026-03-27T00:00:00Z"), to: Date.parse("2026-03-31T00:00:00Z") };
    expect(await own.triggers.backfill("report", "times", range)).toEqual({ begun: 4, known: 0, failed: 0 });
    expect(await own.triggers.backfill("report", "times", range)).toEqual({ begun: 0, known: 4, failed: 0 });
    expect(await timesOf(own)).toEqual(
      ["27T08", "28T08", "29T07", "30T07"].map((day) => `2026-03-${day}:00:00.000Z missed`),
    );
    await expect(own.triggers.backfill("report", "note", range)).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    await own.conductor.storage.saveFlow(flowOf({ every: "1s" }), { overwrite: true } as never);
    await expect(own.triggers.backfill("report", "times", range)).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
  });
});
