/** Events of executions made again of what a store knows, for clients that were away while no process kept them. */
import type { ExecutionFilter, StoredExecution } from "@atomiton/storage";
import { completeEventOf, errorEventOf } from "../api/local.js";
import { untracedResult } from "../desktop/cloneable-result.js";
import { isFinished, isPart } from "../executions/status.js";
import type { ExecutionsApi } from "../services/executions.js";
import type { ExecutionResult } from "../types/execution.js";
import {
  type EventLog,
  type EventPosition,
  type LoggedEvent,
  loggedEvent,
  MOST_CHARACTERS,
  numberAt,
} from "./event-log.js";

/** What a client missed. */
export interface Missed {
  /** In the order in which they are to be told. */
  events: readonly LoggedEvent[];
  /** The channels of which nothing is missing; `undefined` for all. */
  complete: readonly string[] | undefined;
}

/**
 * Finds out what a client missed. What it resolves with is to be called when the client is about to be told, and gives what there is
 * then; `held`: the number of the last event that this client has not been sent since it came back, by default that of the last one.
 *
 * @param executionId only of this execution
 */
export type FindMissed = (
  position: EventPosition | undefined,
  executionId?: string,
) => Promise<(held?: number) => Missed>;

/** Executions that are told of again at most. */
const MOST_EXECUTIONS = 1000;

/** How long ago a client may have been there, in ms. */
const LONGEST_AWAY = 86_400_000;

/** How long what was found for a client is told to others, and how much earlier than its own time that begins, in ms. */
const SHARED_MS = 5000;

/** Rows of one page. */
const PAGE = 1000;

/** Nothing is known of what was missed. */
const UNKNOWN: Missed = { events: [], complete: [] };

/** Something that happened, as the store knows it. */
interface Happening {
  /** ms since the epoch. */
  time: number;
  event: string;
  data: unknown;
}

/** The same as an event, which gets its number with each client. */
interface Remade {
  time: number;
  key: string;
  event: LoggedEvent;
}

/** @param executions those of the store; missing for a server without one */
export function findMissed(log: EventLog, executions: ExecutionsApi | undefined): FindMissed {
  let found: { from: number; at: number; last: number; remade: Promise<Remade[] | undefined> } | undefined;
  /** For many clients at once: after a restart all come back, and most were there until nearly the same time. */
  const shared = async (asked: ExecutionsApi, time: number, now: number): Promise<Remade[] | undefined> => {
    // What came after it was found is in the log.
    const isFresh = found !== undefined && now - found.at <= SHARED_MS && found.last >= log.complete;
    if (found === undefined || !isFresh || found.from > time) {
      const from = time - SHARED_MS;
      found = { from, at: now, last: log.last, remade: remadeSince(asked, from, undefined) };
    }
    const { remade, from } = found;
    const forget = () => {
      if (found?.remade === remade) found = undefined;
    };
    const all = await remade.catch((error) => {
      forget();
      throw error;
    });
    if (all !== undefined) return all.filter((event) => event.time >= time);
    if (from >= time - 2 * SHARED_MS) return undefined;
    // There was too much for a client that was away for longer; it may be little for this one.
    forget();
    return shared(asked, time, now);
  };
  let kept: { last: number; keys: ReadonlySet<string> } | undefined;
  /** What the log has. */
  const keysOfLog = () => {
    if (kept?.last !== log.last) kept = { last: log.last, keys: new Set(log.kept.map(keyOf)) };
    return kept.keys;
  };
  return async (position, executionId) => {
    if (position === undefined) return () => UNKNOWN;
    const ofLog = () => (position.isOurs ? log.after(position.seq) : undefined);
    const now = Date.now();
    const isAskable = executions !== undefined && position.time <= now && position.time >= now - LONGEST_AWAY;
    if (ofLog() !== undefined || !isAskable) return () => inFull(ofLog()) ?? UNKNOWN;
    const { time } = position;
    const remade = await (executionId === undefined
      ? shared(executions, time, now)
      : remadeSince(executions, time, executionId));
    return (held = log.last) => {
      if (remade === undefined) return UNKNOWN;
      const known = keysOfLog();
      const again: LoggedEvent[] = [];
      let { seq } = position;
      for (const { time, key, event } of remade) {
        seq = Math.max(seq + 1, numberAt(time));
        if (!known.has(key)) again.push({ ...event, seq });
      }
      const events = [...again, ...log.kept.filter((event) => event.seq > position.seq && event.seq <= held)];
      return { events, complete: executionId === undefined ? ["node"] : undefined };
    };
  };
}

function inFull(events: readonly LoggedEvent[] | undefined): Missed | undefined {
  return events && { events, complete: undefined };
}

/** Events of executions since a time, in order; `undefined` where there are too many, or the one that is asked for is unknown. */
async function remadeSince(
  executions: ExecutionsApi,
  time: number,
  executionId: string | undefined,
): Promise<Remade[] | undefined> {
  const rows = await rowsSince(executions, time, executionId);
  const results = rows && (await resultsOf(executions, rows, time));
  if (rows === undefined || results === undefined) return undefined;
  const happenings = rows.flatMap((row) => happeningsOf(row, time, results.get(row.id)));
  for (const question of await executions.waiting(executionId)) {
    if (question.askedAt >= time) happenings.push({ time: question.askedAt, event: "question", data: question });
  }
  return happenings
    .sort((one, other) => one.time - other.time)
    .map(({ time, event: name, data }) => {
      const event = loggedEvent(0, "node", name, data);
      return { time, key: keyOf(event), event };
    });
}

/** What makes an event of an execution the same as another one. Progress is never made again. */
function keyOf({ channel, event, executionId, data }: LoggedEvent): string {
  const what = event === "error" ? "completed" : event;
  return `${channel} ${what} ${event === "question" ? (JSON.parse(data) as { id: string }).id : executionId}`;
}

/** The executions that began or ended since a time; `undefined` where there are too many, or the one that is asked for is unknown. */
async function rowsSince(
  executions: ExecutionsApi,
  time: number,
  executionId: string | undefined,
): Promise<StoredExecution[] | undefined> {
  if (executionId !== undefined) {
    const row = await executions.get(executionId).catch((error) => {
      if (error?.code !== "NODE_NOT_FOUND") throw error;
      return undefined;
    });
    return row && [row];
  }
  const rows = new Map<string, StoredExecution>();
  for (const filter of [{ from: time }, { endedFrom: time }] satisfies ExecutionFilter[]) {
    let cursor: string | undefined;
    do {
      const page = await executions.list(filter, { limit: PAGE, ...(cursor !== undefined && { cursor }) });
      for (const row of page.executions) if (!isPart(row)) rows.set(row.id, row);
      if (rows.size > MOST_EXECUTIONS) return undefined;
      cursor = page.next;
    } while (cursor !== undefined);
  }
  return [...rows.values()];
}

/** The results of those that completed since a time; `undefined` where they are too large to be sent at once. */
async function resultsOf(
  executions: ExecutionsApi,
  rows: readonly StoredExecution[],
  time: number,
): Promise<Map<string, ExecutionResult> | undefined> {
  const results = new Map<string, ExecutionResult>();
  let bytes = 0;
  for (const { id, status, endedAt = 0, ...row } of rows) {
    if (status !== "completed" || endedAt < time) continue;
    bytes += row.bytes;
    if (bytes > MOST_CHARACTERS) return undefined;
    results.set(id, untracedResult(await executions.result(id)));
  }
  return results;
}

/** The events of an execution since a time. */
function happeningsOf(row: StoredExecution, time: number, result: ExecutionResult | undefined): Happening[] {
  const { id: executionId, flowId: nodeId, startedAt, endedAt = 0, status } = row;
  const of = { executionId, nodeId };
  const events: Happening[] = [];
  if (startedAt >= time) {
    events.push({ time: startedAt, event: "started", data: { ...of, timestamp: startedAt } });
  }
  if (!isFinished(status) || endedAt < time) return events;
  if (result?.success) {
    events.push({ time: endedAt, event: "completed", data: completeEventOf(of, result, endedAt) });
    return events;
  }
  const error = result?.error ?? { code: "UNKNOWN_ERROR", ...JSON.parse(row.error ?? "{}") };
  events.push({ time: endedAt, event: "error", data: errorEventOf(of, { error }, endedAt) });
  return events;
}
