/** What commands about nodes may be told. Unknown keys are kept: a node may carry what only its application knows. */
import { z } from "zod/v3";
import { constants } from "../../engine/constants.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { ConductorExecutionContext } from "../../types/execution.js";
import type { FlowLimits } from "../limits.js";
import { issueText, type Schema, type SchemaIssue } from "../middleware.js";
import { isPlainlyValid } from "./node-shape.js";

/** Arguments of `execute`. */
export interface ExecuteArgs {
  node: NodeDefinition;
  context?: Partial<ConductorExecutionContext>;
}

/** Slow motion of an hour a node is a mistake; so is a longer one. In ms. */
const LONGEST_SLOWMO_MS = 60 * 60_000;
const LONGEST_DELAY_MS = 60_000;
const LONGEST_ID = 256;
const SHAPE_LIMITS = { id: LONGEST_ID, slowMo: LONGEST_SLOWMO_MS };

const text = z.string();
const record = z.record(z.unknown());

const edgeSchema = z
  .object({
    id: text.optional(),
    source: text,
    target: text,
    sourceHandle: text.nullish(),
    targetHandle: text.nullish(),
  })
  .passthrough();

const nodeSchema: z.ZodTypeAny = z
  .object({
    id: text.min(1, "Node ID is required"),
    type: text.min(1, "Node type is required"),
    version: text.optional(),
    parentId: text.nullish(),
    name: text.optional(),
    position: z.object({ x: z.number(), y: z.number() }).passthrough().optional(),
    metadata: z
      .object({
        description: text.optional(),
        category: text.optional(),
        tags: z.array(text).optional(),
        icon: text.optional(),
        color: text.optional(),
      })
      .passthrough()
      .optional(),
    parameters: record.optional(),
    nodes: z.array(z.lazy(() => nodeSchema)).optional(),
    edges: z.array(edgeSchema).optional(),
  })
  .passthrough();

const debugSchema = z.union([
  z.boolean(),
  z
    .object({
      simulateError: z
        .object({
          nodeId: text,
          errorType: z.enum(["generic", "timeout", "network", "validation", "permission"]),
          message: text.optional(),
          delayMs: z.number().min(0).max(LONGEST_DELAY_MS).optional(),
        })
        .optional(),
      simulateLongRunning: z.object({ nodeId: text, delayMs: z.number().min(0).max(LONGEST_DELAY_MS) }).optional(),
    })
    .passthrough(),
]);

const contextSchema = z
  .object({
    nodeId: text.optional(),
    executionId: text.max(LONGEST_ID).optional(),
    variables: record.optional(),
    input: record.optional(),
    parentContext: z.unknown(),
    slowMo: z.number().min(0).max(LONGEST_SLOWMO_MS).optional(),
    debug: debugSchema.optional(),
  })
  .passthrough();

/** Arguments of `execute`, apart from how large the flow is. */
export const executeSchema = z.object({ node: nodeSchema, context: contextSchema.nullish() });
const validateSchema = z.object({ node: nodeSchema });

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

/** Issues in one line: `node.id: Required, node.type: Required`. */
export function issuesText(issues: readonly SchemaIssue[]): string {
  return issues.map(issueText).join(", ");
}

/** What a schema finds wrong. A schema must not be what ends a call, whatever it is given. */
export function issuesOf(schema: Schema, value: unknown): SchemaIssue[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => ({ path, message }));
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
