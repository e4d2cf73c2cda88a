/** Which executions a list shows, and where its next page begins. */
import { StorageError } from "../error.js";
import type { ExecutionFilter, ExecutionStatus, StoredExecution } from "./store.js";

/** Where an execution stands in lists: those that began at the same time stand in the order in which they were stored. */
export interface ListPosition {
  startedAt: number;
  /** Increases with each execution that is stored. */
  place: number;
}

/** Less than 0 where the first began first. */
export function compareListPositions(first: ListPosition, second: ListPosition): number {
  return first.startedAt - second.startedAt || first.place - second.place;
}

/** A position as text for callers. */
export function cursorOf({ startedAt, place }: ListPosition): string {
  return `${startedAt}/${place}`;
}

/** @throws StorageError UNSUPPORTED_OPERATION for text that no list gave */
export function positionOf(cursor: string): ListPosition {
  const [, startedAt, place] = /^(-?\d+(?:\.\d+)?)\/(\d+)$/.exec(cursor) ?? [];
  if (startedAt !== undefined && place !== undefined) return { startedAt: Number(startedAt), place: Number(place) };
  throw new StorageError(
    `The cursor ${JSON.stringify(cursor)} was not given by a list of executions; take \`next\` of the page before, or none`,
    "UNSUPPORTED_OPERATION",
    { context: { operation: "list" } },
  );
}

/** Whether a row is one that a filter asks for. */
export function matches(row: StoredExecution, filter: ExecutionFilter): boolean {
  const { flowId, parentId, tags, from, to, endedFrom, text } = filter;
  const statuses = statusesOf(filter);
  return (
    (flowId === undefined || row.flowId === flowId) &&
    (parentId === undefined || row.parentId === parentId) &&
    (statuses === undefined || statuses.includes(row.status)) &&
    (tags === undefined || tags.every((tag) => row.tags.includes(tag))) &&
    (from === undefined || row.startedAt >= from) &&
    (to === undefined || row.startedAt < to) &&
    (endedFrom === undefined || (row.endedAt !== undefined && row.endedAt >= endedFrom)) &&
    (text === undefined || contains([row.id, row.flowId, row.name, row.error ?? ""], text))
  );
}

/** The statuses that a filter allows; `undefined` for all. */
export function statusesOf({ status }: ExecutionFilter): readonly StoredExecution["status"][] | undefined {
  return typeof status === "string" ? [status] : status;
}

/** Text without regard to the case of ASCII letters. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function contains(texts: readonly string[], text: string): boolean {
  const wanted = asciiLower(text);
  return texts.some((each) => asciiLower(each).includes(wanted));
}

/** The statuses of executions that go on at their `wakeAt`. */
export const TIMED: readonly ExecutionStatus[] = ["sleeping", "waiting"];

/** Whether an execution goes on at its `wakeAt`, if it has one. */
export function isTimed({ status }: StoredExecution): boolean {
  return TIMED.includes(status);
}

/** Whether a claimable execution is to go on now; with `only`, whether that is because its time has come. */
export function isReady(row: StoredExecution, now: number, only: "due" | undefined): boolean {
  const { status, wakeAt } = row;
  if (status === "waiting") return wakeAt !== undefined && wakeAt <= now;
  if (status === "sleeping") return wakeAt === undefined || wakeAt <= now;
  return only === undefined && status !== "blocked" && status !== "paused";
}
