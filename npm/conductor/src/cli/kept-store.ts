/** The store of a command: opened once, for its conductor and for what the command looks up by itself. */
import { existsSync } from "node:fs";
import type { ExecutionStore } from "@atomiton/storage";
import { databaseFile, openExecutionStore, withoutPassword } from "../api/durable/execution-store.js";
import { isPart } from "../executions/status.js";
import { UsageError } from "./exit.js";
import { counted, oneLine } from "./text.js";

/** A store that is open. */
export interface KeptStore {
  store: ExecutionStore;
  /** Closes it, unless the settings gave it open. */
  close(): Promise<void>;
}

/** Where a server keeps what it has, unless something else is said. */
export const SERVER_STORE = "sqlite:conductor.db";

/** Unfinished executions that are counted one by one. */
const MOST_COUNTED = 100;

/**
 * Opens a store for a command.
 *
 * @param mustExist whether a database that is not there is an error, in the place of a new one
 * @throws UsageError for an address that no store has, or without a database; StorageError where it cannot be opened
 */
export async function openKeptStore(address: string | ExecutionStore, mustExist = false): Promise<KeptStore> {
  if (typeof address !== "string") return { store: address, close: async () => {} };
  const file = databaseFile(address);
  if (mustExist && file !== undefined && !existsSync(file))
    throw new UsageError(`There is no database ${oneLine(file)}`);
  try {
    const store = await openExecutionStore(address);
    return { store, close: () => store.close() };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    throw code === "INVALID_PARAMETERS" ? new UsageError(message) : error;
  }
}

/** The option that names a store, to be typed again: without its password, which is to be filled in. */
export function storeOption(address: string | ExecutionStore | undefined): string {
  if (typeof address !== "string") return "--store ADDRESS";
  const text = oneLine(withoutPassword(address));
  return `--store ${/^[\w.:/@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`}`;
}

/** Says on stderr that executions were left unfinished by processes that are gone. */
export async function tellUnfinished(store: ExecutionStore): Promise<void> {
  const ids = await store.claimable(Date.now(), MOST_COUNTED);
  const rows = await Promise.all(ids.map((id) => store.get(id)));
  // Parts of others go on with these.
  const count = rows.filter((row) => row !== undefined && !isPart(row)).length;
  if (count === 0) return;
  const unfinished = ids.length < MOST_COUNTED ? counted(count, "execution") : `${MOST_COUNTED} executions or more`;
  process.stderr.write(`${unfinished} in the store can go on: conductor executions resume\n`);
}
