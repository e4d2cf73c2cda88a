/** A connection to the database for one node. */
import type { Client, ClientConfig, FieldDef } from "pg";

import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import type { NetworkAccess } from "../../contract/network-access.js";
import { sharedParameters } from "../../definition/node-type.js";
import type { AnswerSize } from "../../library/answer-size.js";
import type { NodeWork } from "../../library/work.js";
import { optionalPackage } from "../../machine/optional-package.js";
import { databaseFailure } from "./failure.js";
import { typesOf } from "./values.js";

/** ms for a connection to come about. */
const CONNECT_TIMEOUT = 30_000;
/** ms for the connection that cancels a statement. */
const CANCEL_TIMEOUT = 5000;

/** The package pg. */
export type Pg = typeof import("pg");

/** An answer to a statement; rows are lists of values, in the order of the fields. */
export interface Answer {
  rows: unknown[][];
  fields: FieldDef[];
  /** Rows that were read or changed. */
  count: number;
}

/** How a statement is run. */
export interface RunOptions {
  /** Counts the rows that come back; the connection is closed where there are too many, which undoes a transaction. */
  size?: AnswerSize;
  /** Whether the statement changes the database for good, and so must not run twice. */
  changes?: boolean;
}

/** Runs statements one after the other, each alone and with its values apart. */
export interface Session {
  pg: Pg;
  /** Runs one statement. */
  run(sql: string, values?: readonly unknown[], options?: RunOptions): Promise<Answer>;
}

/**
 * Connects, works, and disconnects. At the node's time limit and when its signal fires, the database is told to end the
 * statement that runs; what a transaction has done by then is undone.
 *
 * @throws NodeError CANCELLED, TIMEOUT, EXECUTION_FAILED (no such package, no connection), and what `work` throws
 */
export async function withSession<T>(
  { signal, explicitTimeout, access }: Pick<NodeWork<unknown>, "signal" | "explicitTimeout" | "access">,
  connection: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  const pg = await optionalPackage("pg", "database", () => import("pg"));
  const config = { ...configOf(pg, connection), ...(access !== undefined && (await guarded(access))) };
  const client = clientOf(pg, config);
  const limit = explicitTimeout === sharedParameters.timeout.default ? undefined : explicitTimeout;
  let stopped: { isLate: boolean; done: Promise<void> } | undefined;
  const stop = (isLate: boolean): void => {
    stopped ??= { isLate, done: cancel(pg, config, client) };
  };
  const abort = (): void => stop(false);
  // It may have come while the package was loaded.
  throwIfAborted(signal);
  signal?.addEventListener("abort", abort, { once: true });
  const timer = limit === undefined ? undefined : setTimeout(stop, Math.min(Math.ceil(limit), 2 ** 31 - 1), true);
  try {
    await client.connect();
    return await work({
      pg,
      run: (sql, values, options) => run(pg, client, sql, values ?? [], options ?? {}),
    });
  } catch (error) {
    if (stopped?.isLate)
      throw new NodeError("TIMEOUT", `The database was given up after ${limit} ms`, { cause: error });
    if (stopped !== undefined) throwIfAborted(signal);
    throw databaseFailure(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    await stopped?.done;
    // What runs no more, or waits for an answer that never comes, does not keep the node.
    void client.end().catch(() => {});
  }
}

function configOf(pg: Pg, connection: string): ClientConfig {
  if (!/^postgres(?:ql)?:\/\//.test(connection)) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      "`connection` must be an address such as postgresql://user:password@host:5432/database",
    );
  }
  return {
    connectionString: connection,
    types: typesOf(pg.types),
    application_name: "atomiton conductor",
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    keepAlive: true,
  };
}

/** Sockets that connect only to where the owner of the conductor allows it, also to cancel a statement. */
async function guarded(access: NetworkAccess): Promise<ClientConfig> {
  const { guardOf } = await import("../../machine/guard/guard.js");
  return { stream: () => guardOf(access).socket() };
}

function clientOf(pg: Pg, config: ClientConfig): Client {
  let client: Client;
  try {
    client = new pg.Client(config);
  } catch {
    // Without a cause: it holds the address, with the password.
    throw new NodeError("INVALID_PARAMETERS", "`connection` cannot be read as the address of a database");
  }
  // A connection that breaks is told by the statement that runs, and by nothing else.
  client.on("error", () => {});
  return client;
}

/** Has the database end the statement of a client, and closes its connection. */
async function cancel(pg: Pg, config: ClientConfig, client: Client): Promise<void> {
  const { processID } = client as unknown as { processID: number | null };
  if (processID !== null) {
    const other = clientOf(pg, { ...config, connectionTimeoutMillis: CANCEL_TIMEOUT });
    try {
      await other.connect();
      await other.query("select pg_cancel_backend($1)", [processID]);
    } catch {
      // The database ends it when it finds out that nobody listens.
    } finally {
      void other.end().catch(() => {});
    }
  }
  const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
  connection?.stream?.destroy();
}

function run(
  pg: Pg,
  client: Client,
  sql: string,
  values: readonly unknown[],
  { size, changes = false }: RunOptions,
): Promise<Answer> {
  // So that there is one statement only, also without values.
  const config = { text: sql, values: [...values], rowMode: "array", queryMode: "extended" };
  return new Promise((resolve, reject) => {
    const query = client.query(new pg.Query<unknown[]>(config));
    const rows: unknown[][] = [];
    let failed = false;
    query.on("row", (row: unknown[]) => {
      if (failed) return;
      try {
        size?.add(row);
        rows.push(row);
      } catch (error) {
        failed = true;
        const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
        connection?.stream?.destroy();
        reject(error);
      }
    });
    query.on("error", (error) => reject(databaseFailure(error, sql, changes)));
    query.on("end", ({ fields, rowCount }) => resolve({ rows, fields, count: rowCount ?? rows.length }));
  });
}
