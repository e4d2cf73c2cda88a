/**
 * How the runs of a thread share it: all that is going on in the process, whichever conductor began it.
 *
 * A run works until its slice is used up, then waits for its turn. Turns go to the runs that have used the least of the
 * thread lately, so that a run of a few quick nodes ends soon however many busy ones there are; those that used up a
 * slice take turns. Between turns the host has its own: events, timers, cancellation.
 */
import { giveWay } from "./turn.js";

/** Runs work for at most this long together before the host has its turn. */
const SLICE_MS = 10;

/** A stretch of work shorter than this is not interrupted to give the host its turn. */
const UNNOTICED_MS = 2;

/** Bounds of the thread time that runs used lately, by the level at which they wait; beyond the last, they take turns. */
const LEVELS_MS = [2, 1];

/** How often a run may wait at the first level since it came, or came back; then it is one that does not end soon. */
const FIRST_WAITS = 3;

/** The least turn that is worth its overhead, where many runs that just began share it. */
const LEAST_TURN_MS = 0.02;

/** Runs that are passed over get a turn after this long. */
const STARVATION_MS = 2 * SLICE_MS;

/** A run, as far as the thread is concerned. */
export interface ThreadUser {
  /** Thread time that it used lately, in ms; what is longer ago counts half as much with each turn of the host. */
  threadTime: number;
  /** The thread time up to which it may go on in this turn. */
  allowance: number;
  /** The last turn of the host in which it worked, or waited. */
  hostTurn: number;
  /** How often it waited since it had nothing to do. */
  waits: number;
  /** It is its turn. */
  readonly pump: () => void;
}

/** Runs that wait, first come, first served. */
class LevelQueue {
  private users: ThreadUser[] = [];
  private first = 0;

  get length(): number {
    return this.users.length - this.first;
  }

  push(user: ThreadUser): void {
    this.users.push(user);
  }

  shift(): ThreadUser {
    const user = this.users[this.first++] as ThreadUser;
    // Moved once for as many as were taken, so that each costs the same.
    if (this.first * 2 > this.users.length) {
      this.users.splice(0, this.first);
      this.first = 0;
    }
    return user;
  }
}

const queues = [...LEVELS_MS, Number.POSITIVE_INFINITY].map(() => new LevelQueue());
const lastLevel = queues.length - 1;
let waiting = 0;
/** Since when runs at later levels were passed over, and the level of the last that was not. */
let passedOverSince = 0;
let passedOver = lastLevel;

/** Until a run has worked in this turn of the host. */
const HOST: ThreadUser = { threadTime: 0, allowance: 0, hostTurn: 0, waits: 0, pump: () => {} };

/** The run that was seen working last, and when. */
let working = HOST;
let seen = Number.NaN;
/** When the stretch of work began in which the runs of this thread are; NaN when none is known of. */
let stretchStart = Number.NaN;
/**
 * Until then nothing changes about whether the working run has to wait. Most looks at the clock come before, and note
 * nothing: writing a time down costs more than a look.
 */
let quietUntil = Number.NEGATIVE_INFINITY;
/** Counts the turns of the host that were waited for. */
let hostTurns = 0;
/** The host will say when it had its turn. */
let asked = false;

/**
 * Notes that a run works from now on.
 *
 * @param now by `performance.now()`, the same for all runs
 */
export function seeWorking(user: ThreadUser, now: number): void {
  quietUntil = Number.NEGATIVE_INFINITY;
  // Also when the clock was put back, as a simulated one may be.
  if (now >= stretchStart) working.threadTime += now - seen;
  else stretchStart = now;
  seen = now;
  working = user;
  if (user.hostTurn !== hostTurns) {
    if (user.threadTime > 0)
      user.threadTime = Math.min(user.threadTime, 2 * SLICE_MS) * 0.5 ** (hostTurns - user.hostTurn);
    user.waits = 0;
    beginTurn(user, SLICE_MS);
  }
}

/**
 * Whether a run has to wait before it goes on. How long a node computes tells nothing about that, nor does the time
 * between two steps: only the host knows when it had its turn, and it is asked once per stretch.
 *
 * @param now by `performance.now()`, the same for all runs
 */
export function hasToWait(user: ThreadUser, now: number): boolean {
  if (now < quietUntil && user === working && now >= seen) return false;
  seeWorking(user, now);
  const busy = now - stretchStart;
  if (asked) {
    if (busy > SLICE_MS || user.threadTime > user.allowance) return true;
    quietUntil = Math.min(stretchStart + SLICE_MS, now + user.allowance - user.threadTime);
  } else if (busy > UNNOTICED_MS) {
    stretchStart = now;
    askHost();
    beginTurn(user, SLICE_MS);
  } else {
    quietUntil = stretchStart + UNNOTICED_MS;
  }
  return false;
}

/** Calls `pump` when it is the turn of a run. */
export function waitForTurn(user: ThreadUser): void {
  const level = LEVELS_MS.findIndex((bound, at) => user.threadTime < bound && (at > 0 || user.waits < FIRST_WAITS));
  user.waits++;
  // None was passed over while none waited.
  if (waiting++ === 0) passedOverSince = seen;
  (queues[level === -1 ? lastLevel : level] as LevelQueue).push(user);
  askHost();
}

function beginTurn(user: ThreadUser, ms: number): void {
  user.hostTurn = hostTurns;
  user.allowance = user.threadTime + ms;
}

function askHost(): void {
  if (asked) return;
  asked = true;
  quietUntil = Number.NEGATIVE_INFINITY;
  hostTurns++;
  giveWay(serve);
}

/** The host had its turn: runs that wait go on. Those that just began share half a slice, of the others one is served. */
function serve(): void {
  const begun = globalThis.performance.now();
  if (begun >= seen) working.threadTime += begun - seen;
  asked = false;
  working = HOST;
  quietUntil = Number.NEGATIVE_INFINITY;
  seen = stretchStart = begun;
  let now = begun;
  while (waiting > 0) {
    const level = nextLevel(now);
    const queue = queues[level] as LevelQueue;
    const turn = level === 0 ? Math.max(SLICE_MS / 2 / queue.length, LEAST_TURN_MS) : (LEVELS_MS[level] ?? SLICE_MS);
    const user = queue.shift();
    waiting--;
    askHost();
    beginTurn(user, turn);
    user.pump();
    now = globalThis.performance.now();
    // What quick runs do in promises comes before the next long turn.
    if (level > 0 || queues[0]?.length === 0 || now - begun > UNNOTICED_MS) return;
  }
  if (!asked) stretchStart = Number.NaN;
}

/** The level to be served: the first at which runs wait, unless the others had no turn for too long. */
function nextLevel(now: number): number {
  const first = queues.findIndex(({ length }) => length > 0);
  if (queues[first]?.length === waiting) {
    passedOverSince = now;
    return first;
  }
  if (now - passedOverSince <= STARVATION_MS) return first;
  passedOverSince = now;
  // They take their turns among each other, too.
  do passedOver = passedOver === lastLevel ? 1 : passedOver + 1;
  while (queues[passedOver]?.length === 0);
  return passedOver;
}
