/** The stores of executions that a page can open, by their addresses. */
import type { ExecutionStore } from "@atomiton/storage";
import { openIndexedDbStore } from "@atomiton/storage/engines";

import { coded } from "../../engine/failure.js";

/**
 * What opens the store at an address.
 *
 * @throws Error INVALID_PARAMETERS for an address that is not `indexeddb:NAME`
 */
export function openerOf(address: string): () => Promise<ExecutionStore> {
  const [, name] = /^indexeddb:(.+)$/s.exec(address) ?? [];
  if (name !== undefined) return () => openIndexedDbStore(name);
  // Only the scheme is said: an address may have a password.
  const message = `A page cannot open the store \`${address.split(":", 1)}:…\`: give \`indexeddb:NAME\`, or a store of @atomiton/storage`;
  throw coded("INVALID_PARAMETERS", message, undefined);
}
