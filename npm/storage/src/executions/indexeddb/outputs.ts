/** The cache of outputs in IndexedDB. */
import { ENTRY_BYTES, type OutputTable } from "../kept-outputs.js";
import type { Transactions } from "./flows.js";
import { type KeptOutput, OUTPUT_STORES, type Transaction } from "./schema.js";
import { own } from "./shared.js";

export function indexedDbOutputs({ read, change }: Transactions): OutputTable {
  return {
    find: (key, now) =>
      read("find cached outputs", ["outputs"], async (transaction) => {
        const found = await transaction.objectStore("outputs").get(key);
        if (found === undefined || hasExpired(found, now)) return undefined;
        const { used: _, ...entry } = found;
        return entry;
      }),
    keep: (entries, used, limit) =>
      change("keep outputs", OUTPUT_STORES, async (transaction) => {
        const outputs = transaction.objectStore("outputs");
        const size = await sizeOf(transaction);
        for (const key of used) {
          const entry = await outputs.get(key);
          if (entry !== undefined) await outputs.put({ ...entry, used: ++size.used });
        }
        const remove = async ({ key, output }: KeptOutput) => {
          await outputs.delete(key);
          size.entries--;
          size.bytes -= output.length;
        };
        for (const entry of entries) {
          const before = await outputs.get(entry.key);
          if (before !== undefined) await remove(before);
          if (entry.output.length + ENTRY_BYTES > limit) continue;
          await outputs.put({ ...entry, output: own(entry.output), used: ++size.used });
          size.entries++;
          size.bytes += entry.output.length;
        }
        for await (const { value } of outputs.index("used")) {
          if (size.bytes + size.entries * ENTRY_BYTES <= limit) break;
          await remove(value);
        }
        await setSize(transaction, size);
      }),
    size: () =>
      read("count cached outputs", OUTPUT_STORES, async (transaction) => {
        const { entries, bytes } = await sizeOf(transaction);
        return { entries, bytes };
      }),
    clear: ({ expiredAt, nodeType }, limit) =>
      change("clear its cache", OUTPUT_STORES, async (transaction) => {
        const outputs = transaction.objectStore("outputs");
        const size = await sizeOf(transaction);
        let count = 0;
        const cursor =
          expiredAt !== undefined
            ? outputs.index("expiry").iterate(IDBKeyRange.upperBound(expiredAt))
            : nodeType !== undefined
              ? outputs.index("type").iterate(nodeType)
              : outputs.iterate();
        for await (const { value } of cursor) {
          if (nodeType !== undefined && value.nodeType !== nodeType) continue;
          await outputs.delete(value.key);
          size.entries--;
          size.bytes -= value.output.length;
          count++;
          if (count === limit) break;
        }
        await setSize(transaction, size);
        return count;
      }),
  };
}

interface Size {
  entries: number;
  bytes: number;
  /** The last number of a use. */
  used: number;
}

const COUNTERS = { entries: "cached outputs", bytes: "bytes of cached outputs", used: "uses of cached outputs" };

async function sizeOf(transaction: Transaction<IDBTransactionMode>): Promise<Size> {
  const counters = transaction.objectStore("counters");
  const [entries = 0, bytes = 0, used = 0] = await Promise.all(Object.values(COUNTERS).map((key) => counters.get(key)));
  return { entries, bytes, used };
}

async function setSize(transaction: Transaction<"readwrite">, size: Size): Promise<void> {
  const counters = transaction.objectStore("counters");
  await Promise.all(Object.entries(COUNTERS).map(([name, key]) => counters.put(size[name as keyof Size], key)));
}

function hasExpired({ expiresAt }: KeptOutput, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}
