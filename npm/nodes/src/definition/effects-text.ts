import type { NodeType } from "./node-type.js";

const EFFECTS = { none: "none", reads: "looks at the world", writes: "changes the world" } as const;

/** What carrying out a node does to the world, in words. */
export function effectsText({ effects, effectsNote }: Pick<NodeType, "effects" | "effectsNote">): string {
  if (effectsNote !== undefined) return effectsNote;
  return typeof effects === "function" ? "as its parameters say" : EFFECTS[effects];
}
