import { join } from "node:path";

import { contentOf } from "../data/envelope.js";
import type { Plain } from "../data/plain.js";
import { StorageError } from "../error.js";
import { whereabouts } from "./containment.js";
import { fileFailure, isCircle, isMissing } from "./failure.js";
import { ENDINGS, type Ending, excess, namesOfKey, plainNamesOfKey } from "./key-path.js";
import { isFileOrLink } from "./value-file.js";

/** A file of a key. */
export interface KeyFile {
  /** The absolute path. */
  path: string;
  ending: Ending;
}

/**
 * The file in which a key's value is made. With `isPlain`, nothing in its name is escaped where that is safe, as in versions that
 * escape nothing.
 *
 * @throws StorageError UNSUPPORTED_OPERATION for a key that is too long.
 */
export function newFile(base: string, key: string, ending: Ending, operation: string, isPlain: boolean): KeyFile {
  const names = (isPlain ? plainNamesOfKey(key) : undefined) ?? namesOfKey(key);
  const reason = excess(names, ending);
  if (reason === undefined) return { path: join(base, ...names) + ending, ending };
  throw new StorageError(`Failed to ${operation} data: ${key}: ${reason}`, "UNSUPPORTED_OPERATION", {
    context: { key, operation },
  });
}

/** The files that a key has, the one that is read first. */
export async function filesOf(base: string, key: string, operation: string): Promise<KeyFile[]> {
  const files: KeyFile[] = [];
  for (const ending of ENDINGS) {
    for (const path of pathsOf(base, key, ending)) {
      try {
        if ((await isFileOrLink(path)) && (await isSpelledSo(base, path))) files.push({ path, ending });
      } catch (error) {
        if (!isNone(error)) throw fileFailure(`Failed to ${operation} data: ${key}`, error, { key, operation });
      }
    }
  }
  return files;
}

/** The paths at which a key's value may be, for one ending. */
export function pathsOf(base: string, key: string, ending: Ending): string[] {
  const plain = plainNamesOfKey(key);
  const paths = [namesOfKey(key), ...(plain ? [plain] : [])].map((names) => join(base, ...names) + ending);
  return [...new Set(paths)];
}

/** The value in the document of a file. Flow files may have an envelope. */
export function contentOfFile(file: KeyFile, document: Plain): Plain {
  return mayHaveEnvelope(file) ? contentOf(document) : document;
}

/** Whether a file is one of those that the desktop writes with an envelope. */
export function mayHaveEnvelope({ ending }: KeyFile): boolean {
  return ending.startsWith(".flow");
}

/** Where a file system does not tell cases apart, the file of another key answers to this key's name. */
async function isSpelledSo(base: string, path: string): Promise<boolean> {
  try {
    return (await whereabouts(base, path)).kind !== "other-spelling";
  } catch (error) {
    if (isCircle(error)) return true;
    throw error;
  }
}

/** What is too long for a name is not there. */
function isNone(error: unknown): boolean {
  return isMissing(error) || (error as NodeJS.ErrnoException).code === "ENAMETOOLONG";
}
