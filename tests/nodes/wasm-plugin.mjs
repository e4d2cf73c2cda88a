/** The plugin in Rust, which the tests of `wasm` call on a machine and in a page. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CRATE = fileURLToPath(new URL("wasm-plugin", import.meta.url));
const TARGET_FOLDER = fileURLToPath(new URL("../../target/wasm-plugin", import.meta.url));
const TARGET = "wasm32-unknown-unknown";

/** Builds it, and gives the path of its module. */
export function builtPlugin() {
  execFileSync("cargo", ["build", "--release", "--locked", "--target", TARGET, "--target-dir", TARGET_FOLDER], {
    cwd: CRATE,
    stdio: "inherit",
  });
  return join(TARGET_FOLDER, TARGET, "release", "wasm_plugin.wasm");
}
