/** Which cache outputs are kept in. */
import type { ExecutionStore, OutputCache } from "@atomiton/storage";

import type { Log } from "../../engine/log.js";
import type { CacheSettings } from "./settings.js";

/** Where caches come from. */
export interface CacheSources extends CacheSettings {
  /** Where executions are kept, if they are. */
  store(): Promise<ExecutionStore> | undefined;
  memory(options: { maxBytes?: number }): OutputCache;
  log: Log;
}

/** The cache that is given, one in memory of a bound that is given, that of the store, else one in memory. */
export async function openCache({ given, maxBytes, store, memory, log }: CacheSources): Promise<OutputCache> {
  if (given !== undefined) return given;
  if (maxBytes !== undefined) return memory({ maxBytes });
  const kept = await store();
  if (kept?.cache !== undefined) return kept.cache;
  if (kept !== undefined) log.warn(`[CONDUCTOR] ${kept.name} keeps no outputs; they are kept in memory`);
  return memory({});
}
