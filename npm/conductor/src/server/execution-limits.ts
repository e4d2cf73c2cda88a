/** How many executions callers may have at once, and how long one may take. */
import { isObject } from "@atomiton/values";
import { flowIdOf } from "../api/requests.js";
import type { CallAnswer } from "../desktop/channel-server.js";
import type { MainProcessConductor } from "../desktop/main-process.js";
import { coded } from "../engine/failure.js";
import type { Role } from "../services/declaration.js";
import { createExecutionId } from "../types/ids.js";
import type { Caller, Limited } from "./access.js";
import type { AuditEntry } from "./audit.js";
import { type Session, whoIs } from "./calls.js";
import { ExecutionPlaces, type PlaceLimit, type Ticket } from "./execution-places.js";
import { TokenBuckets } from "./token-buckets.js";

/** What each caller of a role may have. */
export interface ExecutionLimit {
  /** Executions at once. Default: 50. */
  concurrent?: number;
  /** Executions that wait for a place. Default: 1,000. */
  queued?: number;
  /** How long one may take, in ms, from its beginning; then it is cancelled. Default: as long as it likes. */
  durationMs?: number;
}

/** Limits of executions; `false` for none. They count in this process alone. */
export interface ExecutionLimits {
  runner?: ExecutionLimit | false;
  editor?: ExecutionLimit | false;
  admin?: ExecutionLimit | false;
  /** Of all callers together. Default: 200 at once, and 5,000 that wait. */
  all?: { concurrent?: number; queued?: number } | false;
}

/** Lets executions begin, one after the other where there are many. */
export interface ExecutionGuard {
  /**
   * Carries out a call once there is a place for what it begins; other calls at once.
   *
   * @param call with what the call is about; of an execution, its id is in it
   */
  carryOut(
    session: Session,
    channel: string,
    command: string,
    args: unknown,
    call: (args: unknown) => Promise<CallAnswer>,
  ): Promise<CallAnswer | Limited>;
  /** Whether an execution waits for its place. */
  isWaiting(executionId: string): boolean;
  /** How many wait. */
  readonly waiting: number;
  /** Lets nothing begin that waits now. */
  endWaiting(): void;
}

const PER_CALLER: PlaceLimit = { concurrent: 50, queued: 1000 };
const IN_ALL: PlaceLimit = { concurrent: 200, queued: 5000 };
const UNLIMITED: PlaceLimit = { concurrent: Number.POSITIVE_INFINITY, queued: Number.POSITIVE_INFINITY };

/** What is told to those who find no place to wait, in seconds. */
const RETRY_AFTER = 5;

/** How often it is looked for executions that sleep, while others wait, in ms. */
const LOOK_MS = 1000;

/** A longer timer would end at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** How often the audit is told of each caller who finds no place. */
const TOLD = { perSecond: 1 / 60, burst: 1 };

/** What begins executions: those whose answers are their ends, and those whose answers have their ids. */
const AWAITED: ReadonlySet<string> = new Set([
  "conductor.execute",
  "node.execute",
  "node.resumeExecution",
  "trigger.backfill",
]);
const STARTED: ReadonlySet<string> = new Set(["node.forkExecution", "trigger.fire"]);
const CANCELLING: ReadonlySet<string> = new Set(["node.cancel", "node.cancelExecution"]);

/** An execution that has a place, or waits for one. */
interface Held {
  ticket: Ticket;
  executionId: string | undefined;
}

/** @param limits as {@link checkedLimits} takes them */
export function createExecutionGuard(
  limits: ExecutionLimits,
  conductor: Pick<MainProcessConductor, "node" | "executions">,
  tell: (entry: Omit<AuditEntry, "time">) => void,
): ExecutionGuard {
  const roles = checkedLimits(limits);
  const places = new ExecutionPlaces(roles.all);
  const held = new Set<Held>();
  /** The same by what they are: a call that is made again is about the same execution. */
  const known = new Map<string, Held>();
  const tellings = new TokenBuckets(TOLD);
  let looking: NodeJS.Timeout | undefined;

  const refused = (session: Session & { caller: Caller }, whose: "caller" | "all"): Limited => {
    const { name, role } = session.caller;
    if (tellings.take(name) === 0) {
      tell({ event: "limited", ...whoIs(session), what: "executions", outcome: "RATE_LIMIT_EXCEEDED" });
    }
    const limit = whose === "all" ? roles.all : roles.of(role).places;
    const of = whose === "all" ? "the server" : `"${name}"`;
    return {
      status: 429,
      error: `Too many executions of ${of}: ${limit.concurrent} may go on at once, and ${limit.queued} wait. Try again in ${RETRY_AFTER} s`,
      code: "RATE_LIMIT_EXCEEDED",
      retryAfter: RETRY_AFTER,
    };
  };
  /** Executions that sleep, or wait for people, give their places to others. */
  const look = async () => {
    if (places.waiting === 0) {
      clearInterval(looking);
      looking = undefined;
    }
    for (const { ticket, executionId } of [...held]) {
      if (places.waiting === 0) return;
      if (ticket.isWaiting || executionId === undefined) continue;
      const status = await conductor.executions?.get(executionId).then(
        (execution) => execution.status,
        () => undefined,
      );
      if (isAtRest(status)) ticket.leave();
    }
  };
  const end = (key: string | undefined, entry: Held) => {
    entry.ticket.leave();
    held.delete(entry);
    if (key !== undefined && known.get(key) === entry) known.delete(key);
  };
  /** Cancels an execution when its time is over; what it gives then says whether that was so. */
  const timed = (session: Session & { caller: Caller }, executionId: string | undefined) => {
    const { role } = session.caller;
    const { durationMs } = roles.of(role);
    if (durationMs === undefined || executionId === undefined)
      return { end: () => {}, of: (answer: CallAnswer) => answer };
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      tell({ event: "limited", ...whoIs(session), what: "execution time", subject: executionId, outcome: "TIMEOUT" });
      void cancel(conductor, executionId);
    }, durationMs);
    timer.unref();
    const message = `The execution took longer than ${durationMs} ms, which is the limit of the role ${role}`;
    return {
      end: () => clearTimeout(timer),
      of: (answer: CallAnswer) => (isLate ? withReason(answer, message) : answer),
    };
  };

  return {
    async carryOut(session, channel, command, args, call) {
      const what = `${channel}.${command}`;
      if (CANCELLING.has(what)) {
        const id = idIn(args);
        const waiting = [...held].filter(({ executionId, ticket }) => executionId === id && ticket.isWaiting);
        for (const { ticket } of waiting) ticket.leave();
        if (id === undefined || waiting.length === 0) return call(args);
        return { result: what === "node.cancel" ? { success: true } : undefined };
      }
      const { caller } = session;
      if (caller === undefined || !(AWAITED.has(what) || STARTED.has(what))) return call(args);
      const limit = roles.of(caller.role);
      const begun = begunBy(what, args);
      for (;;) {
        const same = begun.key === undefined ? undefined : known.get(begun.key);
        if (same === undefined) break;
        if (!(await same.ticket.entered)) return NOT_BEGUN;
        // It may be over by now.
        if (held.has(same)) return call(begun.args);
      }
      const ticket = places.enter(caller.name, limit.places);
      if (typeof ticket === "string") return refused({ ...session, caller }, ticket);
      const entry: Held = { ticket, executionId: begun.executionId };
      held.add(entry);
      if (begun.key !== undefined) known.set(begun.key, entry);
      let isKept = false;
      try {
        if (ticket.isWaiting && conductor.executions !== undefined) {
          looking ??= setInterval(() => void look(), LOOK_MS).unref();
        }
        if (!(await ticket.entered)) return NOT_BEGUN;
        if (AWAITED.has(what)) {
          const time = timed({ ...session, caller }, begun.executionId);
          try {
            return time.of(await call(begun.args));
          } finally {
            time.end();
          }
        }
        const answer = await call(begun.args);
        const executionId = "result" in answer ? idIn(answer.result) : undefined;
        if (executionId === undefined || conductor.executions === undefined) return answer;
        isKept = true;
        entry.executionId = executionId;
        const time = timed({ ...session, caller }, executionId);
        void conductor.executions
          .result(executionId)
          .catch(() => {})
          .then(() => {
            time.end();
            end(undefined, entry);
          });
        return answer;
      } finally {
        if (!isKept) end(begun.key, entry);
      }
    },
    isWaiting: (id) => [...held].some(({ executionId, ticket }) => executionId === id && ticket.isWaiting),
    get waiting() {
      return places.waiting;
    },
    endWaiting() {
      for (const { ticket } of [...held]) if (ticket.isWaiting) ticket.leave();
      clearInterval(looking);
      looking = undefined;
    },
  };
}

const NOT_BEGUN: CallAnswer = {
  error: "The execution was cancelled while it waited for others to end; nothing of it was run",
  code: "CANCELLED",
  channelError: true,
};

/** What a call begins: its arguments with an id of the execution, and what makes a second call one about the same. */
function begunBy(what: string, args: unknown): { args: unknown; executionId?: string; key?: string } {
  if (!isObject(args)) return { args };
  if (what === "node.resumeExecution") {
    const executionId = idIn(args);
    return executionId === undefined ? { args } : { args, executionId, key: JSON.stringify([what, executionId]) };
  }
  if (what !== "conductor.execute" && what !== "node.execute") return { args };
  const { context = {}, node } = args as { context?: unknown; node?: unknown };
  // What is wrong with them is said where they are carried out.
  if (!isObject(context)) return { args };
  const given = context.executionId;
  if (given !== undefined && typeof given !== "string") return { args };
  const executionId = given || createExecutionId(undefined);
  const about = what === "node.execute" ? (isObject(node) ? node.id : undefined) : flowIdOf(args);
  const named = { ...args, context: { ...context, executionId } };
  return { args: named, executionId, key: JSON.stringify([what, executionId, about]) };
}

/** Older clients send the bare id. */
function idIn(args: unknown): string | undefined {
  const id: unknown =
    typeof args === "string" ? args : (args as { executionId?: unknown } | null | undefined)?.executionId;
  return typeof id === "string" && id !== "" ? id : undefined;
}

/** Whether an execution waits for time or for people. */
function isAtRest(status: unknown): boolean {
  return status === "sleeping" || status === "waiting";
}

async function cancel({ node, executions }: Pick<MainProcessConductor, "node" | "executions">, executionId: string) {
  try {
    await node.cancel(executionId);
    const status = (await executions?.get(executionId))?.status;
    // Those are in the store alone.
    if (isAtRest(status)) await executions?.cancel(executionId);
  } catch {
    // It is over.
  }
}

/** A failure, with the reason of its cancellation; one that ended well all the same is as it is. */
function withReason(answer: CallAnswer, message: string): CallAnswer {
  const { result } = answer as { result?: { success?: unknown; error?: unknown; metadata?: { error?: object } } };
  if (!isObject(result) || result.success !== false) return answer;
  const { error, metadata } = result;
  if (isObject(error)) return { result: { ...result, error: { ...error, code: "TIMEOUT", message } } };
  const why = { ...metadata?.error, code: "TIMEOUT", message };
  return { result: { ...result, error: message, metadata: { ...metadata, error: why } } };
}

interface RoleLimit {
  places: PlaceLimit;
  durationMs: number | undefined;
}

const LIMITED = ["runner", "editor", "admin", "all"] as const satisfies readonly (keyof ExecutionLimits)[];

/** The limits with what is not said. Throws INVALID_PARAMETERS for what is no limit. */
export function checkedLimits(limits: ExecutionLimits): { of(role: Role): RoleLimit; all: PlaceLimit } {
  demandNames("limits", limits, LIMITED);
  const placesOf = (name: string, given: { concurrent?: number; queued?: number }, usual: PlaceLimit): PlaceLimit => {
    const { concurrent = usual.concurrent, queued = usual.queued } = given;
    demandNumber(`limits.${name}.concurrent`, concurrent, 1);
    demandNumber(`limits.${name}.queued`, queued, 0);
    return { concurrent, queued };
  };
  const roles = new Map<string, RoleLimit>();
  for (const role of ["runner", "editor", "admin"] as const) {
    const given = limits[role] ?? {};
    if (given === false) {
      roles.set(role, { places: UNLIMITED, durationMs: undefined });
      continue;
    }
    demandNames(`limits.${role}`, given, ["concurrent", "queued", "durationMs"]);
    const { durationMs } = given;
    if (durationMs !== undefined) demandNumber(`limits.${role}.durationMs`, durationMs, 1, LONGEST_MS);
    roles.set(role, { places: placesOf(role, given, PER_CALLER), durationMs });
  }
  const all = limits.all ?? {};
  if (all !== false) demandNames("limits.all", all, ["concurrent", "queued"]);
  return {
    of: (role) => roles.get(role) ?? { places: PER_CALLER, durationMs: undefined },
    all: all === false ? UNLIMITED : placesOf("all", all, IN_ALL),
  };
}

function demandNames(name: string, given: unknown, allowed: readonly string[]): void {
  if (!isObject(given)) throw refusedSetting(`\`${name}\` must be an object`);
  const strange = Object.keys(given).filter((key) => !allowed.includes(key));
  if (strange.length > 0)
    throw refusedSetting(`\`${name}\` has no ${strange.join(", ")}. Allowed: ${allowed.join(", ")}`);
}

function demandNumber(name: string, value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw refusedSetting(`\`${name}\` must be a whole number from ${least} to ${most}`);
}

function refusedSetting(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}
