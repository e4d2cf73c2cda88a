/** Which secrets a flow reads. */
import type { Outline } from "./outline.js";

/** The names of the secrets that the nodes of a flow read, in expressions and in user code. Flows that they run are not looked into. */
export function secretNamesOf({ expressions }: Outline): Set<string> {
  const names = new Set<string>();
  for (const { secrets } of expressions?.byNode.values() ?? []) for (const name of secrets) names.add(name);
  return names;
}
