/**
 * One execution on its whole way: begun by a process of Node that is killed, finished by another one, taken as a file to a page,
 * stepped through there, and forked with another parameter, where only what that changes is called.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { createConductor } from "@atomiton/conductor/desktop";

import { atEnd, createBrowser, within } from "./harness/index.mjs";
import { openConductor } from "./page/open.mjs";

const browser = createBrowser();

const FLOW = {
  id: "prices",
  type: "group",
  nodes: [
    { id: "load", type: "load", parameters: {} },
    { id: "scale", type: "scale", parameters: { factor: 2 } },
    { id: "count", type: "count", parameters: {} },
    { id: "total", type: "total", parameters: {} },
  ],
  edges: [
    { id: "a", source: "load", target: "scale" },
    { id: "b", source: "load", target: "count" },
    { id: "c", source: "scale", target: "total" },
  ],
};

/** The node types, with a counter of their calls; runs in Node and in the page. */
function officeOf(calls) {
  const bodies = {
    load: () => [3, 1, 2],
    scale: ({ input, factor }) => input.default.map((price) => price * factor),
    count: ({ input }) => input.default.length,
    total: ({ input }) => input.default.reduce((sum, price) => sum + price, 0),
  };
  const executable = (type) => ({
    // Before something is written, all that came before it is on disk.
    effects: type === "scale" ? "writes" : "reads",
    execute(params) {
      calls.push(params.nodeId);
      return bodies[type](params);
    },
  });
  return { getNodeExecutable: (type) => (type in bodies ? executable(type) : undefined) };
}

/** A program that begins the flow and comes as far as `scale`, which never ends. */
const BEGINNER = `
import { createConductor } from "@atomiton/conductor/desktop";
import { appendFileSync } from "node:fs";

const [address, called, flow] = process.argv.slice(1);
const calls = { push: (id) => appendFileSync(called, id + "\\n") };
const office = (${officeOf})(calls);
const nodeExecutorFactory = {
  getNodeExecutable(type) {
    const { effects, execute } = office.getNodeExecutable(type);
    if (type !== "scale") return { effects, execute };
    return { effects, execute: (params) => { execute(params); return new Promise(() => {}); } };
  },
};
const conductor = createConductor({ store: address, nodeExecutorFactory, concurrency: 1 });
void conductor.node.run(JSON.parse(flow), { executionId: "order" });
setInterval(() => {}, 1000);
`;

test("an execution that was begun in Node is finished, looked at and forked elsewhere", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "conductor-journey-"));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  const address = `sqlite:${join(folder, "journey.db")}`;
  const called = join(folder, "called");

  const beginner = spawn(
    process.execPath,
    ["--input-type=module", "--eval", BEGINNER, address, called, JSON.stringify(FLOW)],
    { cwd: new URL(".", import.meta.url), stdio: ["ignore", "inherit", "inherit"] },
  );
  atEnd(t, () => beginner.kill("SIGKILL"));
  const ended = new Promise((resolve) => beginner.on("exit", (_, signal) => resolve(signal)));
  const callsThere = async () => (await readFile(called, "utf8").catch(() => "")).split("\n").filter(Boolean);
  const hasCome = async () => {
    while (!(await callsThere()).includes("scale")) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await within(hasCome(), "the first process to come to its second node");
  beginner.kill("SIGKILL");
  assert.equal(await ended, "SIGKILL");

  const calls = [];
  const conductor = createConductor({ store: address, nodeExecutorFactory: officeOf(calls) });
  const { resumed } = await conductor.recover();
  assert.deepEqual(
    resumed.map(({ executionId }) => executionId),
    ["order"],
  );
  const finished = await resumed[0].result;
  assert.equal(finished.success, true);
  assert.deepEqual(finished.outputs, { load: [3, 1, 2], scale: [6, 2, 4], count: 3, total: 12 });
  const file = Buffer.from(await conductor.executions.export("order")).toString("base64");
  await conductor.shutdown();

  const tab = await openConductor(browser, t);
  const seen = await tab.evaluate(
    async ([data, makeOffice]) => {
      const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
      const calls = [];
      const nodeExecutorFactory = new Function(`return (${makeOffice})`)()(calls);
      const page = entry.createConductor({ store: "indexeddb:journey", nodeExecutorFactory });
      await page.executions.import(bytes);
      const replay = await page.executions.replay("order");
      const totals = [];
      for (let step = 0; step <= replay.length; step++) totals.push(replay.at(step).value("total") ?? null);
      const { executionId } = await page.executions.fork("order", { parameters: { scale: { factor: 10 } } });
      const { success, outputs, reused } = await page.executions.result(executionId);
      const { nodes } = await page.executions.diff("order", executionId);
      const { parentId, trigger } = await page.executions.get(executionId);
      await page.shutdown();
      return { totals, success, outputs, reused, calls, parentId, trigger, differ: nodes.length };
    },
    [file, String(officeOf)],
  );
  assert.ok(seen.totals.length > 4);
  assert.equal(seen.totals[0], null);
  assert.equal(seen.totals.at(-1), 12);
  assert.deepEqual(seen.calls, ["scale", "total"]);
  assert.deepEqual(seen.reused, ["load", "count"]);
  assert.deepEqual(seen.outputs, { load: [3, 1, 2], scale: [30, 10, 20], count: 3, total: 60 });
  assert.deepEqual([seen.success, seen.parentId, seen.trigger], [true, "order", "fork"]);
});
