/** Attacks a surface, batch by batch, and tells what came of it. */

import fc from "fast-check";

import { SURFACES } from "./surfaces.mjs";

/** Messages between two looks at whether all is well. */
const BATCH = 1000;

/** What is kept for good, such as compiled code and the log of events, is there after so many of the messages. */
const WARM = 0.5;

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
    const warm = Math.ceil((messages * WARM) / BATCH);
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
      if (batch < warm) before = now;
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
