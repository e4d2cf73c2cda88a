/** Small texts of an installation, in IndexedDB. */
import { type EntryTable, fateOf } from "../entries.js";
import type { Transactions } from "./flows.js";

export function indexedDbEntries({ read, change }: Transactions): EntryTable {
  /** Every id of a collection: arrays order behind all texts. */
  const all = (collection: string) => IDBKeyRange.bound([collection], [collection, []]);
  return {
    ids: (collection) =>
      read(`list ${collection}`, ["entries"], async (transaction) =>
        (await transaction.objectStore("entries").getAllKeys(all(collection))).map(([, id]) => id),
      ),
    list: (collection) =>
      read(`list ${collection}`, ["entries"], async (transaction) => {
        const entries = transaction.objectStore("entries");
        const [keys, values] = await Promise.all([
          entries.getAllKeys(all(collection)),
          entries.getAll(all(collection)),
        ]);
        return values.map((entry, at) => ({ id: keys[at]?.[1] as string, ...entry }));
      }),
    get: (collection, id) =>
      read(`read ${collection}`, ["entries"], (transaction) =>
        transaction.objectStore("entries").get([collection, id]),
      ),
    write: (collection, changes) =>
      change(`write ${collection}`, ["entries"], async (transaction) => {
        const entries = transaction.objectStore("entries");
        const refused: string[] = [];
        for (const each of changes) {
          const { id, entry } = each;
          const fate = fateOf(each, (await entries.get([collection, id]))?.hash ?? "");
          if (fate === "refused") refused.push(id);
          else if (fate === "written" && entry !== undefined) {
            await entries.put({ hash: entry.hash, content: entry.content }, [collection, id]);
          } else if (fate === "written") await entries.delete([collection, id]);
        }
        return refused;
      }),
  };
}
