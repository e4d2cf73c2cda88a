/** DuckDB for one node: opened, shut off from the machine, and closed. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LONGEST_TIMER_MS } from "@atomiton/values";
import type { DuckDBConnection } from "@duckdb/node-api";

import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { sharedParameters } from "../../definition/node-type.js";
import type { NodeWork } from "../../library/work.js";
import { optionalPackage } from "../../machine/optional-package.js";
import { queryFailure } from "./failure.js";
import { quotedText } from "./names.js";

/** ms between two interrupts: one that comes between two steps of a query is lost. */
const INTERRUPT_INTERVAL = 20;

/** ms between two reports of progress. */
const REPORT_INTERVAL = 200;

/** The package @duckdb/node-api. */
export type DuckDb = typeof import("@duckdb/node-api");

/** Settings of the engine. */
export interface EngineLimits {
  /** Bytes. */
  memoryLimit: number;
  /** Bytes. */
  maxSpillBytes: number;
  threads?: number;
}

/** An open engine. */
export interface Engine {
  duckdb: DuckDb;
  connection: DuckDBConnection;
  /** For temporary files; removed at the end. */
  folder: string;
  /**
   * Shuts the engine off for good: from then on it reaches the temporary folder and `paths` alone, and no setting changes.
   */
  shutOff(paths: readonly string[]): Promise<void>;
  /** Reports from now on, now and then, that this is done; with the part that is done where the engine knows it of a `query`. */
  tell(what: string, isQuery?: boolean): void;
  /** Fails where the work is to stop; to be asked between two steps. */
  check(): void;
}

/**
 * Opens an engine in memory, works with it, and removes what is left of it. The work ends when the signal fires, and at the
 * node's time limit.
 *
 * @throws NodeError CANCELLED, TIMEOUT, MEMORY_LIMIT_EXCEEDED, EXECUTION_FAILED (no such package, an error of the query), and
 *   what `work` throws
 */
export async function withEngine<T>(
  { signal, explicitTimeout, progress }: Pick<NodeWork<unknown>, "signal" | "explicitTimeout" | "progress">,
  limits: EngineLimits,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  const duckdb = await optionalPackage("@duckdb/node-api", "sql", () => import("@duckdb/node-api"));
  const folder = await mkdtemp(join(tmpdir(), "conductor-sql-"));
  const limit = explicitTimeout === sharedParameters.timeout.default ? undefined : explicitTimeout;
  let reason: "late" | "cancelled" | undefined;
  let interrupts: NodeJS.Timeout | undefined;
  let close = (): void => {};
  let interrupt = (): void => {};
  let told: Told | undefined;
  const stop = (why: "late" | "cancelled"): void => {
    reason ??= why;
    interrupt();
    interrupts ??= setInterval(() => interrupt(), INTERRUPT_INTERVAL);
  };
  const abort = (): void => stop("cancelled");
  signal?.addEventListener("abort", abort, { once: true });
  const timer =
    limit === undefined ? undefined : setTimeout(stop, Math.min(Math.ceil(limit), LONGEST_TIMER_MS), "late");
  const check = (): void => {
    if (reason === "late") throw new NodeError("TIMEOUT", `The query was given up after ${limit} ms`);
    throwIfAborted(signal);
  };
  try {
    const instance = await duckdb.DuckDBInstance.create(":memory:", optionsOf(limits, folder));
    close = () => instance.closeSync();
    const connection = await instance.connect();
    close = () => {
      connection.closeSync();
      instance.closeSync();
    };
    interrupt = () => connection.interrupt();
    check();
    // Else what it says of instants would depend on the zone of this machine.
    await connection.run("set TimeZone = 'UTC'");
    if (progress !== undefined) {
      // What counts how far a query is; it is not printed.
      await connection.run("set enable_progress_bar = true");
      await connection.run("set enable_progress_bar_print = false");
      await connection.run("set progress_bar_time = 0");
      told = new Told(connection, progress);
    }
    return await work({
      duckdb,
      connection,
      folder,
      check,
      tell: (what, isQuery = false) => told?.is(what, isQuery),
      shutOff: (paths) => shutOff(connection, folder, paths),
    });
  } catch (error) {
    check();
    throw queryFailure(error);
  } finally {
    clearTimeout(timer);
    clearInterval(interrupts);
    told?.end();
    signal?.removeEventListener("abort", abort);
    close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Reports now and then what is done, and how far. */
class Told {
  #what = "";
  #isQuery = false;
  #last = "";
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly connection: DuckDBConnection,
    private readonly progress: NonNullable<NodeWork<unknown>["progress"]>,
  ) {
    this.#timer = setInterval(() => this.#report(), REPORT_INTERVAL);
  }

  is(what: string, isQuery: boolean): void {
    this.#what = what;
    this.#isQuery = isQuery;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #report(): void {
    if (this.#what === "") return;
    // Below 0 where it is not known; other statements than the query begin anew.
    const known = this.#isQuery ? this.connection.progress.percentage : 0;
    const percent = Math.floor(Math.min(Math.max(known, 0), 99));
    const text = percent === 0 ? this.#what : `${this.#what}: ${percent} %`;
    if (text === this.#last) return;
    this.#last = text;
    this.progress(percent, text);
  }
}

function optionsOf({ memoryLimit, maxSpillBytes, threads }: EngineLimits, folder: string): Record<string, string> {
  return {
    memory_limit: `${memoryLimit}B`,
    max_temp_directory_size: `${maxSpillBytes}B`,
    temp_directory: join(folder, "spilled"),
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
    allow_persistent_secrets: "false",
    ...(threads !== undefined && { threads: String(threads) }),
  };
}

async function shutOff(connection: DuckDBConnection, folder: string, paths: readonly string[]): Promise<void> {
  await connection.run(`set allowed_directories = [${quotedText(`${folder}/`)}]`);
  await connection.run(`set allowed_paths = [${paths.map(quotedText).join(", ")}]`);
  await connection.run("set enable_external_access = false");
  await connection.run("set lock_configuration = true");
}
