import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

import { failure, run, temporaryFolder } from "./run.js";

const folder = temporaryFolder();
const path = join(folder, "data.db");
const connection = `sqlite:${path}`;
const outside = join(folder, "outside");
mkdirSync(outside);
const other = join(outside, "other.db");

const execute = (sql: string, parameters: unknown[] = []) =>
  run("database", {}, { connection, operation: "execute", sql, parameters });

beforeAll(async () => {
  await execute("create table t (a integer primary key, b text)");
  await execute("insert into t values (1, 'one'), (2, 'two')");
  await run("database", {}, { connection: `sqlite:${other}`, operation: "execute", sql: "create table secret (a)" });
});

/** Statements that reach out of the database, or into how it works. */
const HOSTILE = [
  `attach '${other}' as other`,
  `attach 'file:${other}?mode=rwc' as other`,
  `attach ':memory:' as other`,
  `attach '' as other`,
  "attach $1 as other",
  "/* a */ -- b\n attach 'x.db' as x",
  "explain attach 'x.db' as x",
  "detach main",
  `vacuum into '${join(outside, "copy.db")}'`,
  `/* a */ vacuum main into '${join(outside, "copy.db")}'`,
  `vacuum into 'file:${join(outside, "copy.db")}'`,
  "select load_extension('/tmp/x.so')",
  "select fts3_tokenizer('simple')",
  "select fts3_tokenizer('simple', x'4141414141414141')",
  "select readfile('/etc/passwd')",
  "select writefile('/tmp/x', 'x')",
  "select edit('x', 'sh')",
  "select * from fsdir('/')",
  "select * from sqlite_dbpage",
  "update sqlite_dbpage set data = zeroblob(4096)",
  "create virtual table v using csv(filename='/etc/passwd')",
  "create virtual table v using dbstat(main)",
  "create virtual table temp.v using fts5(a)",
  "create temp table x (a)",
  "create temp view x as select 1",
  "create temp trigger x after insert on t begin select 1; end",
  "begin",
  "begin exclusive",
  "commit",
  "end",
  "rollback",
  "savepoint a",
  "release a",
  "pragma writable_schema = on",
  "pragma writable_schema = reset",
  "update sqlite_master set sql = 'x'",
  "insert into sqlite_schema values ('table', 'x', 'x', 2, 'create table x (a)')",
  "delete from sqlite_master",
  "drop table sqlite_master",
  "alter table sqlite_master rename to x",
  `pragma temp_store_directory = '${outside}'`,
  `pragma data_store_directory = '${outside}'`,
  "pragma journal_mode = off",
  "pragma journal_mode = memory",
  "pragma locking_mode = exclusive",
  "pragma synchronous = off",
  "pragma trusted_schema = on",
  "pragma query_only = off",
  "pragma mmap_size = 1000000000",
  "pragma cache_size = -100000000",
  "pragma hard_heap_limit = 1",
  "pragma soft_heap_limit = 1",
  "pragma threads = 100",
  "pragma busy_timeout = 100000000",
  "pragma foreign_keys = off",
  "pragma ignore_check_constraints = on",
  "pragma cell_size_check = off",
  "pragma key = 'x'",
  "pragma rekey = 'x'",
  "pragma database_list",
  "pragma shrink_memory",
  "pragma case_sensitive_like = on",
  "select * from pragma_database_list",
  "select * from pragma_journal_mode('off')",
];

describe("statements that reach elsewhere", () => {
  it.each(HOSTILE)("%s", async (sql) => {
    const before = readFileSync(path);
    for (const operation of ["query", "execute"]) {
      const parameters = sql.includes("$1") ? [other] : [];
      const error = await failure("database", {}, { connection, operation, sql, parameters });
      expect(error.code).toMatch(/^(?:INVALID_PARAMETERS|EXECUTION_FAILED)$/);
    }
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(outside)).toEqual(["other.db"]);
  });

  it("say what is not allowed", async () => {
    const words = async (sql: string) => (await failure("database", {}, { connection, sql })).message;
    expect(await words("attach 'x' as x")).toContain("uses ATTACH and DETACH, which lead to other files, which is not");
    expect(await words("pragma writable_schema = on")).toContain("uses PRAGMA writable_schema = on");
    expect(await words("commit")).toContain("since the node has a transaction of its own");
  });
});

const numbers = "with recursive n(i) as (select 1 union all select i + 1 from n)";
const some = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 4000)";
/** What takes much, in time or memory, and the codes it may end with. */
const GREEDY: readonly [name: string, sql: string][] = [
  ["one long text", "select length(hex(zeroblob(130000000)))"],
  [
    "many long texts",
    `select ${Array.from({ length: 60 }, (_, n) => `printf('%.*c', ${60_000_000 + n}, 'x')`).join(",")}`,
  ],
  ["a text of all rows", `${some} select length(group_concat(printf('%.*c', 100000, i))) from n`],
  ["lists of JSON", `${some} select json_array_length(json_group_array(printf('%.*c', 100000, i))) from n`],
  [
    "a text that doubles",
    "with recursive d(s) as (select 'xxxxxxxx' union all select s || s from d) select length(s) from d",
  ],
  ["a deep sum", `select 1${" + 1".repeat(20_000)}`],
  ["many unions", Array.from({ length: 5000 }, () => "select 1").join(" union all ")],
  ["many columns", `select ${Array.from({ length: 3000 }, (_, n) => n).join(",")}`],
  ["a long statement", `select '${"x".repeat(1_100_000)}'`],
  ["a long pattern", `select '${"a".repeat(5000)}' like '${"%a".repeat(3000)}'`],
  ["a wide join", `select * from ${Array.from({ length: 80 }, (_, n) => `t t${n}`).join(",")}`],
  ["deep JSON", `select json('${"[".repeat(100_000)}')`],
];

describe("statements that take too much", () => {
  it.each(GREEDY)("%s is refused", async (_, sql) => {
    const before = process.memoryUsage().rss;
    const error = await failure("database", {}, { connection, sql });
    expect(error.code).toMatch(/^(?:MEMORY_LIMIT_EXCEEDED|EXECUTION_FAILED)$/);
    // What SQLite took is back by now; one that had no bound would have ended the process.
    expect(process.memoryUsage().rss - before).toBeLessThan(1_000_000_000);
  });

  it("and deep ones are answered, or refused", async () => {
    const deep = [
      `select ${"(".repeat(20_000)}1${")".repeat(20_000)} as a`,
      `select * from ${"(select * from ".repeat(2000)}t${")".repeat(2000)}`,
    ];
    for (const sql of deep) {
      const outcome: unknown = await run("database", {}, { connection, sql }).catch((error: unknown) => error);
      if (outcome instanceof Error) expect((outcome as { code?: string }).code).toMatch(/EXECUTION_FAILED|MEMORY/);
      else expect(outcome).toMatchObject({ rowCount: expect.any(Number) });
    }
  });

  it("leave the memory of others alone", async () => {
    const hog = `${some} select length(group_concat(printf('%.*c', 100000, i))) from n`;
    const hogs = Array.from({ length: 4 }, () => failure("database", {}, { connection, sql: hog }));
    for (let round = 0; round < 20; round++) {
      const { result } = await run(
        "database",
        {},
        { connection, sql: "select length(printf('%.*c', 50000000, 'x')) as n" },
      );
      expect(result).toEqual([{ n: 50_000_000 }]);
    }
    for (const error of await Promise.all(hogs)) expect(error.code).toBe("MEMORY_LIMIT_EXCEEDED");
  });

  it.each([
    ["counting", `${numbers} select count(*) from n`],
    ["sorting", `${numbers} select i from n where i > 0 order by -i`],
    ["joining", `select count(*) from ${Array.from({ length: 40 }, (_, n) => `t t${n}`).join(",")}`],
  ])("%s without an end is stopped by a cancel and at the time limit", async (_, sql) => {
    const abort = new AbortController();
    const pending = failure("database", {}, { connection, sql, signal: abort.signal });
    await run("database", {}, { connection, sql: "select 1" });
    abort.abort();
    expect((await pending).code).toBe("CANCELLED");
    expect(await failure("database", {}, { connection, sql, timeout: 300 })).toMatchObject({
      code: "TIMEOUT",
      message: "[database] The database was given up after 300 ms",
    });
  });

  it("and change without an end is undone", async () => {
    const sql = `insert into t (b) ${numbers} select 'x' from n`;
    for (const more of [{ timeout: 500 }, { signal: AbortSignal.timeout(300) }]) {
      const error = await failure("database", {}, { connection, operation: "execute", sql, ...more });
      expect(["TIMEOUT", "CANCELLED"]).toContain(error.code);
      const { result } = await run("database", {}, { connection, sql: "select count(*) as n from t" });
      expect(result).toEqual([{ n: 2 }]);
    }
    expect(existsSync(`${path}-journal`)).toBe(false);
  });

  it("are left to themselves where one step does not look up, and the node ends", async () => {
    // In a process of its own, which is ended: the search goes on for hours.
    const child = spawn(
      process.execPath,
      ["--input-type=module", "-e", SEARCH, new URL("../dist/executables.js", import.meta.url).href, connection],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [said] = await once(child.stdout, "data");
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
    expect(String(said).trim()).toBe("TIMEOUT");
  });
});

const SEARCH = `
const { getNodeExecutable } = await import(process.argv[1]);
const sql = "select instr(printf('%.*c', 20000000, 'a'), printf('%.*c', 10000000, 'a') || 'b')";
await getNodeExecutable("database").execute({ connection: process.argv[2], sql, timeout: 300 }).catch(({ code }) => console.log(code));
`;

describe("a schema that was forged", () => {
  it("has no functions that load code", async () => {
    const at = `sqlite:${join(folder, "triggers.db")}`;
    const change = (sql: string) => run("database", {}, { connection: at, operation: "execute", sql });
    await change("create table t (a, b default (load_extension('x')))");
    await change("create trigger x after insert on t begin select load_extension('x'); end");
    for (const sql of ["insert into t (a) values (1)", "insert into t values (1, 2)"]) {
      await expect(change(sql)).rejects.toThrow(/(?:no such|unknown) function: load_extension/);
    }
  });

  it("does nothing that its statement does not say", async () => {
    const place = join(folder, "forged.db");
    const at = `sqlite:${place}`;
    const change = (sql: string) => run("database", {}, { connection: at, operation: "execute", sql });
    await change("create table t (a)");
    await change("create view v as select aaaaaaaaaaaaaa('xxxxxxxxxxxx') as x");
    // As if made by a program that knows no bounds.
    const bytes = readFileSync(place);
    const text = bytes.toString("latin1").replace("aaaaaaaaaaaaaa", "fts3_tokenizer");
    writeFileSync(place, Buffer.from(text, "latin1"));
    const error = await failure("database", {}, { connection: at, sql: "select * from v" });
    expect(error.message).toMatch(/not allowed here|unsafe use/);
  });
});
