/**
 * Kills a process that runs a flow, again and again, and lets another one go on with the execution; then counts what was done.
 *
 *     node tests/durable/kills.mjs [kills] [store]
 *
 * `store`: the address of the store, by default a SQLite database in a folder of its own.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const CLI = new URL("../../npm/conductor/dist/cli.js", import.meta.url).pathname;
const ROUNDS = 24;

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

/**
 * Runs executions until so many processes were killed.
 *
 * @returns what was found: executions, kills, and what must all be 0
 */
export async function killAgainAndAgain(kills, store) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-kills-"));
  const deeds = join(folder, "deeds");
  const address = store ?? `sqlite:${join(folder, "conductor.db")}`;
  writeFileSync(join(folder, "flow.json"), JSON.stringify(FLOW));
  writeFileSync(join(folder, "types.mjs"), TYPES);
  const env = { ...process.env, DEEDS: deeds };
  const args = (id) => [
    CLI,
    "run",
    join(folder, "flow.json"),
    ...["--nodes", join(folder, "types.mjs"), "--no-config", "--quiet", "--store", address, "--id", id],
  ];
  const found = { executions: 0, kills: 0, failed: 0, lost: 0, keysWithTwoInputs: 0, repeated: 0 };
  try {
    while (found.kills < kills) {
      const id = `run-${found.executions++}-${process.pid}`;
      for (let isOver = false; !isOver; ) {
        writeFileSync(deeds, "", { flag: "a" });
        const child = spawn(process.execPath, args(id), { env, stdio: ["ignore", "ignore", "pipe"] });
        let errors = "";
        child.stderr.on("data", (text) => {
          errors += text;
        });
        const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal })));
        if (found.kills < kills) {
          // At some moment of the part that writes; a process that is over by then is not killed.
          await Promise.race([ended, grown(deeds, 1 + Math.floor(Math.random() * 6))]);
          if (child.exitCode === null && child.kill("SIGKILL")) found.kills++;
        }
        const { code, signal } = await ended;
        isOver = signal === null;
        if (isOver && code !== 0) {
          found.failed++;
          process.stderr.write(errors);
        }
      }
      count(found, id, deeds);
    }
    const list = spawnSync(process.execPath, [
      CLI,
      "executions",
      "list",
      "--store",
      address,
      "--json",
      "--limit",
      "1000",
    ]);
    const rows = JSON.parse(String(list.stdout));
    found.lost += rows.filter(({ status }) => status !== "completed").length + found.executions - rows.length;
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Adds what one execution did. */
function count(found, id, deeds) {
  const inputs = new Map();
  for (const line of readFileSync(deeds, "utf8").trim().split("\n")) {
    const { key, input } = JSON.parse(line);
    if (!key.startsWith(`${id}/`)) continue;
    inputs.set(key, [...(inputs.get(key) ?? []), JSON.stringify(input)]);
  }
  found.lost += ROUNDS - inputs.size;
  for (const all of inputs.values()) {
    found.repeated += all.length - 1;
    if (new Set(all).size > 1) found.keysWithTwoInputs++;
  }
}

/** Resolves when a file has so many lines more than now. */
async function grown(file, lines) {
  const length = () => readFileSync(file, "utf8").split("\n").length;
  const wanted = length() + lines;
  while (length() < wanted) await new Promise((resolve) => setTimeout(resolve, 3));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const found = await killAgainAndAgain(Number(process.argv[2] ?? 1_000), process.argv[3]);
  process.stdout.write(`${JSON.stringify(found)}\n`);
  process.exit(found.failed + found.lost + found.keysWithTwoInputs === 0 ? 0 : 1);
}
