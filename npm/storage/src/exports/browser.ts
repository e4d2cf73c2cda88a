/** Storage for browsers. Nothing here needs Node. */
export type { SaveOptions, StorageEngine, StorageInfo, StorageItem } from "../engine.js";
export { StorageError, type StorageErrorCode, type StorageErrorContext } from "../error.js";
export { type BrowserStorageConfig, createStorage } from "../memory/browser-storage.js";
export { createMemoryEngine, type MemoryEngineOptions } from "../memory/memory-engine.js";
