import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { adviceOf, retryOf } from "../src/contract/error.js";
import { fileAccess } from "../src/contract/file-access.js";
import { run } from "./run.js";
import { fresh, made, ofPython, on, python, sqlite } from "./sqlite.js";

describe("a file that is not whole", () => {
  it("is refused by name where it is no database, or damaged", async () => {
    const path = fresh();
    writeFileSync(path, "id,name\n1,Ada\n".repeat(100));
    for (const more of [{ sql: "select 1" }, { operation: "execute", sql: "create table t (a)" }]) {
      const error = await on(path).refused(more);
      expect(error.message).toContain(`The file ${path} is not a database of SQLite`);
      expect(retryOf(error)).toBe(false);
    }
    expect(readFileSync(path, "utf8")).toHaveLength(1400);
    const { path: damaged, refused, insert } = await made("create table t (a, b)");
    await insert(
      Array.from({ length: 5000 }, (_, a) => ({ a, b: "x".repeat(50) })),
      { table: "t" },
    );
    const bytes = readFileSync(damaged);
    bytes.fill(0xa5, 8192, 40_960);
    writeFileSync(damaged, bytes);
    const error = await refused({ sql: "select sum(length(b)) from t" });
    expect(error.message).toContain(`The database ${damaged} is damaged`);
    expect(retryOf(error)).toBe(false);
    truncateSync(damaged, 5000);
    expect((await refused({ sql: "select count(*) from t" })).message).toMatch(/is damaged|not a database/);
  });

  it("never ends the process, whatever bytes are in it", async () => {
    const { path, insert } = await made(
      "create table t (id integer primary key, a text, b blob)",
      "create index i on t (a, b)",
      "create virtual table f using fts5(x)",
      "create view v as select a, count(*) as n from t group by a",
    );
    await insert(
      Array.from({ length: 300 }, (_, n) => ({ a: `name ${n % 17}`, b: Buffer.alloc(n) })),
      { table: "t" },
    );
    await insert([{ x: "some words to be found" }], { table: "f" });
    const whole = readFileSync(path);
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.from(whole);
      for (let change = 0; change < 20; change++) bytes[100 + random(bytes.length - 100)] = random(256);
      const other = fresh();
      writeFileSync(other, bytes);
      for (const sql of ["select * from v", "select * from t order by a, b", "select * from f where f match 'words'"]) {
        const outcome: unknown = await on(other)
          .query(sql)
          .catch((error: unknown) => error);
        if (outcome instanceof Error) expect((outcome as { code?: string }).code).toMatch(/EXECUTION_FAILED|MEMORY/);
      }
    }
  });

  it("is whole again after a process was killed in the middle of an insert", async () => {
    for (const mode of ["delete", "wal"]) {
      const { path, query, execute, insert } = await made("create table t (a integer primary key, b text)");
      await execute(`pragma journal_mode = ${mode}`);
      await insert([{ a: -1, b: "before" }], { table: "t" });
      const child = spawn(
        process.execPath,
        ["--input-type=module", "-e", KILLED, new URL("../dist/executables.js", import.meta.url).href, path],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      // More than SQLite keeps in memory is written by then, so that the file holds half of the transaction.
      await once(child.stdout, "data");
      const ended = once(child, "close");
      child.kill("SIGKILL");
      await ended;
      expect(readdirSync(join(path, "..")).length).toBeGreaterThan(1);
      expect((await query("select * from t")).result).toEqual([{ a: -1, b: "before" }]);
      expect((await query("pragma integrity_check")).result).toEqual([{ integrity_check: "ok" }]);
      expect((await insert([{ a: 0, b: "after" }], { table: "t" })).rowCount).toBe(1);
      if (python)
        expect(ofPython("print(json.dumps(db.execute('select count(*) from t').fetchone()))", path)).toEqual([2]);
    }
  });
});

const KILLED = `
const { getNodeExecutable } = await import(process.argv[1]);
const rows = Array.from({ length: 400000 }, (_, a) => ({ a, b: "x".repeat(100) }));
let said = false;
const progress = (percent) => {
  if (percent > 50 && !said) { said = true; console.log("half"); }
};
await getNodeExecutable("database").execute({ connection: "sqlite:" + process.argv[2], operation: "insert", table: "t", input: { rows }, progress });
`;

describe("a folder of the owner", () => {
  it("is not left, by paths or links", async () => {
    const { path } = await made("create table t (a)");
    const root = join(fresh(), "..");
    const within = (connection: string, sql = "select 1 as one", operation = "query") =>
      run("database", {}, { connection, sql, operation, [fileAccess]: { roots: [root] } } as Record<string, unknown>);
    await within(sqlite(join(root, "own.db")), "create table t (a)", "execute");
    expect((await within(sqlite(join(root, "own.db")))).result).toEqual([{ one: 1 }]);
    symlinkSync(path, join(root, "link.db"));
    symlinkSync(join(root, "own.db"), join(root, "inside.db"));
    for (const outside of [path, join(root, "..", "x.db"), join(root, "link.db"), "/etc/passwd"]) {
      await expect(within(sqlite(outside)), outside).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
      await expect(within(sqlite(outside), "create table u (a)", "execute")).rejects.toMatchObject({
        code: "INVALID_PARAMETERS",
      });
    }
    expect((await within(sqlite(join(root, "inside.db")))).result).toEqual([{ one: 1 }]);
  });

  it.skipIf(process.getuid?.() === 0)("says that a file may not be written", async () => {
    const { path, refused, query } = await made("create table t (a)");
    chmodSync(path, 0o444);
    chmodSync(join(path, ".."), 0o555);
    const error = await refused({ operation: "execute", sql: "insert into t values (1)" });
    chmodSync(join(path, ".."), 0o755);
    expect(error.message).toContain("readonly database");
    expect(adviceOf(error)).toEqual(["Check that the file and its folder may be written."]);
    expect((await query("select * from t")).result).toEqual([]);
  });

  it("keeps what lies beside the database from leading elsewhere", async () => {
    const { path, query, execute } = await made("create table t (a)", "insert into t values (1)");
    const victim = join(fresh(), "..", "victim.txt");
    writeFileSync(victim, "precious");
    // A journal that names another one, which SQLite would look into and delete.
    const name = Buffer.from(victim);
    const header = Buffer.alloc(512);
    header.set([0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]);
    header.writeUInt32BE(0, 8);
    header.writeUInt32BE(1, 12);
    header.writeUInt32BE(statSync(path).size / 4096, 16);
    header.writeUInt32BE(512, 20);
    header.writeUInt32BE(4096, 24);
    const tail = Buffer.alloc(20 + name.length);
    tail.writeUInt32BE(Math.floor(1_073_741_824 / 4096) + 1, 0);
    name.copy(tail, 4);
    tail.writeUInt32BE(name.length, 4 + name.length);
    tail.writeUInt32BE(
      name.reduce((sum, byte) => sum + byte, 0),
      8 + name.length,
    );
    tail.set(header.subarray(0, 8), 12 + name.length);
    writeFileSync(`${path}-journal`, Buffer.concat([header, tail]));
    for (const work of [() => query("select * from t"), () => execute("insert into t values (2)")]) {
      await work().catch(() => {});
      expect(readFileSync(victim, "utf8")).toBe("precious");
    }
    if (python) {
      writeFileSync(`${path}-journal`, Buffer.concat([header, tail]));
      ofPython("db.execute('select * from t').fetchall()", path);
      expect(existsSync(victim), "SQLite by itself does so").toBe(false);
      writeFileSync(victim, "precious");
    }
    const { path: linked, query: ask, execute: change } = await made("create table t (a)");
    symlinkSync(victim, `${linked}-journal`);
    for (const work of [() => ask("select * from t"), () => change("insert into t values (2)")]) {
      await work().catch(() => {});
      expect(readFileSync(victim, "utf8")).toBe("precious");
    }
  });
});
