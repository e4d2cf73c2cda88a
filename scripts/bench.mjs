/** `npm run bench [-- --quick]`: measures the built packages side by side with peers. See tests/bench/run.mjs. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const ENTRY = "@atomiton/conductor/desktop";

try {
  await import(ENTRY);
} catch (error) {
  process.stderr.write(`${ENTRY} cannot be loaded: ${error.message}\nBuild the packages first: npm run build\n`);
  process.exit(1);
}

const { status } = spawnSync(process.execPath, ["tests/bench/run.mjs", ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: "inherit",
});
process.exit(status ?? 1);
