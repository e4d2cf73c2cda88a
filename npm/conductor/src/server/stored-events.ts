/** Events of executions made again of what a store knows, for clients that were away while no process kept them. */
import type { ExecutionFilter, StoredExecution } from "@atomiton/storage";
import { untracedResult } from "../desktop/plain-result.js";
import { isFinished, isPart } from "../executions/status.js";
import type { ExecutionsApi } from "../services/executions.js";
import type { ExecutionResult } from "../types/execution.js";
import {
  type EventLog,
  type EventPlace,
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
export type FindMissed = (place: EventPlace | undefined, executionId?: string) => Promise<(held?: number) => Missed>;

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

/** An event that is made again, with its time in ms since the epoch. */
interface Told {
  time: number;
  event: string;
  data: unknown;
}

/** @param executions those of the store; missing for a server without one */
export function findMissed(log: EventLog, executions: ExecutionsApi | undefined): FindMissed {
  let found: { from: number; at: number; last: number; told: Promise<Told[] | undefined> } | undefined;
  /** The same for many: after a restart clients come back all at once, and were there until nearly the same time. */
  const toldToAll = async (asked: ExecutionsApi, time: number, now: number) => {
    // What came after it was found is in the log.
    const isFresh = found !== undefined && now - found.at <= SHARED_MS && found.last >= log.complete;
    if (found === undefined || !isFresh || found.from > time) {
      const from = time - SHARED_MS;
      found = { from, at: now, last: log.last, told: toldSince(asked, from, undefined) };
    }
    const { told } = found;
    try {
      return (await told)?.filter((event) => event.time >= time);
    } catch (error) {
      if (found?.told === told) found = undefined;
      throw error;
    }
  };
  return async (place, executionId) => {
    if (place === undefined) return () => UNKNOWN;
    const ofLog = () => (place.isOurs ? log.after(place.seq) : undefined);
    const now = Date.now();
    const isAskable = executions !== undefined && place.time <= now && place.time >= now - LONGEST_AWAY;
    if (ofLog() !== undefined || !isAskable) return () => inFull(ofLog()) ?? UNKNOWN;
    const { time } = place;
    const told = await (executionId === undefined
      ? toldToAll(executions, time, now)
      : toldSince(executions, time, executionId));
    return (held = log.last) => {
      if (told === undefined) return UNKNOWN;
      const { kept } = log;
      const known = new Set(kept.map(keyOf));
      const again: LoggedEvent[] = [];
      let { seq } = place;
      for (const { time, event, data } of told) {
        seq = Math.max(seq + 1, numberAt(time));
        const made = loggedEvent(seq, "node", event, data);
        if (!known.has(keyOf(made))) again.push(made);
      }
      const events = [...again, ...kept.filter((event) => event.seq > place.seq && event.seq <= held)];
      return { events, complete: executionId === undefined ? ["node"] : undefined };
    };
  };
}

function inFull(events: readonly LoggedEvent[] | undefined): Missed | undefined {
  return events && { events, complete: undefined };
}

/** Events of executions since a time, in order; `undefined` where there are too many, or the one that is asked for is unknown. */
async function toldSince(
  executions: ExecutionsApi,
  time: number,
  executionId: string | undefined,
): Promise<Told[] | undefined> {
  const rows = await rowsSince(executions, time, executionId);
  const results = rows && (await resultsOf(executions, rows, time));
  if (rows === undefined || results === undefined) return undefined;
  const told = rows.flatMap((row) => toldOf(row, time, results.get(row.id)));
  for (const question of await executions.waiting(executionId)) {
    if (question.askedAt >= time) told.push({ time: question.askedAt, event: "question", data: question });
  }
  return told.sort((one, other) => one.time - other.time);
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
function toldOf(row: StoredExecution, time: number, result: ExecutionResult | undefined): Told[] {
  const { id: executionId, flowId: nodeId, startedAt, endedAt = 0, status, error } = row;
  const told: Told[] = [];
  if (startedAt >= time) {
    told.push({ time: startedAt, event: "started", data: { executionId, nodeId, timestamp: startedAt } });
  }
  if (!isFinished(status) || endedAt < time) return told;
  if (result?.success) {
    const data = { executionId, nodeId, result, output: result.data, timestamp: endedAt };
    told.push({ time: endedAt, event: "completed", data });
    return told;
  }
  const why = result?.error ?? (JSON.parse(error ?? "{}") as Partial<NonNullable<ExecutionResult["error"]>>);
  const { code = "UNKNOWN_ERROR", message = "", nodeId: failed = nodeId } = why;
  const data = { executionId, nodeId: failed, error: message, code, timestamp: endedAt };
  told.push({ time: endedAt, event: "error", data });
  return told;
}
