/** Paths that stay in the folders that the owner of a conductor allows. */
import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { isInside, realPath } from "@atomiton/storage/files";

import { NodeError } from "../contract/error.js";
import type { FileAccess } from "../contract/file-access.js";
import { foundText } from "../contract/issues.js";
import { unsafeName } from "../data/unsafe-name.js";

/** What a path stands for: what is at its end, or the link there, if it is one. */
export type PathEnd = "content" | "link";

/**
 * The path to use for a path that a flow names. Without roots it is the same one; with them, where it really is: links
 * followed, but for one at the end where the link itself is meant.
 *
 * The answer is about this moment. Whatever else can write to the roots could put a link in the place of a folder between
 * this look and the use of the path.
 *
 * @throws NodeError INVALID_PARAMETERS for a path outside of the roots, over links too; it tells nothing of what is there
 */
export async function rootedPath(
  access: FileAccess | undefined,
  path: string,
  end: PathEnd = "content",
): Promise<string> {
  if (access === undefined) return path;
  if (path.includes("\0")) throw refused(`The path ${foundText(path)} holds a NUL character`);
  const whole = resolve(path);
  const roots = access.roots.map((root) => resolve(root));
  const real = await Promise.all(roots.map(async (root) => realpath(root).catch(() => undefined)));
  const found = roots.findIndex((root, at) => isInside(root, whole) || isInside(real[at] ?? root, whole));
  // Before the disk is asked: its answer would tell what there is elsewhere.
  if (found < 0) throw outside(path, whole, roots);
  if (real[found] === undefined) throw refused(`The folder ${roots[found]}, which \`files.roots\` names, is not there`);
  if (process.platform === "win32") refuseDevices(path, whole);
  const isRoot = whole === roots[found] || whole === real[found];
  const place =
    end === "link" && !isRoot ? join(await realPath(dirname(whole)), basename(whole)) : await realPath(whole);
  if (real.some((root) => root !== undefined && isInside(root, place))) return place;
  throw refused(`The path ${path} leads over a link out of the folders that nodes may use: ${roots.join(", ")}`);
}

/** Whether a path is one of the folders themselves, which are not a flow's to delete or to move. */
export async function isRootFolder(access: FileAccess | undefined, path: string): Promise<boolean> {
  for (const root of access?.roots ?? []) {
    if ((await realpath(root).catch(() => undefined)) === path) return true;
  }
  return false;
}

/** Names that Windows takes for devices, whatever the folder. */
function refuseDevices(path: string, whole: string): void {
  const names = whole.replace(/^[A-Za-z]:/, "").split(/[\\/]/);
  const why = names.map((name) => unsafeName(name, true)).find((problem) => problem !== undefined);
  if (why !== undefined) throw refused(`The path ${path} cannot be used: ${why}`);
}

function outside(path: string, whole: string, roots: readonly string[]): NodeError {
  const tried = whole === path ? path : `${path} (${whole})`;
  return refused(`The path ${tried} is outside of the folders that nodes may use: ${roots.join(", ")}`);
}

function refused(message: string): NodeError {
  return new NodeError("INVALID_PARAMETERS", message, {
    advice: ["Use a path in these folders, or have the owner of the conductor add one to its setting `files.roots`."],
    retry: false,
  });
}
