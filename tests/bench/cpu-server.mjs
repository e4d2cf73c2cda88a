import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { missingPostgres, startPostgres } from "../nodes/postgres.mjs";
import { peerEnvironment, requirePeer } from "./peers.mjs";
import { KEY } from "./server/work.mjs";

const folder = mkdtempSync("/work/try/bench-server-");
const pick = process.argv[2]?.split(",");
const pg = pick === undefined || pick.includes("postgres") ? await startPostgres({ fsync: true }) : undefined;
const programs = {
  hono: ["hono.mjs"],
  red: ["node-red.mjs", folder],
  conductor: ["conductor.mjs"],
  sqlite: ["conductor.mjs", "sqlite", folder],
  postgres: ["conductor.mjs", "postgres", pg?.url],
};
const cpu = (pid) => {
  const s = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (+s[11] + +s[12]) * 10;
};
const out = {};
for (const [name, [p, ...args]] of Object.entries(programs)) {
  if (pick && !pick.includes(name)) continue;
  const child = fork(fileURLToPath(new URL(`server/${p}`, import.meta.url)), args, {
    env: { ...process.env, ...peerEnvironment() },
    execArgv: process.env.PROF ? ["--cpu-prof", "--cpu-prof-interval", "500", "--cpu-prof-dir", process.env.PROF] : [],
  });
  const told = await new Promise((r) => child.once("message", r));
  const url = `http://127.0.0.1:${told.port}${told.path}`;
  const request = {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${KEY}` },
    body: JSON.stringify(told.body),
  };
  const load = (amount) => requirePeer("autocannon")({ url, connections: 32, amount, ...request });
  const N = +(process.env.N ?? 10000);
  await load(N);
  const rounds = [];
  for (let i = 0; i < 3; i++) {
    const a = cpu(child.pid),
      t = performance.now();
    const { non2xx, errors } = await load(N);
    if (non2xx + errors) throw new Error(`${name} ${non2xx} ${errors}`);
    rounds.push([(((cpu(child.pid) - a) / N) * 1000).toFixed(0), (((performance.now() - t) / N) * 1000).toFixed(0)]);
  }
  console.log(
    name,
    "µs CPU, wall per request",
    JSON.stringify(rounds),
    /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1],
  );
  if (child.connected) child.disconnect();
  await new Promise((r) => child.once("exit", r));
}
await pg?.stop();
rmSync(folder, { recursive: true, force: true });
