/** `npm run bench [-- --quick]`: measures the built packages side by side with peers. See tests/bench/run.mjs. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { setupOrExit } from "./setup.mjs";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
await setupOrExit({ withWasm: true });

const { status } = spawnSync(process.execPath, ["tests/bench/run.mjs", ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: "inherit",
});
process.exit(status ?? 1);
