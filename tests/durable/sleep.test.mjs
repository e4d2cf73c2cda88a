/** Executions that sleep or wait in SQLite, whose process is killed meanwhile, and another that goes on with them. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openSqliteStore } from "../../npm/storage/dist/desktop.js";

const CLI = new URL("../../npm/conductor/dist/cli.js", import.meta.url).pathname;
const DESKTOP = new URL("../../npm/conductor/dist/desktop.js", import.meta.url).href;
const DELAY_MS = 3_000;

const flow = (waiting) => ({
  id: "waits",
  type: "group",
  nodes: [
    { id: "before", type: "edit-fields", parameters: { values: { pid: "{{pid}}" } } },
    waiting,
    { id: "after", type: "edit-fields", parameters: { values: { done: true } } },
  ],
  edges: [
    { id: "1", source: "before", target: waiting.id },
    { id: "2", source: waiting.id, target: "after" },
  ],
});

/** A program that wakes what is due, until nothing of the store is unfinished. */
const WAKER = `
import { createConductor } from "${DESKTOP}";
const conductor = createConductor({ store: process.argv[2] });
const { sleeping } = await conductor.recover();
process.stdout.write(JSON.stringify({ sleeping }));
const isOver = async () => (await conductor.executions.list({ status: ["sleeping", "running"] })).executions.length === 0;
while (!(await isOver())) await new Promise((resolve) => setTimeout(resolve, 20));
await conductor.shutdown();
`;

function folderWith(definition) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-sleep-"));
  writeFileSync(join(folder, "flow.json"), JSON.stringify(definition));
  writeFileSync(join(folder, "waker.mjs"), WAKER);
  return folder;
}

/** Runs the flow in a process that is killed once the execution stands so. */
async function killedWhile(status, folder, store) {
  const args = [CLI, "run", join(folder, "flow.json"), "--no-config", "--quiet", "--id", "one"];
  const child = spawn(process.execPath, [...args, "--store", `sqlite:${join(folder, "conductor.db")}`], {
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  while ((await store.get("one"))?.status !== status) {
    assert.equal(child.exitCode, null, "the process ended by itself");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill("SIGKILL");
  await ended;
}

test("an execution whose process is killed in its sleep is woken by another one, when its time comes", async () => {
  const folder = folderWith(flow({ id: "rest", type: "delay", parameters: { duration: DELAY_MS } }));
  const address = `sqlite:${join(folder, "conductor.db")}`;
  const store = await openSqliteStore(join(folder, "conductor.db"));
  try {
    await killedWhile("sleeping", folder, store);
    const { wakeAt, startedAt } = await store.get("one");
    assert.ok(wakeAt >= startedAt + DELAY_MS);
    const waker = spawnSync(process.execPath, [join(folder, "waker.mjs"), address], { encoding: "utf8" });
    assert.equal(waker.stderr, "");
    assert.equal(waker.status, 0);
    const row = await store.get("one");
    assert.equal(row.status, "completed");
    // It did not begin again, nor end too early.
    assert.ok(row.endedAt >= wakeAt, "woken too early");
    const records = await store.records("one");
    assert.deepEqual(
      records.map(({ sequence }) => sequence),
      records.map((_, index) => index + 1),
    );
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a question whose process is killed is listed and answered at the command line", async () => {
  const form = { type: "object", required: ["ok"], properties: { ok: { type: "boolean" } } };
  const folder = folderWith(flow({ id: "approval", type: "wait-for-input", parameters: { message: "Pay it?", form } }));
  const address = `sqlite:${join(folder, "conductor.db")}`;
  const store = await openSqliteStore(join(folder, "conductor.db"));
  const cli = (...args) => {
    return spawnSync(process.execPath, [CLI, ...args, "--store", address, "--no-config"], { encoding: "utf8" });
  };
  try {
    // Nobody can answer there, so that the process ends and leaves the question open.
    const asking = cli("run", join(folder, "flow.json"), "--id", "one");
    assert.equal(asking.status, 2);
    assert.match(asking.stderr, /executions answer one --value VALUE/);
    assert.equal((await store.get("one")).status, "waiting");
    const [question] = JSON.parse(cli("executions", "waiting", "--json").stdout);
    assert.equal(question.id, "one/approval");
    const wrong = cli("executions", "answer", "one", "--value", '{"ok":"maybe"}');
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /does not fit/);
    assert.equal((await store.get("one")).status, "waiting");
    const right = cli("executions", "answer", "one", "--value", '{"ok":true}');
    assert.equal(right.stderr, "");
    // The node before it read a name that is not there.
    assert.match(right.stdout, /^one completed\n\n1 warning\n {2}! before: /);
    assert.equal(right.status, 0);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("an execution that was interrupted goes on by `run --resume`, without its flow", async () => {
  const folder = folderWith(flow({ id: "rest", type: "delay", parameters: { duration: DELAY_MS } }));
  const database = join(folder, "conductor.db");
  const store = await openSqliteStore(database);
  const resume = (id, ...more) => {
    const args = [CLI, "run", "--resume", id, "--no-config", "--store", `sqlite:${database}`, ...more];
    return spawnSync(process.execPath, args, { encoding: "utf8" });
  };
  try {
    await killedWhile("sleeping", folder, store);
    rmSync(join(folder, "flow.json"));
    const trace = join(folder, "trace.json");
    const resumed = resume("one", "--trace", trace);
    assert.equal(resumed.status, 0, resumed.stderr);
    assert.match(resumed.stdout, /waits succeeded/);
    assert.ok(JSON.parse(readFileSync(trace, "utf8")).nodes.length >= 3);
    assert.match(resume("one").stderr, /The execution one is over: completed/);
    assert.match(resume("two").stderr, /There is no execution two/);
    assert.match(resume("one", "--input", "a=1").stderr, /leave --input out/);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
