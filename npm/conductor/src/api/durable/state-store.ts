/** The store of a state manager. */
import type { ExecutionStore } from "@atomiton/storage";

import { coded } from "../../engine/failure.js";
import { demandStore } from "../settings.js";

/** Where states are to be kept, of which `directory` and `store` exclude each other. */
export interface StateLocation {
  directory?: string | undefined;
  store?: string | ExecutionStore | undefined;
}

/**
 * Refuses a store that could not be used as it is meant.
 *
 * @param keeps whether states are to be kept at all
 * @throws Error INVALID_PARAMETERS for what is no store, or keeps no states, with a `directory` as well, or where nothing is kept
 */
export function checkStateStore({ directory, store }: StateLocation, keeps: boolean): void {
  if (store === undefined) return;
  demandStore(store);
  const refused = (message: string) => coded("INVALID_PARAMETERS", message, undefined);
  if (!keeps) {
    throw refused("The option `store` of a state manager keeps nothing without `persistState`; give `true` for that");
  }
  if (directory !== undefined) {
    throw refused("A state manager keeps states in its `directory` or in its `store`; leave one of them out");
  }
  if (typeof store === "string" || store.entries !== undefined) return;
  throw refused(`The store ${store.name} keeps no states; give one of @atomiton/storage, or the address of a database`);
}
