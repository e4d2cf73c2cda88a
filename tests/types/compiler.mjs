/** Runs the TypeScript compiler and reads what it says. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const COMPILER = fileURLToPath(import.meta.resolve("typescript/bin/tsc"));
const DIAGNOSTIC = /^(?:(?<file>.+)\((?<line>\d+),\d+\): )?error TS(?<code>\d+): (?<message>.*)$/;

/**
 * Compiles a project, without output.
 *
 * @param {string} folder where the compiler works; the files of diagnostics are relative to it
 * @param {string} project a configuration file, from there
 * @returns {Promise<{ file?: string, line?: number, code: string, message: string }[]>} the errors; `code` as in `TS2322`,
 *   `message` with the lines that explain it. Rejects when the compiler itself fails.
 */
export function diagnose(folder, project) {
  const args = [COMPILER, "--project", project, "--pretty", "false"];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const found = read(stdout);
      // Whatever ended it otherwise must not pass for a project without errors.
      if ((error === null) !== (found.length === 0)) reject(new Error(`${project}: ${stderr || stdout || error}`));
      else resolve(found);
    });
  });
}

function read(output) {
  const found = [];
  for (const text of output.split(/\r?\n/)) {
    const { file, line, code, message } = DIAGNOSTIC.exec(text)?.groups ?? {};
    if (code !== undefined) found.push({ file, line: line && Number(line), code: `TS${code}`, message });
    else if (text.startsWith(" ") && found.length > 0) found.at(-1).message += `\n  ${text.trimEnd()}`;
  }
  return found;
}
