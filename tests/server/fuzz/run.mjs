/** Attacks a surface, batch by batch, and tells what came of it. */

import fc from "fast-check";

import { SURFACES } from "./surfaces.mjs";

/** Messages between two looks at whether all is well. */
const BATCH = 1000;

/**
 * Batches after which memory is taken for that of a process which is warm. Over the first of them it grows by compiled code, of which each
 * kind of message needs its own, and by schemas that are made when first asked for: by 1 to 3 % from the first batch to the second, and by
 * less than 1 % with each batch after it, as the log of events and the results that are kept fill up to their bounds. From the second batch
 * to 10,000 messages it grew by 4 to 5 % (from the first: 5 to 9 %), by WebSocket to 60,000 by 9 %, less each time.
 */
const WARM_BATCHES = 2;

/** How often memory is looked at until it is back: executions that were begun may still go on. */
const LOOKS = 20;

/**
 * @param {keyof typeof SURFACES} name
 * @returns how many messages there were, and the memory of the process before and after, in bytes. Rejects where the process ends, where a
 *   right message is not answered after a batch, and where the memory is not back within a tenth
 */
export async function fuzz(name, { messages, seed, tell = () => {} }) {
  const surface = await SURFACES[name]();
  let sent = 0;
  try {
    let before = 0;
    for (let batch = 0; sent < messages; batch++) {
      const count = Math.min(BATCH, messages - sent);
      try {
        await surface.attack(fc.sample(surface.messages, { numRuns: count, seed: seed + batch }));
        await surface.check();
      } catch (error) {
        const said = surface.said?.().trim().split("\n").slice(-20).join("\n") ?? "";
        throw new Error(`${name}, seed ${seed + batch}: ${error.message}\n${said}`, { cause: error });
      }
      sent += count;
      const now = await surface.memory();
      if (batch < WARM_BATCHES) before = now;
      tell(`${name}: ${sent} messages, ${inMiB(now)}`);
    }
    let after = await surface.memory();
    for (let looks = 1; after > before * 1.1 && looks < LOOKS; looks++) {
      await surface.check();
      after = await surface.memory();
    }
    if (after > before * 1.1)
      throw new Error(`${name}: ${inMiB(before)} before, ${inMiB(after)} after ${sent} messages`);
    const code = await surface.end();
    if (code !== 0) throw new Error(`${name}: the process ended with ${code}`);
    return { sent, before, after };
  } finally {
    await surface.end();
  }
}

/** Bytes, for people. */
export function inMiB(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
