/**
 * The engine as a WebAssembly module.
 *
 * A panic of the engine is a trap, which leaves the module's instance in the middle of a call. That instance is never
 * called again: its runs answer `Status.panic` from then on, and a fresh one takes its place. A handle is therefore the number
 * of the instance times 2³², plus the handle that the instance gave, so that it never finds a run of a later one.
 */
import type * as Wasm from "@atomiton/conductor-wasm";
import type { Backend } from "./backend.js";
import { Status } from "./generated.js";
import { wordsGiven, wordsSent } from "./mailbox.js";

/** The module, as its package exports it. */
export type WasmModule = typeof Wasm;

/** Handles of one instance are below this. */
const HANDLES = 2 ** 32;

/** Shared words from the start: a mailbox, or the journal of a small run. */
const LEAST_SHARED = 4096;

/** Words that a loop copies faster than a call. */
const SHORT = 64;

/** The engine on the module's instance, which nothing else may use. */
export class WasmBackend implements Backend {
  /** The first handle of the instance; those of earlier ones are below. */
  private base = 0;
  private readonly mailboxes: Uint32Array[] = [];
  /** Memory of the module through which all words cross; each call copies what is its own. */
  private shared = new Uint32Array();
  /** How many there are, or shall be in the next instance. */
  private sharedLength = LEAST_SHARED;

  constructor(private readonly module: WasmModule) {
    module.start();
  }

  attach(mailbox: Uint32Array): number {
    return this.mailboxes.push(mailbox) - 1;
  }

  open(words: Uint32Array, outlineLength: number, options: Float64Array): number {
    return this.guarded(() => {
      copy(words, 0, this.words(words.length), 0, Math.min(outlineLength, words.length));
      const run = this.module.open(words.length, outlineLength, options);
      if (run === 0) return 0;
      const tableLength = words.length - outlineLength;
      copy(this.words(words.length), outlineLength, words, outlineLength, tableLength);
      return this.base + run;
    }, 0);
  }

  turn(run: number, mailbox: number, command: number, now: number): number {
    if (run < this.base) return Status.panic;
    const words = this.mailboxes[mailbox];
    if (words === undefined) return Status.tooShort;
    const { length } = words;
    const sent = wordsSent(command);
    if (sent > length) return Status.tooShort;
    try {
      copy(words, 0, this.words(length), 0, sent);
      const result = this.module.turn(run - this.base, length, command, now);
      copy(this.words(length), 0, words, 0, wordsGiven(result));
      return result;
    } catch {
      this.replace();
      return Status.panic;
    }
  }

  watch(run: number, watched: boolean): void {
    if (run >= this.base) this.guarded(() => this.module.watch(run - this.base, watched), undefined);
  }

  view(run: number, now: number, numbers: Float64Array): number {
    return run < this.base
      ? Status.panic
      : this.guarded(() => this.module.view(run - this.base, now, numbers), Status.panic);
  }

  seal(run: number, words: Uint32Array, at: number): number {
    if (run < this.base) return Status.panic;
    const room = Math.max(words.length - at, 0);
    return this.guarded(() => {
      let length = this.module.seal(run - this.base, Math.min(room, this.words(0).length));
      if (length > this.sharedLength && length <= room) {
        this.words(length);
        length = this.module.seal(run - this.base, length);
      }
      if (length <= room) copy(this.words(0), 0, words, at, length);
      return length;
    }, Status.panic);
  }

  askShape(outline: Uint32Array, scope: number): number {
    return this.guarded(() => this.module.askShape(outline, scope), 0);
  }

  askNodes(outline: Uint32Array): number {
    return this.guarded(() => this.module.askNodes(outline), 0);
  }

  askTrace(outline: Uint32Array, options: Float64Array, journal: Uint32Array): number {
    return this.guarded(() => this.module.askTrace(outline, options, journal), 0);
  }

  askPackedTrace(outline: Uint32Array, options: Float64Array, journal: Uint32Array): number {
    return this.guarded(() => this.module.askPackedTrace(outline, options, journal), 0);
  }

  askView(outline: Uint32Array, options: Float64Array, journal: Uint32Array): number {
    return this.guarded(() => this.module.askView(outline, options, journal), 0);
  }

  takeAnswer(numbers: Float64Array): void {
    this.guarded(() => this.module.takeAnswer(numbers), undefined);
  }

  backoff(base: number, tries: number, seed: number, task: number, spreads: boolean): number {
    return this.guarded(() => this.module.backoff(base, tries, seed, task, spreads), base);
  }

  durationMs(text: string): number {
    return this.text(() => this.module.durationMs(text));
  }

  rateLimit(json: string): string {
    return this.text(() => this.module.rateLimit(json));
  }

  weightOf(type: string): number {
    return this.text(() => this.module.weightOf(type));
  }

  readFlow(text: string, format: string): string {
    return this.text(() => this.module.readFlow(text, format));
  }

  writeFlow(json: string, format: string): string {
    return this.text(() => this.module.writeFlow(json, format));
  }

  validateFlow(json: string, types: string): string {
    return this.text(() => this.module.validateFlow(json, types));
  }

  openRuns(): number {
    return this.guarded(() => this.module.openRuns(), 0);
  }

  /** The shared words, `count` of them at least. A view is empty once the module's memory grew, which any call may do. */
  private words(count: number): Uint32Array {
    if (this.shared.length === 0 || count > this.sharedLength) {
      this.sharedLength = Math.max(this.sharedLength, count);
      const address = this.module.words(this.sharedLength);
      this.shared = new Uint32Array(this.module.memory().buffer, address, this.sharedLength);
    }
    return this.shared;
  }

  /** What `call` returns, or `otherwise` when it traps. */
  private guarded<T>(call: () => T, otherwise: T): T {
    try {
      return call();
    } catch {
      this.replace();
      return otherwise;
    }
  }

  /** As {@link guarded}, where no number stands for a panic: the caller hears of the trap. */
  private text<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      // The glue refuses what is no text before the module is entered.
      if (!(error instanceof TypeError)) this.replace();
      throw error;
    }
  }

  /** Puts a fresh instance in the place of one that trapped. Its words are made by the next call that needs them. */
  private replace(): void {
    this.module.restart();
    this.base += HANDLES;
    this.shared = new Uint32Array();
  }
}

function copy(from: Uint32Array, start: number, to: Uint32Array, at: number, count: number): void {
  // For few words a call to `set` costs more than the copy.
  if (count > SHORT) to.set(from.subarray(start, start + count), at);
  else for (let i = 0; i < count; i++) to[at + i] = from[start + i] as number;
}
