/** What only the SQLite store has; what all stores do is in `execution-stores.ts`. */
import { execFileSync } from "node:child_process";
import { chmod, mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { openSqliteStore, type SqliteStore } from "../src/executions/sqlite-store.js";
import type { ExecutionChange, NewExecution } from "../src/executions/store.js";
import { failureOf, temporaryFolder } from "./folder.js";
import { inDatabase, started } from "./sqlite-processes.js";

async function newPath(): Promise<string> {
  return join(await temporaryFolder(), "executions.db");
}

async function opened(path: string, options?: { busyTimeout?: number }): Promise<SqliteStore> {
  const store = await openSqliteStore(path, options);
  onTestFinished(() => store.close());
  return store;
}

function begin(id: string, more: Partial<NewExecution> = {}): ExecutionChange {
  const execution: NewExecution = {
    id,
    flowId: "flow",
    name: "Flow",
    document: "{}",
    documentHash: "0".repeat(64),
    head: new Uint8Array([1, 2, 3]),
    trigger: "call",
    tags: [],
    startedAt: 1_700_000_000_000,
    ...more,
  };
  return { type: "begin", execution };
}

function append(id: string, sequence: number, { epoch = 1, size = 8 } = {}): ExecutionChange {
  const bytes = new Uint8Array(size).fill(sequence);
  return { type: "append", id, epoch, sequence, journal: bytes, values: bytes };
}

/** A disk of its own, of this size; nothing where this user may make none. */
async function disk(megabytes: number): Promise<string | undefined> {
  const folder = await temporaryFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => {
    execFileSync("umount", ["-l", folder]);
  });
  return folder;
}

describe("the file of a store", () => {
  it("is made with its folders, and the path may be relative", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a", "b", "executions.db");
    const store = await opened(relative(process.cwd(), path));
    expect(store.name).toBe(`sqlite:${path}`);
    await store.write([begin("one")]);
    expect((await stat(path)).isFile()).toBe(true);
  });

  it("keeps all when it is closed and opened again, and leaves nothing beside it", async () => {
    const path = await newPath();
    const first = await openSqliteStore(path);
    await first.write([begin("one"), append("one", 1)]);
    const row = await first.get("one");
    await first.close();
    expect((await readdir(dirname(path))).sort()).toEqual(["executions.db", "executions.db-owners"]);
    expect(await readdir(`${path}-owners`)).toEqual([]);
    const second = await opened(path);
    expect(await second.get("one")).toEqual(row);
    expect(await second.records("one")).toEqual([
      { sequence: 1, epoch: 1, journal: new Uint8Array(8).fill(1), values: new Uint8Array(8).fill(1) },
    ]);
  });

  it("must be one", async () => {
    expect(await failureOf(openSqliteStore(":memory:"))).toMatchObject({
      code: "UNSUPPORTED_OPERATION",
      message: expect.stringContaining("createMemoryExecutions"),
    });
    expect(await failureOf(openSqliteStore(""))).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
    const folder = await temporaryFolder();
    expect(await failureOf(openSqliteStore(folder))).toMatchObject({ code: "ACCESS_DENIED" });
  });

  it("is refused and not written to where it is no database", async () => {
    const path = await newPath();
    await writeFile(path, "a letter to a friend\n".repeat(500));
    const error = await failureOf(openSqliteStore(path));
    expect(error).toMatchObject({ code: "SERIALIZATION_ERROR", message: expect.stringContaining(path) });
    expect(await readFile(path, "utf8")).toBe("a letter to a friend\n".repeat(500));
    expect(await readdir(dirname(path))).toEqual(["executions.db"]);
  });

  it.each([
    "create table notes (text)",
    "create table meta (name, value); insert into meta values ('application', 'another')",
  ])("is refused and not written to where it has other tables: %s", async (sql) => {
    const path = await newPath();
    await inDatabase(path, sql);
    const before = await readFile(path);
    const error = await failureOf(openSqliteStore(path));
    expect(error).toMatchObject({ code: "UNSUPPORTED_OPERATION", message: expect.stringContaining(path) });
    expect((error as Error).message).toContain("other tables");
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  it("is refused by name in a later version, when it is opened and when it becomes one", async () => {
    const path = await newPath();
    const store = await opened(path);
    await store.write([begin("one")]);
    await inDatabase(path, "update meta set value = '7' where name = 'version'");
    for (const attempt of [() => openSqliteStore(path), () => store.write([append("one", 1)])]) {
      const error = await failureOf(attempt());
      expect(error).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
      expect((error as Error).message).toMatch(
        /has version 7, but this library knows versions up to 4 \(.+executions\.db\)/,
      );
    }
    await inDatabase(path, "update meta set value = '4' where name = 'version'");
    expect(await store.write([append("one", 1)])).toEqual([]);
  });

  it("can be opened by many at once when it is new", async () => {
    const path = await newPath();
    const stores = await Promise.all(Array.from({ length: 8 }, () => opened(path)));
    await Promise.all(stores.map((store, index) => store.write([begin(`of ${index}`)])));
    expect((await stores[0]?.figures())?.executions).toBe(8);
  });
});

describe("owners", () => {
  it("are two where two objects of one process have the same file", async () => {
    const path = await newPath();
    const one = await opened(path);
    const two = await opened(path);
    await one.write([begin("of one")]);
    expect(await two.claimable(0, 10)).toEqual([]);
    expect(await two.claim("of one")).toBeUndefined();
    await one.close();
    expect(await two.claimable(0, 10)).toEqual(["of one"]);
    expect(await two.claim("of one")).toMatchObject({ epoch: 2 });
  });

  it("keep what is theirs while their process lives, and lose it when it is closed there", async () => {
    const path = await newPath();
    const other = started(path, "own");
    expect(await other.told()).toBe("owned");
    const store = await opened(path);
    expect(await store.claim("theirs")).toBeUndefined();
    expect(await store.claimable(0, 10)).toEqual([]);
    other.goOn();
    expect(await other.told()).toBe("closed");
    expect(await store.claim("theirs")).toMatchObject({ epoch: 2, sequence: 1 });
  });

  it("lose what is theirs when their process is killed, with all that they were told is written", async () => {
    const path = await newPath();
    const other = started(path, "flood");
    let told = 0;
    while (told < 300) told = (await other.told()) as number;
    const store = await opened(path);
    expect(await store.claim("theirs")).toBeUndefined();
    other.kill();
    expect(await other.ended).toBe("SIGKILL");
    for (let last = await other.told(); last !== undefined; last = await other.told()) told = last as number;
    expect(await store.claimable(0, 10)).toEqual(["theirs"]);
    const row = await store.claim("theirs");
    expect(row?.epoch).toBe(2);
    // One more may have been written that it could not tell of any more.
    expect([told, told + 1]).toContain(row?.sequence);
    const records = await store.records("theirs", 0, 100_000);
    expect(records.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: row?.sequence ?? 0 }, (_, i) => i + 1),
    );
    expect(await readdir(`${path}-owners`)).toHaveLength(1);
  });

  it("are refused with an epoch that is over, whatever else they write in the same call", async () => {
    const path = await newPath();
    const one = await opened(path);
    await one.write([begin("a"), begin("b")]);
    await one.write([{ type: "update", id: "a", epoch: 1, updatedAt: 1, release: true }]);
    const two = await opened(path);
    expect(await two.claim("a")).toMatchObject({ epoch: 2 });
    expect(
      await one.write([append("a", 1), append("b", 1), { type: "update", id: "a", epoch: 1, updatedAt: 2 }]),
    ).toEqual([{ id: "a", reason: "stale" }]);
    expect(await two.records("a")).toEqual([]);
    expect(await two.records("b")).toHaveLength(1);
  });

  it("cannot both claim the same execution", async () => {
    const path = await newPath();
    const first = await openSqliteStore(path);
    const ids = Array.from({ length: 200 }, (_, index) => `execution ${index}`);
    await first.write(ids.map((id) => begin(id)));
    await first.close();
    const stores = await Promise.all([opened(path), opened(path), opened(path)]);
    const claims = await Promise.all(
      ids.flatMap((id) => stores.map(async (store) => ((await store.claim(id)) === undefined ? 0 : 1))),
    );
    expect(claims.reduce<number>((sum, claim) => sum + claim, 0)).toBe(200);
    const epochs = await Promise.all(ids.map(async (id) => (await stores[0]?.get(id))?.epoch));
    expect(new Set(epochs)).toEqual(new Set([2]));
  });

  it("have their lock files removed by the next one when they were killed", async () => {
    const path = await newPath();
    for (let round = 0; round < 3; round += 1) {
      const other = started(path, round === 0 ? "own" : "flood");
      await other.told();
      other.kill();
      await other.ended;
    }
    await opened(path);
    expect(await readdir(`${path}-owners`)).toHaveLength(1);
  });

  it("do not keep their process alive but for what is being written", async () => {
    const path = await newPath();
    const other = started(path, "left-open");
    expect(await other.told()).toBe("written");
    expect(await other.ended).toBe(0);
  });
});

describe("writing", () => {
  it("takes few transactions for what comes in at the same time", async () => {
    const store = await opened(await newPath());
    const ids = Array.from({ length: 50 }, (_, index) => `execution ${index}`);
    await store.write(ids.map((id) => begin(id)));
    const before = store.counts();
    const calls: Promise<unknown>[] = [];
    for (let sequence = 1; sequence <= 40; sequence += 1) {
      for (const id of ids) calls.push(store.write([append(id, sequence)]));
    }
    expect(new Set((await Promise.all(calls)).map((refusals) => (refusals as unknown[]).length))).toEqual(new Set([0]));
    const after = store.counts();
    expect(after.writes - before.writes).toBe(2000);
    // All calls were made before the first could end; the first transaction may have taken as little as one.
    expect(after.commits - before.commits).toBeLessThan(1000);
    for (const id of ids) expect((await store.get(id))?.sequence).toBe(40);
  });

  it("waits for another process, and says so where that takes too long", async () => {
    const path = await newPath();
    const patient = await opened(path);
    const hasty = await opened(path, { busyTimeout: 20 });
    await patient.write([begin("one")]);
    const lock = await lockOf(path);
    const error = await failureOf(hasty.write([append("one", 1)]));
    expect(error).toMatchObject({ code: "ACCESS_DENIED", message: expect.stringContaining(path) });
    const waiting = patient.write([append("one", 1)]);
    await lock.release();
    expect(await waiting).toEqual([]);
    expect(await hasty.write([begin("two")])).toEqual([]);
  });

  it("says that a store is closed", async () => {
    const store = await openSqliteStore(await newPath());
    const last = store.write([begin("one")]);
    await store.close();
    expect(await last).toEqual([]);
    for (const attempt of [() => store.write([begin("two")]), () => store.get("one"), () => store.claim("one")]) {
      expect(await failureOf(attempt())).toMatchObject({
        code: "UNSUPPORTED_OPERATION",
        message: expect.stringContaining("closed"),
      });
    }
  });
});

/** Holds the lock of a database for writing, as another process would. */
async function lockOf(path: string): Promise<{ release(): Promise<void> }> {
  const { loadAddon } = await import("@atomiton/conductor-native");
  const { CancelToken, SqliteDatabase } = loadAddon();
  const database = new SqliteDatabase(new CancelToken());
  expect(await database.open({ path, mayChange: true, memory: 1e8, wait: 10_000 })).toBeNull();
  const statements = ["begin immediate"];
  const answer = await database.run({ statements, runs: "[[0]]", kind: "own", mostRows: 1, mostBytes: 1e6 });
  expect(answer.trouble).toBeFalsy();
  return { release: () => database.close() };
}

describe("values", () => {
  it("that cannot be kept are refused with what is wrong, and nothing of the call is written", async () => {
    const store = await opened(await newPath());
    await store.write([begin("one")]);
    const update = { type: "update", id: "one", epoch: 1, updatedAt: 1 } as const;
    const refused: [ExecutionChange, code: string, message: string][] = [
      [begin("nan", { startedAt: Number.NaN }), "SERIALIZATION_ERROR", "started_at"],
      [begin("half \ud800"), "SERIALIZATION_ERROR", "half of a surrogate pair"],
      [{ ...update, status: "gone" as "failed" }, "UNSUPPORTED_OPERATION", "queued, running"],
      [append("one", 1, { epoch: 1.5 }), "SERIALIZATION_ERROR", "whole number"],
    ];
    for (const [change, code, message] of refused) {
      const error = await failureOf(store.write([append("one", 1), change]));
      expect(error).toMatchObject({ name: "StorageError", code, message: expect.stringContaining(message) });
    }
    expect((await store.figures()).records).toBe(0);
    expect(await store.get("one")).toMatchObject({ status: "running", sequence: 0 });
  });

  it("may be times of any year", async () => {
    const store = await opened(await newPath());
    const times = [8.64e15, 0.5, -3, -8.64e15];
    await store.write(times.map((startedAt) => begin(`at ${startedAt}`, { startedAt })));
    const found = async (filter: { from?: number; to?: number }) =>
      (await store.list(filter)).executions.map(({ startedAt }) => startedAt).sort((a, b) => b - a);
    expect(await found({})).toEqual(times);
    expect(await found({ to: 0 })).toEqual([-3, -8.64e15]);
    expect(await found({ from: 0, to: 1 })).toEqual([0.5]);
    expect(await found({ from: 1e15 })).toEqual([8.64e15]);
  });
});

describe("what can be claimed of a process that is gone", () => {
  it("is found by when it began and when it wakes", async () => {
    const path = await newPath();
    const first = await openSqliteStore(path);
    const asleep = (id: string, wakeAt: number | null): ExecutionChange => ({
      type: "update",
      id,
      epoch: 1,
      updatedAt: 1,
      status: "sleeping",
      wakeAt,
    });
    const at = (startedAt: number) => ({ startedAt });
    await first.write([begin("c", at(3)), begin("a", at(1)), begin("b", at(2)), begin("d", at(4)), begin("e", at(5))]);
    await first.write([
      asleep("a", 500),
      asleep("d", 900),
      { ...asleep("e", null), status: "paused" } as ExecutionChange,
    ]);
    const second = await opened(path);
    expect(await second.nextWake()).toBeUndefined();
    expect(await second.claimable(1000, 10)).toEqual([]);
    await first.close();
    expect(await second.nextWake()).toBe(500);
    expect(await second.claimable(400, 10)).toEqual(["b", "c"]);
    expect(await second.claimable(500, 10)).toEqual(["a", "b", "c"]);
    expect(await second.claimable(1000, 2)).toEqual(["a", "b"]);
    expect(await second.claim("e")).toMatchObject({ status: "paused", epoch: 2 });
    expect(await second.claim("a")).toMatchObject({ status: "sleeping", wakeAt: 500 });
    expect(await second.nextWake()).toBe(900);
    await second.write([{ type: "update", id: "a", epoch: 2, updatedAt: 2, release: true, wakeAt: 600 }]);
    expect(await second.nextWake()).toBe(600);
  });
});

describe("failures of the machine", () => {
  it("leave nothing of a call behind when the disk is full, and end with it", async ({ skip }) => {
    const folder = await disk(12);
    if (folder === undefined) return skip("this user may not mount a disk");
    const path = join(folder, "executions.db");
    const store = await opened(path);
    await store.write([begin("one"), begin("two")]);
    await writeFile(join(folder, "ballast"), new Uint8Array(9_000_000));
    let written = 0;
    let error: unknown;
    while (error === undefined) {
      await store.write([append("one", written + 1, { size: 20_000 })]).then(
        () => {
          written += 1;
        },
        (thrown: unknown) => {
          error = thrown;
        },
      );
    }
    expect(error).toMatchObject({ name: "StorageError", code: "STORAGE_FULL", message: expect.stringContaining(path) });
    expect(written).toBeGreaterThan(3);
    // A call of two changes of which the second does not fit: neither is there.
    expect(await failureOf(store.write([begin("three"), append("two", 1, { size: 3_000_000 })]))).toMatchObject({
      code: "STORAGE_FULL",
    });
    expect(await store.get("three")).toBeUndefined();
    expect(await store.get("one")).toMatchObject({ sequence: written });
    await rm(join(folder, "ballast"));
    expect(await store.write([append("one", written + 1), begin("three")])).toEqual([]);
    await store.close();
    const again = await opened(path);
    expect((await again.records("one")).map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: written + 1 }, (_, index) => index + 1),
    );
    expect(await again.get("three")).toMatchObject({ status: "running" });
  });

  it("fail only the calls that do not fit when several come in at once", async ({ skip }) => {
    const folder = await disk(4);
    if (folder === undefined) return skip("this user may not mount a disk");
    const store = await opened(join(folder, "executions.db"));
    await store.write([begin("one"), begin("two"), begin("three")]);
    const outcomes = await Promise.allSettled([
      store.write([append("one", 1)]),
      store.write([append("two", 1, { size: 3_000_000 })]),
      store.write([append("three", 1)]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await store.get("two"))?.sequence).toBe(0);
    expect((await store.get("three"))?.sequence).toBe(1);
  });

  it("say that a file or a folder is read-only", async ({ skip }) => {
    if (process.getuid?.() !== 0) return skip("only root can become another user");
    const path = await newPath();
    const store = await openSqliteStore(path);
    await store.write([begin("one")]);
    await store.close();
    await chmod(dirname(path), 0o755);
    await chmod(path, 0o644);
    const nobody = 65_534;
    const denied = { code: "ACCESS_DENIED", message: expect.stringContaining(path) };
    const readOnly = started(path, "open", nobody);
    expect(await readOnly.told()).toMatchObject(denied);
    const none = started(join(dirname(path), "new.db"), "open", nobody);
    expect(await none.told()).toMatchObject({ code: "ACCESS_DENIED" });
    const again = await opened(path);
    expect(await again.get("one")).toBeDefined();
  });

  it("say that a page is damaged, and write nothing over it", async () => {
    const path = await newPath();
    const first = await openSqliteStore(path);
    const ids = Array.from({ length: 400 }, (_, index) => `execution ${index}`);
    await first.write(ids.map((id) => begin(id)));
    await first.write(ids.map((id) => append(id, 1, { size: 400 })));
    await first.close();
    const rows = await inDatabase(path, "select pageno from dbstat where name = 'records' and pagetype = 'leaf'");
    const file = await open(path, "r+");
    for (const [page] of rows.slice(0, 20))
      await file.write(Buffer.alloc(4096, 0xa5), 0, 4096, (Number(page) - 1) * 4096);
    await file.close();
    const store = await opened(path);
    const reads = await Promise.allSettled(ids.map((id) => store.records(id)));
    const failed = reads.filter((read) => read.status === "rejected");
    expect(failed.length).toBeGreaterThan(0);
    for (const { reason } of failed) {
      expect(reason).toMatchObject({
        name: "StorageError",
        code: "SERIALIZATION_ERROR",
        message: expect.stringContaining(path),
      });
    }
    const writes = await Promise.allSettled(ids.map((id) => store.write([append(id, 2)])));
    const refused = writes.filter((write) => write.status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: "SERIALIZATION_ERROR" });
  });

  it("say that the path leads through a file", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "a"));
    await writeFile(join(folder, "a", "file"), "x");
    expect(await failureOf(openSqliteStore(join(folder, "a", "file", "executions.db")))).toMatchObject({
      code: "ACCESS_DENIED",
    });
  });
});

describe("deleting", () => {
  it("keeps documents and blobs that others need, and gives room back", async () => {
    const path = await newPath();
    const store = await opened(path);
    const blob = { hash: "b", data: new Uint8Array(300_000) };
    const withBlob = (id: string): ExecutionChange => ({
      ...(append(id, 1) as ExecutionChange & { type: "append" }),
      blobs: [blob],
    });
    const ended = (id: string, endedAt: number): ExecutionChange => ({
      type: "update",
      id,
      epoch: 1,
      updatedAt: endedAt,
      endedAt,
      status: "completed",
    });
    for (const id of ["one", "two", "running"]) await store.write([begin(id), withBlob(id)]);
    await store.write([ended("one", 10), ended("two", 20)]);
    expect(await store.prune({ endedBefore: 20 })).toBe(1);
    expect(await store.delete(["running", "unknown"])).toBe(0);
    expect(Buffer.from((await store.blob("b")) ?? "").equals(blob.data)).toBe(true);
    expect(await store.delete(["two"])).toBe(1);
    expect(await store.begun("running")).toMatchObject({ document: "{}" });
    await store.write([ended("running", 30)]);
    expect(await store.delete(["running"])).toBe(1);
    expect(await store.blob("b")).toBeUndefined();
    expect(await store.figures()).toMatchObject({ executions: 0, records: 0, blobs: 0 });
    const { bytes: before } = await store.figures();
    await store.vacuum();
    const { bytes: after } = await store.figures();
    expect(after).toBeLessThan(before - 300_000);
    expect((await stat(path)).size).toBe(after);
  });
});
