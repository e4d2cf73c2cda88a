/** Outputs of nodes by what they were made from. A store that keeps executions keeps these beside them. */
export interface OutputCache {
  /** The entry of a key that has not expired at `now`, in ms since the epoch. An entry expires at its `expiresAt`, not after it. */
  find(key: string, now: number): Promise<CachedOutput | undefined>;
  /**
   * Keeps entries, all or none of them; one of a key that exists is replaced, and of two with the same key the later one is kept.
   * A cache with a bound removes those that were not used for longest.
   *
   * @throws StorageError as `ExecutionStore.write` does
   */
  keep(entries: readonly NewCachedOutput[]): Promise<void>;
  figures(): Promise<OutputCacheFigures>;
  /** Removes all entries, or those that `which` names: all that is given must hold. Settles with their number. */
  clear(which?: OutputCacheFilter): Promise<number>;
}

/** An output to be kept. */
export interface NewCachedOutput {
  /** What it was made from, as 64 hexadecimal digits. */
  key: string;
  nodeType: string;
  /** The output as the conductor encodes it. A cache knows nothing of what is in it. */
  output: Uint8Array;
  /** The execution and node that made it. The entry outlives them. */
  executionId: string;
  nodeId: string;
  /** ms since the epoch. */
  storedAt: number;
  /** ms since the epoch; missing where it does not expire. */
  expiresAt?: number;
}

/** An output that was kept. */
export type CachedOutput = NewCachedOutput;

/** The entries that are removed. */
export interface OutputCacheFilter {
  /** Those that have expired at this time, in ms since the epoch. */
  expiredAt?: number;
  nodeType?: string;
}

/** How much a cache holds. */
export interface OutputCacheFigures {
  /** Those that have expired and are still there included. */
  entries: number;
  /** Of the outputs alone. */
  bytes: number;
  /** How often `find` found an entry since this object was opened. */
  hits: number;
}
