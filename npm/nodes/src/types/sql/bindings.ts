/** Values of a query, which are bound and never stand in its text. */
import type { DuckDBPreparedStatement, DuckDBType, DuckDBValue } from "@duckdb/node-api";

import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { isPlainObject } from "../../data/input.js";
import type { DuckDb } from "./engine.js";

/**
 * Binds a list to $1, $2 … or an object to $name.
 *
 * @throws NodeError INVALID_PARAMETERS where values are missing or left over, TYPE_MISMATCH for a value that SQL has no word for
 */
export function bindValues(duckdb: DuckDb, statement: DuckDBPreparedStatement, given: unknown): void {
  const names = Array.from({ length: statement.parameterCount }, (_, position) =>
    statement.parameterName(position + 1),
  );
  const values = valuesOf(given);
  const missing = names.filter((name) => !values.has(name));
  const unused = [...values.keys()].filter((name) => !names.includes(name));
  const list = (all: readonly string[]): string => all.map((name) => `$${name}`).join(", ");
  if (missing.length > 0) {
    throw new NodeError("INVALID_PARAMETERS", `\`parameters\` has no value for ${list(missing)} of the query`);
  }
  if (unused.length > 0) {
    const has = names.length === 0 ? "which has none" : `which has ${list(names)}`;
    throw new NodeError("INVALID_PARAMETERS", `\`parameters\` has ${list(unused)}, which is not in the query, ${has}`);
  }
  const bound = names.map((name) => boundValue(duckdb, values.get(name), `$${name}`));
  if (bound.length > 0) {
    statement.bind(
      bound.map(({ value }) => value),
      bound.map(({ type }) => type),
    );
  }
}

function valuesOf(given: unknown): Map<string, unknown> {
  if (given === undefined) return new Map();
  if (Array.isArray(given)) return new Map(given.map((value, position) => [String(position + 1), value]));
  if (isPlainObject(given)) return new Map(Object.entries(given));
  throw new NodeError("TYPE_MISMATCH", `\`parameters\` must be a list or an object, found ${foundText(given)}`);
}

interface Bound {
  value: DuckDBValue;
  type: DuckDBType;
}

function boundValue(duckdb: DuckDb, value: unknown, name: string): Bound {
  if (value === null) return { value, type: duckdb.SQLNULL };
  if (typeof value === "string") return { value, type: duckdb.VARCHAR };
  if (typeof value === "boolean") return { value, type: duckdb.BOOLEAN };
  if (typeof value === "bigint") return { value, type: duckdb.HUGEINT };
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? { value: BigInt(value), type: duckdb.BIGINT } : { value, type: duckdb.DOUBLE };
  }
  if (value instanceof Date && !Number.isNaN(value.getTime())) {
    const micros = BigInt(value.getTime()) * 1000n;
    return { value: new duckdb.DuckDBTimestampTZValue(micros), type: duckdb.TIMESTAMPTZ };
  }
  if (value instanceof Uint8Array) return { value: duckdb.blobValue(value), type: duckdb.BLOB };
  if (Array.isArray(value)) return boundList(duckdb, value, name);
  throw new NodeError(
    "TYPE_MISMATCH",
    `The value of ${name} must be text, a number, true, false, null, a time, bytes or a list of these, found ${foundText(value)}`,
  );
}

function boundList(duckdb: DuckDb, list: readonly unknown[], name: string): Bound {
  const items = list.map((each, position) => boundValue(duckdb, each, `${name}[${position}]`));
  const types = new Map(items.filter(({ value }) => value !== null).map(({ type }) => [type.toString(), type]));
  // Whole numbers among others are numbers as these are.
  if (types.size === 2 && types.has("BIGINT") && types.has("DOUBLE")) {
    const numbers = items.map(({ value }) => (typeof value === "bigint" ? Number(value) : value));
    return { value: duckdb.listValue(numbers), type: duckdb.LIST(duckdb.DOUBLE) };
  }
  if (types.size > 1) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `The list ${name} must hold values of one type, found ${[...types.keys()].join(", ")}`,
    );
  }
  const [type = duckdb.VARCHAR] = types.values();
  return { value: duckdb.listValue(items.map(({ value }) => value)), type: duckdb.LIST(type) };
}
