/** PostgreSQL, by the package pg. */
import type { Client, ClientConfig } from "pg";

import { NodeError, retryOf } from "../../../contract/error.js";
import type { NetworkAccess } from "../../../contract/network-access.js";
import type { AnswerSize } from "../../../library/answer-size.js";
import { optionalPackage } from "../../../machine/optional-package.js";
import type { Statement } from "../named.js";
import { quotedName } from "../names.js";
import type { Answer, Driver, DriverWork, InsertBatch, Session } from "../session.js";
import { databaseFailure } from "./failure.js";
import { fieldsOf, typesOf } from "./values.js";

/** ms for a connection to come about. */
const CONNECT_TIMEOUT = 30_000;
/** ms for the connection that cancels a statement. */
const CANCEL_TIMEOUT = 5000;
/** Values that one statement may have. */
const MOST_VALUES = 65_535;
/** Rows of one statement; more make it no faster. */
const MOST_ROWS = 5000;

/** SQLSTATEs of a statement that cannot run in a transaction, and of a procedure that ends its own. */
const NO_TRANSACTION: ReadonlySet<unknown> = new Set(["25001", "2D000"]);

/** The package pg. */
type Pg = typeof import("pg");

/** How a statement is run. */
interface RunOptions {
  /** Counts the rows that come back; the connection is closed where there are too many, which undoes a transaction. */
  size?: AnswerSize;
  /** Whether the statement changes the database for good, and so must not run twice. */
  changes?: boolean;
}

/** Runs one statement, alone and with its values apart. */
type Run = (sql: string, values?: readonly unknown[], options?: RunOptions) => Promise<Answer>;

/** A connection to the PostgreSQL at an address. */
export async function postgresDriver({ parameters, access }: DriverWork): Promise<Driver> {
  if (parameters.operation !== "insert") refuseCopy(parameters.sql ?? "");
  const pg = await optionalPackage("pg", "database", () => import("pg"));
  const config = { ...configOf(pg, parameters.connection), ...(access !== undefined && (await guarded(access))) };
  const client = clientOf(pg, config);
  return {
    async connect() {
      await client.connect();
      return sessionOf((sql, values = [], options = {}) => run(pg, client, sql, values, options));
    },
    stop: () => cancel(pg, config, client),
    async close() {
      // What runs no more, or waits for an answer that never comes, does not keep the node.
      void client.end().catch(() => {});
    },
    failure: databaseFailure,
  };
}

function sessionOf(run: Run): Session {
  return {
    async read({ sql, values }, size) {
      await run("begin transaction read only");
      const answer = await run(sql, values, { size });
      await run("commit");
      return answer;
    },
    change: (statement, size) => change(run, statement, size),
    fieldsOf: async (table) => (await run(`select * from ${table} limit 0`)).fields,
    begin: async () => void (await run("begin")),
    insert: (batch) => insert(run, batch),
    commit: (mayRepeat) => commit(run, mayRepeat),
    batchSize: (columns) => Math.min(MOST_ROWS, Math.floor(MOST_VALUES / columns)),
  };
}

/** In a transaction, so that a statement whose answer is refused has changed nothing. */
async function change(run: Run, { sql, values }: Statement, size: AnswerSize): Promise<Answer> {
  await run("begin");
  let answer: Answer;
  try {
    answer = await run(sql, values, { size });
  } catch (error) {
    const { code } = ((error as NodeError).cause ?? {}) as { code?: string };
    if (!NO_TRANSACTION.has(code)) throw error;
    // Some statements, such as VACUUM, run outside of one alone. What was done by then is undone.
    await run("rollback");
    return run(sql, values, { size, changes: true });
  }
  await run("commit", [], { changes: true });
  return answer;
}

async function insert(run: Run, { table, columns, rows, start, conflict, returning }: InsertBatch): Promise<Answer> {
  const values: unknown[] = [];
  /** Of each value its row and column, for errors. */
  const places: string[] = [];
  const tuples = rows.map((row, offset) => {
    const cells = row.map((value, column) => {
      if (value === undefined) return "default";
      values.push(value);
      places.push(`row ${start + offset + 1}, column \`${columns[column]}\``);
      return `$${values.length}`;
    });
    return `(${cells.join(",")})`;
  });
  const names = columns.map(quotedName).join(",");
  try {
    return await run(`insert into ${table} (${names}) values ${tuples.join(",")}${conflict}${returning}`, values);
  } catch (error) {
    throw placed(error, places);
  }
}

/** An error with the row it is about, where the database tells which value it is. */
function placed(error: unknown, places: readonly string[]): unknown {
  if (!(error instanceof NodeError)) return error;
  const { where } = (error.cause ?? {}) as { where?: string };
  const [, number] = /parameter \$(\d+)/.exec(where ?? "") ?? [];
  const place = number === undefined ? undefined : places[Number(number) - 1];
  if (place === undefined) return error;
  return new NodeError("EXECUTION_FAILED", `${place}: ${error.message}`, { cause: error.cause, retry: retryOf(error) });
}

async function commit(run: Run, mayRepeat: boolean): Promise<void> {
  try {
    await run("commit");
  } catch (error) {
    if (mayRepeat) throw error;
    throw new NodeError(
      "EXECUTION_FAILED",
      "The connection broke at the end: whether the rows are there is not known",
      {
        cause: error,
        advice: ["Look whether the rows are there before you run it again, or set `onConflict` and `keys`."],
        retry: false,
      },
    );
  }
}

/** COPY moves data past bound values and rows, and may run programs on the server, also where nothing is to be changed. */
function refuseCopy(sql: string): void {
  if (!/^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*copy\b/i.test(sql)) return;
  throw new NodeError(
    "INVALID_PARAMETERS",
    "COPY cannot be used here; read with `select`, and write with `operation: insert`",
  );
}

function configOf(pg: Pg, connection: string): ClientConfig {
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
  const { guardOf } = await import("../../../machine/guard/guard.js");
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
      // The database ends it when it finds that the connection is gone.
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
    query.on("end", ({ fields, rowCount }) =>
      resolve({ rows, fields: fieldsOf(pg.types, fields), count: rowCount ?? rows.length }),
    );
  });
}
