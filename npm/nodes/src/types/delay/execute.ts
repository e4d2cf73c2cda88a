import { throwIfAborted, unlessAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { findData } from "../../data/input.js";
import { executable } from "../../library/work.js";
import { delay, LONGEST_DELAY } from "./definition.js";
import { momentOf } from "./moment.js";

interface Parameters {
  duration?: number;
  until?: string;
}

/** The longest wait of a timer in ms: a longer one would be over at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Waits, and hands its input on as `result`.
 *
 * Fails with INVALID_PARAMETERS (neither or both of `duration` and `until`; a moment that cannot be read, or more than 30
 * days away) or CANCELLED, as soon as the signal fires.
 */
export const delayNode = executable<Parameters>(delay, async ({ parameters, input, signal }) => {
  const { duration, until } = parameters;
  if ((duration === undefined) === (until === undefined)) {
    const found = duration === undefined ? "neither is given" : "both are given";
    throw new NodeError("INVALID_PARAMETERS", `Give a delay either \`duration\` or \`until\`; ${found}`);
  }
  const waited = duration ?? timeUntil(until as string);
  await wait(waited, signal);
  const found = findData(input, ["data"]);
  return { result: found === undefined ? (input ?? null) : found, waited };
});

function timeUntil(until: string): number {
  const time = momentOf(until, "until") - Date.now();
  if (time <= LONGEST_DELAY) return Math.max(time, 0);
  throw new NodeError(
    "INVALID_PARAMETERS",
    `\`until\` is ${Math.floor(time / 86_400_000)} days away, and a delay is 30 days at most; start the flow on a schedule instead`,
  );
}

async function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal);
  for (let left = ms; left > 0; left -= LONGEST_TIMER) await timer(Math.min(left, LONGEST_TIMER), signal);
}

async function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let handle: ReturnType<typeof setTimeout> | undefined;
  try {
    const over = new Promise<void>((resolve) => {
      handle = setTimeout(resolve, ms);
    });
    await unlessAborted(over, signal);
  } finally {
    // One that goes on would keep the process.
    clearTimeout(handle);
  }
}
