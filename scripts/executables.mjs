/** Finding programs on this machine. */

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * The executable that a variable of the environment names, else the first of these names on the `PATH`, else the first of
 * these paths; `undefined` without one. A variable that names no executable finds nothing, so that a slip in it is
 * not hidden by another program.
 *
 * @param {{ variable: string, names: string[], paths?: string[] }} program
 * @param {Record<string, string | undefined>} env
 */
export function findExecutable({ variable, names, paths = [] }, env = process.env) {
  if (env[variable]) return isExecutable(env[variable]) ? env[variable] : undefined;
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const onPath = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...onPath, ...paths].find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
