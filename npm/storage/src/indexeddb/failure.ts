import { StorageError, type StorageErrorCode, type StorageErrorContext } from "../error.js";

/** A refusal that no exception of the browser tells. */
export class Refusal extends Error {
  constructor(
    readonly code: StorageErrorCode,
    message: string,
  ) {
    super(message);
  }
}

const FORBIDDEN =
  "this page may not use IndexedDB; allow the site to store data, leave the private mode or the sandboxed frame, or give " +
  "createStorage another type or engine";

/** What the exceptions of the browser mean, by their names. */
const MEANINGS: Readonly<Record<string, readonly [StorageErrorCode, string]>> = {
  QuotaExceededError: [
    "QUOTA_EXCEEDED",
    "the space that the browser gives to this site is used up; delete what is not needed, or free space on the disk",
  ],
  VersionError: [
    "UNSUPPORTED_OPERATION",
    "a newer version of this page has updated the database; reload the page to go on",
  ],
  // Browsers say so in private modes, and where a user or a frame forbids to store anything.
  SecurityError: ["ACCESS_DENIED", FORBIDDEN],
  InvalidStateError: ["ACCESS_DENIED", FORBIDDEN],
  NotAllowedError: ["ACCESS_DENIED", FORBIDDEN],
  UnknownError: [
    "ACCESS_DENIED",
    "the browser cannot read or write its database; free space on the disk, restart the browser, or clear the data of this site",
  ],
  AbortError: ["ACCESS_DENIED", "the browser has ended the transaction; nothing was changed, try again"],
};

/** A failure of the browser as the failure of an operation. Those that are a `StorageError` already stay as they are. */
export function databaseFailure(message: string, error: unknown, context: StorageErrorContext): StorageError {
  if (error instanceof StorageError) return error;
  const [code, reason] = meaningOf(error);
  return new StorageError(`${message}: ${reason}`, code, { cause: error, context });
}

/** A page that has no IndexedDB, or must not know of it. */
export function noDatabases(): Refusal {
  return new Refusal("ACCESS_DENIED", FORBIDDEN);
}

function meaningOf(error: unknown): readonly [StorageErrorCode, string] {
  if (error instanceof Refusal) return [error.code, error.message];
  const { name = "", message } = error as Partial<Error>;
  return MEANINGS[name] ?? ["ACCESS_DENIED", message ?? String(error)];
}
