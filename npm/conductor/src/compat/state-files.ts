/** The folder that execution states are kept in, one file each. */
import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { writeAtomically } from "@atomiton/storage/desktop";
import { type ExecutionState, isActive } from "./execution-state.js";
import { readState, stateFileName, writeState } from "./state-document.js";
import { StateFileError } from "./state-file-error.js";

/** Gets what went wrong with a file. */
export type FileReport = (file: string, error: Error) => void;

/** Files that are written at once; each waits for the disk. */
const AT_ONCE = 8;

/** A report that lists more losses is no help. */
const LISTED = 5;

/**
 * Writes states whole or not at all, each to a file that only this user can read. Two processes may share a folder as long
 * as each execution belongs to one of them.
 */
export class StateFiles {
  readonly #directory: string;
  readonly #report: FileReport;
  /** Digest of what is on the disk, by execution id. */
  readonly #written = new Map<string, string>();
  /** States that are over and on the disk, as long as nothing touches them. */
  readonly #settled = new WeakSet<ExecutionState>();
  /** Paths of losses that were reported, by execution id. */
  readonly #lost = new Map<string, Set<string>>();
  /** Messages of failed writes that were reported and hold on, by execution id. */
  readonly #failed = new Map<string, string>();
  /** The last thing that is to happen; each waits for the one before. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(directory = join(homedir(), ".atomiton", "state"), report: FileReport) {
    this.#directory = directory;
    this.#report = report;
  }

  /** Tells that a state is about to change. */
  touch(state: ExecutionState): void {
    this.#settled.delete(state);
  }

  /**
   * Writes the states that changed. Those that are over and were not touched since are not even looked at, unless `all` are
   * asked for. Returns the ids of those that are on the disk as they were when their turn came. Never rejects.
   */
  write(states: ReadonlyMap<string, ExecutionState>, all = false): Promise<Set<string>> {
    return this.#next(async () => {
      const saved = new Set<string>();
      const ids = [...states.keys()].values();
      const worker = async () => {
        for (const id of ids) {
          // It may have been cleared while others were written.
          const state = states.get(id);
          if (state && ((!all && this.#settled.has(state)) || (await this.#writeOne(id, state)))) saved.add(id);
        }
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, states.size) }, worker));
      return saved;
    });
  }

  /** Removes the file of an execution, if there is one, after whatever is being written. */
  remove(executionId: string): void {
    void this.#next(async () => {
      this.#written.delete(executionId);
      this.#lost.delete(executionId);
      this.#failed.delete(executionId);
      // Under what is no text nothing was ever written.
      if (typeof executionId !== "string") return;
      let file = this.#directory;
      try {
        file = this.#file(executionId);
        await rm(file, { force: true });
      } catch (error) {
        this.#report(file, error as Error);
      }
    });
  }

  /** All states that can be read. The others are reported. */
  read(): Promise<ExecutionState[]> {
    return this.#next(async () => {
      const states: ExecutionState[] = [];
      for (const name of await this.#names()) {
        const file = join(this.#directory, name);
        try {
          const text = await readFile(file, "utf8");
          const state = readState(text);
          if (stateFileName(state.executionId) !== name) {
            throw new StateFileError(
              "DESERIALIZATION_FAILED",
              `The file is left as it is: it has the state of ${state.executionId} under the name of another`,
            );
          }
          this.#written.set(state.executionId, digestOf(text));
          states.push(state);
        } catch (error) {
          this.#report(file, error as Error);
        }
      }
      return states;
    });
  }

  async #names(): Promise<string[]> {
    try {
      // What begins with a dot is still being written, or was when its process ended.
      const names = await readdir(this.#directory);
      return names.filter((name) => name.endsWith(".json") && !name.startsWith(".")).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#report(this.#directory, error as Error);
      return [];
    }
  }

  async #writeOne(id: string, state: ExecutionState): Promise<boolean> {
    let file = this.#directory;
    try {
      file = this.#file(id);
      const { text, losses } = writeState(state);
      const over = !isActive(state) && state.status !== "pending";
      if (over) this.#settled.add(state);
      this.#reportLosses(id, file, losses);
      const digest = digestOf(text);
      if (this.#written.get(id) === digest) return true;
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeAtomically(file, (path) => writePrivately(path, text));
      this.#written.set(id, digest);
      this.#failed.delete(id);
      return true;
    } catch (error) {
      this.#settled.delete(state);
      this.#reportFailure(id, file, error as Error);
      return false;
    }
  }

  /** A full disk is tried again at each write, but told once. */
  #reportFailure(id: string, file: string, error: Error): void {
    // Without the name of the temporary file, which is another each time.
    const kind = (error as NodeJS.ErrnoException).code ?? error.message;
    if (this.#failed.get(id) === kind) return;
    this.#failed.set(id, kind);
    this.#report(file, error);
  }

  #reportLosses(id: string, file: string, losses: { path: string; what: string }[]): void {
    const known = this.#lost.get(id) ?? new Set();
    const fresh = losses.filter(({ path }) => !known.has(path));
    this.#lost.set(id, new Set(losses.map(({ path }) => path)));
    if (fresh.length === 0) return;
    const listed = fresh.slice(0, LISTED).map(({ path, what }) => `${path}: ${what}`);
    if (fresh.length > LISTED) listed.push(`and ${fresh.length - LISTED} more`);
    const message = `Not kept of execution ${id}: ${listed.join("; ")}. Keep data that JSON can hold instead`;
    this.#report(file, new StateFileError("SERIALIZATION_FAILED", message));
  }

  #file(executionId: string): string {
    return join(this.#directory, stateFileName(executionId));
  }

  #next<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action);
    // Callers that wait for it are told of a failure; later writes go on all the same.
    this.#last = result.catch(() => {});
    return result;
  }
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

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
