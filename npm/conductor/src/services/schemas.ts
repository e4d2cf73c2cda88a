/**
 * The longer schemas: those of nodes, flows and requests. Unknown keys are kept: a node may carry what only its
 * application knows. Pages check no arguments, and have `page-schemas.ts` in the place of this.
 */
import type { ZodType } from "zod";
import type { Zod } from "./declaration.js";
import { number, object, record } from "./schema.js";

/** Slow motion of an hour a node is a mistake; so is a longer one. In ms. */
export const LONGEST_SLOWMO_MS = 60 * 60_000;
const LONGEST_DELAY_MS = 60_000;
/** Characters of an execution id. */
export const LONGEST_ID = 256;
/** Characters of the id of a saved flow. */
export const LONGEST_FLOW_ID = 1024;

function nodeSchema(z: Zod): ZodType {
  const text = z.string();
  const edge = object(z, {
    id: text.optional(),
    source: text,
    target: text,
    sourceHandle: text.nullish(),
    targetHandle: text.nullish(),
  });
  const metadata = object(z, {
    description: text.optional(),
    category: text.optional(),
    tags: z.array(text).optional(),
    icon: text.optional(),
    color: text.optional(),
  });
  const node: ZodType = object(z, {
    id: text.min(1, "Node ID is required"),
    type: text.min(1, "Node type is required"),
    version: text.optional(),
    parentId: text.nullish(),
    name: text.optional(),
    position: object(z, { x: number(z), y: number(z) }).optional(),
    metadata: metadata.optional(),
    parameters: record(z).optional(),
    nodes: z.array(z.lazy(() => node)).optional(),
    edges: z.array(edge).optional(),
  });
  return node;
}

function debugSchema(z: Zod): ZodType {
  const text = z.string();
  const delay = number(z, 0, LONGEST_DELAY_MS);
  const error = z.object({
    nodeId: text,
    errorType: z.enum(["generic", "timeout", "network", "validation", "permission"]),
    message: text.optional(),
    delayMs: delay.optional(),
  });
  return z.union([
    z.boolean(),
    object(z, {
      simulateError: error.optional(),
      simulateLongRunning: z.object({ nodeId: text, delayMs: delay }).optional(),
    }),
  ]);
}

/** Arguments of `execute`, apart from how large the flow is. */
export function executeSchema(z: Zod): ZodType {
  const context = object(z, {
    nodeId: z.string().optional(),
    executionId: z.string().max(LONGEST_ID).optional(),
    variables: record(z).optional(),
    input: record(z).optional(),
    parentContext: z.unknown().optional(),
    slowMo: number(z, 0, LONGEST_SLOWMO_MS).optional(),
    debug: debugSchema(z).optional(),
  });
  return z.object({ node: nodeSchema(z), context: context.nullish() });
}

/** Arguments of `validate`, likewise. */
export function validateSchema(z: Zod): ZodType {
  return z.object({ node: nodeSchema(z) });
}

/** The id of an execution that a store keeps; those of parts of executions name where they are. */
export function executionSchema(z: Zod) {
  return z.object({ executionId: z.string() });
}

/** Arguments of `view`. */
export function viewSchema(z: Zod): ZodType {
  return z.object({ executionId: z.string().min(1).max(LONGEST_ID), after: z.string().max(LONGEST_ID).optional() });
}

/** Arguments of `resumeExecution`. */
export function resumeSchema(z: Zod): ZodType {
  return executionSchema(z).extend({ options: z.strictObject({ anyVersion: z.boolean().optional() }).nullish() });
}

/** Arguments of `valueOfExecution`. */
export function valueSchema(z: Zod): ZodType {
  return executionSchema(z).extend({ nodeId: z.string() });
}

/** Arguments of `exportExecution`. An option that is not known might be one that leaves something out: it is refused. */
export function exportSchema(z: Zod): ZodType {
  const options = z.strictObject({
    redact: z.array(z.string()).optional(),
    withoutValues: z.boolean().optional(),
  });
  return executionSchema(z).extend({ options: options.nullish() });
}

/** Arguments of `importExecution`; the bytes are text in base64. */
export function importSchema(z: Zod): ZodType {
  return z.object({ data: z.string(), id: z.string().min(1).max(LONGEST_ID).optional() });
}

/** Arguments of `vacuumExecutions`. */
export function vacuumSchema(z: Zod): ZodType {
  const retention = z.strictObject({
    flowId: z.string().max(LONGEST_FLOW_ID).optional(),
    endedBefore: z.number().optional(),
    keepPerFlow: z.number().int().min(0).max(0xffff_ffff).optional(),
  });
  return z.strictObject({ retention: retention.optional() }).prefault({});
}

/** Arguments of `forkExecution`. Changes that are not known are refused where it is planned, so that they are said. */
export function forkSchema(z: Zod): ZodType {
  const changes = object(z, {
    from: z.union([z.string(), z.array(z.string())]).optional(),
    fromStep: z.number().optional(),
    fromRound: z.record(z.string(), z.number()).optional(),
    parameters: z.record(z.string(), record(z)).optional(),
    input: record(z).optional(),
    variables: record(z).optional(),
    flow: nodeSchema(z).optional(),
    executionId: z.string().max(LONGEST_ID).optional(),
  });
  return executionSchema(z).extend({ changes: changes.nullish() });
}

/** Arguments of `diffExecutions`. */
export function diffSchema(z: Zod): ZodType {
  return z.object({ a: z.string().max(LONGEST_ID), b: z.string().max(LONGEST_ID) });
}

/** Arguments of `deleteExecutions`. */
export function deletionSchema(z: Zod): ZodType {
  return z.object({ executionIds: z.array(z.string()) });
}

/** Arguments of `listExecutions`; what a filter may have is the store's to say. */
export function listSchema(z: Zod): ZodType {
  const options = z.object({ limit: z.number().int().min(1).max(1000).optional(), cursor: z.string().optional() });
  return z.object({ filter: record(z).optional(), options: options.optional() }).prefault({});
}

/** Arguments of `saveFlow`. */
export function saveSchema(z: Zod): ZodType {
  const flow = object(z, {
    id: z.string().min(1, "Flow ID is required").max(LONGEST_FLOW_ID).nullish(),
    name: z.string().optional(),
    nodes: z.array(z.unknown()),
    edges: z.array(z.unknown()).optional(),
    metadata: record(z).optional(),
  });
  return z.object({ flow, overwrite: z.boolean().optional(), ifVersion: z.number().int().min(0).optional() });
}

/** A request for a stored flow. */
export function requestSchema(z: Zod): ZodType {
  const flowId = z.string().min(1, "Flow ID is required").max(LONGEST_FLOW_ID).nullish();
  const positive = number(z, 0);
  return object(z, {
    flowId,
    compositeId: flowId,
    blueprintId: flowId,
    inputs: record(z).nullish(),
    context: object(z, {
      executionId: z.string().max(LONGEST_ID).nullish(),
      variables: record(z).nullish(),
    }).nullish(),
    options: object(z, { retries: positive.optional(), timeout: positive.optional() }).nullish(),
    config: object(z, {
      timeout: positive.optional(),
      maxRetries: positive.optional(),
      parallel: z.union([z.boolean(), positive]).optional(),
      debugMode: z.boolean().optional(),
      errorStrategy: z.enum(["fail", "continue", "retry"]).optional(),
    }).nullish(),
    metadata: record(z).nullish(),
  }).refine((request) => request.flowId ?? request.compositeId ?? request.blueprintId, {
    message: "Required",
    path: ["flowId"],
  });
}
