/** Flows and their versions in IndexedDB. */
import { type FlowTable, judged, type SaveOutcome } from "../flows/flow-table.js";
import { FLOW_STORES, type KeptFlow, type StoreName, type Transaction } from "./schema.js";
import { keep, release } from "./shared.js";

type Work<Mode extends IDBTransactionMode> = <T>(
  operation: string,
  stores: readonly StoreName[],
  work: (transaction: Transaction<Mode>) => Promise<T>,
) => Promise<T>;

/** The database: work in a transaction of its own. */
export interface Transactions {
  read: Work<"readonly">;
  change: Work<"readwrite">;
}

/** Above every number, as an end of keys. */
const END = Number.POSITIVE_INFINITY;

export function indexedDbFlows({ read, change }: Transactions): FlowTable {
  return {
    save: (given) =>
      change("save", FLOW_STORES, async (transaction): Promise<SaveOutcome> => {
        const { id, hash, document, documentHash, item, at } = given;
        const [flows, versions] = [transaction.objectStore("flows"), transaction.objectStore("versions")];
        const flow = await flows.get(id);
        const last = flow && (await versions.get([id, flow.version]));
        const current =
          flow !== undefined && last !== undefined && flow.deletedAt === undefined
            ? { ...last, version: flow.version }
            : undefined;
        const fate = judged(current, given);
        if (fate === "refused") return { version: current?.version ?? 0, isRefused: true, savedAt: current?.savedAt };
        await keep(transaction, "documents", documentHash, document);
        if (fate === "renewed" && current !== undefined) {
          const { version, savedAt } = current;
          await release(transaction, "documents", current.documentHash);
          await versions.put({ hash, documentHash, savedAt }, [id, version]);
          await flows.put({ version, item }, id);
          return { version, isRefused: false, savedAt };
        }
        const version = (flow?.version ?? 0) + 1;
        await versions.put({ hash, documentHash, savedAt: at }, [id, version]);
        await flows.put({ version, item }, id);
        return { version, isRefused: false, savedAt: at };
      }),
    find: (id, wanted) =>
      read("load", FLOW_STORES, async (transaction) => {
        const flow = await transaction.objectStore("flows").get(id);
        const version = wanted ?? flow?.version;
        if (flow === undefined || version === undefined) return undefined;
        const found = await transaction.objectStore("versions").get([id, version]);
        if (found === undefined) return undefined;
        const document = (await transaction.objectStore("documents").get(found.documentHash)) as string;
        const { hash, savedAt } = found;
        return { version, hash, savedAt, document, ...shownOf(flow) };
      }),
    list: (prefix) =>
      read("list", ["flows"], async (transaction) => {
        const found: unknown[] = [];
        for await (const { key, value } of transaction.objectStore("flows").iterate(IDBKeyRange.lowerBound(prefix))) {
          if (!key.startsWith(prefix)) break;
          if (value.deletedAt === undefined) found.push(JSON.parse(value.item));
        }
        return found;
      }),
    remove: (id, at) =>
      change("delete", ["flows"], async (transaction) => {
        const flows = transaction.objectStore("flows");
        const flow = await flows.get(id);
        if (flow === undefined || flow.deletedAt !== undefined) return undefined;
        await flows.put({ ...flow, deletedAt: at }, id);
        return flow.item;
      }),
    history: (id, limit, before = END) =>
      read("history", ["flows", "versions"], async (transaction) => {
        const flow = await transaction.objectStore("flows").get(id);
        if (flow === undefined) return undefined;
        const versions = [];
        const range = IDBKeyRange.bound([id, 0], [id, before], false, true);
        for await (const { key, value } of transaction.objectStore("versions").iterate(range, "prev")) {
          versions.push({ version: key[1], hash: value.hash, savedAt: value.savedAt });
          if (versions.length === limit) break;
        }
        return { versions, ...shownOf(flow) };
      }),
    prune: ({ deletedBefore = -END, keepVersions = END }, limit) =>
      change("prune", FLOW_STORES, async (transaction) => {
        const [flows, versions] = [transaction.objectStore("flows"), transaction.objectStore("versions")];
        let count = 0;
        for (const id of await flows.getAllKeys()) {
          const flow = (await flows.get(id)) as KeptFlow;
          const isGone = flow.deletedAt !== undefined && flow.deletedAt < deletedBefore;
          const last = isGone ? flow.version : flow.version - keepVersions;
          if (last < 1) continue;
          const gone = await versions.getAllKeys(IDBKeyRange.bound([id, 0], [id, last]), limit - count);
          for (const key of gone) {
            await release(transaction, "documents", (await versions.get(key))?.documentHash as string);
            await versions.delete(key);
          }
          count += gone.length;
          if (isGone && (await versions.count(IDBKeyRange.bound([id, 0], [id, END]))) === 0) await flows.delete(id);
          if (count === limit) break;
        }
        return count;
      }),
  };
}

function shownOf({ item, deletedAt }: KeptFlow): { item: string; deletedAt?: number } {
  return { item, ...(deletedAt !== undefined && { deletedAt }) };
}
