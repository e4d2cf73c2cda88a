/** The engine as native addon. */
import { loadAddon } from "@atomiton/conductor-native";
import type { Engine } from "./backend.js";

/**
 * The addon. It is loaded at once, because only then is it known whether there is one for the platform.
 *
 * @throws NativeError `NATIVE_UNAVAILABLE` without an addon for this platform, `NATIVE_VERSION_MISMATCH` for another version's
 */
export function nativeEngine(): Engine {
  const addon = loadAddon();
  return {
    backend: "native",
    version: addon.addonVersion(),
    constants: () => addon.constants(),
    start: () => addon,
  };
}
