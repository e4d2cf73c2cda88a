/** How many executions callers may have at once, and how long one may take. */
import { isObject } from "@atomiton/values";
import { flowIdOf } from "../api/requests.js";
import type { CallAnswer } from "../desktop/channel-server.js";
import type { MainProcessConductor } from "../desktop/main-process.js";
import type { Fired } from "../triggers/types.js";
import { createExecutionId } from "../types/ids.js";
import type { Limited } from "./access.js";
import type { AuditEntry } from "./audit.js";
import { type Session, whoIs } from "./calls.js";
import type { Limit, Limits } from "./execution-limit-settings.js";
import { type ConcurrencyLimit, FairLimiter, type Permit } from "./fair-limiter.js";
import { TokenBuckets } from "./token-buckets.js";

/** Lets executions begin, one after the other where there are many. */
export interface ExecutionGuard {
  /**
   * Carries out a call once there is a permit for what it begins; other calls at once.
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
  /**
   * Begins the execution of a request to a webhook once there is a permit for it; gives nothing where the server ends before, or where
   * `fire` begins nothing.
   *
   * @param webhook names it
   */
  fire(webhook: string, fire: () => Promise<Fired | undefined>): Promise<Fired | Limited | undefined>;
  /** Whether an execution waits for its permit. */
  isWaiting(executionId: string): boolean;
  /** How many wait. */
  readonly waiting: number;
  /** Lets nothing begin that waits now. */
  endWaiting(): void;
}

/** When callers without room to wait are told to try again, in seconds. */
const RETRY_AFTER = 5;

/** How often it is looked for executions that sleep, while others wait, in ms. */
const LOOK_MS = 1000;

/** How often the audit is told of each caller without room to wait. */
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

/** An execution that has a permit, or waits for one. */
interface Held {
  permit: Permit;
  executionId: string | undefined;
}

export function createExecutionGuard(
  roles: Limits,
  conductor: Pick<MainProcessConductor, "node" | "executions">,
  tell: (entry: Omit<AuditEntry, "time">) => void,
): ExecutionGuard {
  const limiter = new FairLimiter(roles.all);
  const held = new Set<Held>();
  /** The same by what they are: a call that is made again is about the same execution. */
  const known = new Map<string, Held>();
  const tellings = new TokenBuckets(TOLD);
  let looking: NodeJS.Timeout | undefined;

  /** Enters a caller without room to wait into the audit, and answers it. */
  const refused = (
    who: Pick<AuditEntry, "caller" | "subject">,
    queue: string,
    limit: ConcurrencyLimit | "all",
  ): Limited => {
    if (tellings.take(queue) === 0) {
      tell({ event: "limited", ...who, what: "executions", outcome: "RATE_LIMIT_EXCEEDED" });
    }
    const { concurrent, queued } = limit === "all" ? roles.all : limit;
    const of = limit === "all" ? "the server" : queue;
    return {
      status: 429,
      error: `Too many executions of ${of}: ${concurrent} may go on at once, and ${queued} wait. Try again in ${RETRY_AFTER} s`,
      code: "RATE_LIMIT_EXCEEDED",
      retryAfter: RETRY_AFTER,
    };
  };
  /** Executions that sleep, or wait for people, release their permits. */
  const look = async () => {
    if (limiter.waiting === 0) {
      clearInterval(looking);
      looking = undefined;
    }
    for (const { permit, executionId } of [...held]) {
      if (limiter.waiting === 0) return;
      if (permit.isWaiting || executionId === undefined) continue;
      const status = await conductor.executions?.get(executionId).then(
        (execution) => execution.status,
        () => undefined,
      );
      if (isAtRest(status)) permit.release();
    }
  };
  const isThere = (executionId: string) =>
    conductor.executions?.get(executionId).then(
      () => true,
      () => false,
    );
  const hold = (permit: Permit, executionId: string | undefined): Held => {
    const entry = { permit, executionId };
    held.add(entry);
    if (permit.isWaiting && conductor.executions !== undefined) {
      looking ??= setInterval(() => void look(), LOOK_MS).unref();
    }
    return entry;
  };
  const end = (key: string | undefined, entry: Held) => {
    entry.permit.release();
    held.delete(entry);
    if (key !== undefined && known.get(key) === entry) known.delete(key);
  };
  /** Cancels an execution when its time is over; `problem` says whether that was so. */
  const timed = (
    who: Pick<AuditEntry, "caller" | "role" | "address">,
    { durationMs }: Limit,
    of: string,
    executionId: string | undefined,
  ) => {
    if (durationMs === undefined || executionId === undefined) return { end: () => {}, problem: () => undefined };
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      tell({ event: "limited", ...who, what: "execution time", subject: executionId, outcome: "TIMEOUT" });
      void cancel(conductor, executionId);
    }, durationMs);
    timer.unref();
    const message = `The execution took longer than ${durationMs} ms, which is the limit of ${of}`;
    return { end: () => clearTimeout(timer), problem: () => (isLate ? message : undefined) };
  };

  return {
    async carryOut(session, channel, command, args, call) {
      const what = `${channel}.${command}`;
      if (CANCELLING.has(what)) {
        const id = idIn(args);
        const waiting = [...held].filter(({ executionId, permit }) => executionId === id && permit.isWaiting);
        for (const { permit } of waiting) permit.release();
        // Of one that is to go on, or was begun before, only the wait is over.
        if (id === undefined || waiting.length === 0 || (await isThere(id))) return call(args);
        return { result: what === "node.cancel" ? { success: true } : undefined };
      }
      const { caller } = session;
      if (caller === undefined || !(AWAITED.has(what) || STARTED.has(what))) return call(args);
      const limit = roles.of(caller.role);
      const begun = begunBy(what, args);
      for (;;) {
        const same = begun.key === undefined ? undefined : known.get(begun.key);
        if (same === undefined) break;
        if (!(await same.permit.granted)) return NOT_BEGUN;
        // It may be over by now.
        if (held.has(same)) return call(begun.args);
      }
      const queue = JSON.stringify(caller.name);
      const permit = limiter.acquire(queue, limit.concurrency);
      if (typeof permit === "string")
        return refused(whoIs(session), queue, permit === "all" ? "all" : limit.concurrency);
      const entry = hold(permit, begun.executionId);
      if (begun.key !== undefined) known.set(begun.key, entry);
      let isKept = false;
      try {
        if (!(await permit.granted)) return NOT_BEGUN;
        if (AWAITED.has(what)) {
          const time = timed(whoIs(session), limit, `the role ${caller.role}`, begun.executionId);
          try {
            return withReason(await call(begun.args), time.problem());
          } finally {
            time.end();
          }
        }
        const answer = await call(begun.args);
        const executionId = "result" in answer ? idIn(answer.result) : undefined;
        if (executionId === undefined || conductor.executions === undefined) return answer;
        isKept = true;
        entry.executionId = executionId;
        const time = timed(whoIs(session), limit, `the role ${caller.role}`, executionId);
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
    async fire(webhook, fire) {
      const queue = `the webhook ${webhook}`;
      const limit = roles.webhooks;
      const permit = limiter.acquire(queue, limit.concurrency);
      if (typeof permit === "string") {
        return refused({ subject: webhook }, queue, permit === "all" ? "all" : limit.concurrency);
      }
      const entry = hold(permit, undefined);
      let isKept = false;
      try {
        if (!(await permit.granted)) return undefined;
        const fired = await fire();
        // One that there was already is not its own.
        if (!fired?.isNew) return fired;
        isKept = true;
        entry.executionId = fired.executionId;
        const time = timed({}, limit, queue, fired.executionId);
        const result = fired.result.then((found) => {
          time.end();
          end(undefined, entry);
          const message = time.problem();
          return found.success || message === undefined ? found : { ...found, error: { code: "TIMEOUT", message } };
        });
        return { ...fired, result };
      } finally {
        if (!isKept) end(undefined, entry);
      }
    },
    isWaiting: (id) => [...held].some(({ executionId, permit }) => executionId === id && permit.isWaiting),
    get waiting() {
      return limiter.waiting;
    },
    endWaiting() {
      for (const { permit } of [...held]) if (permit.isWaiting) permit.release();
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

/** A failure, with the reason of its cancellation, if there is one; one that ended well all the same is as it is. */
function withReason(answer: CallAnswer, message: string | undefined): CallAnswer {
  if (message === undefined) return answer;
  const { result } = answer as { result?: { success?: unknown; error?: unknown; metadata?: { error?: object } } };
  if (!isObject(result) || result.success !== false) return answer;
  const { error, metadata } = result;
  if (isObject(error)) return { result: { ...result, error: { ...error, code: "TIMEOUT", message } } };
  const why = { ...metadata?.error, code: "TIMEOUT", message };
  return { result: { ...result, error: message, metadata: { ...metadata, error: why } } };
}
