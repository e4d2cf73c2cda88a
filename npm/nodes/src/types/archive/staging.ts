import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { removeMade } from "../../machine/made-folders.js";
import type { ArchiveEntry } from "./entry.js";
import { namesText } from "./names-text.js";

/**
 * Files on their way to a folder. They are made in a folder of their own inside it, which nothing else writes to, and take their
 * places once all are there.
 */
export class Staging {
  readonly #files: string[] = [];
  readonly #folders = new Set<string>();
  #isSettled = false;

  private constructor(
    private readonly target: string,
    private readonly shown: string,
    private readonly place: string,
    private readonly made: string | undefined,
  ) {}

  /**
   * @param target the folder, made where it is missing
   * @param shown how the flow calls it
   */
  static async in(target: string, shown: string): Promise<Staging> {
    const made = await mkdir(target, { recursive: true });
    const place = join(target, `.archive-${randomBytes(6).toString("hex")}.tmp`);
    await mkdir(place);
    return new Staging(target, shown, place, made);
  }

  async addFolder(path: string): Promise<void> {
    if (this.#folders.has(path)) return;
    await mkdir(join(this.place, path), { recursive: true });
    for (let at = path; at !== "." && !this.#folders.has(at); at = dirname(at)) this.#folders.add(at);
  }

  /** Writes the content of an entry; returns its size in bytes. */
  async addFile(path: string, entry: ArchiveEntry, signal: AbortSignal | undefined): Promise<number> {
    await this.addFolder(dirname(path));
    const file = await open(join(this.place, path), "wx", entry.isExecutable ? 0o777 : 0o666);
    try {
      let size = 0;
      for await (const piece of entry.content()) {
        throwIfAborted(signal);
        size += piece.length;
        await file.writeFile(piece);
      }
      if (!Number.isNaN(entry.modified.getTime())) await file.utimes(entry.modified, entry.modified);
      this.#files.push(path);
      return size;
    } finally {
      await file.close();
    }
  }

  /**
   * Gives the files their places, and tells their paths.
   *
   * @param overwrite whether files that are there are replaced
   * @throws NodeError EXECUTION_FAILED where something else is in the way, before any file takes its place
   */
  async settle(overwrite: boolean): Promise<string[]> {
    const folders = [...this.#folders].filter((path) => path !== ".").sort();
    for (const path of folders) await this.#checkFolder(path);
    const there: string[] = [];
    for (const path of this.#files) if (await this.#isFileThere(path)) there.push(path);
    if (there.length > 0 && !overwrite) {
      throw new NodeError(
        "EXECUTION_FAILED",
        `${there.length} files are in ${this.shown} already: ${namesText(there)}; \`overwrite: true\` replaces them`,
        { retry: false },
      );
    }
    this.#isSettled = true;
    for (const path of folders) await mkdir(join(this.target, path), { recursive: true });
    for (const path of this.#files) await rename(join(this.place, path), join(this.target, path));
    return this.#files.map((path) => join(this.shown, path));
  }

  /** A link in the place of a folder could lead anywhere. */
  async #checkFolder(path: string): Promise<void> {
    const facts = await lstat(join(this.target, path)).catch(onlyMissing);
    if (facts === undefined || facts.isDirectory()) return;
    const what = facts.isSymbolicLink() ? "a link" : "a file";
    throw inTheWay(`${join(this.shown, path)} is ${what}, and the archive has a folder of that name`);
  }

  async #isFileThere(path: string): Promise<boolean> {
    const facts = await lstat(join(this.target, path)).catch(onlyMissing);
    if (facts === undefined) return false;
    if (facts.isFile() || facts.isSymbolicLink()) return true;
    throw inTheWay(`${join(this.shown, path)} is not a file, and the archive has one of that name`);
  }

  /** Removes what has no place; of a failed try also the folder, if it was made for it. */
  async close(): Promise<void> {
    await rm(this.place, { recursive: true, force: true });
    if (this.#isSettled || this.made === undefined) return;
    await removeMade(this.target, this.made);
  }
}

function onlyMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
}

function inTheWay(message: string): NodeError {
  return new NodeError("EXECUTION_FAILED", message, {
    advice: ["Extract into another folder, or take away what is in the way."],
    retry: false,
  });
}
