/** What is said between this process and the thread that reads and writes Parquet. */

/** Work for the thread: a file or bytes to read, or columns to write. */
export type ParquetTask = { read: { path: string } | { bytes: Uint8Array } } | { write: ParquetColumn[] };

/** A column to write; all of its values are of its type, or null. */
export interface ParquetColumn {
  name: string;
  type: "BOOLEAN" | "INT64" | "DOUBLE" | "STRING" | "TIMESTAMP" | "JSON" | "BYTE_ARRAY";
  values: unknown[];
}

/** Answers of the thread: rows by batches, in order, then what is known of all of them; or the file. */
export type ParquetAnswer =
  | { rows: unknown[][] }
  | { columns: string[]; lostDigits: string[] }
  | { file: ArrayBuffer }
  | { failed: { code: string; message: string } };
