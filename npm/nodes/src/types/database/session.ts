/** A connection to a database for one node, whatever the kind of the database. */
import { LONGEST_TIMER_MS } from "@atomiton/values";
import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { sharedParameters } from "../../definition/node-type.js";
import type { AnswerSize } from "../../library/answer-size.js";
import type { NodeWork } from "../../library/work.js";
import type { Statement } from "./named.js";
import type { Parameters } from "./parameters.js";

/** A column of an answer. */
export interface Field {
  name: string;
  /** For people. */
  type: string;
  /** Whether it takes JSON, where a list is a value. */
  isJson: boolean;
  /** Whether it makes numbers of text that spells one, without a word. */
  makesNumbers?: boolean;
}

/** An answer to a statement; rows are lists of values, in the order of the fields. */
export interface Answer {
  rows: unknown[][];
  fields: Field[];
  /** Rows that were read or changed. */
  count: number;
}

/** Rows that are inserted at once. */
export interface InsertBatch {
  /** As SQL takes it. */
  table: string;
  columns: readonly string[];
  /** A value for each column; `undefined` for the column's default. */
  rows: readonly (readonly unknown[])[];
  /** Where the first one is among all rows. */
  start: number;
  /** What becomes of rows that are there already, as SQL takes it; with a space before it, or nothing. */
  conflict: string;
  /** The same for what comes back. */
  returning: string;
}

/** What a node does with a database that it is connected to. */
export interface Session {
  /** Runs one statement that changes nothing. */
  read(statement: Statement, size: AnswerSize): Promise<Answer>;
  /** Runs one statement, in a transaction of its own where it can be in one. It has changed nothing where it fails. */
  change(statement: Statement, size: AnswerSize): Promise<Answer>;
  /** The columns of a table, which is named as SQL takes it. */
  fieldsOf(table: string): Promise<Field[]>;
  /** Begins a transaction that may change the database. It is undone where it is not committed. */
  begin(): Promise<void>;
  insert(batch: InsertBatch): Promise<Answer>;
  /** @param mayRepeat whether the same rows may be inserted twice without harm */
  commit(mayRepeat: boolean): Promise<void>;
  /** Rows of so many columns that are best inserted at once. */
  batchSize(columns: number): number;
}

/** One connection of a kind of database, for one node. */
export interface Driver {
  connect(): Promise<Session>;
  /** Ends the statement that runs; what its transaction has done is undone. */
  stop(): Promise<void>;
  /** Lets go of the connection, whatever its state. */
  close(): Promise<void>;
  /** What an error of the database means. */
  failure(error: unknown): NodeError;
}

/** What a driver knows of the node. */
export type DriverWork = Pick<NodeWork<Parameters>, "parameters" | "signal" | "access" | "files" | "warn"> & {
  /** ms of the node, if there is a limit. */
  limit: number | undefined;
};

/**
 * Connects, works, and disconnects. At the node's time limit and when its signal fires, the database is told to end the
 * statement that runs; what a transaction has done by then is undone.
 *
 * @throws NodeError CANCELLED, TIMEOUT, INVALID_PARAMETERS (the address), EXECUTION_FAILED (no such package, no connection),
 *   and what `work` throws
 */
export async function withSession<T>(node: NodeWork<Parameters>, work: (session: Session) => Promise<T>): Promise<T> {
  const { signal, explicitTimeout } = node;
  throwIfAborted(signal);
  const limit = explicitTimeout === sharedParameters.timeout.default ? undefined : explicitTimeout;
  const driver = await driverOf({
    ...{ parameters: node.parameters, signal, limit, access: node.access, files: node.files },
    warn: (rule, message) => node.warn(rule, message),
  });
  let stopped: { isLate: boolean; done: Promise<void> } | undefined;
  const stop = (isLate: boolean): void => {
    stopped ??= { isLate, done: driver.stop() };
  };
  const abort = (): void => stop(false);
  // It may have come while the driver was loaded.
  throwIfAborted(signal);
  signal?.addEventListener("abort", abort, { once: true });
  const timer = limit === undefined ? undefined : setTimeout(stop, Math.min(Math.ceil(limit), LONGEST_TIMER_MS), true);
  try {
    return await work(await driver.connect());
  } catch (error) {
    if (stopped?.isLate)
      throw new NodeError("TIMEOUT", `The database was given up after ${limit} ms`, { cause: error });
    if (stopped !== undefined) throwIfAborted(signal);
    throw driver.failure(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    await stopped?.done;
    await driver.close();
  }
}

async function driverOf(work: DriverWork): Promise<Driver> {
  const { connection } = work.parameters;
  if (/^postgres(?:ql)?:\/\//.test(connection)) return (await import("./postgres/driver.js")).postgresDriver(work);
  if (connection.startsWith("sqlite:")) return (await import("./sqlite/driver.js")).sqliteDriver(work);
  throw new NodeError(
    "INVALID_PARAMETERS",
    "`connection` must be an address such as postgresql://user:password@host:5432/database, or sqlite: with the path of a file",
  );
}
