/** What is done to a flow in a simulation: disturbances of calls, made from a seed or given. */
import type { Call } from "./stage.js";

/**
 * What becomes of a call:
 * - `late`: it is answered only after `ms`, so that others come before
 * - `fails`: it fails before it does anything, as a server that is down
 * - `loses`: it does its work, and fails all the same, as a connection that breaks before the answer
 * - `hangs`: it does its work and is never answered
 * - `crash`: once it has done its work the process ends; the flow begins anew, with the same `idempotencyKey`s
 */
export type Disturbance =
  | { call: string; does: "late"; ms: number }
  | { call: string; does: "fails" | "loses" | "hangs" | "crash" };

/** Disturbances of one run, in the order in which they happened. */
export type Schedule = Disturbance[];

/** Of how many calls in a hundred something becomes. */
export interface Likelihoods {
  late: number;
  fails: number;
  loses: number;
  hangs: number;
  crash: number;
}

/** The longest that an answer is late, in ms of virtual time. */
const LATEST_MS = 1000;

/** The name of a call: its path, its try, and after crashes the number of the life in which it was made. */
export function nameOf({ path, attempt }: Pick<Call, "path" | "attempt">, life: number): string {
  return `${path}#${attempt}${life === 1 ? "" : `@${life}`}`;
}

/** What a seed does to a call. Each call draws for itself, so that what becomes of one does not depend on the others. */
export function drawn(seed: number, call: string, likely: Likelihoods): Disturbance | undefined {
  const random = randomOf(seed, call);
  let left = random() * 100;
  for (const does of ["crash", "hangs", "loses", "fails"] as const) {
    if (left < likely[does]) return { call, does };
    left -= likely[does];
  }
  return left < likely.late ? { call, does: "late", ms: 1 + Math.floor(random() * LATEST_MS) } : undefined;
}

/** A schedule for a reader, a line for each disturbance. */
export function scheduleText(schedule: Schedule): string {
  return schedule.map((disturbance) => `  ${sentence(disturbance)}`).join("\n");
}

function sentence(disturbance: Disturbance): string {
  const { call, does } = disturbance;
  const [, path, attempt, life] = /^(.*)#(\d+)(?:@(\d+))?$/s.exec(call) ?? ["", call, "1"];
  const where = `"${path}"${attempt === "1" ? "" : `, try ${attempt}`}${life === undefined ? "" : `, after crash ${+life - 1}`}`;
  switch (does) {
    case "late":
      return `${where}: answers ${disturbance.ms} ms late`;
    case "fails":
      return `${where}: fails before it does anything`;
    case "loses":
      return `${where}: does its work, then fails`;
    case "hangs":
      return `${where}: does its work and never answers`;
    case "crash":
      return `${where}: does its work, then the process ends and the flow begins anew`;
  }
}

/** Numbers from 0 to 1, the same for the same seed and name: FNV-1a for the state, then mulberry32. */
function randomOf(seed: number, name: string): () => number {
  let state = 0x811c9dc5 ^ seed;
  for (let at = 0; at < name.length; at++) state = Math.imul(state ^ name.charCodeAt(at), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
