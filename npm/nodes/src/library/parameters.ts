import type { ZodType } from "zod";

import { NodeError } from "../contract/error.js";
import type { NodeParams } from "../contract/executable.js";
import type { NodeType } from "../definition/node-type.js";

const checks = new WeakMap<NodeType, ZodType>();

/**
 * The parameters of a node type out of the flat object an executable is called with: unknown keys dropped, defaults
 * applied.
 *
 * @throws NodeError INVALID_PARAMETERS `Invalid <type> parameters: <JSON array of issues>`
 */
export async function parseParameters(nodeType: NodeType, params: NodeParams): Promise<Record<string, unknown>> {
  const check = checks.get(nodeType) ?? (await compile(nodeType));
  const { properties } = nodeType.parameterSchema;
  const known: Record<string, unknown> = {};
  for (const key of Object.keys(properties)) {
    if (Object.hasOwn(params, key) && params[key] !== undefined) known[key] = params[key];
  }
  const result = check.safeParse(known);
  if (result.success) return result.data as Record<string, unknown>;
  const issues = result.error.issues.map((issue) => {
    const message = properties[String(issue.path[0])]?.["x-required-message"];
    const missing = issue.path.length === 1 && (issue.code === "invalid_type" || issue.code === "too_small");
    return missing && message !== undefined ? { ...issue, message } : issue;
  });
  throw new NodeError("INVALID_PARAMETERS", `Invalid ${nodeType.type} parameters: ${JSON.stringify(issues)}`);
}

async function compile(nodeType: NodeType): Promise<ZodType> {
  // Loaded when a node first runs, so that importing the library stays cheap.
  const { config, fromJSONSchema } = await import("./json-schema.js");
  const { jitless } = config();
  // Trying out `new Function`, as it otherwise does, is a violation of the CSP that pages ought to have.
  if ("window" in globalThis || "WorkerGlobalScope" in globalThis) config({ jitless: true });
  try {
    const check = fromJSONSchema(nodeType.parameterSchema as Parameters<typeof fromJSONSchema>[0]);
    checks.set(nodeType, check);
    return check;
  } finally {
    config({ jitless });
  }
}
