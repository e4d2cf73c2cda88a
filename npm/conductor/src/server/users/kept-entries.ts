/** Users and sessions in a store: what is read is kept in memory, and forgotten when a process that shares the store says so. */
import { createHash, randomBytes } from "node:crypto";
import type { EntryStorage, ExecutionStore } from "@atomiton/storage";
import { coded } from "../../engine/failure.js";
import { RecentMap } from "../recent-map.js";

/** The collections. */
export type CollectionName = "users" | "sessions";

/** In each collection the entry that is written anew, in one transaction, with each change that ends sessions. */
export const MARK = ".changed";

/** How old what is known of the marks may be, in ms: so long a change of another process may not count yet. */
const MARK_MS = 1000;

/** How old an entry in memory may be, in ms: another process refreshes sessions without writing the mark. */
const KEPT_MS = 5000;

/** Entries in memory, of each collection. */
const MOST_KEPT = 10_000;

/** Tries of a change that other processes get in the way of. */
const MOST_TRIES = 20;

/** An entry in memory, or on its way there. */
interface Kept {
  at: number;
  found: Promise<unknown>;
}

/** Entries of the two collections, as values of JSON. */
export class KeptEntries {
  readonly #stored: Record<CollectionName, EntryStorage>;
  readonly #kept: Record<CollectionName, RecentMap<Kept>> = {
    users: new RecentMap(MOST_KEPT),
    sessions: new RecentMap(MOST_KEPT),
  };
  readonly #listeners = new Set<() => void>();
  #marks: string | undefined;
  #markedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Throws INVALID_PARAMETERS for a store that keeps no entries. */
  constructor(store: ExecutionStore) {
    const { entries } = store;
    if (entries === undefined) {
      throw coded("INVALID_PARAMETERS", `The store ${store.name} keeps no entries, and so no users`, undefined);
    }
    this.#stored = { users: entries("users"), sessions: entries("sessions") };
  }

  /**
   * An entry, from memory where it is there, is not older than another process's change by more than a second, and is accepted;
   * else from the store.
   */
  async get<T>(name: CollectionName, id: string, accepts: (value: T) => boolean = () => true): Promise<T | undefined> {
    if (performance.now() - this.#markedAt >= MARK_MS) await this.#readMarks();
    const kept = this.#kept[name].get(id);
    if (kept !== undefined && performance.now() - kept.at < KEPT_MS) {
      const found = (await kept.found) as T | undefined;
      if (found !== undefined && accepts(found)) return found;
    }
    return this.read(name, id);
  }

  /** An entry from the store. */
  async read<T>(name: CollectionName, id: string): Promise<T | undefined> {
    if (id === MARK) return undefined;
    const kept = this.#kept[name];
    const found = this.#stored[name].get(id).then((entry) => entry && (JSON.parse(entry.content) as T));
    const entry = { at: performance.now(), found };
    kept.set(id, entry);
    const forget = () => {
      if (kept.get(id) === entry) kept.delete(id);
    };
    // What is not there must not take the place of what is.
    found.then((value) => value === undefined && forget(), forget);
    return found;
  }

  /** All entries of a collection, from the store. */
  async list<T>(name: CollectionName): Promise<{ id: string; value: T }[]> {
    const entries = await this.#stored[name].list();
    return entries.filter(({ id }) => id !== MARK).map(({ id, content }) => ({ id, value: JSON.parse(content) as T }));
  }

  /**
   * Changes an entry to what `change` makes of it, `undefined` for none; what `change` throws leaves it as it is. Where another
   * process was faster, `change` is called again.
   *
   * @param isEnd whether sessions end by it, which all processes are to know
   */
  async change<T>(
    name: CollectionName,
    id: string,
    change: (found: T | undefined) => T | undefined,
    isEnd = false,
  ): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const before = id === MARK ? undefined : await this.#stored[name].get(id);
      const after = change(before && JSON.parse(before.content));
      if (before === undefined && after === undefined) return;
      const changed = { id, ifHash: before?.hash ?? "", ...(after !== undefined && { entry: entryOf(after) }) };
      const refused = await this.#stored[name].write(isEnd ? [changed, newMark()] : [changed]);
      this.#kept[name].delete(id);
      if (refused.includes(id)) continue;
      if (isEnd) this.#tell();
      return;
    }
    throw coded("EXECUTION_FAILED", `Other processes change the same of the ${name} again and again`, undefined);
  }

  /** Deletes entries. */
  async delete(name: CollectionName, ids: readonly string[], isEnd = false): Promise<void> {
    if (ids.length === 0) return;
    const changes = ids.map((id) => ({ id }));
    await this.#stored[name].write(isEnd ? [...changes, newMark()] : changes);
    for (const id of ids) this.#kept[name].delete(id);
    if (isEnd) this.#tell();
  }

  /**
   * Calls back when sessions may have ended: by a change of this process at once, by one of another, or by time, within a second or
   * two. Ends with what it returns.
   *
   * @param isOver whether a session has ended by time
   */
  onEnd<T>(listener: () => void, isOver: (session: T) => boolean): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => void this.#look(isOver), MARK_MS).unref();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  async #look<T>(isOver: (session: T) => boolean): Promise<void> {
    // A store that does not answer now is asked again by the next request.
    await this.#readMarks().catch(() => {});
    let hasEnded = false;
    for (const [id, { found }] of [...this.#kept.sessions]) {
      const session = (await found.catch(() => undefined)) as T | undefined;
      if (session === undefined || !isOver(session)) continue;
      this.#kept.sessions.delete(id);
      hasEnded = true;
    }
    if (hasEnded) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #readMarks(): Promise<void> {
    const read = async () => {
      const at = performance.now();
      const { users, sessions } = this.#stored;
      const found = await Promise.all([users.get(MARK), sessions.get(MARK)]);
      const marks = found.map((entry) => entry?.content ?? "").join(" ");
      this.#markedAt = at;
      if (marks === this.#marks) return;
      const isFirst = this.#marks === undefined;
      this.#marks = marks;
      if (isFirst) return;
      for (const kept of Object.values(this.#kept)) kept.clear();
      this.#tell();
    };
    this.#asking ??= read().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }
}

function entryOf(value: unknown): { hash: string; content: string } {
  const content = JSON.stringify(value);
  return { content, hash: createHash("sha256").update(content).digest("hex") };
}

/** The mark, as it never was before. */
function newMark() {
  return { id: MARK, entry: entryOf(randomBytes(12).toString("base64url")) };
}
