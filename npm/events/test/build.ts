/** Builds the package before its tests, when what was built is missing or older than its sources. */
import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("../", import.meta.url));

export function setup(): void {
  const built = statSync(join(PACKAGE, "dist", "desktop.cjs"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(join(PACKAGE, "src"), { recursive: true, encoding: "utf8" });
  const newest = Math.max(...sources.map((name) => statSync(join(PACKAGE, "src", name)).mtimeMs));
  if (built >= newest) return;
  const tsdown = join(dirname(createRequire(import.meta.url).resolve("tsdown/package.json")), "dist", "run.mjs");
  execFileSync(process.execPath, [tsdown], { cwd: PACKAGE, stdio: "pipe" });
}
