import type { DBSchema, IDBPDatabase, IDBPTransaction } from "idb";

import type { StorageItem } from "../engine.js";

/** What a database holds. Each store has the keys of the other. */
export interface Contents extends DBSchema {
  /** The values, as JSON. */
  documents: { key: string; value: string };
  /** What lists show of them, so that a list reads no values. */
  summaries: { key: string; value: Summary };
}

export interface Summary {
  item: StorageItem;
  /** When the key was first saved, as ISO time; the item shows what the value itself tells, if it does. */
  since: string;
}

export type Database = IDBPDatabase<Contents>;

const STORES = ["documents", "summaries"] as const;

export type Transaction<Mode extends IDBTransactionMode> = IDBPTransaction<Contents, typeof STORES, Mode>;

/** Raise it with every change of the stores, and bring what older versions left up to date in {@link createStores}. */
export const VERSION = 1;

/** Makes the stores of a new database. */
export function createStores(database: Database): void {
  for (const store of STORES) database.createObjectStore(store);
}

/** A transaction on both stores. What one writes is on the disk when it is done. */
export function transactionOf<Mode extends "readonly" | "readwrite">(
  database: Database,
  mode: Mode,
): Transaction<Mode> {
  return database.transaction(STORES, mode, { durability: "strict" });
}

/** The keys that begin with a text; `undefined` for all keys. Keys are in the order of their UTF-16 units. */
export function keysFrom(prefix: string): IDBKeyRange | undefined {
  if (prefix === "") return undefined;
  let end = prefix.length;
  while (end > 0 && prefix.charCodeAt(end - 1) === 0xffff) end--;
  if (end === 0) return IDBKeyRange.lowerBound(prefix);
  const next = prefix.slice(0, end - 1) + String.fromCharCode(prefix.charCodeAt(end - 1) + 1);
  return IDBKeyRange.bound(prefix, next, false, true);
}
