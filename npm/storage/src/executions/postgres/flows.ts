/** Flows and their versions in PostgreSQL. */
import type { PoolClient } from "pg";

import { type FlowTable, type FoundHistory, type FoundVersion, judged, type SaveOutcome } from "../flows/flow-table.js";
import { deleteDocuments } from "./deletion.js";

/** The database, as flows need it. */
export interface FlowDatabase {
  /** Quoted. */
  schema: string;
  read<Row extends object>(operation: string, text: string, values: unknown[]): Promise<Row[]>;
  /**
   * Does work in a transaction of its own, which is rolled back where the work throws. The work is done again where others were in
   * its way and where the connection was lost, also if that was while the transaction was committed.
   */
  transact<T>(operation: string, work: (client: PoolClient) => Promise<T>): Promise<T>;
}

interface Row {
  version: number;
  hash: string;
  document_hash: string;
  saved_at: number;
  deleted_at: number | null;
}

export function postgresFlows({ schema, read, transact }: FlowDatabase): FlowTable {
  const [flows, versions] = [`${schema}.flows`, `${schema}.flow_versions`];
  return {
    save: (given) =>
      transact("save", async (client): Promise<SaveOutcome> => {
        const { id, hash, document, documentHash, item, at } = given;
        // A row to be locked: of two that save a new flow, the second waits for the first.
        await client.query(`insert into ${flows} values ($1, 0, '', $2) on conflict (id) do nothing`, [id, at]);
        // A statement of its own, which sees what the one that held the lock has saved.
        await client.query(`select from ${flows} where id = $1 for update`, [id]);
        const { rows } = await client.query<Row>(
          `select v.version::float8 as version, hash, document_hash, saved_at, deleted_at from ${flows} f
            join ${versions} v on v.flow = f.id and v.version = f.version where f.id = $1`,
          [id],
        );
        const [last] = rows;
        const current = last?.deleted_at === null ? last : undefined;
        const fate = judged(current, given);
        if (fate === "refused") {
          if (last === undefined) await client.query(`delete from ${flows} where id = $1`, [id]);
          return { version: current?.version ?? 0, isRefused: true, savedAt: current?.saved_at };
        }
        await client.query(`insert into ${schema}.documents values ($1, $2) on conflict (hash) do nothing`, [
          documentHash,
          document,
        ]);
        const version = fate === "new" ? (last?.version ?? 0) + 1 : (current as Row).version;
        await client.query(`update ${flows} set version = $2, item = $3, deleted_at = null where id = $1`, [
          id,
          version,
          item,
        ]);
        if (fate === "new") {
          await client.query(`insert into ${versions} values ($1, $2, $3, $4, $5)`, [
            id,
            version,
            hash,
            documentHash,
            at,
          ]);
          return { version, isRefused: false, savedAt: at };
        }
        const { document_hash: earlier, saved_at: savedAt } = current as Row;
        await client.query(`update ${versions} set document_hash = $3 where flow = $1 and version = $2`, [
          id,
          version,
          documentHash,
        ]);
        if (earlier !== documentHash) await deleteDocuments(client, schema, [earlier]);
        return { version, isRefused: false, savedAt };
      }),
    async find(id, version) {
      const [row] = await read<FoundVersion>(
        "load",
        `select v.version::float8 as version, v.hash, saved_at as "savedAt", content as document, item,
            deleted_at as "deletedAt" from ${flows} f
          join ${versions} v on v.flow = f.id and v.version = coalesce($2::bigint, f.version)
          join ${schema}.documents d on d.hash = v.document_hash where f.id = $1::text`,
        [id, version ?? null],
      );
      return row;
    },
    async list(prefix) {
      const rows = await read<{ item: string }>(
        "list",
        `select item from ${flows} where deleted_at is null and starts_with(id, $1::text)`,
        [prefix],
      );
      return rows.map(({ item }) => JSON.parse(item));
    },
    remove: (id, at) =>
      transact("delete", async (client) => {
        // One that was deleted at this very time was so by this call, whose answer was lost.
        const { rows } = await client.query<{ item: string }>(
          `update ${flows} set deleted_at = $2 where id = $1 and (deleted_at is null or deleted_at = $2) returning item`,
          [id, at],
        );
        return rows[0]?.item;
      }),
    async history(id, limit, before) {
      const rows = await read<{ deletedAt: number | null } & FoundHistory["versions"][number]>(
        "history",
        `select f.deleted_at as "deletedAt", v.version::float8 as version, v.hash, v.saved_at as "savedAt" from ${flows} f
          left join ${versions} v on v.flow = f.id and ($3::bigint is null or v.version < $3::bigint)
          where f.id = $1::text order by v.version desc limit $2::bigint`,
        [id, limit, before ?? null],
      );
      const [first] = rows;
      return first && { deletedAt: first.deletedAt, versions: rows.filter(({ version }) => version !== null) };
    },
    prune: ({ deletedBefore, keepVersions }, limit) =>
      transact("prune", async (client) => {
        // What is saved or deleted meanwhile waits, so that what is decided here still holds.
        const { rows } = await client.query<{ flow: string; version: string; document_hash: string }>(
          `select v.flow, v.version::text as version, v.document_hash from ${flows} f join ${versions} v on v.flow = f.id
            where f.deleted_at < $1::float8 or v.version <= f.version - $2::bigint
            order by v.flow, v.version limit $3::bigint for update of f`,
          [deletedBefore ?? null, keepVersions ?? null, limit],
        );
        if (rows.length === 0) return 0;
        const gone = rows.map(({ flow }) => flow);
        await client.query(
          `delete from ${versions} where (flow, version) in (select * from unnest($1::text[], $2::bigint[]))`,
          [gone, rows.map(({ version }) => version)],
        );
        await client.query(
          `delete from ${flows} f where id = any($1::text[]) and not exists (select from ${versions} where flow = f.id)`,
          [gone],
        );
        await deleteDocuments(
          client,
          schema,
          rows.map((row) => row.document_hash),
        );
        return rows.length;
      }),
  };
}
