/** Variables that a flow declares. */
import type { NodeDefinition } from "../types/definition.js";

/** The defaults that a flow gives its variables: `variables: {name: {defaultValue}}`. */
export function defaultVariables(flow: NodeDefinition): Map<string, unknown> {
  const declared = flow.variables;
  const defaults = new Map<string, unknown>();
  if (typeof declared !== "object" || declared === null) return defaults;
  for (const [name, declaration] of Object.entries(declared)) {
    const value = (declaration as { defaultValue?: unknown } | null)?.defaultValue;
    if (value !== undefined) defaults.set(name, value);
  }
  return defaults;
}
