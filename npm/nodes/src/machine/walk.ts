import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { throwIfAborted } from "../contract/abort.js";
import { NodeError } from "../contract/error.js";
import type { GlobPosition, Globs } from "../data/globs.js";

/** Entries of folders that are looked at. */
const MOST_ENTRIES = 1_000_000;

/** An entry that patterns fit. */
export interface Found {
  /** From the folder in which the search began, with `/` between names. */
  path: string;
  entry: Dirent;
  /** The patterns that fit it. */
  patterns: readonly string[];
}

/** What a search came to. */
export interface Search {
  /** A folder before what is in it, and the entries of a folder by name. */
  found: Found[];
  /** Entries that were looked at. */
  seen: number;
  /** Entries that patterns would fit, or could fit something in, if their names did not begin with a dot. */
  hidden: Dirent[];
}

/**
 * What patterns fit in a folder. Links are listed and not followed, so that no circle and no other place is entered.
 *
 * @throws NodeError MEMORY_LIMIT_EXCEEDED beyond a million entries, CANCELLED
 */
export async function search(folder: string, globs: Globs, signal: AbortSignal | undefined): Promise<Search> {
  const result: Search = { found: [], seen: 0, hidden: [] };
  await add(result, folder, "", globs, globs.start(), signal);
  return result;
}

async function add(
  result: Search,
  folder: string,
  path: string,
  globs: Globs,
  position: GlobPosition,
  signal: AbortSignal | undefined,
): Promise<void> {
  throwIfAborted(signal);
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  result.seen += entries.length;
  if (result.seen > MOST_ENTRIES) {
    throw new NodeError("MEMORY_LIMIT_EXCEEDED", `The folders hold more than ${MOST_ENTRIES} entries`, {
      advice: ["Start in a folder further down, or take folders out, such as with `!node_modules`."],
      retry: false,
    });
  }
  for (const entry of entries) {
    const { fits, inside } = globs.look(position, entry.name);
    const inner = path === "" ? entry.name : `${path}/${entry.name}`;
    const passedOver = globs.passedOver(position, entry.name);
    if (passedOver && (passedOver.fits.length > 0 || (passedOver.inside && entry.isDirectory())))
      result.hidden.push(entry);
    if (fits.length > 0) result.found.push({ path: inner, entry, patterns: fits });
    if (inside && entry.isDirectory()) await add(result, join(folder, entry.name), inner, globs, inside, signal);
  }
}
