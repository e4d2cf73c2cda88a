/** Persistence of a state manager: in a folder, or in a store. */
import { createHash } from "node:crypto";
import { openerOf } from "../api/durable/execution-store.js";
import type { StateLocation } from "../api/durable/state-store.js";
import { StateFiles } from "./state-files.js";
import { type StateReport, StateRepository } from "./state-repository.js";
import { StoredStates } from "./stored-states.js";

/** What a state manager needs of a {@link StateRepository}. */
export type StatePersistence = Pick<StateRepository, "touch" | "write" | "remove" | "read" | "close">;

/**
 * Keeps states.
 *
 * @throws Error INVALID_PARAMETERS for the address of a store that does not exist
 */
export function persistStates({ directory, store }: StateLocation, report: StateReport): StatePersistence {
  const backend = store === undefined ? new StateFiles(directory) : new StoredStates(store, openerOf);
  return new StateRepository(backend, (text) => createHash("sha256").update(text).digest("hex"), report);
}
