import type { StorageEngine } from "../engine.js";
import { StorageError } from "../error.js";
import { createMemoryEngine } from "./memory-engine.js";

/** Which storage to create in a browser. */
export interface BrowserStorageConfig {
  /** An engine that keeps what a page saves; used as it is. */
  engine?: StorageEngine;
  type?: "memory";
}

/**
 * A storage. Unless the configuration asks for memory or brings an engine, values are kept in memory and a warning says so,
 * because they are gone when the page is.
 *
 * @throws StorageError UNSUPPORTED_OPERATION for a type that browsers do not have.
 */
export function createStorage({ engine, type }: BrowserStorageConfig = {}): StorageEngine {
  if (engine) return engine;
  switch (type as string | undefined) {
    case undefined:
      console.warn(
        "Storage is in memory only and is lost when the page closes; give createStorage an engine to keep it",
      );
      return createMemoryEngine();
    case "memory":
      return createMemoryEngine();
    case "filesystem":
      throw new StorageError(
        "A browser has no storage of type filesystem; use memory or give an engine",
        "UNSUPPORTED_OPERATION",
      );
    default:
      throw new StorageError(`Unknown storage type: ${String(type)}`, "UNSUPPORTED_OPERATION");
  }
}
