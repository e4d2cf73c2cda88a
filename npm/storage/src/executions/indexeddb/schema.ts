import type { DBSchema, IDBPDatabase, IDBPTransaction, StoreNames } from "idb";
import type { KeptEntry } from "../entries.js";
import type { CachedOutput } from "../output-cache.js";
import type { StoredExecution } from "../store.js";

/** A row, with what lists are ordered by and the owner. */
export interface KeptExecution {
  /** Increases with each execution that is stored. */
  place: number;
  row: StoredExecution;
  /** Id of the store object that owns it; `""` for none, which an index can hold. */
  owner: string;
  /** 1 while it is not finished; an index holds no booleans. */
  unfinished?: 1;
  /** Hashes of the blobs that its records name. */
  blobs: string[];
}

/** What a database of executions holds. */
export interface Contents extends DBSchema {
  executions: {
    key: string;
    value: KeptExecution;
    indexes: {
      order: [startedAt: number, place: number];
      flow: [flowId: string, startedAt: number, place: number];
      status: [status: string, startedAt: number, place: number];
      unfinished: [unfinished: number, startedAt: number, place: number];
    };
  };
  records: { key: [id: string, sequence: number]; value: { epoch: number; journal: Uint8Array; values: Uint8Array } };
  /** By the id of the execution, apart from the row, which changes often. */
  heads: { key: string; value: Uint8Array };
  documents: { key: string; value: string };
  blobs: { key: string; value: Uint8Array };
  /** How many executions and versions of flows need a document, and how many executions a blob. */
  uses: { key: [store: "documents" | "blobs", hash: string]; value: number };
  /** Numbers of the whole: `place` is the last one given. */
  counters: { key: string; value: number };
  flows: { key: string; value: KeptFlow };
  versions: { key: [flow: string, version: number]; value: KeptVersion };
  outputs: {
    key: string;
    value: KeptOutput;
    indexes: { used: number; type: string; expiry: number };
  };
  entries: { key: [collection: string, id: string]; value: KeptEntry };
}

/** A flow; one that was deleted keeps its versions. */
export interface KeptFlow {
  /** The number of the current version. */
  version: number;
  /** What lists show of it, as JSON. */
  item: string;
  /** ms since the epoch. */
  deletedAt?: number;
}

/** A version of a flow. */
export interface KeptVersion {
  /** Of the content. */
  hash: string;
  documentHash: string;
  /** ms since the epoch. */
  savedAt: number;
}

/** An entry of the cache. */
export interface KeptOutput extends CachedOutput {
  /** Increases with each use of any entry. */
  used: number;
}

export type Database = IDBPDatabase<Contents>;
/** The transaction of an upgrade. */
type Upgrade = IDBPTransaction<Contents, StoreNames<Contents>[], "versionchange">;

/** The stores of every transaction that writes executions. */
export const STORES = ["executions", "records", "heads", "documents", "blobs", "uses", "counters"] as const;
/** Those of every transaction that writes flows. */
export const FLOW_STORES = ["flows", "versions", "documents", "uses"] as const;
/** Those of every transaction that writes outputs. */
export const OUTPUT_STORES = ["outputs", "counters"] as const;
/** All of them. */
export const ALL_STORES = [...new Set([...STORES, ...FLOW_STORES, ...OUTPUT_STORES, "entries" as const])];

export type StoreName = (typeof ALL_STORES)[number];

export type Transaction<Mode extends IDBTransactionMode> = IDBPTransaction<Contents, StoreName[], Mode>;

/** Raise it with every change of the stores, and bring what older versions left up to date in {@link createStores}. */
export const VERSION = 4;

/** Makes the stores that a database of a version, 0 for a new one, does not have yet. */
export function createStores(database: Database, version: number, upgrade: Upgrade): void {
  if (version < 1) createExecutions(database);
  if (version < 2) {
    database.createObjectStore("flows");
    database.createObjectStore("versions");
    const outputs = database.createObjectStore("outputs", { keyPath: "key" });
    outputs.createIndex("used", "used");
    outputs.createIndex("type", "nodeType");
    outputs.createIndex("expiry", "expiresAt");
  }
  if (version < 4) void createEntries(database, upgrade);
}

/** Version 3 has states of executions in a store of their own. A failure ends the transaction of the upgrade, and so the opening. */
async function createEntries(database: Database, upgrade: Upgrade): Promise<void> {
  const entries = database.createObjectStore("entries");
  const earlier = "states" as StoreNames<Contents>;
  if (!database.objectStoreNames.contains(earlier)) return;
  const states = upgrade.objectStore(earlier);
  const [keys, values] = await Promise.all([states.getAllKeys(), states.getAll()]);
  await Promise.all(values.map((value, at) => entries.put(value as KeptEntry, ["states", keys[at] as string])));
  database.deleteObjectStore(earlier);
}

function createExecutions(database: Database): void {
  const executions = database.createObjectStore("executions", { keyPath: "row.id" });
  const order = ["row.startedAt", "place"];
  executions.createIndex("order", order);
  executions.createIndex("flow", ["row.flowId", ...order]);
  executions.createIndex("status", ["row.status", ...order]);
  executions.createIndex("unfinished", ["unfinished", ...order]);
  for (const store of STORES) if (store !== "executions") database.createObjectStore(store);
}
