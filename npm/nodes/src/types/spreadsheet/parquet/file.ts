/** Parquet files, read and written in a thread of their own. */
import { NodeError } from "../../../contract/error.js";
import { inThread } from "../../../machine/thread.js";
import type { ParquetAnswer, ParquetColumn, ParquetTask } from "./messages.js";
import script from "./thread.ts?script";

/** MiB of heap of the thread. */
const HEAP_MIB = 2048;

/** A classic script has no imports: what it needs of Node is put before it. */
const text = `
const { openSync, readSync, fstatSync } = require("node:fs");
const { parentPort: port, workerData: task } = require("node:worker_threads");
const openFile = (path) => {
  const file = openSync(path, "r");
  const byteLength = fstatSync(file).size;
  return {
    byteLength,
    slice(start, end = byteLength) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, byteLength) - start));
      const read = readSync(file, bytes, 0, bytes.length, start);
      if (read !== bytes.length) throw new Error("the file became shorter while it was read");
      return bytes.buffer;
    },
  };
};
${script}`;

/** The rows of a file, by its columns. */
export interface ParquetTable {
  columns: string[];
  /** Values in the order of the columns. */
  rows: unknown[][];
  /** Columns of which all numbers are text, because one has more digits than a number keeps. */
  lostDigits: string[];
}

/**
 * Reads a file, or bytes of one.
 *
 * @param what the file in the words of a message
 * @throws NodeError DESERIALIZATION_FAILED, MEMORY_LIMIT_EXCEEDED, CANCELLED
 */
export async function readParquetFile(
  source: { path: string } | { bytes: Uint8Array },
  what: string,
  signal: AbortSignal | undefined,
): Promise<ParquetTable> {
  const rows: unknown[][] = [];
  return parquetThread({ read: source }, `${what} cannot be read as Parquet`, signal, (answer) => {
    if ("rows" in answer) for (const row of answer.rows) rows.push(row);
    return "columns" in answer ? { ...answer, rows } : undefined;
  });
}

/**
 * The bytes of a file with these columns.
 *
 * @throws NodeError MEMORY_LIMIT_EXCEEDED, CANCELLED, EXECUTION_FAILED
 */
export async function parquetBytes(columns: ParquetColumn[], signal: AbortSignal | undefined): Promise<Uint8Array> {
  return parquetThread({ write: columns }, "The table cannot be written as Parquet", signal, (answer) =>
    "file" in answer ? new Uint8Array(answer.file) : undefined,
  );
}

/** Has a task done by a thread, which is gone by the time of the answer. */
function parquetThread<T>(
  task: ParquetTask,
  failure: string,
  signal: AbortSignal | undefined,
  take: (answer: ParquetAnswer) => T | undefined,
): Promise<T> {
  const failed = (code: string, why: string) => new NodeError(code, `${failure}: ${why}`, { retry: false });
  return inThread<ParquetAnswer, T>({
    name: "parquet",
    script: text,
    data: task,
    heapMib: HEAP_MIB,
    signal,
    take(answer) {
      if ("failed" in answer) throw failed(answer.failed.code, answer.failed.message);
      const result = take(answer);
      return result === undefined ? undefined : { result };
    },
    failure: (code, reason) =>
      failed(code, code === "MEMORY_LIMIT_EXCEEDED" ? `it takes more than ${HEAP_MIB} MiB` : reason),
  });
}
