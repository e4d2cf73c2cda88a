import { randomUUID } from "node:crypto";
import { resolve } from "node:path";

import { type ExecutionDatabase, loadAddon } from "@atomiton/conductor-native";

import { StorageError, type StorageErrorCode } from "../error.js";
import { checkChanges, checkedList, checkRetention, recordLimit } from "./checks.js";
import { type EntryStorage, entryCollections } from "./entries.js";
import { flowStorage } from "./flows/flow-storage.js";
import { sqliteFlows } from "./flows/sqlite-flows.js";
import type { FlowStorage } from "./flows/versions.js";
import { CACHE_BYTES, checkCacheBytes, type KeptOutputs, keptOutputs } from "./kept-outputs.js";
import type { OutputCache } from "./output-cache.js";
import { ChangePacker, unpackedRecords } from "./sqlite-changes.js";
import { sqliteEntries } from "./sqlite-entries.js";
import { failure } from "./sqlite-failure.js";
import { sqliteOutputs } from "./sqlite-outputs.js";
import {
  type ExecutionChange,
  type ExecutionFilter,
  type ExecutionPage,
  type ExecutionStore,
  FINISHED,
  type Refusal,
  type RefusalReason,
  type Retention,
  type StoredExecution,
} from "./store.js";

/** How a store of executions is opened. */
export interface SqliteStoreOptions {
  /** ms to wait for another process that is writing, before ACCESS_DENIED says so; 10,000 unless given. */
  busyTimeout?: number;
  /** Bytes that its cache of outputs takes at most; 1 GiB unless given. */
  cacheBytes?: number;
}

/** A store of executions in a file of SQLite. */
export interface SqliteStore extends ExecutionStore {
  readonly cache: OutputCache;
  readonly flows: FlowStorage;
  readonly entries: (collection: string) => EntryStorage;
  /** Transactions that this object has committed, and the calls of `write` that were in them. */
  counts(): { commits: number; writes: number };
}

const DEFAULT_BUSY_TIMEOUT = 10_000;
/** Rows that are looked at together where executions of one flow are deleted. */
const PAGE = 1_000;

/**
 * Opens a store of executions in a file of SQLite; the file and its folders are made as needed. Beside it lie its `-wal` and `-shm`
 * files while it is open, and a folder `-owners` with a lock file of each store object that is.
 *
 * `write` settles once changes are flushed to the disk; what is written at the same time is flushed together. Executions that
 * start in the same ms are listed in the order in which they began. Texts are looked up by an index from three characters on.
 *
 * @throws StorageError UNSUPPORTED_OPERATION for an invalid path, where the addon is missing, or the file holds the tables of another
 *   program or of a later version; SERIALIZATION_ERROR where it is no database or damaged; ACCESS_DENIED; STORAGE_FULL.
 */
export async function openSqliteStore(
  path: string,
  { busyTimeout = DEFAULT_BUSY_TIMEOUT, cacheBytes = CACHE_BYTES.disk }: SqliteStoreOptions = {},
): Promise<SqliteStore> {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new StorageError("The path of a store of executions must be that of a file", "UNSUPPORTED_OPERATION");
  }
  if (path === ":memory:") {
    throw new StorageError(
      "A SQLite store of executions is kept in a file; for one in memory use createMemoryExecutions",
      "UNSUPPORTED_OPERATION",
    );
  }
  if (!(busyTimeout >= 0 && busyTimeout <= 2_000_000_000)) {
    throw new StorageError(
      `busyTimeout must be a number of ms from 0 to 2,000,000,000, not ${busyTimeout}`,
      "UNSUPPORTED_OPERATION",
    );
  }
  const file = resolve(path);
  checkCacheBytes(cacheBytes);
  const writes = new PendingWrites(file);
  const database = newDatabase(file, writes);
  const ask = <T>(operation: string, ask: () => Promise<T>) => told(operation, file, ask);
  const cache = keptOutputs(sqliteOutputs(database, ask), cacheBytes);
  await ask("open", () => database.open(file, randomUUID(), busyTimeout));
  return new OpenStore(file, database, writes, cache);
}

function newDatabase(file: string, writes: PendingWrites): ExecutionDatabase {
  let Database: ReturnType<typeof loadAddon>["ExecutionDatabase"];
  try {
    Database = loadAddon().ExecutionDatabase;
  } catch (cause) {
    throw new StorageError(
      `A SQLite store of executions needs the native addon: ${(cause as Error).message}. Install @atomiton/conductor-native with its optional dependencies, for this platform`,
      "UNSUPPORTED_OPERATION",
      { cause, context: { operation: "open", file } },
    );
  }
  const database = new Database((count, outcomes) => writes.ended(count, outcomes));
  writes.database = database;
  return database;
}

/** A call of `write` that is under way. */
interface PendingWrite {
  resolve(refusals: Refusal[]): void;
  reject(error: StorageError): void;
}

/** How a call of `write` ended that wrote not all. */
interface Outcome {
  /** Its place among the calls that are told together. */
  at: number;
  refusals?: [id: string, reason: RefusalReason][];
  error?: { code: StorageErrorCode; message: string };
}

/** Calls of `write` that are under way, in their order; the addon tells of their end in the same order. */
class PendingWrites {
  database: ExecutionDatabase | undefined;
  readonly #file: string;
  #calls: PendingWrite[] = [];
  /** Those before it have ended. */
  #first = 0;

  constructor(file: string) {
    this.#file = file;
  }

  add(call: PendingWrite): void {
    if (this.#calls.length === 0) this.database?.hold(true);
    this.#calls.push(call);
  }

  ended(count: number, told: string | null): void {
    const outcomes = told === null ? [] : (JSON.parse(told) as Outcome[]);
    const from = this.#first;
    const calls = this.#calls;
    this.#first += count;
    const end = this.#first;
    if (end === calls.length) {
      this.#calls = [];
      this.#first = 0;
      this.database?.hold(false);
    } else if (end > 10_000) {
      this.#calls = calls.slice(end);
      this.#first = 0;
    }
    let next = 0;
    for (let index = from; index < end; index += 1) {
      const outcome = outcomes[next]?.at === index - from ? outcomes[next++] : undefined;
      if (outcome?.error) calls[index]?.reject(this.#failure(outcome.error));
      else calls[index]?.resolve(outcome?.refusals?.map(([id, reason]) => ({ id, reason })) ?? []);
    }
  }

  #failure({ code, message }: { code: StorageErrorCode; message: string }): StorageError {
    return new StorageError(message, code, { context: { operation: "write", file: this.#file } });
  }
}

class OpenStore implements SqliteStore {
  readonly name: string;
  readonly cache: KeptOutputs;
  readonly flows: FlowStorage;
  readonly entries: (collection: string) => EntryStorage;
  readonly #file: string;
  readonly #database: ExecutionDatabase;
  readonly #writes: PendingWrites;
  readonly #packer = new ChangePacker();
  #closed: Promise<void> | undefined;

  constructor(file: string, database: ExecutionDatabase, writes: PendingWrites, cache: KeptOutputs) {
    this.name = `sqlite:${file}`;
    this.cache = cache;
    const ask = <T>(operation: string, ask: () => Promise<T>) => this.#ask(operation, ask);
    this.flows = flowStorage(this.name, "sqlite", sqliteFlows(database, ask));
    this.entries = entryCollections(sqliteEntries(database, ask));
    this.#file = file;
    this.#database = database;
    this.#writes = writes;
  }

  write(changes: readonly ExecutionChange[]): Promise<Refusal[]> {
    return new Promise((resolve, reject) => {
      if (changes.length === 0) {
        resolve([]);
        return;
      }
      try {
        checkChanges(changes);
        const { bytes, length } = this.#packer.pack(changes);
        this.#database.write(bytes, length);
      } catch (error) {
        reject(failure("write", this.#file, error));
        return;
      }
      this.#writes.add({ resolve, reject });
    });
  }

  async get(id: string): Promise<StoredExecution | undefined> {
    return row(await this.#ask("get", () => this.#database.get(id)));
  }

  async begun(id: string): Promise<{ document: string; head: Uint8Array } | undefined> {
    const begun = await this.#ask("begun", () => this.#database.begun(id));
    return begun ? { document: begun.document, head: plain(begun.head) } : undefined;
  }

  async records(id: string, after = 0, limit?: number) {
    const most = recordLimit(limit);
    return unpackedRecords(await this.#ask("records", () => this.#database.records(id, after, most)));
  }

  async blob(hash: string): Promise<Uint8Array | undefined> {
    const content = await this.#ask("blob", () => this.#database.blob(hash));
    return content ? plain(content) : undefined;
  }

  async list(
    filter: ExecutionFilter = {},
    { limit: wanted, cursor }: { limit?: number; cursor?: string } = {},
  ): Promise<ExecutionPage> {
    const limit = checkedList(filter, wanted);
    const { status } = filter;
    const asked = { ...filter, status: typeof status === "string" ? [status] : status, limit, cursor };
    return JSON.parse(await this.#ask("list", () => this.#database.list(JSON.stringify(asked)))) as ExecutionPage;
  }

  async claimable(now: number, limit: number, only?: "due"): Promise<string[]> {
    return this.#ask("claimable", () => this.#database.claimable(now, Math.min(limit, 0xffff_ffff), only === "due"));
  }

  async claim(id: string): Promise<StoredExecution | undefined> {
    return row(await this.#ask("claim", () => this.#database.claim(id)));
  }

  async nextWake(): Promise<number | undefined> {
    return (await this.#ask("nextWake", () => this.#database.nextWake())) ?? undefined;
  }

  async delete(ids: readonly string[]): Promise<number> {
    return this.#ask("delete", () => this.#database.delete([...ids]));
  }

  async prune(retention: Retention): Promise<number> {
    checkRetention(retention);
    // The addon knows no flows here.
    if (retention.flowId !== undefined) return this.#pruneFlow(retention.flowId, retention);
    return this.#ask("prune", () => this.#database.prune(JSON.stringify(retention)));
  }

  /** Page by page, which is deleted before the next one is read. */
  async #pruneFlow(flowId: string, { endedBefore, keepPerFlow }: Retention): Promise<number> {
    if (endedBefore === undefined && keepPerFlow === undefined) return 0;
    let [seen, deleted] = [0, 0];
    let cursor: string | undefined;
    do {
      const page = await this.list(
        { flowId, status: FINISHED },
        { limit: PAGE, ...(cursor !== undefined && { cursor }) },
      );
      const outdated = page.executions.filter(({ endedAt }) => {
        const isOld = endedBefore !== undefined && endedAt !== undefined && endedAt < endedBefore;
        return ++seen > (keepPerFlow ?? Number.POSITIVE_INFINITY) || isOld;
      });
      if (outdated.length > 0) deleted += await this.delete(outdated.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== undefined);
    return deleted;
  }

  async vacuum(): Promise<void> {
    await this.#ask("vacuum", () => this.#database.vacuum());
  }

  async figures() {
    return this.#ask("figures", () => this.#database.figures());
  }

  counts(): { commits: number; writes: number } {
    return this.#database.counts();
  }

  async close(): Promise<void> {
    if (this.#closed === undefined) {
      // Uses that cannot be noted must not keep the store from being closed; the writer comes to them first.
      this.cache.flush().catch(() => {});
      this.#closed = this.#ask("close", () => this.#database.close());
    }
    await this.#closed;
  }

  #ask<T>(operation: string, ask: () => Promise<T>): Promise<T> {
    return told(operation, this.#file, ask);
  }
}

function row(json: string | null): StoredExecution | undefined {
  return json === null ? undefined : (JSON.parse(json) as StoredExecution);
}

/** As other stores have it: no methods of Node's. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** What the addon answers, with its failures as those of an operation. */
async function told<T>(operation: string, file: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw failure(operation, file, error);
  }
}
