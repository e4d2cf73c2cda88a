/** What `state-persistence.ts` is in a page, where the build puts this in its place: states are kept in stores alone. */
import { openerOf } from "../api/durable/page-execution-store.js";
import type { StateLocation } from "../api/durable/state-store.js";
import { TransportError } from "../transports/failure.js";
import type { StatePersistence } from "./state-persistence.js";
import type { StateReport, StateRepository } from "./state-repository.js";

/**
 * Keeps states. The code for that is loaded when something is to be kept.
 *
 * @throws TransportError `NO_TRANSPORT` without a store; Error INVALID_PARAMETERS for the address of a store that does not exist
 */
export function persistStates({ store }: StateLocation, report: StateReport): StatePersistence {
  if (store === undefined) {
    throw new TransportError(
      "NO_TRANSPORT",
      "A page has no files to keep states of executions in. Leave persistState away, give it a `store`, or keep them where Node runs",
    );
  }
  // An address that pages cannot open is refused at once.
  if (typeof store === "string") openerOf(store);
  let repository: StateRepository | undefined;
  let loading: Promise<StateRepository | undefined> | undefined;
  const load = async () => {
    try {
      const { openStateRepository } = await import("./page-state-repository.js");
      repository = openStateRepository(store, report);
    } catch (error) {
      // What could not be loaded may be the next time.
      loading = undefined;
      report("the page", error as Error);
    }
    return repository;
  };
  const loaded = () => {
    loading ??= load();
    return loading;
  };
  return {
    // Before it is loaded, nothing is written.
    touch: (state) => repository?.touch(state),
    write: async (states, all) => (await loaded())?.write(states, all) ?? new Set(),
    remove: async (id, isKnown) => (await loaded())?.remove(id, isKnown),
    read: async (take) => (await loaded())?.read(take),
    close: async () => (await loading)?.close(),
  };
}
