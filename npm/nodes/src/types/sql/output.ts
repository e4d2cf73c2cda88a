/** The rows of a query into a file. */
import type { DuckDBPreparedStatement } from "@duckdb/node-api";

import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { bindValues } from "./bindings.js";
import type { Engine } from "./engine.js";
import { demandDistinct, quotedText } from "./names.js";

const OPTIONS = {
  csv: "format csv, header true",
  tsv: "format csv, header true, delimiter '\t'",
  parquet: "format parquet, compression zstd",
  json: "format json, array true",
  jsonl: "format json, array false",
} as const;

const BY_EXTENSION: Readonly<Record<string, keyof typeof OPTIONS>> = {
  csv: "csv",
  tsv: "tsv",
  tab: "tsv",
  parquet: "parquet",
  json: "json",
  jsonl: "jsonl",
  ndjson: "jsonl",
};

/**
 * The form of the file: what the parameter says, else what the end of its name says.
 *
 * @throws NodeError INVALID_PARAMETERS
 */
export function formatOfOutput(path: string, given: keyof typeof OPTIONS | undefined): keyof typeof OPTIONS {
  const [, extension = ""] = /\.([a-z]+)$/i.exec(path) ?? [];
  const format = given ?? BY_EXTENSION[extension.toLowerCase()];
  if (format !== undefined) return format;
  throw new NodeError(
    "INVALID_PARAMETERS",
    `\`output\` must end in .csv, .tsv, .parquet, .json, .jsonl or .ndjson, or \`outputFormat\` say its form, found ${foundText(path)}`,
  );
}

/** Has the engine write the rows of a query that was checked. The statement itself is not carried out. */
export async function writeRows(
  { duckdb, connection }: Engine,
  statement: DuckDBPreparedStatement,
  text: string,
  values: unknown,
  path: string,
  format: keyof typeof OPTIONS,
): Promise<{ rowCount: number; fields: { name: string; type: string }[] }> {
  const fields = Array.from({ length: statement.columnCount }, (_, position) => {
    const type = statement.columnType(position);
    return { name: statement.columnName(position), type: type.alias ?? type.toString() };
  });
  demandDistinct(
    fields.map(({ name }) => name),
    "The result",
  );
  // The text is one whole query, as was found out before, so that what stands around it stays around it.
  const query = text.replace(/;\s*$/, "");
  const copy = await connection.prepare(
    `copy (\n${query}\n) to ${quotedText(path)} (${OPTIONS[format]}, use_tmp_file false)`,
  );
  bindValues(duckdb, copy, values);
  const done = await (await copy.run()).getRows();
  return { rowCount: Number(done[0]?.[0] ?? 0), fields };
}
