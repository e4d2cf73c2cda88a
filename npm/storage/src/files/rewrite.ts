import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";

import { StorageError, type StorageErrorContext } from "../error.js";
import { writeAtomically, writeThrough } from "./atomic-write.js";
import { fileFailure, isMissing } from "./failure.js";

/** What tells whether a file is still the one that was read. */
export type FileState = Pick<BigIntStats, "mtimeNs" | "size" | "ino">;

/** A file to be replaced by a text that is made from what it holds. */
export interface Rewrite<T extends { state: FileState }> {
  path: string;
  /** The content of the file; `undefined` for a missing file. */
  read: () => Promise<T | undefined>;
  /** The new text; for the same content the same one. */
  text: (existing: T | undefined) => Promise<string>;
  /** Whether an edit made meanwhile may be lost. */
  overwrite: boolean;
  /** The beginning of what is said of failures, and where they are. */
  message: string;
  context: StorageErrorContext;
}

/** How often a file is read again that others keep changing. */
const ATTEMPTS = 20;

/**
 * Rewrites a file, whole or not at all. Right before the new file takes the name, the old one is looked at: what another program
 * wrote since the reading is read too, so that no edit is lost.
 *
 * @throws StorageError UNSUPPORTED_OPERATION where the file never comes to rest; ACCESS_DENIED, STORAGE_FULL, QUOTA_EXCEEDED;
 *   and what `read` and `text` throw
 */
export async function rewrite<T extends { state: FileState }>(file: Rewrite<T>): Promise<void> {
  const { path, message, context } = file;
  for (let left = ATTEMPTS; left > 0; left--) {
    const existing = await file.read();
    const text = await file.text(existing);
    const confirm = file.overwrite ? undefined : () => confirmed(file, existing, text);
    try {
      await writeAtomically(path, (beside, mode) => writeThrough(beside, text, mode), { confirm });
      return;
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile)) throw fileFailure(message, error, context);
    }
  }
  throw new StorageError(
    `${message}: other programs keep changing ${path}; save again when they are done`,
    "UNSUPPORTED_OPERATION",
    { context },
  );
}

/** Says that another program wrote a file between its reading and its replacing. */
class ChangedMeanwhile extends Error {}

/** Makes sure that a text is the one for what a file holds at this moment. @throws ChangedMeanwhile */
async function confirmed<T extends { state: FileState }>(
  { path, read, text: textFor }: Rewrite<T>,
  first: T | undefined,
  text: string,
): Promise<void> {
  let existing = first;
  for (let left = ATTEMPTS; left > 0; left--) {
    if (await isStill(path, existing?.state)) return;
    existing = await read();
    if ((await textFor(existing)) !== text) break;
  }
  throw new ChangedMeanwhile(`${path} was changed`);
}

async function isStill(path: string, read: FileState | undefined): Promise<boolean> {
  try {
    const now = await stat(path, { bigint: true });
    return read?.mtimeNs === now.mtimeNs && read.size === now.size && read.ino === now.ino;
  } catch (error) {
    if (isMissing(error)) return read === undefined;
    throw error;
  }
}
