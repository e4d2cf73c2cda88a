// Builds the addon with cargo and puts it beside this file under the name the loader looks for. `napi build` would name a target to
// cargo, which shares nothing with other builds of the checkout, and would write the addon anew even where it is the same.
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");

const { status, error } = spawnSync("cargo", ["build", "--release", "-p", "conductor-node"], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) {
  process.stderr.write(`The addon was not built: ${error?.message ?? `cargo ended with ${status}`}\n`);
  process.exit(1);
}

const library =
  { win32: "conductor_node.dll", darwin: "libconductor_node.dylib" }[process.platform] ?? "libconductor_node.so";
const built = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "release", library);
const target = join(here, `conductor.${platformName()}.node`);
if (!isSame(built, target)) {
  // A rename, because a running process may have the old file mapped; a name of its own, because two may build at once.
  const copy = `${target}.${process.pid}`;
  copyFileSync(built, copy);
  renameSync(copy, target);
}

/** The platform as the loader in `src/platform.ts` names it. */
function platformName() {
  const abi =
    process.platform === "linux" ? (process.report.getReport().header.glibcVersionRuntime ? "-gnu" : "-musl") : "";
  return `${process.platform}-${process.arch}${abi}`;
}

function isSame(one, other) {
  try {
    return statSync(one).size === statSync(other).size && readFileSync(one).equals(readFileSync(other));
  } catch {
    return false;
  }
}
