/** How a run is to be run, as numbers for the engine. */
import type { DebugOptions } from "../types/execution.js";
import { NO_TARGET, OPTION_NUMBERS, OptionPlace, RANDOM_TARGET } from "./generated.js";
import type { Outline } from "./outline.js";

/** Settings of one run. Times in ms. */
export interface RunOptions {
  /** Tasks in flight at once; 1 runs them one at a time in plan order. */
  concurrency: number;
  /** Source of random choices, below 2⁵³. */
  seed: number;
  /** Further attempts for nodes that do not say themselves. */
  retries: number;
  /** First backoff; doubles. */
  retryDelay: number;
  /** Spread backoffs over 50–100 % of their length, for nodes that do not say themselves. */
  jitter: boolean;
  /** Deadline of the run, 0 for none. */
  timeout: number;
  slowMo: number;
  /** After a failure, go on with what does not depend on it. */
  keepGoing: boolean;
  debug: DebugOptions | undefined;
  /** Keep every output of the outermost frame until the end. */
  keepOutputs: boolean;
}

/** What was written last: runs of one conductor mostly share it, and it is never changed. */
let last: { options: RunOptions; numbers: Float64Array } | undefined;

/** The numbers, in the order that the engine reads. */
export function writeOptions(options: RunOptions, outline: Outline): Float64Array {
  if (options.debug !== undefined) return numbersOf(options, outline);
  if (last === undefined || !isSame(last.options, options)) last = { options, numbers: numbersOf(options, outline) };
  return last.numbers;
}

function isSame(one: RunOptions, other: RunOptions): boolean {
  return (
    one.concurrency === other.concurrency &&
    one.seed === other.seed &&
    one.retries === other.retries &&
    one.retryDelay === other.retryDelay &&
    one.jitter === other.jitter &&
    one.timeout === other.timeout &&
    one.slowMo === other.slowMo &&
    one.keepGoing === other.keepGoing &&
    one.keepOutputs === other.keepOutputs
  );
}

function numbersOf(options: RunOptions, outline: Outline): Float64Array {
  const numbers = new Float64Array(OPTION_NUMBERS);
  numbers[OptionPlace.concurrency] = options.concurrency;
  numbers[OptionPlace.seed] = options.seed;
  numbers[OptionPlace.retries] = options.retries;
  numbers[OptionPlace.retryDelay] = options.retryDelay;
  numbers[OptionPlace.jitter] = options.jitter ? 1 : 0;
  numbers[OptionPlace.timeout] = options.timeout;
  numbers[OptionPlace.slowMo] = options.slowMo;
  const { simulateError, simulateLongRunning } = options.debug ?? {};
  numbers[OptionPlace.errorTarget] = target(simulateError?.nodeId, outline);
  numbers[OptionPlace.errorDelay] = simulateError?.delayMs ?? 0;
  numbers[OptionPlace.delayTarget] = target(simulateLongRunning?.nodeId, outline);
  numbers[OptionPlace.delay] = simulateLongRunning?.delayMs ?? 0;
  numbers[OptionPlace.keepOutputs] = options.keepOutputs ? 1 : 0;
  numbers[OptionPlace.record] = 1;
  numbers[OptionPlace.keepGoing] = options.keepGoing ? 1 : 0;
  return numbers;
}

function target(nodeId: string | undefined, outline: Outline): number {
  if (nodeId === undefined) return NO_TARGET;
  if (nodeId === "random") return RANDOM_TARGET;
  return outline.nodes.findIndex((node) => node?.id === nodeId);
}
