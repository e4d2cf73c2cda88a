import { NodeError } from "../contract/error.js";
import type { NodeType, ParameterSchema } from "../definition/node-type.js";

/** A setting of which `false` asks for something; others are off without it. */
const ASKS_BY_FALSE = "overwrite";

/**
 * Refuses parameters of a node that nothing reads beside the value of another one, as their `x-when` says. One that has its default,
 * or is off, was written by an editor; one that an edge brings is there for other nodes as well.
 *
 * @param names those that are refused, all unless given; of the others validation alone tells
 * @throws NodeError INVALID_PARAMETERS naming the parameter and what it is for
 */
export function refuseUnread(
  { parameterSchema: { properties } }: Pick<NodeType, "parameterSchema">,
  { parameters, isGiven }: { parameters: object; isGiven(name: never): boolean },
  names: readonly string[] = Object.keys(properties),
): void {
  const given = parameters as Readonly<Record<string, unknown>>;
  for (const name of names) {
    const { "x-when": when = {}, default: preset } = properties[name] as ParameterSchema;
    const value = given[name];
    if (!isGiven(name as never)) continue;
    if (value === undefined || value === preset || (value === false && name !== ASKS_BY_FALSE)) continue;
    for (const [other, values] of Object.entries(when)) {
      if (values.some((value) => value === given[other])) continue;
      const message = `\`${name}\` is for ${values.join(", ")}, and says nothing to ${String(given[other])}`;
      throw new NodeError("INVALID_PARAMETERS", message);
    }
  }
}
