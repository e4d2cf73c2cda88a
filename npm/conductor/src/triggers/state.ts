/** What is kept of triggers in the store, as JSON by their names. */
import { createHash } from "node:crypto";
import type { EntryStorage, ExecutionStore } from "@atomiton/storage";
import { coded } from "../engine/failure.js";
import type { TriggerState } from "./types.js";

/** Tries of a change that other processes get in the way of. */
const MOST_TRIES = 20;

/** A collection of the store. Throws INVALID_PARAMETERS for a store that keeps none. */
export function collectionOf(store: ExecutionStore, name: string): EntryStorage {
  if (store.entries !== undefined) return store.entries(name);
  throw coded("INVALID_PARAMETERS", `The store ${store.name} keeps no entries, and so no state of triggers`, undefined);
}

/** What is kept under a name. */
export function stateIn(entries: EntryStorage, id: string): TriggerState {
  const read = async () => {
    const entry = await entries.get(id);
    return { hash: entry?.hash ?? "", kept: entry === undefined ? {} : JSON.parse(entry.content) };
  };
  return {
    get: async () => (await read()).kept,
    async change(change) {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const { hash, kept } = await read();
        const changed = change(kept);
        if (changed === undefined) return kept;
        const refused = await entries.write([{ id, entry: entryOf(changed), ifHash: hash }]);
        if (refused.length === 0) return changed;
      }
      throw coded(
        "EXECUTION_FAILED",
        `Other processes change the state of the trigger ${id} again and again`,
        undefined,
      );
    },
  };
}

/** A value as an entry. */
export function entryOf(value: unknown): { hash: string; content: string } {
  const content = JSON.stringify(value);
  return { content, hash: createHash("sha256").update(content).digest("hex") };
}
