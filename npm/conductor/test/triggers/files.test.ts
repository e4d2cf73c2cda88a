import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { executionsOf, folder, process, TestClock, until } from "./harness.js";

const START = Date.parse("2026-03-02T08:00:00Z");

function flowOf(path: string, parameters: object = {}) {
  return {
    id: "inbox",
    name: "Inbox",
    nodes: [
      { id: "arrived", type: "file-change", parameters: { path, settle: "1s", ...parameters } },
      { id: "note", type: "edit-fields", parameters: { values: { noted: true } } },
    ],
    edges: [{ source: "arrived", target: "note" }],
  } as never;
}

type Process = Awaited<ReturnType<typeof process>>;

async function eventsOf({ store, conductor }: Process) {
  const rows = await executionsOf(store, "inbox");
  const outputs = rows.map(
    ({ id }) => conductor.executions.value(id, "arrived") as Promise<{ name: string; event: string }>,
  );
  return (await Promise.all(outputs)).map(({ name, event }) => `${event} ${name}`).sort();
}

/** Goes on in time until the events are these. */
async function found(own: Process, clock: TestClock, events: string[]) {
  await until(async () => {
    await clock.go(clock.now() + 1000);
    expect(await eventsOf(own)).toEqual(events);
  });
}

describe("files that change", () => {
  it("begin an execution each, once they stay as they are", async () => {
    const place = folder();
    const inbox = join(place, "inbox");
    mkdirSync(join(inbox, "deep"), { recursive: true });
    writeFileSync(join(inbox, "old.csv"), "a");
    const clock = new TestClock(START);
    const own = await process(join(place, "a.db"), clock);
    await own.conductor.storage.saveFlow(
      flowOf(inbox, { pattern: "**/*.csv", events: ["created", "changed", "deleted"] }),
    );
    await own.triggers.start();
    writeFileSync(join(inbox, "a.csv"), "1");
    writeFileSync(join(inbox, "note.txt"), "1");
    writeFileSync(join(inbox, "deep", "b.csv"), "1");
    await found(own, clock, ["created a.csv", "created deep/b.csv"]);
    writeFileSync(join(inbox, "a.csv"), "1,2");
    await found(own, clock, ["changed a.csv", "created a.csv", "created deep/b.csv"]);
    rmSync(join(inbox, "old.csv"));
    await found(own, clock, ["changed a.csv", "created a.csv", "created deep/b.csv", "deleted old.csv"]);
    const [row] = await executionsOf(own.store, "inbox");
    expect(row?.trigger).toBe("file-change");
  });

  it("do not fire while they are written", async () => {
    const inbox = folder();
    const clock = new TestClock(START);
    const own = await process(join(folder(), "a.db"), clock);
    await own.conductor.storage.saveFlow(flowOf(inbox));
    await own.triggers.start();
    const file = join(inbox, "big.bin");
    for (let size = 1; size <= 5; size++) {
      writeFileSync(file, "x".repeat(size));
      utimesSync(file, START / 1000 + size, START / 1000 + size);
      await clock.go(clock.now() + 700);
    }
    expect(await eventsOf(own)).toEqual([]);
    await found(own, clock, ["created big.bin"]);
    const [row] = await executionsOf(own.store, "inbox");
    expect(await own.conductor.executions.value(row?.id as string, "arrived")).toMatchObject({ path: file, size: 5 });
  });

  it("are found after nothing watched, those with old times too, and never twice", async () => {
    const place = folder();
    const inbox = join(place, "inbox");
    mkdirSync(inbox);
    const clock = new TestClock(START);
    const database = join(place, "a.db");
    const first = await process(database, clock);
    await first.conductor.storage.saveFlow(flowOf(inbox));
    await first.triggers.start();
    writeFileSync(join(inbox, "a.csv"), "1");
    await found(first, clock, ["created a.csv"]);
    await first.end();
    writeFileSync(join(place, "moved.csv"), "1");
    utimesSync(join(place, "moved.csv"), 1_000_000_000, 1_000_000_000);
    renameSync(join(place, "moved.csv"), join(inbox, "moved.csv"));
    const second = await process(database, clock);
    await second.triggers.start();
    await found(second, clock, ["created a.csv", "created moved.csv"]);
    await clock.go(clock.now() + 60_000);
    expect(await eventsOf(second)).toEqual(["created a.csv", "created moved.csv"]);
  });

  it("are a thousand at once, ten executions at a time", async () => {
    const inbox = folder();
    const clock = new TestClock(START);
    const own = await process(join(folder(), "a.db"), clock);
    await own.conductor.storage.saveFlow(flowOf(inbox));
    await own.triggers.start();
    let most = 0;
    own.conductor.node.onComplete(() => {});
    const count = setInterval(async () => {
      most = Math.max(most, (await own.conductor.node.active()).length);
    }, 1);
    for (let index = 0; index < 1000; index++) writeFileSync(join(inbox, `${index}.csv`), "1");
    // However slowly, there are always more of them.
    for (let found = 0, before = 0; found < 1000; before = found) {
      await until(async () => {
        await clock.go(clock.now() + 1000);
        found = (await executionsOf(own.store, "inbox")).length;
        expect(found).toBeGreaterThan(before);
      });
    }
    clearInterval(count);
    expect(await executionsOf(own.store, "inbox")).toHaveLength(1000);
    expect(most).toBeLessThanOrEqual(10);
  }, 900_000);

  it("are looked for only where the owner allows, and a folder that is missing is told once", async () => {
    const place = folder();
    const allowed = join(place, "allowed");
    const outside = join(place, "outside");
    mkdirSync(allowed);
    mkdirSync(outside);
    symlinkSync(outside, join(allowed, "link"));
    const clock = new TestClock(START);
    const own = await process(join(place, "a.db"), clock, { files: { roots: [allowed] } });
    const { storage } = own.conductor;
    for (const [id, path] of Object.entries({
      a: outside,
      b: join(allowed, "link"),
      c: join(allowed, "..", "outside"),
    })) {
      await storage.saveFlow({ ...(flowOf(path) as object), id } as never);
    }
    await storage.saveFlow({ ...(flowOf(join(allowed, "none")) as object), id: "d" } as never);
    await storage.saveFlow({ ...(flowOf(allowed) as object), id: "e" } as never);
    await own.triggers.start();
    const statuses = own.triggers.list().map(({ flowId, status, problem = "" }) => [flowId, status, problem]);
    expect(statuses.sort()).toEqual([
      ["a", "refused", expect.stringContaining("outside of the folders")],
      ["b", "refused", expect.stringContaining("out of the folders")],
      ["c", "refused", expect.stringContaining("outside of the folders")],
      ["d", "refused", expect.stringContaining("none")],
      ["e", "armed", ""],
    ]);
    const told = own.log.length;
    await clock.go(clock.now() + 30_000);
    expect(own.log).toHaveLength(told);
    mkdirSync(join(allowed, "none"));
    await until(async () => {
      await clock.go(clock.now() + 5000);
      expect(own.triggers.list().find(({ flowId }) => flowId === "d")?.status).toBe("armed");
    });
  });
});
