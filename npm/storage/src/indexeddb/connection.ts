import { openDB } from "idb";

import { noDatabases, Refusal } from "./failure.js";
import { createStores, type Database, type Transaction, transactionOf, VERSION } from "./schema.js";

/**
 * How long an operation waits for the database to open, in ms. It only takes that long where another tab keeps an older version
 * open and does not let go, or has asked for its removal: then the browser makes all others wait.
 */
const PATIENCE_MS = 5000;

/** The connection to one database: made when it is first needed, and again after the browser or another tab ended it. */
export class Connection {
  readonly #name: string;
  #opening: Promise<Database> | undefined;
  #database: Database | undefined;
  #refused = false;

  constructor(name: string) {
    this.#name = name;
  }

  /** Whether nothing speaks against the database: false from when it could not be opened until it can. */
  get isPossible(): boolean {
    return !this.#refused;
  }

  /** @throws Refusal or a DOMException where the database cannot be opened; the next call tries again. */
  async transaction<Mode extends "readonly" | "readwrite">(mode: Mode): Promise<Transaction<Mode>> {
    const database = this.#database ?? (await this.#open());
    try {
      return transactionOf(database, mode);
    } catch (error) {
      const { name } = error as DOMException;
      if (name === "NotFoundError") {
        throw new Refusal(
          "UNSUPPORTED_OPERATION",
          `the database ${this.#name} of this site holds something else; choose another name`,
        );
      }
      if (name !== "InvalidStateError") throw error;
      // The browser has ended the connection, as it does when the data of a site is cleared.
      this.#forget(database);
      return transactionOf(await this.#open(), mode);
    }
  }

  /** Lets go of the database as soon as what runs is over. */
  close(): void {
    const opening = this.#opening;
    this.#opening = undefined;
    this.#database = undefined;
    opening?.then(
      (database) => database.close(),
      () => {},
    );
  }

  async #open(): Promise<Database> {
    this.#opening ??= this.#begin();
    try {
      return await inTime(this.#opening, this.#name);
    } catch (error) {
      this.#refused = true;
      throw error;
    }
  }

  #begin(): Promise<Database> {
    const opening = this.#connect();
    opening.then(
      (database) => {
        this.#refused = false;
        if (this.#opening === opening) this.#database = database;
      },
      () => {
        if (this.#opening === opening) this.#opening = undefined;
      },
    );
    return opening;
  }

  async #connect(): Promise<Database> {
    if (!hasIndexedDB()) throw noDatabases();
    const database: Database = await openDB(this.#name, VERSION, {
      upgrade: createStores,
      // Another tab wants to update or remove the database, and would have to wait for this one.
      blocking: () => this.#forget(database),
    });
    return database;
  }

  #forget(database: Database): void {
    database.close();
    if (this.#database !== database) return;
    this.#database = undefined;
    this.#opening = undefined;
  }
}

/** Whether there is IndexedDB here. Where storing is forbidden it may be there all the same, and refuse later. */
export function hasIndexedDB(): boolean {
  try {
    return typeof indexedDB === "object" && indexedDB !== null;
  } catch {
    // Some browsers refuse even to be asked.
    return false;
  }
}

/** What is being opened, or a refusal where that takes too long; the opening goes on. */
function inTime(opening: Promise<Database>, name: string): Promise<Database> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const message = `the database ${name} is held by another tab of this site; close the other tabs and try again`;
      reject(new Refusal("ACCESS_DENIED", message));
    }, PATIENCE_MS);
    opening.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
