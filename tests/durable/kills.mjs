/**
 * Kills processes under load, several of which share one store, and starts others in their place; at the end the last one finishes
 * what is left. Then counts what was done.
 *
 *     node tests/durable/kills.mjs [kills] [sqlite] [postgres]
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createMemoryExecutions } from "@atomiton/storage";

import { missingPostgres, startPostgres } from "../nodes/postgres.mjs";
import { EXECUTION } from "./kill-points/flow.mjs";
import { conductorOver } from "./kill-points/in-node.mjs";
import { openAddress } from "./kill-points/places.mjs";
import { carryOn } from "./kill-points/runner.mjs";
import { comparable, tally } from "./kill-points/world.mjs";

const WORKER = new URL("kills/worker.mjs", import.meta.url).pathname;
/** Executions of one process at once. */
const AT_ONCE = 4;
/** A process is killed so many ms after its first effect at the latest. */
const LATEST_MS = 250;
/** Processes that finish what is left, at most. One may find an execution whose owner the server still takes for alive. */
const LAST = 20;

/** The stores by name, each with what removes it. @type {Record<string, () => Promise<{ address: object, remove(): void }>>} */
const STORES = {
  async sqlite() {
    const folder = mkdtempSync(join(tmpdir(), "conductor-kills-"));
    return {
      address: { file: join(folder, "conductor.db") },
      remove: () => rmSync(folder, { recursive: true, force: true }),
    };
  },
  async postgres() {
    const { url, stop } = await startPostgres({ fsync: true });
    return { address: { url, schema: "kills" }, remove: stop };
  },
};

/**
 * Kills so many processes.
 *
 * @param {keyof typeof STORES} name
 * @param {{ processes?: number }} options `processes`: those that run at once
 * @returns what was found; all but `executions`, `kills`, `told`, `effects`, `repeated` and `seconds` must be 0
 */
export async function killUnderLoad(name, kills, { processes = 4 } = {}) {
  const { address, remove } = await STORES[name]();
  const folder = mkdtempSync(join(tmpdir(), "conductor-kills-"));
  const deeds = join(folder, "deeds");
  const told = join(folder, "told");
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") };
  let started = 0;
  let killed = 0;
  const alive = new Set();
  const start = (isLast) => {
    const given = { address, name: `p${++started}`, deeds, told, atOnce: AT_ONCE, isLast };
    const child = spawn(process.execPath, [WORKER, JSON.stringify(given)], {
      env,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal })));
    alive.add(child);
    void ended.then(() => alive.delete(child));
    return { child, ended };
  };
  const killOne = async () => {
    const { child, ended } = start(false);
    const atWork = new Promise((resolve) => child.once("message", resolve));
    await Promise.race([ended, atWork]);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * LATEST_MS));
    child.kill("SIGKILL");
    const { code, signal } = await ended;
    if (signal !== "SIGKILL") throw new Error(`a process ended with ${code ?? signal} before it was killed`);
  };
  const began = performance.now();
  try {
    await Promise.all(
      Array.from({ length: processes }, async () => {
        while (killed < kills) {
          killed++;
          await killOne();
        }
      }),
    );
    for (let last = 0; last < LAST && (await unfinished(address)) > 0; last++) {
      const { code, signal } = await start(true).ended;
      if (code !== 0) throw new Error(`the last process ended with ${code ?? signal}`);
    }
    const found = await count(address, lines(deeds), lines(told));
    return { kills: killed, ...found, seconds: Math.round((performance.now() - began) / 1000) };
  } finally {
    // Where something went wrong.
    for (const child of alive) child.kill("SIGKILL");
    await remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function unfinished(address) {
  const store = await openAddress(address);
  const { unfinished } = await store.figures();
  await store.close();
  return unfinished;
}

/** Compares what the store has and what was done with an execution that was not disturbed. */
async function count(address, deeds, told) {
  const whole = await undisturbed();
  const { times, twoInputs } = tally(deeds);
  const found = {
    executions: 0,
    told: told.length,
    effects: deeds.length,
    repeated: 0,
    unfinished: 0,
    withoutRow: 0,
    withOtherResult: 0,
    missingEffects: 0,
    strangeEffects: 0,
    keysWithTwoInputs: twoInputs.length,
    doubledRecords: 0,
  };
  const store = await openAddress(address);
  const wanted = new Map();
  let cursor;
  do {
    const page = await store.list({}, { limit: 500, cursor });
    cursor = page.next;
    for (const { id, status, sequence, parentId } of page.executions) {
      if (status !== "completed") found.unfinished++;
      found.doubledRecords += await doubled(store, id, sequence);
      if (parentId !== undefined) continue;
      found.executions++;
      wanted.set(id, whole.result);
      for (const [key, usual] of whole.times) {
        const own = key.replace(EXECUTION, id);
        const count = times.get(own) ?? 0;
        times.delete(own);
        if (count === 0) found.missingEffects++;
        else found.repeated += count - usual;
      }
    }
  } while (cursor !== undefined);
  await store.close();
  // Effects of executions that the store does not know, or that their flow does not have.
  found.strangeEffects = times.size;
  for (const { executionId, result, blocked } of told) {
    if (!wanted.has(executionId)) found.withoutRow++;
    else if (blocked !== undefined || !isSame(result, whole.result, executionId)) found.withOtherResult++;
  }
  return found;
}

function isSame(result, whole, executionId) {
  return JSON.stringify(result) === JSON.stringify(whole).replaceAll(EXECUTION, executionId);
}

/** Answers that an execution has twice, and records that are missing between others. */
async function doubled(store, id, sequence) {
  const records = await store.records(id, 0, 1_000_000);
  const answers = records.flatMap(({ values }) =>
    values.length === 0
      ? []
      : JSON.parse(new TextDecoder().decode(values))
          .filter(([kind]) => "obei".includes(kind))
          .map(([, task, attempt]) => `${task}#${attempt}`),
  );
  return answers.length - new Set(answers).size + Math.abs(records.length - sequence);
}

async function undisturbed() {
  const deeds = [];
  const conductor = await conductorOver(createMemoryExecutions(), { do: (deed) => deeds.push(deed) });
  const result = comparable(await carryOn(conductor));
  await conductor.shutdown();
  return { result, times: tally(deeds).times };
}

function lines(file) {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [kills = "1000", ...wanted] = process.argv.slice(2);
  for (const name of wanted.length > 0 ? wanted : Object.keys(STORES)) {
    const missing = name === "postgres" ? missingPostgres() : undefined;
    if (missing !== undefined) process.stdout.write(`${name}: left out, ${missing}\n`);
    else process.stdout.write(`${name}: ${JSON.stringify(await killUnderLoad(name, Number(kills)))}\n`);
  }
}
