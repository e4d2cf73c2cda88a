/** Values by name in SQL, on both kinds of database for real. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { missingPostgres, startPostgres } from "../../../tests/nodes/postgres.mjs";
import { nodeTypes } from "../src/definitions.js";
import { failure, run } from "./run.js";
import { made, sqlite } from "./sqlite.js";

const missing = missingPostgres();
const HOSTILE = `'; drop table users; -- :other $other "$1" \\`;

/** What holds on every database; a statement fits both. */
function common(connection: () => string): void {
  const query = async (sql: string, parameters: unknown, more: object = {}) =>
    (await run("database", {}, { connection: connection(), sql, parameters, ...more })).result;
  const refused = async (sql: string, parameters: unknown) =>
    (await failure("database", {}, { connection: connection(), sql, parameters })).message;

  it("binds values by :name and $name, whatever is in them, a name that stands twice once", async () => {
    const sql =
      "select cast(:text as text) as a, cast($text as text) as b, cast(:n as integer) + cast(:n as integer) as c";
    expect(await query(sql, { text: HOSTILE, n: 4 })).toEqual([{ a: HOSTILE, b: HOSTILE, c: 8 }]);
    expect(await query("select cast(:a as text) is null as empty", { a: null })).toHaveLength(1);
    const names = "abcdefghijkl".split("");
    const many = names.map((name) => `cast(:${name} as text) as ${name}`).join(",");
    const values = Object.fromEntries(names.map((name, index) => [name, `v${index}`]));
    expect(await query(`select ${many}`, values)).toEqual([values]);
  });

  it("leaves names alone in texts, quoted names and comments", async () => {
    const sql = `select ':a ''$a :b' as "x:a$a""", /* :a $a */ cast(:b as text) as b -- :a 'it
      , ':c' as c -- $c`;
    expect(await query(sql, { b: "1" })).toEqual([{ 'x:a$a"': ":a '$a :b", b: "1", c: ":c" }]);
  });

  it("refuses names without values and values without names", async () => {
    expect(await refused("select :customer", { custmer: 1 })).toBe(
      "[database] The statement names the value `customer`, which `parameters` does not have; it has `custmer`. Did you mean `custmer`?",
    );
    expect(await refused("select :a", { a: 1, b: 2 })).toBe(
      "[database] The statement does not name the value `b` of `parameters`; it names `a`. Take it out, or write :b where it belongs",
    );
    expect(await refused("select ':a', \":a\" -- :a", { a: 1 })).toContain("it names none");
    expect(await refused("select :a", {})).toContain("it is empty");
    expect(await refused("select :a", { a: undefined })).toContain("`parameters.a` is undefined");
    for (const name of ["__proto__", "constructor", "toString"]) {
      expect(await refused(`select :${name}`, {})).toContain(`names the value \`${name}\``);
    }
    expect(await refused("select :A", { a: 1 })).toContain("names the value `A`");
  });

  it("refuses places beside names, and what is neither a list nor an object", async () => {
    expect(await refused("select :a, $1", { a: 1 })).toContain("has `$1` for a value");
    expect(await refused("select 1", "a")).toContain("parameters");
  });

  it("takes the values from an edge", async () => {
    const parameters = { result: { least: 3 } };
    const sql = "select cast(:least as integer) as a";
    expect((await run("database", { parameters }, { connection: connection(), sql })).result).toEqual([{ a: 3 }]);
  });

  it("names the value, and the right column, where the database finds something wrong", async () => {
    expect(await refused("select :customer as a,\n :customer as b from nowhere", { customer: "x" })).toMatch(/nowhere/);
    expect(await refused("select cast(:customer as text), frm", { customer: "x" })).toMatch(/frm/);
  });
}

describe("values by name in SQLite", () => {
  let path = "";
  beforeAll(async () => {
    ({ path } = await made(
      "create table users (id integer primary key, name text)",
      "insert into users values (1, 'Ada')",
    ));
  });
  common(() => sqlite(path));

  const query = async (sql: string, parameters: object, more: object = {}) =>
    run("database", {}, { connection: sqlite(path), sql, parameters, ...more });

  it("leaves names alone in brackets and backticks, and comments in comments end at the first end", async () => {
    const { result } = await query("select 1 as [a:b], 2 as `c:d$e`, :f as f /* /* :g */ ", { f: 3 });
    expect(result).toEqual([{ "a:b": 1, "c:d$e": 2, f: 3 }]);
    expect((await query("select '\\' as a, :b as b", { b: 1 })).result).toEqual([{ a: "\\", b: 1 }]);
  });

  it("refuses ? and @name beside names", async () => {
    for (const place of ["?", "?2", "@a"]) {
      const parameters = { connection: sqlite(path), sql: `select :a, ${place}`, parameters: { a: 1 } };
      expect((await failure("database", {}, parameters)).message).toContain(`has \`${place}\` for a value`);
    }
  });

  it("changes rows, and hostile values change no others", async () => {
    const sql = "insert into users (id, name) values (:id, :name)";
    expect((await query(sql, { id: 2, name: HOSTILE }, { operation: "execute" })).rowCount).toBe(1);
    expect((await query("select name from users where id = :id", { id: 2 })).result).toEqual([{ name: HOSTILE }]);
    expect((await query("select id from users where name = :name", { name: "' or 1=1 --" })).result).toEqual([]);
  });
});

describe.skipIf(missing !== undefined)(
  `values by name in PostgreSQL${missing === undefined ? "" : ` (${missing})`}`,
  () => {
    let server: Awaited<ReturnType<typeof startPostgres>>;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server?.stop());
    common(() => server.url);

    const query = async (sql: string, parameters: object) =>
      (await run("database", {}, { connection: server.url, sql, parameters })).result;
    const refused = async (sql: string, parameters: object) =>
      (await failure("database", {}, { connection: server.url, sql, parameters })).message;

    it("leaves casts and dollar quotes alone, and comments in comments", async () => {
      const sql = `select :n::int as n, '7'::text as t, $$ :a $n $$ as d, $q$ $$ :a $x$ $q$ as q, $n::text as m
      /* :a /* :b */ :c */ , '{:a}'::text[] as l`;
      expect(await query(sql, { n: "7" })).toEqual([
        { n: 7, t: "7", d: " :a $n ", q: " $$ :a $x$ ", m: "7", l: [":a"] },
      ]);
    });

    it("knows where a text with backslashes ends, and one without", async () => {
      const sql = String.raw`select E'it\'s :a' as e, e'\\' as f, '\' as g, :b::text as b, some.note':a' from (select 1) some`;
      expect(await refused(sql, { b: "1" })).not.toContain("names the value");
      const good = String.raw`select E'it\'s :a' as e, e'\\' as f, '\' as g, :b::text as b, E'x'
      'y\':a' as h, U&'\0061:a' as u`;
      expect(await query(good, { b: "1" })).toEqual([{ e: "it's :a", f: "\\", g: "\\", b: "1", h: "xy':a", u: "a:a" }]);
    });

    it("takes $name inside of brackets, and refuses :name there, which may be a slice", async () => {
      expect(await query("select (array[10,20,30])[$n::int] as a", { n: 2 })).toEqual([{ a: 20 }]);
      expect(await query("select (array[10,20,30])[1 : $n] as a", { n: 2 })).toEqual([{ a: [10, 20] }]);
      expect(await refused("select a[1:n] from (select array[1,2] as a, 2 as n) t", { n: 2 })).toContain(
        "`:n` inside of brackets may be a value or the end of a slice: write `$n`",
      );
    });

    it("says the name where PostgreSQL speaks of a place", async () => {
      expect(await refused("select :what is null", { what: 1 })).toContain("data type of parameter :what");
      const message = await refused("select 1 where :who = :who", { who: "x", more: 1 });
      expect(message).toContain("does not name the value `more`");
      expect(await refused("select 1 + :count::int", { count: "many" })).toContain("many");
    });
  },
);

describe("names that are known before the node runs", () => {
  const problems = (parameters: Record<string, unknown>) => nodeTypes.get("database")?.problems?.(parameters, {}) ?? [];
  it("are checked with their values", () => {
    const connection = "sqlite:a.db";
    expect(problems({ connection, sql: "select :a, ':c'", parameters: { b: "${{ data.b }}" } })).toEqual([
      expect.objectContaining({ rule: "sql-names", path: "/sql", message: expect.stringContaining("`a`") }),
    ]);
    expect(problems({ connection, sql: "select :a", parameters: { a: "${{ data.b }}" } })).toEqual([]);
    expect(problems({ connection, sql: "select :a", parameters: "${{ data }}" })).toEqual([]);
    expect(problems({ connection: "${{ secrets.DB }}", sql: "select :a", parameters: {} })).toEqual([]);
  });
});

it("reads long and unfinished statements in linear time", async () => {
  const { boundByName } = await import("../src/types/database/named.js");
  for (const part of ["'a", '"', "$a$", "$a", "/*", "--\n", "E'\\", "[", "`", ":::", "$", "a$"]) {
    const sql = `${part.repeat(100_000)}`;
    for (const dialect of ["postgres", "sqlite"] as const) {
      // Each of them would take hours where every part looked through the rest.
      try {
        boundByName(sql, { a: 1 }, dialect);
      } catch (error) {
        expect((error as { code?: string }).code).toBe("INVALID_PARAMETERS");
      }
    }
  }
});
