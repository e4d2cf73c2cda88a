/** Copies of a SQLite store of executions: taken while others write to it, and put back. */
import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { loadAddon } from "@atomiton/conductor-native";

import { StorageError } from "../error.js";
import { writeAtomically } from "../files/atomic-write.js";
import { removeLeftovers } from "../files/leftovers.js";
import { failure } from "./sqlite-failure.js";

/** What a copy of a store holds. */
export interface StoreCopy {
  /** Of the schema. */
  version: number;
  executions: number;
  flows: number;
  /** Of the file. */
  bytes: number;
}

/**
 * Copies the store in a database to a file: what it holds at one moment, in one file that needs no others. Processes may write to the
 * store meanwhile; they wait for nothing, but the `-wal` file beside the database grows until the copy is made. The copy is checked
 * (`integrity_check`, version of the schema), flushed and only then takes the name.
 *
 * @throws StorageError UNSUPPORTED_OPERATION where there is no store of this library, or a file of that name already unless it
 *   `replaces`; SERIALIZATION_ERROR where the store is damaged; STORAGE_FULL, QUOTA_EXCEEDED, ACCESS_DENIED. No file of that name is
 *   made then
 */
export async function backUpSqliteStore(
  path: string,
  file: string,
  { replaces = false }: { replaces?: boolean } = {},
): Promise<StoreCopy> {
  const [from, to] = [resolve(path), resolve(file)];
  try {
    if (!(await exists(from))) throw refused(`There is no database ${from}`);
    if (from === to) throw refused(`The backup and the store are the same file (${to}); give the backup another name`);
    if (!replaces && (await exists(to))) throw thereAlready(to);
    await mkdir(dirname(to), { recursive: true });
    await removeLeftovers(dirname(to));
    return await writeAtomically(to, (beside) => loadAddon().backUpExecutions(from, beside), { isNew: !replaces });
  } catch (error) {
    // Another program made it meanwhile.
    if (!replaces && (error as NodeJS.ErrnoException)?.code === "EEXIST") throw failure("backup", to, thereAlready(to));
    throw failure("backup", to, error);
  }
}

function thereAlready(file: string): StorageError {
  return refused(`There is a file ${file} already; give another name, or say that it is to be replaced`);
}

/**
 * Puts the store that a file holds in the place of the one in a database, in one transaction: what was there stays where anything
 * fails. The file is checked first, and stays as it is.
 *
 * @throws StorageError UNSUPPORTED_OPERATION where the file holds no store of this library, or one of a later version, or where the
 *   database has executions, flows or entries and it is not to be replaced; ACCESS_DENIED where a process has it open;
 *   SERIALIZATION_ERROR where the file is damaged; STORAGE_FULL, QUOTA_EXCEEDED
 */
export async function restoreSqliteStore(
  file: string,
  path: string,
  { replaces = false }: { replaces?: boolean } = {},
): Promise<StoreCopy> {
  const [from, to] = [resolve(file), resolve(path)];
  try {
    if (!(await exists(from))) throw refused(`There is no file ${from}`);
    if (from === to) throw refused(`The backup and the store are the same file (${to}); give another store`);
    return await loadAddon().restoreExecutions(from, to, replaces);
  } catch (error) {
    throw failure("restore", to, error);
  }
}

function refused(message: string): StorageError {
  return new StorageError(message, "UNSUPPORTED_OPERATION");
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
