import type { DBSchema, IDBPDatabase, IDBPTransaction } from "idb";

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
  /** How many executions need a document or a blob. */
  uses: { key: [store: "documents" | "blobs", hash: string]; value: number };
  /** Numbers of the whole: `place` is the last one given. */
  counters: { key: string; value: number };
}

export type Database = IDBPDatabase<Contents>;

/** The stores of every transaction that writes. */
export const STORES = ["executions", "records", "heads", "documents", "blobs", "uses", "counters"] as const;

export type StoreName = (typeof STORES)[number];

export type Transaction<Mode extends IDBTransactionMode> = IDBPTransaction<Contents, StoreName[], Mode>;

/** Raise it with every change of the stores, and bring what older versions left up to date in {@link createStores}. */
export const VERSION = 1;

/** Makes the stores of a new database. */
export function createStores(database: Database): void {
  const executions = database.createObjectStore("executions", { keyPath: "row.id" });
  const order = ["row.startedAt", "place"];
  executions.createIndex("order", order);
  executions.createIndex("flow", ["row.flowId", ...order]);
  executions.createIndex("status", ["row.status", ...order]);
  executions.createIndex("unfinished", ["unfinished", ...order]);
  for (const store of STORES) if (store !== "executions") database.createObjectStore(store);
}
