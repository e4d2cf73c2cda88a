import { StorageError, type StorageErrorCode } from "../../error.js";

/** SQLSTATEs after which the same statement may pass: deadlock, serialisation, and a row deleted that others just came to need. */
const REPEATABLE: ReadonlySet<unknown> = new Set(["40P01", "40001", "23503"]);

/** SQLSTATEs of a server that is going down or coming up, or has no connection left. */
const AWAY: ReadonlySet<unknown> = new Set(["57P01", "57P02", "57P03", "53300"]);

/** SQLSTATEs or their first two characters, the code of the error, and what to do. */
const MEANINGS: readonly (readonly [string, StorageErrorCode, string])[] = [
  ["53100", "STORAGE_FULL", "the disk of the database is full; free space on it"],
  ["53400", "QUOTA_EXCEEDED", "a limit of the database is reached; raise it"],
  ["25006", "ACCESS_DENIED", "the database is read-only, as a standby is; give the address of the primary"],
  ["42501", "ACCESS_DENIED", "the user of the database lacks a right; grant it, or create the schema for this user"],
  ["3D000", "ACCESS_DENIED", "there is no such database; create it (createdb), or correct the address"],
  ["28", "AUTHENTICATION_FAILED", "the database refuses the user or the password of the address"],
  ["XX", "SERIALIZATION_ERROR", "what is stored in the database is damaged; restore a backup"],
  ["54", "SERIALIZATION_ERROR", "a value is larger than the database can keep"],
  ["22", "SERIALIZATION_ERROR", "the database has no form for a value"],
];

/** Whether a statement failed for a reason that is gone when it is tried again. */
export function isRepeatable(error: unknown): boolean {
  return REPEATABLE.has(codeOf(error));
}

/** Whether the connection is at fault, not the statement. */
export function isDisconnection(error: unknown): boolean {
  if (error instanceof StorageError || error instanceof TypeError || error instanceof RangeError) return false;
  if (isRefusedPassword(error)) return false;
  const code = codeOf(error);
  // Errors of the server have SQLSTATEs of five characters; those of sockets and of the client have other codes, or none.
  return typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code) || code.startsWith("08") || AWAY.has(code);
}

/** SQLSTATE of an error of the server. */
export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}

/** A failure of a store in PostgreSQL. The address is not in it, since that holds the password. */
export function postgresFailure(name: string, operation: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const said = (error as Error).message;
  const context = { operation };
  if (isDisconnection(error)) {
    const message = `The store ${name} cannot be reached (${said}); start its server, or correct the address`;
    return new StorageError(message, "NETWORK_ERROR", { cause: error, context });
  }
  const state = isRefusedPassword(error) ? "28P01" : String(codeOf(error));
  const found = MEANINGS.find(([code]) => state.startsWith(code));
  const [, code, advice] = found ?? ["", "UNSUPPORTED_OPERATION" as const, `SQLSTATE ${state}`];
  return new StorageError(`The store ${name} failed to ${operation}: ${advice} (${said})`, code, {
    cause: error,
    context,
  });
}

/** The client's own error where the server asks for a password and the address has none. */
function isRefusedPassword(error: unknown): boolean {
  return (error as Partial<Error>).message?.startsWith("SASL:") === true;
}
