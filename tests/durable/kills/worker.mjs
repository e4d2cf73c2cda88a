/**
 * A process under load: goes on with what others left, and runs further executions, several at once, until it is killed. With
 * `isLast` it only goes on with what is left, and ends by itself: `node worker.mjs JSON`.
 */
import { appendFileSync } from "node:fs";

import { orderFlow } from "../kill-points/flow.mjs";
import { conductorOver } from "../kill-points/in-node.mjs";
import { openAddress } from "../kill-points/places.mjs";
import { comparable } from "../kill-points/world.mjs";

const { address, name, deeds, told, atOnce, isLast } = JSON.parse(process.argv[2]);
const store = await openAddress(address);
const write = (file, value) => appendFileSync(file, `${JSON.stringify(value)}\n`);
let isTold = false;
const world = {
  do(deed) {
    write(deeds, deed);
    // The parent kills at some moment after this.
    if (!isTold) process.send?.("at work");
    isTold = true;
  },
};
const conductor = await conductorOver(store, world);
/** Notes a result that somebody was told: from then on it must be there for good. */
const tell = async (executionId, run) => {
  const result = await run;
  write(told, { executionId, result: comparable(result) });
};

const { resumed, blocked } = await conductor.recover();
for (const { executionId, reason } of blocked) write(told, { executionId, blocked: reason });
const going = resumed.map(({ executionId, result }) => tell(executionId, result));
if (isLast) {
  await Promise.all(going);
  await conductor.shutdown();
  await store.close();
  process.exit(0);
}
let count = 0;
const loop = async () => {
  for (;;) {
    const executionId = `${name}-${++count}`;
    await tell(executionId, conductor.node.run(orderFlow(), { executionId }));
  }
};
await Promise.all([...going, ...Array.from({ length: atOnce }, loop)]);
