import { openDB } from "idb";

import { hasIndexedDB } from "../../indexeddb/connection.js";
import { noDatabases, Refusal } from "../../indexeddb/failure.js";
import {
  ALL_STORES,
  createStores,
  type Database,
  STORES,
  type StoreName,
  type Transaction,
  VERSION,
} from "./schema.js";

/** ms to wait for a database that another tab keeps in an older version, or removes, and for its first answer. */
const PATIENCE_MS = 15_000;

/** The connection to one database, made again after the browser or another tab ended it. */
export class Connection {
  readonly #name: string;
  #opening: Promise<Database> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Does work in a transaction, and gives its result when that is on disk. A failure of the work undoes all of it.
   *
   * @throws Refusal or a DOMException
   */
  async transact<T, Mode extends "readonly" | "readwrite">(
    mode: Mode,
    stores: readonly StoreName[],
    work: (transaction: Transaction<Mode>) => Promise<T>,
  ): Promise<T> {
    const transaction = await this.#begin(mode, stores);
    const working = work(transaction).catch((error: unknown) => {
      try {
        transaction.abort();
      } catch {
        // It has ended by itself, and says why.
      }
      throw error;
    });
    const [end, result] = await Promise.allSettled([transaction.done, working]);
    // Why the transaction ended says more than what that did to its requests, unless the work ended it.
    if (end.status === "rejected" && end.reason?.name !== "AbortError") throw end.reason;
    if (result.status === "rejected") throw result.reason;
    if (end.status === "rejected") throw end.reason;
    return result.value;
  }

  /**
   * Sees whether the database answers. A browser may leave it locked by a page that is gone, WebKit after a reload.
   *
   * @throws Refusal or a DOMException
   */
  async check(): Promise<void> {
    await this.#open();
    const answer = this.transact("readonly", ["counters"], async () => {});
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silence = new Promise<never>((_, reject) => {
      const message = `the database ${this.#name} does not answer; close other tabs of this site, or reload the page`;
      timer = setTimeout(() => reject(new Refusal("ACCESS_DENIED", message)), PATIENCE_MS);
    });
    await Promise.race([answer, silence]).finally(() => clearTimeout(timer));
  }

  close(): void {
    this.#opening?.then(
      (database) => database.close(),
      () => {},
    );
    this.#opening = undefined;
  }

  async #begin<Mode extends "readonly" | "readwrite">(
    mode: Mode,
    stores: readonly StoreName[],
  ): Promise<Transaction<Mode>> {
    const database = await this.#open();
    const begin = (of: Database) =>
      of.transaction([...stores], mode, { durability: "strict" }) as unknown as Transaction<Mode>;
    try {
      return begin(database);
    } catch (error) {
      if ((error as DOMException).name !== "InvalidStateError") throw error;
      // The browser has ended the connection, as it does when the data of a site is cleared.
      this.#opening = undefined;
      return begin(await this.#open());
    }
  }

  #open(): Promise<Database> {
    if (this.#opening !== undefined) return this.#opening;
    const opening = this.#connect();
    this.#opening = opening;
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }

  async #connect(): Promise<Database> {
    if (!hasIndexedDB()) throw noDatabases();
    let isLate = false;
    let isForeign = false;
    const opening: Promise<Database> = openDB(this.#name, VERSION, {
      upgrade: (database, version, _, transaction) => {
        isForeign = version > 0 && !STORES.every((store) => database.objectStoreNames.contains(store));
        if (!isForeign) return createStores(database, version, transaction);
        // It stays as it is, with its version.
        transaction.done.catch(() => {});
        transaction.abort();
      },
      // Another tab wants to update or remove the database, and would have to wait for this one.
      blocking: (_, __, event) => {
        this.#opening = undefined;
        (event.target as IDBDatabase).close();
      },
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        isLate = true;
        const message = `the database ${this.#name} is held by another tab of this site; close the other tabs and try again`;
        reject(new Refusal("ACCESS_DENIED", message));
      }, PATIENCE_MS);
    });
    void opening.then(
      (database) => isLate && database.close(),
      () => {},
    );
    const database = await Promise.race([opening, late])
      .catch((error: unknown) => {
        if (!isForeign) throw error;
      })
      .finally(() => clearTimeout(timer));
    if (database !== undefined && ALL_STORES.every((store) => database.objectStoreNames.contains(store)))
      return database;
    database?.close();
    throw new Refusal(
      "UNSUPPORTED_OPERATION",
      `the database ${this.#name} of this site holds something else; choose another name`,
    );
  }
}
