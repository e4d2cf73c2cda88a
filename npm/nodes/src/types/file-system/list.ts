import { lstat, stat } from "node:fs/promises";
import { join } from "node:path";

import { throwIfAborted } from "../../contract/abort.js";
import { Globs } from "../../data/globs.js";
import type { NodeWork } from "../../library/work.js";
import { factsOf } from "../../machine/facts.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { type Found, search } from "../../machine/walk.js";
import { kindOfFile, missing } from "./facts.js";
import type { FileParameters } from "./parameters.js";

type Work = NodeWork<FileParameters>;

/** Entries that the file system is asked about at once. */
const AT_ONCE = 32;

/**
 * Lists what is in a folder, or what patterns fit in it and below.
 *
 * @throws NodeError EXECUTION_FAILED, INVALID_PARAMETERS (a wrong pattern), MEMORY_LIMIT_EXCEEDED or CANCELLED
 */
export async function listFolder(work: Work, path: string): Promise<object> {
  const { parameters, signal } = work;
  const place = await rootedPath(work.files, path);
  const facts = await factsOf(place);
  if (!facts) throw await missing("Directory", path);
  if (!facts.isDirectory()) throw new Error(`Path is not a directory: ${path}`);
  const { recursive, hidden = false } = parameters;
  const patterns = patternsOf(parameters);
  const globs = await Globs.of(patterns ?? [recursive ? "**" : "*"], { hidden, anywhere: recursive });
  const { found, seen, hidden: passedOver } = await search(place, globs, signal);
  const wanted = await chosen(work, found, place, parameters.include ?? (patterns ? "files" : "all"));
  const hiddenCount = passedOver.filter((entry) => parameters.include !== "folders" || entry.isDirectory()).length;
  const files = wanted.map((each) => join(path, each.path));
  const matched = patterns && matchesOf(globs, wanted);
  for (const [pattern, count] of Object.entries(matched ?? {})) {
    if (count === 0) work.warn("pattern-without-match", withoutMatch(pattern, path, seen, parameters));
  }
  if (hiddenCount > 0 && parameters.hidden === undefined) {
    const [entries, are] = hiddenCount === 1 ? ["1 entry", "is"] : [`${hiddenCount} entries`, "are"];
    work.warn(
      "hidden-entries",
      `${entries} of ${path} ${are} left out, with all below, because names that begin with a dot do not count; set \`hidden: true\` to list them, or \`hidden: false\` to leave them out without this warning`,
    );
  }
  return {
    result: files,
    files,
    count: files.length,
    hiddenCount,
    ...(matched && { matched }),
    ...(parameters.details === true && {
      entries: await inTurns(wanted, (each) => entryOf(each, path, place), signal),
    }),
  };
}

/** `undefined` where all are wanted. */
function patternsOf({ patterns }: FileParameters): string[] | undefined {
  const list = typeof patterns === "string" ? [patterns] : patterns;
  return list === undefined || list.length === 0 ? undefined : list;
}

async function chosen(
  { files, signal }: Work,
  found: Found[],
  folder: string,
  include: "all" | "files" | "folders",
): Promise<Found[]> {
  if (include === "all") return found;
  const kinds = await inTurns(
    found,
    async ({ path: inner, entry }) => {
      if (!entry.isSymbolicLink()) return kindOfFile(entry);
      // A link counts as what it leads to; one that leads to nothing is neither.
      return rootedPath(files, join(folder, inner))
        .then(stat)
        .then(kindOfFile, () => "link");
    },
    signal,
  );
  const kind = include === "files" ? "file" : "folder";
  return found.filter((_, at) => kinds[at] === kind);
}

function matchesOf(globs: Globs, found: readonly Found[]): Record<string, number> {
  const counts = new Map(globs.wanted.map((pattern) => [pattern, 0]));
  for (const { patterns } of found) {
    for (const pattern of patterns) counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

function withoutMatch(pattern: string, path: string, seen: number, { include, recursive }: FileParameters): string {
  const deeper = pattern.includes("/") || recursive ? "" : `; \`**/${pattern}\` also looks into folders`;
  return `The pattern \`${pattern}\` fits none of the ${include ?? "files"} in ${path}, where ${seen} entries were looked at${deeper}`;
}

async function entryOf({ path: inner, entry }: Found, folder: string, place: string): Promise<object> {
  const { size, mtime } = await lstat(join(place, inner));
  const path = join(folder, inner);
  return { path, name: entry.name, relativePath: inner, kind: kindOfFile(entry), size, modified: mtime.toISOString() };
}

async function inTurns<T>(
  found: readonly Found[],
  ask: (each: Found) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T[]> {
  const answers: T[] = [];
  for (let start = 0; start < found.length; start += AT_ONCE) {
    throwIfAborted(signal);
    answers.push(...(await Promise.all(found.slice(start, start + AT_ONCE).map(ask))));
  }
  return answers;
}
