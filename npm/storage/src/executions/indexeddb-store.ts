import { databaseFailure } from "../indexeddb/failure.js";
import { byExecution, type ChangeSum, changedRow, type Standing, sumOf } from "./changes.js";
import { checkChanges, checkedList, checkRetention, closedStore, recordLimit } from "./checks.js";
import { entryCollections } from "./entries.js";
import { flowStorage } from "./flows/flow-storage.js";
import { Connection } from "./indexeddb/connection.js";
import { indexedDbEntries } from "./indexeddb/entries.js";
import { indexedDbFlows } from "./indexeddb/flows.js";
import { indexedDbOutputs } from "./indexeddb/outputs.js";
import { newOwner, type Owner } from "./indexeddb/owners.js";
import { type KeptExecution, STORES, type StoreName, type Transaction } from "./indexeddb/schema.js";
import { keep, own, release } from "./indexeddb/shared.js";
import { CACHE_BYTES, checkCacheBytes, keptOutputs } from "./kept-outputs.js";
import { cursorOf, isReady, isTimed, matches, positionOf, statusesOf } from "./listing.js";
import type { IndexedDbStore } from "./open-indexeddb-store.js";
import { type ExecutionFilter, FINISHED, type Refusal, type Retention, type StoredExecution } from "./store.js";

/** Executions that one transaction deletes; others write between two of them. */
const DELETED_AT_ONCE = 100;

/** Above every number, as an end of keys. */
const END = Number.POSITIVE_INFINITY;

type Write = Transaction<"readwrite">;
type Read = Transaction<"readonly">;

/** See `openIndexedDbStore`, which loads this. */
export async function openStore(name: string, cacheBytes: number = CACHE_BYTES.page): Promise<IndexedDbStore> {
  checkCacheBytes(cacheBytes);
  const connection = new Connection(name);
  const owner = await newOwner(name);
  try {
    await connection.check();
  } catch (error) {
    connection.close();
    await owner.release();
    throw databaseFailure(`Failed to open the store indexeddb:${name}`, error, { operation: "open" });
  }
  return storeOf(name, connection, owner, cacheBytes);
}

function storeOf(database: string, connection: Connection, owner: Owner, cacheBytes: number): IndexedDbStore {
  const name = `indexeddb:${database}`;
  const running = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  /** Does work in a transaction of its own. */
  const transact = async <T, Mode extends "readonly" | "readwrite">(
    operation: string,
    mode: Mode,
    stores: readonly StoreName[],
    work: (transaction: Transaction<Mode>) => Promise<T>,
  ): Promise<T> => {
    const result = connection.transact(mode, stores, work);
    const over = result.then(
      () => {},
      () => {},
    );
    running.add(over);
    void over.then(() => running.delete(over));
    try {
      return await result;
    } catch (error) {
      throw databaseFailure(`The store ${name} failed to ${operation}`, error, { operation });
    }
  };
  const read = async <T>(operation: string, stores: readonly StoreName[], work: (transaction: Read) => Promise<T>) => {
    check(operation);
    return transact(operation, "readonly", stores, work);
  };
  const check = (operation: string): void => {
    if (closing !== undefined) throw closedStore(name, operation);
  };
  /** Unfinished executions that neither this store object nor one that is alive owns, those that began first first. */
  const free = async (operation: string): Promise<KeptExecution[]> => {
    const unfinished = IDBKeyRange.bound([1], [1, END, END]);
    const all = await read(operation, ["executions"], (transaction) =>
      transaction.objectStore("executions").index("unfinished").getAll(unfinished),
    );
    // After the owners were read: one of them that is not among the living then is gone for good.
    const living = await owner.living();
    return all.filter((each) => isFree(each, owner, living));
  };
  const deleteIds = async (operation: string, ids: readonly string[]): Promise<number> => {
    let count = 0;
    for (let from = 0; from < ids.length; from += DELETED_AT_ONCE) {
      const step = ids.slice(from, from + DELETED_AT_ONCE);
      count += await transact(operation, "readwrite", STORES, (transaction) => removeAll(transaction, step));
    }
    return count;
  };

  const change = async <T>(
    operation: string,
    stores: readonly StoreName[],
    work: (transaction: Write) => Promise<T>,
  ) => {
    check(operation);
    return transact(operation, "readwrite", stores, work);
  };
  const cache = keptOutputs(indexedDbOutputs({ read, change }), cacheBytes);

  return {
    name,
    cache,
    flows: flowStorage(name, "indexeddb", indexedDbFlows({ read, change })),
    entries: entryCollections(indexedDbEntries({ read, change })),
    async write(changes) {
      check("write");
      checkChanges(changes);
      return transact("write", "readwrite", STORES, async (transaction) => {
        const refusals: Refusal[] = [];
        for (const [id, group] of byExecution(changes)) {
          const before = await transaction.objectStore("executions").get(id);
          const sum = sumOf(before && standingOf(before, owner), group);
          if (typeof sum === "string") refusals.push({ id, reason: sum });
          else await apply(transaction, id, before, sum, owner);
        }
        return refusals;
      });
    },
    async get(id) {
      const kept = await read("get", ["executions"], (transaction) => transaction.objectStore("executions").get(id));
      return kept?.row;
    },
    begun: (id) =>
      read("begun", ["executions", "heads", "documents"], async (transaction) => {
        const kept = await transaction.objectStore("executions").get(id);
        if (kept === undefined) return undefined;
        const document = await transaction.objectStore("documents").get(kept.row.documentHash);
        return { document: document as string, head: (await transaction.objectStore("heads").get(id)) as Uint8Array };
      }),
    async records(id, after = 0, limit) {
      const most = recordLimit(limit);
      const range = IDBKeyRange.bound([id, after], [id, END], true);
      const found = await read("records", ["records"], (transaction) => {
        const records = transaction.objectStore("records");
        return Promise.all([records.getAllKeys(range, most), records.getAll(range, most)]);
      });
      const [keys, records] = found;
      return records.map(({ epoch, journal, values }, index) => ({
        sequence: (keys[index] as [string, number])[1],
        epoch,
        journal,
        values,
      }));
    },
    blob: (hash) => read("blob", ["blobs"], (transaction) => transaction.objectStore("blobs").get(hash)),
    async list(filter = {}, { limit, cursor } = {}) {
      const most = checkedList(filter, limit);
      const before = cursor === undefined ? { startedAt: END, place: END } : positionOf(cursor);
      const found = await read("list", ["executions"], (transaction) =>
        executionsBefore(transaction, filter, [before.startedAt, before.place], most + 1),
      );
      const page = found.slice(0, most);
      const last = page.at(-1);
      return {
        executions: page.map(({ row }) => row),
        ...(found.length > most && last && { next: cursorOf({ startedAt: last.row.startedAt, place: last.place }) }),
      };
    },
    async claimable(now, limit, only) {
      const ready = (await free("claimable")).filter(({ row }) => isReady(row, now, only));
      return ready.slice(0, limit).map(({ row }) => row.id);
    },
    async claim(id): Promise<StoredExecution | undefined> {
      const seen = await read("claim", ["executions"], (transaction) => transaction.objectStore("executions").get(id));
      // After the owner was read, and before the transaction, which waits for nothing but the database.
      const living = await owner.living();
      if (seen === undefined || !isFree(seen, owner, living)) return undefined;
      return transact("claim", "readwrite", ["executions"], async (transaction) => {
        const executions = transaction.objectStore("executions");
        const kept = await executions.get(id);
        if (kept === undefined || isFinished(kept.row) || kept.owner !== seen.owner) return undefined;
        const row = { ...kept.row, epoch: kept.row.epoch + 1 };
        await executions.put({ ...kept, row, owner: owner.id });
        return row;
      });
    },
    async nextWake() {
      const sleeping = (await free("nextWake")).filter(({ row }) => isTimed(row));
      const times = sleeping.flatMap(({ row }) => row.wakeAt ?? []);
      return times.length === 0 ? undefined : times.reduce((first, second) => Math.min(first, second));
    },
    async delete(ids) {
      check("delete");
      return deleteIds("delete", [...new Set(ids)]);
    },
    async prune(retention) {
      checkRetention(retention);
      const all = await read("prune", ["executions"], (transaction) => outdated(transaction, retention));
      return deleteIds("prune", all);
    },
    async vacuum() {
      // Browsers give room back by themselves.
      check("vacuum");
    },
    figures: () =>
      read("figures", STORES, async (transaction) => {
        const executions = transaction.objectStore("executions");
        let bytes = 0;
        for await (const { value } of executions) bytes += value.row.bytes;
        return {
          executions: await executions.count(),
          unfinished: await executions.index("unfinished").count(),
          records: await transaction.objectStore("records").count(),
          blobs: await transaction.objectStore("blobs").count(),
          bytes,
        };
      }),
    close() {
      // Uses that cannot be noted must not keep the store from being closed.
      if (closing === undefined) cache.flush().catch(() => {});
      closing ??= (async () => {
        while (running.size > 0) await Promise.all(running);
        connection.close();
        await owner.release();
      })();
      return closing;
    },
  };
}

async function apply(
  transaction: Write,
  id: string,
  before: KeptExecution | undefined,
  sum: ChangeSum,
  owner: Owner,
): Promise<void> {
  const row = changedRow(before?.row, sum);
  const { isFinished, isOwned } = sum.standing;
  const added = sum.blobs.filter(({ hash }) => before?.blobs.includes(hash) !== true);
  const blobs = new Map(added.map(({ hash, data }) => [hash, data]));
  const kept: KeptExecution = {
    place: before?.place ?? (await nextPlace(transaction)),
    row,
    owner: isOwned ? owner.id : "",
    ...(!isFinished && { unfinished: 1 }),
    blobs: [...(before?.blobs ?? []), ...blobs.keys()],
  };
  if (sum.begin !== undefined) {
    await transaction.objectStore("heads").put(own(sum.begin.head), id);
    await keep(transaction, "documents", row.documentHash, sum.begin.document);
  }
  for (const [hash, data] of blobs) await keep(transaction, "blobs", hash, own(data));
  const records = transaction.objectStore("records");
  await Promise.all([
    transaction.objectStore("executions").put(kept),
    ...sum.records.map(({ sequence, epoch, journal, values }) =>
      records.put({ epoch, journal: own(journal), values: own(values) }, [id, sequence]),
    ),
  ]);
}

async function nextPlace(transaction: Write): Promise<number> {
  const counters = transaction.objectStore("counters");
  const place = ((await counters.get("place")) ?? 0) + 1;
  await counters.put(place, "place");
  return place;
}

/** Deletes the finished ones of executions; how many. */
async function removeAll(transaction: Write, ids: readonly string[]): Promise<number> {
  let count = 0;
  for (const id of ids) {
    const kept = await transaction.objectStore("executions").get(id);
    if (kept === undefined || !isFinished(kept.row)) continue;
    await transaction.objectStore("executions").delete(id);
    await transaction.objectStore("heads").delete(id);
    await transaction.objectStore("records").delete(IDBKeyRange.bound([id], [id, END]));
    await release(transaction, "documents", kept.row.documentHash);
    for (const hash of kept.blobs) await release(transaction, "blobs", hash);
    count++;
  }
  return count;
}

/** Executions before a place in the list, by the index that narrows them most. */
async function executionsBefore(
  transaction: Read,
  filter: ExecutionFilter,
  before: [startedAt: number, place: number],
  most: number,
): Promise<KeptExecution[]> {
  const executions = transaction.objectStore("executions");
  const statuses = statusesOf(filter);
  const [only] = statuses ?? [];
  const from = filter.from ?? -END;
  const within = (...first: string[]) => IDBKeyRange.bound([...first, from], [...first, ...before], false, true);
  if (isEmptyRange(from, before)) return [];
  const cursor =
    filter.flowId !== undefined
      ? executions.index("flow").iterate(within(filter.flowId), "prev")
      : statuses?.length === 1
        ? executions.index("status").iterate(within(only as string), "prev")
        : executions.index("order").iterate(within(), "prev");
  const found: KeptExecution[] = [];
  for await (const { value } of cursor) {
    if (!matches(value.row, filter)) continue;
    found.push(value);
    if (found.length === most) break;
  }
  return found;
}

/** Whether keys from a time to a place would run backwards, which the browser refuses. */
function isEmptyRange(from: number, [startedAt]: [startedAt: number, place: number]): boolean {
  return from > startedAt;
}

/** Ids of the executions that a retention names. */
async function outdated(transaction: Read, { flowId: wanted, endedBefore, keepPerFlow }: Retention): Promise<string[]> {
  const ids: string[] = [];
  const counts = new Map<string, number>();
  for await (const { value } of transaction.objectStore("executions").index("order").iterate(null, "prev")) {
    const { id, flowId, endedAt } = value.row;
    if (!isFinished(value.row) || (wanted !== undefined && flowId !== wanted)) continue;
    const count = (counts.get(flowId) ?? 0) + 1;
    counts.set(flowId, count);
    const isOld = endedBefore !== undefined && endedAt !== undefined && endedAt < endedBefore;
    if (isOld || (keepPerFlow !== undefined && count > keepPerFlow)) ids.push(id);
  }
  return ids;
}

function standingOf({ row, owner }: KeptExecution, writer: Owner): Standing {
  return { epoch: row.epoch, sequence: row.sequence, isOwned: owner === writer.id, isFinished: isFinished(row) };
}

function isFree({ owner }: KeptExecution, asking: Owner, living: ReadonlySet<string>): boolean {
  return owner === "" || (owner !== asking.id && !living.has(owner));
}

function isFinished({ status }: StoredExecution): boolean {
  return FINISHED.includes(status);
}
