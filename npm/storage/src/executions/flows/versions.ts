/** Flows with all their versions, beside the executions of a store. */
import type { SaveOptions, StorageEngine } from "../../engine.js";

/** One version of a flow. */
export interface FlowVersion {
  /** From 1; each version that is saved has the next number, also after the flow was deleted. */
  version: number;
  /** When it was saved first, as ISO time. */
  savedAt: string;
  /**
   * SHA-256 of its content in hexadecimal digits, without the times of saves (`savedAt`, `updatedAt`, and `created` and `updated`
   * of its `metadata`): versions of the same hash hold the same flow.
   */
  hash: string;
}

/** A version with its content. */
export interface StoredFlow extends FlowVersion {
  /** An object of the caller's own. */
  value: unknown;
}

/** A page of the versions of a flow, the last one first. */
export interface FlowHistory {
  versions: FlowVersion[];
  /** Where the next page begins, as its option `before`; missing on the last one. */
  next?: number;
  /** When the flow was deleted, as ISO time; missing for one that is there. */
  deletedAt?: string;
}

/** A page of a history. */
export interface FlowHistoryOptions {
  /** 1–1,000, 50 unless given. */
  limit?: number;
  /** Versions before this one. */
  before?: number;
}

/** How a flow is saved. */
export interface FlowSaveOptions extends SaveOptions {
  /** The version that the current one must be; 0 where there must be no flow of this key, or a deleted one. */
  ifVersion?: number;
}

/** Which versions are removed: those that any of the rules names. */
export interface FlowRetention {
  /** All of flows that were deleted before this time, in ms since the epoch. They cannot be restored then. */
  deletedBefore?: number;
  /** All but so many of the last ones of each flow; at least 1. */
  keepVersions?: number;
}

/**
 * An engine of flows that keeps every version. Only the calls of {@link prune} remove versions: deleting a flow takes it out of
 * lists, and leaves its history.
 */
export interface FlowStorage extends StorageEngine {
  /**
   * Saves a value as the next version, and answers with it. A value with the content of the current version makes no new one: only
   * the times in it are renewed. Options of files (`format`, `overwrite`) mean nothing here.
   *
   * @throws StorageError VERSION_CONFLICT where the current version is another one than `ifVersion`; nothing was saved then. Else
   *   as other engines; UNSUPPORTED_OPERATION for a key of more than 2,000 bytes
   */
  save: ((key: string, data: unknown, options?: FlowSaveOptions) => Promise<FlowVersion>) & StorageEngine["save"];
  /** The value of a flow, or of a version of it, also of a deleted one. @throws StorageError NOT_FOUND, SERIALIZATION_ERROR. */
  load<T = unknown>(key: string, version?: number): Promise<T>;
  /** The current version of a flow that is not deleted, or any version; `undefined` for an unknown one. */
  find(key: string, version?: number): Promise<StoredFlow | undefined>;
  /** @throws StorageError NOT_FOUND for a key that was never saved, or of which nothing is left. */
  history(key: string, options?: FlowHistoryOptions): Promise<FlowHistory>;
  /**
   * Saves an earlier version again, as a new one; a deleted flow is there again.
   *
   * @throws StorageError NOT_FOUND for a version that is not there; VERSION_CONFLICT as `save`
   */
  restore(key: string, version: number, options?: Pick<FlowSaveOptions, "ifVersion">): Promise<FlowVersion>;
  /** Removes versions, in small steps between which others write; how many. */
  prune(retention: FlowRetention): Promise<number>;
}
