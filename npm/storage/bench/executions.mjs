// Measures the SQLite store of executions: `node npm/storage/bench/executions.mjs [folder] [executions in lists]`.
//
// The baseline is a commit of the same row by the same SQLite, many in one call, without the store: synchronous=FULL, WAL.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { loadAddon } from "@atomiton/conductor-native";

import { openSqliteStore } from "../dist/desktop.js";

const [, , base = tmpdir(), wanted = "1000000"] = process.argv;
const folder = mkdtempSync(join(base, "executions-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const COMMITS = 1000;
const LOOPS = 100;
const APPENDS = 400;
const STATUSES = [
  "running",
  "sleeping",
  "waiting",
  "blocked",
  "completed",
  "completed",
  "completed",
  "failed",
  "cancelled",
];

const begin = (id, more = {}) => ({
  type: "begin",
  execution: {
    id,
    flowId: "flow",
    name: "A flow",
    document: "{}",
    documentHash: createHash("sha256").update("{}").digest("hex"),
    head: new Uint8Array(100),
    trigger: "call",
    tags: [],
    startedAt: 1_700_000_000_000,
    ...more,
  },
});
const journal = new Uint8Array(100).fill(1);
const values = new Uint8Array(100).fill(2);
const append = (id, sequence) => ({ type: "append", id, epoch: 1, sequence, journal, values });
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const digits = (number) => number.toLocaleString("en", { maximumFractionDigits: 1 });

async function baseline() {
  const database = new (loadAddon().SqliteDatabase)(new (loadAddon().CancelToken)());
  const create =
    "create table records (execution, sequence, epoch, total, journal, contents, primary key (execution, sequence)) without rowid";
  const path = join(folder, `raw-${performance.now()}.db`);
  await database.open({ path, mayChange: true, createFor: create, memory: 1e9, wait: 1000 });
  const run = async (statements, runs) => {
    const answer = await database.run({
      statements,
      runs: JSON.stringify(runs),
      kind: "own",
      mostRows: 10,
      mostBytes: 1e6,
    });
    if (answer.trouble) throw new Error(answer.trouble.message);
  };
  await run(
    ["pragma journal_mode = wal", "pragma synchronous = full", "pragma wal_autocheckpoint = 4000", create],
    [[0], [1], [2], [3]],
  );
  const row = { bytes: Buffer.from(journal).toString("base64") };
  const statements = ["begin immediate", "insert into records values (1, ?, 1, ?, ?, ?)", "commit"];
  const runs = Array.from({ length: COMMITS }, (_, index) => [[0], [1, index, index * 200, row, row], [2]]).flat();
  const from = performance.now();
  await run(statements, runs);
  const time = performance.now() - from;
  await database.close();
  return (time / COMMITS) * 1000;
}

async function sequential(store, id) {
  await store.write([begin(id)]);
  const from = performance.now();
  for (let sequence = 1; sequence <= COMMITS; sequence += 1) await store.write([append(id, sequence)]);
  return ((performance.now() - from) / COMMITS) * 1000;
}

async function together(store, round) {
  const ids = Array.from({ length: LOOPS }, (_, index) => `together ${round} ${index}`);
  await store.write(ids.map((id) => begin(id)));
  const before = store.counts().commits;
  const from = performance.now();
  await Promise.all(
    ids.map(async (id) => {
      for (let sequence = 1; sequence <= APPENDS; sequence += 1) await store.write([append(id, sequence)]);
    }),
  );
  const seconds = (performance.now() - from) / 1000;
  return { rate: (LOOPS * APPENDS) / seconds, group: (LOOPS * APPENDS) / (store.counts().commits - before) };
}

const path = join(folder, "executions.db");
let store = await openSqliteStore(path);
const raw = [];
const one = [];
const many = [];
for (let round = 0; round < ROUNDS; round += 1) {
  raw.push(await baseline());
  one.push(await sequential(store, `sequential ${round}`));
  many.push(await together(store, round));
}
console.log(`raw commit             ${digits(median(raw))} µs`);
console.log(
  `append and await       ${digits(median(one))} µs   ${digits(median(one.map((time, i) => time / raw[i])))} × the raw commit`,
);
console.log(
  `${LOOPS} loops of appends  ${digits(median(many.map(({ rate }) => rate)))} a second, ${digits(median(many.map(({ group }) => group)))} in a commit`,
);
await store.close();

const count = Number(wanted);
if (count > 0) {
  store = await openSqliteStore(join(folder, "lists.db"));
  let from = performance.now();
  const STEP = 1000;
  for (let first = 0; first < count; first += STEP) {
    const changes = [];
    for (let index = first; index < Math.min(first + STEP, count); index += 1) {
      const id = createHash("md5").update(String(index)).digest("hex");
      const status = STATUSES[index % STATUSES.length];
      const startedAt = 1_700_000_000_000 + index * 50;
      const rare = index % 100_000 === 77;
      const tags = index % 3 === 0 ? ["nightly"] : [];
      if (rare) tags.push("special");
      const more = {
        flowId: `flow-${index % 50}`,
        name: rare ? "Quarterly report" : `Import of customers ${index % 1000}`,
        tags,
        startedAt,
      };
      changes.push(begin(id, index % 10 === 0 ? { ...more, parentId: `parent-${index % 1000}` } : more));
      if (status !== "running") {
        const error =
          status === "failed" ? JSON.stringify({ code: "TIMEOUT", message: `No answer after ${index} ms` }) : undefined;
        changes.push({
          type: "update",
          id,
          epoch: 1,
          updatedAt: startedAt + 5,
          status,
          ...(error && { error }),
          ...(status === "sleeping" && { wakeAt: startedAt + 1e6 }),
        });
      }
    }
    await store.write(changes);
  }
  console.log(`${digits(count)} executions begun in ${digits((performance.now() - from) / 1000)} s`);
  from = performance.now();
  const filters = {
    "no filter": {},
    flow: { flowId: "flow-7" },
    status: { status: "failed" },
    "three statuses": { status: ["running", "blocked", "waiting"] },
    "status that none has": { status: "queued" },
    "flow and status": { flowId: "flow-7", status: "failed" },
    parent: { parentId: "parent-500" },
    tag: { tags: ["nightly"] },
    "rare tag": { tags: ["special"] },
    "two tags": { tags: ["nightly", "special"] },
    "tag and flow": { tags: ["nightly"], flowId: "flow-7" },
    "tag and status": { tags: ["nightly"], status: "failed" },
    "from and to, long ago": { from: 1_700_000_100_000, to: 1_700_000_200_000 },
    "flow, status, long ago": { flowId: "flow-7", status: "completed", to: 1_700_000_200_000 },
    "common text": { text: "customers" },
    "rare text": { text: "quarterly" },
    "text that none has": { text: "zebra crossing" },
    "text of common parts that none has": { text: "customers import" },
    id: { text: createHash("md5").update("4711").digest("hex") },
    "text in errors": { text: "after 12343 ms" },
    "text and flow": { text: "quarterly", flowId: "flow-27" },
    "text and status": { text: "no answer", status: "failed" },
    "text and status that do not meet": { text: "no answer", status: "completed" },
    "two letters": { text: "cu" },
    "two letters that none has": { text: "qq" },
  };
  for (const [name, filter] of Object.entries(filters)) {
    const times = [];
    let page;
    for (let round = 0; round < ROUNDS; round += 1) {
      const start = performance.now();
      page = await store.list(filter);
      times.push(performance.now() - start);
    }
    const deep = [];
    let next = page.next;
    for (let round = 0; round < ROUNDS && next !== undefined; round += 1) {
      const start = performance.now();
      next = (await store.list(filter, { cursor: next })).next;
      deep.push(performance.now() - start);
    }
    console.log(
      `${name.padEnd(36)} first ${digits(times[0]).padStart(7)} ms, then ${digits(median(times)).padStart(7)} ms, next pages ${deep.length ? digits(median(deep)) : "–"} ms, ${page.executions.length} rows`,
    );
  }
  let start = performance.now();
  console.log(await store.figures(), `${digits(performance.now() - start)} ms`);
  start = performance.now();
  await store.nextWake();
  await store.claimable(Number.MAX_SAFE_INTEGER, 1000);
  console.log(`nextWake and claimable ${digits(performance.now() - start)} ms`);
  await store.close();
}
