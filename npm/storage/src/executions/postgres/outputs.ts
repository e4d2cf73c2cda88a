/** The cache of outputs in PostgreSQL. */
import { ENTRY_BYTES, type OutputTable } from "../kept-outputs.js";
import type { FlowDatabase } from "./flows.js";
import { bytesOf } from "./rows.js";

/** Entries that are looked at together when there is no room. */
const EVICTED_AT_ONCE = 100;

interface Row {
  node_type: string;
  execution_id: string;
  node_id: string;
  stored_at: number;
  expires_at: number | null;
  output: Buffer;
}

export function postgresOutputs({ schema, read, transact }: FlowDatabase): OutputTable {
  const [outputs, size] = [`${schema}.cached_outputs`, `${schema}.cache_size`];
  return {
    async find(key, now) {
      const [row] = await read<Row>(
        "find cached outputs",
        `select node_type, execution_id, node_id, stored_at, expires_at, output from ${outputs}
          where key = $1::text and (expires_at is null or expires_at > $2::float8)`,
        [key, now],
      );
      if (row === undefined) return undefined;
      return {
        key,
        nodeType: row.node_type,
        output: bytesOf(row.output),
        executionId: row.execution_id,
        nodeId: row.node_id,
        storedAt: row.stored_at,
        ...(row.expires_at !== null && { expiresAt: row.expires_at }),
      };
    },
    keep: (given, used, limit) =>
      transact("keep outputs", async (client) => {
        // The row of the size is locked first: writers take turns, and none waits for another in the middle.
        const { rows: sizes } = await client.query<{ entries: number; bytes: number; used: number }>(
          `select entries::float8 as entries, bytes::float8 as bytes, used::float8 as used from ${size} for update`,
        );
        let { entries, bytes, used: last } = sizes[0] as { entries: number; bytes: number; used: number };
        if (used.length > 0) {
          await client.query(
            `update ${outputs} o set used = $2::bigint + u.place
              from unnest($1::text[]) with ordinality as u (key, place) where o.key = u.key`,
            [used, last],
          );
          last += used.length;
        }
        const remove = async (condition: string, values: unknown[]) => {
          const { rows } = await client.query<{ count: number; length: number }>(
            `with gone as (delete from ${outputs} where ${condition} returning length(output) as length)
              select count(*)::float8 as count, coalesce(sum(length), 0)::float8 as length from gone`,
            values,
          );
          const { count, length } = rows[0] as { count: number; length: number };
          entries -= count;
          bytes -= length;
        };
        if (given.length > 0) await remove("key = any($1::text[])", [given.map(({ key }) => key)]);
        for (const { key, nodeType, executionId, nodeId, storedAt, expiresAt = null, output } of given) {
          if (output.length + ENTRY_BYTES > limit) continue;
          await client.query({
            name: "keep output",
            text: `insert into ${outputs} values ($1, $2, $3, $4, $5, $6, $7, $8)`,
            values: [key, nodeType, executionId, nodeId, storedAt, expiresAt, ++last, output],
          });
          entries += 1;
          bytes += output.length;
        }
        while (entries > 0 && bytes + entries * ENTRY_BYTES > limit) {
          const { rows } = await client.query<{ key: string; length: number }>(
            `select key, length(output) as length from ${outputs} order by used limit ${EVICTED_AT_ONCE}`,
          );
          const over = bytes + entries * ENTRY_BYTES - limit;
          let freed = 0;
          const oldest = rows.filter(({ length }) => {
            const isNeeded = freed < over;
            if (isNeeded) freed += length + ENTRY_BYTES;
            return isNeeded;
          });
          if (oldest.length === 0) break;
          await remove("key = any($1::text[])", [oldest.map(({ key }) => key)]);
        }
        await client.query(`update ${size} set entries = $1, bytes = $2, used = $3`, [entries, bytes, last]);
      }),
    async size() {
      const sql = `select entries::float8 as entries, bytes::float8 as bytes from ${size}`;
      const [row] = await read<{ entries: number; bytes: number }>("count cached outputs", sql, []);
      return row ?? { entries: 0, bytes: 0 };
    },
    clear: ({ expiredAt, nodeType }, limit) =>
      transact("clear its cache", async (client) => {
        await client.query(`select from ${size} for update`);
        const conditions = ["true"];
        const values: unknown[] = [limit];
        if (expiredAt !== undefined) conditions.push(`expires_at <= $${values.push(expiredAt)}::float8`);
        if (nodeType !== undefined) {
          const place = `$${values.push(nodeType)}::text`;
          conditions.push(`md5(node_type) = md5(${place}) and node_type = ${place}`);
        }
        const { rows } = await client.query<{ count: number }>(
          `with gone as (
              delete from ${outputs} where key = any(array(
                select key from ${outputs} where ${conditions.join(" and ")} limit $1::bigint
              )) returning length(output) as length
            ), counted as (
              select count(*) as count, coalesce(sum(length), 0) as length from gone
            ), sized as (
              update ${size} set entries = entries - c.count, bytes = bytes - c.length from counted c
            ) select count::float8 as count from counted`,
          values,
        );
        return rows[0]?.count ?? 0;
      }),
  };
}
