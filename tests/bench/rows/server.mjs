import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { missingPostgres, startPostgres } from "../../nodes/postgres.mjs";
import { serverAim } from "../aims.mjs";
import { peerEnvironment, requirePeer } from "../peers.mjs";
import { FUNCTIONS, KEY } from "../server/work.mjs";

/** Clients that keep their connections. */
const CLIENTS = 32;
/** ms for a server to start. */
const START_MS = 60_000;

/**
 * What a server answers in a second: a flow of functions, asked by 32 clients, beside Node-RED and a handler that does nothing. n8n's
 * own server cannot be installed from the registries alone, so it is missing here.
 *
 * @param {import("../measure.mjs").Bench} bench
 * @param {{ quick: boolean, backends: string[] }} options quick: fewer requests in a sample, and fewer samples
 */
export async function* server(bench, { quick, backends }) {
  if (!backends.includes("native")) return;
  const folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), "bench-server-"));
  const missing = missingPostgres();
  const postgres = missing === undefined ? await startPostgres({ fsync: true }) : undefined;
  const programs = {
    "empty handler": ["hono.mjs"],
    "Node-RED": ["node-red.mjs", folder],
    conductor: ["conductor.mjs"],
    "conductor sqlite": ["conductor.mjs", "sqlite", folder],
    ...(postgres && { "conductor postgres": ["conductor.mjs", "postgres", postgres.url] }),
  };
  const servers = [];
  try {
    for (const [name, program] of Object.entries(programs)) servers.push(await started(name, program));
    const amount = quick ? 4_000 : 20_000;
    // Optimised code is what a server runs after its first minute.
    for (const one of servers) await load(one, amount * 2);
    for (let round = 0; round < (quick ? 5 : Math.min(bench.rounds, 11)); round++) {
      for (const one of servers) one.samples.push((await load(one, amount)) / amount);
    }
    const figures = Object.fromEntries(servers.map(({ name, samples }) => [name, summary(samples)]));
    const rate = (name) => 1 / figures[name].median;
    const against = (name, other, least) => serverAim(`${name} / ${other}, a second`, rate(name) / rate(other), least);
    const memory = Object.fromEntries(servers.map((one) => [one.name, peakOf(one)]));
    yield {
      row: "server",
      work: `${CLIENTS} clients, a flow of ${FUNCTIONS} functions`,
      unit: "ms/request",
      figures,
      ratios: [
        against("conductor", "Node-RED", 8),
        against("conductor", "empty handler", 0.55),
        against("conductor sqlite", "Node-RED", 2),
        ...(postgres ? [against("conductor postgres", "Node-RED", 1)] : []),
        { name: "memory, conductor / Node-RED", value: memory.conductor / memory["Node-RED"] },
        { name: "memory, conductor sqlite / Node-RED", value: memory["conductor sqlite"] / memory["Node-RED"] },
      ],
    };
  } finally {
    for (const { child } of servers) child.disconnect();
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts a server, and checks that it does the work. */
async function started(name, [program, ...args]) {
  const path = fileURLToPath(new URL(`../server/${program}`, import.meta.url));
  const child = fork(path, args, { env: { ...process.env, ...peerEnvironment() } });
  const told = await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${name} did not start`)), START_MS);
    child.once("message", (message) => {
      clearTimeout(late);
      resolve(message);
    });
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  const url = `http://127.0.0.1:${told.port}${told.path}`;
  const request = {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${KEY}` },
    body: JSON.stringify(told.body),
  };
  const answer = await (await fetch(url, request)).json();
  const { count } = answer.data ?? answer;
  if (count !== (name === "empty handler" ? 0 : FUNCTIONS)) {
    throw new Error(`${name} answered ${JSON.stringify(answer).slice(0, 300)}`);
  }
  return { name, child, url, request, samples: [] };
}

/** Asks so often, and gives the ms that it took. */
async function load({ name, url, request }, amount) {
  const began = performance.now();
  const { non2xx, errors } = await requirePeer("autocannon")({ url, connections: CLIENTS, amount, ...request });
  if (non2xx + errors > 0) throw new Error(`${name}: ${non2xx} bad answers, ${errors} errors`);
  return performance.now() - began;
}

function summary(samples) {
  const sorted = [...samples].sort((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)];
  return { median, fastest: sorted[0], slowest: sorted.at(-1), samples: sorted.length, batch: 1 };
}

/** The most memory that a server took, in KB. */
function peakOf({ child }) {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]);
}
