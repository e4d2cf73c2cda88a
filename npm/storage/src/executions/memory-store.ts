import { byExecution, type ChangeSum, changedRow, type Standing, sumOf } from "./changes.js";
import { checkChanges, checkedList, checkRetention, closedStore, recordLimit } from "./checks.js";
import { type EntryStorage, type EntryTable, entryCollections, memoryEntries } from "./entries.js";
import { flowStorage } from "./flows/flow-storage.js";
import type { FlowTable } from "./flows/flow-table.js";
import { memoryFlows } from "./flows/memory-flows.js";
import type { FlowStorage } from "./flows/versions.js";
import { compareListPositions, cursorOf, isReady, isTimed, type ListPosition, matches, positionOf } from "./listing.js";
import { createMemoryCache } from "./memory-cache.js";
import type { OutputCache } from "./output-cache.js";
import {
  type ExecutionRecord,
  type ExecutionStore,
  FINISHED,
  type Refusal,
  type Retention,
  type StoredExecution,
} from "./store.js";

/** Options for a store of executions in memory. */
export interface MemoryExecutionsOptions {
  /** Another store in memory: both keep the same executions, as two owners of them. */
  shared?: MemoryExecutions;
}

/** A store of executions in memory, whose crash can be played. */
export interface MemoryExecutions extends ExecutionStore {
  /** Bounded as `createMemoryCache()` is. */
  readonly cache: OutputCache;
  readonly flows: FlowStorage;
  readonly entries: (collection: string) => EntryStorage;
  /**
   * Lets others claim what this store object owns, as if its process had crashed. The object can still be used, as by a process
   * that was thought dead: its writes are refused as `stale` once another has claimed the execution.
   */
  abandon(): void;
}

/** A store object, in the eyes of the others. */
interface Owner {
  isGone: boolean;
}

interface Entry extends ListPosition {
  row: StoredExecution;
  owner: Owner | undefined;
  head: Uint8Array;
  records: ExecutionRecord[];
  blobs: Set<string>;
}

/** Content that several executions need. */
interface Kept<T> {
  content: T;
  /** Executions that need it. */
  uses: number;
}

/** What store objects in memory share. */
class Memory {
  readonly entries = new Map<string, Entry>();
  /** In the order of their places. */
  readonly ordered: Entry[] = [];
  readonly unfinished = new Set<Entry>();
  readonly documents = new Map<string, Kept<string>>();
  readonly blobs = new Map<string, Kept<Uint8Array>>();
  readonly cache = createMemoryCache();
  readonly collections = memoryEntries();
  /** Store objects that were made of it. */
  owners = 0;
  readonly flows = memoryFlows({
    keep: (hash, text) => keep(this.documents, hash, () => text),
    get: (hash) => (this.documents.get(hash) as Kept<string>).content,
    release: (hash) => release(this.documents, hash),
  });
  #last = 0;

  apply(before: Entry | undefined, sum: ChangeSum, owner: Owner): void {
    const entry = before ?? this.#begin(sum, owner);
    entry.row = changedRow(before?.row, sum);
    for (const { sequence, epoch, journal, values } of sum.records) {
      entry.records.push({ sequence, epoch, journal: journal.slice(), values: values.slice() });
    }
    for (const { hash, data } of sum.blobs) {
      if (entry.blobs.has(hash)) continue;
      entry.blobs.add(hash);
      keep(this.blobs, hash, () => data.slice());
    }
    if (!sum.standing.isOwned) entry.owner = undefined;
    if (sum.standing.isFinished) this.unfinished.delete(entry);
  }

  remove(entry: Entry): void {
    this.entries.delete(entry.row.id);
    this.ordered.splice(this.indexOf(entry), 1);
    release(this.documents, entry.row.documentHash);
    for (const hash of entry.blobs) release(this.blobs, hash);
  }

  /** Index of the first entry at a position or after it. */
  indexOf(position: ListPosition): number {
    let from = 0;
    let to = this.ordered.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (compareListPositions(this.ordered[middle] as Entry, position) < 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  #begin({ begin }: ChangeSum, owner: Owner): Entry {
    const { id, startedAt, document, documentHash, head } = begin as NonNullable<ChangeSum["begin"]>;
    const entry: Entry = {
      // The row follows from the changes.
      row: undefined as unknown as StoredExecution,
      startedAt,
      place: ++this.#last,
      owner,
      head: head.slice(),
      records: [],
      blobs: new Set(),
    };
    this.entries.set(id, entry);
    this.ordered.splice(this.indexOf(entry), 0, entry);
    this.unfinished.add(entry);
    keep(this.documents, documentHash, () => document);
    return entry;
  }
}

const memories = new WeakMap<ExecutionStore, Memory>();

/** A store of executions in memory: for tests, and for pages that must not store anything. It is gone with the page or program. */
export function createMemoryExecutions({ shared }: MemoryExecutionsOptions = {}): MemoryExecutions {
  const memory = (shared && memories.get(shared)) ?? new Memory();
  memory.owners++;
  const owner: Owner = { isGone: false };
  const name = "memory";
  let isClosed = false;

  const open = (operation: string): void => {
    if (isClosed) throw closedStore(name, operation);
  };
  const isFree = (entry: Entry): boolean => entry.owner === undefined || (entry.owner.isGone && entry.owner !== owner);
  const free = (): Entry[] => [...memory.unfinished].filter(isFree).sort(compareListPositions);
  const removeAll = (entries: readonly Entry[]): number => {
    for (const entry of entries) memory.remove(entry);
    return entries.length;
  };

  const store: MemoryExecutions = {
    name,
    cache: {
      async find(key, now) {
        open("find cached outputs");
        return memory.cache.find(key, now);
      },
      async keep(entries) {
        open("keep outputs");
        return memory.cache.keep(entries);
      },
      async figures() {
        open("count cached outputs");
        return memory.cache.figures();
      },
      async clear(which) {
        open("clear its cache");
        return memory.cache.clear(which);
      },
    },
    get isShared() {
      return memory.owners > 1;
    },
    flows: flowStorage(name, "memory", whileOpen(memory.flows, open)),
    entries: entryCollections(whileOpen(memory.collections, open)),
    async write(changes) {
      open("write");
      checkChanges(changes);
      const refusals: Refusal[] = [];
      for (const [id, group] of byExecution(changes)) {
        const entry = memory.entries.get(id);
        const sum = sumOf(entry && standingOf(entry, owner), group);
        if (typeof sum === "string") refusals.push({ id, reason: sum });
        else memory.apply(entry, sum, owner);
      }
      return refusals;
    },
    async get(id) {
      open("get");
      const entry = memory.entries.get(id);
      return entry && copyOf(entry.row);
    },
    async begun(id) {
      open("begun");
      const entry = memory.entries.get(id);
      if (entry === undefined) return undefined;
      const { content } = memory.documents.get(entry.row.documentHash) as Kept<string>;
      return { document: content, head: entry.head.slice() };
    },
    async records(id, after = 0, limit) {
      open("records");
      const most = recordLimit(limit);
      const records = memory.entries.get(id)?.records.slice(Math.max(after, 0), Math.max(after, 0) + most) ?? [];
      return records.map((record) => ({ ...record, journal: record.journal.slice(), values: record.values.slice() }));
    },
    async blob(hash) {
      open("blob");
      return memory.blobs.get(hash)?.content.slice();
    },
    async list(filter = {}, { limit, cursor } = {}) {
      open("list");
      const most = checkedList(filter, limit);
      const executions: StoredExecution[] = [];
      let last: Entry | undefined;
      const end = cursor === undefined ? memory.ordered.length : memory.indexOf(positionOf(cursor));
      for (let index = end - 1; index >= 0; index--) {
        const entry = memory.ordered[index] as Entry;
        if (!matches(entry.row, filter)) continue;
        if (executions.length === most) return { executions, next: cursorOf(last as Entry) };
        executions.push(copyOf(entry.row));
        last = entry;
      }
      return { executions };
    },
    async claimable(now, limit, only) {
      open("claimable");
      const ready = free().filter(({ row }) => isReady(row, now, only));
      return ready.slice(0, limit).map(({ row }) => row.id);
    },
    async claim(id) {
      open("claim");
      const entry = memory.entries.get(id);
      if (entry === undefined || isFinished(entry.row) || !isFree(entry)) return undefined;
      entry.owner = owner;
      entry.row = { ...entry.row, epoch: entry.row.epoch + 1 };
      return copyOf(entry.row);
    },
    async nextWake() {
      open("nextWake");
      let next: number | undefined;
      for (const { row } of free()) {
        if (!isTimed(row) || row.wakeAt === undefined) continue;
        next = Math.min(next ?? row.wakeAt, row.wakeAt);
      }
      return next;
    },
    async delete(ids) {
      open("delete");
      const entries = [...new Set(ids)].map((id) => memory.entries.get(id));
      return removeAll(entries.filter((entry) => entry !== undefined && isFinished(entry.row)) as Entry[]);
    },
    async prune(retention) {
      open("prune");
      checkRetention(retention);
      return removeAll(outdated(memory.ordered, retention));
    },
    async vacuum() {
      open("vacuum");
    },
    async figures() {
      open("figures");
      let records = 0;
      let bytes = 0;
      for (const entry of memory.entries.values()) {
        records += entry.records.length;
        bytes += entry.head.length;
        for (const { journal, values } of entry.records) bytes += journal.length + values.length;
      }
      for (const { content } of [...memory.documents.values(), ...memory.blobs.values()]) bytes += content.length;
      const { entries, unfinished, blobs } = memory;
      return { executions: entries.size, unfinished: unfinished.size, records, blobs: blobs.size, bytes };
    },
    async close() {
      isClosed = true;
      owner.isGone = true;
    },
    abandon() {
      owner.isGone = true;
    },
  };
  memories.set(store, memory);
  return store;
}

/** Tables that refuse what a closed store is asked. */
function whileOpen<Tables extends FlowTable | EntryTable>(tables: Tables, open: (operation: string) => void): Tables {
  const guarded = Object.entries(tables).map(([operation, method]) => [
    operation,
    async (...args: unknown[]) => {
      open(operation);
      return method(...args);
    },
  ]);
  return Object.fromEntries(guarded);
}

function outdated(ordered: readonly Entry[], { flowId, endedBefore, keepPerFlow }: Retention): Entry[] {
  const kept = new Map<string, number>();
  return ordered.toReversed().filter(({ row }) => {
    if (!isFinished(row) || (flowId !== undefined && row.flowId !== flowId)) return false;
    const count = (kept.get(row.flowId) ?? 0) + 1;
    kept.set(row.flowId, count);
    const isOld = endedBefore !== undefined && row.endedAt !== undefined && row.endedAt < endedBefore;
    return isOld || (keepPerFlow !== undefined && count > keepPerFlow);
  });
}

function standingOf({ row, owner }: Entry, writer: Owner): Standing {
  return { epoch: row.epoch, sequence: row.sequence, isOwned: owner === writer, isFinished: isFinished(row) };
}

function isFinished({ status }: StoredExecution): boolean {
  return FINISHED.includes(status);
}

function copyOf(row: StoredExecution): StoredExecution {
  return { ...row, tags: [...row.tags] };
}

function keep<T>(all: Map<string, Kept<T>>, hash: string, content: () => T): void {
  const kept = all.get(hash);
  if (kept === undefined) all.set(hash, { content: content(), uses: 1 });
  else kept.uses++;
}

function release<T>(all: Map<string, Kept<T>>, hash: string): void {
  const kept = all.get(hash) as Kept<T>;
  kept.uses--;
  if (kept.uses === 0) all.delete(hash);
}
