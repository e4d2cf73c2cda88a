import type { StoredExecution } from "../store.js";

/** Columns of a row of a list, for {@link rowOf}. */
export const ROW_COLUMNS = `id, flow_id, name, document_hash, parent_id, trigger, tags, started_at, status,
  epoch::float8 as epoch, sequence::float8 as sequence, bytes::float8 as bytes, updated_at, ended_at, wake_at, reason, error,
  summary`;

/** A row as the client gives it. */
export interface DatabaseRow {
  id: string;
  flow_id: string;
  name: string;
  document_hash: string;
  parent_id: string | null;
  trigger: string;
  tags: string[];
  started_at: number;
  status: StoredExecution["status"];
  epoch: number;
  sequence: number;
  bytes: number;
  updated_at: number;
  ended_at: number | null;
  wake_at: number | null;
  reason: string | null;
  error: string | null;
  summary: string | null;
}

export function rowOf(row: DatabaseRow): StoredExecution {
  return {
    id: row.id,
    flowId: row.flow_id,
    name: row.name,
    documentHash: row.document_hash,
    ...(row.parent_id !== null && { parentId: row.parent_id }),
    trigger: row.trigger,
    tags: row.tags,
    startedAt: row.started_at,
    status: row.status,
    epoch: row.epoch,
    sequence: row.sequence,
    bytes: row.bytes,
    updatedAt: row.updated_at,
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
    ...(row.wake_at !== null && { wakeAt: row.wake_at }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.error !== null && { error: row.error }),
    ...(row.summary !== null && { summary: row.summary }),
  };
}

/** Bytes as a plain array, which a Buffer is not in the eyes of all callers. */
export function bytesOf(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
