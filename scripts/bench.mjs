/** `npm run bench [-- --quick]`: measures the built packages side by side with peers. See tests/bench/run.mjs. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const ENTRIES = ["@atomiton/conductor/desktop", "@atomiton/conductor-wasm"];

for (const entry of ENTRIES) {
  try {
    await import(entry);
  } catch (error) {
    process.stderr.write(`${entry} cannot be loaded: ${error.message}\nBuild the packages first: npm run build\n`);
    process.exit(1);
  }
}

const { status } = spawnSync(process.execPath, ["tests/bench/run.mjs", ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: "inherit",
});
process.exit(status ?? 1);
