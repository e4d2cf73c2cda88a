/**
 * Kills a process at every point of an execution at which its store is written to, before and after the write; once alone, and once
 * with a second kill while another process goes on with it.
 *
 *     node tests/durable/kill-points.mjs [memory] [sqlite] [postgres] [indexeddb]
 */

import { STORES } from "./kill-points/places.mjs";
import { killAtPoints } from "./kill-points/points.mjs";

/** Points at which the second process is killed, one after the other. */
const SECOND_POINTS = 7;

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in STORES));
if (unknown !== undefined) throw new Error(`Unknown store "${unknown}": use some of ${Object.keys(STORES).join(", ")}`);

for (const name of wanted.length > 0 ? wanted : Object.keys(STORES)) {
  const missing = STORES[name].missing?.();
  if (missing !== undefined) {
    process.stdout.write(`${name}: left out, ${missing}\n`);
    continue;
  }
  const alone = await killAtPoints(name);
  const twice = await killAtPoints(name, { again: (point) => point % SECOND_POINTS });
  const kills = alone.kills + twice.kills;
  process.stdout.write(
    `${name}: ${alone.points} points, before and after: ${kills} kills, 0 lost, 0 doubled, ${alone.repeated + twice.repeated} effects in flight repeated\n`,
  );
}
