/** What errors of SQLite mean. */
import type { SqliteTrouble } from "@atomiton/conductor-native";

import { NodeError } from "../../../contract/error.js";

/** SQLite's codes, whose lowest byte is the kind. */
const [PERM, BUSY, LOCKED, NOMEM, READONLY, CORRUPT, CANTOPEN, TOOBIG, NOTADB, AUTH] = [
  3, 5, 6, 7, 8, 11, 14, 18, 26, 23,
];
const NAMES: Readonly<Record<number, string>> = {
  1: "ERROR",
  3: "PERM",
  5: "BUSY",
  6: "LOCKED",
  7: "NOMEM",
  8: "READONLY",
  9: "INTERRUPT",
  10: "IOERR",
  11: "CORRUPT",
  13: "FULL",
  14: "CANTOPEN",
  17: "SCHEMA",
  18: "TOOBIG",
  19: "CONSTRAINT",
  20: "MISMATCH",
  23: "AUTH",
  25: "RANGE",
  26: "NOTADB",
};
/** Kinds of which another try may end well: locks, a full disk, a disk that failed, a schema that changed meanwhile. */
const PASSING = new Set([BUSY, LOCKED, 10, 13, 17]);
const KEY_IS_THERE = new Set([1555, 2067, 2579]);

/** What an error is about. */
export interface Circumstances {
  /** The file, as the flow names it. */
  path: string;
  isRead: boolean;
  /** ms that it waited for a lock. */
  waited: number;
  /** Bytes that SQLite may take. */
  memory: number;
  sql?: string | undefined;
  /** Goes before the message, such as `row 3`. */
  place?: string | undefined;
}

/** The failure that an error of SQLite makes a node end with. */
export function sqliteFailure(trouble: SqliteTrouble, circumstances: Circumstances): NodeError {
  const { code, message, refused } = trouble;
  const kind = code & 0xff;
  const place = circumstances.place === undefined ? "" : `${circumstances.place}: `;
  if (kind === AUTH && typeof refused === "string") {
    return new NodeError("INVALID_PARAMETERS", `${place}The statement uses ${refused}, which is not allowed here`, {
      retry: false,
    });
  }
  const where = placeIn(circumstances.sql, trouble.offset);
  const words = `${place}${wordsFor(kind, message, circumstances)} (SQLITE_${NAMES[kind] ?? kind})${where}`;
  const advice = adviceFor(trouble, circumstances);
  return new NodeError(kind === NOMEM || kind === TOOBIG ? "MEMORY_LIMIT_EXCEEDED" : "EXECUTION_FAILED", words, {
    cause: trouble,
    ...(advice !== undefined && { advice }),
    ...(!PASSING.has(kind) && { retry: false }),
  });
}

function wordsFor(kind: number, message: string, { path, waited, memory }: Circumstances): string {
  switch (kind) {
    case BUSY:
    case LOCKED:
      return `The database ${path} is locked by another connection, and was so for ${waited} ms: ${message}`;
    case NOMEM:
      return `The statement needs more than ${memory} bytes of memory: ${message}`;
    case NOTADB:
      return `The file ${path} is not a database of SQLite: ${message}`;
    case CORRUPT:
      return `The database ${path} is damaged: ${message}`;
    case CANTOPEN:
      return `The database ${path} cannot be opened: ${message}`;
    default:
      return message;
  }
}

function placeIn(sql: string | undefined, offset: number | null | undefined): string {
  if (sql === undefined || typeof offset !== "number") return "";
  const before = Buffer.from(sql).subarray(0, offset).toString();
  return ` at line ${before.split("\n").length}, column ${before.length - before.lastIndexOf("\n")}`;
}

function adviceFor({ code, message }: SqliteTrouble, { isRead }: Circumstances): string[] | undefined {
  switch (code & 0xff) {
    case BUSY:
    case LOCKED:
      return [
        "Let the node try again (`policy: { retries }`), keep transactions of other programs short, or set `pragma journal_mode = wal` once, with which readers and a writer do not wait for each other.",
      ];
    case READONLY:
      return isRead
        ? ["Use `operation: execute` for what changes the database; `query` only reads."]
        : ["Check that the file and its folder may be written."];
    case PERM:
    case CANTOPEN:
      return [
        "Check that the file, its folder, and the files beside it (-journal, -wal, -shm) may be read and written.",
      ];
    case CORRUPT:
      return ["Restore it from a copy, or recover what is left with `sqlite3 FILE .recover`."];
    case NOTADB:
      return ["Check the path in `connection`; an encrypted database cannot be read."];
    case TOOBIG:
      return ["A text or a blob may have 128 MiB, a statement a million bytes."];
    case NOMEM:
      return ["Let the statement work on fewer or smaller values at once."];
  }
  if (KEY_IS_THERE.has(code))
    return ["Set `onConflict: ignore` or `onConflict: update`, if rows may be there already."];
  if (message.startsWith("no such table")) return ["Check the name of the table, and the path in `connection`."];
  if (message.startsWith("there is more than one"))
    return ["Give one statement alone; a further one needs a node of its own."];
  if (message.startsWith("ON CONFLICT clause")) {
    return ["`keys` must be all columns of a primary key or unique index of the table."];
  }
  if (message.startsWith("no such column")) return ["Names are in double quotes, texts in single quotes."];
  return undefined;
}
