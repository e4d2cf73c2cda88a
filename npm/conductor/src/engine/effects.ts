/** What nodes do to the world, by what their types say. */
import type { Effects, EffectsOf } from "@atomiton/nodes";
import { isRecord } from "@atomiton/values";

/**
 * The effects of one node by what its type says; `writes` where that says nothing, or throws. As `effectsOf` of the node
 * library, which is not loaded for it.
 */
export function effectsBy(said: Effects | EffectsOf = "writes", parameters: unknown, input?: unknown): Effects {
  try {
    return typeof said === "function" ? said(isRecord(parameters) ? parameters : {}, input) : said;
  } catch {
    return "writes";
  }
}
