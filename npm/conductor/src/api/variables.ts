/** Variables that a flow declares. */
import type { NodeDefinition } from "../types/definition.js";

/** Keys of which a declaration has at least one. */
const DECLARES = ["type", "defaultValue", "description"];

/** The values that a flow gives its variables: `variables: { name: { defaultValue: 5 } }`, or `{ name: 5 }` for short. */
export function defaultVariables(flow: NodeDefinition): Map<string, unknown> {
  const declared: unknown = flow.variables;
  const defaults = new Map<string, unknown>();
  if (typeof declared !== "object" || declared === null) return defaults;
  for (const [name, declaration] of Object.entries(declared)) {
    if (declaration === null) continue;
    const value: unknown = isDeclaration(declaration) ? declaration.defaultValue : declaration;
    if (value !== undefined) defaults.set(name, value);
  }
  return defaults;
}

/** Whether this says what a variable is, rather than being its value. */
function isDeclaration(value: unknown): value is { defaultValue?: unknown } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.keys(value).length === 0 || DECLARES.some((key) => Object.hasOwn(value, key));
}
