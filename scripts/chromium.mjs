/** Where Chromium is on this machine. */

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Names that Chromium and its kin go by, the likeliest first. */
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Where applications are that are never on the `PATH`. */
const APPLICATIONS = [
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** How to get it, for messages. */
export const CHROMIUM_HINT = "apt-get install chromium, or set CHROMIUM_PATH to the executable of a Chromium or Chrome";

/** How it is started for tests and benchmarks: without a screen, and without calling anybody by itself. */
export const CHROMIUM_ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * The executable that `CHROMIUM_PATH` names, else the first one on the `PATH` or among the applications; `undefined` when
 * there is none. A `CHROMIUM_PATH` that names no executable finds nothing, so that a slip in it is not hidden by another
 * browser.
 *
 * @param {Record<string, string | undefined>} env
 */
export function findChromium(env = process.env) {
  if (env.CHROMIUM_PATH) return isExecutable(env.CHROMIUM_PATH) ? env.CHROMIUM_PATH : undefined;
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...onPath, ...APPLICATIONS].find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
