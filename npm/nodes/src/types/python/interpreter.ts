import { stat } from "node:fs/promises";
import { join } from "node:path";

import { NodeError } from "../../contract/error.js";

const isWindows = process.platform === "win32";
const DEFAULT = isWindows ? "python" : "python3";

/**
 * The program of an interpreter that is named by its name, its path, or the folder of its virtual environment.
 *
 * @throws NodeError INVALID_PARAMETERS for a folder without an interpreter
 */
export async function interpreterOf(given: string | undefined): Promise<string> {
  if (given === undefined) return DEFAULT;
  if (given.includes("\0")) throw new NodeError("INVALID_PARAMETERS", "`python` has a NUL character");
  const isThere = async (path: string, what: "isFile" | "isDirectory") =>
    (await stat(path).catch(() => undefined))?.[what]() === true;
  if (!/[/\\]|^\./.test(given) && !(await isThere(join(given, "pyvenv.cfg"), "isFile"))) return given;
  if (!(await isThere(given, "isDirectory"))) return given;
  const names = isWindows ? ["Scripts/python.exe", "python.exe"] : ["bin/python3", "bin/python"];
  for (const name of names) {
    const path = join(given, name);
    if (await isThere(path, "isFile")) return /^\.{0,2}[/\\]/.test(path) ? path : `./${path}`;
  }
  throw new NodeError(
    "INVALID_PARAMETERS",
    `The folder ${given} has no Python in it: there is no ${names.join(" or ")}`,
    {
      advice: [`Make a virtual environment there (\`${DEFAULT} -m venv ${given}\`), or correct \`python\`.`],
      retry: false,
    },
  );
}
