/** Node types of this application. They run in the main process: they may use Electron and all of Node. */
import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createExecutionError, ErrorCode } from "@atomiton/conductor/types";
import { dialog } from "electron";

/**
 * What every executable is given beside its parameters, as far as these use it.
 *
 * @typedef {object} Params
 * @property {AbortSignal} signal fires when the run is cancelled
 * @property {(percent: number, message?: string) => void} progress
 * @property {(rule: string, message: string) => void} warn says what the result's reader should know of
 * @property {{ default?: unknown }} input
 */

/**
 * Asks for a folder. Its output is the folder's path.
 *
 * @type {import("@atomiton/conductor/types").NodeExecutable}
 */
const chooseFolder = {
  async execute() {
    const { canceled, filePaths } = await dialog.showOpenDialog({ properties: ["openDirectory"] });
    // A code says what kind of failure it is; this one that nobody is to blame.
    if (canceled) throw createExecutionError(ErrorCode.CANCELLED, "No folder was chosen");
    return filePaths[0];
  },
};

/**
 * Lists all files of the folder that comes in, at any depth, as `{ path, bytes }`.
 *
 * @type {import("@atomiton/conductor/types").NodeExecutable}
 */
const listFiles = {
  /** @param {Params} params */
  async execute({ input, signal, progress, warn }) {
    const root = /** @type {string} */ (input.default);
    const files = [];
    /** What may not be read is left out and counted: an application cannot read all that its user has. */
    let refused = 0;
    const folders = [root];
    // What is added while a list is gone through is gone through too.
    for (const [done, folder] of folders.entries()) {
      signal.throwIfAborted();
      progress((100 * done) / folders.length, `${files.length} files in ${done} folders`);
      try {
        for await (const entry of await opendir(folder)) {
          const path = join(folder, entry.name);
          // Links are not followed: they lead out of the folder, or round in circles.
          if (entry.isDirectory()) folders.push(path);
          if (!entry.isFile()) continue;
          const found = await stat(path).catch(() => undefined);
          if (found === undefined) refused++;
          else files.push({ path, bytes: found.size });
        }
      } catch (error) {
        if (folder === root) throw error;
        refused++;
      }
    }
    if (refused > 0) warn("left-out", `Some of it could not be read and is left out: ${refused}`);
    return files;
  },
};

/** By type. */
export const ownNodes = new Map([
  ["choose-folder", chooseFolder],
  ["list-files", listFiles],
]);
