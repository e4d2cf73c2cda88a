/** The stores of executions that Node can open, by their addresses. */
import { resolve } from "node:path";
import * as storage from "@atomiton/storage";

import { coded } from "../../engine/failure.js";

/**
 * Opens the store at an address: `sqlite:PATH` or `postgres://…`.
 *
 * @throws Error INVALID_PARAMETERS for any other address; StorageError where it cannot be opened
 */
export async function openExecutionStore(address: string): Promise<storage.ExecutionStore> {
  return openerOf(address)();
}

/**
 * What opens the store at an address.
 *
 * @throws Error INVALID_PARAMETERS for an address that is not `sqlite:PATH` or `postgres://…`
 */
export function openerOf(address: string): () => Promise<storage.ExecutionStore> {
  const file = databaseFile(address);
  if (file !== undefined) return () => storage.openSqliteStore(file);
  if (/^postgres(?:ql)?:\/\//.test(address)) return () => storage.openPostgresStore(address);
  throw coded(
    "INVALID_PARAMETERS",
    `The store ${JSON.stringify(withoutPassword(address))} is not known: give \`sqlite:PATH\`, such as \`sqlite:./conductor.db\`, or \`postgres://…\``,
    undefined,
  );
}

/** The file of a SQLite database; `undefined` for the address of another store. */
export function databaseFile(address: string): string | undefined {
  const [, path] = /^sqlite:(?:\/\/)?(.+)$/s.exec(address) ?? [];
  return path && resolve(path);
}

/** The address of a store, as it may be shown. */
export function withoutPassword(address: string): string {
  return address.replace(/\/\/([^:@/]*):[^/]*@/, "//$1:…@").replace(/([?&]password=)[^&]*/gi, "$1…");
}
