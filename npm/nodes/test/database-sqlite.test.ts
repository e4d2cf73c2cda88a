import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { adviceOf, retryOf } from "../src/contract/error.js";
import { pathProblems } from "../src/executables.js";
import { failure, places, run } from "./run.js";
import { fresh, made, ofPython, on, python, sqlite } from "./sqlite.js";
import { warned } from "./warned.js";

describe("a file of SQLite", () => {
  it("is made by a statement that creates something, and by no other", async () => {
    const path = fresh("sales.db");
    const db = on(path);
    for (const more of [
      { sql: "select 1" },
      { operation: "execute", sql: "insert into t values (1)" },
      { operation: "execute", sql: "drop table if exists t" },
      { operation: "execute", sql: "pragma user_version = 3" },
      { operation: "execute", sql: "vacuum" },
    ]) {
      const error = await db.refused(more);
      expect(error.message).toContain("Database not found");
      expect(adviceOf(error)?.[0]).toBe("That folder is empty.");
      expect(existsSync(path)).toBe(false);
    }
    expect((await db.refused({ operation: "execute", sql: "create tabel t (a)" })).message).toContain("syntax error");
    expect((await db.refused({ operation: "insert", table: "t" }, { rows: [{ a: 1 }] })).message).toContain(
      "not found",
    );
    expect(existsSync(path)).toBe(false);
    expect(await db.execute("create table t (a int)")).toEqual({ result: [], rowCount: 0, fields: [] });
    expect(existsSync(path)).toBe(true);
    // Its folder is made as well, and stays only where the database does.
    const inside = join(path, "..", "new", "er", "sales.db");
    const wrong = on(inside).refused({ operation: "execute", sql: "insert into t values (1)" });
    expect((await wrong).message).toContain("Database not found");
    expect(existsSync(join(path, "..", "new"))).toBe(false);
    await on(inside).execute("create table t (a int)");
    expect(existsSync(inside)).toBe(true);
    const near = join(path, "..", "sale.db");
    expect(adviceOf(await on(near).refused({ sql: "select 1" }))?.[0]).toBe("In that folder there is `sales.db`.");
    const below = await on(`${path}/x/y.db`).refused({ operation: "execute", sql: "create table t (a)" });
    expect(adviceOf(below)?.[0]).toContain("There is no folder");
    expect((await on(join(path, "..")).refused({ sql: "select 1" })).message).toContain("not a file but a folder");
  });

  it("is named by its path alone", async () => {
    for (const [connection, words] of [
      ["sqlite::memory:", "A database in memory ends with its node"],
      ["sqlite:", "names no file"],
      ["sqlite:///data.db", "`sqlite:data.db` or `sqlite:/data.db`"],
      ["sqlite://data.db", "`sqlite:data.db` or `sqlite:/data.db`"],
      ["sqlite:file:data.db", "takes neither `file:` nor settings"],
      ["sqlite:data.db?mode=rw", "takes neither `file:` nor settings"],
      ["sqlite:a\0b", "NUL"],
      ["data.db", "or sqlite: with the path of a file"],
    ]) {
      const error = await failure("database", {}, { connection, sql: "select 1" });
      expect([error.code, error.message]).toEqual(["INVALID_PARAMETERS", expect.stringContaining(words as string)]);
    }
  });

  it("binds values, whatever is in them", async () => {
    const { query, refused } = await made("create table t (a)");
    const hostile = "'; drop table t; --";
    expect((await query("select $2 as b, $1 as a, $2 as c", [hostile, 7])).result).toEqual([
      { b: 7, a: hostile, c: 7 },
    ]);
    expect((await query("select ? as a, ? as b", [1, null])).result).toEqual([{ a: 1, b: null }]);
    expect((await query("select ?2 as b, ?1 as a", [1, 2])).result).toEqual([{ b: 2, a: 1 }]);
    const words = async (sql: string, parameters: unknown[]) => {
      const error = await refused({ sql, parameters });
      return `${error.code} ${error.message}`;
    };
    expect(await words("select $1, $2", [1])).toContain("The statement takes 2 values, `parameters` has 1");
    expect(await words("select $1", [1, 2])).toContain("does not use value 2 of the 2");
    expect(await words("select $2", [1, 2])).toContain("does not use value 1 of the 2");
    expect(await words("select :name", [1])).toContain("names a value :name");
    expect(await words("select $1::int", [1])).toContain("names a value $1::int");
    expect(await words("select ?, $1", [1])).toContain("has both ? and $1");
    for (const value of [Number.NaN, 2n ** 63n, new Date(Number.NaN), "\ud800", new Map(), () => 1]) {
      expect(await words("select $1", [value])).toMatch(/^TYPE_MISMATCH .*`parameters`, \$1 /);
    }
  });

  it("keeps every digit, and bytes, times and JSON", async () => {
    const { path, query, insert } = await made(
      "create table t (id integer primary key, big int, real real, text text, bytes blob, json json, yes boolean, at datetime, none)",
    );
    const at = new Date("2026-01-31T10:00:00.123Z");
    const row = {
      ...{ id: 1, big: 2n ** 63n - 1n, real: 0.1, text: "ä\0\u{1F600}'", bytes: Buffer.from([255, 0]) },
      ...{ json: { a: [1, "x"] }, yes: true, at, none: null },
    };
    await insert([row, { id: 2, json: "5", yes: false, real: Number.POSITIVE_INFINITY, big: 5 }], { table: "t" });
    const warnings: string[] = [];
    const { result, fields, rowCount } = await query("select *, 1 + 1 as sum from t order by id", [], {
      warn: (rule: string) => warnings.push(rule),
    });
    expect(result).toEqual([
      {
        ...{ id: 1, big: "9223372036854775807", real: 0.1, text: "ä\0\u{1F600}'", bytes: "/wA=" },
        ...{ json: { a: [1, "x"] }, yes: true, at: "2026-01-31T10:00:00.123Z", none: null, sum: 2 },
      },
      {
        ...{ id: 2, big: "5", real: Number.POSITIVE_INFINITY, text: null, bytes: null },
        ...{ json: "5", yes: false, at: null, none: null, sum: 2 },
      },
    ]);
    expect([rowCount, warnings]).toEqual([2, ["digits-kept"]]);
    expect(fields.map(({ type }: { type: string }) => type)).toEqual([
      ...["integer", "int", "real", "text", "blob", "json", "boolean", "datetime", "any", "any"],
    ]);
    expect((await query("select 9007199254740991 as a, -9007199254740991 as b, -0.0 as c, 1e300 as d")).result).toEqual(
      [{ a: 9007199254740991, b: -9007199254740991, c: expect.closeTo(0), d: 1e300 }],
    );
    if (python) {
      expect(
        ofPython("print(json.dumps(db.execute('select big, hex(bytes), json, yes, at from t').fetchall()))", path),
      ).toEqual([
        [9223372036854776000, "FF00", '{"a":[1,"x"]}', 1, "2026-01-31T10:00:00.123Z"],
        [5, "", '"5"', 0, null],
      ]);
    }
  });

  it("refuses text that is not UTF-8, and two columns of one name", async () => {
    const { query, refused } = await made("create table t (a)");
    const error = await refused({ sql: "select cast(x'ff41' as text) as a" });
    expect(error.message).toContain("Row 1, column `a` holds text that is not UTF-8");
    expect((await refused({ sql: "select 1 as a, 2 as a" })).message).toContain("Two columns of the result are called");
    const { result } = await query(`select 1 as "__proto__", 2 as "constructor"`);
    expect(Object.keys(result[0])).toEqual(["__proto__", "constructor"]);
  });

  it("is read without being changed, and by one statement alone", async () => {
    const { path, refused, execute, query } = await made("create table t (a int)");
    const before = readFileSync(path);
    for (const sql of ["insert into t values (1)", "create table u (a)", "pragma user_version = 7", "drop table t"]) {
      const error = await refused({ sql });
      expect(error.message, sql).toMatch(/attempt to write a readonly database|not allowed here/);
    }
    expect(adviceOf(await refused({ sql: "delete from t" }))).toEqual([
      "Use `operation: execute` for what changes the database; `query` only reads.",
    ]);
    expect(readFileSync(path)).toEqual(before);
    for (const operation of ["query", "execute"]) {
      for (const sql of ["select 1; select 2", "select 1; drop table t", ";", "-- nothing", "selekt 1"]) {
        const error = await refused({ sql, operation });
        expect([error.code, retryOf(error)], sql).toEqual(["EXECUTION_FAILED", false]);
      }
    }
    expect((await refused({ sql: "select\n  nonsense from t" })).message).toContain(
      "no such column: nonsense (SQLITE_ERROR) at line 2, column 3",
    );
    expect((await refused({ sql: `select * from t where a = "text"` })).message).toContain("no such column");
    expect((await query("select 1 as a; -- end")).result).toEqual([{ a: 1 }]);
    expect(await execute("insert into t values ($1), (2) returning a", [1])).toMatchObject({
      result: [{ a: 1 }, { a: 2 }],
      rowCount: 2,
    });
    expect((await execute("update t set a = a + 10")).rowCount).toBe(2);
    expect((await execute("create index i on t (a)")).rowCount).toBe(0);
    await execute("vacuum");
    await execute("pragma user_version = 7");
    expect((await query("pragma user_version")).result).toEqual([{ user_version: 7 }]);
    expect((await query("pragma integrity_check")).result).toEqual([{ integrity_check: "ok" }]);
  });

  it("gives many rows, and changes nothing where there are too many or too large ones", async () => {
    const numbers = "with recursive n(i) as (select 1 union all select i + 1 from n where i < $1)";
    const { query, refused } = await made("create table t (a)");
    expect((await query(`${numbers} select i from n`, [200_000])).rowCount).toBe(200_000);
    const few = { parameters: [1_000_000], maxRows: 10 };
    expect(await refused({ sql: `${numbers} select i from n`, ...few })).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: "[database] There are more than 10 rows",
    });
    expect((await query(`${numbers} select i from n`, [10], { maxRows: 10 })).rowCount).toBe(10);
    const large = `${numbers} select printf('%.*c', 1000000, 'x') from n`;
    expect(await refused({ sql: large, parameters: [100], maxBytes: 10_000_000 })).toMatchObject({
      message: "[database] The first 5 rows take more than 10000000 bytes",
    });
    for (const most of [{ maxRows: 10 }, { maxBytes: 100 }]) {
      const sql = `insert into t ${numbers} select i from n returning a`;
      const error = await refused({ operation: "execute", sql, parameters: [100], ...most });
      expect(error.code).toBe("MEMORY_LIMIT_EXCEEDED");
      expect(adviceOf(error)).toContain("Nothing was changed.");
      expect((await query("select count(*) as n from t")).result).toEqual([{ n: 0 }]);
    }
  });

  it.each([
    [{ id: 1, parent: 1, n: 1 }, "UNIQUE"],
    [{ id: 2, parent: 7, n: 1 }, "FOREIGN KEY"],
    [{ id: 2, parent: null, n: 1 }, "NOT NULL"],
    [{ id: 2, parent: 1, n: -1 }, "CHECK"],
  ])("does not try %j again, which breaks a constraint", async (row, words) => {
    const { insert, refused, execute } = await made(
      "create table t (id integer primary key, parent int not null references t, n int check (n > 0))",
    );
    await insert([{ id: 1, parent: 1, n: 1 }], { table: "t" });
    const inserted = await refused({ operation: "insert", table: "t" }, { rows: [row] });
    expect([inserted.message, retryOf(inserted)]).toEqual([
      expect.stringContaining(`row 1: ${words} constraint`),
      false,
    ]);
    const sql = "insert into t values (:id, :parent, :n)";
    const executed = await refused({ operation: "execute", sql, parameters: row });
    expect([executed.message, retryOf(executed)]).toEqual([expect.stringContaining(`${words} constraint`), false]);
    expect((await execute("delete from t")).rowCount).toBe(1);
  });

  it("refuses what leaves a key without its row, and rows of another shape", async () => {
    const { insert, refused, query } = await made(
      "create table parents (id integer primary key)",
      "create table children (id integer primary key, parent int not null references parents, note text default 'none') strict",
    );
    const words = async (rows: unknown, more: object = {}) =>
      (await refused({ operation: "insert", table: "children", ...more }, { rows })).message;
    expect(await words([{ id: 1, parent: 5 }])).toContain("row 1: FOREIGN KEY constraint failed");
    await insert([{ id: 5 }], { table: "parents" });
    expect(
      await words([
        { id: 1, parent: 5 },
        { id: 2, parent: null },
      ]),
    ).toContain("row 2: NOT NULL constraint failed");
    expect(await words([{ id: 1, parent: "x" }])).toContain("row 1: cannot store TEXT value in INT column");
    expect(await words([{ id: 1, parnet: 5 }])).toContain("has no column `parnet`; it has `id`, `parent`, `note`. Did");
    expect(await words([{ id: 1 }, 7])).toContain("Row 2 must be an object by column, found 7");
    expect(await words([{ id: 1, parent: Number.NaN }])).toContain("Row 1, column `parent` is NaN");
    expect(await words([{ id: 1 }], { table: "none" })).toContain("no such table: none");
    const rows = [
      { id: 1, parent: 5 },
      { parent: 5, note: null },
      { parent: 5, note: "x" },
    ];
    expect(await insert(rows, { table: "main.children", returning: ["id", "note"] })).toEqual({
      result: [
        { id: 1, note: "none" },
        { id: 2, note: null },
        { id: 3, note: "x" },
      ],
      rowCount: 3,
      fields: [
        { name: "id", type: "integer" },
        { name: "note", type: "text" },
      ],
    });
    expect((await query("select count(*) as n from children")).result).toEqual([{ n: 3 }]);
  });

  it("leaves rows that are there, or writes over them", async () => {
    const { insert, query, refused } = await made("create table prices (name text primary key, price int)");
    await insert(
      [
        { name: "tea", price: 1 },
        { name: "cake", price: 2 },
      ],
      { table: "prices" },
    );
    const changed = [
      { name: "tea", price: 10 },
      { name: "juice", price: 3 },
    ];
    const error = await refused({ operation: "insert", table: "prices" }, { rows: changed });
    expect(error.message).toContain("row 1: UNIQUE constraint failed: prices.name (SQLITE_CONSTRAINT)");
    expect([retryOf(error), adviceOf(error)]).toEqual([false, [expect.stringContaining("onConflict")]]);
    const ignore = { table: "prices", onConflict: "ignore" };
    expect((await insert(changed, ignore)).rowCount).toBe(1);
    expect((await insert(changed, { ...ignore, keys: ["name"] })).rowCount).toBe(0);
    expect((await insert(changed, { table: "prices", onConflict: "update", keys: ["name"] })).rowCount).toBe(2);
    expect((await query("select * from prices order by 1")).result).toEqual([
      { name: "cake", price: 2 },
      { name: "juice", price: 3 },
      { name: "tea", price: 10 },
    ]);
    const update = { operation: "insert", table: "prices", onConflict: "update" };
    expect((await refused({ ...update, keys: ["price"] }, { rows: changed })).message).toContain("ON CONFLICT clause");
  });

  it("takes a million rows in one transaction, all or none", async () => {
    const { path, insert, refused, query } = await made("create table many (a integer primary key, b text, c real)");
    const rows = Array.from({ length: 1_000_000 }, (_, a) => ({ a, b: `text ${a}`, c: a / 8 }));
    const told: number[] = [];
    expect((await insert(rows, { table: "many", progress: (percent: number) => told.push(percent) })).rowCount).toBe(
      1_000_000,
    );
    expect(told.length).toBeGreaterThan(100);
    const more = [...rows.slice(0, 300_000).map((row) => ({ ...row, a: row.a + 1_000_000 })), { a: 5, b: "", c: 0 }];
    const error = await refused({ operation: "insert", table: "many" }, { rows: more });
    expect(error.message).toContain("row 300001: UNIQUE constraint failed: many.a");
    const late = new AbortController();
    const cut = { operation: "insert", table: "many", signal: late.signal, progress: () => late.abort() };
    expect((await refused(cut, { rows: more })).code).toBe("CANCELLED");
    const sum = "select count(*) as n, sum(a) as a, sum(c) as c, max(b) as b from many";
    const expected = { n: 1_000_000, a: 499_999_500_000, c: 62_499_937_500, b: "text 999999" };
    expect((await query(sum)).result).toEqual([expected]);
    if (python)
      expect(ofPython(`print(json.dumps(db.execute("${sum}").fetchone()))`, path)).toEqual(Object.values(expected));
    expect(await refused({ sql: "select * from many", maxRows: 999_999 })).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
    });
    expect((await query("select * from many where a >= $1", [900_000])).result.at(-1)).toEqual(rows.at(-1));
  });
});

describe.skipIf(!python)(`a database of Python's sqlite3${python ? "" : " (no python3)"}`, () => {
  it("has the same rows in both, of every kind", async () => {
    const path = fresh();
    ofPython(
      `db.execute("create table t (i integer, r real, s text, b blob, n)")
db.executemany("insert into t values (?,?,?,?,?)", [(i * 99991 - 5, i / 7, chr(0x30 + i * 37) * (i % 9), bytes([i % 256]) * (i % 5), None if i % 2 else i) for i in range(1000)])
db.commit()`,
      path,
    );
    const { result } = await on(path).query("select * from t order by rowid");
    const ofThem = ofPython(
      "import base64\nprint(json.dumps([[i, r, s, base64.b64encode(b).decode(), n] for i, r, s, b, n in db.execute('select * from t order by rowid')]))",
      path,
    );
    expect(result.map((row: object) => Object.values(row))).toEqual(ofThem);
    await on(path).execute("create table u as select * from t");
    expect(
      ofPython(
        "print(json.dumps(db.execute('select count(*) from (select * from t except select * from u)').fetchone()))",
        path,
      ),
    ).toEqual([0]);
    expect(ofPython("print(json.dumps(db.execute('pragma integrity_check').fetchone()))", path)).toEqual(["ok"]);
  });

  it("is waited for while it is locked, and then said to be", async () => {
    const { path, query, refused, execute } = await made("create table t (a)");
    const holder = spawn("python3", [
      "-c",
      "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], isolation_level=None)\ndb.execute('begin exclusive')\ndb.execute('insert into t values (1)')\nprint('held', flush=True)\nsys.stdin.readline()\ndb.execute('commit')",
      path,
    ]);
    await once(holder.stdout, "data");
    const reading = await refused({ sql: "select * from t", timeout: 400 });
    const writing = await refused({ operation: "execute", sql: "delete from t", timeout: 400 });
    for (const error of [reading, writing]) {
      expect(`${error.code} ${error.message}`).toMatch(/TIMEOUT .*given up after 400 ms|locked by another connection/);
      expect(retryOf(error)).toBeUndefined();
    }
    const abort = new AbortController();
    const waiting = refused({ sql: "select * from t", signal: abort.signal });
    abort.abort();
    expect((await waiting).code).toBe("CANCELLED");
    const patient = query("select * from t");
    const writer = execute("insert into t values (2)");
    const ended = once(holder, "close");
    holder.stdin.write("\n");
    await ended;
    expect((await patient).result[0]).toEqual({ a: 1 });
    await writer;
    expect((await query("select * from t order by a")).result).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it("is written by many nodes and another process at once, and loses nothing", async () => {
    for (const mode of ["delete", "wal"]) {
      const { path, execute, insert, query } = await made("create table t (who text, n int)");
      expect((await execute(`pragma journal_mode = ${mode}`)).result).toEqual([{ journal_mode: mode }]);
      const other = spawn("python3", [
        "-c",
        "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], timeout=60)\nfor n in range(50):\n  db.execute('insert into t values (?, ?)', ('python', n))\n  db.commit()",
        path,
      ]);
      const ended = once(other, "close");
      const nodes = Array.from({ length: 12 }, (_, who) =>
        insert(
          Array.from({ length: 6000 }, (_, n) => ({ who: `node ${who}`, n })),
          { table: "t" },
        ),
      );
      const readers = Array.from({ length: 12 }, () => query("select count(*) as n from t where who <> 'python'"));
      await Promise.all(nodes);
      // What is read is whole transactions.
      for (const { result } of await Promise.all(readers)) expect(result[0].n % 6000).toBe(0);
      expect((await ended)[0]).toBe(0);
      expect((await query("select count(*) as n from t")).result).toEqual([{ n: 12 * 6000 + 50 }]);
    }
  });
});

it("warns of text that a column of numbers changes", async () => {
  const { path, query } = await made("create table c (zip integer, phone numeric, price decimal(9,2), note text, any)");
  const row = { zip: "00501", phone: "+4917", price: "10.50", note: "007", any: "007" };
  const insert = (rows: object[]) =>
    warned(run, "database", {}, { connection: sqlite(path), operation: "insert", table: "c", rows });
  expect(await insert([{ ...row, zip: "10115" }, row])).toEqual([
    [
      "changed-text",
      expect.stringMatching(/^The column `zip` of c is declared integer, so that "00501" is kept as 501;/),
    ],
    [
      "changed-text",
      expect.stringMatching(/^The column `phone` of c is declared numeric, so that "\+4917" is kept as 4917;/),
    ],
  ]);
  expect(await insert([{ zip: 501, phone: "4917", price: "0.50", note: "+1", any: "x" }])).toEqual([]);
  expect((await query("select * from c limit 2")).result[1]).toEqual({ ...row, zip: 501, phone: 4917, price: 10.5 });
});

it("is looked for before a flow runs, where no node of it makes it", async () => {
  const [missing, made] = [fresh(), fresh()];
  const node = (id: string, path: string, operation: string) => ({
    ...{ id, type: "database", parameters: { connection: sqlite(path), operation, sql: "select 1" } },
  });
  const nodes = [node("a", missing, "query"), node("b", made, "execute"), node("c", made, "query")];
  const found = await pathProblems({ id: "flow", type: "group", nodes });
  expect(found.map(({ rule, nodeId, path }) => [rule, nodeId, path])).toEqual([
    ["no-such-path", "a", "/nodes/0/parameters/connection"],
  ]);
});

it("is refused in a page", async () => {
  const page = places[1];
  const error = await page?.failure("database", {}, { connection: "sqlite:data.db", sql: "select 1" });
  expect(error?.message).toContain("database");
  expect(error?.code).toBe(
    (await page?.failure("database", {}, { connection: "postgres://x", sql: "select 1" }))?.code,
  );
});

it("inserts the rows of the parameter behind an edge that only says what goes first", async () => {
  const db = await made("create table t (a int)");
  const parameters = { connection: sqlite(db.path), operation: "insert", table: "t", rows: [{ a: 1 }] };
  const first = { default: { result: [], rowCount: 0, fields: [] } };
  expect((await run("database", first, parameters)).rowCount).toBe(1);
  expect((await run("database", { ...first, rows: { result: [{ a: 2 }] } }, parameters)).rowCount).toBe(1);
  const told: string[] = [];
  const warn = (rule: string) => told.push(rule);
  await run("database", { default: { result: [{ a: 9 }] } }, { ...parameters, warn });
  expect(told).toEqual(["rows-ignored"]);
  await run("database", { default: { result: [{ a: 3 }] } }, { ...parameters, rows: [] });
  expect((await db.query("select a from t order by rowid")).result).toEqual([{ a: 1 }, { a: 2 }, { a: 1 }, { a: 3 }]);
});
