import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { inBatches } from "../../contract/pace.js";
import { fieldOf } from "../../data/field.js";
import {
  countText,
  demandDifferent,
  demandFields,
  fieldNames,
  MOST_ROWS,
  type Row,
  rowsOf,
  setField,
} from "../../data/rows.js";
import { executable } from "../../library/work.js";
import { unpivot } from "./definition.js";

interface Parameters {
  keep?: string[];
  columns?: string[];
  nameTo: string;
  valueTo: string;
}

const MOST_COLUMNS = 10_000;

/**
 * Turns columns into rows, as `{result, count, columns}`.
 *
 * Fails with TYPE_MISMATCH (no records), INVALID_PARAMETERS (fields that no row has, names that are taken),
 * MEMORY_LIMIT_EXCEEDED (too many columns or rows), CANCELLED.
 */
export const unpivotNode: NodeExecutable = executable<Parameters>(unpivot, async ({ parameters, input, signal }) => {
  demandNames(parameters);
  const { nameTo, valueTo } = parameters;
  const rows = rowsOf(input);
  demandFields(rows, parameters.keep ?? [], "keep");
  demandFields(rows, parameters.columns ?? [], "columns");
  const { keep, columns } = await sidesOf(rows, parameters, signal);
  demandRoom(rows.length, columns.length);
  const result: Row[] = [];
  await inBatches(rows.length * columns.length, signal, (from, to) => {
    for (let step = from; step < to; step++) {
      const row = rows[Math.floor(step / columns.length)];
      const column = columns[step % columns.length] as string;
      const made: Row = {};
      for (const field of keep) setField(made, field, fieldOf(row, field) ?? null);
      setField(made, nameTo, column);
      setField(made, valueTo, fieldOf(row, column) ?? null);
      result.push(made);
    }
  });
  return { result, count: result.length, columns };
});

function demandNames({ keep, columns, nameTo, valueTo }: Parameters): void {
  const refused = (message: string) => new NodeError("INVALID_PARAMETERS", message);
  if (keep === undefined && columns === undefined) {
    throw refused("Say which fields stay with `keep`, or which become rows with `columns`");
  }
  if (columns?.length === 0) throw refused("`columns` is empty; name one field at least, or leave it out");
  demandDifferent(keep ?? [], "keep");
  demandDifferent(columns ?? [], "columns");
  const both = keep?.find((field) => columns?.includes(field));
  if (both !== undefined) throw refused(`\`${both}\` is among \`keep\` and among \`columns\``);
  if (nameTo === valueTo) throw refused(`\`nameTo\` and \`valueTo\` are both \`${nameTo}\``);
}

async function sidesOf(
  rows: readonly Row[],
  parameters: Parameters,
  signal: AbortSignal | undefined,
): Promise<{ keep: readonly string[]; columns: readonly string[] }> {
  const { nameTo, valueTo } = parameters;
  const without = async (named: readonly string[] = []): Promise<string[]> => {
    const excluded = new Set(named);
    return [...(await fieldNames(rows, signal))].filter((name) => !excluded.has(name));
  };
  const keep = parameters.keep ?? (await without(parameters.columns));
  const columns = parameters.columns ?? (await without(parameters.keep));
  const taken = keep.find((name) => name === nameTo || name === valueTo);
  if (taken !== undefined) {
    const parameter = taken === nameTo ? "nameTo" : "valueTo";
    throw new NodeError(
      "INVALID_PARAMETERS",
      `\`${parameter}\` is \`${taken}\`, which is a field that the rows keep; choose another name`,
    );
  }
  if (columns.length === 0 && rows.length > 0) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      "`keep` names all fields of the rows, so that none is left to become rows",
    );
  }
  return { keep, columns };
}

function demandRoom(rows: number, columns: number): void {
  const refused = (what: string) => new NodeError("MEMORY_LIMIT_EXCEEDED", what);
  if (columns > MOST_COLUMNS) {
    throw refused(
      `${countText(columns)} columns would become rows, more than ${countText(MOST_COLUMNS)}; name some with \`columns\``,
    );
  }
  if (rows * columns > MOST_ROWS) {
    throw refused(
      `The ${countText(columns)} columns would make ${countText(rows * columns)} rows, more than ${countText(MOST_ROWS)}`,
    );
  }
}
