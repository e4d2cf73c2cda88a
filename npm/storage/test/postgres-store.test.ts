/** The store in a real PostgreSQL, and what only this one has: a server that goes away. */
import { readFile } from "node:fs/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { missingPostgres, startPostgres } from "../../../tests/nodes/postgres.mjs";
import { openPostgresStore, type PostgresStore } from "../src/executions/postgres-store.js";
import type { ExecutionStore } from "../src/executions/store.js";
import { type CuttableWay, cuttableWay } from "./cuttable.js";
import { append, begin, bytes, finish, START, update } from "./execution-behaviour.js";
import { testExecutionStore } from "./execution-stores.js";
import { flow } from "./flow-behaviour.js";
import { cached } from "./output-cache-behaviour.js";

type Server = Awaited<ReturnType<typeof startPostgres>>;

/** How long a server may take to be there again, in ms. */
const LONG_MS = 600_000;

const missing = missingPostgres();
let server: Server;
let admin: pg.Pool;
const ways: CuttableWay[] = [];
let count = 0;

beforeAll(async () => {
  if (missing !== undefined) return;
  server = await startPostgres({ fsync: true });
  admin = new pg.Pool({ connectionString: server.url });
  admin.on("error", () => {});
});

afterAll(async () => {
  await Promise.all(ways.map((way) => way.close()));
  await admin?.end();
  await server?.stop();
});

const newSchema = () => `executions ${++count}`;
const query = async (text: string, values: unknown[] = []) => (await admin.query(text, values)).rows;

/** The address of a new database with the schema of version 1. */
async function ofVersion1(name: string): Promise<string> {
  await query(`create database ${name}`);
  const url = Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
  const database = new pg.Client({ connectionString: url });
  await database.connect();
  await database.query(await readFile(new URL("fixtures/executions-1.sql", import.meta.url), "utf8"));
  await database.end();
  return url;
}

async function versionAt(url: string): Promise<string> {
  const database = new pg.Client({ connectionString: url });
  await database.connect();
  const { rows } = await database.query("select value from conductor.meta where key = 'version'");
  await database.end();
  return rows[0].value;
}

/** A store whose way to the server can be cut. */
async function cuttableStore(schema: string, patience = 20_000) {
  const way = await cuttableWay(server.port);
  ways.push(way);
  const name = `store ${++count}`;
  const url = `postgresql://app@127.0.0.1:${way.port}/postgres?application_name=${encodeURIComponent(name)}`;
  const store = await openPostgresStore(url, { schema, patience });
  /** Resolves when the server has no connection of the store any more. */
  const gone = async () => {
    while ((await query("select from pg_stat_activity where application_name = $1", [name])).length > 0);
  };
  return { store, way, gone, name };
}

describe.skipIf(missing !== undefined)("in PostgreSQL", () => {
  testExecutionStore("PostgreSQL", async () => {
    const schema = newSchema();
    const opened = new Map<ExecutionStore, Awaited<ReturnType<typeof cuttableStore>>>();
    const another = async () => {
      const made = await cuttableStore(schema, 1000);
      opened.set(made.store, made);
      return made.store;
    };
    return {
      store: await another(),
      another,
      async crash(store) {
        const { way, gone } = opened.get(store) as Awaited<ReturnType<typeof cuttableStore>>;
        way.cut();
        await gone();
      },
    };
  });

  describe("the PostgreSQL store alone", () => {
    it("is named after its database, and never tells the password", async () => {
      const store = await openPostgresStore(server.url, { schema: newSchema() });
      expect(store.name).toBe("postgres:postgres");
      await store.close();
      for (const url of [
        `postgresql://app:s3cret@127.0.0.1:1/postgres`,
        `postgresql://app:s3cret@127.0.0.1:${server.port}/nowhere`,
        "postgresql://app:s3cret@[",
      ]) {
        const error = await openPostgresStore(url).catch((reason: unknown) => reason);
        expect(error).toMatchObject({ name: "StorageError" });
        expect(JSON.stringify([error, (error as Error).message, (error as Error).stack])).not.toContain("s3cret");
      }
    });

    it("says what is wrong where it cannot be opened", async () => {
      const at = (rest: string) => openPostgresStore(`postgresql://${rest}`);
      await expect(at("app@127.0.0.1:1/postgres")).rejects.toMatchObject({ code: "NETWORK_ERROR" });
      await expect(at(`app@127.0.0.1:${server.port}/nowhere`)).rejects.toMatchObject({ code: "ACCESS_DENIED" });
      await expect(at(`unknown@127.0.0.1:${server.port}/postgres`)).rejects.toMatchObject({
        code: "AUTHENTICATION_FAILED",
      });
      await query("create role reader login");
      const noRights = at(`reader@127.0.0.1:${server.port}/postgres`);
      await expect(noRights).rejects.toMatchObject({ code: "ACCESS_DENIED" });
    });

    it("refuses a schema of a later version or of another program, and leaves it as it is", async () => {
      const later = newSchema();
      await (await openPostgresStore(server.url, { schema: later })).close();
      await query(`update "${later}".meta set value = '99' where key = 'version'`);
      await expect(openPostgresStore(server.url, { schema: later })).rejects.toMatchObject({
        code: "UNSUPPORTED_OPERATION",
        message: expect.stringMatching(/version 99 in its schema .+ knows versions up to 4/),
      });
      for (const table of ["other", "meta"]) {
        const foreign = newSchema();
        await query(`create schema "${foreign}"`);
        await query(`create table "${foreign}".${table} (n int)`);
        await expect(openPostgresStore(server.url, { schema: foreign })).rejects.toMatchObject({
          code: "UNSUPPORTED_OPERATION",
          message: expect.stringContaining("another program"),
        });
        expect(await query("select tablename from pg_tables where schemaname = $1", [foreign])).toEqual([
          { tablename: table },
        ]);
      }
    });

    it("is made once by several that open it at once, under any name", async () => {
      const schema = `it's "quoted" ${newSchema()}`;
      const opening = Array.from({ length: 5 }, () => openPostgresStore(server.url, { schema }));
      const stores = await Promise.all(opening);
      await stores[0]?.write([begin("e")]);
      expect(await stores[4]?.get("e")).toMatchObject({ id: "e" });
      expect((await stores[1]?.figures())?.executions).toBe(1);
      await Promise.all(stores.map((store) => store.close()));
      expect(await query(`select * from "${schema.replaceAll('"', '""')}".owners`)).toEqual([]);
    });

    it("writes calls at once in few transactions", async () => {
      const schema = newSchema();
      const store = await openPostgresStore(server.url, { schema });
      await store.write(Array.from({ length: 100 }, (_, index) => begin(`e${index}`)));
      const batches = async () => Number((await query(`select batch from "${schema}".owners`))[0].batch);
      const before = await batches();
      for (let sequence = 1; sequence <= 10; sequence++) {
        await Promise.all(Array.from({ length: 100 }, (_, index) => store.write([append(`e${index}`, 1, sequence)])));
      }
      expect((await batches()) - before).toBe(10);
      await store.close();
    });

    it("writes the calls beside one that the database refuses", async () => {
      const schema = newSchema();
      const store = await openPostgresStore(server.url, { schema });
      await query(`alter table "${schema}".executions add constraint refused check (name <> 'refused')`);
      const [fine, refused, other] = await Promise.allSettled([
        store.write([begin("a")]),
        store.write([begin("b", { name: "refused" })]),
        store.write([begin("c")]),
      ]);
      expect([fine, other]).toEqual([
        { status: "fulfilled", value: [] },
        { status: "fulfilled", value: [] },
      ]);
      expect(refused).toMatchObject({ status: "rejected", reason: { name: "StorageError" } });
      expect((await store.list()).executions.map(({ id }) => id)).toEqual(["c", "a"]);
      await store.close();
    });

    it("says that it may not write, and goes on when it may", async () => {
      const schema = newSchema();
      await (await openPostgresStore(server.url, { schema })).close();
      await query("create role writer login");
      await query(`grant usage on schema "${schema}" to writer`);
      await query(`grant all on all tables in schema "${schema}" to writer`);
      const url = `postgresql://writer@127.0.0.1:${server.port}/postgres`;
      const store = await openPostgresStore(url, { schema });
      await store.write([begin("e")]);
      await query(`revoke insert on "${schema}".records from writer`);
      for (const changes of [[append("e", 1, 1)], [begin("f"), append("f", 1, 1)]]) {
        await expect(store.write(changes)).rejects.toMatchObject({ name: "StorageError", code: "ACCESS_DENIED" });
      }
      await query(`grant insert on "${schema}".records to writer`);
      expect(await store.write([append("e", 1, 1), append("f", 1, 1)])).toEqual([{ id: "f", reason: "unknown" }]);
      await store.close();
      await query("alter role writer set default_transaction_read_only = on");
      await expect(openPostgresStore(url, { schema })).rejects.toMatchObject({ code: "ACCESS_DENIED" });
    });

    it.each(["request", "answer"] as const)(
      "finds out what was written where the connection is cut at the %s of a commit",
      async (moment) => {
        const { store, way } = await cuttableStore(newSchema());
        for (let round = 0; round < 25; round++) {
          const id = `e${round}`;
          way.cutNext(moment);
          expect(await store.write([begin(id), append(id, 1, 1)])).toEqual([]);
          way.cutNext(moment);
          expect(await store.write([append(id, 1, 2, [{ hash: "h", data: bytes(9) }])])).toEqual([]);
          way.cutNext(moment);
          expect(await store.write([update(id, 1, { status: "paused", release: true })])).toEqual([]);
          way.cutNext(moment);
          expect(await store.claim(id)).toMatchObject({ epoch: 2, sequence: 2 });
          way.cutNext(moment);
          expect(await store.write([append(id, 2, 3), finish(id, 2)])).toEqual([]);
          expect((await store.records(id)).map(({ sequence, epoch }) => [sequence, epoch])).toEqual([
            [1, 1],
            [2, 1],
            [3, 2],
          ]);
        }
        expect(await store.figures()).toMatchObject({ executions: 25, unfinished: 0, records: 75, blobs: 1 });
        await store.close();
      },
    );

    it.each(["request", "answer"] as const)(
      "saves and deletes flows once where the connection is cut at the %s of the commit",
      async (moment) => {
        const { store, way } = await cuttableStore(newSchema());
        for (let version = 0; version < 10; version++) {
          way.cutNext(moment, "commit");
          const saved = await store.flows.save("a", flow("a", `${version}`), { ifVersion: version });
          expect(saved).toMatchObject({ version: version + 1 });
        }
        way.cutNext(moment, "commit");
        await store.flows.delete("a");
        expect((await store.flows.history("a")).versions.length).toBe(10);
        way.cutNext(moment, "commit");
        await store.cache.keep([cached("a")]);
        expect(await store.cache.figures()).toMatchObject({ entries: 1, bytes: 4 });
        way.cutNext(moment, "commit");
        expect(await store.flows.prune({ deletedBefore: Date.now() + 1000 })).toBe(moment === "request" ? 10 : 0);
        await expect(store.flows.history("a")).rejects.toMatchObject({ code: "NOT_FOUND" });
        await store.close();
      },
    );

    it("bounds its cache, and notes what was used last when it is closed", async () => {
      const schema = newSchema();
      const open = () => openPostgresStore(server.url, { schema, cacheBytes: 3 * 516 });
      const first = await open();
      await first.cache.keep(["a", "b", "c"].map((name) => cached(name)));
      await first.cache.find(cached("a").key, START);
      await first.close();
      const store = await open();
      await store.cache.keep([cached("d"), cached("e", { output: bytes(2000) })]);
      const found = await Promise.all(
        ["a", "b", "c", "d", "e"].map((name) => store.cache.find(cached(name).key, START)),
      );
      expect(found.map((entry) => entry?.key.at(-1))).toEqual(["a", undefined, "c", "d", undefined]);
      expect(await store.cache.figures()).toEqual({ entries: 3, bytes: 12, hits: 3 });
      await store.close();
      await expect(openPostgresStore(server.url, { schema, cacheBytes: 0 })).rejects.toThrow("`cacheBytes`");
    });

    it("brings a schema of version 1 up to date once, and keeps all that is in it", async () => {
      const url = await ofVersion1("earlier");
      const stores = await Promise.all(Array.from({ length: 3 }, () => openPostgresStore(url)));
      const [store] = stores as [PostgresStore];
      expect((await store.list()).executions).toMatchObject([
        { id: "left", status: "running", sequence: 1 },
        { id: "done", status: "completed", sequence: 2, tags: ["nightly"] },
      ]);
      expect(await store.claim("left")).toMatchObject({ epoch: 2 });
      const { document } = (await store.begun("left")) as { document: string };
      expect(JSON.parse(document)).toMatchObject({ name: "Orders" });
      await store.flows.save("orders", JSON.parse(document));
      await store.cache.keep([cached("a")]);
      expect(await store.delete(["done"])).toBe(1);
      expect(await store.begun("left")).toMatchObject({ document });
      for (const each of stores) await each.close();
      expect(await versionAt(url)).toBe("4");
    });

    it("leaves a schema of version 1 as it is where it cannot be brought up to date", async () => {
      const url = await ofVersion1("obstructed");
      const database = new pg.Client({ connectionString: url });
      await database.connect();
      // The last table of the migration: those before it are made by then.
      await database.query("create table conductor.cache_size (n int)");
      await expect(openPostgresStore(url)).rejects.toThrow(/cache_size/);
      expect(await versionAt(url)).toBe("1");
      expect((await database.query("select to_regclass('conductor.flows') as flows")).rows).toEqual([{ flows: null }]);
      await database.query("drop table conductor.cache_size");
      await database.end();
      const store = await openPostgresStore(url);
      expect(await store.get("done")).toMatchObject({ status: "completed" });
      await store.close();
      expect(await versionAt(url)).toBe("4");
    });

    it("keeps what it owns through a lost connection, and tells by `stale` what another took meanwhile", async () => {
      const schema = newSchema();
      const { store, way, gone } = await cuttableStore(schema);
      const other = await openPostgresStore(server.url, { schema });
      await store.write([begin("kept"), begin("taken"), append("taken", 1, 1)]);
      way.cut();
      await gone();
      expect(await other.claim("taken")).toMatchObject({ epoch: 2 });
      const writes = [store.write([append("kept", 1, 1)]), store.write([append("taken", 1, 2)])];
      way.mend();
      expect(await Promise.all(writes)).toEqual([[], [{ id: "taken", reason: "stale" }]]);
      expect(await other.claim("kept")).toBeUndefined();
      expect(await other.write([append("taken", 2, 2)])).toEqual([]);
      await Promise.all([store.close(), other.close()]);
    });

    it("takes its lock again without being asked to", async () => {
      const schema = newSchema();
      const { store, name } = await cuttableStore(schema);
      const other = await openPostgresStore(server.url, { schema });
      await store.write([begin("e")]);
      const ended = await query("select pid from pg_stat_activity where application_name = $1", [name]);
      await query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1", [name]);
      // A connection that was told to end may hold its lock for a while.
      const locked = `select from pg_locks l join pg_stat_activity a using (pid)
        where locktype = 'advisory' and granted and application_name = $1 and not pid = any($2)`;
      while ((await query(locked, [name, ended.map(({ pid }) => pid)])).length === 0);
      expect(await other.claimable(START, 10)).toEqual([]);
      await Promise.all([store.close(), other.close()]);
    });

    it("tells others of what it lets go of to go on at once, and of nothing that waits", async () => {
      const schema = newSchema();
      const { store: other, way, name } = await cuttableStore(schema);
      const [store, stranger] = [
        await openPostgresStore(server.url, { schema }),
        await openPostgresStore(server.url, { schema: newSchema() }),
      ];
      let told = 0;
      const end = other.onReleased?.(() => told++);
      let toldStranger = 0;
      stranger.onReleased?.(() => toldStranger++);
      // What was told before comes before the answer to a statement that is sent later.
      const heard = async () => {
        await other.write([begin(`seen ${++count}`)]);
        return told;
      };
      await store.write([begin("runs"), begin("sleeps"), begin("asks"), begin("done"), begin("left"), begin("again")]);
      await store.write([update("asks", 1, { status: "waiting" })]);
      await store.write([update("sleeps", 1, { status: "sleeping", wakeAt: START, release: true })]);
      await store.write([update("asks", 1, { release: true }), finish("done", 1)]);
      expect(await heard()).toBe(0);
      await store.write([append("runs", 1, 1), update("runs", 1, { release: true })]);
      expect(await heard()).toBe(1);

      // Also after its connection was lost.
      way.cut();
      const gone = "select from pg_stat_activity where application_name = $1";
      while ((await query(gone, [name])).length > 0);
      way.mend();
      await heard();
      await store.write([update("again", 1, { release: true })]);
      expect(await heard()).toBe(2);

      // What it owned until it was closed.
      await store.close();
      expect(await heard()).toBe(3);
      expect(await other.claim("left")).toMatchObject({ epoch: 2 });
      end?.();
      await other.write([begin("last"), update("last", 1, { release: true })]);
      await heard();
      expect([told, toldStranger]).toEqual([3, 0]);
      await Promise.all([other.close(), stranger.close()]);
    });

    it("takes nothing for left by others that may have been cut off as it was itself", async () => {
      const schema = newSchema();
      const { store: cut, way, gone } = await cuttableStore(schema);
      const other = await openPostgresStore(server.url, { schema });
      const third = await openPostgresStore(server.url, { schema });
      await other.write([
        begin("kept"),
        begin("slept"),
        update("slept", 1, { status: "sleeping", wakeAt: START }),
        begin("free"),
        update("free", 1, { release: true }),
      ]);
      way.cut();
      await gone();
      // As if the other one came back later.
      await other.close();
      way.mend();
      await cut.write([begin("own")]);
      const backAt = performance.now();
      const [ids, wakeAt] = [await cut.claimable(START, 10), await cut.nextWake()];
      // On a machine that is stopped meanwhile the time is over.
      if (performance.now() - backAt < 4_000) expect([ids, wakeAt]).toEqual([["free"], undefined]);
      expect(await third.claimable(START, 10)).toEqual(["kept", "slept", "free"]);
      await expect.poll(() => cut.claimable(START, 10), { timeout: LONG_MS }).toEqual(["kept", "slept", "free"]);
      expect(await cut.nextWake()).toBe(START);
      await Promise.all([cut.close(), third.close()]);
    });

    it("finds what is to go on by indices, however many sleep and are over", async () => {
      const schema = newSchema();
      const name = `indices ${++count}`;
      const url = `${server.url}?application_name=${encodeURIComponent(name)}`;
      const store = await openPostgresStore(url, { schema });
      await store.write([begin("e"), update("e", 1, { status: "sleeping", wakeAt: START, release: true })]);
      await query(`insert into "${schema}".executions (id, flow_id, name, document_hash, head, trigger, tags, tag_keys, started_at,
          status, epoch, sequence, bytes, updated_at, wake_at)
        select 'x' || i, 'f', 'f', document_hash, head, trigger, tags, tag_keys, i,
          case when i % 2 = 0 then 'sleeping' else 'completed' end, 1, 0, 0, 0, ${START + 1_000_000} + i
        from "${schema}".executions, generate_series(1, 20000) i where id = 'e'`);
      await query(`analyze "${schema}".executions`);
      const scanned = async () => {
        const [row] = await query(
          "select seq_tup_read::int as read from pg_stat_user_tables where schemaname = $1 and relname = 'executions'",
          [schema],
        );
        return row.read as number;
      };
      await query("select pg_stat_reset()");
      for (let look = 0; look < 5; look++) {
        expect(await store.claimable(START, 10)).toEqual(["e"]);
        expect(await store.claimable(START, 10, "due")).toEqual(["e"]);
        expect(await store.nextWake()).toBe(START);
      }
      // Statistics are sent when a connection is idle for a second, or ends.
      await store.close();
      const active = "select from pg_stat_activity where application_name = $1";
      await expect.poll(async () => (await query(active, [name])).length, { timeout: LONG_MS }).toBe(0);
      expect(await scanned()).toBe(0);
    });

    it("ends an earlier connection of its own that the server takes for open", async () => {
      const schema = newSchema();
      const { store, way } = await cuttableStore(schema);
      await store.write([begin("e")]);
      // A statement that goes on when its connection is gone, as a long one of the server's would.
      const lock = new pg.Client({ connectionString: server.url });
      await lock.connect();
      await lock.query(`begin; lock table "${schema}".records`);
      const waiting = store.write([append("e", 1, 1)]);
      const waits = async () =>
        (await query("select pid from pg_locks where not granted"))[0]?.pid as number | undefined;
      let earlier: number | undefined;
      while (earlier === undefined) earlier = await waits();
      way.cut();
      way.mend();
      // The next connection waits for the table in turn, and not for the lock of its owner.
      for (let pid: number | undefined = earlier; pid === undefined || pid === earlier; pid = await waits());
      // It is listed until it has ended, a moment after it was told to.
      while ((await query("select from pg_stat_activity where pid = $1", [earlier])).length > 0);
      await lock.query("commit");
      await lock.end();
      expect(await waiting).toEqual([]);
      expect((await store.records("e")).length).toBe(1);
      await store.close();
    });

    it(
      "goes on after a crash of the server, with all that was told written",
      async () => {
        // What others wrote would have to be recovered as well, which takes a busy machine minutes.
        const own = await startPostgres({ fsync: true });
        onTestFinished(() => own.stop());
        const store = await openPostgresStore(own.url, { patience: LONG_MS });
        let told = 0;
        let isOver = false;
        await store.write([begin("e")]);
        const writing = (async () => {
          try {
            while (!isOver) {
              expect(await store.write([append("e", 1, told + 1)])).toEqual([]);
              told++;
            }
          } finally {
            isOver = true;
          }
        })();
        // Told of at the end, as nothing waits for it before.
        writing.catch(() => {});
        const untilTold = async (count: number) => {
          while (told < count && !isOver) await store.get("e");
        };
        for (let crash = 0; crash < 3; crash++) {
          await untilTold(told + 20);
          await own.crash();
          await own.restart();
        }
        await untilTold(told + 20);
        isOver = true;
        await writing;
        const records = await store.records("e", 0, 1_000_000);
        expect(records.map(({ sequence }) => sequence)).toEqual(Array.from({ length: told }, (_, index) => index + 1));
        expect(await store.get("e")).toMatchObject({ sequence: told, bytes: 3 + 5 * told });
        await store.close();
      },
      LONG_MS,
    );

    it("fails with NETWORK_ERROR where the server stays away, and works again when it is back", async () => {
      const { store, way } = await cuttableStore(newSchema(), 200);
      await store.write([begin("e")]);
      way.cut();
      const calls = [() => store.write([append("e", 1, 1)]), () => store.get("e"), () => store.claim("e")];
      for (const call of [...calls, () => store.delete(["e"])]) {
        await expect(call()).rejects.toMatchObject({ name: "StorageError", code: "NETWORK_ERROR" });
      }
      way.mend();
      expect(await store.write([append("e", 1, 1)])).toEqual([]);
      await store.close();
    });
  });
});
