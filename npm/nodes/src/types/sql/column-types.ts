/** Types of columns of text, found out by all of their cells. */
import type { DuckDBConnection } from "@duckdb/node-api";

import { quotedName } from "./names.js";

/** Rows that are looked at first: most columns of text are known as such by then. */
const FIRST_LOOK = 1000;

/**
 * The types that a column may be of, with what has to hold for each of its cells: that nothing of how it is written is lost
 * but zeros at the end of a fraction. Numbers of more than 15 digits would lose some as DOUBLE.
 */
const CANDIDATES: readonly [type: string, holds: (cell: string) => string][] = [
  ["BIGINT", (cell) => `try_cast(${cell} as bigint)::varchar = ${cell}`],
  [
    "DOUBLE",
    (cell) =>
      `regexp_full_match(${cell}, '-?(0|[1-9][0-9]*)(\\.[0-9]+)?') and length(replace(replace(${cell}, '.', ''), '-', '')) <= 15`,
  ],
  ["BOOLEAN", (cell) => `lower(${cell}) in ('true', 'false')`],
  ["DATE", (cell) => `length(${cell}) = 10 and try_cast(${cell} as date)::varchar = ${cell}`],
  [
    "TIMESTAMP",
    (cell) =>
      `regexp_full_match(${cell}, '[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?') and try_cast(${cell} as timestamp) is not null`,
  ],
];

/** The type of each column; those that are not in the answer are text. Columns without any cell that is not empty are text. */
export async function typesOfText(
  connection: DuckDBConnection,
  source: string,
  columns: readonly string[],
): Promise<Map<string, string>> {
  const all = columns.map((_, position) => ({ position, types: CANDIDATES.map((_, place) => place) }));
  const likely = await remaining(connection, `(from ${source} limit ${FIRST_LOOK})`, columns, all);
  const sure = await remaining(connection, source, columns, likely);
  return new Map(
    sure.map(({ position, types }) => [columns[position] as string, CANDIDATES[types[0] as number]?.[0] as string]),
  );
}

interface Possible {
  position: number;
  types: number[];
}

/** What of the candidates holds for all cells of a source. */
async function remaining(
  connection: DuckDBConnection,
  source: string,
  columns: readonly string[],
  possible: readonly Possible[],
): Promise<Possible[]> {
  const open = possible.filter(({ types }) => types.length > 0);
  if (open.length === 0) return [];
  const asked = open.flatMap(({ position, types }) => {
    const cell = quotedName(columns[position] as string);
    const filled = `filter (where ${cell} <> '')`;
    // What cannot be cast compares as null, which `bool_and` alone would pass over.
    return types.map((type) => `bool_and(coalesce(${CANDIDATES[type]?.[1](cell)}, false)) ${filled}`);
  });
  const [row = []] = (await connection.runAndReadAll(`select ${asked.join(", ")} from ${source}`)).getRows();
  let place = 0;
  return open.flatMap(({ position, types }) => {
    // Null where there is no cell but empty ones: then the column stays text.
    const held = types.filter(() => row[place++] === true);
    return held.length === 0 ? [] : [{ position, types: held }];
  });
}
