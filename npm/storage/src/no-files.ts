/** Stand-ins for exports that need files or connections: a machine's names and types, so that code with these imports can be bundled. */
import { StorageError } from "./error.js";
import type * as postgresStore from "./executions/postgres-store.js";
import type * as sqliteBackup from "./executions/sqlite-backup.js";
import type * as sqliteStore from "./executions/sqlite-store.js";
import type * as atomicWrite from "./files/atomic-write.js";
import type * as fileSystemEngine from "./files/file-system-engine.js";
import type * as flowFile from "./files/flow-file.js";
import type * as pathManager from "./paths/path-manager.js";

/** @throws StorageError UNSUPPORTED_OPERATION: a page has no files. */
export const createFileSystemEngine: typeof fileSystemEngine.createFileSystemEngine = () => {
  throw noFiles("createFileSystemEngine", "use createIndexedDBEngine or createMemoryEngine, or do it");
};

/** @throws StorageError UNSUPPORTED_OPERATION: a page has no files. */
export const createPathManager: typeof pathManager.createPathManager = () => {
  throw noFiles("createPathManager");
};

/** @throws StorageError UNSUPPORTED_OPERATION: a page has no files. */
export const initializePathManager: typeof pathManager.initializePathManager = () => {
  throw noFiles("initializePathManager");
};

/** @throws StorageError UNSUPPORTED_OPERATION: a page has no files. */
export const getPathManager: typeof pathManager.getPathManager = () => {
  throw noFiles("getPathManager");
};

/** Rejects with StorageError UNSUPPORTED_OPERATION: a page has no files. */
export const saveFlowFile: typeof flowFile.saveFlowFile = async () => {
  throw noFiles("saveFlowFile", "save with the storage of createStorage, or do it");
};

/** Rejects with StorageError UNSUPPORTED_OPERATION: a page has no files. */
export const loadFlowFile: typeof flowFile.loadFlowFile = async () => {
  throw noFiles("loadFlowFile", "load with the storage of createStorage, or do it");
};

/** Rejects with StorageError UNSUPPORTED_OPERATION: a page has no files. */
export const writeAtomically: typeof atomicWrite.writeAtomically = async () => {
  throw noFiles("writeAtomically");
};

/** Rejects with StorageError UNSUPPORTED_OPERATION: a page has no files. */
export const writeThrough: typeof atomicWrite.writeThrough = async () => {
  throw noFiles("writeThrough");
};

/** Rejects with StorageError UNSUPPORTED_OPERATION: a page has no files. */
export const openSqliteStore: typeof sqliteStore.openSqliteStore = async () => {
  throw noFiles("openSqliteStore");
};

/** Rejects with StorageError UNSUPPORTED_OPERATION: a page has no files. */
export const backUpSqliteStore: typeof sqliteBackup.backUpSqliteStore = async () => {
  throw noFiles("backUpSqliteStore");
};

/** Rejects with StorageError UNSUPPORTED_OPERATION: a page has no files. */
export const restoreSqliteStore: typeof sqliteBackup.restoreSqliteStore = async () => {
  throw noFiles("restoreSqliteStore");
};

/** Rejects with StorageError UNSUPPORTED_OPERATION: a page cannot connect to a database server. */
export const openPostgresStore: typeof postgresStore.openPostgresStore = async () => {
  throw new StorageError(
    "A page cannot connect to a database server for openPostgresStore; use openIndexedDbStore, or do it in Node or in Electron's main process",
    "UNSUPPORTED_OPERATION",
  );
};

function noFiles(name: string, instead = "do it"): StorageError {
  return new StorageError(
    `A page has no files for ${name}; ${instead} in Node or in Electron's main process`,
    "UNSUPPORTED_OPERATION",
  );
}
