import { StorageError } from "../../error.js";

/** The package pg. */
export type Pg = typeof import("pg");

/**
 * The client of PostgreSQL, which is installed by those who use it.
 *
 * @throws StorageError UNSUPPORTED_OPERATION where it is not installed, with the command that does it
 */
export async function loadPg(): Promise<Pg> {
  try {
    return await import("pg");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw error;
    throw new StorageError(
      `A store in PostgreSQL needs the package pg (npm install pg), which cannot be loaded: ${message.split("\n")[0]}`,
      "UNSUPPORTED_OPERATION",
      { cause: error },
    );
  }
}
