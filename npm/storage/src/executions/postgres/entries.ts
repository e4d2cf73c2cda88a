/** Small texts of an installation, in PostgreSQL. */
import type { PoolClient } from "pg";

import type { EntryChange, EntryTable, KeptEntry, ListedEntry } from "../entries.js";
import type { FlowDatabase } from "./flows.js";

export function postgresEntries({ schema, read, transact }: FlowDatabase): EntryTable {
  const entries = `${schema}.entries`;
  /** Each statement looks at the row that it has locked, so that of two that replace the same entry the second is refused. */
  const isWritten = async (client: PoolClient, collection: string, { id, entry, ifHash }: EntryChange) => {
    if (entry === undefined) {
      const isAny = "($3::text is null or hash = $3::text)";
      const at = "collection = $1 and id = $2";
      await client.query(`delete from ${entries} where ${at} and ${isAny}`, [collection, id, ifHash ?? null]);
      const { rowCount } = await client.query(`select from ${entries} where ${at}`, [collection, id]);
      return rowCount === 0;
    }
    const values = [collection, id, entry.hash, entry.content, ifHash ?? null];
    // What is there already is the same change again, whose answer was lost.
    const { rowCount } = await client.query(
      ifHash === undefined || ifHash === ""
        ? `insert into ${entries} as e values ($1, $2, $3, $4) on conflict (collection, id) do update
            set hash = excluded.hash, content = excluded.content where $5::text is null or e.hash = excluded.hash`
        : `update ${entries} set hash = $3, content = $4 where collection = $1 and id = $2 and hash in ($3, $5)`,
      values,
    );
    return rowCount === 1;
  };
  return {
    async ids(collection) {
      const sql = `select id from ${entries} where collection = $1::text`;
      return (await read<{ id: string }>(`list ${collection}`, sql, [collection])).map(({ id }) => id);
    },
    list(collection) {
      const sql = `select id, hash, content from ${entries} where collection = $1::text`;
      return read<ListedEntry>(`list ${collection}`, sql, [collection]);
    },
    async get(collection, id) {
      const sql = `select hash, content from ${entries} where collection = $1::text and id = $2::text`;
      const [row] = await read<KeptEntry>(`read ${collection}`, sql, [collection, id]);
      return row;
    },
    write: (collection, changes) =>
      transact(`write ${collection}`, async (client) => {
        const refused: string[] = [];
        for (const change of changes) {
          if (!(await isWritten(client, collection, change))) refused.push(change.id);
        }
        return refused;
      }),
  };
}
