import { knownConstants } from "./known-constants.js";

/**
 * The engine as the driver sees it: the same functions whether native or WebAssembly.
 *
 * Runs are handles, records are words in memory that JavaScript allocated. What each word means is said where
 * it is read: `outline.ts`, `mailbox.ts`, `view-numbers.ts`.
 */
export interface Backend {
  /** Keeps a mailbox for `turn`; its number. */
  attach(mailbox: Uint32Array): number;
  /**
   * Compiles the outline in the first `outlineLength` words, opens a run of it and writes its input table behind. 0 when
   * the flow cannot be run; `validateFlow` says why.
   */
  open(words: Uint32Array, outlineLength: number, options: Float64Array): number;
  /** One step: events in, ops out, both in the mailbox. The number of ops, or a status below 0. */
  turn(run: number, mailbox: number, command: number, now: number): number;
  /** Whether every change of a node is to be told. */
  watch(run: number, watched: boolean): void;
  /** How the run looks now. The numbers written, or a status below 0. */
  view(run: number, now: number, numbers: Float64Array): number;
  /**
   * Copies the journal to word `at` and forgets the run. The journal's length; one that finds too little room is not
   * copied, and the run is kept for another try. Below 0 is a status.
   */
  seal(run: number, words: Uint32Array, at: number): number;
  /** Asks for the shape of a scope; how many numbers `takeAnswer` gives. */
  askShape(outline: Uint32Array, scope: number): number;
  /** Asks for weight and level of every node; how many numbers `takeAnswer` gives. */
  askNodes(outline: Uint32Array): number;
  /** Asks for the trace of a run from its journal; how many numbers `takeAnswer` gives. */
  askTrace(outline: Uint32Array, options: Float64Array, journal: Uint32Array): number;
  /** The same in little room, as `trace-rows.ts` reads it; how many numbers `takeAnswer` gives. */
  askPackedTrace(outline: Uint32Array, options: Float64Array, journal: Uint32Array): number;
  /** Asks how a run looked when its journal ended; how many numbers `takeAnswer` gives. */
  askView(outline: Uint32Array, options: Float64Array, journal: Uint32Array): number;
  /** Moves the answer to the last question out. */
  takeAnswer(numbers: Float64Array): void;
  /** The progress weight of a node of this type. */
  weightOf(type: string): number;
  /** The ms of a duration as text, such as `10s`; NaN for any other text. */
  durationMs(text: string): number;
  /** The wait in ms before another try of a task after so many, as a run with this seed has it where it `spreads`. */
  backoff(base: number, tries: number, seed: number, task: number, spreads: boolean): number;
  /** The limit and the ms of a rate, given as JSON, such as `"10/s"`; the answer is JSON, `null` for what is no rate. */
  rateLimit(json: string): string;
  /** Reads a flow from text; the answer is JSON. */
  readFlow(text: string, format: string): string;
  /** Writes a flow, given as JSON, as text; the answer is JSON. */
  writeFlow(json: string, format: string): string;
  /** All problems of a flow, given as JSON; the answer is JSON. */
  validateFlow(json: string, types: string): string;
  /** Runs that are open. */
  openRuns(): number;
}

/** Which engine runs. */
export interface EngineInfo {
  backend: "native" | "wasm";
  version: string;
}

/** An engine of which something is known before it starts. */
export interface Engine extends EngineInfo {
  /** What both sides must agree on, as JSON. */
  constants(): string;
  /** Starts it. Called once, when something first needs it. */
  start(): Backend;
  /** Its WebAssembly module, to be sent to a worker. Only engines that are WebAssembly have one. */
  module?(): Promise<WebAssembly.Module>;
}

let engine: Engine | undefined;
let current: Backend | undefined;

/**
 * Sets the engine of this program, unless it has one: entry points that are used together share one. Which it is, is
 * the answer.
 */
export function useEngine(choose: () => Engine): EngineInfo {
  engine ??= choose();
  const { backend, version } = engine;
  return { backend, version };
}

/** The engine of this program; starts it. Throws where it cannot start. */
export function backend(): Backend {
  current ??= chosen().start();
  return current;
}

/** The WebAssembly module of this program's engine, if it is WebAssembly. Starts nothing. Rejects where it cannot be had. */
export async function engineModule(): Promise<WebAssembly.Module | undefined> {
  return chosen().module?.();
}

/** What both sides must agree on, as JSON. Starts nothing. */
export function engineConstants(): string {
  return engine?.constants() ?? knownConstants ?? chosen().constants();
}

function chosen(): Engine {
  if (engine !== undefined) return engine;
  throw new Error("No engine is loaded: import one of the entry points of @atomiton/conductor");
}

/** The numbers of a question, asked and taken. */
export function answer(ask: (engine: Backend) => number): Float64Array {
  const engine = backend();
  const numbers = new Float64Array(ask(engine));
  engine.takeAnswer(numbers);
  return numbers;
}
