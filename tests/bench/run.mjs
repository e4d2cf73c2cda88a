/**
 * Side by side with peers, in one process tree on one machine. Ratios are the result: absolute times on shared
 * machines mean little.
 *
 *     node tests/bench/run.mjs [--quick] [--row NAME]… [--backend NAME]… [--rounds N] [--fresh] [--json FILE]
 *
 * - `--quick` ends within a minute: fewer flows, shorter limits.
 * - `--row` measures only `engine-cost`, `observation`, `analysis`, `csv`, `tables`, `expressions`, `jobs`, `durable`, `server`, `ipc` or `page`.
 * - `--backend` measures only these backends of the engine (default: all).
 * - `--rounds` samples of each subject in each line (default 15 when quick, otherwise 31; slow subjects give fewer,
 *   never below 5).
 * - `--fresh` gives each run of an engine a newly read definition instead of the same object again.
 * - `--json` where the figures go (default `.cache/bench/latest.json`).
 *
 * The exit code says whether the measuring worked, never whether an aim was met.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ipc } from "./ipc/row.mjs";
import { Bench, FEWEST_SAMPLES } from "./measure.mjs";
import { CACHE, installPeers, peerVersions } from "./peers.mjs";
import { formatLine } from "./report.mjs";
import { analysis } from "./rows/analysis.mjs";
import { csv } from "./rows/csv.mjs";
import { durable } from "./rows/durable.mjs";
import { engineCost } from "./rows/engine-cost.mjs";
import { expressions } from "./rows/expressions.mjs";
import { jobs } from "./rows/jobs.mjs";
import { observation } from "./rows/observation.mjs";
import { page } from "./rows/page.mjs";
import { server } from "./rows/server.mjs";
import { tables } from "./rows/tables.mjs";
import { BACKEND_NAMES } from "./subjects/conductor.mjs";

const ROWS = {
  "engine-cost": engineCost,
  observation,
  analysis,
  csv,
  tables,
  expressions,
  jobs,
  durable,
  server,
  ipc,
  page,
};

const options = readOptions(process.argv.slice(2));
installPeers();

const bench = new Bench(options);
const lines = [];
const started = performance.now();
const machine = describeMachine();
const { model, node, processors, load } = machine;
process.stdout.write(`${processors} × ${model}, Node ${node}, load ${load.toFixed(1)}\n`);
try {
  let heading;
  for (const name of options.rows) {
    for await (const line of ROWS[name](bench, options)) {
      if (line.row !== heading) {
        heading = line.row;
        process.stdout.write(`\n${heading}\n`);
      }
      lines.push(line);
      process.stdout.write(formatLine(line));
    }
    // The next row compares processes that have all done the same.
    bench.stop();
  }
} finally {
  bench.stop();
}

const aims = lines.flatMap(({ ratios }) => ratios).filter(({ aim }) => aim !== undefined);
const seconds = (performance.now() - started) / 1_000;
mkdirSync(dirname(options.json), { recursive: true });
writeFileSync(
  options.json,
  `${JSON.stringify({ machine, options, peers: peerVersions(), seconds, lines }, null, 2)}\n`,
);
const met = aims.filter(({ aim }) => aim.met).length;
process.stdout.write(`\n${met} of ${aims.length} aims met, ${seconds.toFixed(0)} s, ${options.json}\n`);

function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      fresh: { type: "boolean", default: false },
      row: { type: "string", multiple: true },
      backend: { type: "string", multiple: true },
      rounds: { type: "string" },
      json: { type: "string" },
    },
  });
  const rows = values.row ?? Object.keys(ROWS);
  const backends = values.backend ?? BACKEND_NAMES;
  refuseUnknown("row", rows, Object.keys(ROWS));
  refuseUnknown("backend", backends, BACKEND_NAMES);
  const rounds = Number(values.rounds ?? (values.quick ? 15 : 31));
  if (!Number.isInteger(rounds) || rounds < FEWEST_SAMPLES) {
    throw new Error(`--rounds takes a whole number of at least ${FEWEST_SAMPLES}`);
  }
  return {
    quick: values.quick,
    fresh: values.fresh,
    rows,
    backends,
    rounds,
    budgetMs: values.quick ? 400 : 3_000,
    warmUpMs: values.quick ? 300 : 1_000,
    limitMs: values.quick ? 10_000 : 60_000,
    json: values.json === undefined ? join(CACHE, "bench", "latest.json") : resolve(values.json),
  };
}

function refuseUnknown(option, given, known) {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`Unknown ${option} "${unknown}": use one of ${known.join(", ")}`);
}

function describeMachine() {
  return {
    model: cpus()[0]?.model.trim() ?? "unknown processor",
    processors: availableParallelism(),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    load: loadavg()[0],
  };
}
