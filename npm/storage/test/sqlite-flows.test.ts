/** Flows and the cache of outputs in SQLite: what comes of earlier versions, of crashes, and of several processes. */
import { copyFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";

import { openSqliteStore, type SqliteStore } from "../src/executions/sqlite-store.js";
import { bytes, START } from "./execution-behaviour.js";
import { flow } from "./flow-behaviour.js";
import { temporaryFolder } from "./folder.js";
import { cached } from "./output-cache-behaviour.js";
import { inDatabase, started } from "./sqlite-processes.js";

const here = dirname(fileURLToPath(import.meta.url));

const newPath = async () => join(await temporaryFolder(), "conductor.db");

async function opened(path: string, options?: { cacheBytes?: number }): Promise<SqliteStore> {
  const store = await openSqliteStore(path, options);
  onTestFinished(() => store.close());
  return store;
}

/** A copy of a database that version 1 has written, with an execution that is over and one that is not. */
async function ofVersion1(): Promise<string> {
  const path = await newPath();
  await copyFile(join(here, "fixtures", "executions-1.db"), path);
  return path;
}

describe("a database of version 1", () => {
  it("is brought up to date, and keeps all that is in it", async () => {
    const path = await ofVersion1();
    const store = await opened(path);
    expect((await store.list()).executions).toMatchObject([
      { id: "left", status: "running", sequence: 1 },
      { id: "done", status: "completed", sequence: 2, tags: ["nightly"] },
    ]);
    expect(await store.records("done")).toMatchObject([{ values: new Uint8Array(5).fill(1) }, { sequence: 2 }]);
    expect(await store.claim("left")).toMatchObject({ epoch: 2 });
    const { document } = (await store.begun("left")) as { document: string };
    await store.flows.save("orders", JSON.parse(document));
    await store.cache.keep([cached("a")]);
    expect(await store.delete(["done"])).toBe(1);
    expect(await store.begun("left")).toMatchObject({ document });
    expect(await store.flows.load("orders")).toMatchObject({ name: "Orders" });
    await store.close();
    expect(await inDatabase(path, VERSION)).toEqual([["4"]]);
  });

  it("stays as it is where it cannot be brought up to date", async () => {
    const path = await ofVersion1();
    // The last table of the migration: those before it are made by then.
    await inDatabase(path, "create table cache_size (n)");
    await expect(openSqliteStore(path)).rejects.toThrow(/cache_size/);
    expect(await inDatabase(path, VERSION)).toEqual([["1"]]);
    expect(await inDatabase(path, "select count(*) from sqlite_schema where name like 'flow%'")).toEqual([[0]]);
    await inDatabase(path, "drop table cache_size");
    expect(await (await opened(path)).get("done")).toMatchObject({ status: "completed" });
  });

  it("is brought up to date once by processes that open it at once", async () => {
    const path = await ofVersion1();
    const told = await Promise.all([1, 2, 3].map(() => started(path, "open").told()));
    expect(told).toEqual(["opened", "opened", "opened"]);
    expect(await inDatabase(path, VERSION)).toEqual([["4"]]);
    expect(await inDatabase(path, "select count(*) from cache_size")).toEqual([[1]]);
  });

  it("is of the one version or of the other after a process was killed that opened it", async () => {
    for (let round = 0; round < 6; round++) {
      const path = await ofVersion1();
      const child = started(path, "open");
      // The files beside it are there once it is about to be written.
      while (!child.hasEnded() && !(await exists(`${path}-wal`)));
      child.kill();
      await child.ended;
      const [[version]] = (await inDatabase(path, VERSION)) as [[string]];
      const tables = await inDatabase(path, "select count(*) from sqlite_schema where name = 'cached_outputs'");
      expect([version, tables]).toEqual([version, [[version === "4" ? 1 : 0]]]);
      const store = await openSqliteStore(path);
      expect((await store.figures()).executions).toBe(2);
      await store.close();
    }
  });
});

const VERSION = "select value from meta where name = 'version'";

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

describe("flows of several processes", () => {
  it("are whole after the process that saved them was killed", async () => {
    const path = await newPath();
    for (let round = 0; round < 4; round++) {
      const child = started(path, "save");
      let last = 0;
      for (let count = 0; count < 5; count++) last = (await child.told()) as number;
      child.kill();
      await child.ended;
      const store = await openSqliteStore(path);
      const { versions } = await store.flows.history("f", { limit: 1000 });
      expect(versions[0]?.version).toBeGreaterThanOrEqual(last);
      expect(versions.map(({ version }) => version)).toEqual(versions.map((_, index) => versions.length - index));
      for (const { version } of versions) {
        const { nodes } = await store.flows.load<{ nodes: { code: string }[] }>("f", version);
        expect(nodes.length).toBe(500);
        expect(new Set(nodes.map(({ code }) => code)).size).toBe(1);
      }
      await store.close();
    }
  });

  it("are saved by exactly one of two that save on top of the same version", async () => {
    const path = await newPath();
    await (await openSqliteStore(path)).close();
    const both = [started(path, "compete"), started(path, "compete")];
    expect(await Promise.all(both.map((each) => each.told()))).toEqual(["ready", "ready"]);
    for (const each of both) each.goOn();
    const told = (await Promise.all(both.map((each) => each.told()))) as { pid: number; won: number[] }[];
    const won = told.flatMap((each) => each.won).sort((one, other) => one - other);
    expect(won).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    const store = await opened(path);
    for (const { pid, won: versions } of told) {
      for (const version of versions) expect(await store.flows.load("f", version)).toMatchObject({ by: pid });
    }
  });
});

describe("the cache in SQLite", () => {
  it("is bounded, and notes what was used last when it is closed", async () => {
    const path = await newPath();
    const first = await openSqliteStore(path, { cacheBytes: 3 * 516 });
    await first.cache.keep(["a", "b", "c"].map((name) => cached(name)));
    await first.cache.find(cached("a").key, START);
    await first.close();
    const store = await opened(path, { cacheBytes: 3 * 516 });
    await store.cache.keep([cached("d"), cached("e", { output: bytes(2000) })]);
    const found = await Promise.all(["a", "b", "c", "d", "e"].map((name) => store.cache.find(cached(name).key, START)));
    expect(found.map((entry) => entry?.key.at(-1))).toEqual(["a", undefined, "c", "d", undefined]);
    expect(await store.cache.figures()).toEqual({ entries: 3, bytes: 12, hits: 3 });
    // A smaller bound holds from the next entry on.
    const smaller = await opened(path, { cacheBytes: 516 });
    await smaller.cache.keep([cached("f")]);
    expect(await store.cache.figures()).toMatchObject({ entries: 1, bytes: 4 });
  });

  it("clears more entries than one step takes", async () => {
    const { cache } = await opened(await newPath());
    const entries = Array.from({ length: 1200 }, (_, index) => cached(`${index}`, { expiresAt: START + (index % 2) }));
    await cache.keep(entries);
    expect(await cache.clear({ expiredAt: START })).toBe(600);
    expect(await cache.clear()).toBe(600);
    expect(await cache.figures()).toEqual({ entries: 0, bytes: 0, hits: 0 });
  });

  it("refuses texts that a database cannot keep, and bounds that are none", async () => {
    const { cache } = await opened(await newPath());
    await expect(cache.keep([cached("a"), cached("b", { nodeId: "a\0b" })])).rejects.toMatchObject({
      code: "SERIALIZATION_ERROR",
      message: expect.stringContaining("`nodeId`"),
    });
    expect(await cache.figures()).toMatchObject({ entries: 0 });
    for (const cacheBytes of [0, 1.5, Number.NaN]) {
      await expect(openSqliteStore(await newPath(), { cacheBytes })).rejects.toThrow("`cacheBytes`");
    }
  });

  it("shares documents with flows in one table", async () => {
    const path = await newPath();
    const store = await openSqliteStore(path);
    await store.flows.save("a", flow("a", "1"));
    await store.flows.save("a", flow("a", "1", { savedAt: "later" }));
    await store.close();
    expect(await inDatabase(path, "select count(*) from documents")).toEqual([[1]]);
  });
});
