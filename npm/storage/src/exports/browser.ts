/** Storage for browsers. Nothing here needs Node. */

export { type BrowserStorageConfig, createStorage } from "../browser-storage.js";
export type * from "../earlier-names.js";
export type {
  FileFormat,
  FlowOutline,
  IndexedDBEngine,
  SaveOptions,
  StorageChange,
  StorageEngine,
  StorageInfo,
  StorageItem,
} from "../engine.js";
export { StorageError, type StorageErrorCode, type StorageErrorContext } from "../error.js";
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
export { createMemoryCache, type MemoryCacheOptions } from "../executions/memory-cache.js";
export {
  createMemoryExecutions,
  type MemoryExecutions,
  type MemoryExecutionsOptions,
} from "../executions/memory-store.js";
export {
  type IndexedDbStore,
  type IndexedDbStoreOptions,
  openIndexedDbStore,
} from "../executions/open-indexeddb-store.js";
export type {
  CachedOutput,
  NewCachedOutput,
  OutputCache,
  OutputCacheFigures,
  OutputCacheFilter,
} from "../executions/output-cache.js";
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
export { createIndexedDBEngine, type IndexedDBEngineOptions } from "../indexeddb/indexeddb-engine.js";
export { createMemoryEngine, type MemoryEngineOptions } from "../memory/memory-engine.js";
