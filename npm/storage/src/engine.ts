import type { StorageErrorCode } from "./error.js";

/** How a value is saved. */
export interface SaveOptions {
  /**
   * The file to write: `<key>.composite.yaml` or `<key>.composite.json`. Without it the file that `load` reads is updated, or
   * else a YAML file is made. Of both files of one key, the YAML file is the one that `load` reads.
   */
  format?: "yaml" | "json";
  /** Goes into the `metadata` of a flow, over what stands there. */
  metadata?: Record<string, unknown>;
  /**
   * Replaces the file whatever it holds: one that cannot be read, or whose comments cannot be kept. Without it such a save is
   * refused with UNSUPPORTED_OPERATION.
   */
  overwrite?: boolean;
}

/**
 * What files hold: `yaml` as people write it, comments kept; `compatible` as the TypeScript version writes and reads it, JSON under
 * every ending, which is a YAML document as well.
 */
export type FileFormat = "yaml" | "compatible";

/** One stored value in a list. */
export interface StorageItem {
  key: string;
  /** The flow's name, or the last part of the key. */
  name: string;
  /** Bytes of the file; in memory and in IndexedDB, characters of the JSON text. */
  size: number;
  /** ISO time of `metadata.created`, or else of the file. */
  created: string;
  /** ISO time of `metadata.updated`, or else of the file. */
  updated: string;
  /** The flow's `version`, `description` and `metadata`. */
  metadata: Record<string, unknown>;
  /** Of a flow, where the engine knows it without reading the value. */
  outline?: FlowOutline;
}

/** A flow without its contents. But for `nodeCount`, the fields are those of the value, and missing where it has none. */
export interface FlowOutline {
  /** Direct children. */
  nodeCount: number;
  id?: unknown;
  type?: unknown;
  name?: unknown;
  description?: unknown;
  version?: unknown;
  tags?: unknown;
  savedAt?: unknown;
  updatedAt?: unknown;
  deleted?: unknown;
}

/** What an engine is. */
export interface StorageInfo {
  type: "filesystem" | "memory" | "indexeddb" | "sqlite" | "postgres";
  /** Where the kind of engine is at home; `desktop` for memory, wherever it is. */
  platform: "desktop" | "browser";
  /** False while a database cannot be opened. */
  connected: boolean;
  limits?: {
    /** Bytes of one stored value. */
    maxSize: number;
    /** How deeply objects and lists may lie in one another. */
    maxDepth: number;
  };
}

/**
 * Keeps values under keys. A value is what JSON has a word for; dates and `undefined` are taken as `JSON.stringify` takes
 * them. Keys are any text, with `/` for folders. All methods but `getInfo` answer with promises, rejected with `StorageError`.
 */
export interface StorageEngine {
  /**
   * Saves a value as it is at this moment. A flow (an object with text as `id`, `name` and `version`) gets `metadata.updated`,
   * and `metadata.created` unless it has one; the given object is left alone. Saves of one key take effect in turn.
   *
   * @throws StorageError SERIALIZATION_ERROR for data that cannot be written, naming its place; UNSUPPORTED_OPERATION where
   *   saving would lose a comment or a file that cannot be read; ACCESS_DENIED, STORAGE_FULL, QUOTA_EXCEEDED.
   */
  save(key: string, data: unknown, options?: SaveOptions): Promise<void>;
  /** The value, as an object of the caller's own. @throws StorageError NOT_FOUND, SERIALIZATION_ERROR, ACCESS_DENIED. */
  load<T = unknown>(key: string): Promise<T>;
  /**
   * What is stored, last updated first. `prefix` is a folder of the file system (`team` finds `team/my-flow`), and the
   * beginning of the key in memory and in IndexedDB.
   */
  list(prefix?: string): Promise<StorageItem[]>;
  /** Removes a value. @throws StorageError NOT_FOUND, ACCESS_DENIED. */
  delete(key: string): Promise<void>;
  exists(key: string): Promise<boolean>;
  getInfo(): StorageInfo;
  /**
   * Calls back for what others save or delete: other tabs, workers, engines. An engine does not announce what is done through
   * itself. Ends when what is returned is called. Engines that do not hear of others have no such method.
   */
  onChange?(listener: (change: StorageChange) => void): () => void;
  /** Gives back what the engine holds, once what was asked for is done. Engines that hold nothing have no such method. */
  close?(): Promise<void>;
}

/** Something that was saved or deleted. */
export interface StorageChange {
  key: string;
  kind: "saved" | "deleted";
  /** When, as ISO time. */
  at: string;
  /** How lists show the value; of a deleted one, how they did. */
  item: StorageItem;
}

/** An engine that keeps values in a database of the browser. */
export interface IndexedDBEngine extends StorageEngine {
  /** Calls back for what other tabs, workers and engines change, of the same origin and name. */
  onChange(listener: (change: StorageChange) => void): () => void;
  /** Lets go of the database and ends all listening. An engine that is used afterwards opens the database again. */
  close(): Promise<void>;
}

/** A file that `list` leaves out, and why. */
export interface StorageProblem {
  key: string;
  /** The absolute path. */
  file: string;
  code: StorageErrorCode;
  message: string;
  /** From 1. */
  line?: number;
  /** From 1. */
  column?: number;
}

/** An engine that keeps each value in a file of its own. */
export interface FileSystemEngine extends StorageEngine {
  /** Files that look like stored values but cannot be read: torn, corrupt, foreign. They stay where they are. */
  problems(prefix?: string): Promise<StorageProblem[]>;
}
