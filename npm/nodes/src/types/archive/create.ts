/** Packs files and values into an archive. */
import type { Stats } from "node:fs";
import { lstat, open, realpath, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { isInside, writeAtomically } from "@atomiton/storage/files";

import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { Globs } from "../../data/globs.js";
import { findData, isPlainObject, ownValue, unwrap } from "../../data/input.js";
import { chosenData, warnOfLeftOut } from "../../library/chosen-data.js";
import { missingPath } from "../../machine/missing-path.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { search } from "../../machine/walk.js";
import { plainValue, portValue } from "../../table/port-value.js";
import { contentBytes } from "../file-system/content.js";
import { checkedName, Paths } from "./entry.js";
import { MOST_IN_MEMORY, refused } from "./limits.js";
import { namesText } from "./names-text.js";
import { type PackItem, packed } from "./pack.js";
import { type ArchiveFormat, type ArchiveWork, patternsOf } from "./parameters.js";
import { pathOf } from "./source.js";

/** The endings of archives. */
const ENDINGS: readonly [string, ArchiveFormat][] = [
  [".zip", "zip"],
  [".tar", "tar"],
  [".tar.gz", "tar.gz"],
  [".tgz", "tar.gz"],
];

/** Makes an archive of a folder, of files, or of values: a file, or bytes where no path is given. */
export async function createArchive(work: ArchiveWork): Promise<object> {
  const { parameters } = work;
  const path = pathOf(work);
  const format = formatFor(parameters.format, path);
  if (parameters.level !== 6 && format === "tar") {
    throw new NodeError("INVALID_PARAMETERS", "`level` is for zip and tar.gz; a tar is not compressed");
  }
  if (path !== undefined && parameters.output !== undefined) {
    throw new NodeError("INVALID_PARAMETERS", "`output` is for an archive that has no `path`");
  }
  const target = path === undefined ? undefined : await rootedPath(work.files, path);
  const items = await itemsOf(work, target);
  if (items.length === 0) work.warn("empty-archive", "There was nothing to put into the archive");
  const stream = packed(items, format, parameters.level, work);
  const facts = { count: items.length, format };
  if (target !== undefined) return { result: path, path, size: await toFile(target, stream), ...facts };
  const bytes = await inMemory(stream);
  return {
    result: parameters.output === "base64" ? bytes.toString("base64") : new Uint8Array(bytes),
    size: bytes.length,
    ...facts,
  };
}

function formatFor(given: ArchiveFormat | undefined, path: string | undefined): ArchiveFormat {
  if (given !== undefined) return given;
  if (path === undefined) return "zip";
  const name = path.toLowerCase();
  const found = ENDINGS.find(([ending]) => name.endsWith(ending))?.[1];
  if (found !== undefined) return found;
  throw new NodeError(
    "INVALID_PARAMETERS",
    `The name ${path} does not say which archive it is to be: end it in ${ENDINGS.map(([ending]) => ending).join(", ")}, or set \`format\``,
  );
}

async function toFile(target: string, stream: AsyncIterable<Uint8Array>): Promise<number> {
  return writeAtomically(target, async (beside, mode) => {
    const file = await open(beside, "wx", mode);
    try {
      for await (const piece of stream) await file.writeFile(piece);
      await file.sync();
      return (await file.stat()).size;
    } finally {
      await file.close();
    }
  });
}

async function inMemory(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stream) {
    size += piece.length;
    if (size > MOST_IN_MEMORY) {
      throw new NodeError("MEMORY_LIMIT_EXCEEDED", `The archive has more than ${MOST_IN_MEMORY} bytes`, {
        advice: ["Give it a `path`: a file may be as large as the disk lets it."],
        retry: false,
      });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}

/** What goes into the archive, each under a name of its own. */
async function itemsOf(work: ArchiveWork, target: string | undefined): Promise<PackItem[]> {
  const { parameters, signal } = work;
  const given = filesOf(work);
  const items: PackItem[] = [];
  const leftOut: string[] = [];
  const paths = new Paths();
  const add = (name: string, item: Omit<PackItem, "name">): void => {
    const { path, problem } = checkedName(name);
    if (problem !== undefined || path === "") {
      throw new NodeError(
        "INVALID_PARAMETERS",
        `${foundText(name)} cannot be the name of an entry: ${problem ?? "it is empty"}`,
        {
          advice: [nameAdvice(name)],
          retry: false,
        },
      );
    }
    if (items.length === parameters.maxEntries) {
      throw refused(
        `There are more than the ${parameters.maxEntries} entries that \`maxEntries\` allows`,
        "maxEntries",
      );
    }
    paths.take(path, item.kind);
    items.push({ ...item, name: path });
  };
  if (given !== undefined) await addGiven(work, given, add, leftOut);
  else if (parameters.folder !== undefined) await addFolder(work, parameters.folder, target, add, leftOut);
  else throw new NodeError("INVALID_PARAMETERS", "There is nothing to pack: give the node `folder` or `files`");
  throwIfAborted(signal);
  if (leftOut.length > 0) {
    work.warn(
      "entries-left-out",
      `${leftOut.length} links, pipes, sockets or devices were left out: ${namesText(leftOut)}`,
    );
  }
  return items;
}

/** Where a folder is named, an edge that names no handle may be there for the order alone. */
function filesOf(work: ArchiveWork): unknown {
  const { parameters, input } = work;
  if (parameters.folder === undefined) return plainValue(unwrap(chosenData(work, "files", ["files"])));
  const named = portValue(input, "files");
  if (named !== undefined) return named;
  warnOfLeftOut(work, "folder", findData(input, ["files"]), "files");
  return unwrap(parameters.files);
}

function nameAdvice(name: string): string {
  const own = "give `{ path, content }` with a name of its own";
  if (name.startsWith("/") || name.split("/").includes("..")) return `Set \`folder\`: names begin below it; or ${own}.`;
  return name.includes("\\")
    ? `Write \`/\` between folders; rename a file that is called so, or ${own}.`
    : `Rename it, or ${own}.`;
}

type Add = (name: string, item: Omit<PackItem, "name">) => void;

async function addFolder(
  work: ArchiveWork,
  folder: string,
  target: string | undefined,
  add: Add,
  leftOut: string[],
): Promise<void> {
  const { parameters, signal } = work;
  const place = await rootedPath(work.files, folder);
  const facts = await lookAt(place, folder);
  if (!facts.isDirectory()) throw new NodeError("EXECUTION_FAILED", `Path is not a folder: ${folder}`);
  const patterns = patternsOf(parameters);
  const globs = await Globs.of(patterns ?? ["**"], { hidden: parameters.hidden });
  const { found, seen } = await search(place, globs, signal);
  const own = target === undefined ? undefined : await realpath(target).catch(() => resolve(target));
  const real = await realpath(place);
  const unmatched = new Set(patterns && globs.wanted);
  const unusable: { path: string; problem: string }[] = [];
  for (const { path, entry, patterns: fits } of found) {
    throwIfAborted(signal);
    for (const pattern of fits) unmatched.delete(pattern);
    const at = join(real, path);
    // An archive does not go into itself.
    if (at === own) continue;
    const { problem } = checkedName(path);
    if (problem !== undefined) unusable.push({ path, problem });
    else if (entry.isFile() || entry.isDirectory()) add(path, itemAt(at, await lstat(at)));
    else leftOut.push(path);
  }
  if (unusable.length > 0) {
    work.warn(
      "names-left-out",
      `${unusable.length} files and folders of ${folder} cannot be entries under their names and were left out: ${namesText(unusable.map(({ path }) => path))} (${unusable[0]?.problem}). Rename them, or give each as \`{ path, content }\` in \`files\``,
    );
  }
  for (const pattern of unmatched) {
    work.warn(
      "pattern-without-match",
      `The pattern \`${pattern}\` fits nothing in ${folder}, where ${seen} entries were looked at`,
    );
  }
}

async function addGiven(work: ArchiveWork, given: unknown, add: Add, leftOut: string[]): Promise<void> {
  const { parameters, signal } = work;
  if (parameters.patterns !== undefined) {
    throw new NodeError("INVALID_PARAMETERS", "`patterns` choose from a `folder`; `files` are all packed");
  }
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  for (const [at, each] of list.entries()) {
    throwIfAborted(signal);
    if (typeof each === "string") await addPath(work, each, add, leftOut);
    else await addValue(each, at, add);
  }
}

async function addPath(work: ArchiveWork, path: string, add: Add, leftOut: string[]): Promise<void> {
  const { folder } = work.parameters;
  const place = await rootedPath(work.files, path);
  const facts = await lookAt(place, path);
  if (folder !== undefined && !isInside(resolve(folder), resolve(path))) {
    throw new NodeError("INVALID_PARAMETERS", `${path} is not in ${folder}, below which the names of entries begin`);
  }
  const name = folder === undefined ? path : relative(resolve(folder), resolve(path));
  if (facts.isFile() || facts.isDirectory()) add(name.split(sep).join("/"), itemAt(place, facts));
  else leftOut.push(path);
}

/** A value as a file, as `file-system` and `extract` describe them. */
async function addValue(given: unknown, at: number, add: Add): Promise<void> {
  const file = unwrap(given);
  const path = isPlainObject(file) ? ownValue(file, "path") : undefined;
  if (!isPlainObject(file) || typeof path !== "string" || !Object.hasOwn(file, "content")) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `\`files[${at}]\` must be a path or \`{ path, content }\`, found ${foundText(given)}`,
    );
  }
  const bytes = await contentBytes(path, unwrap(file["content"]));
  const time = new Date(String(ownValue(file, "modified") ?? ""));
  const modified = Number.isNaN(time.getTime()) ? new Date() : time;
  add(path, { kind: "file", size: bytes.length, modified, isExecutable: false, bytes });
}

function itemAt(place: string, facts: Stats): Omit<PackItem, "name"> {
  const kind = facts.isDirectory() ? "folder" : "file";
  const isExecutable = kind === "file" && (facts.mode & 0o100) !== 0;
  return { kind, size: kind === "file" ? facts.size : 0, modified: facts.mtime, isExecutable, place };
}

async function lookAt(place: string, path: string): Promise<Stats> {
  return stat(place).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
    throw await missingPath(`${path} does not exist`, path, { cause: error });
  });
}
