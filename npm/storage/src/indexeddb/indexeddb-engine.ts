import { byUpdate, outlineOf, stamped, storageItem } from "../data/flow.js";
import { LIMITS, type Plain, type PlainObject } from "../data/plain.js";
import { checkKey, checkPrefix, writable, writableMetadata } from "../data/refusal.js";
import type { IndexedDBEngine, StorageItem } from "../engine.js";
import { StorageError, type StorageErrorContext } from "../error.js";
import { Announcements } from "./announcements.js";
import { Connection } from "./connection.js";
import { databaseFailure } from "./failure.js";
import { keysFrom, type Summary, type Transaction } from "./schema.js";

/** Where an IndexedDB engine keeps its values. */
export interface IndexedDBEngineOptions {
  /** The name of the database, which belongs to the page's origin. Default `atomiton`. */
  name?: string;
}

/**
 * Keeps values in a database of the browser, where they stay when the page is closed. All pages and workers of one origin that
 * use the same name share them. It takes and refuses the same data as files do.
 *
 * Nothing is opened before the first use. A save is on the disk when its promise settles. A page of a later version is never
 * kept from updating the database; a page of an earlier version is then asked to be reloaded.
 *
 * All methods that read or write may be rejected with ACCESS_DENIED where the user or the browser forbids IndexedDB.
 *
 * @throws StorageError UNSUPPORTED_OPERATION for a name that is no text or empty.
 */
export function createIndexedDBEngine({ name = "atomiton" }: IndexedDBEngineOptions = {}): IndexedDBEngine {
  if (typeof name !== "string" || name === "") {
    throw new StorageError("The name of a database must be text", "UNSUPPORTED_OPERATION");
  }
  const connection = new Connection(name);
  const announcements = new Announcements(name);
  const running = new Set<Promise<unknown>>();

  /** Does work in a transaction of its own, and gives its result once that is complete. */
  const transact = async <T, Mode extends "readonly" | "readwrite">(
    mode: Mode,
    work: (transaction: Transaction<Mode>) => Promise<T>,
    message: string,
    context: StorageErrorContext,
  ): Promise<T> => {
    const result = connection.transaction(mode).then((transaction) => complete(transaction, work));
    const over = result.then(
      () => {},
      () => {},
    );
    running.add(over);
    void over.then(() => running.delete(over));
    try {
      return await result;
    } catch (error) {
      throw databaseFailure(message, error, context);
    }
  };

  return {
    async save(key, data, options) {
      checkKey(key);
      const now = new Date().toISOString();
      const value = writable(data, key);
      const metadata = writableMetadata(options?.metadata, key);
      const item = await transact(
        "readwrite",
        async (transaction) => put(transaction, key, value, metadata, now),
        `Failed to save data: ${key}`,
        { key, operation: "save" },
      );
      announcements.tell({ key, kind: "saved", at: now, item });
    },
    async load<T>(key: string) {
      const message = `Failed to load data: ${key}`;
      const context = { key, operation: "load" };
      if (typeof key !== "string") throw notFound(key, "load");
      const read = (transaction: Transaction<"readonly">) => transaction.objectStore("documents").get(key);
      const text = await transact("readonly", read, message, context);
      if (text === undefined) throw notFound(key, "load");
      return parsed(text, message, context) as T;
    },
    async list(prefix = "") {
      checkPrefix(prefix);
      const read = (transaction: Transaction<"readonly">) =>
        transaction.objectStore("summaries").getAll(keysFrom(prefix));
      const summaries = await transact("readonly", read, "Failed to list data", { operation: "list" });
      return summaries.map(({ item }) => item).sort(byUpdate);
    },
    async delete(key) {
      if (typeof key !== "string") throw notFound(key, "delete");
      const context = { key, operation: "delete" };
      const remove = (transaction: Transaction<"readwrite">) => take(transaction, key);
      const found = await transact("readwrite", remove, `Failed to delete data: ${key}`, context);
      if (found === undefined) throw notFound(key, "delete");
      announcements.tell({ key, kind: "deleted", at: new Date().toISOString(), item: found.item });
    },
    async exists(key) {
      if (typeof key !== "string") return false;
      const read = (transaction: Transaction<"readonly">) => transaction.objectStore("summaries").getKey(key);
      const context = { key, operation: "exists" };
      return (await transact("readonly", read, `Failed to load data: ${key}`, context)) !== undefined;
    },
    getInfo() {
      return {
        type: "indexeddb",
        platform: "browser",
        connected: connection.isPossible,
        limits: { maxSize: LIMITS.bytes, maxDepth: LIMITS.depth },
      };
    },
    onChange: announcements.listen,
    async close() {
      announcements.close();
      await Promise.all(running);
      connection.close();
    },
  };
}

async function complete<T, Mode extends "readonly" | "readwrite">(
  transaction: Transaction<Mode>,
  work: (transaction: Transaction<Mode>) => Promise<T>,
): Promise<T> {
  const [end, result] = await Promise.allSettled([transaction.done, work(transaction)]);
  // Why the transaction ended says more than what that did to its requests.
  if (end.status === "rejected") throw end.reason;
  if (result.status === "rejected") throw result.reason;
  return result.value;
}

async function put(
  transaction: Transaction<"readwrite">,
  key: string,
  value: Plain,
  metadata: PlainObject,
  now: string,
): Promise<StorageItem> {
  const summaries = transaction.objectStore("summaries");
  const before = await summaries.get(key);
  const since = before?.since ?? now;
  const document = stamped(value, before && { metadata: before.item.metadata as PlainObject }, metadata, now);
  const text = JSON.stringify(document);
  const outline = outlineOf(document);
  const item = {
    ...storageItem(key, document, text.length, { created: since, updated: now }),
    ...(outline !== undefined && { outline }),
  };
  await Promise.all([transaction.objectStore("documents").put(text, key), summaries.put({ item, since }, key)]);
  return item;
}

async function take(transaction: Transaction<"readwrite">, key: string): Promise<Summary | undefined> {
  const summaries = transaction.objectStore("summaries");
  const found = await summaries.get(key);
  if (found !== undefined) {
    await Promise.all([transaction.objectStore("documents").delete(key), summaries.delete(key)]);
  }
  return found;
}

function parsed(text: unknown, message: string, context: StorageErrorContext): unknown {
  try {
    if (typeof text === "string") return JSON.parse(text);
  } catch {
    // The parser quotes what is stored, which errors must not.
  }
  throw new StorageError(`${message}: what is stored under the key is not JSON`, "SERIALIZATION_ERROR", { context });
}

function notFound(key: string, operation: string): StorageError {
  return new StorageError(`Data not found: ${key}`, "NOT_FOUND", { context: { key, operation } });
}
