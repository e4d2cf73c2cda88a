/** Refusals that all stores of executions share, so that one takes what another does. */
import { StorageError } from "../error.js";
import { EXECUTION_STATUSES, type ExecutionChange, type ExecutionFilter, type Retention } from "./store.js";

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

/** What a filter may say, and what of it is text or a time. */
const FILTER: Record<keyof ExecutionFilter, "text" | "time" | "texts" | "status"> = {
  flowId: "text",
  status: "status",
  parentId: "text",
  tags: "texts",
  from: "time",
  to: "time",
  endedFrom: "time",
  text: "text",
};

/**
 * Checks what a list is asked for: a filter that is misspelt would show all.
 *
 * @returns executions of a page
 * @throws StorageError UNSUPPORTED_OPERATION for keys and statuses that do not exist, values of another type, and a limit that
 *   is not from 1 to 1,000
 */
export function checkedList(filter: ExecutionFilter, limit?: number): number {
  for (const [key, value] of Object.entries(filter)) {
    if (!Object.hasOwn(FILTER, key)) {
      throw unlistable(
        `A list of executions has no filter ${JSON.stringify(key)}; there are ${named(Object.keys(FILTER))}`,
      );
    }
    const kind = FILTER[key as keyof ExecutionFilter];
    if (value !== undefined && !KINDS[kind].fits(value)) {
      throw unlistable(`The filter \`${key}\` of a list of executions is ${KINDS[kind].name}`);
    }
  }
  for (const status of [filter.status ?? []].flat()) {
    if (EXECUTION_STATUSES.includes(status)) continue;
    throw unlistable(`There is no status ${JSON.stringify(status)}; there are ${named(EXECUTION_STATUSES)}`);
  }
  return listLimit(limit, "executions");
}

/** @throws StorageError UNSUPPORTED_OPERATION for a limit that is not from 1 to 1,000 */
export function listLimit(limit = LIST_LIMITS.usual, subject: string): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIST_LIMITS.most) return limit;
  throw unlistable(`A list of ${subject} has a limit of ${limit}; give a whole number from 1 to ${LIST_LIMITS.most}`);
}

/**
 * Checks what executions are deleted by: a rule that is misspelt would delete none.
 *
 * @throws StorageError UNSUPPORTED_OPERATION for a rule that does not exist, or a value that makes no sense
 */
export function checkRetention(retention: Retention): void {
  for (const [key, value] of Object.entries(retention)) {
    const rule = Object.hasOwn(RETENTION, key) ? RETENTION[key as keyof Retention] : undefined;
    if (rule !== undefined && (value === undefined || rule.fits(value))) continue;
    const message =
      rule === undefined
        ? `Executions are not deleted by ${JSON.stringify(key)}; there are ${named(Object.keys(RETENTION))}`
        : `The rule \`${key}\` by which executions are deleted is ${rule.name}`;
    throw new StorageError(message, "UNSUPPORTED_OPERATION", { context: { operation: "prune" } });
  }
}

const isText = (value: unknown) => typeof value === "string";
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText);
const KINDS = {
  text: { name: "a text", fits: isText },
  texts: { name: "a list of texts", fits: isTexts },
  status: { name: "a status, or a list of them", fits: (value: unknown) => isText(value) || isTexts(value) },
  time: { name: "a time in ms", fits: (value: unknown) => typeof value === "number" && !Number.isNaN(value) },
};

const RETENTION = {
  flowId: KINDS.text,
  endedBefore: KINDS.time,
  keepPerFlow: {
    name: "a whole number from 0",
    fits: (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff,
  },
};

function named(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(", ");
}

function unlistable(message: string): StorageError {
  return new StorageError(message, "UNSUPPORTED_OPERATION", { context: { operation: "list" } });
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

/** What a text contains that databases have no form for. */
export function unwritableText(text: string): string | undefined {
  return text.includes("\0") ? "a NUL character" : /\p{Cs}/u.test(text) ? "half of a surrogate pair" : undefined;
}

function checkText(text: unknown, name: string, id: string): void {
  if (text === undefined || text === null) return;
  if (typeof text !== "string") {
    throw unwritable(`\`${name}\` of the execution ${JSON.stringify(id)} is a ${typeof text}; give text`, id);
  }
  const found = unwritableText(text);
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
