/** Executions out of a store as files, and out of files into a store. */
import type { ExecutionChange, ExecutionStore } from "@atomiton/storage";

import { coded } from "../../engine/failure.js";
import { isFinished } from "../../executions/status.js";
import type { ExportOptions, LeftOutOfExport } from "../../types/export.js";
import { type Hash, headOf } from "../durable/entries.js";
import { allRecords, Records } from "../durable/records.js";
import { sha256 } from "../durable/sha256.js";
import { leftOutText } from "./left-out-text.js";
import { fileChange, withoutParts } from "./redacted-file.js";
import { replayOf } from "./replay.js";
import { type ExecutionFile, readExecutionFile, writeExecutionFile, wrong } from "./run-file.js";

/**
 * An execution as a file.
 *
 * @throws Error NODE_NOT_FOUND where the store has none of this id, INVALID_PARAMETERS for options that make no sense or a path at
 *   which nothing is
 */
export async function exportExecution(
  store: ExecutionStore,
  id: string,
  options?: ExportOptions | null,
): Promise<Uint8Array> {
  const change = fileChange(options ?? {});
  // The row first: what is recorded after that may be in the file as well, and is as true.
  const row = await store.get(id);
  const begun = row && (await store.begun(id));
  if (row === undefined || begun === undefined) {
    throw coded("NODE_NOT_FOUND", `There is no execution ${id}`, undefined);
  }
  const records = await allRecords(store, id);
  const blobs = new Map<string, Uint8Array>();
  for (const hash of new Records(records).blobs) {
    const data = await store.blob(hash);
    if (data === undefined) throw wrong(`a value of ${id} is missing in the store`);
    blobs.set(hash, data);
  }
  const { flowId, name, trigger, tags, startedAt, status, updatedAt, endedAt, reason, error, summary } = row;
  const file: ExecutionFile = {
    row: {
      id,
      flowId,
      name,
      trigger,
      tags,
      startedAt,
      status,
      updatedAt,
      ...(endedAt !== undefined && { endedAt }),
      ...(reason !== undefined && { reason }),
      ...(error !== undefined && { error }),
      ...(summary !== undefined && { summary }),
    },
    ...begun,
    records,
    blobs,
  };
  return writeExecutionFile(change === undefined ? file : await withoutParts(file, change));
}

/**
 * Puts the execution of a file into a store, and gives its id there. One that was not over is `paused` there, so that
 * only `resume` goes on with it.
 *
 * @throws Error DESERIALIZATION_FAILED that says what is wrong with the file, INVALID_PARAMETERS for an id that exists
 */
export async function importExecution(
  store: ExecutionStore,
  bytes: Uint8Array,
  { id: wanted }: { id?: string },
  hash: Hash,
): Promise<string> {
  const file = readExecutionFile(bytes);
  // What cannot be replayed is not taken in.
  const { leftOut } = replayOf(file);
  const { row, document, records, blobs } = file;
  const id = wanted ?? row.id;
  const digest = async (data: Uint8Array) => hash?.(data) ?? (await sha256(data));
  for (const [name, data] of blobs) {
    // Executions of the store share their large values by these names.
    if ((await digest(data)) !== name) throw wrong(`the value ${name} is not what its hash says`);
  }
  const isOver = isFinished(row.status);
  const named = [...new Records(records).blobs];
  const missing = named.find((name) => !blobs.has(name));
  if (missing !== undefined) throw wrong(`the value ${missing} is missing`);
  const { flowId, name, tags, startedAt, updatedAt, endedAt = updatedAt, status, reason, error, summary } = row;
  const changes: ExecutionChange[] = [
    {
      type: "begin",
      execution: {
        id,
        flowId,
        name,
        document,
        documentHash: await digest(new TextEncoder().encode(document)),
        head: id === row.id ? file.head : headOf(id, file.head),
        trigger: "import",
        tags,
        startedAt,
      },
    },
    ...records.map(({ journal, values }, index): ExecutionChange => {
      return { type: "append", id, epoch: 1, sequence: index + 1, journal, values };
    }),
    {
      type: "update",
      id,
      epoch: 1,
      updatedAt,
      status: isOver ? (status as "completed") : "paused",
      reason: reasonOf(isOver, status, reason, leftOut),
      ...(isOver && { endedAt }),
      ...(error !== undefined && { error }),
      ...(summary !== undefined && { summary }),
      release: true,
    },
  ];
  const first = changes.find((change) => change.type === "append");
  const large = [...blobs].map(([name, data]) => ({ hash: name, data }));
  if (first !== undefined && large.length > 0) Object.assign(first, { blobs: large });
  const [refusal] = await store.write(changes);
  if (refusal === undefined) return id;
  const why = refusal.reason === "exists" ? "there is one of this id; give another `id`" : refusal.reason;
  throw coded("INVALID_PARAMETERS", `The execution ${id} cannot be imported: ${why}`, undefined);
}

/** What the row of an imported execution says. */
function reasonOf(
  isOver: boolean,
  status: string,
  reason: string | undefined,
  leftOut: LeftOutOfExport | undefined,
): string | null {
  const lacks = leftOut && `${leftOutText(leftOut)} when it was exported`;
  if (isOver) return lacks ?? reason ?? null;
  const was = `It was ${status} when it was exported`;
  if (leftOut?.values) return `${was}, and its values were left out: it can be looked at, and not go on`;
  return `${was}; \`resume\` goes on with it here${lacks === undefined ? "" : ", where nothing is needed that was left out"}`;
}
