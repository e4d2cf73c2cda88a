/**
 * Measures a long history: pages of the list by each filter, in the middle and at the end of it, while nothing else happens and while
 * others write; then deleting most of it, while others write.
 *
 *     node tests/durable/history.mjs [executions] [sqlite] [postgres]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { missingPostgres, startPostgres } from "../nodes/postgres.mjs";
import { openAddress } from "./kill-points/places.mjs";

const FLOWS = 200;
const BATCH = 2_000;
const PAGES = 40;
const MIB = 2 ** 20;
const BEGAN = Date.UTC(2026, 0, 1);
/** Between the beginnings of two executions, in ms. */
const APART = 1_000;

const DOCUMENT = JSON.stringify({ id: "orders", type: "group", nodes: [{ id: "a", type: "edit-fields" }], edges: [] });
const HEAD = new TextEncoder().encode(JSON.stringify({ input: { country: "NO" }, options: {} }));
const JOURNAL = new Uint8Array(200).fill(7);
const VALUES = new TextEncoder().encode(JSON.stringify([["output", 1, 1, { total: 42 }]]));

/** One of 1,000 failed, one of 100 has the tag. */
function changesOf(index) {
  const id = `execution-${index}`;
  const startedAt = BEGAN + index * APART;
  const flowId = `flow-${index % FLOWS}`;
  const isFailed = index % 1_000 === 999;
  return [
    {
      type: "begin",
      execution: {
        id,
        flowId,
        name: `Orders of region ${index % FLOWS}`,
        document: DOCUMENT,
        documentHash: "d".repeat(64),
        head: HEAD,
        trigger: "call",
        tags: index % 100 === 0 ? ["customer:acme"] : [],
        startedAt,
      },
    },
    { type: "append", id, epoch: 1, sequence: 1, journal: JOURNAL, values: VALUES },
    {
      type: "update",
      id,
      epoch: 1,
      updatedAt: startedAt + 500,
      status: isFailed ? "failed" : "completed",
      endedAt: startedAt + 500,
      ...(isFailed && { error: JSON.stringify({ code: "TIMEOUT", message: `Order ${index} took too long` }) }),
    },
  ];
}

async function fill(store, from, to) {
  for (let first = from; first < to; first += BATCH) {
    const changes = [];
    for (let index = first; index < Math.min(first + BATCH, to); index++) changes.push(...changesOf(index));
    const refused = await store.write(changes);
    if (refused.length > 0) throw new Error(`${refused.length} executions were refused`);
  }
}

/** Writes one execution after the other until it is stopped; gives the ms that each took. */
function writing(store, from) {
  const times = [];
  let isOver = false;
  const done = (async () => {
    for (let index = from; !isOver; index++) {
      const begun = performance.now();
      await store.write(changesOf(index));
      times.push(performance.now() - begun);
    }
  })();
  return async () => {
    isOver = true;
    await done;
    return times;
  };
}

/** Filters, and how many of `count` executions each finds on a page of 50, so that no figure is that of an empty page. */
function filters(count) {
  const middle = BEGAN + (count / 2) * APART;
  return {
    all: {},
    "of a flow": { flowId: "flow-7" },
    failed: { status: "failed" },
    "failed of a flow": { flowId: "flow-199", status: "failed" },
    "with a tag": { tags: ["customer:acme"] },
    "before the middle": { to: middle },
    "of a minute in the middle": { from: middle, to: middle + 60 * APART },
    "with a text in most": { text: "region 7" },
    "with a text in one": { text: `order ${Math.floor(count / 2_000) * 1_000 + 999} took` },
    "with a text in none": { text: "no such text" },
  };
}

function spread(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))].toFixed(1);
  return `${at(0.5)} (p99 ${at(0.99)}) ms`;
}

/** The median ms of a page of 50 out of so many executions in a new store, by each filter. */
export async function pagesOf(store, count) {
  await fill(store, 0, count);
  const medians = {};
  for (const [what, filter] of Object.entries(filters(count))) {
    const { times } = await pages(store, filter);
    medians[what] = times.toSorted((a, b) => a - b)[times.length >> 1];
  }
  return medians;
}

/** ms of a page of 50, the first and, by its cursors, those after it; how many executions they had. */
async function pages(store, filter) {
  const times = [];
  let found = 0;
  let cursor;
  for (let page = 0; page < PAGES; page++) {
    const begun = performance.now();
    const { executions, next } = await store.list(filter, { limit: 50, ...(cursor && { cursor }) });
    times.push(performance.now() - begun);
    found += executions.length;
    if (next === undefined) cursor = undefined;
    else cursor = next;
  }
  return { times, found };
}

async function pagesText(store, filter) {
  const { times, found } = await pages(store, filter);
  return `${spread(times)}, ${found} found`;
}

async function measure(name, store, count) {
  const say = (what, figure) => process.stdout.write(`${name}  ${what.padEnd(44)}${figure}\n`);
  const begun = performance.now();
  await fill(store, 0, count);
  say(`${count} executions written`, `${((performance.now() - begun) / 1000).toFixed(0)} s`);
  const { executions, bytes } = await store.figures();
  say("kept", `${executions} executions, ${(bytes / MIB).toFixed(0)} MiB`);
  for (const [what, filter] of Object.entries(filters(count)))
    say(`page of 50, ${what}`, await pagesText(store, filter));
  const times = [];
  for (let index = 0; index < 200; index++) {
    const at = performance.now();
    const row = await store.get(`execution-${(index * 7_919) % count}`);
    times.push(performance.now() - at);
    if (row === undefined) throw new Error("An execution is missing");
  }
  say("one by its id", spread(times));

  let stop = writing(store, count);
  say("page of 50, all, while others write", await pagesText(store, {}));
  say("writes meanwhile", spread(await stop()));

  stop = writing(store, 2 * count);
  const from = performance.now();
  const deleted = await store.prune({ endedBefore: BEGAN + count * 0.9 * APART });
  say(`${deleted} executions deleted by age`, `${((performance.now() - from) / 1000).toFixed(1)} s`);
  say("writes meanwhile", spread(await stop()));
  const at = performance.now();
  await store.vacuum();
  say(
    "room given back",
    `${((performance.now() - at) / 1000).toFixed(1)} s, ${((await store.figures()).bytes / MIB).toFixed(0)} MiB left`,
  );
}

async function main(given) {
  const count = Number(given.find((each) => /^\d+$/.test(each)) ?? 1_000_000);
  const names = given.filter((each) => !/^\d+$/.test(each));
  for (const name of names.length > 0 ? names : ["sqlite", "postgres"]) {
    if (name === "postgres") {
      const missing = missingPostgres();
      if (missing !== undefined) {
        process.stdout.write(`postgres  skipped: ${missing}\n`);
        continue;
      }
      const { url, stop } = await startPostgres({ fsync: true });
      const store = await openAddress({ url, schema: "history" });
      await measure(name, store, count);
      await store.close();
      await stop();
    } else {
      const folder = mkdtempSync(join(tmpdir(), "conductor-history-"));
      const store = await openAddress({ file: join(folder, "conductor.db") });
      await measure("sqlite  ", store, count);
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
