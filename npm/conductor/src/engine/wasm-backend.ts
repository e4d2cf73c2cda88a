/**
 * The engine as a WebAssembly module.
 *
 * A panic of the engine is a trap, which leaves the module's instance in the middle of a call. That instance is never
 * called again: its runs answer `PANIC` from then on, and a fresh one takes its place. A handle is therefore the number
 * of the instance times 2³², plus the handle that the instance gave, so that it never finds a run of a later one.
 */
import type * as Wasm from "@atomiton/conductor-wasm";
import { type Backend, useBackend } from "./backend.js";
import { wordsGiven, wordsSent } from "./mailbox.js";

/** The module, as its package exports it. */
export type WasmModule = typeof Wasm;

/** In the result of a call: memory of the host is too short. */
const TOO_SHORT = -3;
/** In the result of a call: the engine panicked, and the run is lost. */
const PANIC = -4;

/** Handles of one instance are below this. */
const HANDLES = 2 ** 32;

/**
 * Starts the module and makes it this environment's engine.
 *
 * @throws WebAssembly.CompileError where the content security policy does not allow `wasm-unsafe-eval`
 */
export function useWasmModule(module: WasmModule): { backend: "wasm"; version: string } {
  useBackend(new WasmBackend(module));
  return { backend: "wasm", version: module.moduleVersion() };
}

/** The engine on the module's instance, which nothing else may use. */
export class WasmBackend implements Backend {
  /** The first handle of the instance; those of earlier ones are below. */
  private base = 0;
  private readonly mailboxes: Uint32Array[] = [];
  private longestMailbox = 0;
  /** The module's side of all mailboxes: what crosses is copied at once, so that one is enough. */
  private shared = new Uint32Array();

  constructor(private readonly module: WasmModule) {
    module.start();
  }

  attach(mailbox: Uint32Array): number {
    if (mailbox.length > this.longestMailbox) {
      this.longestMailbox = mailbox.length;
      this.shared = new Uint32Array();
    }
    return this.mailboxes.push(mailbox) - 1;
  }

  open(words: Uint32Array, outlineLength: number, options: Float64Array): number {
    if (outlineLength > words.length) return 0;
    const outline = words.subarray(0, outlineLength);
    const table = words.subarray(outlineLength);
    const run = this.guarded(() => this.module.open(outline, table, options), 0);
    return run === 0 ? 0 : this.base + run;
  }

  turn(run: number, mailbox: number, command: number, now: number): number {
    if (run < this.base) return PANIC;
    const words = this.mailboxes[mailbox];
    if (words === undefined) return TOO_SHORT;
    const sent = wordsSent(command);
    if (sent > words.length) return TOO_SHORT;
    let result: number;
    try {
      copy(words, this.mailbox(), sent);
      result = this.module.turn(run - this.base, words.length, command, now);
      // The turn may have grown the memory, and the view of it from before is empty then.
      copy(this.mailbox(), words, wordsGiven(result));
    } catch {
      this.replace();
      return PANIC;
    }
    return result;
  }

  watch(run: number, watched: boolean): void {
    if (run >= this.base) this.guarded(() => this.module.watch(run - this.base, watched), undefined);
  }

  view(run: number, now: number, numbers: Float64Array): number {
    return run < this.base ? PANIC : this.guarded(() => this.module.view(run - this.base, now, numbers), PANIC);
  }

  seal(run: number, words: Uint32Array, at: number): number {
    return run < this.base ? PANIC : this.guarded(() => this.module.seal(run - this.base, words.subarray(at)), PANIC);
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

  askView(outline: Uint32Array, options: Float64Array, journal: Uint32Array): number {
    return this.guarded(() => this.module.askView(outline, options, journal), 0);
  }

  takeAnswer(numbers: Float64Array): void {
    this.guarded(() => this.module.takeAnswer(numbers), undefined);
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

  constants(): string {
    return this.text(() => this.module.constants());
  }

  openRuns(): number {
    return this.guarded(() => this.module.openRuns(), 0);
  }

  private mailbox(): Uint32Array {
    if (this.shared.length === 0) {
      const address = this.module.mailbox(this.longestMailbox);
      this.shared = new Uint32Array(this.module.memory().buffer, address, this.longestMailbox);
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

  /** Puts a fresh instance in the place of one that trapped. Its mailbox is made by the next turn. */
  private replace(): void {
    this.module.restart();
    this.base += HANDLES;
    this.shared = new Uint32Array();
  }
}

/** A loop, because a turn brings few words, for which a call to `set` costs more. */
function copy(from: Uint32Array, to: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) to[i] = from[i] as number;
}
