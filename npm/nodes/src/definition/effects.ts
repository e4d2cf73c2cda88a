/** Parameters that decide what a node does to the world. */
import type { EffectsOf } from "../contract/effects.js";
import { handleValue, unwrap } from "../data/input.js";

/** Names in a sentence: `a`, `b` or `c`. */
function orText(values: readonly string[]): string {
  const names = values.map((value) => `\`${value}\``);
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

/** Effects of a type that only looks at the world with some values of a parameter; with all others it may change the world. */
export function readsWith(
  parameter: string,
  values: readonly string[],
  otherwise: string,
): { effects: EffectsOf; effectsNote: string } {
  return {
    effects: ({ [parameter]: value = otherwise }) =>
      (values as readonly unknown[]).includes(value) ? "reads" : "writes",
    effectsNote: `looks at the world with \`${parameter}\` ${orText(values)}, else changes it`,
  };
}

/** What an edge brings for a parameter, and the parameter where it brings nothing; as executables see it. */
export function broughtOr(input: unknown, name: string, parameter: unknown): unknown {
  return unwrap(handleValue(input, name)) ?? parameter;
}

/** Whether text anywhere in a value mentions a name, or may do so once its expressions are worked out. */
export function mayMention(value: unknown, name: string): boolean {
  if (value === undefined || value === null) return false;
  try {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    // With `\u` JSON can spell any name otherwise.
    return text === undefined || text.includes(name) || text.includes("\u0024{{") || text.includes("\\u");
  } catch {
    return true;
  }
}

/** Effects of a type that is there for the nodes inside it. */
export const effectsOfNodesInside = {
  effects: "none",
  effectsNote: "none of its own; the nodes inside have theirs",
} as const;
