/** The cache of outputs of a store that keeps it in a database: the rules that are the same for all of them. */
import { StorageError } from "../error.js";
import { unwritableText } from "./checks.js";
import type { CachedOutput, NewCachedOutput, OutputCache, OutputCacheFilter } from "./output-cache.js";

/** What one entry takes beside its output, such as its row; the same as in memory. */
export const ENTRY_BYTES = 512;

/** Bytes that entries take at most unless given: on a disk, and in a page. */
export const CACHE_BYTES = { disk: 1024 ** 3, page: 256 * 1024 ** 2 };

/** Uses that are noted together with the next entries, or by themselves once there are so many. */
const NOTED_AT_ONCE = 1000;
/** Entries that one step of `clear` removes. */
const CLEARED_AT_ONCE = 500;

/** The table of a cache. Each method is one transaction. */
export interface OutputTable {
  find(key: string, now: number): Promise<CachedOutput | undefined>;
  /**
   * Notes uses, in their order, and keeps entries, of which no two have the same key; those that were not used for longest go
   * until all take `limit` bytes at most. An entry that is larger is not kept, and what was kept under its key is gone.
   */
  keep(entries: readonly NewCachedOutput[], used: readonly string[], limit: number): Promise<void>;
  size(): Promise<{ entries: number; bytes: number }>;
  /** Removes `limit` entries at most; how many. */
  clear(which: OutputCacheFilter, limit: number): Promise<number>;
}

/** A cache in a database. */
export interface KeptOutputs extends OutputCache {
  /** Notes what was used last. */
  flush(): Promise<void>;
}

/** @throws StorageError UNSUPPORTED_OPERATION where the option is not a whole number of at least 1 */
export function checkCacheBytes(cacheBytes: number): void {
  if (Number.isSafeInteger(cacheBytes) && cacheBytes >= 1) return;
  throw new StorageError(
    `\`cacheBytes\` of a store is ${String(cacheBytes)}; give a whole number of bytes, at least 1`,
    "UNSUPPORTED_OPERATION",
    { context: { operation: "open" } },
  );
}

/**
 * The cache of a table. Which entries are used is noted behind, with the next entries that are kept: a crash forgets some uses, so
 * that their entries may go earlier.
 */
export function keptOutputs(table: OutputTable, maxBytes: number): KeptOutputs {
  /** The one that was used last comes last. */
  const used = new Set<string>();
  let hits = 0;

  const write = async (entries: readonly NewCachedOutput[]): Promise<void> => {
    const noted = [...used];
    used.clear();
    await table.keep(entries, noted, maxBytes);
  };
  return {
    async find(key, now) {
      const found = unwritableText(key) === undefined ? await table.find(key, now) : undefined;
      if (found === undefined) return undefined;
      hits++;
      used.delete(key);
      used.add(key);
      // The entry counts, whether its use can be noted or not.
      if (used.size >= NOTED_AT_ONCE) await write([]).catch(() => {});
      return found;
    },
    async keep(entries) {
      if (entries.length === 0) return;
      for (const { key, nodeType, executionId, nodeId } of entries) {
        for (const [name, text] of Object.entries({ key, nodeType, executionId, nodeId })) checkText(name, text);
      }
      await write([...new Map(entries.map((entry) => [entry.key, entry])).values()]);
    },
    async figures() {
      return { ...(await table.size()), hits };
    },
    async clear({ expiredAt, nodeType } = {}) {
      const which = { ...(expiredAt !== undefined && { expiredAt }), ...(nodeType !== undefined && { nodeType }) };
      let count = 0;
      for (;;) {
        const removed = await table.clear(which, CLEARED_AT_ONCE);
        count += removed;
        if (removed < CLEARED_AT_ONCE) return count;
      }
    },
    async flush() {
      if (used.size > 0) await write([]);
    },
  };
}

function checkText(name: string, text: string): void {
  const found = unwritableText(text);
  if (found === undefined) return;
  throw new StorageError(`\`${name}\` of a cached output contains ${found}; take it out`, "SERIALIZATION_ERROR", {
    context: { operation: "keep" },
  });
}
