/** Variables of the command line: their values, and names that nothing in the flow can read, which is how a misspelt one shows. */
import { getNodeDefinition } from "@atomiton/nodes/definitions";

import { mentions, variableOf, wrongVariables } from "../api/variables.js";
import { declaredVariables } from "../engine/declared-variables.js";
import type { NodeDefinition } from "../exports/node.js";
import { jsonOrText } from "./assignment.js";
import { UsageError } from "./exit.js";
import { oneLine } from "./text.js";

/**
 * The values of `--var`.
 *
 * @throws UsageError for what the flow does not allow, and for a name that looks misspelt. `isPart`: variables that are missing have values
 *   from elsewhere
 */
export function givenVariables(
  flow: NodeDefinition,
  texts: ReadonlyMap<string, string> = new Map(),
  { isPart = false } = {},
): Record<string, unknown> {
  const given = Object.fromEntries(
    [...texts].map(([name, text]) => [name, variableOf(flow, name, text, jsonOrText)] as const),
  );
  const [wrong] = wrongVariables(flow, given).filter(({ rule }) =>
    rule === "missing-variable" ? !isPart : rule !== "undeclared-variable" || tellsAll(flow),
  );
  if (wrong === undefined) return given;
  throw new UsageError(`--var ${oneLine(wrong.variable)}: ${oneLine(wrong.message)}`);
}

/** A line for each of the names that the flow neither declares nor has anywhere in its text. */
export function unusedVariables(flow: NodeDefinition, names: Iterable<string>): string[] {
  if (!tellsAll(flow)) return [];
  const declared = [...declaredVariables(flow).keys()];
  const known = declared.length === 0 ? "it declares none" : `it declares ${declared.map(oneLine).join(", ")}`;
  return [...names]
    .filter((name) => !declared.includes(name) && !mentions(flow, name))
    .map((name) => `--var ${oneLine(name)} was not used: the flow does not mention it; ${known}\n`);
}

/** Whether all that a flow reads is in its text: node types that are not the library's may read any variable. */
function tellsAll({ type, nodes = [] }: NodeDefinition): boolean {
  if (nodes.length > 0) return nodes.every(tellsAll);
  return getNodeDefinition(type) !== undefined;
}
