/** Rows of a Parquet file as values of JSON, by the same rules as those that `sql` gives of one. */
import { decompress as decompressZstd } from "fzstd";
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type SchemaTree,
} from "hyparquet";
import { compressors as packed } from "hyparquet-compressors";

import { type Column, columnsOf, PARSERS } from "./columns.js";
import { Refused } from "./refused.js";

/** Rows of a batch that is sent. */
const BATCH = 5000;
/** Bytes that a page may take once unpacked, and all pages of a file. */
const LARGEST_PAGE = 512 * 1024 * 1024;
const LARGEST_FILE = 8 * 1024 * 1024 * 1024;
/** Columns that a table may have. */
const MOST_COLUMNS = 16_384;
/** Values, with one more for each row itself, that fit into the memory of the thread. */
const MOST_VALUES = 150_000_000;

/**
 * Reads a file, its rows in batches of values by column.
 *
 * @throws Refused for what cannot be read without loss; any error for a damaged file
 */
export async function readParquet(
  file: AsyncBuffer,
  batch: (rows: unknown[][]) => void,
): Promise<{ columns: string[]; lostDigits: string[] }> {
  const metadata = await parquetMetadataAsync(file);
  const columns = columnsOf(checkedTree(metadata));
  const names = columns.map(({ name }) => name);
  refuseMany(metadata, columns.length);
  const compressors = boundedCompressors();
  const all: unknown[][] = [];
  let from = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rows = Number(num_rows);
    let given: unknown[][] = [];
    const part = { file, metadata, compressors, parsers: PARSERS, utf8: false, geoparquet: false };
    await parquetRead({
      ...part,
      rowStart: from,
      rowEnd: from + rows,
      onComplete: (values) => {
        given = values as unknown[][];
      },
    });
    if (given.length !== rows) {
      throw new Error(`a row group says that it has ${rows} rows, and has ${given.length}`);
    }
    for (const row of given) all.push(columns.map((column, at) => column.take(row[at])));
    from += rows;
  }
  finish(all, columns);
  for (let at = 0; at < all.length; at += BATCH) batch(all.slice(at, at + BATCH));
  return { columns: names, lostDigits: columns.filter(({ losesDigits }) => losesDigits).map(({ name }) => name) };
}

/** A small file can say many equal rows. */
function refuseMany({ row_groups: groups }: FileMetaData, columns: number): void {
  const rows = groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
  if (!(rows >= 0 && rows * (columns + 1) <= MOST_VALUES)) {
    throw new Refused(
      "MEMORY_LIMIT_EXCEEDED",
      `it has ${rows} rows of ${columns} columns, which do not fit into memory; \`sql\` reads it without having all of it there`,
    );
  }
}

function checkedTree(metadata: FileMetaData): SchemaTree {
  const tree = parquetSchema(metadata);
  const names = tree.children.map(({ element }) => element.name);
  if (names.length > MOST_COLUMNS) {
    throw new Refused("DESERIALIZATION_FAILED", `it has ${names.length} columns, and ${MOST_COLUMNS} can be read`);
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new Refused("DESERIALIZATION_FAILED", `it has two columns of the name \`${twice}\``);
  return tree;
}

/** Where one number of a column would lose digits, all of them are text, so that they are of one kind. */
function finish(rows: unknown[][], columns: readonly Column[]): void {
  columns.forEach(({ losesDigits, textOf }, at) => {
    if (!losesDigits) return;
    for (const row of rows) if (typeof row[at] === "number") row[at] = textOf(row[at]);
  });
}

/** What unpacks pages, none of them to more than it says, nor to more than a file may have. */
function boundedCompressors(): Compressors {
  let left = LARGEST_FILE;
  const all: Compressors = { ...packed, ZSTD: (input, length) => decompressZstd(input, new Uint8Array(length)) };
  return Object.fromEntries(
    Object.entries(all).map(([name, unpack]) => [
      name,
      (input: Uint8Array, length: number) => {
        left -= length;
        if (length > LARGEST_PAGE || left < 0) {
          throw new Refused("MEMORY_LIMIT_EXCEEDED", "its pages take more than 512 MiB, or the file more than 8 GiB");
        }
        return unpack(input, length);
      },
    ]),
  );
}
