/** The rules by which changes of an execution are taken or refused, and their sum: the same for every store. */
import {
  type ExecutionChange,
  type ExecutionRecord,
  type ExecutionUpdate,
  FINISHED,
  type NewExecution,
  type RefusalReason,
  type StoredBlob,
  type StoredExecution,
} from "./store.js";

/** The part of an execution that decides about changes of it. */
export interface Standing {
  epoch: number;
  /** Number of the last record. */
  sequence: number;
  /** Whether the store object that writes owns it. */
  isOwned: boolean;
  isFinished: boolean;
}

/** The sum of changes of one execution. */
export interface ChangeSum {
  /** Where it is a new one. */
  begin?: NewExecution;
  records: ExecutionRecord[];
  blobs: StoredBlob[];
  /** Bytes that it grows by. */
  bytes: number;
  /** The last values of the row; `release` is in the standing. */
  update: Omit<ExecutionUpdate, "release"> & { updatedAt?: number };
  /** After the changes. */
  standing: Standing;
}

/** Changes by execution, each in their order. */
export function byExecution(changes: readonly ExecutionChange[]): Map<string, ExecutionChange[]> {
  const groups = new Map<string, ExecutionChange[]>();
  for (const change of changes) {
    const id = change.type === "begin" ? change.execution.id : change.id;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [change]);
    else group.push(change);
  }
  return groups;
}

/** The sum of changes of one execution, or why they are refused. `before` is missing for an execution that does not exist. */
export function sumOf(before: Standing | undefined, changes: readonly ExecutionChange[]): ChangeSum | RefusalReason {
  let standing = before;
  const records: ExecutionRecord[] = [];
  const blobs: StoredBlob[] = [];
  const update: ChangeSum["update"] = {};
  let bytes = 0;
  let begin: NewExecution | undefined;
  for (const change of changes) {
    if (change.type === "begin") {
      if (standing !== undefined) return "exists";
      begin = change.execution;
      bytes += begin.head.length;
      standing = { epoch: 1, sequence: 0, isOwned: true, isFinished: false };
      continue;
    }
    const reason = refusalOf(standing, change);
    if (reason !== undefined || standing === undefined) return reason ?? "unknown";
    if (change.type === "append") {
      const { sequence, epoch, journal, values, blobs: added = [] } = change;
      records.push({ sequence, epoch, journal, values });
      blobs.push(...added);
      bytes += journal.length + values.length;
      for (const { data } of added) bytes += data.length;
      standing = { ...standing, sequence };
    } else {
      merge(update, change);
      const isFinished = change.status !== undefined && FINISHED.includes(change.status);
      standing = { ...standing, isFinished, isOwned: !isFinished && change.release !== true };
    }
  }
  return { ...(begin && { begin }), records, blobs, bytes, update, standing: standing as Standing };
}

/** The sum of two sums of the same execution, the second on top of the first. */
export function joined(first: ChangeSum | undefined, second: ChangeSum): ChangeSum {
  if (first === undefined) return second;
  return {
    ...first,
    records: [...first.records, ...second.records],
    blobs: [...first.blobs, ...second.blobs],
    bytes: first.bytes + second.bytes,
    update: { ...first.update, ...second.update },
    standing: second.standing,
  };
}

/** A row after changes; `before` is missing for a new execution. */
export function changedRow(before: StoredExecution | undefined, sum: ChangeSum): StoredExecution {
  const row = before === undefined ? newRow(sum.begin as NewExecution) : { ...before };
  row.sequence = sum.standing.sequence;
  row.bytes += sum.bytes;
  for (const [key, value] of Object.entries(sum.update)) {
    if (value === null) delete row[key as "wakeAt" | "reason"];
    else Object.assign(row, { [key]: value });
  }
  return row;
}

function refusalOf(
  standing: Standing | undefined,
  change: Exclude<ExecutionChange, { type: "begin" }>,
): RefusalReason | undefined {
  if (standing === undefined) return "unknown";
  if (standing.isFinished) return "finished";
  if (!standing.isOwned || standing.epoch !== change.epoch) return "stale";
  return change.type === "append" && change.sequence !== standing.sequence + 1 ? "gap" : undefined;
}

function merge(sum: ChangeSum["update"], change: Extract<ExecutionChange, { type: "update" }>): void {
  const { updatedAt, status, endedAt, wakeAt, reason, error, summary } = change;
  for (const [key, value] of Object.entries({ updatedAt, status, endedAt, wakeAt, reason, error, summary })) {
    if (value !== undefined) Object.assign(sum, { [key]: value });
  }
}

function newRow({ document, head, ...begun }: NewExecution): StoredExecution {
  return {
    ...begun,
    tags: [...begun.tags],
    status: "running",
    epoch: 1,
    sequence: 0,
    bytes: 0,
    updatedAt: begun.startedAt,
  };
}
