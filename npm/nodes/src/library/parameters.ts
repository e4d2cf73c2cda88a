import type { ZodType } from "zod";

import { NodeError } from "../contract/error.js";
import type { NodeParams } from "../contract/executable.js";
import { type Issue, issueSentences } from "../contract/issues.js";
import { DURATION_EXAMPLES } from "../data/duration.js";
import type { NodeType } from "../definition/node-type.js";
import { after } from "./after.js";
import { compiledSchema } from "./compiled-schema.js";
import { withMs } from "./durations.js";
import { requiredMessage } from "./required-message.js";

/**
 * The parameters of a node type out of the flat object an executable is called with: unknown keys dropped, durations
 * turned into ms, defaults applied.
 *
 * @throws NodeError INVALID_PARAMETERS `Invalid <type> parameters: <a sentence for each>`; the schema's own error is its
 *   cause, with `issues`
 */
export function parseParameters(
  nodeType: NodeType,
  params: NodeParams,
): Record<string, unknown> | Promise<Record<string, unknown>> {
  return after(compiledSchema(nodeType.parameterSchema), (check) => parsedBy(check, nodeType, params));
}

function parsedBy(check: ZodType, nodeType: NodeType, params: NodeParams): Record<string, unknown> {
  const { properties } = nodeType.parameterSchema;
  const known: Record<string, unknown> = {};
  const given: Record<string, unknown> = {};
  for (const key of Object.keys(params)) {
    const schema = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (schema === undefined || params[key] === undefined) continue;
    given[key] = params[key];
    known[key] = withMs(schema, params[key]);
  }
  const result = check.safeParse(known);
  if (result.success) return result.data as Record<string, unknown>;
  const issues = result.error.issues.map((issue): Issue => {
    const schema = properties[String(issue.path[0])];
    const isWhole = issue.path.length === 1;
    if (isWhole && schema?.["x-duration"] && issue.code === "invalid_type") {
      return { path: issue.path, message: `expected a number of ms or a duration such as ${DURATION_EXAMPLES}` };
    }
    const message = requiredMessage(schema, issue.path.slice(1), issue.code);
    return message === undefined ? (issue as Issue) : { path: issue.path, message, code: "custom" };
  });
  throw new NodeError("INVALID_PARAMETERS", `Invalid ${nodeType.type} parameters: ${issueSentences(issues, given)}`, {
    cause: result.error,
  });
}
