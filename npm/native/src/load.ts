import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NativeError } from "./error.js";
import type * as addon from "./generated/addon.js";
import { platformName } from "./platform.js";

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));

/** What the addon exports. */
export type NativeAddon = typeof addon;

let loaded: NativeAddon | undefined;

/**
 * The addon for this platform, loaded on the first call: the file beside the package, as a checkout builds it, or else
 * the optional dependency `@atomiton/conductor-<platform>`.
 *
 * @throws NativeError `NATIVE_UNAVAILABLE` when it is missing or does not load; `NATIVE_VERSION_MISMATCH` when it was
 *   built for another version, naming both.
 */
export function loadAddon(): NativeAddon {
  loaded ??= open();
  return loaded;
}

/** Whether {@link loadAddon} would succeed. */
export function isAddonAvailable(): boolean {
  try {
    loadAddon();
    return true;
  } catch {
    return false;
  }
}

/** Refuses an addon that was built for another version than this package's. */
export function ofOwnVersion(addon: NativeAddon, from: string): NativeAddon {
  const expected = (require("../package.json") as { version: string }).version;
  const found = addon.addonVersion();
  if (found === expected) return addon;
  throw new NativeError(
    "NATIVE_VERSION_MISMATCH",
    `The native addon is version ${found}, but @atomiton/conductor-native is ${expected} (loaded from ${from}); install both in the same version`,
  );
}

function open(): NativeAddon {
  const platform = platformName();
  const beside = join(here, "..", `conductor.${platform}.node`);
  const from = existsSync(beside) ? beside : `@atomiton/conductor-${platform}`;
  let addon: NativeAddon;
  try {
    addon = require(from) as NativeAddon;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new NativeError("NATIVE_UNAVAILABLE", `The native addon for ${platform} could not be loaded: ${reason}`);
  }
  return ofOwnVersion(addon, from);
}
