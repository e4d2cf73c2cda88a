/** A process that runs the flow, or goes on with it, until it kills itself at a point: `node process.mjs JSON`. */
import { appendFileSync } from "node:fs";

import { breakingStore } from "./breaking-store.mjs";
import { conductorOver } from "./in-node.mjs";
import { openAddress } from "./places.mjs";
import { carryOn } from "./runner.mjs";

const { address, log, at, durability, offset } = JSON.parse(process.argv[2]);
const { now } = Date;
Date.now = () => now() + offset;
const store = await openAddress(address);
const end = () => {
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => {});
};
const world = { do: (deed) => appendFileSync(log, `${JSON.stringify(deed)}\n`) };
const conductor = await conductorOver(breakingStore(store, at, end), world, { durability });
const { error } = await carryOn(conductor);
await conductor.shutdown();
await store.close();
// A run that came to its end has no such point.
process.exit(error === undefined ? 0 : 3);
