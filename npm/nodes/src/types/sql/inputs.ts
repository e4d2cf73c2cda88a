/** What came in over edges, as tables of the query. */
import { join } from "node:path";

import { NodeError } from "../../contract/error.js";
import { isPlainObject, unwrap } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import type { Row } from "../../data/rows.js";
import { cancellable } from "../../table/addon.js";
import { tableBehind } from "../../table/table-output.js";
import type { Engine } from "./engine.js";
import { type FileOptions, viewOfText } from "./files.js";
import { type RecordOptions, tableOfRecords } from "./records.js";

/** Handles that the table `data` comes by, the first that is there. */
const DATA = ["data", "input", "default"];

/** An input by the name of its table; `why` it is no table, if so. */
export interface Input {
  name: string;
  value: unknown;
  why?: string;
}

/** The inputs by the names of their tables. Those that are no tables, such as that of an edge for order alone, say why. */
export function inputsOf(input: unknown): Input[] {
  const handles = isPlainObject(input) && !tableBehind(input) ? input : { data: input };
  const main = DATA.find((name) => Object.hasOwn(handles, name) && handles[name] !== undefined);
  const others = Object.keys(handles).filter((name) => !DATA.includes(name) && name !== "parameters");
  const named = [
    ...(main === undefined ? [] : [["data", handles[main]] as const]),
    ...others.map((name) => [name, handles[name]] as const),
  ];
  return named.map(([name, given]) => {
    const value = unwrap(given);
    const why = whyNoTable(value);
    return { name, value, ...(why !== undefined && { why }) };
  });
}

function whyNoTable(value: unknown): string | undefined {
  const table = tableBehind(value);
  if (table) return table.headers.length === 0 ? "is a table without columns" : undefined;
  if (!Array.isArray(value)) return `is ${kindOf(value)} and no list of records`;
  const wrong = value.findIndex((row) => typeof row !== "object" || row === null || Array.isArray(row));
  if (wrong !== -1) return `is no list of records: item ${wrong} is ${kindOf(value[wrong])}`;
  const isBare = value.every((row) => Object.keys(row as object).length === 0);
  if (!isBare) return undefined;
  return value.length === 0
    ? "is an empty list, so that its columns are not known"
    : "is a list of records without fields";
}

/** Makes the table of an input that is one. */
export async function tableOfInput(
  engine: Engine,
  { name, value }: Input,
  options: FileOptions & RecordOptions,
): Promise<void> {
  const table = tableBehind(value);
  if (table === undefined) return tableOfRecords(engine, name, value as Row[], options);
  // The engine reads it in parallel, and no row becomes an object.
  const path = join(engine.folder, `${Buffer.from(name).toString("hex").slice(0, 120)}.csv`);
  await cancellable(options.signal, (addon, cancel) => addon.writeTable(table, path, ",", cancel));
  await viewOfText(engine, name, path, ",", `The input \`${name}\``, options);
}

/** The failure of a query that names an input that is not a table, with the reason added; any other failure unchanged. */
export function withReasons(error: unknown, inputs: readonly Input[], names: readonly string[]): unknown {
  if (!(error instanceof Error) || !/^Catalog Error: Table with name /.test(error.message)) return error;
  const [, missing = ""] = /^Catalog Error: Table with name (.*?) does not exist/s.exec(error.message) ?? [];
  const input = inputs.find(({ name }) => name.toLowerCase() === missing.toLowerCase());
  if (input?.why !== undefined) {
    return new NodeError("TYPE_MISMATCH", `The query names \`${input.name}\`, but that input ${input.why}`, {
      cause: error,
      retry: false,
    });
  }
  const known =
    names.length === 0 ? "there are no tables" : `there are ${names.map((name) => `\`${name}\``).join(", ")}`;
  return new NodeError("INVALID_PARAMETERS", `The query names the table \`${missing}\`; ${known}`, {
    cause: error,
    advice: ["Lead an edge to a handle of that name, or name a file so in `files`."],
    retry: false,
  });
}
