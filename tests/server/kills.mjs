/**
 * Kills a server again and again while it saves flows, runs them and fires a schedule, and starts another one in its place. At the end
 * counts what was answered for and is not there, and which times of the schedule have no execution, or two.
 *
 *     node tests/server/kills.mjs [kills] [sqlite] [postgres]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { missingPostgres, startPostgres } from "../nodes/postgres.mjs";

const CLI = fileURLToPath(new URL("../../npm/conductor/bin/conductor.js", import.meta.url));
/** A server is killed so many ms after it began to serve at the latest: these are spread evenly below. */
const LATEST_MS = 1200;
/** Flows that are saved again and again. */
const SAVED = ["saved-0", "saved-1"];
/** Nodes of each, all of which have the number of the save. */
const NODES = 30;
const SECOND = 1000;
/** How long the last server may take to finish what is left, in ms. */
const LAST_MS = 120_000;

const CLOCK = `
id: clock
nodes:
  - { id: second, type: schedule, parameters: { every: 1s, missed: all, overlap: allow } }
  - { id: note, type: edit-fields, parameters: { keepOnlySet: true, values: { at: "\${{ data.time }}" } } }
edges: [{ source: second, target: note }]
`;
const WORK = `
id: work
nodes:
  - { id: first, type: edit-fields, parameters: { values: { doubled: "\${{ input.number * 2 }}" } } }
  - { id: wait, type: delay, parameters: { duration: 40 } }
  - { id: second, type: edit-fields, parameters: { keepOnlySet: true, values: { again: "\${{ data.doubled * 2 }}" } } }
edges: [{ source: first, target: wait }, { source: wait, target: second }]
`;

/** The stores by name, each with its address, and what removes it. */
export const STORES = {
  sqlite: (folder) => ({ address: `sqlite:${join(folder, "server.db")}`, remove() {} }),
  async postgres() {
    const { url, stop } = await startPostgres({ fsync: true });
    return { address: url, remove: stop };
  },
};

/** Starts a server, and resolves once it serves. */
async function serve(folder, store) {
  const files = ["clock.flow.yaml", "work.flow.yaml"];
  const child = spawn(
    process.execPath,
    [CLI, "serve", ...files, "--open", "--port", "0", "--store", store, "--no-config"],
    { cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal })));
  let said = "";
  const apiUrl = await new Promise((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text) => {
      said = (said + text).slice(-10_000);
      const found = /Serving at (\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(({ code }) => reject(new Error(`A server ended with ${code} before it served:\n${said}`)));
  });
  return { child, ended, apiUrl };
}

/** Asks a server; rejects where it is gone, and throws for what it refuses. */
async function ask(apiUrl, method, path, body, headers = {}) {
  const response = await fetch(`${apiUrl}${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Refused(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

/** A server that is there, and says no. */
class Refused extends Error {}

/** Repeats something until the server is gone. */
async function untilGone(server, work) {
  for (;;) {
    try {
      await work(server.apiUrl);
    } catch (error) {
      if (error instanceof Refused) throw error;
      // Whatever else it is, the connection broke: the server is gone, or about to be.
      await server.ended;
      return;
    }
  }
}

/** A flow whose every part has the number of its save. */
function numbered(id, number) {
  const nodes = Array.from({ length: NODES }, (_, index) => ({
    id: `n${index}`,
    type: "edit-fields",
    parameters: { values: { number, text: "x".repeat(number % 300) } },
  }));
  return { id, name: `number ${number}`, nodes };
}

/** The number of a saved flow; throws where it has parts of two saves. */
function numberOf(flow) {
  const number = flow.nodes[0].parameters.values.number;
  const { id, name, nodes } = numbered(flow.id, number);
  const [is, should] = [
    { id: flow.id, name: flow.name, nodes: flow.nodes.map(({ id, parameters }) => ({ id, parameters })) },
    { id, name, nodes: nodes.map(({ id, parameters }) => ({ id, parameters })) },
  ].map((value) => JSON.stringify(value));
  if (is !== should) throw new Error(`Torn: ${is.slice(0, 500)}`);
  return number;
}

/** What clients did and were told, over all servers. */
class Clients {
  number = 0;
  /** What was saved as which version, by flow. */
  saved = new Map(SAVED.map((id) => [id, new Map()]));
  /** Executions that were answered for, with the number that they were given. */
  executions = new Map();
  /** Requests that were not answered: they are sent again with their key. */
  unanswered = [];

  async save(id, apiUrl) {
    const number = ++this.number;
    const { storedVersion } = await ask(apiUrl, "PUT", `/flows/${id}`, numbered(id, number));
    this.saved.get(id).set(storedVersion, number);
  }

  async run(apiUrl) {
    const number = this.unanswered.pop() ?? ++this.number;
    this.unanswered.push(number);
    const headers = { "idempotency-key": `number-${number}` };
    const answer = await ask(apiUrl, "POST", "/flows/work/run?wait=0", { inputs: { number } }, headers);
    this.unanswered.splice(this.unanswered.indexOf(number), 1);
    const executionId = answer.executionId ?? answer.metadata?.executionId;
    this.executions.set(executionId, number);
  }
}

async function listed(apiUrl, flowId) {
  const found = [];
  let cursor = "";
  do {
    const page = await ask(apiUrl, "GET", `/executions?flowId=${flowId}&limit=500${cursor}`);
    found.push(...page.executions);
    cursor = page.next === undefined ? undefined : `&cursor=${page.next}`;
  } while (cursor !== undefined);
  return found;
}

async function outputOf(apiUrl, { id }, node) {
  return ask(apiUrl, "GET", `/executions/${id}/values/${node}`);
}

/** Counts what is wrong, once all that began is over. */
async function count(apiUrl, clients) {
  const wrong = {
    lostFlows: 0,
    lostVersions: 0,
    lostExecutions: 0,
    unfinished: 0,
    wrongResults: 0,
    lostTimes: 0,
    doubledTimes: 0,
  };
  for (const [id, versions] of clients.saved) {
    const last = Math.max(0, ...versions.keys());
    if (versions.size === 0) continue;
    const now = await ask(apiUrl, "GET", `/flows/${id}`);
    // A save that was not answered may have been the last one.
    if (now.storedVersion < last || numberOf(now) < versions.get(last)) wrong.lostFlows++;
    for (const [version, number] of versions) {
      if (numberOf(await ask(apiUrl, "GET", `/flows/${id}?version=${version}`)) !== number) wrong.lostVersions++;
    }
  }
  const late = Date.now() + LAST_MS;
  let executions = await listed(apiUrl, "work");
  while (Date.now() < late && executions.some(({ status }) => status !== "completed")) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    executions = await listed(apiUrl, "work");
  }
  const byId = new Map(executions.map((one) => [one.id, one]));
  wrong.unfinished = executions.filter(({ status }) => status !== "completed").length;
  for (const [id, number] of clients.executions) {
    const one = byId.get(id);
    if (one === undefined) wrong.lostExecutions++;
    else if ((await outputOf(apiUrl, one, "second"))?.result?.again !== number * 4) wrong.wrongResults++;
  }
  const firings = await listed(apiUrl, "clock");
  const times = new Map();
  for (const one of firings) {
    const at = Date.parse((await outputOf(apiUrl, one, "note"))?.result?.at);
    times.set(at, (times.get(at) ?? 0) + 1);
  }
  const [first, last] = [Math.min(...times.keys()), Math.max(...times.keys())];
  for (let at = first; at <= last; at += SECOND) if (!times.has(at)) wrong.lostTimes++;
  wrong.doubledTimes = [...times.values()].filter((number) => number > 1).length;
  const saves = [...clients.saved.values()].reduce((sum, { size }) => sum + size, 0);
  return { saves, executions: clients.executions.size, firings: firings.length, ...wrong };
}

/** Kills so many servers on a store of this name, and counts what became of what they had answered for. */
export async function killServers(name, kills) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-server-kills-"));
  const { address, remove } = await STORES[name](folder);
  writeFileSync(join(folder, "clock.flow.yaml"), CLOCK);
  writeFileSync(join(folder, "work.flow.yaml"), WORK);
  const clients = new Clients();
  let server;
  try {
    for (let kill = 0; kill < kills; kill++) {
      server = await serve(folder, address);
      const work = Promise.all([
        ...SAVED.map((id) => untilGone(server, (apiUrl) => clients.save(id, apiUrl))),
        untilGone(server, (apiUrl) => clients.run(apiUrl)),
        untilGone(server, (apiUrl) => clients.run(apiUrl)),
      ]);
      await Promise.race([work, new Promise((resolve) => setTimeout(resolve, ((kill * 37) % 60) * (LATEST_MS / 60)))]);
      server.child.kill("SIGKILL");
      await work;
      const { signal, code } = await server.ended;
      if (signal !== "SIGKILL") throw new Error(`A server ended with ${code} before it was killed`);
    }
    server = await serve(folder, address);
    return { kills, ...(await count(server.apiUrl, clients)) };
  } finally {
    server?.child.kill("SIGKILL");
    await remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [kills = "200", ...names] = process.argv.slice(2);
  for (const name of names.length > 0 ? names : Object.keys(STORES)) {
    const missing = name === "postgres" ? missingPostgres() : undefined;
    process.stdout.write(
      `${name}: ${missing === undefined ? JSON.stringify(await killServers(name, Number(kills))) : `left out, ${missing}`}\n`,
    );
  }
}
