/** The engine as native addon. */
import { loadAddon } from "@atomiton/conductor-native";
import { type Backend, useBackend } from "./backend.js";

/** Loads the addon and makes it this environment's engine. Throws when there is none for the platform. */
export function useNativeBackend(): { backend: "native"; version: string } {
  const addon = loadAddon() as unknown as Backend & { addonVersion(): string };
  useBackend(addon);
  return { backend: "native", version: addon.addonVersion() };
}
