/** The owner's word on the reuse of outputs. */
import type { OutputCache } from "@atomiton/storage";

import { coded } from "../../engine/failure.js";

/** How outputs are reused. */
export interface CacheOptions {
  /**
   * Whose outputs are reused: those of nodes whose policy asks for it (`asking`, the default), or those of all nodes without effects
   * as well (`pure`), except where their policy says `cache: false`.
   */
  nodes?: "asking" | "pure";
  /** Bytes of a cache in memory of this process, which is used even if there is a store. */
  maxBytes?: number;
  /** The cache to use. */
  in?: OutputCache;
}

/** The setting `cache`, looked through. */
export interface CacheSettings {
  takesPure: boolean;
  maxBytes?: number;
  given?: OutputCache;
}

/**
 * The owner's word on the reuse of outputs; `undefined` where it is off.
 *
 * @throws Error INVALID_PARAMETERS for anything that it does not know
 */
export function cacheSettings(cache: unknown): CacheSettings | undefined {
  if (cache === undefined || cache === true) return { takesPure: false };
  if (cache === false) return undefined;
  if (isCache(cache)) return { takesPure: false, given: cache };
  const refused = (rule: string) => coded("INVALID_PARAMETERS", `The setting \`cache\` ${rule}`, undefined);
  if (typeof cache !== "object" || cache === null || Array.isArray(cache)) {
    throw refused("must be true, false, a cache of outputs, or an object of nodes, maxBytes and in");
  }
  const { nodes = "asking", maxBytes, in: given, ...others } = cache as Record<string, unknown>;
  const strange = Object.keys(others);
  if (strange.length > 0) throw refused(`may have nodes, maxBytes and in, found ${strange.join(", ")}`);
  if (nodes !== "asking" && nodes !== "pure") throw refused('must have `nodes: "asking"` or `nodes: "pure"`');
  if (maxBytes !== undefined && !(typeof maxBytes === "number" && maxBytes >= 1)) {
    throw refused("must have `maxBytes` as a number of bytes, at least 1");
  }
  if (given !== undefined && !isCache(given)) throw refused("must have `in` as a cache of outputs");
  if (given !== undefined && maxBytes !== undefined) {
    throw refused("may have `in` or `maxBytes`, not both: a cache that is given has a bound of its own");
  }
  return {
    takesPure: nodes === "pure",
    ...(maxBytes !== undefined && { maxBytes }),
    ...(given !== undefined && { given }),
  };
}

function isCache(value: unknown): value is OutputCache {
  const { find, keep } = (value ?? {}) as Partial<OutputCache>;
  return typeof find === "function" && typeof keep === "function";
}
