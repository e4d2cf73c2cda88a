import type { Pool, PoolClient } from "pg";

import { StorageError } from "../error.js";
import { checkChanges, checkedList, checkRetention, recordLimit } from "./checks.js";
import { type EntryStorage, entryCollections } from "./entries.js";
import { flowStorage } from "./flows/flow-storage.js";
import type { FlowStorage } from "./flows/versions.js";
import { CACHE_BYTES, checkCacheBytes, keptOutputs } from "./kept-outputs.js";
import { cursorOf, TIMED } from "./listing.js";
import type { OutputCache } from "./output-cache.js";
import { untilConnected } from "./postgres/connection.js";
import { DELETED_AT_ONCE, deleteExecutions, outdatedStatement } from "./postgres/deletion.js";
import { postgresEntries } from "./postgres/entries.js";
import { isDisconnection, isRepeatable, postgresFailure } from "./postgres/failure.js";
import { postgresFlows } from "./postgres/flows.js";
import { FINISHED_LIST, listStatement } from "./postgres/listing.js";
import { postgresOutputs } from "./postgres/outputs.js";
import { LIVING } from "./postgres/ownership.js";
import { loadPg } from "./postgres/package.js";
import { bytesOf, type DatabaseRow, ROW_COLUMNS, rowOf } from "./postgres/rows.js";
import { migrate, quoted, TABLES } from "./postgres/schema.js";
import { Writer } from "./postgres/writer.js";
import type { ExecutionStore, Retention, StoredExecution } from "./store.js";

/** Options for a store of executions in PostgreSQL. */
export interface PostgresStoreOptions {
  /** The schema of its tables, which is made where it is missing. Default `conductor`. */
  schema?: string;
  /** Connections that read, at most. One more writes. Default 4. */
  readers?: number;
  /** How long a server that went away is tried again before calls fail with NETWORK_ERROR, in ms. Default 30,000. */
  patience?: number;
  /** Bytes that its cache of outputs takes at most; 1 GiB unless given. */
  cacheBytes?: number;
}

/** A store in PostgreSQL. */
export interface PostgresStore extends ExecutionStore {
  readonly cache: OutputCache;
  readonly flows: FlowStorage;
  readonly entries: (collection: string) => EntryStorage;
}

/** ms for a connection to come about. */
const CONNECT_TIMEOUT = 10_000;
/** When executions go on, by their statuses: the time is $4. */
const AT_ONCE = { queued: "true", running: "true" };
const DUE = { sleeping: "(wake_at is null or wake_at <= $4::float8)", waiting: "wake_at <= $4::float8" };
/** How often a deletion is tried again that met others. */
const ATTEMPTS = 20;

/**
 * Opens a store of executions in PostgreSQL 13 or later, by the package `pg`. It makes its tables where there are none.
 *
 * What this object owns, it owns as long as the connection that it writes by, which holds a lock of the session: the server
 * says who is gone, and no clock. So the address must not lead to a pooler that shares sessions between clients.
 *
 * @param url such as `postgresql://user:password@host:5432/database`
 * @throws StorageError UNSUPPORTED_OPERATION where `pg` is not installed, or the schema is of a later version or another program;
 *   NETWORK_ERROR, AUTHENTICATION_FAILED or ACCESS_DENIED where the database cannot be used
 */
export async function openPostgresStore(url: string, options: PostgresStoreOptions = {}): Promise<PostgresStore> {
  const { schema = "conductor", readers = 4, patience = 30_000, cacheBytes = CACHE_BYTES.disk } = options;
  checkCacheBytes(cacheBytes);
  const pg = await loadPg();
  const config = {
    connectionString: url,
    application_name: "atomiton conductor",
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    keepAlive: true,
  };
  const name = `postgres:${databaseOf(pg, url)}`;
  const schemaName = quoted(schema);
  const writer = new Writer({ pg, config, name, schema: schemaName, patience });
  await writer.open((client) => migrate(client, name, schema));
  const pool = new pg.Pool({ ...config, max: readers });
  // Statements tell of connections that break; idle ones are replaced.
  pool.on("error", () => {});
  return storeOf(name, schemaName, writer, pool, patience, cacheBytes);
}

function storeOf(
  name: string,
  schema: string,
  writer: Writer,
  pool: Pool,
  patience: number,
  cacheBytes: number,
): PostgresStore {
  const executions = `${schema}.executions`;
  let ended: Promise<void> | undefined;
  let isClosing = false;

  /** Reads, by another connection where one breaks. */
  const read = async <Row extends object>(operation: string, text: string, values: unknown[] = []): Promise<Row[]> => {
    writer.check(operation);
    try {
      return await untilConnected(patience, async () => (await pool.query<Row>(text, values)).rows);
    } catch (error) {
      throw postgresFailure(name, operation, error);
    }
  };
  const deleteKeys = async (operation: string, keys: readonly string[]): Promise<number> => {
    let count = 0;
    for (let from = 0; from < keys.length; from += DELETED_AT_ONCE) {
      const step = keys.slice(from, from + DELETED_AT_ONCE);
      try {
        count += await repeated(pool, patience, (client) => deleteExecutions(client, schema, step));
      } catch (error) {
        throw postgresFailure(name, operation, error);
      }
    }
    return count;
  };
  const transact = async <T>(operation: string, work: (client: PoolClient) => Promise<T>): Promise<T> => {
    writer.check(operation);
    // A store that is being closed waits for no server.
    const wait = isClosing ? 0 : patience;
    try {
      return await untilConnected(wait, () => repeated(pool, wait, (client) => inTransaction(client, work)));
    } catch (error) {
      throw postgresFailure(name, operation, error);
    }
  };
  const database = { schema, read, transact };
  const cache = keptOutputs(postgresOutputs(database), cacheBytes);
  /** Not owned by this store object ($1), nor by one that is alive, where that can be told ($2). */
  const isFree = `(owner is null or $2::boolean and owner <> $1::bigint and owner <> all(array(${LIVING})))`;

  return {
    name,
    cache,
    flows: flowStorage(name, "postgres", postgresFlows(database)),
    entries: entryCollections(postgresEntries(database)),
    async write(changes) {
      writer.check("write");
      checkChanges(changes);
      return changes.length === 0 ? [] : writer.write(changes);
    },
    async get(id) {
      const [row] = await read<DatabaseRow>("get", `select ${ROW_COLUMNS} from ${executions} where id = $1::text`, [
        id,
      ]);
      return row && rowOf(row);
    },
    async begun(id) {
      const [row] = await read<{ content: string; head: Buffer }>(
        "begun",
        `select content, head from ${executions} join ${schema}.documents on hash = document_hash where id = $1::text`,
        [id],
      );
      return row && { document: row.content, head: bytesOf(row.head) };
    },
    async records(id, after = 0, limit) {
      const rows = await read<{ sequence: number; epoch: number; journal: Buffer; content: Buffer }>(
        "records",
        `select sequence::float8 as sequence, epoch::float8 as epoch, journal, content from ${schema}.records
          where execution = (select key from ${executions} where id = $1::text) and sequence > $2::bigint
          order by sequence limit $3::bigint`,
        [id, after, recordLimit(limit)],
      );
      return rows.map(({ sequence, epoch, journal, content }) => ({
        sequence,
        epoch,
        journal: bytesOf(journal),
        values: bytesOf(content),
      }));
    },
    async blob(hash) {
      const sql = `select data from ${schema}.blobs where hash = $1::text`;
      const [row] = await read<{ data: Buffer }>("blob", sql, [hash]);
      return row && bytesOf(row.data);
    },
    async list(filter = {}, { limit, cursor } = {}) {
      const most = checkedList(filter, limit);
      const { text, values } = listStatement(schema, filter, most + 1, cursor);
      const rows = await read<DatabaseRow & { key: number }>("list", text, values);
      const page = rows.slice(0, most);
      const last = page.at(-1);
      return {
        executions: page.map(rowOf),
        ...(rows.length > most && last && { next: cursorOf({ startedAt: last.started_at, place: last.key }) }),
      };
    },
    onReleased: (tell) => writer.onReleased(tell),
    async claimable(now, limit, only) {
      // A statement for each status: they have indices of their own.
      const statuses = Object.entries(only === "due" ? DUE : { ...AT_ONCE, ...DUE });
      const parts = statuses.map(
        ([
          status,
          when,
        ]) => `(select id, started_at, key from ${executions} where status = '${status}' and ${isFree} and ${when}
          order by started_at, key limit $3::bigint)`,
      );
      const rows = await read<{ id: string }>(
        "claimable",
        `select id from (${parts.join(" union all ")}) as ready order by started_at, key limit $3::bigint`,
        [writer.owner, writer.knowsLiving, limit, now],
      );
      return rows.map(({ id }) => id);
    },
    async claim(id): Promise<StoredExecution | undefined> {
      writer.check("claim");
      return writer.claim(id);
    },
    async nextWake() {
      const parts = TIMED.map(
        (status) => `(select wake_at from ${executions} where status = '${status}' and wake_at is not null and ${isFree}
          order by wake_at limit 1)`,
      );
      const sql = `select min(wake_at) as wake_at from (${parts.join(" union all ")}) as timed`;
      const [row] = await read<{ wake_at: number | null }>("nextWake", sql, [writer.owner, writer.knowsLiving]);
      return row?.wake_at ?? undefined;
    },
    async delete(ids) {
      const sql = `select key::text as key from ${executions} where id = any($1::text[])`;
      const rows = await read<{ key: string }>("delete", sql, [ids]);
      return deleteKeys(
        "delete",
        rows.map(({ key }) => key),
      );
    },
    async prune(retention: Retention) {
      checkRetention(retention);
      const { text, values } = outdatedStatement(schema, retention);
      const rows = await read<{ key: string }>("prune", text, values);
      return deleteKeys(
        "prune",
        rows.map(({ key }) => key),
      );
    },
    async vacuum() {
      // The room is used again. To give it to the system, VACUUM FULL would make all writers wait.
      for (const table of TABLES) await read("vacuum", `vacuum (analyze) ${schema}.${table}`);
    },
    async figures() {
      const sizes = TABLES.map(
        (table) => `pg_total_relation_size('${schema.replaceAll("'", "''")}.${table}'::regclass)`,
      );
      const [row] = await read<Record<"executions" | "unfinished" | "records" | "blobs" | "bytes", number>>(
        "figures",
        `select (select count(*) from ${executions})::float8 as executions,
          (select count(*) from ${executions} where status <> all(${FINISHED_LIST}))::float8 as unfinished,
          (select count(*) from ${schema}.records)::float8 as records,
          (select count(*) from ${schema}.blobs)::float8 as blobs, (${sizes.join(" + ")})::float8 as bytes`,
      );
      return row as NonNullable<typeof row>;
    },
    close() {
      isClosing = true;
      ended ??= (async () => {
        // Uses that cannot be noted must not keep the store from being closed.
        const flushed = cache.flush().catch(() => {});
        const closing = writer.close();
        await flushed;
        await closing.finally(() => pool.end());
      })();
      return ended;
    },
  };
}

/** Does work in a transaction: all of it, or nothing. */
async function inTransaction<T>(client: PoolClient, work: (client: PoolClient) => Promise<T>): Promise<T> {
  await client.query("begin");
  try {
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

const ignore = (): void => {};

/** Does work in a transaction of its own, again where others were in its way, or there was no connection to begin it. */
async function repeated<T>(pool: Pool, patience: number, work: (client: PoolClient) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const client = await untilConnected(patience, () => pool.connect());
    // A connection that breaks fails its statement; the event tells no more, and would end the process.
    client.on("error", ignore);
    try {
      const result = await work(client);
      client.off("error", ignore);
      client.release();
      return result;
    } catch (error) {
      const isBroken = isDisconnection(error);
      if (!isBroken) client.off("error", ignore);
      client.release(isBroken);
      if (attempt === ATTEMPTS || !isRepeatable(error)) throw error;
    }
  }
}

/** The name of the database of an address, which has no password. */
function databaseOf(pg: Awaited<ReturnType<typeof loadPg>>, url: string): string {
  try {
    const { database } = new pg.Client({ connectionString: url });
    return database ?? "postgres";
  } catch {
    // Without a cause: it holds the address, with the password.
    throw new StorageError(
      "The address of the store cannot be read; give one such as postgresql://user:password@host:5432/database",
      "UNSUPPORTED_OPERATION",
    );
  }
}
