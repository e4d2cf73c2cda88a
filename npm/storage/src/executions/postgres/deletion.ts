/** Deletion of finished executions, and of what only they needed. */
import type { PoolClient } from "pg";

import type { Retention } from "../store.js";
import { FINISHED_LIST } from "./listing.js";

/** Executions that one transaction deletes. */
export const DELETED_AT_ONCE = 200;

const BLOB_USERS = [["uses", "hash"]] as const;
const DOCUMENT_USERS = [
  ["executions", "document_hash"],
  ["flow_versions", "document_hash"],
] as const;

/** Keys of the executions that a retention names. */
export function outdatedStatement(
  schema: string,
  { flowId, endedBefore, keepPerFlow }: Retention,
): { text: string; values: unknown[] } {
  return {
    text: `select key::text as key from (
        select key, ended_at, row_number() over (partition by flow_id order by started_at desc, key desc) as number
        from ${schema}.executions where status = any(${FINISHED_LIST})
          and ($3::text is null or flow_id = $3::text)
      ) finished
      where ended_at < $1::float8 or number > $2::bigint`,
    values: [endedBefore ?? null, keepPerFlow ?? null, flowId ?? null],
  };
}

/**
 * Deletes executions by their keys, in one transaction; how many there were and were finished.
 *
 * Content that others share is locked before it is asked who needs it. So of two that delete the last executions that need it, the
 * second sees that the first is done, and what begins to need it meanwhile fails by its foreign key, and is written again.
 */
export async function deleteExecutions(client: PoolClient, schema: string, keys: readonly string[]): Promise<number> {
  await client.query("begin");
  try {
    const { rows } = await client.query<{ key: string; document_hash: string }>(
      `select key::text as key, document_hash from ${schema}.executions
        where key = any($1::bigint[]) and status = any(${FINISHED_LIST}) order by key for update`,
      [keys],
    );
    const gone = rows.map(({ key }) => key);
    if (gone.length > 0) {
      await client.query(`delete from ${schema}.records where execution = any($1::bigint[])`, [gone]);
      const uses = await client.query<{ hash: string }>(
        `delete from ${schema}.uses where execution = any($1::bigint[]) returning hash`,
        [gone],
      );
      await client.query(`delete from ${schema}.executions where key = any($1::bigint[])`, [gone]);
      const hashes = [...new Set(uses.rows.map(({ hash }) => hash))];
      if (hashes.length > 0) await deleteUnneeded(client, schema, "blobs", hashes, BLOB_USERS);
      const documents = rows.map((row) => row.document_hash);
      await deleteDocuments(client, schema, documents);
    }
    await client.query("commit");
    return gone.length;
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

/** Deletes documents by their hashes where neither an execution nor a version of a flow needs them, within a transaction. */
export async function deleteDocuments(client: PoolClient, schema: string, hashes: readonly string[]): Promise<void> {
  await deleteUnneeded(client, schema, "documents", [...new Set(hashes)], DOCUMENT_USERS);
}

async function deleteUnneeded(
  client: PoolClient,
  schema: string,
  table: string,
  hashes: readonly string[],
  users: readonly (readonly [table: string, column: string])[],
): Promise<void> {
  await client.query(`select from ${schema}.${table} where hash = any($1::text[]) order by hash for update`, [hashes]);
  const unneeded = users.map(
    ([user, column]) => `and not exists (select from ${schema}.${user} u where u.${column} = c.hash)`,
  );
  await client.query(`delete from ${schema}.${table} c where hash = any($1::text[]) ${unneeded.join(" ")}`, [hashes]);
}
