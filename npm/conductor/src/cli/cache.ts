/** `conductor cache`: the outputs of nodes that a store keeps, to be counted and cleared. */
import type { OutputCache, OutputCacheFilter } from "@atomiton/storage";

import { Exit } from "./exit.js";
import { jsonText } from "./json.js";
import { column, counted, oneLine } from "./text.js";
import { type StoreOptions, withOpenStore } from "./with-store.js";

/** Options of clearing. */
export interface ClearOptions extends StoreOptions {
  /** Only outputs of this node type. */
  type?: string;
  /** Only outputs that have expired. */
  expired?: boolean;
}

/** Tells how many outputs there are, and how large they are. */
export async function cacheStats(options: StoreOptions): Promise<Exit> {
  return withCache(options, async (cache, store) => {
    const { entries, bytes } = await cache.figures();
    if (options.json) process.stdout.write(`${jsonText({ store, entries, bytes }, 2)}\n`);
    else process.stdout.write(`${column("outputs", 10)}${entries}\n${column("bytes", 10)}${bytes}\n`);
  });
}

/** Removes outputs. */
export async function clearCache({ type: nodeType, expired, ...options }: ClearOptions): Promise<Exit> {
  return withCache(options, async (cache, store) => {
    const which: OutputCacheFilter = {
      ...(nodeType !== undefined && { nodeType }),
      ...(expired === true && { expiredAt: Date.now() }),
    };
    const cleared = await cache.clear(which);
    if (options.json) process.stdout.write(`${jsonText({ store, cleared }, 2)}\n`);
    else process.stdout.write(`${counted(cleared, "output")} cleared\n`);
  });
}

async function withCache(
  options: StoreOptions,
  use: (cache: OutputCache, store: string) => Promise<void>,
): Promise<Exit> {
  return withOpenStore(options, async ({ cache, name }) => {
    if (cache === undefined) {
      process.stderr.write(`${oneLine(name)} keeps no outputs of nodes\n`);
      return Exit.usage;
    }
    await use(cache, name);
    return Exit.success;
  });
}
