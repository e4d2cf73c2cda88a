/** Lists of records as tables, filled column by column. */
import type { DuckDBType, DuckDBValue } from "@duckdb/node-api";

import { Pace } from "../../contract/pace.js";
import { fieldNames, type Row } from "../../data/rows.js";
import type { DuckDb, Engine } from "./engine.js";
import { demandDistinct, quotedName } from "./names.js";

/** Rows of one chunk; the engine takes no more. */
const CHUNK = 2048;

/** What a value is, as far as the type of its column depends on it. */
type Kind = "boolean" | "integer" | "number" | "bigint" | "text" | "instant" | "bytes" | "json";

/** What is told, and what stops the work. */
export interface RecordOptions {
  signal: AbortSignal | undefined;
  warn(rule: string, message: string): void;
}

/**
 * Makes a table of records. A column of several kinds, and one of lists and objects, is JSON; a whole number beyond 2^53 that
 * is no bigint lost its last digits before it came here, and is DOUBLE.
 *
 * @throws NodeError INVALID_PARAMETERS (names that SQL cannot tell apart), CANCELLED
 */
export async function tableOfRecords(
  { duckdb, connection }: Engine,
  name: string,
  rows: readonly Row[],
  { signal, warn }: RecordOptions,
): Promise<void> {
  const names = [...(await fieldNames(rows, signal))];
  demandDistinct(names, `The input \`${name}\``);
  const kinds = await kindsOf(rows, names, signal);
  const columns = names.map((field, position) => {
    const found = [...(kinds[position] as Set<Kind>)];
    const type = typeOf(found);
    if (type === "JSON" && !(found.length === 1 && found[0] === "json")) {
      const told = found.map((kind) => (kind === "json" ? "lists or objects" : kind)).join(", ");
      warn("mixed-column", `The column \`${field}\` of \`${name}\` holds ${told}, and so is JSON in the query`);
    }
    return { field, type, convert: converterOf(duckdb, type), vector: vectorType(duckdb, type) };
  });
  const described = columns.map(({ field, type }) => `${quotedName(field)} ${type}`);
  await connection.run(`create table ${quotedName(name)} (${described.join(", ")})`);
  const appender = await connection.createAppender(name);
  const pace = new Pace(signal);
  try {
    const types = columns.map(({ vector }) => vector);
    for (let start = 0; start < rows.length; start += CHUNK) {
      const part = rows.slice(start, start + CHUNK);
      const chunk = duckdb.DuckDBDataChunk.create(types);
      chunk.setColumns(columns.map(({ field, convert }) => part.map((row) => valueIn(row, field, convert))));
      appender.appendDataChunk(chunk);
      // Each round is thousands of values, so the clock is looked at in each.
      await pace.rest();
    }
  } finally {
    appender.closeSync();
  }
}

function valueIn(row: Row, field: string, convert: (value: unknown) => DuckDBValue): DuckDBValue {
  const value = Object.hasOwn(row, field) ? row[field] : undefined;
  return value === undefined || value === null ? null : convert(value);
}

async function kindsOf(
  rows: readonly Row[],
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Set<Kind>[]> {
  const kinds = names.map(() => new Set<Kind>());
  const pace = new Pace(signal);
  for (const row of rows) {
    for (let position = 0; position < names.length; position++) {
      const field = names[position] as string;
      const value = Object.hasOwn(row, field) ? row[field] : undefined;
      if (value !== undefined && value !== null) (kinds[position] as Set<Kind>).add(kindOf(value));
    }
    if (pace.isDue()) await pace.rest();
  }
  return kinds;
}

function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case "boolean":
      return "boolean";
    case "number":
      return Number.isSafeInteger(value) ? "integer" : "number";
    case "bigint":
      return "bigint";
    case "string":
      return "text";
    default:
      if (value instanceof Date && !Number.isNaN(value.getTime())) return "instant";
      return value instanceof Uint8Array ? "bytes" : "json";
  }
}

type ColumnType = "BOOLEAN" | "BIGINT" | "DOUBLE" | "HUGEINT" | "VARCHAR" | "TIMESTAMPTZ" | "BLOB" | "JSON";

function typeOf(kinds: readonly Kind[]): ColumnType {
  const are = (...allowed: Kind[]): boolean => kinds.every((kind) => allowed.includes(kind));
  if (are("text")) return "VARCHAR";
  if (are("boolean")) return "BOOLEAN";
  if (are("integer")) return "BIGINT";
  if (are("integer", "number")) return "DOUBLE";
  if (are("integer", "bigint")) return "HUGEINT";
  if (are("instant")) return "TIMESTAMPTZ";
  return are("bytes") ? "BLOB" : "JSON";
}

function vectorType(duckdb: DuckDb, type: ColumnType): DuckDBType {
  const { BOOLEAN, BIGINT, DOUBLE, HUGEINT, VARCHAR, TIMESTAMPTZ, BLOB } = duckdb;
  return { BOOLEAN, BIGINT, DOUBLE, HUGEINT, VARCHAR, TIMESTAMPTZ, BLOB, JSON: VARCHAR }[type];
}

function converterOf(duckdb: DuckDb, type: ColumnType): (value: unknown) => DuckDBValue {
  switch (type) {
    case "BIGINT":
    case "HUGEINT":
      return (value) => BigInt(value as number | bigint);
    case "TIMESTAMPTZ":
      return (value) => new duckdb.DuckDBTimestampTZValue(BigInt((value as Date).getTime()) * 1000n);
    case "BLOB":
      return (value) => duckdb.blobValue(value as Uint8Array);
    case "JSON":
      return jsonText;
    default:
      return (value) => value as DuckDBValue;
  }
}

/** What has no word in JSON is text: bigints, NaN and the infinities. */
function jsonText(value: unknown): string | null {
  if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value)))
    return JSON.stringify(String(value));
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString("base64"));
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part)) as
    | string
    | undefined;
  return text ?? null;
}
