/** The folder that execution states are kept in, one file each. */
import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { writeAtomically } from "@atomiton/storage/desktop";
import { demandTextId } from "./state-document.js";
import type { StateBackend } from "./state-repository.js";

/**
 * Files that only this user can read. Two processes may share a folder as long as each execution belongs to one of them: the
 * file of an execution has what was written last.
 */
export class StateFiles implements StateBackend {
  readonly subject = "The file";
  readonly compares = false;
  readonly #directory: string;

  constructor(directory = join(homedir(), ".atomiton", "state")) {
    this.#directory = directory;
  }

  /** Something readable, and a digest that tells ids apart whatever the file system makes of capitals, dots and slashes. */
  keyOf(executionId: string): string {
    demandTextId(executionId);
    const readable = executionId.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64);
    const digest = createHash("sha256").update(executionId, "utf16le").digest("hex").slice(0, 32);
    return `${readable || "execution"}.${digest}.json`;
  }

  nameOf(key?: string): string {
    return key === undefined ? this.#directory : join(this.#directory, key);
  }

  async keys(): Promise<string[]> {
    try {
      // What begins with a dot is still being written, or was when its process ended.
      const names = await readdir(this.#directory);
      return names.filter((name) => name.endsWith(".json") && !name.startsWith(".")).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  read(key: string): Promise<string> {
    return readFile(this.nameOf(key), "utf8");
  }

  async write(key: string, text: string): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeAtomically(this.nameOf(key), (path) => writePrivately(path, text));
  }

  async remove(key: string): Promise<void> {
    await rm(this.nameOf(key), { force: true });
  }

  async close(): Promise<void> {}
}

/** Variables may be secrets, so only the owner may read them. */
async function writePrivately(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
