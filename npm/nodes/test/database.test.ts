import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { missingPostgres, startPostgres } from "../../../tests/nodes/postgres.mjs";
import { adviceOf, retryOf } from "../src/contract/error.js";
import { quotedTable } from "../src/types/database/names.js";
import { failure, run } from "./run.js";

const missing = missingPostgres();

describe.skipIf(missing !== undefined)(`database${missing === undefined ? "" : ` (${missing})`}`, () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let admin: pg.Client;

  beforeAll(async () => {
    server = await startPostgres();
    admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
  });
  afterAll(async () => {
    await admin?.end();
    await server?.stop();
  });

  const query = (sql: string, parameters: unknown[] = [], more: object = {}) =>
    run("database", {}, { connection: server.url, sql, parameters, ...more });
  const refused = (parameters: object, input: unknown = {}) =>
    failure("database", input, { connection: server.url, ...parameters });
  const insert = (rows: unknown, more: object) =>
    run("database", { default: { result: rows } }, { connection: server.url, operation: "insert", ...more });
  const contentOf = async (table: string) => (await admin.query(`select * from ${table} order by 1`)).rows as unknown[];

  it("binds values, whatever is in them", async () => {
    const hostile = "'; drop table users; --";
    const { result } = await query("select $1::text as a, $2::int as b, $3::text is null as c", [hostile, 7, null]);
    expect(result).toEqual([{ a: hostile, b: 7, c: true }]);
    const input = { parameters: { result: ["x"] } };
    const brought = await run("database", input, { connection: server.url, sql: "select $1 as a" });
    expect(brought.result).toEqual([{ a: "x" }]);
  });

  it("is not asked again where the answer of a change was lost", async () => {
    await admin.query("create table lost (a int)");
    const { hostname, port } = new URL(server.url);
    const cut = createServer((client) => {
      const upstream = connect(Number(port), hostname);
      for (const socket of [client, upstream]) socket.on("error", () => {});
      client.pipe(upstream);
      upstream.on("data", (data) => {
        if (data.includes("COMMIT")) client.destroy();
        else client.write(data);
      });
      client.on("close", () => upstream.destroy());
    });
    await new Promise<void>((resolve) => cut.listen(0, "127.0.0.1", resolve));
    const through = new URL(server.url);
    through.hostname = "127.0.0.1";
    through.port = String((cut.address() as AddressInfo).port);
    const error = await refused({
      connection: through.href,
      operation: "execute",
      sql: "insert into lost values (1)",
    });
    cut.close();
    expect(error.message).toContain("whether the database was changed is not known");
    expect(retryOf(error)).toBe(false);
    expect(await contentOf("lost")).toEqual([{ a: 1 }]);
  });

  it("refuses COPY, which goes around rows and rights", async () => {
    for (const sql of ["copy (select 1) to program 'touch /tmp/x'", "/* a */ -- b\n COPY t from stdin"]) {
      expect(await refused({ sql })).toMatchObject({
        code: "INVALID_PARAMETERS",
        message: expect.stringContaining("COPY"),
      });
    }
  });

  it("keeps every digit, and no time depends on the zone of this machine", async () => {
    const { result, fields, rowCount } = await query(
      `select 9223372036854775807::bigint as big, 0.1234567890123456789::numeric as exact, 1.5::float8 as float, true as yes,
       date '2026-01-31' as day, timestamp '2026-01-31 23:59:59.123456' as local,
       timestamptz '2026-01-31 10:00:00.5+00' at time zone 'UTC' as utc, '2026-01-31 10:00+02'::timestamptz as instant,
       'infinity'::timestamptz as ever, interval '1 day 2 hours' as span, '{"a":[1]}'::jsonb as json, '\\xff00'::bytea as bytes,
       array[1.10, null]::numeric[] as numbers, array['2026-01-31']::date[] as days, array['a,"b', null] as texts, null as none,
       point(1,2) as place, array[1,2] as ints`,
    );
    const [row] = result;
    expect(row).toMatchObject({
      big: "9223372036854775807",
      exact: "0.1234567890123456789",
      float: 1.5,
      yes: true,
      day: "2026-01-31",
      local: "2026-01-31T23:59:59.123456",
      utc: "2026-01-31T10:00:00.5",
      ever: "infinity",
      span: "1 day 02:00:00",
      json: { a: [1] },
      bytes: "/wA=",
      numbers: ["1.10", null],
      days: ["2026-01-31"],
      texts: ['a,"b', null],
      none: null,
      place: "(1,2)",
      ints: [1, 2],
    });
    expect(Date.parse(row.instant)).toBe(Date.UTC(2026, 0, 31, 8));
    expect(row.instant).toMatch(/^2026-01-31T\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$/);
    expect(rowCount).toBe(1);
    expect(fields.slice(0, 2)).toEqual([
      { name: "big", type: "int8" },
      { name: "exact", type: "numeric" },
    ]);
  });

  it("reads in a transaction that changes nothing", async () => {
    await query("create table kept (id int)", [], { operation: "execute" });
    const error = await refused({ sql: "insert into kept values (1)" });
    expect(error.message).toContain("cannot execute INSERT in a read-only transaction (25006)");
    expect(adviceOf(error)).toEqual(["Use `operation: execute` for what changes the database; `query` only reads."]);
    expect(await contentOf("kept")).toEqual([]);
    expect(await query("insert into kept values ($1), (2) returning id", [1], { operation: "execute" })).toMatchObject({
      result: [{ id: 1 }, { id: 2 }],
      rowCount: 2,
    });
    expect((await query("update kept set id = id + 10", [], { operation: "execute" })).rowCount).toBe(2);
  });

  it("runs one statement alone", async () => {
    for (const operation of ["query", "execute"]) {
      const error = await refused({ sql: "select 1; select 2", operation });
      expect(error.message).toContain("42601");
      expect(retryOf(error)).toBe(false);
    }
  });

  it("gives rows whose columns have any name, and refuses two of one name", async () => {
    const { result } = await query(`select 1 as "__proto__", 2 as "constructor"`);
    expect(Object.keys(result[0])).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(result[0])).toBe(Object.prototype);
    expect((await refused({ sql: "select 1 as a, 2 as a" })).message).toContain(
      "Two columns of the result are called `a`",
    );
  });

  it("gives many rows, and not too many", async () => {
    expect((await query("select n from generate_series(1, 200000) n")).rowCount).toBe(200_000);
    expect(await refused({ sql: "select n from generate_series(1, 1000000) n", maxRows: 10 })).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: "[database] There are more than 10 rows",
    });
    expect((await query("select n from generate_series(1, 10) n", [], { maxRows: 10 })).rowCount).toBe(10);
  });

  it("gives rows of few bytes, and changes nothing where there are too many of either", async () => {
    expect(
      await refused({ sql: "select repeat('x', 1000000) from generate_series(1, 100)", maxBytes: 10_000_000 }),
    ).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: "[database] The first 5 rows take more than 10000000 bytes",
    });
    await admin.query("create table bounded (a int)");
    const execute = { operation: "execute", sql: "insert into bounded select generate_series(1, 100) returning a" };
    for (const most of [{ maxRows: 10 }, { maxBytes: 100 }]) {
      const error = await refused({ ...execute, ...most });
      expect(error.code).toBe("MEMORY_LIMIT_EXCEEDED");
      expect(adviceOf(error)).toContain("Nothing was changed.");
    }
    expect(await contentOf("bounded")).toEqual([]);
    expect((await run("database", {}, { connection: server.url, ...execute, maxRows: 100 })).rowCount).toBe(100);
    expect(await contentOf("bounded")).toHaveLength(100);
  });

  it("executes what can run outside of a transaction alone", async () => {
    await query("vacuum", [], { operation: "execute" });
    await admin.query("create table steps (a int)");
    const body = "insert into steps values (1); commit; insert into steps values (2)";
    await admin.query(`create procedure in_steps() language plpgsql as $$ begin ${body}; end $$`);
    await query("call in_steps()", [], { operation: "execute" });
    expect(await contentOf("steps")).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it("inserts rows of any shape, in one transaction", async () => {
    await admin.query(
      `create table shapes (id serial, name text default 'none', price numeric, "Odd ""name" jsonb, tags text[])`,
    );
    const rows = [
      { name: "a", price: "1.50" },
      { name: null, 'Odd "name': [1, { b: 2 }] },
      { price: 2, tags: ["x", "y,z"] },
      { 'Odd "name': '{"text":true}' },
      { 'Odd "name': "5" },
      { 'Odd "name': null },
    ];
    const output = await insert(rows, { table: "public.shapes", returning: ["id"] });
    expect(output).toEqual({
      result: [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }, { id: 5 }, { id: 6 }],
      rowCount: 6,
      fields: [{ name: "id", type: "int4" }],
    });
    expect(await contentOf("shapes")).toEqual([
      { id: 1, name: "a", price: "1.50", 'Odd "name': null, tags: null },
      { id: 2, name: null, price: null, 'Odd "name': [1, { b: 2 }], tags: null },
      { id: 3, name: "none", price: "2", 'Odd "name': null, tags: ["x", "y,z"] },
      { id: 4, name: "none", price: null, 'Odd "name': '{"text":true}', tags: null },
      { id: 5, name: "none", price: null, 'Odd "name': "5", tags: null },
      { id: 6, name: "none", price: null, 'Odd "name': null, tags: null },
    ]);
    expect(await insert([], { table: "none" })).toEqual({ result: [], rowCount: 0, fields: [] });
    expect((await insert({ name: "one" }, { table: "shapes" })).rowCount).toBe(1);
    const table = await run("spreadsheet", {}, { data: "name,price\nTea,3\n" });
    expect(
      (await run("database", { default: table }, { connection: server.url, operation: "insert", table: "shapes" }))
        .rowCount,
    ).toBe(1);
  });

  it("inserts more rows than one statement can hold, or none of them", async () => {
    await admin.query("create table many (a int primary key, b text, c text, d text)");
    const rows = Array.from({ length: 30_000 }, (_, a) => ({ a, b: "b", c: `${a}`, d: null as string | null }));
    const told: number[] = [];
    const progress = (percent: number) => told.push(percent);
    expect((await insert(rows, { table: "many", progress })).rowCount).toBe(30_000);
    expect(told).toEqual([...told].sort((one, other) => one - other));
    expect(told.length).toBeGreaterThan(3);
    const more = Array.from({ length: 30_000 }, (_, a) => ({ a: a + 30_000, b: "b", c: "", d: null }));
    const broken = [...more, { a: 5, b: "again", c: "", d: null }];
    const error = await failure(
      "database",
      { rows: broken },
      { connection: server.url, operation: "insert", table: "many" },
    );
    expect(error.message).toContain("duplicate key value violates unique constraint");
    expect(error.message).toContain("Key (a)=(5) already exists.");
    expect(retryOf(error)).toBe(false);
    expect((await admin.query("select count(*) from many")).rows).toEqual([{ count: "30000" }]);
  });

  it("leaves rows that are there, or writes over them", async () => {
    await admin.query("create table prices (name text primary key, price int)");
    const rows = [
      { name: "tea", price: 1 },
      { name: "cake", price: 2 },
    ];
    await insert(rows, { table: "prices" });
    const changed = [
      { name: "tea", price: 10 },
      { name: "juice", price: 3 },
    ];
    const ignore = { table: "prices", onConflict: "ignore" };
    expect((await insert(changed, ignore)).rowCount).toBe(1);
    expect((await insert(changed, { ...ignore, keys: ["name"] })).rowCount).toBe(0);
    expect((await insert(changed, { table: "prices", onConflict: "update", keys: ["name"] })).rowCount).toBe(2);
    expect(await contentOf("prices")).toEqual([
      { name: "cake", price: 2 },
      { name: "juice", price: 3 },
      { name: "tea", price: 10 },
    ]);
    const update = { operation: "insert", table: "prices", onConflict: "update", keys: ["name"] };
    const words = async (rows: unknown[], more: object = {}) =>
      (await refused({ ...update, ...more }, { rows })).message;
    expect(await words([...rows, { name: "tea", price: 5 }])).toContain('Rows 1 and 3 have the same key ["tea"]');
    expect(await words([...rows, { name: "milk" }])).toContain(
      "Row 3 has no `price`, which an update would set to its default",
    );
    expect(await words(rows, { keys: [] })).toContain("`onConflict: update` needs `keys`");
    expect(await words(rows, { keys: ["nam"] })).toContain("`keys` has `nam`, which no row has. Did you mean `name`?");
    expect(await words(rows, { keys: ["price"] })).toContain("42P10");
  });

  it("takes names for names, whatever is in them", async () => {
    await admin.query(`create schema "My.Schema"; create table "My.Schema"."T""; drop" (id int)`);
    expect((await insert([{ id: 1 }], { table: '"My.Schema"."T""; drop"' })).rowCount).toBe(1);
    for (const table of ["a; drop table prices", 'prices" (name) values (1) --', "a.b.c.d", "", "a..b", "\0"]) {
      expect(["INVALID_PARAMETERS", "EXECUTION_FAILED"]).toContain(
        (await refused({ operation: "insert", table }, { rows: [{ id: 1 }] })).code,
      );
    }
    const column = { 'name") values (1); drop table prices; --': 1 };
    expect((await refused({ operation: "insert", table: "prices" }, { rows: [column] })).message).toContain(
      "has no column",
    );
    expect(await contentOf("prices")).toHaveLength(3);
  });

  it("does not try again what breaks a constraint", async () => {
    await admin.query(
      "create table bound (id int primary key, parent int not null references bound, n int check (n > 0))",
    );
    await insert([{ id: 1, parent: 1, n: 1 }], { table: "bound" });
    for (const [row, code] of [
      [{ id: 1, parent: 1, n: 1 }, "23505"],
      [{ id: 2, parent: 7, n: 1 }, "23503"],
      [{ id: 2, parent: null, n: 1 }, "23502"],
      [{ id: 2, parent: 1, n: -1 }, "23514"],
    ] as const) {
      const error = await refused({ operation: "insert", table: "bound" }, { rows: [row] });
      expect([error.message, retryOf(error)]).toEqual([expect.stringContaining(code), false]);
    }
  });

  it("says which row and column is wrong", async () => {
    await admin.query("create table typed (id int, price numeric not null)");
    const words = async (rows: unknown) => (await refused({ operation: "insert", table: "typed" }, { rows })).message;
    const rows = [
      { id: 1, price: "2" },
      { id: 2, price: "two" },
    ];
    expect(await words(rows)).toContain('row 2, column `price`: invalid input syntax for type numeric: "two"');
    expect(await words([{ id: 1, prise: 2 }])).toContain(
      "The table typed has no column `prise`; it has `id`, `price`. Did you mean `price`?",
    );
    expect(await words([{ id: 1, price: null }])).toContain("null value in column");
    expect(await words([{ id: 1 }, 7])).toContain("Row 2 must be an object by column, found 7");
    expect(await words([{}])).toContain("The rows have no columns");
    expect(await words(undefined)).toContain("There are no rows to insert");
    expect(await contentOf("typed")).toEqual([]);
  });

  it("says what is wrong with statements and connections, and never the password", async () => {
    const words = async (parameters: object, input: unknown = {}) => {
      const { code, message, cause } = await refused(parameters, input);
      expect(`${message} ${JSON.stringify(cause)}`).not.toContain("hidden");
      return `${code} ${message}`;
    };
    const host = `127.0.0.1:${server.port}`;
    expect(await words({ sql: "select\n  nonsense" })).toContain(
      'column "nonsense" does not exist (42703) at line 2, column 3',
    );
    expect(await words({ sql: "select $1::int" })).toContain("08P01");
    expect(await words({ sql: "select $1::int", parameters: ["x"] })).toContain("22P02");
    expect(await words({})).toContain("INVALID_PARAMETERS [database] `operation: query` needs `sql`");
    expect(await words({ operation: "insert" }, { rows: [] })).toContain("`operation: insert` needs `table`");
    expect(await words({ sql: "select 1" }, { parameters: 7 })).toContain("TYPE_MISMATCH");
    expect(await words({ sql: "select 1", connection: "mysql://u:hidden@x/y" })).toContain(
      "must be an address such as",
    );
    expect(await words({ sql: "select 1", connection: "postgresql://u:hidden@[x/y" })).toContain("cannot be read");
    expect(await words({ sql: "select 1", connection: `postgresql://none:hidden@${host}/postgres` })).toContain(
      'role "none" does not exist',
    );
    expect(await words({ sql: "select 1", connection: `postgresql://app:hidden@${host}/none` })).toContain("3D000");
    expect(await words({ sql: "select 1", connection: "postgresql://app:hidden@127.0.0.1:1/x" })).toContain(
      "ECONNREFUSED",
    );
    const syntax = await refused({ sql: "selekt 1" });
    expect([retryOf(syntax), syntax.code]).toEqual([false, "EXECUTION_FAILED"]);
  });

  const running = async (text: string) => {
    const sql = "select 1 from pg_stat_activity where query like $1 and state = 'active' and pid <> pg_backend_pid()";
    return ((await admin.query(sql, [`%${text}%`])).rowCount ?? 0) > 0;
  };

  it("ends the statement when the node is cancelled, and undoes what it had done", async () => {
    const abort = new AbortController();
    const pending = refused({ sql: "select pg_sleep(1000) as cancelled_sleep", signal: abort.signal });
    while (!(await running("cancelled_sleep"))) await new Promise((resolve) => setTimeout(resolve, 10));
    abort.abort();
    expect((await pending).code).toBe("CANCELLED");
    while (await running("cancelled_sleep")) await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await refused({ sql: "select 1", signal: AbortSignal.abort() })).code).toBe("CANCELLED");

    await admin.query("create table undone (a int, b text)");
    const late = new AbortController();
    const rows = Array.from({ length: 20_000 }, (_, a) => ({ a, b: "x" }));
    const more = { operation: "insert", table: "undone", signal: late.signal, progress: () => late.abort() };
    expect((await refused(more, { rows })).code).toBe("CANCELLED");
    expect((await admin.query("select count(*) from undone")).rows).toEqual([{ count: "0" }]);
  });

  it("ends the statement at the time limit", async () => {
    expect(await refused({ sql: "select pg_sleep(1000) as late_sleep", timeout: 300 })).toMatchObject({
      code: "TIMEOUT",
      message: "[database] The database was given up after 300 ms",
    });
    while (await running("late_sleep")) await new Promise((resolve) => setTimeout(resolve, 10));
  });
});

describe("a database that does not answer", () => {
  it("is left when the node is cancelled, and at its time limit", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const connection = `postgresql://app@127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    const abort = new AbortController();
    const connected = once(server, "connection");
    const pending = failure("database", {}, { connection, sql: "select 1", signal: abort.signal });
    await connected;
    abort.abort();
    expect((await pending).code).toBe("CANCELLED");
    expect((await failure("database", {}, { connection, sql: "select 1", timeout: 50 })).code).toBe("TIMEOUT");
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});

describe("the name of a table", () => {
  it.each([
    ["orders", '"orders"'],
    ["shop.Orders", '"shop"."Orders"'],
    ['"a.b"."c""d"', '"a.b"."c""d"'],
    ["a; drop", '"a; drop"'],
  ])("%s is %s", (given, quoted) => expect(quotedTable(given)).toBe(quoted));
});
