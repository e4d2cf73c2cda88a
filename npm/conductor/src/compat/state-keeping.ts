/** Where a state manager keeps states: in a folder, or in a store. */
import { createHash } from "node:crypto";
import { openerOf } from "../api/durable/execution-store.js";
import type { StatePlaces } from "../api/durable/state-store.js";
import { StateFiles } from "./state-files.js";
import { StateKeeper, type StateReport } from "./state-keeper.js";
import { StoredStates } from "./stored-states.js";

/** What a state manager needs of a {@link StateKeeper}. */
export type StateKeeping = Pick<StateKeeper, "touch" | "write" | "remove" | "read" | "close">;

/**
 * Keeps states.
 *
 * @throws Error INVALID_PARAMETERS for the address of a store that does not exist
 */
export function keepStates({ directory, store }: StatePlaces, report: StateReport): StateKeeping {
  const place = store === undefined ? new StateFiles(directory) : new StoredStates(store, openerOf);
  return new StateKeeper(place, (text) => createHash("sha256").update(text).digest("hex"), report);
}
