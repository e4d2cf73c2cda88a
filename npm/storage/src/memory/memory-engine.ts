import { byUpdate, stamped, storageItem } from "../data/flow.js";
import { LIMITS, type Plain } from "../data/plain.js";
import { checkKey, checkPrefix, writable, writableMetadata } from "../data/refusal.js";
import type { StorageEngine } from "../engine.js";
import { StorageError } from "../error.js";

/** What a memory engine begins with. */
export interface MemoryEngineOptions {
  /** Values by key, taken as they are. */
  initialData?: Record<string, unknown> | ReadonlyMap<string, unknown>;
}

interface Entry {
  /** JSON, so that no caller holds a part of what is stored. */
  text: string;
  created: string;
  updated: string;
}

/** Keeps values in memory, for as long as the engine is held. It takes and refuses the same data as files do. */
export function createMemoryEngine({ initialData = {} }: MemoryEngineOptions = {}): StorageEngine {
  const entries = new Map<string, Entry>();

  const put = (key: string, value: Plain, now: string): void => {
    const created = entries.get(key)?.created ?? now;
    entries.set(key, { text: JSON.stringify(value), created, updated: now });
  };
  const entryOf = (key: string, operation: string): Entry => {
    const entry = entries.get(key);
    if (entry) return entry;
    throw new StorageError(`Data not found: ${key}`, "NOT_FOUND", { context: { key, operation } });
  };

  const start = new Date().toISOString();
  for (const [key, data] of initialData instanceof Map ? initialData : Object.entries(initialData)) {
    put(key, writable(data, key), start);
  }

  return {
    async save(key, data, options) {
      checkKey(key);
      const now = new Date().toISOString();
      const value = writable(data, key);
      const metadata = writableMetadata(options?.metadata, key);
      const before = entries.get(key);
      put(key, stamped(value, before && JSON.parse(before.text), metadata, now), now);
    },
    async load<T>(key: string) {
      return JSON.parse(entryOf(key, "load").text) as T;
    },
    async list(prefix = "") {
      checkPrefix(prefix);
      const items = [...entries]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, entry]) => storageItem(key, JSON.parse(entry.text), entry.text.length, entry));
      return items.sort(byUpdate);
    },
    async delete(key) {
      entryOf(key, "delete");
      entries.delete(key);
    },
    async exists(key) {
      return entries.has(key);
    },
    getInfo() {
      return {
        type: "memory",
        platform: "desktop",
        connected: true,
        limits: { maxSize: LIMITS.bytes, maxDepth: LIMITS.depth },
      };
    },
  };
}
