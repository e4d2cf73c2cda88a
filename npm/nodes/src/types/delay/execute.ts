import { NodeError } from "../../contract/error.js";
import { findData } from "../../data/input.js";
import { executable } from "../../library/work.js";
import { delay, LONGEST_DELAY } from "./definition.js";
import { momentOf } from "./moment.js";

interface Parameters {
  duration?: number;
  until?: string;
}

/**
 * Waits, and hands its input on as `result`.
 *
 * Fails with INVALID_PARAMETERS (neither or both of `duration` and `until`; a moment that cannot be read, or more than 30
 * days away) or CANCELLED, as soon as the signal fires.
 */
export const delayNode = executable<Parameters>(delay, async ({ parameters, input, sleep }) => {
  const { duration, until } = parameters;
  if ((duration === undefined) === (until === undefined)) {
    const found = duration === undefined ? "neither is given" : "both are given";
    throw new NodeError("INVALID_PARAMETERS", `Give a delay either \`duration\` or \`until\`; ${found}`);
  }
  const waited = await sleep(duration ?? timeUntil(until as string));
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
