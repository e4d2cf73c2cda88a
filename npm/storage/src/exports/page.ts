/**
 * Storage under the name that Node knows it by, in a page: what `./browser` has, and every other name of Node's entry. Code
 * for both can be bundled, and learns from an error that a page has no files.
 */
import { type BrowserStorageConfig, createStorage as createBrowserStorage } from "../browser-storage.js";
import type { StorageEngine } from "../engine.js";
import type { StorageConfig } from "../storage.js";

/**
 * A storage, at once: a database is opened at its first use. Without a configuration values are kept in IndexedDB, or in memory
 * without it.
 *
 * @throws StorageError UNSUPPORTED_OPERATION for a type that browsers do not have, such as `filesystem`.
 */
export const createStorage: (config?: BrowserStorageConfig | StorageConfig) => StorageEngine = createBrowserStorage as (
  config?: object,
) => StorageEngine;

export type { FileSystemEngine, StorageProblem } from "../engine.js";
export type { EntryChange, EntryStorage, KeptEntry, ListedEntry } from "../executions/entries.js";
export type {
  FlowHistory,
  FlowHistoryOptions,
  FlowRetention,
  FlowSaveOptions,
  FlowStorage,
  FlowVersion,
  StoredFlow,
} from "../executions/flows/versions.js";
export type {
  CachedOutput,
  NewCachedOutput,
  OutputCache,
  OutputCacheFigures,
  OutputCacheFilter,
} from "../executions/output-cache.js";
export type { PostgresStore, PostgresStoreOptions } from "../executions/postgres-store.js";
export type { StoreCopy } from "../executions/sqlite-backup.js";
export type { SqliteStore, SqliteStoreOptions } from "../executions/sqlite-store.js";
export type {
  ExecutionChange,
  ExecutionFilter,
  ExecutionPage,
  ExecutionRecord,
  ExecutionStatus,
  ExecutionStore,
  ExecutionUpdate,
  NewExecution,
  Refusal,
  RefusalReason,
  Retention,
  StoredBlob,
  StoredExecution,
  StoreFigures,
} from "../executions/store.js";
export { EXECUTION_STATUSES } from "../executions/store.js";
export type { FileSystemEngineOptions } from "../files/file-system-engine.js";
export type { FlowFileMetadata } from "../files/flow-file.js";
export * from "../no-files.js";
export type {
  ApplicationPaths,
  ElectronPaths,
  PathContext,
  PathManager,
  PathManagerOptions,
} from "../paths/path-manager.js";
export { sanitise } from "../paths/sanitise.js";
export type { StorageConfig } from "../storage.js";
export * from "./browser.js";
