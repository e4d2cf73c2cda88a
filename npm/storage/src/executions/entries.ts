/** Small texts of an installation beside its executions, in collections: their shape, and what all stores of them share. */
import { StorageError } from "../error.js";
import { unwritableText } from "./checks.js";

/** Texts by their ids. Each is kept until it is deleted by its id. */
export interface EntryStorage {
  /** Ids of all entries, in no particular order. */
  ids(): Promise<string[]>;
  /** All entries, in no particular order. */
  list(): Promise<ListedEntry[]>;
  get(id: string): Promise<KeptEntry | undefined>;
  /**
   * Writes changes in one transaction, in their order; settles when they are on disk, with the ids of those that were refused,
   * because another entry was there than the one that the change was to replace. What is there already is not refused.
   *
   * @throws StorageError as `ExecutionStore.write` does; SERIALIZATION_ERROR for an id with a NUL character or half of a surrogate
   *   pair, or of more than 2,000 bytes in UTF-8
   */
  write(changes: readonly EntryChange[]): Promise<string[]>;
}

/** An entry as it is kept. */
export interface KeptEntry {
  /** Of the content, such as its SHA-256: who replaces an entry names the one that is replaced by it. */
  hash: string;
  content: string;
}

/** An entry with its id. */
export interface ListedEntry extends KeptEntry {
  id: string;
}

/** A change of one entry. */
export interface EntryChange {
  id: string;
  /** The entry from now on; missing to delete it. */
  entry?: KeptEntry;
  /** Hash of the entry that must be there, `""` where there must be none. Missing: whatever is there is replaced. */
  ifHash?: string;
}

/** The entries of all collections, as a store has them. */
export interface EntryTable {
  ids(collection: string): Promise<string[]>;
  list(collection: string): Promise<ListedEntry[]>;
  get(collection: string, id: string): Promise<KeptEntry | undefined>;
  write(collection: string, changes: readonly EntryChange[]): Promise<string[]>;
}

/** Bytes of an id in UTF-8: what an index of every database takes. */
const ID_BYTES = 2000;

/**
 * The collections of a store, by its table, of which each method is one transaction. Only ids that all stores take get there.
 * Throws UNSUPPORTED_OPERATION for a name that is not of 1 to 40 lower-case letters and hyphens.
 */
export function entryCollections(table: EntryTable): (collection: string) => EntryStorage {
  const known = new Map<string, EntryStorage>();
  return (collection) => {
    const found = known.get(collection);
    if (found !== undefined) return found;
    if (!/^[a-z][a-z-]{0,39}$/.test(collection)) {
      throw new StorageError(
        `A collection has a name such as "states", not ${JSON.stringify(collection)}`,
        "UNSUPPORTED_OPERATION",
      );
    }
    const entries: EntryStorage = {
      ids: () => table.ids(collection),
      list: () => table.list(collection),
      get: async (id) => (refusalOf(id) === undefined ? table.get(collection, id) : undefined),
      async write(changes) {
        for (const { id } of changes) {
          const found = refusalOf(id);
          if (found === undefined) continue;
          const message = `The id ${JSON.stringify(id).slice(0, 100)} ${found}, so that nothing is kept under it`;
          throw new StorageError(message, "SERIALIZATION_ERROR", { context: { key: String(id), operation: "write" } });
        }
        return changes.length === 0 ? [] : table.write(collection, changes);
      },
    };
    known.set(collection, entries);
    return entries;
  };
}

/** What becomes of a change, of the hash that is there, `""` for none. */
export function fateOf({ entry, ifHash }: EntryChange, found: string): "same" | "refused" | "written" {
  // The same change again, whose answer was lost, is not refused.
  if (found === (entry?.hash ?? "")) return "same";
  return ifHash !== undefined && ifHash !== found ? "refused" : "written";
}

/** The table of a store in memory. */
export function memoryEntries(): EntryTable {
  const collections = new Map<string, Map<string, KeptEntry>>();
  const of = (collection: string) => {
    const found = collections.get(collection) ?? new Map<string, KeptEntry>();
    collections.set(collection, found);
    return found;
  };
  return {
    ids: async (collection) => [...of(collection).keys()],
    list: async (collection) => [...of(collection)].map(([id, entry]) => ({ id, ...entry })),
    get: async (collection, id) => {
      const found = of(collection).get(id);
      return found && { ...found };
    },
    async write(collection, changes) {
      const entries = of(collection);
      const refused: string[] = [];
      for (const change of changes) {
        const { id, entry } = change;
        const fate = fateOf(change, entries.get(id)?.hash ?? "");
        if (fate === "refused") refused.push(id);
        else if (fate === "written" && entry !== undefined) entries.set(id, { ...entry });
        else if (fate === "written") entries.delete(id);
      }
      return refused;
    },
  };
}

function refusalOf(id: unknown): string | undefined {
  if (typeof id !== "string") return `is no text but of type ${typeof id}`;
  const found = unwritableText(id);
  if (found !== undefined) return `contains ${found}`;
  const isLong = id.length > ID_BYTES || new TextEncoder().encode(id).length > ID_BYTES;
  return isLong ? `has more than ${ID_BYTES} bytes` : undefined;
}
