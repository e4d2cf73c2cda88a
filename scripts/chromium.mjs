/** Where Chromium is on this machine. */

import { findExecutable } from "./executables.mjs";

const CHROMIUM = {
  variable: "CHROMIUM_PATH",
  /** Names that Chromium and its kin go by, the likeliest first. */
  names: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
  /** Where applications are that are never on the `PATH`. */
  paths: [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ],
};

/** How to get it, for messages. */
export const CHROMIUM_HINT = "apt-get install chromium, or set CHROMIUM_PATH to the executable of a Chromium or Chrome";

/** How it is started for tests and benchmarks: without a screen, and without calls to its maker's servers. */
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

/** Its executable; see {@link findExecutable}. */
export function findChromium(env = process.env) {
  return findExecutable(CHROMIUM, env);
}
