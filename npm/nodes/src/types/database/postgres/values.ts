/** What values of the database become. Nothing loses digits, and nothing depends on the time zone of this machine. */
import type { CustomTypesConfig, FieldDef } from "pg";

import type { Field } from "../session.js";

type Types = typeof import("pg").types;
type Parse = (text: string) => unknown;

const [BYTEA, DATE, TIMESTAMP, TIMESTAMPTZ, TEXT_ARRAY] = [17, 1082, 1114, 1184, 1009];
/** Kinds that pg would make numbers, dates or objects of its own of, and their lists. */
const AS_TEXT = new Set([600, 718, 1186]);
const LISTS_OF_TEXT = new Set([1016, 1017, 1187, 1231]);
const LISTS_OF_TIMES = new Set([1115, 1182, 1185]);
const [BYTEA_ARRAY, JSON_TYPE, JSONB] = [1001, 114, 3802];

/** The parsers of a connection. */
export function typesOf(types: Types): CustomTypesConfig {
  const listOfText = types.getTypeParser(TEXT_ARRAY as never, "text") as (text: string) => (string | null)[];
  const eachOf = (parse: Parse) => (text: string) =>
    listOfText(text).map((each) => (each === null ? null : parse(each)));
  const parserOf = (oid: number): Parse => {
    if (oid === BYTEA) return base64OfHex;
    if (oid === DATE || oid === TIMESTAMP || oid === TIMESTAMPTZ) return isoTime;
    if (AS_TEXT.has(oid)) return (text) => text;
    if (LISTS_OF_TEXT.has(oid)) return listOfText;
    if (LISTS_OF_TIMES.has(oid)) return eachOf(isoTime);
    if (oid === BYTEA_ARRAY) return eachOf(base64OfHex);
    return types.getTypeParser(oid as never, "text") as Parse;
  };
  return { getTypeParser: parserOf as CustomTypesConfig["getTypeParser"] };
}

/** `2026-01-31 10:00:00.5+02` as `2026-01-31T10:00:00.5+02:00`; `infinity` and the like as they are. */
function isoTime(text: string): string {
  const [, day, time, hours, minutes = ":00"] =
    /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(?:([+-]\d\d)(:\d\d(?::\d\d)?)?)?$/.exec(text) ?? [];
  if (day === undefined) return text;
  return `${day}T${time}${hours === undefined ? "" : hours === "+00" && minutes === ":00" ? "Z" : `${hours}${minutes}`}`;
}

function base64OfHex(text: string): string {
  // Only servers of before 2010 write bytes in another form.
  return text.startsWith("\\x") ? Buffer.from(text.slice(2), "hex").toString("base64") : text;
}

/** Columns with the names of their types. */
export function fieldsOf(types: Types, fields: readonly FieldDef[]): Field[] {
  const names = new Map(Object.entries(types.builtins).map(([name, oid]) => [Number(oid), name.toLowerCase()]));
  return fields.map(({ name, dataTypeID }) => ({
    name,
    type: names.get(dataTypeID) ?? String(dataTypeID),
    isJson: dataTypeID === JSON_TYPE || dataTypeID === JSONB,
  }));
}
