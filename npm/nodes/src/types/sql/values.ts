/** What values of DuckDB become. */
import type { DuckDBResult, DuckDBType, DuckDBValue } from "@duckdb/node-api";

import { toBase64 } from "../../data/base64.js";
import { exactNumber } from "../../data/decimal.js";
import type { DuckDb } from "./engine.js";

/** Turns the values of one column into those of JSON. */
export interface Column {
  name: string;
  type: string;
  convert(value: DuckDBValue): unknown;
  /** A number of the column as text. */
  textOf(value: number): string;
}

/** What was found out about a column only when its values were read. */
export interface Losses {
  /** Columns of which a number would have lost digits: their numbers are to be text. */
  digits: Set<number>;
  /** Columns with NaN or Infinity. */
  notFinite: Set<number>;
}

/** The columns of a result. Numbers that would lose digits are left as text, and their column is noted in `losses`. */
export function columnsOf(duckdb: DuckDb, result: DuckDBResult, losses: Losses): Column[] {
  return result.columnNames().map((name, position) => {
    const type = result.columnType(position);
    const note = { losesDigits: () => losses.digits.add(position), isNotFinite: () => losses.notFinite.add(position) };
    const convert = converterOf(duckdb, type, note);
    const scale =
      type.typeId === duckdb.DuckDBTypeId.DECIMAL ? (type as unknown as { scale: number }).scale : undefined;
    return {
      name,
      type: type.alias ?? type.toString(),
      convert: (value) => (value === null ? null : convert(value)),
      textOf: (value) => (scale === undefined ? String(value) : value.toFixed(scale)),
    };
  });
}

interface Note {
  losesDigits(): void;
  isNotFinite(): void;
}

type Convert = (value: DuckDBValue) => unknown;

function converterOf(duckdb: DuckDb, type: DuckDBType, note: Note): Convert {
  const { DuckDBTypeId: Id } = duckdb;
  const inside = (inner: DuckDBType): Convert => {
    const convert = converterOf(duckdb, inner, note);
    return (value) => (value === null ? null : convert(value));
  };
  switch (type.typeId) {
    case Id.BOOLEAN:
    case Id.TINYINT:
    case Id.SMALLINT:
    case Id.INTEGER:
    case Id.UTINYINT:
    case Id.USMALLINT:
    case Id.UINTEGER:
      return (value) => value;
    case Id.FLOAT:
    case Id.DOUBLE:
      return (value) => {
        if (Number.isFinite(value)) return value;
        note.isNotFinite();
        return null;
      };
    case Id.BIGINT:
    case Id.UBIGINT:
    case Id.HUGEINT:
    case Id.UHUGEINT:
    case Id.BIGNUM:
      return (value) => {
        const number = Number(value);
        if (Number.isSafeInteger(number)) return number;
        note.losesDigits();
        return String(value);
      };
    case Id.DECIMAL:
      return (value) => {
        const text = String(value);
        const number = exactNumber(text);
        if (number !== undefined) return number;
        note.losesDigits();
        return text;
      };
    case Id.VARCHAR:
      return type.alias === "JSON" ? (value) => JSON.parse(value as string) as unknown : (value) => value;
    case Id.BLOB:
      return (value) => toBase64((value as { bytes: Uint8Array }).bytes);
    case Id.TIMESTAMP:
    case Id.TIMESTAMP_S:
    case Id.TIMESTAMP_MS:
    case Id.TIMESTAMP_NS:
    case Id.TIMESTAMP_TZ:
      return (value) => isoTime(String(value));
    case Id.LIST:
    case Id.ARRAY: {
      const each = inside((type as unknown as { valueType: DuckDBType }).valueType);
      return (value) => (value as unknown as { items: DuckDBValue[] }).items.map(each);
    }
    case Id.STRUCT: {
      const { entryNames, entryTypes } = type as unknown as { entryNames: string[]; entryTypes: DuckDBType[] };
      const parts = entryNames.map((name, place) => ({ name, convert: inside(entryTypes[place] as DuckDBType) }));
      return (value) => {
        const { entries } = value as unknown as { entries: Record<string, DuckDBValue> };
        return objectOf(parts.map(({ name, convert }) => [name, convert(entries[name] ?? null)]));
      };
    }
    case Id.MAP: {
      const { keyType, valueType } = type as unknown as { keyType: DuckDBType; valueType: DuckDBType };
      const [key, item] = [inside(keyType), inside(valueType)];
      return (value) => {
        const { entries } = value as unknown as { entries: { key: DuckDBValue; value: DuckDBValue }[] };
        const pairs = entries.map((entry) => [key(entry.key), item(entry.value)] as const);
        if (keyType.typeId === Id.VARCHAR) return objectOf(pairs as [string, unknown][]);
        return pairs.map(([key, value]) => ({ key, value }));
      };
    }
    case Id.UNION: {
      const { memberTags, memberTypes } = type as unknown as { memberTags: string[]; memberTypes: DuckDBType[] };
      const members = new Map(memberTags.map((tag, place) => [tag, inside(memberTypes[place] as DuckDBType)]));
      return (value) => {
        const { tag, value: held } = value as unknown as { tag: string; value: DuckDBValue };
        return members.get(tag)?.(held);
      };
    }
    default:
      // Text as DuckDB writes it: DATE, TIME, INTERVAL, UUID, ENUM, BIT and what is rarer.
      return String;
  }
}

/** `2026-01-31 10:00:00+00` as `2026-01-31T10:00:00Z`; `infinity` and years before Christ as they are. */
function isoTime(text: string): string {
  return text.replace(
    /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(\+00)?$/,
    (_, day, time, zone) => `${day}T${time}${zone ? "Z" : ""}`,
  );
}

/** An object with properties of its own, also of a name such as `__proto__`. */
function objectOf(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  return Object.fromEntries(entries);
}
