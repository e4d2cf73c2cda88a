/**
 * Sends messages that are nearly right, and such as no client would send, to a server by WebSocket, to its stream of events, to its tools for
 * language models, and to the bridge of a desktop application. Fails where a process ends, where one does not answer a right message any more,
 * and where its memory is not back within a tenth.
 *
 *     node tests/server/fuzz.mjs [--messages 100000] [--seed n] [--surface websocket|events|mcp|bridge] [--verbose]
 */

import { exit, stdout } from "node:process";
import { parseArgs } from "node:util";

import { fuzz, inMiB } from "./fuzz/run.mjs";
import { SURFACES } from "./fuzz/surfaces.mjs";

/** Of all messages, the part of each surface. */
const SHARES = { websocket: 0.6, events: 0.05, mcp: 0.15, bridge: 0.2 };

const { values: wanted } = parseArgs({
  options: {
    messages: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 30) },
    verbose: { type: "boolean", default: false },
    surface: { type: "string", multiple: true, default: Object.keys(SURFACES) },
  },
});
const [messages, seed] = [wanted.messages, wanted.seed].map(Number);
if (!(Number.isInteger(messages) && messages > 0))
  throw new Error(`--messages ${wanted.messages}: give a whole number from 1`);
if (!Number.isInteger(seed)) throw new Error(`--seed ${wanted.seed}: give a whole number`);
const strange = wanted.surface.find((name) => !(name in SURFACES));
if (strange !== undefined) throw new Error(`--surface ${strange}: give one of ${Object.keys(SURFACES).join(", ")}`);

const isOne = wanted.surface.length === 1;
let failed = 0;
stdout.write(`Seed ${seed}\n`);
for (const name of wanted.surface) {
  try {
    const count = isOne ? messages : Math.ceil(messages * SHARES[name]);
    const tell = wanted.verbose ? (line) => stdout.write(`${line}\n`) : () => {};
    const { sent, before, after } = await fuzz(name, { messages: count, seed, tell });
    stdout.write(`${name}: ${sent} messages, 0 crashes, 0 hangs, ${inMiB(before)} before, ${inMiB(after)} after\n`);
  } catch (error) {
    failed++;
    stdout.write(`${error.stack}\n`);
  }
}
exit(failed === 0 ? 0 : 1);
