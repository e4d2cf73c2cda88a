/** A Parquet file of columns. */
import type { SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";

import type { ParquetColumn } from "./messages.js";

/** Kinds of columns as the schema of a file says them. */
const KINDS: Readonly<Record<ParquetColumn["type"], Omit<SchemaElement, "name">>> = {
  BOOLEAN: { type: "BOOLEAN" },
  INT64: { type: "INT64" },
  DOUBLE: { type: "DOUBLE" },
  STRING: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  JSON: { type: "BYTE_ARRAY", converted_type: "JSON", logical_type: { type: "JSON" } },
  BYTE_ARRAY: { type: "BYTE_ARRAY" },
  TIMESTAMP: {
    type: "INT64",
    converted_type: "TIMESTAMP_MILLIS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
  },
};

/** The bytes of a file with these columns, compressed by Snappy. */
export function writeParquet(columns: readonly ParquetColumn[]): ArrayBuffer {
  return parquetWriteBuffer({
    schema: [
      { name: "root", num_children: columns.length },
      ...columns.map(({ name, type }): SchemaElement => ({ name, repetition_type: "OPTIONAL", ...KINDS[type] })),
    ],
    columnData: columns.map(({ name, values }) => ({ name, data: values })),
    rowGroupSize: 100_000,
  });
}
