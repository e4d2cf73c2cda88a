/** The repository of states of a page, loaded by the first manager that keeps some. */
import type { ExecutionStore } from "@atomiton/storage";
import { openerOf } from "../api/durable/page-execution-store.js";
import { sha256 } from "../api/durable/sha256.js";
import { type StateReport, StateRepository } from "./state-repository.js";
import { StoredStates } from "./stored-states.js";

/** Keeps states in a store. */
export function openStateRepository(store: string | ExecutionStore, report: StateReport): StateRepository {
  const encoder = new TextEncoder();
  return new StateRepository(new StoredStates(store, openerOf), (text) => sha256(encoder.encode(text)), report);
}
