/**
 * Measures a server with many clients, and with many executions at once: what each of so many WebSocket clients waits for the events
 * of one run, in ms, and whether so many runs that all wait at the same time come to their end. Fails where a client misses an event
 * or a run its end.
 *
 *     node tests/server/scale.mjs [clients] [runs]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Events that are timed. */
const TICKS = 20;
/** Between an event and the next one: those that come faster are told together. */
const PAUSE_MS = 1000;
/** Processes that the clients are in. */
const CLIENT_PROCESSES = 2;
const MIB = 2 ** 20;

const program = (name, args = []) =>
  fork(fileURLToPath(new URL(`scale/${name}`, import.meta.url)), args, { execArgv: ["--expose-gc"] });

/** Asks the server's process, and gives its answer. */
async function ask(server, what) {
  server.send(what);
  const [answer] = await once(server, "message");
  return answer[what];
}

/** The next message of a process that says this; rejects where a client was lost, or the process ended. */
function told(child, what) {
  return new Promise((resolve, reject) => {
    const end = (settle, value) => {
      child.off("message", heard);
      child.off("exit", ended);
      settle(value);
    };
    const heard = (message) => {
      if ("lost" in message) end(reject, new Error(`${message.lost} clients were lost`));
      else if (what in message) end(resolve, message[what]);
    };
    const ended = (code) => end(reject, new Error(`A process ended with ${code}`));
    child.on("message", heard);
    child.on("exit", ended);
  });
}

async function post(apiUrl, path, body) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${apiUrl}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${JSON.stringify(answer)}`);
  return answer;
}

/** What clients wait for the events of one run, in ms, sorted. */
export async function clientWaits(server, apiUrl, clients) {
  const each = Math.floor(clients / CLIENT_PROCESSES);
  const processes = Array.from({ length: CLIENT_PROCESSES }, () =>
    program("clients.mjs", [`${apiUrl.replace("http", "ws")}/ws`, String(each)]),
  );
  try {
    await Promise.all(processes.map((child) => told(child, "greeted")));
    const ends = Promise.all(processes.map((child) => told(child, "ended")));
    const node = { id: "ticking", type: "ticker", parameters: { ticks: TICKS } };
    const run = post(apiUrl, "/node/execute", { node, context: { executionId: "ticking" } });
    const waits = [];
    for (let tick = 0; tick < TICKS; tick++) {
      // Before the first one, what is told of the run's beginning.
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      const heard = Promise.all(processes.map((child) => told(child, "waits")));
      server.send("tick");
      waits.push(...(await heard).flat());
    }
    await Promise.all([run, ends]);
    return waits.sort((one, other) => one - other);
  } finally {
    for (const child of processes) child.kill();
  }
}

/** Begins so many runs, none of which ends before all have begun; gives the ms until all had begun, and until all were over. */
export async function manyRuns(server, apiUrl, runs) {
  const node = { id: "holding", type: "hold" };
  const began = performance.now();
  const results = Array.from({ length: runs }, (_, index) =>
    post(apiUrl, "/node/execute", { node, context: { executionId: `run-${index}` } }),
  );
  const failed = Promise.all(results);
  failed.catch(() => {});
  while ((await ask(server, "holding")) < runs)
    await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, 50))]);
  const begun = performance.now() - began;
  server.send("release");
  const answers = await failed;
  const wrong = answers.filter(({ success }) => success !== true);
  if (wrong.length > 0) throw new Error(`${wrong.length} runs failed, such as ${JSON.stringify(wrong[0])}`);
  return { begun, over: performance.now() - began };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [clients = 10_000, runs = 10_000] = process.argv.slice(2).map(Number);
  const server = program("server.mjs");
  const { apiUrl } = (await once(server, "message"))[0];
  try {
    const memory = async () => Math.round((await ask(server, "memory")) / MIB);
    const before = await memory();
    const waits = await clientWaits(server, apiUrl, clients);
    const at = (share) => waits[Math.floor((waits.length - 1) * share)].toFixed(1);
    process.stdout.write(
      `${clients} clients, ${TICKS} events: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, last ${at(1)} ms; server ${before} MiB before, ${await memory()} MiB after\n`,
    );
    const { begun, over } = await manyRuns(server, apiUrl, runs);
    process.stdout.write(
      `${runs} runs at once: all had begun after ${Math.round(begun)} ms, all over after ${Math.round(over)} ms; server ${await memory()} MiB\n`,
    );
  } finally {
    server.kill();
  }
}
