/** An execution of `conductor run --store --id` goes on where it was when its process is killed, and is there in `executions list`. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const CLI = new URL("../../npm/conductor/dist/cli.js", import.meta.url).pathname;
const ROUNDS = 24;
const KILLS = 3;

/** Each round pays once; the key of a payment names the round. */
const FLOW = {
  id: "shop",
  type: "group",
  nodes: [
    { id: "count", type: "code", parameters: { code: `return Array.from({ length: ${ROUNDS} }, (_, n) => n)` } },
    {
      id: "each",
      type: "loop",
      parameters: { count: ROUNDS, concurrency: 3 },
      nodes: [
        { id: "price", type: "code", parameters: { code: "return { price: Math.random() }" } },
        { id: "pay", type: "pay" },
      ],
      edges: [{ id: "e", source: "price", target: "pay" }],
    },
  ],
  edges: [{ id: "e", source: "count", target: "each" }],
};

/** The node type that writes to the world: a line in a file, with its key and what was paid. */
const TYPES = `
import { appendFileSync } from "node:fs";
import { defineNode } from "${new URL("../../npm/nodes/dist/index.js", import.meta.url).href}";
export const pay = defineNode({
  type: "pay",
  description: "Writes down a payment.",
  effects: "writes",
  async execute({ input, idempotencyKey }) {
    appendFileSync(process.env.DEEDS, JSON.stringify({ key: idempotencyKey, input }) + "\\n");
    await new Promise((resolve) => setTimeout(resolve, 15));
    return { paid: idempotencyKey };
  },
});
`;

test("an execution whose process is killed goes on by the same command", async () => {
  const folder = mkdtempSync(join(tmpdir(), "conductor-kills-"));
  const deeds = join(folder, "deeds");
  writeFileSync(deeds, "");
  writeFileSync(join(folder, "flow.json"), JSON.stringify(FLOW));
  writeFileSync(join(folder, "types.mjs"), TYPES);
  const store = ["--store", `sqlite:${join(folder, "conductor.db")}`];
  const types = ["--nodes", join(folder, "types.mjs"), "--no-config", "--quiet"];
  const start = () => {
    const args = [CLI, "run", join(folder, "flow.json"), ...types, ...store, "--id", "shop-1"];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, DEEDS: deeds },
      stdio: ["ignore", "ignore", "inherit"],
    });
    return { child, ended: new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal }))) };
  };
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const { child, ended } = start();
      await Promise.race([ended, grown(deeds, 1 + kill)]);
      child.kill("SIGKILL");
      assert.equal((await ended).signal, "SIGKILL");
    }
    assert.deepEqual(await start().ended, { code: 0, signal: null });
    const inputs = new Map();
    for (const line of readFileSync(deeds, "utf8").trim().split("\n")) {
      const { key, input } = JSON.parse(line);
      inputs.set(key, [...(inputs.get(key) ?? []), JSON.stringify(input)]);
    }
    assert.equal(inputs.size, ROUNDS);
    const all = [...inputs.values()];
    assert.ok(all.every((given) => new Set(given).size === 1));
    // Three rounds may be in flight at each kill.
    assert.ok(all.reduce((sum, given) => sum + given.length - 1, 0) <= 3 * KILLS);
    const list = spawnSync(process.execPath, [CLI, "executions", "list", ...store, "--json"]);
    const rows = JSON.parse(String(list.stdout)).map(({ id, status }) => ({ id, status }));
    assert.deepEqual(rows, [{ id: "shop-1", status: "completed" }]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Resolves when a file has so many lines more than now. */
async function grown(file, lines) {
  const length = () => readFileSync(file, "utf8").split("\n").length;
  const wanted = length() + lines;
  while (length() < wanted) await new Promise((resolve) => setTimeout(resolve, 3));
}
