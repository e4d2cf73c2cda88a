/** What a tab does as a process: it carries the flow out until it asks for its end, or lends its store to a test. */
import { createConductor } from "@atomiton/conductor/browser";
import { getNodeExecutable } from "@atomiton/nodes/browser";
import { createStorage, openIndexedDbStore } from "@atomiton/storage/browser";

import { breakingStore } from "./breaking-store.mjs";
import { packed, unpacked } from "./packed.mjs";
import { carryOn, conductorsBy } from "./runner.mjs";

const conductorOver = conductorsBy({ createConductor, createStorage, getNodeExecutable });

/** `die()` and `deed(deed)` are functions of the test. */
window.carryOut = async (database, at, durability) => {
  const store = await openIndexedDbStore(database);
  const end = () => {
    window.die();
    return new Promise(() => {});
  };
  const world = { do: (deed) => void window.deed(deed) };
  const conductor = await conductorOver(breakingStore(store, at, end), world, { durability });
  const { error } = await carryOn(conductor);
  await conductor.shutdown();
  await store.close();
  if (error !== undefined) throw new Error(error.message);
};

window.lend = async (database) => {
  const store = await openIndexedDbStore(database);
  window.callStore = async (method, given) => packed(await store[method](...unpacked(given)));
};
