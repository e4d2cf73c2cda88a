import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { missingPostgres, startPostgres } from "../../nodes/postgres.mjs";
import { durableAim } from "../aims.mjs";
import { Subject } from "../subject.mjs";
import { inMicrosecondsPerNode } from "./engine-cost.mjs";

/** Steps of one run in sequence. */
const STEPS = 100;
/** Runs at once, and the steps of each. */
const RUNS = 100;
const STEPS_AT_ONCE = 20;
const PURE_STEPS = 1_000;
/** ms for what is measured once. */
const ONCE_LIMIT_MS = 300_000;

/**
 * What it costs that executions outlast their process: chains whose steps write to the world, in a database, beside commits and
 * inserts by the same clients and beside DBOS Transact on the same PostgreSQL; steps that nothing waits for, beside the engine alone.
 *
 * @param {import("../measure.mjs").Bench} bench
 * @param {{ quick: boolean, backends: string[] }} options quick: a tenth of the unfinished executions, whose time counts tenfold, and a hundredth of
 *   what is looked back at, which its work says
 */
export async function* durable(bench, { quick, backends }) {
  // Stores of Node are the addon's work, or PostgreSQL's.
  if (!backends.includes("native")) return;
  const folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), "bench-durable-"));
  const missing = missingPostgres();
  const server = missing === undefined ? await startPostgres({ fsync: true }) : undefined;
  const compared = async (names, params) => {
    const work = names.map((name) => ({
      name,
      method: "prepareDurable",
      params: { ...params, folder, url: server?.url },
      missing: ofPostgres(name) ? missing : undefined,
    }));
    const figures = await bench.compare(work);
    return inMicrosecondsPerNode(figures, params.steps * (params.runs ?? 1));
  };
  const line = (work, figures, ratios) => ({
    row: "executions that last",
    work,
    unit: "µs/step",
    figures,
    ratios: ratios.filter(({ value }) => Number.isFinite(value)),
  });
  /** What is measured once for each store, in a new process. */
  const once = async function* (work, unit, measure) {
    const ratios = [];
    for (const name of ["conductor sqlite", "conductor postgres"]) {
      if (ofPostgres(name) && missing !== undefined) continue;
      const subject = new Subject(name);
      try {
        const found = await measure(subject);
        if (found !== undefined) ratios.push(durableAim(`${name} in ${unit}`, found.value, found.aim));
      } finally {
        subject.stop();
      }
    }
    yield { row: "executions that last", work, unit, figures: {}, ratios };
  };
  try {
    const inSequence = ["raw commits", "conductor sqlite", "raw inserts", "conductor postgres", "dbos"];
    const one = await compared(inSequence, { steps: STEPS });
    yield line(`chain of ${STEPS} steps that write, strict`, one, [
      against(one, "conductor sqlite", "raw commits", { atMost: 1.3 }),
      against(one, "conductor postgres", "raw inserts", { atMost: 1.5 }),
      against(one, "dbos", "conductor postgres", { atLeast: 3 }),
    ]);

    const atOnce = ["conductor sqlite", "conductor postgres", "dbos"];
    const many = await compared(atOnce, { steps: STEPS_AT_ONCE, runs: RUNS });
    yield line(`${RUNS} runs at once, ${STEPS_AT_ONCE} steps that write in each, strict`, many, [
      perSecond(many, "conductor sqlite", 40_000),
      perSecond(many, "conductor postgres", 15_000),
      against(many, "dbos", "conductor postgres", { atLeast: 8 }),
    ]);

    const alone = "conductor without a store";
    const pure = await compared([alone, "conductor sqlite", "conductor postgres"], {
      steps: PURE_STEPS,
      effects: "none",
    });
    yield line(`chain of ${PURE_STEPS} steps without effects, strict`, pure, [
      above(pure, "conductor sqlite", alone, 3),
      above(pure, "conductor postgres", alone, 3),
    ]);

    const behind = [alone, "conductor sqlite relaxed", "conductor postgres relaxed"];
    const relaxed = await compared(behind, { steps: PURE_STEPS });
    yield line(`chain of ${PURE_STEPS} steps that write, relaxed`, relaxed, [
      above(relaxed, "conductor sqlite relaxed", alone, 5),
      above(relaxed, "conductor postgres relaxed", alone, 5),
    ]);

    yield* once("10,000 unfinished executions, claimed and running again", "s", async (subject) => {
      const count = quick ? 1_000 : 10_000;
      const ms = await subject.ask("timeRecovery", { count, folder, url: server?.url }, ONCE_LIMIT_MS);
      return { value: ((ms / 1_000) * 10_000) / count, aim: { atMost: 10 } };
    });
    yield* once("a run of 100 steps with outputs of 1 KB, on disk", "KB", async (subject) => {
      if (subject.name !== "conductor sqlite") return undefined;
      const bytes = await subject.ask("bytesOfRun", { runs: 50, folder }, ONCE_LIMIT_MS);
      return { value: bytes / 1_000, aim: { atMost: 150 } };
    });
    yield* lookingBack(folder, quick);
  } finally {
    bench.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a long history costs in SQLite, by the programs that measure it closely; a hundredth of it in short, whose work says so. */
async function* lookingBack(folder, quick) {
  // They need the built packages, which other rows do not.
  const [{ pagesOf }, { openAddress }, { replayOf }, { memoryOfSleeping }] = await Promise.all([
    import("../../durable/history.mjs"),
    import("../../durable/kill-points/places.mjs"),
    import("../../durable/long-replay.mjs"),
    import("../../durable/sleepers.mjs"),
  ]);
  const short = (count) => (quick ? count / 100 : count);
  const line = (work, unit, ratios) => ({ row: "executions that last", work, unit, figures: {}, ratios });
  const listed = (count) => count.toLocaleString("en");

  const asleep = short(100_000);
  const memory = await memoryOfSleeping(folder, asleep);
  if (memory.with.found < asleep) throw new Error(`${memory.with.found} of ${asleep} executions were found asleep`);
  // What a hundredth costs is within what a process varies by: it is not taken times a hundred.
  yield line(`memory of ${listed(asleep)} sleeping executions at the start`, "MiB", [
    durableAim("conductor sqlite in MiB", memory.with.rss - memory.without.rss, { atMost: 50 }),
  ]);

  const kept = short(1_000_000);
  const store = await openAddress({ file: join(folder, "history.db") });
  try {
    const slowest = Object.entries(await pagesOf(store, kept)).toSorted(([, a], [, b]) => b - a)[0];
    yield line(`a page of 50 out of ${listed(kept)} executions, by the slowest of all filters (${slowest[0]})`, "ms", [
      durableAim("conductor sqlite in ms", slowest[1], { atMost: 20 }),
    ]);
  } finally {
    await store.close();
  }

  const events = short(1_000_000);
  const replay = await replayOf(folder, events);
  yield line(`a replay of ${listed(events)} events`, "ms", [
    durableAim("opened in ms", replay.opened, { atMost: 1_000 }),
    durableAim("a step in ms", replay.step, { atMost: 5 }),
  ]);
}

function ofPostgres(name) {
  return name.includes("postgres") || name === "raw inserts" || name === "dbos";
}

function against(figures, one, other, aim) {
  return durableAim(`${one} / ${other}`, figures[one].median / figures[other].median, aim);
}

function perSecond(figures, name, atLeast) {
  return durableAim(`${name} in steps/s`, 1_000_000 / figures[name].median, { atLeast });
}

function above(figures, name, alone, atMost) {
  return durableAim(`${name} − ${alone} in µs/step`, figures[name].median - figures[alone].median, { atMost });
}
