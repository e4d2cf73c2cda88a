/** Variables that a flow declares. */
import { coded } from "../engine/failure.js";
import type { NodeDefinition } from "../types/definition.js";

/** Keys of which a declaration has at least one. */
const DECLARES = ["type", "defaultValue", "description"];

/** The values that a flow gives its variables: `variables: { name: { defaultValue: 5 } }`, or `{ name: 5 }` for short. */
export function defaultVariables(flow: NodeDefinition): Map<string, unknown> {
  const declared: unknown = flow?.variables;
  const defaults = new Map<string, unknown>();
  if (typeof declared !== "object" || declared === null) return defaults;
  for (const [name, declaration] of Object.entries(declared)) {
    if (declaration === null) continue;
    const value: unknown = isDeclaration(declaration) ? declaration.defaultValue : declaration;
    if (value !== undefined) defaults.set(name, value);
  }
  return defaults;
}

/** The variables of a run: the values that are given, and for all others those that the flow gives them. */
export function withDefaults(
  flow: NodeDefinition,
  given: Record<string, unknown> | undefined,
): Record<string, unknown> {
  const defaults = defaultVariables(flow);
  return defaults.size === 0 ? (given ?? {}) : { ...Object.fromEntries(defaults), ...given };
}

/** Whether this says what a variable is, rather than being its value. */
function isDeclaration(value: unknown): value is { defaultValue?: unknown } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.keys(value).length === 0 || DECLARES.some((key) => Object.hasOwn(value, key));
}

/**
 * Demands that values for the variables of a flow are among those that it declares, and of the types that it says.
 *
 * @param name of the flow
 * @throws Error INVALID_PARAMETERS saying what the flow declares
 */
export function checkVariables(
  name: string,
  { variables }: NodeDefinition,
  given: Readonly<Record<string, unknown>>,
): void {
  const declared = (typeof variables === "object" && variables !== null ? variables : {}) as Record<string, unknown>;
  const names = Object.keys(declared);
  for (const [variable, value] of Object.entries(given)) {
    if (!Object.hasOwn(declared, variable)) {
      const known =
        names.length === 0 ? "it declares none" : `it declares ${names.map((each) => `\`${each}\``).join(", ")}`;
      throw coded("INVALID_PARAMETERS", `The flow \`${name}\` has no variable \`${variable}\`; ${known}`, undefined);
    }
    const declaration = declared[variable];
    const type = isDeclaration(declaration) ? (declaration as { type?: unknown }).type : undefined;
    const found = typeOf(value);
    if (
      typeof type !== "string" ||
      !TYPES.has(type) ||
      type === found ||
      (type === "integer" && Number.isInteger(value))
    )
      continue;
    throw coded(
      "INVALID_PARAMETERS",
      `The variable \`${variable}\` of the flow \`${name}\` is of type \`${type}\`, and was given ${found}`,
      undefined,
    );
  }
}

/** The types that a declaration may name; any other text says nothing that could be checked. */
const TYPES: ReadonlySet<string> = new Set(["string", "number", "integer", "boolean", "array", "object"]);

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
