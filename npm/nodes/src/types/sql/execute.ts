import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { writeAtomically } from "@atomiton/storage/files";
import type { DuckDBPreparedStatement } from "@duckdb/node-api";

import { NodeError } from "../../contract/error.js";
import { Pace } from "../../contract/pace.js";
import { setField } from "../../data/rows.js";
import { AnswerSize } from "../../library/answer-size.js";
import { executable, type NodeWork } from "../../library/work.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { portValue } from "../../table/port-value.js";
import { bindValues } from "./bindings.js";
import { sql as sqlType } from "./definition.js";
import { type Engine, type EngineLimits, withEngine } from "./engine.js";
import { viewOfFile } from "./files.js";
import { type Input, inputsOf, tableOfInput, withReasons } from "./inputs.js";
import { demandDistinct } from "./names.js";
import { formatOfOutput, writeRows } from "./output.js";
import { preparedQuery } from "./query-check.js";
import { type Column, columnsOf, type Losses } from "./values.js";

interface Parameters extends EngineLimits {
  sql: string;
  parameters?: unknown;
  files?: Record<string, unknown>;
  types: "auto" | "text";
  output?: string;
  outputFormat?: "csv" | "tsv" | "parquet" | "json" | "jsonl";
  maxRows: number;
  maxBytes: number;
}

type Work = NodeWork<Parameters>;

/**
 * Runs one query over the tables that came in and the files that are named. Its text reaches nothing else: it is read before
 * it is bound, and the engine is shut off from files, network, extensions and settings by then.
 *
 * Fails with INVALID_PARAMETERS (the query, files, values), TYPE_MISMATCH (values, inputs that are no tables),
 * EXECUTION_FAILED (the package is not installed, no such file, an error of the query), MEMORY_LIMIT_EXCEEDED (the query, or
 * what comes back), TIMEOUT or CANCELLED.
 */
export const sqlNode = executable<Parameters>(sqlType, async (work) => {
  const { output, outputFormat } = work.parameters;
  if (output === undefined) {
    if (outputFormat === undefined) return run(work, rows);
    throw new NodeError("INVALID_PARAMETERS", "`outputFormat` is given without `output`, the file to write");
  }
  const format = formatOfOutput(output, outputFormat);
  const place = await rootedPath(work.files, output);
  const written = await writeAtomically(place, (beside) =>
    run(work, (engine, statement) => writeRows(engine, statement, work.parameters.sql, given(work), beside, format), [
      resolve(beside),
    ]),
  );
  if (written.rowCount === 0) work.warn("empty-table", `The query gave no rows to write to \`${output}\``);
  return { result: output, path: output, format, ...written, size: (await stat(place)).size };
});

/** Opens an engine, makes its tables, shuts it off, and has the query carried out by `finish`. */
async function run<T>(
  work: Work,
  finish: (engine: Engine, statement: DuckDBPreparedStatement, work: Work) => Promise<T>,
  written: readonly string[] = [],
): Promise<T> {
  const { parameters, signal } = work;
  const warn = work.warn.bind(work);
  const files = Object.entries(parameters.files ?? {});
  const inputs = inputsOf(work.input);
  const tables = inputs.filter(({ why }) => why === undefined);
  const names = [...tables.map(({ name }) => name), ...files.map(([name]) => name)];
  demandDistinct(names, "What the query may name");
  return withEngine(work, parameters, async (engine) => {
    const paths: string[] = [];
    for (const [name, path] of files) {
      engine.check();
      engine.tell(`reading ${name}`);
      const place = typeof path === "string" ? await rootedPath(work.files, path) : path;
      paths.push(await viewOfFile(engine, name, place, { types: parameters.types, warn }));
    }
    for (const input of tables) {
      engine.check();
      engine.tell(`reading ${input.name}`);
      await tableOfInput(engine, input, { types: parameters.types, signal, warn });
    }
    await engine.shutOff([...paths, ...written]);
    engine.check();
    const statement = await prepared(engine, parameters.sql, inputs, names);
    bindValues(engine.duckdb, statement, given(work));
    engine.tell("running the query", true);
    return finish(engine, statement, work);
  });
}

async function prepared(engine: Engine, text: string, inputs: readonly Input[], names: readonly string[]) {
  try {
    return await preparedQuery(engine, text);
  } catch (error) {
    throw withReasons(error, inputs, names);
  }
}

function given({ input, parameters }: Work): unknown {
  return portValue(input, "parameters") ?? parameters.parameters;
}

async function rows(engine: Engine, statement: DuckDBPreparedStatement, work: Work): Promise<object> {
  const result = await statement.stream();
  const losses: Losses = { digits: new Set(), notFinite: new Set() };
  const columns = columnsOf(engine.duckdb, result, losses);
  demandOwnNames(columns);
  const size = new AnswerSize(work.parameters, [
    "Read fewer rows or columns, such as with `limit`, write them to a file with `output`, or raise `maxRows` or `maxBytes`.",
  ]);
  const pace = new Pace(work.signal);
  const found: Record<string, unknown>[] = [];
  for (;;) {
    engine.check();
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    for (const values of chunk.getRows()) {
      const row: Record<string, unknown> = {};
      const converted = values.map((value, position) => (columns[position] as Column).convert(value));
      size.add(converted);
      for (const [position, { name }] of columns.entries()) setField(row, name, converted[position]);
      found.push(row);
      if (pace.isDue()) await pace.rest();
    }
  }
  engine.check();
  tellLosses(found, columns, losses, work);
  return { result: found, rowCount: found.length, fields: columns.map(({ name, type }) => ({ name, type })) };
}

function demandOwnNames(columns: readonly Column[]): void {
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, position) => names.indexOf(name) !== position);
  if (twice === undefined) return;
  throw new NodeError("INVALID_PARAMETERS", `Two columns of the result are called \`${twice}\``, {
    advice: ["Give one of them another name in the query, with `as`."],
    retry: false,
  });
}

/** Makes text of columns whose numbers would lose digits: all of them, so that a column is of one type. */
function tellLosses(
  found: Record<string, unknown>[],
  columns: readonly Column[],
  losses: Losses,
  { warn }: Work,
): void {
  for (const position of losses.digits) {
    const { name, type, textOf } = columns[position] as Column;
    for (const row of found) if (typeof row[name] === "number") setField(row, name, textOf(row[name]));
    warn(
      "digits-kept",
      `The column \`${name}\` (${type}) has numbers of more digits than a number keeps, and so is text`,
    );
  }
  for (const position of losses.notFinite) {
    const { name } = columns[position] as Column;
    warn("not-finite", `The column \`${name}\` has NaN or Infinity, which are null in the result`);
  }
}
