/** Changes of the files in a folder and in the folders of it, for `conductor dev`. */
import { type FSWatcher, readdirSync, watch } from "node:fs";
import { join } from "node:path";

/** Editors write a file in several steps; what comes within this many ms is one change. */
const SETTLE_MS = 100;

/** Folders of these names are not watched, nor those whose names begin with a dot. */
const LEFT_OUT = new Set(["node_modules", "out", "dist"]);

/**
 * Watches a folder, and the folders in it, but no deeper.
 *
 * @param changed is told paths from the folder, with `/`, each once
 * @returns what ends it
 */
export function watchFolder(folder: string, changed: (paths: readonly string[]) => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  const waiting = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const open = (inside: string) => {
    if (watchers.has(inside)) return;
    try {
      const watcher = watch(join(folder, inside), (_, name) => {
        if (name === null) return;
        waiting.add(inside === "" ? name : `${inside}/${name}`);
        clearTimeout(timer);
        timer = setTimeout(settled, SETTLE_MS);
      });
      watcher.on("error", () => forget(inside));
      watchers.set(inside, watcher);
    } catch {
      // It is gone already.
    }
  };
  const forget = (inside: string) => {
    watchers.get(inside)?.close();
    watchers.delete(inside);
  };
  const settled = () => {
    const paths = [...waiting];
    waiting.clear();
    const inner = new Set(foldersIn(folder));
    for (const inside of watchers.keys()) if (inside !== "" && !inner.has(inside)) forget(inside);
    for (const inside of inner) {
      if (watchers.has(inside)) continue;
      open(inside);
      // What was written before it was watched.
      for (const name of namesIn(join(folder, inside))) paths.push(`${inside}/${name}`);
    }
    changed(paths);
  };

  open("");
  for (const inside of foldersIn(folder)) open(inside);
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !LEFT_OUT.has(entry.name))
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
