import { StorageError } from "../error.js";
import type { CachedOutput, NewCachedOutput, OutputCache } from "./output-cache.js";

/** Options for a cache in memory. */
export interface MemoryCacheOptions {
  /** Bytes that entries take at most, each its output and 512 more; 64 MiB unless given. The least recently used go first. */
  maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/** What one entry takes beside its output, such as its key. */
const ENTRY_BYTES = 512;

/**
 * A cache of outputs in memory, gone with the page or program. An output that is larger than the whole cache is not kept.
 *
 * @throws StorageError UNSUPPORTED_OPERATION where `maxBytes` is not a number of at least 1
 */
export function createMemoryCache({ maxBytes = DEFAULT_MAX_BYTES }: MemoryCacheOptions = {}): OutputCache {
  if (typeof maxBytes !== "number" || !(maxBytes >= 1)) {
    throw new StorageError(
      `A cache in memory has \`maxBytes\` ${String(maxBytes)}; give a number of bytes, at least 1`,
      "UNSUPPORTED_OPERATION",
    );
  }
  /** Those that were used last come last. */
  const entries = new Map<string, CachedOutput>();
  let bytes = 0;
  let hits = 0;

  const remove = (entry: CachedOutput): void => {
    entries.delete(entry.key);
    bytes -= entry.output.length;
  };
  return {
    async find(key, now) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (hasExpired(entry, now)) {
        remove(entry);
        return undefined;
      }
      hits++;
      entries.delete(key);
      entries.set(key, entry);
      return copyOf(entry);
    },
    async keep(given) {
      for (const entry of given) {
        const before = entries.get(entry.key);
        if (before !== undefined) remove(before);
        if (entry.output.length + ENTRY_BYTES > maxBytes) continue;
        entries.set(entry.key, copyOf(entry));
        bytes += entry.output.length;
      }
      for (const oldest of entries.values()) {
        if (bytes + entries.size * ENTRY_BYTES <= maxBytes) break;
        remove(oldest);
      }
    },
    async figures() {
      return { entries: entries.size, bytes, hits };
    },
    async clear({ expiredAt, nodeType } = {}) {
      const gone = [...entries.values()].filter(
        (entry) =>
          (expiredAt === undefined || hasExpired(entry, expiredAt)) &&
          (nodeType === undefined || entry.nodeType === nodeType),
      );
      gone.forEach(remove);
      return gone.length;
    },
  };
}

function hasExpired({ expiresAt }: NewCachedOutput, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** Bytes of callers may be written to later, and views may hold more than they show. */
function copyOf(entry: NewCachedOutput): CachedOutput {
  return { ...entry, output: entry.output.slice() };
}
