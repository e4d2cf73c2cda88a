/** The file of a database of SQLite. */
import { access, constants } from "node:fs/promises";
import { resolve } from "node:path";
import { realPath } from "@atomiton/storage/files";

import { NodeError } from "../../../contract/error.js";
import { rootedPath } from "../../../machine/rooted-path.js";
import type { DriverWork } from "../session.js";

/** What an address of SQLite begins with. */
const SCHEME = "sqlite:";

/**
 * The path in an address `sqlite:PATH`.
 *
 * @throws NodeError INVALID_PARAMETERS for an address that others read in another way, and for a database in memory
 */
export function sqlitePath(connection: string): string {
  const path = connection.slice(SCHEME.length);
  const rest = path.replace(/^\/+/, "");
  if (path.startsWith("//")) {
    throw refused(
      `\`connection\` is sqlite: with the path of a file behind it, and no slashes between: \`sqlite:${rest}\` or \`sqlite:/${rest}\``,
    );
  }
  if (path === "")
    throw refused("`connection` names no file: give the path behind `sqlite:`, such as `sqlite:data.db`");
  if (/^:memory:/i.test(path)) {
    throw refused(
      "A database in memory ends with its node, so that no other node would see it; name a file, or query tables with the node type `sql`",
    );
  }
  if (/^file:/i.test(path) || path.includes("?")) {
    throw refused(
      "`connection` is sqlite: with the path of a file; it takes neither `file:` nor settings behind a `?`",
    );
  }
  if (path.includes("\0")) throw refused("The path in `connection` holds a NUL character");
  return path;
}

/**
 * Where the file really is, with no link on the way: SQLite is told to follow none.
 *
 * @throws NodeError INVALID_PARAMETERS for a path outside of the roots
 */
export async function sqlitePlace({ files }: Pick<DriverWork, "files">, path: string): Promise<string> {
  return realPath(resolve(await rootedPath(files, path)));
}

/** Whether there is anything at a place. */
export async function isThere(place: string): Promise<boolean> {
  return access(place, constants.F_OK).then(
    () => true,
    () => false,
  );
}

function refused(message: string): NodeError {
  return new NodeError("INVALID_PARAMETERS", message, { retry: false });
}
