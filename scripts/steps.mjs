/** Runs named steps, a line each, and shows what a failing one said. */

import { stdout } from "node:process";

const COLOURS = stdout.isTTY && !process.env.NO_COLOR;
const paint = (number, text) => (COLOURS ? `\u001b[${number}m${text}\u001b[0m` : text);

/**
 * What a step found.
 *
 * @typedef {{ ok: boolean, output?: string, note?: string }} Finding `output` is shown when the step failed, `note`
 *   always
 */

/**
 * Runs a step and prints its line: whether it went well, its name, its time.
 *
 * @param {string} name
 * @param {() => Promise<Finding>} work what it throws counts as a failure
 * @returns {Promise<boolean>} whether it went well
 */
export async function step(name, work) {
  const start = performance.now();
  const { ok, output, note } = await work().catch((error) => ({ ok: false, output: error.output ?? error.stack }));
  const mark = ok ? paint(32, "✓") : paint(31, "✗");
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  stdout.write(`${mark} ${name} ${paint(2, `${seconds} s`)}${note === undefined ? "" : `  ${note}`}\n`);
  if (!ok && output) stdout.write(`${output.trimEnd()}\n\n`);
  return ok;
}
