/** Which store objects are alive: each holds a Web Lock of its own until it is closed, its tab is closed, or that crashes. */
import { StorageError } from "../../error.js";
import { databaseFailure } from "../../indexeddb/failure.js";

/** A store object, in the eyes of the others. */
export interface Owner {
  readonly id: string;
  /** Of the owners of this database, those that are alive; this one included as long as it is. */
  living(): Promise<ReadonlySet<string>>;
  /** Lets go; resolves when the others see it. */
  release(): Promise<void>;
}

/**
 * Takes the lock of a new owner.
 *
 * @throws StorageError UNSUPPORTED_OPERATION where there are no Web Locks: pages that are not served by HTTPS or from this
 *   machine have none, and without them nothing says that a tab is gone; ACCESS_DENIED in a sandboxed frame
 */
export async function newOwner(database: string): Promise<Owner> {
  const locks = (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks;
  if (locks === undefined) {
    throw new StorageError(
      `This page has no Web Locks, by which the store indexeddb:${database} tells whose tab is gone; serve the page by ` +
        "HTTPS or from localhost",
      "UNSUPPORTED_OPERATION",
    );
  }
  const prefix = `atomiton-executions:${database}:`;
  const id = crypto.randomUUID();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let lock: Promise<unknown> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    lock = locks.request(prefix + id, () => {
      resolve();
      return held;
    });
    lock.catch((error) => reject(databaseFailure(`Failed to open the store indexeddb:${database}`, error, {})));
  });
  return {
    id,
    async living() {
      const { held: all = [] } = await locks.query();
      return new Set(all.flatMap(({ name }) => (name?.startsWith(prefix) === true ? name.slice(prefix.length) : [])));
    },
    async release() {
      release();
      // A lock that was taken away is gone too.
      await lock.catch(() => {});
    },
  };
}
