import type { EntryTable, KeptEntry } from "./entries.js";

/** The methods of the addon that keep entries. Answers are JSON. */
export interface EntryDatabase {
  readEntry(collection: string, id: string): Promise<string | null>;
  entryIds(collection: string): Promise<string>;
  listEntries(collection: string): Promise<string>;
  changeEntries(collection: string, changes: string): Promise<string>;
}

/** The table of entries in a database of SQLite. `ask` tells failures as those of an operation of the store. */
export function sqliteEntries(
  database: EntryDatabase,
  ask: <T>(operation: string, ask: () => Promise<T>) => Promise<T>,
): EntryTable {
  return {
    ids: async (collection) => JSON.parse(await ask(`list ${collection}`, () => database.entryIds(collection))),
    list: async (collection) => JSON.parse(await ask(`list ${collection}`, () => database.listEntries(collection))),
    async get(collection, id) {
      const found = await ask(`read ${collection}`, () => database.readEntry(collection, id));
      return found === null ? undefined : (JSON.parse(found) as KeptEntry);
    },
    write: async (collection, changes) =>
      JSON.parse(await ask(`write ${collection}`, () => database.changeEntries(collection, JSON.stringify(changes)))),
  };
}
