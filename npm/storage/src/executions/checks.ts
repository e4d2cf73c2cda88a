/** Refusals that all stores of executions share, so that one takes what another does. */
import { StorageError } from "../error.js";
import type { ExecutionChange } from "./store.js";

/** Executions of one page of a list. */
const LIST_LIMITS = { usual: 50, most: 1000 };
/** Records of one call. */
const RECORD_LIMIT = 1000;

/**
 * Refuses changes that some store could not keep: text with a NUL character or half of a surrogate pair, which databases have
 * no form for, and epochs and sequence numbers that are no whole numbers.
 *
 * @throws StorageError SERIALIZATION_ERROR, before anything is written
 */
export function checkChanges(changes: readonly ExecutionChange[]): void {
  for (const change of changes) {
    if (change.type === "begin") {
      const { id, flowId, name, document, documentHash, parentId, trigger, tags } = change.execution;
      const texts = { id, flowId, name, document, documentHash, parentId, trigger };
      for (const [key, text] of Object.entries(texts)) checkText(text, key, id);
      for (const tag of tags) checkText(tag, "tags", id);
      continue;
    }
    const { id, epoch } = change;
    checkText(id, "id", id);
    checkNumber(epoch, "epoch", id);
    if (change.type === "append") {
      checkNumber(change.sequence, "sequence", id);
      for (const { hash } of change.blobs ?? []) checkText(hash, "blobs", id);
    } else {
      const { reason, error, summary } = change;
      for (const [key, text] of Object.entries({ reason, error, summary })) checkText(text, key, id);
    }
  }
}

/** @throws StorageError UNSUPPORTED_OPERATION for a limit that is not from 1 to 1,000 */
export function listLimit(limit = LIST_LIMITS.usual): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIST_LIMITS.most) return limit;
  throw new StorageError(
    `A list of executions has a limit of ${limit}; give a whole number from 1 to ${LIST_LIMITS.most}`,
    "UNSUPPORTED_OPERATION",
    { context: { operation: "list" } },
  );
}

/** @throws StorageError UNSUPPORTED_OPERATION for a limit below 1 */
export function recordLimit(limit = RECORD_LIMIT): number {
  if (Number.isInteger(limit) && limit >= 1) return limit;
  throw new StorageError(
    `Records are read with a limit of ${limit}; give a whole number from 1`,
    "UNSUPPORTED_OPERATION",
    {
      context: { operation: "records" },
    },
  );
}

/** The error of a call to a store that was closed. */
export function closedStore(name: string, operation: string): StorageError {
  return new StorageError(`The store ${name} is closed; open it again to ${operation}`, "UNSUPPORTED_OPERATION", {
    context: { operation },
  });
}

function checkText(text: string | null | undefined, name: string, id: string): void {
  if (text === undefined || text === null) return;
  const found = text.includes("\0") ? "a NUL character" : /\p{Cs}/u.test(text) ? "half of a surrogate pair" : undefined;
  if (found === undefined) return;
  throw unwritable(`\`${name}\` of the execution ${JSON.stringify(id)} contains ${found}; take it out`, id);
}

function checkNumber(value: number, name: string, id: string): void {
  if (Number.isSafeInteger(value)) return;
  throw unwritable(
    `\`${name}\` of a change of the execution ${JSON.stringify(id)} is ${value}; give a whole number`,
    id,
  );
}

function unwritable(message: string, id: string): StorageError {
  return new StorageError(message, "SERIALIZATION_ERROR", { context: { key: id, operation: "write" } });
}
