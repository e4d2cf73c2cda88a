import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

import { failure, run, temporaryFolder } from "./run.js";
import { outcome } from "./warned.js";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

/** Has DuckDB write the rows of a query. */
async function duckDbFile(name: string, query: string, options = ""): Promise<string> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(`copy (${query}) to '${at(name)}' (format parquet${options})`);
  connection.closeSync();
  return at(name);
}

/** The same file, read by both node types. */
async function bothWays(path: string): Promise<{ ours: unknown; theirs: unknown }> {
  const { records } = await run("spreadsheet", {}, { path });
  const { result } = await run("sql", {}, { sql: "select * from t", files: { t: path } });
  return { ours: records, theirs: result };
}

const TYPES = `select i, i % 2 = 0 as even, i::tinyint as tiny, (i * 1000)::smallint as small, i * 100000 as int,
  i::bigint * 4000000000 as long, (i + 0.5)::float as single, i / 7 as double, (i * 1.25)::decimal(9, 2) as price,
  (i * 12345678.25)::decimal(18, 4) as amount, (i * 3.125)::decimal(30, 6) as huge, 'text ' || i as text, nullif(i, 3)::varchar as holes,
  date '2026-01-31' + i::int as day, timestamp '2026-01-31 10:00:00.125' + to_seconds(i) as moment,
  timestamptz '2026-01-31 10:00:00+02' + to_seconds(i) as zoned, time '10:00:00.5' + to_seconds(i) as clock,
  [i, i + 1, null] as list, {'a': i, 'b': 'x' || i} as pair, map {'k': i} as lookup, uuid '3b241101-e2bb-4255-8caf-4136c566a962' as id,
  encode('bytes ' || i) as bytes from range(7) r(i)`;

describe("spreadsheet reads Parquet", () => {
  it.each(["uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw"])(
    "of DuckDB, %s, as sql does",
    async (codec) => {
      const { ours, theirs } = await bothWays(await duckDbFile(`${codec}.parquet`, TYPES, `, compression ${codec}`));
      expect(ours).toEqual(theirs);
    },
  );

  it("of several row groups, with dictionaries", async () => {
    const query =
      "select i, 'word ' || (i % 5) as word, case when i % 3 = 0 then null else i % 7 end as hole from range(10000) r(i)";
    const path = await duckDbFile("groups.parquet", query, ", row_group_size 2048");
    const { ours, theirs } = await bothWays(path);
    expect(ours).toHaveLength(10_000);
    expect(ours).toEqual(theirs);
  });

  it("of pyarrow, with kinds that DuckDB does not write", async () => {
    const path = fileURLToPath(new URL("parquet/pyarrow.parquet", import.meta.url));
    const { records, headers, rowCount } = await run("spreadsheet", {}, { path });
    const expected = JSON.parse(readFileSync(new URL("parquet/expected.json", import.meta.url), "utf8")) as Record<
      string,
      unknown
    >[];
    expect(headers).toEqual(Object.keys(expected[0] as object));
    expect(rowCount).toBe(expected.length);
    expect(records).toEqual(expected);
  });

  it("with numbers beyond those of JavaScript as text, and says so", async () => {
    const query =
      "select * from (values (1, 9007199254740993, 1.5::decimal(20, 1)), (2, 5, 1234567890123456789.5)) t(id, big, price)";
    const path = await duckDbFile("big.parquet", query);
    const { output, warnings } = await outcome("spreadsheet", {}, { path });
    expect(output.records).toEqual([
      { id: 1, big: "9007199254740993", price: "1.5" },
      { id: 2, big: "5", price: "1234567890123456789.5" },
    ]);
    expect(warnings).toEqual([["lost-digits", expect.stringMatching(/^`big`, `price` of/)]]);
  });

  it("from bytes, which say themselves what they are", async () => {
    const data = readFileSync(await duckDbFile("bytes.parquet", "select 1 as one"));
    expect(await run("spreadsheet", { data })).toMatchObject({ records: [{ one: 1 }], format: "parquet" });
  });

  it("without rows, with the names of columns", async () => {
    const path = await duckDbFile("none.parquet", "select 1 as one, 'a' as a where false");
    expect(await run("spreadsheet", {}, { path })).toMatchObject({ records: [], headers: ["one", "a"], rowCount: 0 });
  });

  it("not of a file that is cut off, is no Parquet, or says what is not so", async () => {
    const path = await duckDbFile("cut.parquet", TYPES);
    const whole = readFileSync(path);
    truncateSync(path, whole.length - 100);
    expect(await failure("spreadsheet", {}, { path })).toMatchObject({ code: "DESERIALIZATION_FAILED" });
    writeFileSync(path, "id,name\n1,Ada\n");
    const { message } = await failure("spreadsheet", {}, { path });
    expect(message).toMatch(/cut\.parquet` cannot be read as Parquet/);
    for (let byte = 0; byte < whole.length; byte += 151) {
      const damaged = Uint8Array.from(whole);
      damaged[byte] = (damaged[byte] as number) ^ 0xff;
      // It is read, if the byte does not matter, or refused with a code; it never ends the process or hangs.
      await run("spreadsheet", { data: damaged }, { format: "parquet" }).catch((error: { code?: string }) => {
        expect(["DESERIALIZATION_FAILED", "MEMORY_LIMIT_EXCEEDED", "EXECUTION_FAILED"]).toContain(error.code);
      });
    }
  });

  it("not of a small file of very many rows", async () => {
    const path = await duckDbFile("many.parquet", "select 1 as one from range(100000000)");
    expect(readFileSync(path).length).toBeLessThan(1_000_000);
    expect(await failure("spreadsheet", {}, { path })).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: expect.stringContaining("100000000 rows of 1 columns"),
    });
  });

  it("until it is cancelled", async () => {
    const path = await duckDbFile("long.parquet", "select i, 'text ' || i as text from range(300000) r(i)");
    const controller = new AbortController();
    const reading = run("spreadsheet", {}, { path, signal: controller.signal });
    controller.abort();
    await expect(reading).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("spreadsheet writes Parquet", () => {
  const records = [
    { id: 1, name: "Ada", price: 9.5, paid: true, tags: ["a"], day: new Date("2026-01-31T10:00:00.125Z"), none: null },
    { id: 2, name: "Grace", price: 40, paid: false, tags: [], day: null, none: null },
    { id: 3, name: null, price: -0.25, paid: null, tags: { x: 1 }, day: null, none: null, late: "yes" },
  ];

  it("which sql and it itself read as it was", async () => {
    const path = at("written.parquet");
    const made = await run("spreadsheet", { data: records }, { operation: "write", path });
    expect(made).toMatchObject({ format: "parquet", rowCount: 3, size: readFileSync(path).length });
    const { ours, theirs } = await bothWays(path);
    const expected = records.map((record) => ({
      ...record,
      day: record.day === null ? null : "2026-01-31T10:00:00.125Z",
      late: "late" in record ? record.late : null,
    }));
    expect(ours).toEqual(expected);
    expect(theirs).toEqual(expected);
    const types = await run(
      "sql",
      {},
      {
        sql: "select typeof(id) as id, typeof(price) as price, typeof(day) as day, typeof(tags) as tags, typeof(none) as none from t limit 1",
        files: { t: path },
      },
    );
    expect(types.result).toEqual([
      { id: "BIGINT", price: "DOUBLE", day: "TIMESTAMP WITH TIME ZONE", tags: "JSON", none: "VARCHAR" },
    ]);
  });

  it("of a table of text, typed where that is asked for", async () => {
    writeFileSync(at("orders.csv"), "id,total\n1,2.5\n2,\n");
    const { records: table } = await run("spreadsheet", {}, { path: at("orders.csv") });
    await run("spreadsheet", { data: table }, { operation: "write", path: at("typed.parquet"), types: "auto" });
    expect((await run("spreadsheet", {}, { path: at("typed.parquet") })).records).toEqual([
      { id: 1, total: 2.5 },
      { id: 2, total: null },
    ]);
  });

  it("with a warning where a field has values of several kinds", async () => {
    const mixed = [{ a: 1 }, { a: "one" }, { a: true }];
    const { warnings } = await outcome(
      "spreadsheet",
      { data: mixed },
      { operation: "write", path: at("mixed.parquet") },
    );
    expect(warnings).toEqual([["mixed-types", expect.stringMatching(/^`a` holds boolean and text and whole/)]]);
    expect((await run("spreadsheet", {}, { path: at("mixed.parquet") })).records).toEqual([
      { a: "1" },
      { a: "one" },
      { a: "true" },
    ]);
  });

  it("not without columns, nor with an invalid date", async () => {
    const none = await failure("spreadsheet", { data: [] }, { operation: "write", path: at("x.parquet") });
    expect(none).toMatchObject({ code: "INVALID_PARAMETERS", message: expect.stringContaining("at least one column") });
    const data = [{ a: new Date(Number.NaN) }];
    const invalid = await failure("spreadsheet", { data }, { operation: "write", path: at("x.parquet") });
    expect(invalid.message).toContain("`a` of row 0 is an invalid date");
  });
});
