/** Executions in a store of Node's, and what a page that reaches its conductor does with them. */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createConductor } from "@atomiton/conductor/desktop";

import { atEnd } from "../harness/endings.mjs";

/** Settings of a conductor whose store has three executions: one that is over, one that failed, and one that was left. */
export async function withLeftExecutions(t) {
  const folder = await mkdtemp(join(tmpdir(), "conductor-kept-"));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  let leaves = true;
  const bodies = {
    give: () => ({ given: new Date(0) }),
    bad: () => Promise.reject(new Error("bad")),
    held: () => (leaves ? new Promise(() => {}) : { done: true }),
  };
  const config = {
    store: `sqlite:${join(folder, "executions.db")}`,
    nodeExecutorFactory: { getNodeExecutable: (type) => bodies[type] && { execute: async () => bodies[type]() } },
  };
  const earlier = createConductor({ transport: "local", ...config });
  await earlier.node.run({ id: "give", type: "give" }, { executionId: "over" });
  await earlier.node.run({ id: "bad", type: "bad" }, { executionId: "failed" });
  void earlier.node.run({ id: "held", type: "held" }, { executionId: "left" });
  while ((await earlier.executions.get("left").catch(() => undefined)) === undefined) await new Promise(setImmediate);
  await earlier.shutdown();
  leaves = false;
  return config;
}

/** Runs in the page. */
async function lookAfter() {
  const { executions } = window.made ?? entry.conductor;
  const ids = ({ executions: rows, next }) => [rows.map(({ id }) => id), next !== undefined];
  const first = await executions.list({}, { limit: 2 });
  const resumed = await executions.resume("left");
  const trace = await executions.trace("left");
  return {
    pages: [ids(first), ids(await executions.list({}, { limit: 2, cursor: first.next }))],
    completed: ids(await executions.list({ status: "completed" })),
    failed: JSON.parse((await executions.get("failed")).error).message,
    value: new Date((await executions.value("over", "give")).given).getTime(),
    nothing: (await executions.value("failed", "bad")) ?? "nothing",
    resumed: [resumed.success, resumed.data, resumed.context.executionId],
    trace: trace.nodes.map(({ nodeId, state }) => [nodeId, state]),
    again: (await rejection(executions.resume("left"))).code,
    missing: await Promise.all([
      rejection(executions.get("none")),
      rejection(executions.trace("none")),
      rejection(executions.value("none", "a")),
      rejection(executions.resume("none")),
    ]).then((errors) => errors.map(({ code }) => code)),
    wrong: (await rejection(executions.get(5))).code,
    deleted: await executions.delete(["over", "failed", "none"]),
    rest: ids(await executions.list()),
  };
}

/** Has a page do all that can be done with what {@link withLeftExecutions} left. */
export async function checkLooksAfter(tab) {
  assert.deepEqual(await tab.evaluate(lookAfter), {
    pages: [
      [["left", "failed"], true],
      [["over"], false],
    ],
    completed: [["left", "over"], false],
    failed: "bad",
    value: 0,
    nothing: "nothing",
    resumed: [true, { done: true }, "left"],
    trace: [["held", "completed"]],
    again: "INVALID_PARAMETERS",
    missing: ["NODE_NOT_FOUND", "NODE_NOT_FOUND", "NODE_NOT_FOUND", "NODE_NOT_FOUND"],
    wrong: "VALIDATION_FAILED",
    deleted: 2,
    rest: [["left"], false],
  });
}
