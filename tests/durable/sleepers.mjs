/**
 * Measures what sleeping executions in SQLite cost: the memory of a process that starts beside them, and the time to claim those
 * that are due and to have them over.
 *
 *     node tests/durable/sleepers.mjs [sleeping] [due]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { createConductor } from "../../npm/conductor/dist/desktop.js";
import { openSqliteStore } from "../../npm/storage/dist/desktop.js";

const DAY = 86_400_000;
const DUE_AFTER = 4_000;
const BATCH = 1_000;
const MIB = 2 ** 20;

const flow = (duration) => ({
  id: "waits",
  type: "group",
  nodes: [
    { id: "before", type: "edit-fields", parameters: { values: { n: 1 } } },
    { id: "rest", type: "delay", parameters: { duration } },
    { id: "after", type: "edit-fields", parameters: { values: { done: true } } },
  ],
  edges: [
    { id: "1", source: "before", target: "rest" },
    { id: "2", source: "rest", target: "after" },
  ],
});

/** Puts one execution to sleep, and returns what the store has of it. */
async function sleeper(store, duration) {
  const conductor = createConductor({ store });
  const id = `model-${duration}`;
  void conductor.node.run(flow(duration), { executionId: id });
  while ((await store.get(id))?.status !== "sleeping") await new Promise((resolve) => setTimeout(resolve, 20));
  const [row, begun, records] = [await store.get(id), await store.begun(id), await store.records(id)];
  await conductor.shutdown();
  return { row, begun, records };
}

/** Writes executions that sleep like a model. */
async function sleeping(store, { row, begun, records }, count, prefix) {
  for (let from = 0; from < count; from += BATCH) {
    const changes = [];
    for (let index = from; index < Math.min(from + BATCH, count); index++) {
      const id = `${prefix}${index}`;
      changes.push({ type: "begin", execution: { ...row, ...begun, id, tags: [] } });
      for (const record of records) changes.push({ type: "append", id, ...record, epoch: 1 });
      const { updatedAt, wakeAt } = row;
      changes.push({ type: "update", id, epoch: 1, updatedAt, status: "sleeping", wakeAt, release: true });
    }
    await store.write(changes);
  }
}

/** Memory of a process with a conductor that has recovered, in MiB. */
function memoryBeside(file) {
  const program = new URL(import.meta.url).pathname;
  const { stdout } = spawnSync(process.execPath, ["--expose-gc", program, "start", file], { encoding: "utf8" });
  return JSON.parse(stdout);
}

async function start(file) {
  const conductor = createConductor({ store: `sqlite:${file}` });
  const begun = performance.now();
  const { resumed, sleeping: found } = await conductor.recover();
  const recovered = Math.round(performance.now() - begun);
  globalThis.gc();
  await new Promise((resolve) => setTimeout(resolve, 200));
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  const figures = {
    rss: Math.round(rss / MIB),
    heap: Math.round(heapUsed / MIB),
    resumed: resumed.length,
    found,
    recovered,
  };
  process.stdout.write(JSON.stringify(figures));
  await conductor.shutdown();
}

/** ms until all that is due is claimed and runs again, and until it is over. */
async function wakeDue(file, count) {
  const conductor = createConductor({ store: `sqlite:${file}` });
  const begun = performance.now();
  const { resumed } = await conductor.recover();
  const claimed = Math.round(performance.now() - begun);
  await Promise.all(resumed.map(({ result }) => result));
  const over = Math.round(performance.now() - begun);
  await conductor.shutdown();
  return { due: count, resumed: resumed.length, claimed, over };
}

/** Writes so many sleeping executions to a new store; the memory of a process beside an empty one, and beside these. */
export async function memoryOfSleeping(folder, asleep) {
  const [file, empty] = [join(folder, "sleepers.db"), join(folder, "empty.db")];
  await (await openSqliteStore(empty)).close();
  const store = await openSqliteStore(file);
  await sleeping(store, await sleeper(store, DAY), asleep, "later-");
  await store.close();
  return { file, without: memoryBeside(empty), with: memoryBeside(file) };
}

async function measure(asleep, due) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-sleepers-"));
  try {
    const memory = await memoryOfSleeping(folder, asleep);
    process.stdout.write(`empty   ${JSON.stringify(memory.without)}\n`);
    process.stdout.write(`${asleep} asleep ${JSON.stringify(memory.with)}\n`);
    const { file } = memory;
    const store = await openSqliteStore(file);
    await sleeping(store, await sleeper(store, DUE_AFTER), due, "due-");
    await store.close();
    await new Promise((resolve) => setTimeout(resolve, DUE_AFTER));
    process.stdout.write(`${JSON.stringify(await wakeDue(file, due))}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv[2] === "start") await start(process.argv[3]);
  else await measure(Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? 10_000));
}
