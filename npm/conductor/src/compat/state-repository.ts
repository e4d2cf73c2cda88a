/** Writes the states that changed to a backend, and reads them back. */
import { forEachLimited } from "@atomiton/values";
import { type ExecutionState, isActive } from "./execution-state.js";
import { readState, writeState } from "./state-document.js";
import { StateFileError } from "./state-file-error.js";

/** Gets what went wrong with a file, or with the store. */
export type StateReport = (file: string, error: Error) => void;

/** Storage of states as texts, each whole or not at all. */
export interface StateBackend {
  /** How a text is called in messages, at the beginning of a sentence. */
  readonly subject: string;
  /** Whether a text replaces only the one that this manager wrote or read last, not what others have written. */
  readonly compares: boolean;
  /** The key of an execution. @throws StateFileError `SERIALIZATION_FAILED` for what is no text */
  keyOf(executionId: string): string;
  /** How a text is told of in reports; without a key, all of them. */
  nameOf(key?: string): string;
  /** Keys of all texts. */
  keys(): Promise<string[]>;
  /** `undefined` where it was removed meanwhile. */
  read(key: string): Promise<string | undefined>;
  /** `before`: digest of the text that it replaces; missing where there is to be none. */
  write(key: string, text: string, digest: string, before: string | undefined): Promise<void>;
  /** `before`: likewise; missing for any text. */
  remove(key: string, before: { digest: string | undefined } | undefined): Promise<void>;
  /** Lets go of what it has opened; it opens that again where it is used. */
  close(): Promise<void>;
}

/** What came of reading a text; nothing where it was removed meanwhile. */
interface Found {
  state?: ExecutionState;
  digest?: string;
  error?: Error;
}

/** SHA-256 of a text in hexadecimal digits. */
export type TextHash = (text: string) => string | Promise<string>;

/** Texts that are written at once; each waits for the disk. */
const AT_ONCE = 8;

/** A report that lists more losses is no help. */
const LISTED = 5;

/** Keeps states in a backend, one operation after the other. */
export class StateRepository {
  readonly #backend: StateBackend;
  readonly #hash: TextHash;
  readonly #report: StateReport;
  /** Digest of what is kept, by execution id. */
  readonly #written = new Map<string, string>();
  /** States that are over and kept, as long as nothing touches them. */
  readonly #settled = new WeakSet<ExecutionState>();
  /** Paths of losses that were reported, by execution id. */
  readonly #lost = new Map<string, Set<string>>();
  /** Messages of failed writes that were reported and hold on, by execution id. */
  readonly #failed = new Map<string, string>();
  /** The last thing that is to happen; each waits for the one before. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(backend: StateBackend, hash: TextHash, report: StateReport) {
    this.#backend = backend;
    this.#hash = hash;
    this.#report = report;
  }

  /** Tells that a state is about to change. */
  touch(state: ExecutionState): void {
    this.#settled.delete(state);
  }

  /**
   * Writes the states that changed. Those that are over and were not touched since are not even looked at, unless `all` are
   * asked for. Returns the ids of those that are kept as they were when their turn came. Never rejects.
   */
  write(states: ReadonlyMap<string, ExecutionState>, all = false): Promise<Set<string>> {
    return this.#next(async () => {
      const saved = new Set<string>();
      const ids = [...states.keys()];
      await forEachLimited(ids, AT_ONCE, async (id) => {
        // It may have been cleared while others were written.
        const state = states.get(id);
        if (state && ((!all && this.#settled.has(state)) || (await this.#writeOne(id, state)))) saved.add(id);
      });
      return saved;
    });
  }

  /**
   * Removes what is kept of an execution, after whatever is being written.
   *
   * @param isKnown whether this manager had the execution
   */
  remove(executionId: string, isKnown: boolean): void {
    void this.#next(async () => {
      const digest = this.#written.get(executionId);
      this.#lost.delete(executionId);
      this.#failed.delete(executionId);
      // Under what is no text nothing was ever written.
      if (typeof executionId !== "string") return;
      let name = this.#backend.nameOf();
      try {
        const key = this.#backend.keyOf(executionId);
        name = this.#backend.nameOf(key);
        await this.#backend.remove(key, isKnown ? { digest } : undefined);
        this.#written.delete(executionId);
      } catch (error) {
        if (isConflict(error)) this.#written.delete(executionId);
        this.#report(name, error as Error);
      }
    });
  }

  /**
   * Reads all states, and reports those that cannot be read.
   *
   * @param take gets each of them; false for one that the manager has already, which stays as it is
   */
  read(take: (state: ExecutionState) => boolean): Promise<void> {
    return this.#next(async () => {
      const keys = await this.#keys();
      const found = new Map<string, Found>();
      await forEachLimited(keys, AT_ONCE, async (key) => {
        found.set(key, await this.#readOne(key).catch((error: Error) => ({ error })));
      });
      for (const key of keys) {
        const { error, state, digest } = found.get(key) as Found;
        if (error !== undefined) this.#report(this.#backend.nameOf(key), error);
        if (state === undefined || digest === undefined) continue;
        // What is written in the place of another's state is refused, unless it came from that.
        if (take(state) || !this.#backend.compares) this.#written.set(state.executionId, digest);
      }
    });
  }

  /** Lets go of what was opened, after whatever is being written. */
  close(): Promise<void> {
    return this.#next(async () => {
      await this.#backend.close().catch((error: Error) => this.#report(this.#backend.nameOf(), error));
    });
  }

  async #keys(): Promise<string[]> {
    try {
      return await this.#backend.keys();
    } catch (error) {
      this.#report(this.#backend.nameOf(), error as Error);
      return [];
    }
  }

  async #readOne(key: string): Promise<Found> {
    const { subject } = this.#backend;
    const text = await this.#backend.read(key);
    if (text === undefined) return {};
    const state = readState(text, subject);
    if (this.#backend.keyOf(state.executionId) !== key) {
      throw new StateFileError(
        "DESERIALIZATION_FAILED",
        `${subject} is left as it is: it has the state of ${state.executionId} under the name of another`,
      );
    }
    return { state, digest: await this.#hash(text) };
  }

  async #writeOne(id: string, state: ExecutionState): Promise<boolean> {
    let name = this.#backend.nameOf();
    try {
      const key = this.#backend.keyOf(id);
      name = this.#backend.nameOf(key);
      const { text, losses } = writeState(state);
      const over = !isActive(state) && state.status !== "pending";
      if (over) this.#settled.add(state);
      this.#reportLosses(id, name, losses);
      const digest = await this.#hash(text);
      const before = this.#written.get(id);
      if (before === digest) return true;
      await this.#backend.write(key, text, digest, before);
      this.#written.set(id, digest);
      this.#failed.delete(id);
      return true;
    } catch (error) {
      this.#settled.delete(state);
      this.#reportFailure(id, name, error as Error);
      return false;
    }
  }

  /** A full disk is tried again at each write, but told once. */
  #reportFailure(id: string, name: string, error: Error): void {
    // Without the name of the temporary file, which is another each time.
    const kind = (error as NodeJS.ErrnoException).code ?? error.message;
    if (this.#failed.get(id) === kind) return;
    this.#failed.set(id, kind);
    this.#report(name, error);
  }

  #reportLosses(id: string, name: string, losses: { path: string; what: string }[]): void {
    const known = this.#lost.get(id) ?? new Set();
    const fresh = losses.filter(({ path }) => !known.has(path));
    this.#lost.set(id, new Set(losses.map(({ path }) => path)));
    if (fresh.length === 0) return;
    const listed = fresh.slice(0, LISTED).map(({ path, what }) => `${path}: ${what}`);
    if (fresh.length > LISTED) listed.push(`and ${fresh.length - LISTED} more`);
    const message = `Not kept of execution ${id}: ${listed.join("; ")}. Keep data that JSON can hold instead`;
    this.#report(name, new StateFileError("SERIALIZATION_FAILED", message));
  }

  #next<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action);
    // Callers that wait for it are told of a failure; later writes go on all the same.
    this.#last = result.catch(() => {});
    return result;
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof StateFileError && error.code === "VERSION_CONFLICT";
}
