/** Copies of a SQLite store, and putting them back. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";

import { backUpSqliteStore, restoreSqliteStore } from "../src/executions/sqlite-backup.js";
import { openSqliteStore, type SqliteStore } from "../src/executions/sqlite-store.js";
import type { ExecutionChange } from "../src/executions/store.js";
import { failureOf, temporaryFolder } from "./folder.js";

const BYTES = new Uint8Array(2_000).fill(7);

/** An execution with two records, in one call. */
function whole(id: string): ExecutionChange[] {
  const execution = {
    id,
    flowId: "flow",
    name: "Flow",
    document: '{"id":"flow"}',
    documentHash: "0".repeat(64),
    head: new Uint8Array([1]),
    trigger: "call",
    tags: [],
    startedAt: 1_700_000_000_000,
  };
  const append = (sequence: number): ExecutionChange => ({
    type: "append",
    id,
    epoch: 1,
    sequence,
    journal: BYTES,
    values: BYTES,
  });
  const update: ExecutionChange = {
    type: "update",
    id,
    epoch: 1,
    updatedAt: 1,
    status: "completed",
    endedAt: 2,
    summary: "{}",
  };
  return [{ type: "begin", execution }, append(1), append(2), update];
}

async function storeWith(path: string, ...ids: string[]): Promise<SqliteStore> {
  const store = await openSqliteStore(path);
  onTestFinished(() => store.close());
  for (const id of ids) await store.write(whole(id));
  return store;
}

async function idsOf(path: string): Promise<string[]> {
  const store = await openSqliteStore(path);
  try {
    const { executions } = await store.list({}, { limit: 1000 });
    return executions.map(({ id }) => id).sort();
  } finally {
    await store.close();
  }
}

describe("a backup", () => {
  it("has what the open store has, in one file, and says what", async () => {
    const folder = await temporaryFolder();
    const store = await storeWith(join(folder, "s", "c.db"), "a", "b");
    await store.entries("states").write([{ id: "x", entry: { hash: "1", content: "one" } }]);
    const copied = await backUpSqliteStore(join(folder, "s", "c.db"), join(folder, "b", "copy.db"));
    expect(copied).toMatchObject({ executions: 2, flows: 0, bytes: (await stat(join(folder, "b", "copy.db"))).size });
    expect(copied.version).toBeGreaterThanOrEqual(4);
    expect(await readdir(join(folder, "b"))).toEqual(["copy.db"]);
    expect(await idsOf(join(folder, "b", "copy.db"))).toEqual(["a", "b"]);
    const copy = await openSqliteStore(join(folder, "b", "copy.db"));
    expect(await copy.entries("states").get("x")).toEqual({ hash: "1", content: "one" });
    await copy.close();
  });

  it("of a store that is written meanwhile holds every call of `write` whole or not at all", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "c.db");
    const store = await storeWith(path, ...Array.from({ length: 300 }, (_, index) => `before-${index}`));
    let ends = false;
    let written = 0;
    const writing = (async () => {
      while (!ends) await Promise.all(Array.from({ length: 20 }, () => store.write(whole(`during-${written++}`))));
    })();
    for (const name of ["1.db", "2.db", "3.db"]) {
      const from = written;
      await backUpSqliteStore(path, join(folder, name));
      // The load went on while the copy was made, or this test says nothing.
      expect(written).toBeGreaterThan(from);
    }
    ends = true;
    await writing;
    for (const name of ["1.db", "2.db", "3.db"]) {
      const copy = await openSqliteStore(join(folder, name));
      const { executions: all } = await copy.figures();
      expect(all).toBeGreaterThanOrEqual(300);
      for (let cursor: string | undefined; ; ) {
        const { executions, next } = await copy.list({}, { limit: 1000, ...(cursor && { cursor }) });
        for (const { id, sequence, status, summary } of executions) {
          expect({ id, sequence, status, summary }).toEqual({ id, sequence: 2, status: "completed", summary: "{}" });
          expect(await copy.records(id)).toHaveLength(2);
          expect(await copy.begun(id)).toBeDefined();
        }
        cursor = next;
        if (cursor === undefined) break;
      }
      await copy.close();
    }
  });

  it("replaces no file unless it is told to, and only with a whole one", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "c.db");
    await storeWith(path, "a");
    const file = join(folder, "mine.txt");
    await writeFile(file, "mine");
    expect(await failureOf(backUpSqliteStore(path, file))).toMatchObject({ code: "UNSUPPORTED_OPERATION" });
    expect(await readFile(file, "utf8")).toBe("mine");
    await backUpSqliteStore(path, file, { replaces: true });
    expect(await idsOf(file)).toEqual(["a"]);
    expect(await failureOf(backUpSqliteStore(path, path, { replaces: true }))).toMatchObject({
      message: expect.stringContaining("same file"),
    });
  });

  it("of what is no store, or none at all, says so and makes no file", async () => {
    const folder = await temporaryFolder();
    const text = join(folder, "text.db");
    await writeFile(text, "no database at all, but text that is long enough to be looked at".repeat(100));
    await writeFile(join(folder, "empty.db"), "");
    for (const [name, code, message] of [
      ["text.db", "SERIALIZATION_ERROR", "no SQLite database"],
      ["empty.db", "UNSUPPORTED_OPERATION", "holds no store"],
      ["missing.db", "UNSUPPORTED_OPERATION", "There is no database"],
    ] as const) {
      const failure = await failureOf(backUpSqliteStore(join(folder, name), join(folder, "copy.db")));
      expect(failure).toMatchObject({ code, message: expect.stringContaining(message) });
    }
    expect((await readdir(folder)).sort()).toEqual(["empty.db", "text.db"]);
  });

  it("on a disk that is full says so and leaves nothing there", async ({ skip }) => {
    const folder = await temporaryFolder();
    const small = await temporaryFolder();
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small], { stdio: "ignore" });
    } catch {
      return skip("this user may not mount a disk");
    }
    onTestFinished(() => {
      execFileSync("umount", ["-l", small]);
    });
    const path = join(folder, "c.db");
    const store = await storeWith(path);
    await store.write(Array.from({ length: 500 }, (_, index) => whole(`full-${index}`)).flat());
    expect(await failureOf(backUpSqliteStore(path, join(small, "copy.db")))).toMatchObject({
      code: "STORAGE_FULL",
      message: expect.stringContaining("disk is full"),
    });
    expect(await readdir(small)).toEqual([]);
    await store.write(whole("after"));
    const target = join(small, "c.db");
    await backUpSqliteStore(path, join(folder, "copy.db"));
    expect(await failureOf(restoreSqliteStore(join(folder, "copy.db"), target))).toMatchObject({
      code: "STORAGE_FULL",
    });
  });

  it("whose process is killed in the middle leaves no file of that name", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "c.db");
    const store = await storeWith(path);
    const large = new Uint8Array(1_000_000).fill(3);
    for (let index = 0; index < 60; index += 1) {
      const [begin, append, , update] = whole(`large-${index}`);
      await store.write([begin, { ...append, values: large }, update] as ExecutionChange[]);
    }
    const copies = join(folder, "copies");
    const script = `
      const { backUpSqliteStore } = await import(${JSON.stringify(new URL("../dist/desktop.js", import.meta.url).href)});
      await backUpSqliteStore(${JSON.stringify(path)}, ${JSON.stringify(join(copies, "copy.db"))});`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      cwd: new URL("..", import.meta.url),
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = new Promise((resolve) => child.on("close", resolve));
    // The first thing that is seen in the folder is the file beside.
    while (child.exitCode === null && !existsSync(copies)) await setImmediate();
    while (child.exitCode === null && readdirSync(copies).length === 0) await setImmediate();
    child.kill("SIGKILL");
    await ended;
    expect(child.signalCode).toBe("SIGKILL");
    const left = await readdir(copies);
    expect(left).not.toContain("copy.db");
    expect(left.every((name) => /^\.copy\.db\.[0-9a-f]{12}\.tmp/.test(name))).toBe(true);
    // The next one is not kept from its work.
    expect(await backUpSqliteStore(path, join(copies, "copy.db"))).toMatchObject({ executions: 60 });
  });
});

describe("restoring a backup", () => {
  async function backedUp() {
    const folder = await temporaryFolder();
    const store = await storeWith(join(folder, "c.db"), "a", "b");
    const backup = join(folder, "copy.db");
    await backUpSqliteStore(join(folder, "c.db"), backup);
    return { folder, store, backup };
  }

  it("makes a store where there is none, also from a file that may only be read", async () => {
    const { folder, backup } = await backedUp();
    await chmod(backup, 0o444);
    const target = join(folder, "new", "c.db");
    expect(await restoreSqliteStore(backup, target)).toMatchObject({ executions: 2 });
    expect(await idsOf(target)).toEqual(["a", "b"]);
    expect((await readdir(folder)).filter((name) => name.startsWith("copy.db"))).toEqual(["copy.db"]);
  });

  it("refuses a store that is not empty, unless that is to be replaced", async () => {
    const { folder, backup } = await backedUp();
    const target = join(folder, "other.db");
    await (await storeWith(target, "x")).close();
    expect(await failureOf(restoreSqliteStore(backup, target))).toMatchObject({
      code: "UNSUPPORTED_OPERATION",
      message: expect.stringContaining("not empty"),
    });
    expect(await idsOf(target)).toEqual(["x"]);
    await restoreSqliteStore(backup, target, { replaces: true });
    expect(await idsOf(target)).toEqual(["a", "b"]);
    // What it was is written no more, and what it is now can be written.
    const store = await openSqliteStore(target);
    await store.write(whole("c"));
    await store.close();
    expect(await idsOf(target)).toEqual(["a", "b", "c"]);
  });

  it("refuses a store that a process has open, also to replace it", async () => {
    const { folder, store, backup } = await backedUp();
    for (const replaces of [false, true]) {
      expect(await failureOf(restoreSqliteStore(backup, join(folder, "c.db"), { replaces }))).toMatchObject({
        code: "ACCESS_DENIED",
        message: expect.stringContaining("has the store open"),
      });
    }
    await store.write(whole("later"));
    await store.close();
    await restoreSqliteStore(backup, join(folder, "c.db"), { replaces: true });
    expect(await idsOf(join(folder, "c.db"))).toEqual(["a", "b"]);
  });

  it("refuses a file that is damaged, and one of another program, and leaves the store as it was", async () => {
    const { folder, backup } = await backedUp();
    const target = join(folder, "other.db");
    await (await storeWith(target, "x")).close();
    const bytes = await readFile(backup);
    // A page in the middle.
    bytes.fill(0xa5, 4096 * 5, 4096 * 7);
    const damaged = join(folder, "damaged.db");
    await writeFile(damaged, bytes);
    const failure = await failureOf(restoreSqliteStore(damaged, target, { replaces: true }));
    expect(failure).toMatchObject({ code: "SERIALIZATION_ERROR" });
    await writeFile(join(folder, "text"), "text".repeat(3000));
    expect(await failureOf(restoreSqliteStore(join(folder, "text"), target, { replaces: true }))).toMatchObject({
      code: "SERIALIZATION_ERROR",
    });
    expect(await failureOf(restoreSqliteStore(backup, join(folder, "text"), { replaces: true }))).toMatchObject({
      code: "SERIALIZATION_ERROR",
    });
    expect(await idsOf(target)).toEqual(["x"]);
  });

  it("takes over what was unfinished when the backup was made", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "c.db");
    const store = await storeWith(path);
    await store.write(whole("running").slice(0, 2));
    await backUpSqliteStore(path, join(folder, "copy.db"));
    await restoreSqliteStore(join(folder, "copy.db"), join(folder, "new.db"));
    const next = await openSqliteStore(join(folder, "new.db"));
    expect(await next.claimable(Date.now(), 10)).toEqual(["running"]);
    expect(await next.claim("running")).toMatchObject({ status: "running", epoch: 2 });
    await next.close();
  });
});
