import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";

import { byUpdate, storageItem } from "../data/flow.js";
import type { StorageItem, StorageProblem } from "../engine.js";
import { StorageError } from "../error.js";
import { fileFailure, isMissing } from "./failure.js";
import { contentOfFile, type KeyFile, pathsOf } from "./key-files.js";
import { ENDINGS, keyOfNames, namesOfKey, plainNamesOfKey, splitName } from "./key-path.js";
import { removeLeftovers } from "./leftovers.js";
import { assertInside, isFileOrLink, readValueFile } from "./value-file.js";

/** What is in a folder, good and bad. */
export interface Scan {
  items: StorageItem[];
  problems: StorageProblem[];
}

/** How many files are read at once. */
const AT_ONCE = 16;

/**
 * Reads every value below a folder of the base, which `prefix` names as keys do. Links to folders are not followed, names that
 * begin with a dot are passed over.
 *
 * @throws StorageError ACCESS_DENIED where the folder itself cannot be read.
 */
export async function scan(base: string, prefix: string): Promise<Scan> {
  const result: Scan = { items: [], problems: [] };
  const found: Found = new Map();
  for (const folder of foldersOf(base, prefix)) {
    try {
      await assertInside(base, folder, "Failed to list data", { operation: "list", file: folder });
    } catch (error) {
      throw fileFailure("Failed to list data", error, { operation: "list", file: folder });
    }
    await collect(base, folder, found, result.problems);
  }
  const all = [...found];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    await Promise.all(all.slice(at, at + AT_ONCE).map(([key, { file }]) => read(base, key, file, result)));
  }
  result.items.sort(byUpdate);
  result.problems.sort((one, other) => (one.file < other.file ? -1 : 1));
  return result;
}

/** For each key the file that `load` reads; the one of the lowest rank. */
type Found = Map<string, { file: KeyFile; rank: number }>;

/** The folders that keys with this beginning are in. */
function foldersOf(base: string, prefix: string): string[] {
  const folder = prefix.replace(/\/$/, "");
  if (folder === "") return [base];
  // A key below the folder tells how the folder is written.
  const plain = plainNamesOfKey(`${folder}/-`)?.slice(0, -1);
  const paths = [namesOfKey(`${folder}/-`).slice(0, -1), ...(plain ? [plain] : [])].map((names) =>
    join(base, ...names),
  );
  return [...new Set(paths)];
}

/** Finds the files below a folder. */
async function collect(base: string, start: string, found: Found, problems: StorageProblem[]): Promise<void> {
  const folders = [start];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    let entries: Dirent[];
    try {
      entries = await readdir(folder, { withFileTypes: true });
    } catch (error) {
      if (isMissing(error)) continue;
      const failure = fileFailure("Failed to list data", error, { operation: "list", file: folder });
      if (folder === start) throw failure;
      const key = keyOfNames(relative(base, folder).split(sep));
      problems.push({ key, file: folder, code: failure.code, message: failure.message });
      continue;
    }
    await removeLeftovers(
      folder,
      entries.map(({ name }) => name),
    );
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile() || entry.isSymbolicLink()) add(base, path, found, problems);
    }
  }
}

function add(base: string, path: string, found: Found, problems: StorageProblem[]): void {
  const names = relative(base, path).split(sep);
  const split = splitName(names.at(-1) ?? "");
  if (split === undefined) return;
  const key = keyOfNames([...names.slice(0, -1), split.stem]);
  const candidates = pathsOf(base, key, split.ending);
  const place = candidates.indexOf(path);
  if (place === -1) {
    const message = `No key leads to ${path}: its name mixes escaped and plain parts; rename it to ${candidates[0]}`;
    problems.push({ key, file: path, code: "UNSUPPORTED_OPERATION", message });
    return;
  }
  const rank = ENDINGS.indexOf(split.ending) * 2 + place;
  const other = found.get(key);
  if (other === undefined || rank < other.rank) found.set(key, { file: { path, ending: split.ending }, rank });
}

async function read(base: string, key: string, file: KeyFile, { items, problems }: Scan): Promise<void> {
  const { path } = file;
  try {
    const found = await readValueFile(base, path, `Failed to load data: ${key}`, { key, operation: "list" });
    items.push(storageItem(key, contentOfFile(file, found.value), found.size, found));
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const wasRemovedMeanwhile = isMissing(error.cause ?? {}) && !(await isFileOrLink(path).catch(() => false));
    if (wasRemovedMeanwhile) return;
    const { line, column } = error.context;
    problems.push({
      key,
      file: path,
      code: error.code,
      message: error.message,
      ...(line !== undefined && { line }),
      ...(column !== undefined && { column }),
    });
  }
}
