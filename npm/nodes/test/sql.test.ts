import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { adviceOf } from "../src/contract/error.js";
import { tableBehind } from "../src/table/table-output.js";
import { failure, ordersCsv, run, temporaryFolder } from "./run.js";

const folder = temporaryFolder();
// Tests that run beside this one have temporary folders as well.
process.env["TMPDIR"] = temporaryFolder();
const at = (name: string, text?: string | Uint8Array): string => {
  const path = join(folder, name);
  if (text !== undefined) writeFileSync(path, text);
  return path;
};

interface Warning {
  rule: string;
  message: string;
}

// biome-ignore lint/suspicious/noExplicitAny: rows are looked at field by field
const query = async (sql: string, input: unknown = {}, more: object = {}): Promise<any> => {
  const warnings: Warning[] = [];
  const warn = (rule: string, message: string) => warnings.push({ rule, message });
  return { ...(await run("sql", input, { sql, warn, ...more })), warnings };
};
const rulesOf = (warnings: Warning[]) => warnings.map(({ rule }) => rule);
const refused = (sql: string, input: unknown = {}, more: object = {}) => failure("sql", input, { sql, ...more });

// Temporary files of this file alone: those of others that run beside it come and go.
const temporary = temporaryFolder();
beforeAll(() => void vi.stubEnv("TMPDIR", temporary));
afterAll(() => void vi.unstubAllEnvs());
const leftovers = () => readdirSync(temporary).filter((name) => name.startsWith("conductor-sql-"));

const orders = [
  { id: 1, customer: "ada", total: 10.5, paid: true },
  { id: 2, customer: "grace", total: 4, paid: null },
  { id: 3, customer: "ada", total: 2 },
];

describe("tables of a query", () => {
  it("are the inputs by their handles, and `data` that of no handle", async () => {
    const customers = { result: [{ name: "ada", city: "London" }] };
    const { result } = await query(
      "select city, sum(total) as total from data join customers on name = customer group by city",
      { default: orders, customers },
    );
    expect(result).toEqual([{ city: "London", total: 12.5 }]);
    expect((await query("from data order by id limit 1", orders)).result).toEqual([orders[0]]);
    expect((await query('from "My Orders" where paid is null order by id', { "My Orders": orders })).result).toEqual([
      { ...orders[1] },
      { ...orders[2], paid: null },
    ]);
  });

  it("come back as they went in, of whatever kind", async () => {
    const at = new Date("2026-01-31T10:00:00.123Z");
    const row = {
      text: "ä\0\u{1F600}'",
      __proto__x: 1,
      deep: { list: [1, { a: null }] },
      big: 12345678901234567890n,
      at,
      bytes: new Uint8Array([255, 0]),
    };
    const { result, fields, warnings } = await query("from data", [row, {}]);
    expect(result).toEqual([
      { ...row, big: "12345678901234567890", at: "2026-01-31T10:00:00.123Z", bytes: "/wA=" },
      { text: null, __proto__x: null, deep: null, big: null, at: null, bytes: null },
    ]);
    expect(fields.map(({ type }: { type: string }) => type)).toEqual([
      "VARCHAR",
      "BIGINT",
      "JSON",
      "HUGEINT",
      "TIMESTAMP WITH TIME ZONE",
      "BLOB",
    ]);
    expect(rulesOf(warnings)).toEqual(["digits-kept"]);
  });

  it("tell of a column of several kinds, which is JSON", async () => {
    const { result, warnings } = await query("select id, id->>'$' as text from data", [
      { id: 1 },
      { id: "a" },
      { id: [true] },
    ]);
    expect(result).toEqual([
      { id: 1, text: "1" },
      { id: "a", text: "a" },
      { id: [true], text: "[true]" },
    ]);
    expect(warnings).toEqual([
      {
        rule: "mixed-column",
        message: expect.stringContaining("`id` of `data` holds integer, text, lists or objects"),
      },
    ]);
  });

  it("of text cross without becoming objects, with types by all of their cells", async () => {
    const csv =
      'code,price,day,at,ok,note,same,empty\n007,9.50,2026-01-31,2026-01-31T10:00:00,true,"a ""b"", c\nd",1,\n08,-3,2026-02-01,2026-01-31 11:00:00.5,FALSE,,2,\n';
    const table = await run("spreadsheet", {}, { data: csv });
    const { result, fields } = await query("from data", { default: table });
    expect(tableBehind(table)).toBeDefined();
    expect(result).toEqual([
      {
        code: "007",
        price: 9.5,
        day: "2026-01-31",
        at: "2026-01-31T10:00:00",
        ok: true,
        note: 'a "b", c\nd',
        same: 1,
        empty: null,
      },
      {
        code: "08",
        price: -3,
        day: "2026-02-01",
        at: "2026-01-31T11:00:00.5",
        ok: false,
        note: null,
        same: 2,
        empty: null,
      },
    ]);
    expect(fields.map(({ type }: { type: string }) => type)).toEqual([
      "VARCHAR",
      "DOUBLE",
      "DATE",
      "TIMESTAMP",
      "BOOLEAN",
      "VARCHAR",
      "BIGINT",
      "VARCHAR",
    ]);
    const text = await query("select price, note, empty from data", { default: table }, { types: "text" });
    expect(text.result).toEqual([
      { price: "9.50", note: 'a "b", c\nd', empty: "" },
      { price: "-3", note: "", empty: "" },
    ]);
  });

  it("are typed by the last cell too", async () => {
    const lines = Array.from({ length: 5000 }, (_, id) => `${id},${id / 4}`);
    const path = at("late.csv", `id,price\n${lines.join("\n")}\nlate,n/a\n`);
    const { result } = await query(
      "select typeof(id) as id, typeof(price) as price, count(*) as n from f group by all",
      {},
      { files: { f: path } },
    );
    expect(result).toEqual([{ id: "VARCHAR", price: "VARCHAR", n: 5001 }]);
    const one = at("one.csv", 'only\n""\nx\n\n');
    expect((await query("select count(*) as n from f", {}, { files: { f: one }, types: "text" })).result).toEqual([
      { n: 2 },
    ]);
  });

  it("are files of every form", async () => {
    const rows = [
      { id: 1, name: "a" },
      { id: 2, name: "b" },
    ];
    const files = {
      csv: at("f.csv", "id,name\n1,a\n2,b\n"),
      tsv: at("f.tsv", "id\tname\n1\ta\n2\tb\n"),
      json: at("f.json", JSON.stringify(rows)),
      jsonl: at("f.jsonl", rows.map((row) => JSON.stringify(row)).join("\n")),
      packed: at("f.csv.gz", gzipSync("id,name\n1,a\n2,b\n")),
    };
    for (const name of Object.keys(files))
      expect((await query(`from ${name} order by id`, {}, { files })).result, name).toEqual(rows);
    expect(
      (await query("select count(*) as n from csv join tsv using (id) join json using (id)", {}, { files })).result,
    ).toEqual([{ n: 2 }]);
  });

  it("that are not tables are told only where the query names them", async () => {
    expect((await query("select 1 as one", { default: "done", empty: [] })).result).toEqual([{ one: 1 }]);
    const words = async (sql: string, input: unknown) => (await refused(sql, input)).message;
    expect(await words("from data", { default: "done" })).toContain(
      "names `data`, but that input is a string and no list of records",
    );
    expect(await words("from empty", { empty: [] })).toContain("is an empty list, so that its columns are not known");
    expect(await words("from data", [1])).toContain("item 0 is a number");
    expect(await words("from ordesr", { orders })).toContain("The query names the table `ordesr`; there are `orders`");
    expect(await words("from data", [{ Id: 1, id: 2 }])).toContain("`Id` and `id`, which SQL cannot tell apart");
    expect(await words("from a", { a: orders, A: orders })).toContain("`a` and `A`, which SQL cannot tell apart");
  });

  it("that are files which cannot be read say why", async () => {
    const words = async (path: unknown) => (await refused("from f", {}, { files: { f: path } })).message;
    expect(await words(at("none.csv"))).toContain("File not found");
    expect(await words(at("f.xlsx", "x"))).toContain("must end in .csv");
    expect(await words(join(folder, "*.csv"))).toContain("must be one file");
    expect(await words(7)).toContain("`files.f` must be a path, found 7");
    expect(await words(at("empty.csv", ""))).toContain("empty");
    expect(await words(at("twice.csv", "a,A\n1,2\n"))).toContain("cannot tell apart");
    expect(await words(at("broken.parquet", "PAR1 no"))).toContain("broken.parquet");
    expect(await words(at("ragged.csv", "a,b\n1,2\n1,2,3\n"))).toMatch(/column/i);
    expect(await words(at("bytes.csv", Buffer.from([0x61, 0x0a, 0xff, 0xfe, 0x0a])))).toMatch(/utf-8/i);
    const { warnings } = await query("from f", {}, { files: { f: at("semicolons.csv", "a;b\n1;2\n") } });
    expect(rulesOf(warnings)).toEqual(["one-column"]);
  });
});

describe("values of a query", () => {
  it("are bound, whatever is in them", async () => {
    const hostile = "'; drop table data; --";
    const { result } = await query(
      "select $1 as a, $2 as b, $3 as c, $4 as d, $5 as e, $1 = $1 as f",
      {},
      { parameters: [hostile, 7, null, 1.5, [1, 2.5]] },
    );
    expect(result).toEqual([{ a: hostile, b: 7, c: null, d: 1.5, e: [1, 2.5], f: true }]);
    const named = await query("select id from data where customer = $who and id < $most", orders, {
      parameters: { who: "ada", most: 3 },
    });
    expect(named.result).toEqual([{ id: 1 }]);
    expect(
      (
        await query("select id from data where id in (select unnest($ids)) order by id", {
          data: orders,
          parameters: { ids: [1, 3] },
        })
      ).result,
    ).toEqual([{ id: 1 }, { id: 3 }]);
    expect((await query("select $1 as big, $2 as huge", {}, { parameters: [1e300, 2 ** 53 + 2] })).result).toEqual([
      { big: 1e300, huge: 2 ** 53 + 2 },
    ]);
  });

  it("are all there and all used", async () => {
    const words = async (sql: string, parameters: unknown) => (await refused(sql, {}, { parameters })).message;
    expect(await words("select $1, $2", [1])).toContain("has no value for $2");
    expect(await words("select $1", [1, 2])).toContain("has $2, which is not in the query, which has $1");
    expect(await words("select $name", { nam: 1 })).toContain("has no value for $name");
    expect(await words("select 1", [1])).toContain("which has none");
    expect(await words("select $1", [{ a: 1 }])).toContain("The value of $1 must be");
    expect(await words("select $1", [["a", 1]])).toContain("must hold values of one type");
    expect((await refused("select 1", { parameters: 7 })).code).toBe("TYPE_MISMATCH");
  });
});

describe("the text of a query", () => {
  const named = at("named.csv", "id\n1\n");
  const secret = at("secret.csv", "id\nsecret\n");
  const outside = at("outside.csv");

  it.each([
    `from '${secret}'`,
    `from read_csv('${secret}')`,
    `from read_csv('${named}')`,
    `select * from read_text('/etc/passwd')`,
    `select (select content from read_blob('/etc/passwd'))`,
    `with x as (from read_json('/etc/passwd')) from x`,
    `from data, lateral (from glob('/etc/*'))`,
    `from parquet_metadata('${secret}')`,
    `from sniff_csv('${secret}')`,
    `from query('from read_csv(''${secret}'')')`,
    `from query_table('${secret}')`,
    `from 'https://example.com/a.csv'`,
    `from read_parquet('s3://bucket/a.parquet')`,
    `copy (select 1) to '${outside}'`,
    `copy data to '${named}'`,
    `explain analyze copy (select 1) to '${outside}'`,
    "install httpfs",
    "load httpfs",
    "load json",
    `attach '${outside}'`,
    `export database '${outside}'`,
    "set memory_limit = '64GB'",
    "set enable_external_access = true",
    "reset lock_configuration",
    "pragma threads = 64",
    "pragma enable_profiling",
    "call enable_logging()",
    `from enable_logging(storage := 'file', storage_path := '${outside}')`,
    "from enable_profiling()",
    "from arrow_scan(1, 2, 3)",
    "from arrow_scan_dumb(1::pointer, 2::pointer, 3::pointer)",
    "from json_execute_serialized_sql('{}')",
    "from duckdb_secrets()",
    "from duckdb_settings()",
    "create table t (a int)",
    "create secret (type s3)",
    "insert into data values (1)",
    "delete from data",
    "drop table data",
    "update data set id = 2",
    "vacuum",
    "checkpoint",
    "use memory",
    "prepare p as select 1",
    "begin transaction",
    "select 1; select 2",
    `select 1) to '${outside}' (format csv); --`,
    "",
    "   ",
    "-- nothing",
    "selekt 1",
    "select 1 /*",
    "\0",
  ])("is refused: %s", async (sql) => {
    const before = readFileSync(named, "utf8");
    for (const output of [undefined, at("stolen.csv")]) {
      const error = await refused(sql, { data: [{ id: 1 }] }, { files: { named }, ...(output && { output }) });
      expect(["INVALID_PARAMETERS", "EXECUTION_FAILED"]).toContain(error.code);
      expect(error.message).not.toMatch(/"secret"|root:/);
      if (output) expect(existsSync(output)).toBe(false);
    }
    expect(readFileSync(named, "utf8")).toBe(before);
    expect(existsSync(outside)).toBe(false);
  });

  it("may be any query that reads", async () => {
    for (const sql of [
      "from data",
      "values (1)",
      "select 1;",
      "select '; --' as a ;",
      "/* c */ select 1 -- x",
      "with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) from r",
      "describe data",
      "summarize data",
      "select unnest([1, 2]) as n",
      "from range(3)",
      "from generate_series(1, 3)",
      "select id, row_number() over (order by id) as n from data qualify n = 1",
    ]) {
      expect((await query(sql, { data: orders })).rowCount, sql).toBeGreaterThan(0);
    }
  });

  it("is told what is wrong with it, and where", async () => {
    const words = async (sql: string) => (await refused(sql, orders)).message;
    expect(await words("select\n  ä, from from data")).toMatch(/cannot be read: syntax error .* at line 2, column \d+/);
    expect(await words("select toal from data")).toContain('"toal" not found');
    expect(await words("select customer::int from data")).toContain("Conversion Error");
    expect(await words("select id, id from data")).toContain("Two columns of the result are called `id`");
    expect(adviceOf(await refused("from 'x.csv'"))).toEqual([expect.stringContaining("Name files in `files`")]);
  });
});

describe("what comes back", () => {
  it("keeps every digit and every part", async () => {
    const { result, warnings } = await query(`select * from (values
      (1::bigint, 1.10::decimal(38,2), 170141183460469231731687303715884105727::hugeint, 2.50::decimal(4,2)),
      (9007199254740993::bigint, 1234567890123456789.12::decimal(38,2), 1, 1.25)) t(b, d, h, small)`);
    expect(result).toEqual([
      { b: "1", d: "1.10", h: "170141183460469231731687303715884105727", small: 2.5 },
      { b: "9007199254740993", d: "1234567890123456789.12", h: "1", small: 1.25 },
    ]);
    expect(rulesOf(warnings)).toEqual(["digits-kept", "digits-kept", "digits-kept"]);
    const kinds = await query(`select date '2026-01-31' as day, timestamp '2026-01-31 23:59:59.123456' as at,
      timestamptz '2026-01-31 10:00:00+02' as instant, time '10:00:00' as time, interval '1 day 2 hours' as span,
      '\\xff\\x00'::blob as bytes, [1, null] as list, {'a': 1, 'b': [date '2026-01-31']} as struct, map {'k': 1} as map,
      map {1: 'x'} as pairs, '{"a":[1]}'::json as json, 'x'::enum('x', 'y') as one, union_value(num := 2) as either,
      array_value(1, 2) as fixed, 'nan'::double as nan, uuid '00000000-0000-0000-0000-000000000001' as id, null as none,
      timestamp 'infinity' as ever, 1 as "__proto__"`);
    const [row] = kinds.result;
    expect(row).toMatchObject({
      day: "2026-01-31",
      at: "2026-01-31T23:59:59.123456",
      instant: "2026-01-31T08:00:00Z",
      time: "10:00:00",
      span: "1 day 02:00:00",
      bytes: "/wA=",
      list: [1, null],
      struct: { a: 1, b: ["2026-01-31"] },
      map: { k: 1 },
      pairs: [{ key: 1, value: "x" }],
      json: { a: [1] },
      one: "x",
      either: 2,
      fixed: [1, 2],
      nan: null,
      id: "00000000-0000-0000-0000-000000000001",
      none: null,
      ever: "infinity",
    });
    expect(Object.getOwnPropertyDescriptor(row, "__proto__")?.value).toBe(1);
    expect(rulesOf(kinds.warnings)).toEqual(["not-finite"]);
  });

  it("is bounded in rows and bytes", async () => {
    expect(await refused("from range(1000000000)", {}, { maxRows: 10 })).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: "[sql] There are more than 10 rows",
    });
    expect((await query("from range(10)", {}, { maxRows: 10 })).rowCount).toBe(10);
    expect(
      await refused("select repeat('x', 1000000) as x from range(1000)", {}, { maxBytes: 10_000_000 }),
    ).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: "[sql] The first 5 rows take more than 10000000 bytes",
    });
  });

  it("may take what is allowed of memory and temporary files", async () => {
    const sql = "select count(*) as n from (select range, md5(range::varchar) as a from range(2000000) order by a)";
    const most = { memoryLimit: 33_554_432, threads: 1 };
    expect((await query(sql, {}, most)).result).toEqual([{ n: 2_000_000 }]);
    const heavy =
      "select max(a) as n from (select list(md5(range::varchar)) as a from range(3000000) group by range % 2)";
    const error = await refused(heavy, {}, { ...most, maxSpillBytes: 0 });
    expect(error.code).toBe("MEMORY_LIMIT_EXCEEDED");
    expect(leftovers()).toEqual([]);
  });
});

describe("a file that is written", () => {
  it("is read again as it was", async () => {
    const rows = [
      { id: 1, name: 'ä, "b"\nc', price: 1.5, deep: { a: [1] } },
      { id: 2, name: null, price: null, deep: null },
    ];
    for (const format of ["parquet", "json", "jsonl"]) {
      const output = at(`written.${format}`);
      const written = await query("from data where id > $1", rows, { output, parameters: [0] });
      expect(written).toMatchObject({ result: output, path: output, format, rowCount: 2, size: statSync(output).size });
      expect((await query("from f order by id", {}, { files: { f: output } })).result).toEqual(rows);
    }
    const output = at("deep/written.csv");
    await query("select id, name from data;", rows, { output });
    expect(readFileSync(output, "utf8")).toBe('id,name\n1,"ä, ""b""\nc"\n2,\n');
    await query("select id, name from data limit 0", rows, { output, outputFormat: "tsv" });
    expect(readFileSync(output, "utf8")).toBe("id\tname\n");
  });

  it("may be one that is read", async () => {
    const path = at("same.csv", "id\n2\n1\n");
    await query("from f order by id", {}, { files: { f: path }, output: path });
    expect(readFileSync(path, "utf8")).toBe("id\n1\n2\n");
  });

  it("is whole or not there", async () => {
    const output = at("kept.csv", "old\n");
    await refused("select error('late') from range(100000) where range = 99999", {}, { output });
    expect(readFileSync(output, "utf8")).toBe("old\n");
    expect(await refused("select 1 as a", {}, { output: at("x.xlsx") })).toMatchObject({ code: "INVALID_PARAMETERS" });
    expect((await refused("select 1", {}, { outputFormat: "csv" })).message).toContain("without `output`");
    expect((await refused("select 1 as a, 2 as A", {}, { output })).message).toContain("cannot tell apart");
    const { warnings } = await query("from range(0)", {}, { output });
    expect(rulesOf(warnings)).toEqual(["empty-table"]);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("a query that takes long", () => {
  const endless = "select count(*) as n from range(100000000000) a, range(1000000) b where (a.range + b.range) % 7 = 3";

  it("ends when the node is cancelled", async () => {
    expect((await refused("select 1", {}, { signal: AbortSignal.abort() })).code).toBe("CANCELLED");
    for (const sql of [endless, "select md5(range::varchar) as a from range(100000000000)"]) {
      for (const output of [undefined, at("never.csv")]) {
        const abort = new AbortController();
        const pending = refused(sql, {}, { signal: abort.signal, maxRows: 10 ** 12, ...(output && { output }) });
        setTimeout(() => abort.abort(), 100);
        expect((await pending).code).toBe("CANCELLED");
        if (output) expect(existsSync(output)).toBe(false);
      }
    }
    expect(leftovers()).toEqual([]);
  });

  it("ends at the time limit", async () => {
    expect(await refused(endless, {}, { timeout: 200 })).toMatchObject({
      code: "TIMEOUT",
      message: "[sql] The query was given up after 200 ms",
    });
  });
});

it("counts a large table of text without making objects of it", async () => {
  const table = await run("spreadsheet", {}, { data: ordersCsv(200_000) });
  const { result } = await query(
    "select status, count(*) as n, sum(quantity * price) as total from data group by all order by all",
    { default: table },
  );
  expect(result.map(({ n }: { n: number }) => n)).toEqual([133_333, 66_667]);
  expect(tableBehind(table)).toBeDefined();
});
