import type { ClientBase } from "pg";

import { StorageError } from "../../error.js";

/** Key of the advisory lock under which schemas are made and brought up to date. */
const MIGRATION_LOCK = 7_264_110_253;

/**
 * One entry for each version: statements that lead to it from the one before. They are never changed, only added to.
 *
 * Text of any length is compared by its hash where an index is needed, since a row of a B-tree has no more than 2,700 bytes.
 * Columns are of the collation C, in which `lower` changes ASCII letters only.
 */
const MIGRATIONS: readonly ((schema: string) => string)[] = [
  (schema) => `
    create table ${schema}.owners (
      id bigint primary key,
      batch bigint not null,
      written_at timestamptz not null
    ) with (fillfactor = 10);
    create table ${schema}.documents (
      hash text collate "C" primary key,
      content text not null
    );
    create table ${schema}.executions (
      key bigint generated always as identity primary key,
      id text collate "C" not null,
      flow_id text collate "C" not null,
      name text collate "C" not null,
      document_hash text collate "C" not null references ${schema}.documents,
      head bytea not null,
      parent_id text collate "C",
      trigger text collate "C" not null,
      tags text[] not null,
      tag_keys text[] not null,
      started_at float8 not null,
      status text collate "C" not null,
      owner bigint,
      epoch bigint not null,
      sequence bigint not null,
      bytes bigint not null,
      updated_at float8 not null,
      ended_at float8,
      wake_at float8,
      reason text collate "C",
      error text collate "C",
      summary text collate "C",
      constraint executions_id exclude using hash (id with =)
    ) with (fillfactor = 80);
    create index on ${schema}.executions (started_at, key);
    create index on ${schema}.executions (md5(flow_id), started_at, key);
    create index on ${schema}.executions (md5(parent_id), started_at, key) where parent_id is not null;
    create index on ${schema}.executions (status, started_at, key);
    create index on ${schema}.executions using gin (tag_keys);
    create index on ${schema}.executions (document_hash);
    create index on ${schema}.executions (owner) where owner is not null;
    create index on ${schema}.executions (wake_at) where status = 'sleeping';
    create index on ${schema}.executions (ended_at) where ended_at is not null;
    create table ${schema}.records (
      execution bigint not null,
      sequence bigint not null,
      epoch bigint not null,
      journal bytea not null,
      content bytea not null,
      primary key (execution, sequence)
    );
    create table ${schema}.blobs (
      hash text collate "C" primary key,
      data bytea not null
    );
    create table ${schema}.uses (
      execution bigint not null,
      hash text collate "C" not null references ${schema}.blobs,
      primary key (execution, hash)
    );
    create index on ${schema}.uses (hash);
  `,
  (schema) => `
    create table ${schema}.flows (
      id text collate "C" primary key,
      version bigint not null,
      item text not null,
      deleted_at float8
    );
    create table ${schema}.flow_versions (
      flow text collate "C" not null references ${schema}.flows,
      version bigint not null,
      hash text collate "C" not null,
      document_hash text collate "C" not null references ${schema}.documents,
      saved_at float8 not null,
      primary key (flow, version)
    );
    create index on ${schema}.flow_versions (document_hash);
    create table ${schema}.cached_outputs (
      key text collate "C" primary key,
      node_type text collate "C" not null,
      execution_id text collate "C" not null,
      node_id text collate "C" not null,
      stored_at float8 not null,
      expires_at float8,
      used bigint not null,
      output bytea not null
    );
    create index on ${schema}.cached_outputs (used);
    create index on ${schema}.cached_outputs (md5(node_type));
    create index on ${schema}.cached_outputs (expires_at) where expires_at is not null;
    create table ${schema}.cache_size (
      entries bigint not null,
      bytes bigint not null,
      used bigint not null
    );
    insert into ${schema}.cache_size values (0, 0, 0);
  `,
  (schema) => `
    create table ${schema}.states (
      id text collate "C" primary key,
      hash text collate "C" not null,
      content text not null
    );
  `,
  (schema) => `
    create table ${schema}.entries (
      collection text collate "C" not null,
      id text collate "C" not null,
      hash text collate "C" not null,
      content text not null,
      primary key (collection, id)
    );
    insert into ${schema}.entries select 'states', id, hash, content from ${schema}.states;
    drop table ${schema}.states;
  `,
];

/** All tables but that of the version. */
export const TABLES = [
  "executions",
  "records",
  "documents",
  "blobs",
  "uses",
  "owners",
  "flows",
  "flow_versions",
  "cached_outputs",
  "cache_size",
  "entries",
] as const;

/** A name as a part of a statement. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Makes the schema, or brings it up to date, in a transaction.
 *
 * @throws StorageError UNSUPPORTED_OPERATION for a schema of a later version or with other tables, which is left as it is
 */
export async function migrate(client: ClientBase, name: string, schema: string): Promise<void> {
  await client.query("begin");
  try {
    await client.query("select pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    const found = await versionOf(client, name, schema);
    if (found > MIGRATIONS.length) {
      throw new StorageError(
        `The store ${name} has version ${found} in its schema ${schema}, and this program knows versions up to ` +
          `${MIGRATIONS.length}; update the program`,
        "UNSUPPORTED_OPERATION",
      );
    }
    const names = quoted(schema);
    if (found === 0) {
      const exists = await client.query("select from pg_namespace where nspname = $1", [schema]);
      // The right to create schemas is only needed where the schema does not exist yet.
      if (exists.rowCount === 0) await client.query(`create schema ${names}`);
      await client.query(`create table ${names}.meta (key text primary key, value text not null)`);
      await client.query(`insert into ${names}.meta values ('version', '0')`);
    }
    for (const migration of MIGRATIONS.slice(found)) await client.query(migration(names));
    if (found < MIGRATIONS.length) {
      await client.query(`update ${names}.meta set value = $1 where key = 'version'`, [String(MIGRATIONS.length)]);
    }
    await client.query("commit");
  } catch (error) {
    // The error says more than one of a connection that is gone.
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

/** The version of a schema; 0 where it is empty or missing. */
async function versionOf(client: ClientBase, name: string, schema: string): Promise<number> {
  const { rows } = await client.query<{ tables: string[]; isOurs: boolean }>(
    `select array(select tablename::text from pg_tables where schemaname = $1 order by 1) as tables,
      (select count(*) from information_schema.columns
        where table_schema = $1 and table_name = 'meta' and column_name in ('key', 'value')) = 2 as "isOurs"`,
    [schema],
  );
  const { tables = [], isOurs = false } = rows[0] ?? {};
  if (tables.length === 0) return 0;
  const version = isOurs
    ? (await client.query<{ value: string }>(`select value from ${quoted(schema)}.meta where key = 'version'`)).rows[0]
    : undefined;
  if (version !== undefined && /^\d+$/.test(version.value)) return Number(version.value);
  throw new StorageError(
    `The schema ${schema} of ${name} holds tables of another program (${tables.slice(0, 3).join(", ")}); give the ` +
      "option `schema` another name",
    "UNSUPPORTED_OPERATION",
  );
}
