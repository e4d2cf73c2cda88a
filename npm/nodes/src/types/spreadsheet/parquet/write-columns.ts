/** Records as columns of a Parquet file, whose values are of one type each. */
import { NodeError } from "../../../contract/error.js";
import { textOf } from "../../../data/field.js";
import { ownValue, type PlainObject } from "../../../data/input.js";
import type { ParquetColumn } from "./messages.js";

type Warn = (rule: string, message: string) => void;

/** Kinds of values that JavaScript tells apart here. */
type Kind = "boolean" | "whole" | "number" | "text" | "time" | "bytes" | "json";

const TYPES: Readonly<Record<Kind, ParquetColumn["type"]>> = {
  boolean: "BOOLEAN",
  whole: "INT64",
  number: "DOUBLE",
  text: "STRING",
  time: "TIMESTAMP",
  bytes: "BYTE_ARRAY",
  json: "JSON",
};

/**
 * One column for each field. Whole numbers are INT64, others DOUBLE; lists and objects are JSON. Values of several kinds in one
 * field become text, with a warning.
 *
 * @throws NodeError INVALID_PARAMETERS for a table without columns, or an invalid date
 */
export function columnsToWrite(
  records: readonly PlainObject[],
  headers: readonly string[],
  warn: Warn,
): ParquetColumn[] {
  if (headers.length === 0) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      "A Parquet file needs at least one column, and the records have no fields",
    );
  }
  return headers.map((name) => {
    const values = records.map((record) => ownValue(record, name) ?? null);
    const kinds = new Set<Kind>();
    values.forEach((value, row) => {
      if (value !== null) kinds.add(kindOf(value, name, row));
    });
    const kind = commonKind(kinds);
    if (kind === undefined) {
      warn(
        "mixed-types",
        `\`${name}\` holds ${[...kinds].sort().join(" and ")}: a column of Parquet has one type, so that all of it is written as text`,
      );
    }
    return { name, type: TYPES[kind ?? "text"], values: values.map((value) => written(value, kind ?? "text")) };
  });
}

function kindOf(value: unknown, name: string, row: number): Kind {
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number") return Number.isSafeInteger(value) && !Object.is(value, -0) ? "whole" : "number";
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value ? "whole" : "text";
  if (typeof value !== "object" || value === null) return "text";
  if (value instanceof Uint8Array) return "bytes";
  if (!(value instanceof Date)) return "json";
  if (Number.isNaN(value.getTime())) {
    throw new NodeError("INVALID_PARAMETERS", `\`${name}\` of row ${row} is an invalid date`);
  }
  return "time";
}

/** The kind that takes all values of a field; `undefined` where only text does. */
function commonKind(kinds: ReadonlySet<Kind>): Kind | undefined {
  if (kinds.size === 0) return "text";
  const [only] = kinds;
  if (kinds.size === 1) return only;
  if (kinds.has("json") && !kinds.has("bytes")) return "json";
  return kinds.size === 2 && kinds.has("whole") && kinds.has("number") ? "number" : undefined;
}

function written(value: unknown, kind: Kind): unknown {
  if (value === null) return null;
  if (kind === "whole") return BigInt(value as number | bigint);
  if (kind === "number") return Number(value);
  if (kind === "text") return typeof value === "string" ? value : textOf(value);
  return value;
}
