/** What all stores of executions do alike. It needs neither a runner nor Node, so that it can run in a page too. */
import type { ExpectStatic } from "vitest";

import {
  EXECUTION_STATUSES,
  type ExecutionChange,
  type ExecutionFilter,
  type ExecutionStatus,
  type ExecutionStore,
  type NewExecution,
  type StoredBlob,
  type StoredExecution,
} from "../src/executions/store.js";
import { executionModelTest } from "./execution-model.js";

/** A new and empty store, and what can happen to it. */
export interface StoreBench {
  store: ExecutionStore;
  /** A second owner on the same data. */
  another(): Promise<ExecutionStore>;
  /** Ends a store object as a crash of its process would. Resolves when the others can notice; the object is used no more. */
  crash(store: ExecutionStore): Promise<void>;
}

/** What the behaviour is checked with, and on. */
export interface ExecutionBench {
  it: (behaviour: string, check: () => Promise<void>) => void;
  expect: ExpectStatic;
  open: () => Promise<StoreBench>;
}

const FINISHED: readonly ExecutionStatus[] = ["completed", "failed", "cancelled"];
const UNFINISHED = EXECUTION_STATUSES.filter((status) => !FINISHED.includes(status));

/** A time that executions of tests start at, in ms since the epoch. */
export const START = 1_700_000_000_000;

/** Bytes from 0 to 255, over and over. */
export function bytes(length: number, first = 0): Uint8Array {
  const made = new Uint8Array(length);
  for (let index = 0; index < length; index++) made[index] = first + index;
  return made;
}

/** A change that begins an execution. */
export function begin(id: string, given: Partial<NewExecution> = {}): ExecutionChange {
  const document = given.document ?? '{"id":"flow"}';
  return {
    type: "begin",
    execution: {
      id,
      flowId: "flow",
      name: "A flow",
      document,
      documentHash: `hash of ${document}`.slice(0, 64),
      head: bytes(3),
      trigger: "call",
      tags: [],
      startedAt: START,
      ...given,
    },
  };
}

/** A change that appends 5 bytes. */
export function append(id: string, epoch: number, sequence: number, blobs?: readonly StoredBlob[]): ExecutionChange {
  const record = { type: "append" as const, id, epoch, sequence, journal: bytes(2, sequence), values: bytes(3, epoch) };
  return blobs === undefined ? record : { ...record, blobs };
}

/** A change of the row of an execution. */
export function update(
  id: string,
  epoch: number,
  given: Partial<Extract<ExecutionChange, { type: "update" }>> = {},
): ExecutionChange {
  return { type: "update", id, epoch, updatedAt: START + 1, ...given };
}

/** A change that completes an execution. */
export function finish(id: string, epoch = 1, endedAt = START + 10): ExecutionChange {
  return update(id, epoch, { status: "completed", endedAt, updatedAt: endedAt });
}

/** Declares checks with a new store each, of which every store object is closed afterwards. */
export function checking({ it, open }: Pick<ExecutionBench, "it" | "open">) {
  return (behaviour: string, work: (bench: StoreBench) => Promise<void>): void =>
    it(behaviour, async () => {
      const bench = await open();
      const stores = [bench.store];
      const crashed = new Set<ExecutionStore>();
      try {
        await work({
          store: bench.store,
          another: async () => {
            const store = await bench.another();
            stores.push(store);
            return store;
          },
          crash: async (store) => {
            crashed.add(store);
            await bench.crash(store);
          },
        });
      } finally {
        await Promise.all(stores.filter((store) => !crashed.has(store)).map((store) => store.close()));
      }
    });
}

/** Declares every behaviour with `it`. */
export function executionBehaviour({ it, expect, open }: ExecutionBench): void {
  const check = checking({ it, open });
  const wrote = async (store: ExecutionStore, ...changes: ExecutionChange[]): Promise<void> => {
    expect(await store.write(changes)).toEqual([]);
  };
  const idsOf = async (store: ExecutionStore, filter?: ExecutionFilter): Promise<string[]> =>
    (await store.list(filter, { limit: 1000 })).executions.map(({ id }) => id);

  check("begins an execution as running, under epoch 1 and without records", async ({ store }) => {
    const given = { parentId: "parent", trigger: "schedule", tags: ["b", "a"], startedAt: START + 7, head: bytes(300) };
    await wrote(store, begin("e", given));
    const row: StoredExecution = {
      id: "e",
      flowId: "flow",
      name: "A flow",
      documentHash: 'hash of {"id":"flow"}',
      parentId: "parent",
      trigger: "schedule",
      tags: ["b", "a"],
      startedAt: START + 7,
      updatedAt: START + 7,
      status: "running",
      epoch: 1,
      sequence: 0,
      bytes: 300,
    };
    expect(await store.get("e")).toEqual(row);
    expect((await store.list()).executions).toEqual([row]);
    expect(await store.begun("e")).toEqual({ document: '{"id":"flow"}', head: bytes(300) });
    expect(await store.records("e")).toEqual([]);
  });

  check("knows nothing of what was never begun", async ({ store }) => {
    expect([await store.get("e"), await store.begun("e"), await store.blob("h"), await store.claim("e")]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect([await store.records("e"), await store.claimable(START, 10), await store.list()]).toEqual([
      [],
      [],
      { executions: [] },
    ]);
    expect(await store.nextWake()).toBeUndefined();
    expect(await store.delete(["e"])).toBe(0);
    expect(await store.write([])).toEqual([]);
  });

  check("keeps records in order and gives them page by page", async ({ store }) => {
    await wrote(store, begin("e"), append("e", 1, 1));
    await wrote(store, ...Array.from({ length: 1100 }, (_, index) => append("e", 1, index + 2)));
    const records = await store.records("e");
    expect(records.length).toBe(1000);
    expect(records[0]).toEqual({ sequence: 1, epoch: 1, journal: bytes(2, 1), values: bytes(3, 1) });
    expect(records.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
    const rest = await store.records("e", 1000);
    expect(rest.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 101 }, (_, index) => index + 1001));
    expect((await store.records("e", 3, 2)).map(({ sequence }) => sequence)).toEqual([4, 5]);
    expect(await store.records("e", 1101)).toEqual([]);
    expect((await store.records("e", 0, 2000)).length).toBe(1101);
    expect(await store.get("e")).toMatchObject({ sequence: 1101, bytes: 3 + 1101 * 5 });
  });

  check("keeps records without content", async ({ store }) => {
    const none = new Uint8Array();
    await wrote(store, begin("e", { head: none }));
    await wrote(store, { type: "append", id: "e", epoch: 1, sequence: 1, journal: none, values: none });
    expect(await store.records("e")).toEqual([{ sequence: 1, epoch: 1, journal: none, values: none }]);
    expect(await store.begun("e")).toMatchObject({ head: none });
    expect(await store.get("e")).toMatchObject({ bytes: 0 });
  });

  check("changes what an update names and leaves the rest", async ({ store }) => {
    await wrote(store, begin("e"));
    await wrote(store, update("e", 1, { status: "sleeping", wakeAt: START + 50, reason: "delay" }));
    const before = await store.get("e");
    expect(before).toMatchObject({ status: "sleeping", wakeAt: START + 50, reason: "delay", updatedAt: START + 1 });
    await wrote(store, update("e", 1, { updatedAt: START + 2 }));
    expect(await store.get("e")).toEqual({ ...before, updatedAt: START + 2 });
    await wrote(store, update("e", 1, { status: "running", wakeAt: null, reason: null, updatedAt: START + 3 }));
    const after = await store.get("e");
    expect(after).toMatchObject({ status: "running", updatedAt: START + 3 });
    expect([after?.wakeAt, after?.reason]).toEqual([undefined, undefined]);
    await wrote(
      store,
      update("e", 1, {
        status: "failed",
        endedAt: START + 4,
        error: '{"code":"X"}',
        summary: "{}",
        updatedAt: START + 4,
      }),
    );
    expect(await store.get("e")).toMatchObject({
      status: "failed",
      endedAt: START + 4,
      error: '{"code":"X"}',
      summary: "{}",
      updatedAt: START + 4,
    });
  });

  check("takes the changes of a call in their order", async ({ store }) => {
    await wrote(
      store,
      begin("e"),
      append("e", 1, 1),
      update("e", 1, { status: "sleeping", wakeAt: START + 5, reason: "one" }),
      begin("f", { startedAt: START + 1 }),
      append("e", 1, 2),
      update("e", 1, { wakeAt: null, reason: "two", updatedAt: START + 2 }),
      update("e", 1, { status: "completed", endedAt: START + 3, updatedAt: START + 3 }),
    );
    const row = await store.get("e");
    expect(row).toMatchObject({ status: "completed", reason: "two", sequence: 2, endedAt: START + 3, bytes: 13 });
    expect(row?.wakeAt).toBeUndefined();
    expect(await idsOf(store)).toEqual(["f", "e"]);
  });

  check("has statuses of every kind", async ({ store }) => {
    for (const status of EXECUTION_STATUSES) {
      await wrote(store, begin(status), update(status, 1, { status, endedAt: START }));
      expect(await store.get(status)).toMatchObject({ status });
    }
  });

  check("refuses to begin what exists, finished or not, and leaves it as it is", async ({ store, another }) => {
    await wrote(store, begin("e"), begin("done"), finish("done"));
    const rows = [await store.get("e"), await store.get("done")];
    const other = await another();
    for (const each of [store, other]) {
      for (const id of ["e", "done"]) {
        expect(await each.write([begin(id, { name: "Another" }), append(id, 1, 1)])).toEqual([
          { id, reason: "exists" },
        ]);
      }
    }
    expect([await store.get("e"), await store.get("done")]).toEqual(rows);
    expect(await store.write([begin("twice"), begin("twice")])).toEqual([{ id: "twice", reason: "exists" }]);
    expect(await store.get("twice")).toBeUndefined();
  });

  check("refuses changes of an execution that is unknown", async ({ store }) => {
    expect(await store.write([append("e", 1, 1)])).toEqual([{ id: "e", reason: "unknown" }]);
    expect(await store.write([update("e", 1)])).toEqual([{ id: "e", reason: "unknown" }]);
    expect(await store.write([append("e", 1, 1), begin("e")])).toEqual([{ id: "e", reason: "unknown" }]);
    expect(await store.get("e")).toBeUndefined();
  });

  check("refuses records whose number does not follow the last one", async ({ store }) => {
    await wrote(store, begin("e"), append("e", 1, 1));
    for (const sequence of [0, 1, 3, -1]) {
      expect(await store.write([append("e", 1, sequence)])).toEqual([{ id: "e", reason: "gap" }]);
    }
    expect(await store.write([append("e", 1, 2), append("e", 1, 2)])).toEqual([{ id: "e", reason: "gap" }]);
    expect((await store.records("e")).length).toBe(1);
    await wrote(store, append("e", 1, 2));
  });

  check("refuses every change of what is finished", async ({ store, another }) => {
    const other = await another();
    for (const status of FINISHED) {
      await wrote(store, begin(status), update(status, 1, { status, endedAt: START }));
      for (const each of [store, other]) {
        for (const change of [append(status, 1, 1), append(status, 2, 1), update(status, 1, { status: "running" })]) {
          expect(await each.write([change])).toEqual([{ id: status, reason: "finished" }]);
        }
      }
      expect(await store.write([append(status, 1, 1)])).toEqual([{ id: status, reason: "finished" }]);
      expect(await store.get(status)).toMatchObject({ status, sequence: 0 });
    }
    expect(await store.write([begin("e"), finish("e"), append("e", 1, 1)])).toEqual([{ id: "e", reason: "finished" }]);
    expect(await store.get("e")).toBeUndefined();
  });

  check("refuses what is written under another epoch, or by a store object that is not the owner", async (bench) => {
    const { store, another } = bench;
    const other = await another();
    await wrote(store, begin("e"));
    for (const epoch of [0, 2, 99]) {
      expect(await store.write([append("e", epoch, 1)])).toEqual([{ id: "e", reason: "stale" }]);
      expect(await store.write([update("e", epoch)])).toEqual([{ id: "e", reason: "stale" }]);
    }
    expect(await other.write([append("e", 1, 1)])).toEqual([{ id: "e", reason: "stale" }]);
    expect(await other.write([finish("e")])).toEqual([{ id: "e", reason: "stale" }]);
    expect(await store.get("e")).toMatchObject({ epoch: 1, sequence: 0, status: "running", updatedAt: START });
  });

  check("refuses the epoch of an owner whose execution was taken over", async ({ store, another }) => {
    await wrote(store, begin("e"), append("e", 1, 1), update("e", 1, { release: true }));
    expect(await store.write([append("e", 1, 2)])).toEqual([{ id: "e", reason: "stale" }]);
    const other = await another();
    expect(await other.claim("e")).toMatchObject({ epoch: 2, sequence: 1 });
    await wrote(other, append("e", 2, 2));
    for (const change of [append("e", 1, 3), append("e", 2, 3), finish("e", 1), finish("e", 2)]) {
      expect(await store.write([change])).toEqual([{ id: "e", reason: "stale" }]);
    }
    expect(await other.write([append("e", 1, 3)])).toEqual([{ id: "e", reason: "stale" }]);
    expect((await store.records("e")).map(({ epoch }) => epoch)).toEqual([1, 2]);
    await wrote(other, finish("e", 2));
  });

  check("writes all or nothing of an execution in a call, and the others of the call", async ({ store }) => {
    await wrote(store, begin("a"), begin("b"), begin("c"), finish("c"));
    const blob = { hash: "only of a", data: bytes(10) };
    const refusals = await store.write([
      append("a", 1, 1, [blob]),
      append("b", 1, 1),
      begin("d"),
      append("c", 1, 1),
      update("a", 1, { status: "paused" }),
      begin("e", { document: "{}" }),
      append("a", 1, 3),
      append("d", 1, 1),
      append("e", 1, 2),
      append("never", 1, 1),
      update("b", 1, { status: "waiting" }),
    ]);
    expect([...refusals].sort((first, second) => (first.id < second.id ? -1 : 1))).toEqual([
      { id: "a", reason: "gap" },
      { id: "c", reason: "finished" },
      { id: "e", reason: "gap" },
      { id: "never", reason: "unknown" },
    ]);
    expect(await store.get("a")).toMatchObject({ status: "running", sequence: 0, bytes: 3 });
    expect(await store.get("b")).toMatchObject({ status: "waiting", sequence: 1 });
    expect(await store.get("d")).toMatchObject({ sequence: 1 });
    expect(await store.get("e")).toBeUndefined();
    expect(await store.blob("only of a")).toBeUndefined();
    expect([await store.records("a"), await store.records("e")]).toEqual([[], []]);
    await wrote(store, append("a", 1, 1));
  });

  check("judges calls at once one after the other", async ({ store }) => {
    const calls = [
      store.write([begin("e")]),
      store.write([append("e", 1, 1)]),
      store.write([append("e", 1, 3), begin("f")]),
      store.write([append("e", 1, 2), begin("e")]),
      store.write([append("e", 1, 2)]),
      store.write([begin("f")]),
      store.write([finish("e")]),
      store.write([append("e", 1, 3)]),
    ];
    expect(await Promise.all(calls)).toEqual([
      [],
      [],
      [{ id: "e", reason: "gap" }],
      [{ id: "e", reason: "exists" }],
      [],
      [{ id: "f", reason: "exists" }],
      [],
      [{ id: "e", reason: "finished" }],
    ]);
    expect((await store.records("e")).map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  check("claims an execution only when its owner is gone", async ({ store, another }) => {
    const other = await another();
    await wrote(store, begin("e"), append("e", 1, 1));
    expect([await other.claim("e"), await store.claim("e"), await other.claim("never")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([await other.claimable(START, 10), await store.claimable(START, 10)]).toEqual([[], []]);
    const before = await store.get("e");
    await store.close();
    expect(await other.claimable(START, 10)).toEqual(["e"]);
    expect(await other.claim("e")).toEqual({ ...before, epoch: 2 });
    expect(await other.claimable(START, 10)).toEqual([]);
    expect(await other.claim("e")).toBeUndefined();
    await wrote(other, append("e", 2, 2));
    expect(await other.get("e")).toMatchObject({ epoch: 2, sequence: 2 });
  });

  check("claims what a crash left, and not what is finished or owned by the living", async (bench) => {
    const { store, another, crash } = bench;
    const [second, third] = [await another(), await another()];
    await wrote(store, begin("left"), begin("done"), finish("done"));
    await wrote(second, begin("owned", { startedAt: START + 1 }));
    await crash(store);
    expect(await third.claimable(START, 10)).toEqual(["left"]);
    expect([await third.claim("done"), await third.claim("owned")]).toEqual([undefined, undefined]);
    expect(await third.claim("left")).toMatchObject({ epoch: 2 });
    await crash(third);
    expect(await second.claim("left")).toMatchObject({ epoch: 3 });
    await crash(second);
    const last = await another();
    expect(await last.claimable(START, 10)).toEqual(["left", "owned"]);
    expect(await last.claim("left")).toMatchObject({ epoch: 4 });
  });

  check("lets one of several claim an execution", async ({ store, another }) => {
    const owners = await Promise.all([another(), another(), another()]);
    const ids = Array.from({ length: 20 }, (_, index) => `e${index}`);
    await wrote(store, ...ids.map((id) => begin(id)));
    await store.close();
    const claims = await Promise.all(owners.flatMap((owner) => ids.map((id) => owner.claim(id))));
    const claimed = claims.filter((row) => row !== undefined);
    expect(claimed.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(new Set(claimed.map(({ epoch }) => epoch))).toEqual(new Set([2]));
    for (const [index, owner] of owners.entries()) {
      for (const row of claims.slice(index * ids.length, (index + 1) * ids.length)) {
        if (row !== undefined) await wrote(owner, append(row.id, 2, 1));
      }
    }
  });

  check("lets anyone claim what was released, whatever its status", async ({ store, another }) => {
    const other = await another();
    for (const status of UNFINISHED) {
      await wrote(store, begin(status), update(status, 1, { status, release: true }));
      expect(await other.claim(status)).toMatchObject({ status, epoch: 2 });
      await wrote(other, update(status, 2, { release: true }));
      expect(await store.claim(status)).toMatchObject({ status, epoch: 3 });
    }
  });

  check("offers for a claim what can go on, those that began first first", async ({ store, another }) => {
    const other = await another();
    for (const [index, status] of EXECUTION_STATUSES.entries()) {
      await wrote(
        store,
        begin(status, { startedAt: START + index }),
        update(status, 1, { status, endedAt: START, release: true }),
      );
    }
    const sleepers = [30, 10, 20];
    for (const [index, wakeAt] of sleepers.entries()) {
      const id = `wakes at ${wakeAt}`;
      await wrote(store, begin(id, { startedAt: START + 100 + index }));
      await wrote(store, update(id, 1, { status: "sleeping", wakeAt: START + wakeAt, release: true }));
    }
    await wrote(
      store,
      begin("owned", { startedAt: START + 200 }),
      update("owned", 1, { status: "sleeping", wakeAt: 5 }),
    );
    expect(await other.claimable(START, 10)).toEqual(["queued", "running", "sleeping"]);
    expect(await other.claimable(START + 20, 10)).toEqual([
      "queued",
      "running",
      "sleeping",
      "wakes at 10",
      "wakes at 20",
    ]);
    await wrote(store, begin("asks until 40", { startedAt: START + 300 }));
    await wrote(store, update("asks until 40", 1, { status: "waiting", wakeAt: START + 40, release: true }));
    expect(await other.claimable(START + 39, 10)).not.toContain("asks until 40");
    expect((await other.claimable(START + 40, 10)).at(-1)).toBe("asks until 40");
    expect(await other.claimable(START, 10, "due")).toEqual(["sleeping"]);
    expect(await other.claimable(START + 40, 10, "due")).toEqual([
      "sleeping",
      "wakes at 30",
      "wakes at 10",
      "wakes at 20",
      "asks until 40",
    ]);
    expect(await other.claimable(START + 40, 2, "due")).toEqual(["sleeping", "wakes at 30"]);
    expect(await other.claimable(START + 99, 2)).toEqual(["queued", "running"]);
    expect(await other.claimable(START + 30, 4)).toEqual(["queued", "running", "sleeping", "wakes at 30"]);
  });

  check("tells when the next sleeper that can be claimed wakes", async ({ store, another }) => {
    const other = await another();
    expect(await other.nextWake()).toBeUndefined();
    for (const wakeAt of [30, 10, 20]) {
      const id = `e${wakeAt}`;
      await wrote(store, begin(id), update(id, 1, { status: "sleeping", wakeAt: START + wakeAt }));
    }
    await wrote(store, begin("paused"), update("paused", 1, { status: "paused", wakeAt: START, release: true }));
    await wrote(store, begin("running"), update("running", 1, { wakeAt: START, release: true }));
    await wrote(store, begin("done"), update("done", 1, { status: "failed", endedAt: START, wakeAt: START }));
    expect(await other.nextWake()).toBeUndefined();
    await wrote(store, update("e20", 1, { release: true }));
    expect([await other.nextWake(), await store.nextWake()]).toEqual([START + 20, START + 20]);
    await store.close();
    expect(await other.nextWake()).toBe(START + 10);
    expect(await other.claim("e10")).toBeDefined();
    expect(await other.nextWake()).toBe(START + 20);
    await wrote(other, begin("asks"), update("asks", 1, { status: "waiting", wakeAt: START + 5, release: true }));
    await wrote(other, begin("asks on"), update("asks on", 1, { status: "waiting", release: true }));
    expect(await other.nextWake()).toBe(START + 5);
  });

  check("keeps a blob once and deletes it with the last execution that needs it", async ({ store }) => {
    const shared = { hash: "a".repeat(64), data: bytes(700) };
    const own = { hash: "b".repeat(64), data: bytes(660, 9) };
    await wrote(store, begin("e"), append("e", 1, 1, [shared, own]), append("e", 1, 2));
    await wrote(store, begin("f"), append("f", 1, 1, [shared]));
    expect((await store.figures()).blobs).toBe(2);
    expect(await store.get("e")).toMatchObject({ bytes: 3 + 10 + 1360 });
    expect([await store.blob(shared.hash), await store.blob(own.hash)]).toEqual([shared.data, own.data]);
    await wrote(store, finish("e"), finish("f"));
    expect(await store.delete(["e"])).toBe(1);
    expect([await store.blob(shared.hash), await store.blob(own.hash)]).toEqual([shared.data, undefined]);
    expect((await store.figures()).blobs).toBe(1);
    expect(await store.delete(["f"])).toBe(1);
    expect(await store.blob(shared.hash)).toBeUndefined();
    await wrote(store, begin("g"), append("g", 1, 1, [shared]));
    expect(await store.blob(shared.hash)).toEqual(shared.data);
  });

  check("keeps a document for all executions that began with it", async ({ store }) => {
    const document = JSON.stringify({ id: "flow", text: "ä\ud83d\ude00\n'\"" });
    await wrote(store, begin("a", { document }), begin("b", { document }), begin("c", { document: "{}" }));
    await wrote(store, finish("a"), finish("c"));
    expect(await store.delete(["a", "c"])).toBe(2);
    expect(await store.begun("b")).toMatchObject({ document });
    await wrote(store, finish("b"));
    expect(await store.delete(["b"])).toBe(1);
    await wrote(store, begin("a", { document }));
    expect(await store.begun("a")).toMatchObject({ document });
  });

  check("lists by every filter, and by all at once", async ({ store }) => {
    const flows = ["orders", "invoices"];
    const tags = [[], ["a"], ["a", "b"], ["B"]];
    const statuses = ["running", "failed", "completed", "sleeping"] as const;
    const rows: StoredExecution[] = [];
    for (let index = 0; index < 48; index++) {
      const id = `${index % 2 === 0 ? "Even" : "odd"}-${index}`;
      const status = statuses[index % 4] as ExecutionStatus;
      await wrote(
        store,
        begin(id, {
          flowId: flows[index % 2] as string,
          name: index % 5 === 0 ? "50%_'off\\ÄÖ" : "plain",
          startedAt: START + (index >> 1),
          tags: tags[(index >> 1) % 4] as string[],
          ...(index % 3 === 0 && { parentId: "Even-0" }),
        }),
        update(id, 1, {
          status,
          ...(index % 6 !== 0 && { endedAt: START + (index % 5) }),
          ...(index % 7 === 0 && { error: '{"code":"TimeOut"}' }),
        }),
      );
      rows.unshift((await store.get(id)) as StoredExecution);
    }
    const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    const keeps: [ExecutionFilter, (row: StoredExecution) => boolean][] = [
      [{}, () => true],
      [{ flowId: "orders" }, (row) => row.flowId === "orders"],
      [{ flowId: "Orders" }, () => false],
      [{ status: "failed" }, (row) => row.status === "failed"],
      [{ status: ["failed", "sleeping"] }, (row) => row.status === "failed" || row.status === "sleeping"],
      [{ status: [] }, () => false],
      [{ parentId: "Even-0" }, (row) => row.parentId === "Even-0"],
      [{ parentId: "" }, () => false],
      [{ tags: [] }, () => true],
      [{ tags: ["a"] }, (row) => row.tags.includes("a")],
      [{ tags: ["b", "a"] }, (row) => row.tags.includes("a") && row.tags.includes("b")],
      [{ tags: ["b"] }, (row) => row.tags.includes("b")],
      [{ from: START + 5 }, (row) => row.startedAt >= START + 5],
      [{ to: START + 5 }, (row) => row.startedAt < START + 5],
      [{ from: START + 5, to: START + 5 }, () => false],
      [{ endedFrom: START + 3 }, (row) => row.endedAt !== undefined && row.endedAt >= START + 3],
      [{ from: START + 3, to: START + 9 }, (row) => row.startedAt >= START + 3 && row.startedAt < START + 9],
    ];
    for (const text of [
      "",
      "EVEN-1",
      "odd-",
      "RDER",
      "plain",
      "50%_'",
      "%",
      "_",
      "\\",
      "äö",
      "ÄÖ",
      "timeout",
      "call",
    ]) {
      const texts = (row: StoredExecution) => [row.id, row.flowId, row.name, row.error ?? ""].map(lower);
      keeps.push([{ text }, (row) => texts(row).some((each) => each.includes(lower(text)))]);
    }
    for (const [first, keepsFirst] of keeps) {
      for (const [second, keepsSecond] of keeps) {
        const filter = { ...second, ...first };
        const isShadowed = Object.keys(second).some((key) => key in first);
        const wanted = rows.filter((row) => keepsFirst(row) && (isShadowed || keepsSecond(row)));
        if (isShadowed && Object.keys(filter).length > Object.keys(first).length) continue;
        const { executions, next } = await store.list(filter);
        expect([next, ...executions.map(({ id }) => id)], JSON.stringify(filter)).toEqual([
          undefined,
          ...wanted.map(({ id }) => id),
        ]);
      }
    }
    expect((await store.list()).executions).toEqual(rows);
  });

  check("gives pages that neither skip nor repeat while new executions begin", async ({ store, another }) => {
    const other = await another();
    const ids = Array.from({ length: 57 }, (_, index) => `e${index}`);
    for (const [index, id] of ids.entries()) await wrote(store, begin(id, { startedAt: START + (index >> 2) }));
    for (const limit of [1, 10, 19, 56, 57, 1000]) {
      const seen: string[] = [];
      let cursor: string | undefined;
      let pages = 0;
      do {
        const { executions, next } = await store.list(
          { flowId: "flow" },
          cursor === undefined ? { limit } : { limit, cursor },
        );
        expect(executions.length).toBeLessThanOrEqual(limit);
        seen.push(...executions.map(({ id }) => id));
        cursor = next;
        const meanwhile = pages % 2 === 0 ? store : other;
        await wrote(meanwhile, begin(`${limit}/${pages}`, { startedAt: START + 1000, flowId: "flow" }));
        pages++;
      } while (cursor !== undefined);
      expect(seen.filter((id) => id.startsWith("e"))).toEqual(ids.toReversed());
      expect(new Set(seen).size).toBe(seen.length);
      expect(pages).toBe(Math.max(1, Math.ceil(seen.length / limit)));
    }
    expect((await store.list()).executions.length).toBe(50);
  });

  check("refuses limits and cursors that make no sense", async ({ store }) => {
    for (const limit of [0, -1, 1001, 1.5, Number.NaN]) {
      await expect(store.list({}, { limit })).rejects.toMatchObject({ name: "StorageError" });
    }
    await expect(store.list({}, { cursor: "no cursor" })).rejects.toMatchObject({ name: "StorageError" });
    await expect(store.records("e", 0, 0)).rejects.toMatchObject({ name: "StorageError" });
  });

  check("refuses rules of retention that do not exist, which would delete nothing", async ({ store }) => {
    for (const rule of [
      { endedBfore: 1 },
      { endedBefore: "30d" },
      { keepPerFlow: -1 },
      { flowId: 1 },
      { keepPerFlow: 1.5 },
    ]) {
      const pruned = store.prune(rule as object);
      await expect(pruned, JSON.stringify(rule)).rejects.toMatchObject({ code: "UNSUPPORTED_OPERATION" });
    }
    await expect(store.prune({ endedBfore: 1 } as object)).rejects.toThrow(
      "there are `flowId`, `endedBefore`, `keepPerFlow`",
    );
  });

  check("refuses filters that do not exist, which would list everything", async ({ store }) => {
    for (const filter of [
      { statuss: "failed" },
      { status: "faild" },
      { status: ["failed", "over"] },
      { tags: "a" },
      { from: "now" },
      { endedFrom: "now" },
    ]) {
      const listed = store.list(filter as ExecutionFilter);
      await expect(listed, JSON.stringify(filter)).rejects.toMatchObject({ code: "UNSUPPORTED_OPERATION" });
    }
    await expect(store.list({ statuss: "failed" } as ExecutionFilter)).rejects.toThrow(
      /"statuss"; there are `flowId`, `status`/,
    );
    expect((await store.list({ flowId: undefined } as unknown as ExecutionFilter)).executions).toEqual([]);
  });

  check("deletes finished executions only", async ({ store, another }) => {
    const other = await another();
    for (const status of EXECUTION_STATUSES) {
      await wrote(store, begin(status), append(status, 1, 1), update(status, 1, { status, endedAt: START }));
    }
    expect(await other.delete([...EXECUTION_STATUSES, "never", "failed"])).toBe(3);
    expect((await idsOf(store)).sort()).toEqual([...UNFINISHED].sort());
    for (const status of FINISHED) {
      expect([await store.get(status), await store.begun(status)]).toEqual([undefined, undefined]);
      expect(await store.records(status)).toEqual([]);
      expect(await store.write([append(status, 1, 2)])).toEqual([{ id: status, reason: "unknown" }]);
    }
    expect(await store.figures()).toMatchObject({ executions: 6, unfinished: 6, records: 6 });
    await wrote(store, begin("failed"), append("failed", 1, 1));
    expect(await store.get("failed")).toMatchObject({ epoch: 1, sequence: 1 });
  });

  check("prunes finished executions by age and by number for each flow", async ({ store }) => {
    for (let index = 0; index < 12; index++) {
      const id = `e${index}`;
      await wrote(store, begin(id, { flowId: index % 3 === 0 ? "a" : "b", startedAt: START + index }));
      // Those that began first end last.
      if (index !== 6) await wrote(store, finish(id, 1, START + 100 - index));
    }
    expect(await store.prune({})).toBe(0);
    expect(await store.prune({ endedBefore: START + 89 })).toBe(0);
    expect(await store.prune({ endedBefore: START + 91 })).toBe(2);
    expect((await idsOf(store)).slice(0, 3)).toEqual(["e9", "e8", "e7"]);
    expect(await store.prune({ keepPerFlow: 3 })).toBe(3);
    expect(await idsOf(store)).toEqual(["e9", "e8", "e7", "e6", "e5", "e3", "e0"]);
    expect(await store.prune({ endedBefore: START + 92, keepPerFlow: 2 })).toBe(3);
    expect(await idsOf(store)).toEqual(["e8", "e7", "e6", "e3"]);
  });

  check("prunes the executions of one flow alone, each flow by rules of its own", async ({ store }) => {
    for (let index = 0; index < 12; index++) {
      const id = `e${index}`;
      await wrote(store, begin(id, { flowId: index % 3 === 0 ? "a" : "b", startedAt: START + index }));
      if (index !== 6) await wrote(store, finish(id, 1, START + 100 - index));
    }
    expect(await store.prune({ flowId: "a" })).toBe(0);
    expect(await store.prune({ flowId: "none", keepPerFlow: 0 })).toBe(0);
    expect(await store.prune({ flowId: "a", keepPerFlow: 2 })).toBe(1);
    expect(await store.prune({ flowId: "b", endedBefore: START + 91 })).toBe(2);
    expect(await idsOf(store)).toEqual(["e9", "e8", "e7", "e6", "e5", "e4", "e3", "e2", "e1"]);
    expect(await store.prune({ flowId: "b", endedBefore: START + 93, keepPerFlow: 3 })).toBe(4);
    expect(await idsOf(store)).toEqual(["e9", "e7", "e6", "e5", "e3"]);
  });

  check("prunes more executions of one flow than are read at once", async ({ store }) => {
    const ids = Array.from({ length: 1_200 }, (_, index) => `old${index}`);
    for (let from = 0; from < ids.length; from += 200) {
      await wrote(store, ...ids.slice(from, from + 200).flatMap((id) => [begin(id), finish(id)]));
    }
    await wrote(store, begin("other", { flowId: "other" }), finish("other"));
    expect(await store.prune({ flowId: (await store.get("old0"))?.flowId as string, keepPerFlow: 5 })).toBe(1_195);
    expect(await store.figures()).toMatchObject({ executions: 6 });
  });

  check("prunes while others write", async ({ store, another }) => {
    const other = await another();
    const many = Array.from({ length: 700 }, (_, index) => `old${index}`);
    for (let from = 0; from < many.length; from += 100) {
      await wrote(store, ...many.slice(from, from + 100).flatMap((id) => [begin(id), append(id, 1, 1), finish(id)]));
    }
    await wrote(store, begin("e"));
    await wrote(other, begin("f"));
    const pruned = store.prune({ endedBefore: START + 1000 });
    const writes = Array.from({ length: 50 }, (_, index) => [
      store.write([append("e", 1, index + 1)]),
      other.write([append("f", 1, index + 1)]),
    ]);
    expect(await Promise.all(writes.flat())).toEqual(Array(100).fill([]));
    expect(await pruned).toBe(700);
    expect(await store.figures()).toMatchObject({ executions: 2, unfinished: 2, records: 100 });
  });

  check("tells how much it holds, and gives room back", async ({ store }) => {
    expect(await store.figures()).toMatchObject({ executions: 0, unfinished: 0, records: 0, blobs: 0 });
    await wrote(store, begin("a"), append("a", 1, 1, [{ hash: "h", data: bytes(1_000_000) }]), append("a", 1, 2));
    await wrote(store, begin("b"), finish("b"));
    const figures = await store.figures();
    expect(figures).toMatchObject({ executions: 2, unfinished: 1, records: 2, blobs: 1 });
    expect(figures.bytes).toBeGreaterThan(0);
    await store.vacuum();
    expect(await store.figures()).toMatchObject({ executions: 2, unfinished: 1, records: 2, blobs: 1 });
    expect((await store.records("a")).length).toBe(2);
  });

  check("keeps large values", async ({ store }) => {
    const size = 5_000_000;
    const document = JSON.stringify({ text: "ä".repeat(size / 2) });
    await wrote(store, begin("e", { head: bytes(size, 1), document }));
    const blob = { hash: "large", data: bytes(size, 2) };
    await wrote(store, {
      type: "append",
      id: "e",
      epoch: 1,
      sequence: 1,
      journal: bytes(size, 3),
      values: bytes(size, 4),
      blobs: [blob],
    });
    const begun = await store.begun("e");
    expect(begun?.document === document).toBe(true);
    const [record] = await store.records("e");
    const pairs = [
      [begun?.head, 1],
      [await store.blob("large"), 2],
      [record?.journal, 3],
      [record?.values, 4],
    ] as const;
    for (const [data, first] of pairs) {
      expect(data?.length).toBe(size);
      expect(data?.every((byte, index) => byte === ((first + index) & 255))).toBe(true);
    }
    expect((await store.get("e"))?.bytes).toBe(4 * size);
  });

  check("takes ids, names and tags of any characters", async ({ store, another }) => {
    const texts = [
      "",
      " ",
      "'",
      '"',
      "''; drop table executions; --",
      "{a,b}",
      '{"a":null}',
      "NULL",
      "\\x41",
      "\\",
      "a\nb\r\n\t",
      "%_*?",
      "ä",
      "a\u0308",
      "日本語",
      "\ud83d\ude00",
      "\u0001\u001f\u007f\u0085\u2028\ufeff\uffff",
      "../../etc/passwd",
      "x".repeat(1000),
      Array.from({ length: 1000 }, (_, index) => String.fromCharCode(0x4e00 + ((index * 7919) % 20_000))).join(""),
    ];
    for (const text of texts) {
      await wrote(
        store,
        begin(text, { flowId: text, name: text, trigger: text, parentId: text, tags: [text, `${text}!`] }),
        update(text, 1, { reason: text, error: text, summary: text, release: true }),
      );
    }
    const other = await another();
    const blob = { hash: "c".repeat(64), data: bytes(4) };
    for (const text of texts) {
      const row = await other.claim(text);
      expect(row).toMatchObject({ id: text, flowId: text, name: text, trigger: text, parentId: text, epoch: 2 });
      expect(row).toMatchObject({ tags: [text, `${text}!`], reason: text, error: text, summary: text });
      await wrote(other, append(text, 2, 1, [blob]));
      expect((await store.records(text)).length).toBe(1);
      for (const filter of [{ flowId: text }, { parentId: text }, { tags: [text] }, { tags: [text, `${text}!`] }]) {
        expect(await idsOf(store, filter)).toEqual([text]);
      }
      expect(await idsOf(store, { text })).toContain(text);
      await wrote(other, finish(text, 2));
    }
    expect(await store.delete(texts)).toBe(texts.length);
  });

  check("refuses text that databases have no form for, and writes nothing of the call", async ({ store }) => {
    for (const text of ["a\0b", "\ud83d", "\ude00x"]) {
      const wrong = [
        [begin(text)],
        [begin("e", { flowId: text })],
        [begin("e", { name: text })],
        [begin("e", { document: text })],
        [begin("e", { tags: ["fine", text] })],
        [begin("e"), update("e", 1, { reason: text })],
        [begin("e"), update("e", 1, { error: text })],
        [begin("e"), append("e", 1, 1, [{ hash: text, data: bytes(1) }])],
      ];
      for (const changes of wrong) {
        await expect(store.write([begin("other"), ...changes])).rejects.toMatchObject({
          name: "StorageError",
          code: "SERIALIZATION_ERROR",
        });
      }
    }
    expect(await idsOf(store)).toEqual([]);
    await wrote(store, begin("e"));
  });

  check("loses nothing with 200 writers at once", async ({ store, another }) => {
    const owners = [store, await another()];
    const writers = Array.from({ length: 200 }, async (_, index) => {
      const owner = owners[index % 2] as ExecutionStore;
      const id = `e${index}`;
      await wrote(owner, begin(id, { document: `{"n":${index % 7}}` }));
      for (let sequence = 1; sequence <= 10; sequence++) {
        const blobs = [{ hash: `h${(index + sequence) % 5}`, data: bytes(100, (index + sequence) % 5) }];
        await wrote(owner, append(id, 1, sequence, sequence % 5 === 0 ? blobs : undefined));
        expect((await owner.get(id))?.sequence).toBe(sequence);
      }
      await wrote(owner, finish(id));
    });
    await Promise.all(writers);
    expect(await store.figures()).toMatchObject({ executions: 200, unfinished: 0, records: 2000, blobs: 5 });
    for (let index = 0; index < 200; index++) {
      const records = await store.records(`e${index}`);
      expect(records.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
    const [one, two] = await Promise.all(owners.map((owner) => owner.prune({ endedBefore: START + 1000 })));
    expect((one as number) + (two as number)).toBe(200);
    expect(await store.figures()).toMatchObject({ executions: 0, records: 0, blobs: 0 });
  });

  check("writes what was asked for before it closes, and then refuses", async ({ store, another }) => {
    const writes = Array.from({ length: 20 }, (_, index) =>
      store.write([begin(`e${index}`), append(`e${index}`, 1, 1)]),
    );
    await store.close();
    expect(await Promise.all(writes)).toEqual(Array(20).fill([]));
    await store.close();
    const other = await another();
    expect((await idsOf(other)).length).toBe(20);
    expect((await other.claimable(START, 100)).length).toBe(20);
    const calls = [
      () => store.write([begin("late")]),
      () => store.get("e0"),
      () => store.list(),
      () => store.claim("e0"),
      () => store.figures(),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ name: "StorageError" });
    expect(await other.get("late")).toBeUndefined();
  });

  executionModelTest({ check, expect });
}
