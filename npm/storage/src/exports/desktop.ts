/** Storage for Node and Electron's main process. */

export type * from "../earlier-names.js";
export type {
  FileFormat,
  FileSystemEngine,
  FlowOutline,
  SaveOptions,
  StorageChange,
  StorageEngine,
  StorageInfo,
  StorageItem,
  StorageProblem,
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
export type {
  CachedOutput,
  NewCachedOutput,
  OutputCache,
  OutputCacheFigures,
  OutputCacheFilter,
} from "../executions/output-cache.js";
export { openPostgresStore, type PostgresStore, type PostgresStoreOptions } from "../executions/postgres-store.js";
export { backUpSqliteStore, restoreSqliteStore, type StoreCopy } from "../executions/sqlite-backup.js";
export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from "../executions/sqlite-store.js";
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
export { writeAtomically, writeThrough } from "../files/atomic-write.js";
export { createFileSystemEngine, type FileSystemEngineOptions } from "../files/file-system-engine.js";
export { type FlowFileMetadata, loadFlowFile, saveFlowFile } from "../files/flow-file.js";
export { createMemoryEngine, type MemoryEngineOptions } from "../memory/memory-engine.js";
export {
  type ApplicationPaths,
  createPathManager,
  type ElectronPaths,
  getPathManager,
  initializePathManager,
  type PathContext,
  type PathManager,
  type PathManagerOptions,
} from "../paths/path-manager.js";
export { sanitise } from "../paths/sanitise.js";
export { createStorage, type StorageConfig } from "../storage.js";
