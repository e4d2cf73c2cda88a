/** Runs flows of examples by the command line, in a folder of the test's own. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ROOT } from "../../scripts/command.mjs";

const CLI = join(ROOT, "npm", "conductor", "bin", "conductor.js");

/** A flow of an example. */
export const flowOf = (example, name = example) => join(ROOT, "examples", example, `${name}.flow.yaml`);

/**
 * A folder from which the data of packages is reached as from the root. `conductor(...args)` runs the command there, with
 * `env` beside the environment, and gives `{ code, stdout, stderr }`; `file(...parts)` is the text of a file, `undefined`
 * where there is none.
 */
export function place(t, env = {}) {
  const folder = mkdtempSync(join(tmpdir(), "conductor example "));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "node_modules"));
  const data = join("node_modules", "vega-datasets");
  symlinkSync(join(ROOT, data), join(folder, data), "junction");
  return {
    folder,
    async conductor(...args) {
      const child = spawn(process.execPath, [CLI, ...args], { cwd: folder, env: { ...process.env, ...env } });
      const said = { stdout: "", stderr: "" };
      for (const stream of ["stdout", "stderr"]) {
        child[stream].setEncoding("utf8").on("data", (text) => {
          said[stream] += text;
        });
      }
      const [code] = await once(child, "close");
      return { code, ...said };
    },
    file(...parts) {
      const path = join(folder, ...parts);
      return existsSync(path) ? readFileSync(path, "utf8") : undefined;
    },
  };
}
