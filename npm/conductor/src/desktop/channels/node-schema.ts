/** What commands about nodes may be told: a quick look first, then the schema, which says what is wrong. */
import * as z from "zod";
import { constants } from "../../engine/constants.js";
import { issuesOf } from "../../services/schema.js";
import {
  executeSchema as declaredExecute,
  validateSchema as declaredValidate,
  LONGEST_ID,
  LONGEST_SLOWMO_MS,
} from "../../services/schemas.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { ConductorExecutionContext } from "../../types/execution.js";
import type { FlowLimits } from "../limits.js";
import type { SchemaIssue } from "../middleware.js";
import { isPlainlyValid } from "./node-shape.js";

export { issuesOf } from "../../services/schema.js";

/** Arguments of `execute`. */
export interface ExecuteArgs {
  node: NodeDefinition;
  context?: Partial<ConductorExecutionContext>;
}

const SHAPE_LIMITS = { id: LONGEST_ID, slowMo: LONGEST_SLOWMO_MS };

/** Arguments of `execute`, apart from how large the flow is. */
export const executeSchema = declaredExecute(z);
const validateSchema = declaredValidate(z);

/** What is wrong with the arguments of `execute`; empty when nothing is. Never names a value. */
export function executeProblems(args: unknown, limits: FlowLimits): SchemaIssue[] {
  const issues = sizeProblems(args, limits);
  return issues.length > 0 || isPlainlyValid(args, SHAPE_LIMITS) ? issues : issuesOf(executeSchema, args);
}

/** What is wrong with the arguments of `validate`. */
export function validateProblems(args: unknown, limits: FlowLimits): SchemaIssue[] {
  const issues = sizeProblems(args, limits);
  return issues.length > 0 ? issues : issuesOf(validateSchema, args);
}

/** Comes first, as what else is looked at goes down as deep as the flow is. */
function sizeProblems(args: unknown, limits: FlowLimits): SchemaIssue[] {
  const message = sizeProblem((args as { node?: unknown } | null | undefined)?.node, limits);
  return message === undefined ? [] : [{ path: ["node"], message }];
}

/** Which limit a flow passes. A node that contains itself passes that of the groups. */
function sizeProblem(node: unknown, limits: FlowLimits): string | undefined {
  let level = childrenOf(node);
  let count = 0;
  const most = constants().limits.groups;
  for (let groups = 1; level.length > 0; groups++) {
    if (groups > most) return `The limit "groups" is ${most}, found more`;
    count += level.length;
    if (count > limits.nodes) return `The limit "nodes" is ${limits.nodes}, found more`;
    level = level.flatMap(childrenOf);
  }
  return undefined;
}

function childrenOf(node: unknown): unknown[] {
  const nodes: unknown = (node as { nodes?: unknown } | null | undefined)?.nodes;
  return Array.isArray(nodes) ? nodes : [];
}
