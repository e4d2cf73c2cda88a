import { checkFormat } from "./data/refusal.js";
import type { FileFormat, StorageEngine } from "./engine.js";
import { StorageError } from "./error.js";
import { hasIndexedDB } from "./indexeddb/connection.js";
import { createIndexedDBEngine } from "./indexeddb/indexeddb-engine.js";
import { createMemoryEngine } from "./memory/memory-engine.js";

/** Which storage to create in a browser. */
export interface BrowserStorageConfig {
  /** An engine of your own, used as it is; wins over `type`. */
  engine?: StorageEngine;
  /** Default `indexeddb`, where there is such a thing. */
  type?: "indexeddb" | "memory";
  /** The name of the database of `indexeddb`. Default `atomiton`. */
  name?: string;
  /** Of files, which browsers have none of; for code that is shared with a desktop. */
  format?: FileFormat;
}

/**
 * A storage, at once: a database is opened at its first use. Without a configuration values are kept in IndexedDB. Without
 * it they are kept in memory, and a warning says so, because they are gone when the page is.
 *
 * @throws StorageError UNSUPPORTED_OPERATION for a type that browsers do not have, or an unknown format.
 */
export function createStorage({ engine, type, name, format }: BrowserStorageConfig = {}): StorageEngine {
  checkFormat(format);
  if (engine) return engine;
  switch ((type as string | undefined) ?? defaultType()) {
    case "indexeddb":
      return createIndexedDBEngine(name === undefined ? {} : { name });
    case "memory":
      return createMemoryEngine();
    case "filesystem":
      throw new StorageError(
        "A browser has no storage of type filesystem; use indexeddb or memory, or give an engine",
        "UNSUPPORTED_OPERATION",
      );
    default:
      throw new StorageError(`Unknown storage type: ${String(type)}`, "UNSUPPORTED_OPERATION");
  }
}

function defaultType(): "indexeddb" | "memory" {
  if (hasIndexedDB()) return "indexeddb";
  console.warn("Storage is in memory only and is lost when the page closes; give createStorage an engine to keep it");
  return "memory";
}
