/** The sync example between a real file of SQLite and a real PostgreSQL; what has to be there is worked out from the CSV file. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import Papa from "papaparse";
import pg from "pg";

import { ROOT } from "../../scripts/command.mjs";
import { missingPostgres, startPostgres } from "../nodes/postgres.mjs";
import { flowOf, place } from "./command.mjs";

const missing = missingPostgres();
const CSV = readFileSync(join(ROOT, "node_modules", "vega-datasets", "data", "airports.csv"), "utf8");
const ROWS = Papa.parse(CSV, { header: true, skipEmptyLines: true }).data;
const PASSWORD = "pa55word";

let server;
let admin;
before(async () => {
  if (missing !== undefined) return;
  server = await startPostgres();
  admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
});
after(async () => {
  await admin?.end();
  await server?.stop();
});

/** A sync in a folder and a database of its own; `sync(rows)` makes the source of these rows and runs the flow. */
async function syncing(t, name) {
  await admin.query(`create database ${name}`);
  const url = server.url.replace("app@", `app:${PASSWORD}@`).replace(/postgres$/, name);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.after(() => client.end());
  const here = place(t, { TARGET_DATABASE: url });
  return {
    client,
    report: () => here.file("out", "nightly-sync", "report.md"),
    async sync(rows, ...args) {
      writeFileSync(join(here.folder, "rows.csv"), Papa.unparse(rows));
      const source = await here.conductor("run", flowOf("nightly-sync", "source"), "--quiet", "--var", "csv=rows.csv");
      assert.deepEqual([source.code, source.stderr], [0, ""]);
      const ended = await here.conductor("run", flowOf("nightly-sync"), ...args);
      assert.ok(!`${ended.stdout}${ended.stderr}`.includes(PASSWORD), "the password is told");
      return ended;
    },
    /** Rows of the target as text, as a CSV file has them, in the order of their keys. */
    async rows() {
      const { rows } = await client.query('select * from airports order by iata collate "C"');
      return rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value])));
    },
  };
}

const expected = (rows) =>
  rows
    .map((row) => ({ ...row, latitude: Number(row.latitude), longitude: Number(row.longitude) }))
    .sort((one, other) => (one.iata < other.iata ? -1 : 1));

test("the target becomes the same, a second run changes nothing, and a third what differs", {
  skip: missing,
}, async (t) => {
  const { sync, rows, report, client } = await syncing(t, "same");
  const first = await sync(ROWS);
  assert.equal(first.code, 0, first.stderr);
  assert.equal(ROWS.length, 3376);
  assert.deepEqual(await rows(), expected(ROWS));
  assert.match(report(), /3376 added, 0 changed, 0 removed, 0 the same/);

  // What was written by which transaction.
  const written = async () => (await client.query("select iata, xmin::text from airports order by 1")).rows;
  const before = await written();
  assert.equal((await sync(ROWS)).code, 0);
  assert.deepEqual(await written(), before);
  assert.match(report(), /0 added, 0 changed, 0 removed, 3376 the same/);

  const [gone, changed, ...others] = ROWS;
  const hostile = { ...changed, name: `'); drop table airports; -- :rows $1 "ü"` };
  const added = { ...changed, iata: "ZZ9", name: "New" };
  assert.equal((await sync([hostile, added, ...others])).code, 0);
  assert.deepEqual(await rows(), expected([hostile, added, ...others]));
  assert.match(report(), /1 added, 1 changed, 1 removed, 3374 the same/);
  assert.ok(report().includes(`- changed ${changed.iata}: ${changed.name}`));
  assert.ok(report().includes("- added ZZ9: New"));
  assert.ok(report().includes(`- removed ${gone.iata}: ${gone.name}`));
  const touched = (await written()).filter(({ xmin }) => xmin !== before[0].xmin);
  assert.deepEqual(touched.map(({ iata }) => iata).sort(), [changed.iata, "ZZ9"].sort());
});

test("where one row is refused nothing is changed", { skip: missing }, async (t) => {
  const { sync, rows, client } = await syncing(t, "refused");
  const some = ROWS.slice(0, 20);
  assert.equal((await sync(some)).code, 0);
  await client.query("alter table airports add check (iata <> 'ZZ9')");
  const { code, stderr } = await sync([...some.slice(1), { ...some[0], iata: "ZZ9" }]);
  assert.equal(code, 1);
  assert.match(stderr, /check constraint[\s\S]*node apply/);
  assert.deepEqual(await rows(), expected(some));
});

test("a source that is empty empties nothing", { skip: missing }, async (t) => {
  const { sync, rows } = await syncing(t, "emptied");
  const some = ROWS.slice(0, 60);
  assert.equal((await sync(some)).code, 0);
  const { code, stderr } = await sync(some.slice(0, 1));
  assert.equal(code, 1);
  assert.match(stderr, /Nothing was changed: 59 rows would go, and mostRemoved allows 50/);
  assert.deepEqual(await rows(), expected(some));
  assert.equal((await sync(some.slice(0, 1), "--var", "mostRemoved=59")).code, 0);
  assert.deepEqual(await rows(), expected(some.slice(0, 1)));
});

test("without an address it says which secret is missing", async (t) => {
  const here = place(t, { TARGET_DATABASE: undefined });
  assert.equal((await here.conductor("run", flowOf("nightly-sync", "source"), "--quiet")).code, 0);
  const { code, stderr } = await here.conductor("run", flowOf("nightly-sync"), "--quiet");
  assert.equal(code, 1);
  assert.match(stderr, /TARGET_DATABASE/);
});
