/** `conductor run --watch`: runs again whenever a file changes. */
import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Editors write a file in several steps; what comes within this many ms is one change. */
const SETTLE_MS = 100;

/** Waits for changes of files. Folders are watched, because editors replace files. */
export class FileWatch {
  private readonly watchers = new Map<string, FSWatcher>();
  private names = new Set<string>();
  private changed: string | undefined;
  private isClosed = false;
  private wake: (() => void) | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Watches these files, and no others. Of a folder that is not there, nothing is heard. */
  follow(files: readonly string[]): void {
    this.names = new Set(files.map((file) => `${dirname(file)}\0${basename(file)}`));
    const folders = new Set(files.map((file) => dirname(file)));
    for (const [folder, watcher] of this.watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.watchers.delete(folder);
    }
    for (const folder of folders) if (!this.watchers.has(folder)) this.open(folder);
  }

  /** Settles with the name of a file that changed since the last answer; `undefined` when `close` was called. */
  async next(): Promise<string | undefined> {
    if (this.changed === undefined && !this.isClosed) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = undefined;
    }
    const { changed } = this;
    this.changed = undefined;
    return changed;
  }

  close(): void {
    this.isClosed = true;
    for (const watcher of this.watchers.values()) watcher.close();
    this.watchers.clear();
    clearTimeout(this.timer);
    this.wake?.();
  }

  private open(folder: string): void {
    try {
      const watcher = watch(folder, (_, name) => {
        if (name === null || !this.names.has(`${folder}\0${name}`)) return;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
          this.changed = String(name);
          this.wake?.();
        }, SETTLE_MS);
      });
      watcher.on("error", () => this.watchers.delete(folder));
      this.watchers.set(folder, watcher);
    } catch {
      // It may come later; the flow's own file is there.
    }
  }
}
