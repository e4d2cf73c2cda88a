import type { EntryStorage } from "./entries.js";
import type { FlowStorage } from "./flows/versions.js";
import type { OutputCache } from "./output-cache.js";
import type { ExecutionStore } from "./store.js";

/** Options for a store of executions in IndexedDB. */
export interface IndexedDbStoreOptions {
  /** Bytes that its cache of outputs takes at most; 256 MiB unless given. */
  cacheBytes?: number;
}

/** A store of executions in IndexedDB. */
export interface IndexedDbStore extends ExecutionStore {
  readonly cache: OutputCache;
  readonly flows: FlowStorage;
  readonly entries: (collection: string) => EntryStorage;
}

/**
 * Opens a store of executions in a database of the browser, which all pages and workers of one origin share by its name.
 *
 * What this object owns, it owns until it is closed or its tab is gone: it holds a Web Lock, which falls with the tab. A write
 * is on disk when its promise settles. The code of the store is loaded here, so that pages without executions do without it.
 *
 * @param name of the database; default `atomiton-executions`
 * @throws StorageError UNSUPPORTED_OPERATION for pages without Web Locks, which are those not served by HTTPS or from localhost,
 *   and for a database of a later version or of something else; ACCESS_DENIED where the page may not use IndexedDB
 */
export async function openIndexedDbStore(
  name = "atomiton-executions",
  { cacheBytes }: IndexedDbStoreOptions = {},
): Promise<IndexedDbStore> {
  const { openStore } = await import("./indexeddb-store.js");
  return openStore(name, cacheBytes);
}
