/**
 * The resources of the API: each is a command under the path and method that people expect. One table, of which the routes and
 * `openapi.json` are made.
 */

import { EXECUTION_STATUSES } from "@atomiton/storage";
import * as z from "zod";
import { FORK_CHANGES } from "../api/durable/fork.js";
import {
  forkSchema,
  LONGEST_FLOW_ID,
  LONGEST_ID,
  requestSchema,
  saveSchema,
  vacuumSchema,
} from "../services/schemas.js";
import { moment } from "../services/triggers.js";
import { type KeyedExecution, keyedOf } from "../types/cause.js";
import type { ExecutionConfig, ExecutionOptions } from "../types/request.js";

/** What a request brings. */
export interface Given {
  params: Readonly<Record<string, string>>;
  /** As the schema of the resource reads it. */
  query: Readonly<Record<string, unknown>>;
  body: unknown;
  /** The number of `If-Match`; 0 for `If-None-Match: *`. */
  ifVersion?: number;
}

/** A resource under a method. */
export interface Resource {
  method: "get" | "post" | "put" | "delete";
  /** Below the base of the API, with `:name` for what varies. */
  path: string;
  /** For people, in a few words. */
  summary: string;
  /** The command that carries it out. */
  command: readonly [channel: string, command: string];
  query?: z.ZodObject;
  body?: z.ZodType;
  /** The argument of the command. */
  args(given: Given): unknown;
  /**
   * How the answer goes out. Default: as JSON with the status 200; `value` is the same for what nodes made, `deleted` for a number of
   * executions, of which none is an error.
   */
  answers?: "created" | "nothing" | "file" | "flow" | "value" | "deleted";
  /** Whether `If-Match` counts. */
  isVersioned?: true;
  /** Whether its body is a flow, of whose problems the answer tells. */
  isFlow?: true;
  /** Its argument for a request with an `Idempotency-Key`; missing where it begins no execution. */
  keyed?(given: Given, keyed: KeyedExecution): unknown;
}

const text = z.string().max(LONGEST_ID);
/** Numbers stand in a query as JSON writes them: an empty text, `0x10` and blanks are refused. */
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
const numeral = (text: unknown) => (typeof text === "string" && NUMBER.test(text) ? Number(text) : text);
const count = (least = 0, most = Number.MAX_SAFE_INTEGER) =>
  z.preprocess(numeral, z.number().int().min(least).max(most));
const ms = z.preprocess(numeral, z.number()).describe("ms since the epoch");

const byId = ({ params }: Given) => ({ executionId: params.id });

/** Those of what is under way, which older pages name by the bare id. */
const bareId = ({ params }: Given) => params.id;

const firing = ({ params, body }: Given) => ({
  flowId: params.flowId,
  nodeId: params.nodeId,
  ...(body as object | undefined),
});

const saving = ({ params, body, ifVersion }: Given) => ({
  flow: { ...(body as object), ...(params.id !== undefined && { id: params.id }) },
  ...(ifVersion !== undefined && { ifVersion }),
});

const flowSchema = (saveSchema(z) as z.ZodObject).shape.flow as z.ZodType;
/** Other changes are refused where a fork is planned. */
const changesSchema = ((forkSchema(z) as z.ZodObject).shape.changes as z.ZodType).meta({
  propertyNames: { enum: FORK_CHANGES },
});

/** Every one of them. */
export const RESOURCES: readonly Resource[] = [
  {
    method: "get",
    path: "/flows",
    summary: "List the saved flows",
    command: ["storage", "listFlows"],
    query: z.strictObject({
      limit: count(0, 1000).optional(),
      offset: count().optional(),
      sortBy: z.enum(["name", "savedAt", "updatedAt"]).optional(),
      sortOrder: z.enum(["asc", "desc"]).optional(),
    }),
    args: ({ query }) => query,
  },
  {
    method: "post",
    path: "/flows",
    summary: "Save a flow, under its id or a new one, also one with problems, of which the answer tells",
    command: ["storage", "saveFlow"],
    body: flowSchema,
    isFlow: true,
    args: saving,
    isVersioned: true,
    answers: "created",
  },
  {
    method: "get",
    path: "/flows/:id",
    summary: "A saved flow, the last version or the one that is asked for; its ETag is the number of the version",
    command: ["storage", "loadFlow"],
    query: z.strictObject({ version: count(1).optional() }),
    args: ({ params, query }) => ({ id: params.id, ...query }),
    answers: "flow",
  },
  {
    method: "put",
    path: "/flows/:id",
    summary: "Save a flow under this id, as by POST; with If-Match only on top of that version",
    command: ["storage", "saveFlow"],
    body: flowSchema,
    isFlow: true,
    args: saving,
    isVersioned: true,
    answers: "flow",
  },
  {
    method: "delete",
    path: "/flows/:id",
    summary: "Delete a flow; its history stays",
    command: ["storage", "deleteFlow"],
    args: ({ params }) => ({ id: params.id }),
    answers: "nothing",
  },
  {
    method: "get",
    path: "/flows/:id/versions",
    summary: "The versions of a flow, the last one first",
    command: ["storage", "flowHistory"],
    query: z.strictObject({ limit: count(1, 1000).optional(), before: count(1).optional() }),
    args: ({ params, query }) => ({ id: params.id, ...query }),
  },
  {
    method: "post",
    path: "/flows/:id/versions/:version/restore",
    summary: "Save an earlier version again, as a new one",
    command: ["storage", "restoreFlow"],
    args: ({ params, ifVersion }) => ({
      id: params.id,
      version: /^\d+$/.test(params.version ?? "") ? Number(params.version) : Number.NaN,
      ...(ifVersion !== undefined && { ifVersion }),
    }),
    isVersioned: true,
  },
  {
    method: "get",
    path: "/executions",
    summary: "A page of the executions, those that began last first",
    command: ["node", "listExecutions"],
    query: z.strictObject({
      status: z.enum(EXECUTION_STATUSES).optional(),
      flowId: z.string().max(LONGEST_FLOW_ID).optional(),
      text: text.optional(),
      from: ms.optional(),
      to: ms.optional(),
      endedFrom: ms.optional(),
      limit: count(1, 1000).optional(),
      cursor: z.string().max(1024).optional(),
    }),
    args({ query: { limit, cursor, ...filter } }) {
      return { filter, options: { ...(limit !== undefined && { limit }), ...(cursor !== undefined && { cursor }) } };
    },
  },
  {
    method: "get",
    path: "/active-executions",
    summary: "The executions that are under way in this process",
    command: ["node", "active"],
    args: () => undefined,
  },
  {
    method: "get",
    path: "/questions",
    summary: "The questions that executions ask people",
    command: ["node", "waiting"],
    query: z.strictObject({ executionId: text.optional() }),
    args: ({ query }) => query,
  },
  {
    method: "post",
    path: "/questions/:id/answer",
    summary: "Answer a question, by its id or by that of an execution which asks only one",
    command: ["node", "answer"],
    body: z.object({ answer: z.unknown() }),
    args: ({ params, body }) => ({ id: params.id, answer: (body as { answer: unknown }).answer }),
  },
  {
    method: "get",
    path: "/executions/:id",
    summary: "How an execution stands, and what is known of it",
    command: ["node", "getExecution"],
    args: byId,
  },
  {
    method: "get",
    path: "/executions/:id/trace",
    summary: "What happened in an execution, up to now or to its end",
    command: ["node", "traceOfExecution"],
    args: byId,
  },
  {
    method: "get",
    path: "/executions/:id/values/:nodeId",
    summary: "The output of a node; null where it left none",
    command: ["node", "valueOfExecution"],
    args: ({ params }) => ({ executionId: params.id, nodeId: params.nodeId }),
    answers: "value",
  },
  {
    method: "get",
    path: "/executions/:id/logs",
    summary: "What the nodes of an execution said",
    command: ["node", "logsOfExecution"],
    args: byId,
  },
  {
    method: "get",
    path: "/executions/:id/export",
    summary: "An execution as one file, to be stepped through anywhere",
    command: ["node", "exportExecution"],
    query: z.strictObject({
      redact: z.union([text, z.array(text)]).optional(),
      withoutValues: z.enum(["true", "false"]).optional(),
    }),
    args: ({ params, query: { redact, withoutValues } }) => ({
      executionId: params.id,
      options: {
        ...(redact !== undefined && { redact: [redact].flat() }),
        ...(withoutValues === "true" && { withoutValues: true }),
      },
    }),
    answers: "file",
  },
  {
    method: "post",
    path: "/executions/:id/cancel",
    summary: "End an execution that is not over",
    command: ["node", "cancel"],
    args: bareId,
  },
  {
    method: "post",
    path: "/executions/:id/pause",
    summary: "Let an execution start no further node",
    command: ["node", "pause"],
    args: bareId,
  },
  {
    method: "post",
    path: "/executions/:id/resume",
    summary: "Go on after a pause",
    command: ["node", "resume"],
    args: bareId,
  },
  {
    method: "post",
    path: "/executions/:id/fork",
    summary: "Begin a new execution from an old one, with changes",
    command: ["node", "forkExecution"],
    body: changesSchema,
    args: ({ params, body }) => ({ executionId: params.id, changes: body }),
    answers: "created",
  },
  {
    method: "get",
    path: "/executions/:id/diff/:other",
    summary: "What two executions differ in",
    command: ["node", "diffExecutions"],
    args: ({ params }) => ({ a: params.id, b: params.other }),
  },
  {
    method: "delete",
    path: "/executions/:id",
    summary: "Delete an execution that is over",
    command: ["node", "deleteExecutions"],
    args: ({ params }) => ({ executionIds: [params.id] }),
    answers: "deleted",
  },
  {
    method: "post",
    path: "/vacuum",
    summary: "Delete executions by age and number, and give their room back",
    command: ["node", "vacuumExecutions"],
    body: vacuumSchema(z),
    args: ({ body }) => body,
  },
  {
    method: "get",
    path: "/triggers",
    summary: "The triggers of the saved flows: whether they are armed, what is wrong, when they fire next",
    command: ["trigger", "list"],
    args: () => undefined,
  },
  {
    method: "post",
    path: "/triggers/:flowId/:nodeId/fire",
    summary: "Begin an execution now, as the trigger does",
    command: ["trigger", "fire"],
    body: z.strictObject({ data: z.record(z.string(), z.unknown()).optional() }).optional(),
    args: firing,
    keyed: (given, keyed) => ({ ...firing(given), [keyedOf]: keyed }),
    answers: "created",
  },
  {
    method: "post",
    path: "/triggers/:flowId/:nodeId/test-address",
    summary: "An address that takes one request for a webhook within ten minutes, also while that is off",
    command: ["trigger", "testAddress"],
    args: ({ params }) => ({ flowId: params.flowId, nodeId: params.nodeId }),
    answers: "created",
  },
  {
    method: "get",
    path: "/schedules",
    summary: "The times of the armed schedules in a range, 1,000 of each at most",
    command: ["trigger", "times"],
    query: z.strictObject({ from: ms, to: ms }),
    args: ({ query }) => query,
  },
  {
    method: "post",
    path: "/schedules/:flowId/:nodeId/backfill",
    summary:
      "Begin executions for the times of a schedule in a range that is over, as far as there are none; answers at their end",
    command: ["trigger", "backfill"],
    body: z.strictObject({ from: moment(z), to: moment(z) }),
    args: ({ params, body }) => ({ flowId: params.flowId, nodeId: params.nodeId, ...(body as object) }),
  },
  {
    method: "get",
    path: "/secrets",
    summary: "List the secrets and the saved flows that read them; what they are is never told",
    command: ["secret", "list"],
    args: () => undefined,
  },
  {
    method: "put",
    path: "/secrets/:name",
    summary: "Set a secret",
    command: ["secret", "set"],
    body: z.strictObject({ value: z.string().min(1) }),
    args: ({ params, body }) => ({ ...(body as object), name: params.name }),
    answers: "nothing",
  },
  {
    method: "delete",
    path: "/secrets/:name",
    summary: "Remove a secret",
    command: ["secret", "remove"],
    args: ({ params }) => ({ name: params.name }),
    answers: "nothing",
  },
  {
    method: "get",
    path: "/nodes",
    summary: "The node types that flows can have; `refused` says why nodes of a type do nothing on this server",
    command: ["node", "listTypes"],
    args: () => undefined,
  },
  {
    method: "get",
    path: "/nodes/:type",
    summary: "All that is known of a node type: its parameters, handles, limits and examples",
    command: ["node", "getType"],
    args: ({ params }) => ({ type: params.type }),
  },
  {
    method: "get",
    path: "/templates",
    summary: "List the templates",
    command: ["flow", "listTemplates"],
    args: () => ({}),
  },
  {
    method: "get",
    path: "/templates/:id",
    summary: "The flow of a template",
    command: ["flow", "getTemplate"],
    args: ({ params }) => ({ id: params.id }),
  },
];

const any = z.unknown().optional();
const OPTIONS = { retries: any, timeout: any, fallback: any } satisfies Record<keyof ExecutionOptions, unknown>;
const CONFIG = {
  timeout: any,
  maxMemory: any,
  maxRetries: any,
  parallel: any,
  debugMode: any,
  errorStrategy: any,
} satisfies Record<keyof ExecutionConfig, unknown>;

/** What runs a saved flow: `/flows/:id/run`, with the request that `/execute` takes, without the id. */
export const RUN = {
  path: "/flows/:id/run",
  summary: "Run a saved flow, and answer with its result, or with 202 once `wait` is over",
  command: ["conductor", "execute"],
  query: z.strictObject({
    wait: z
      .string()
      .max(20)
      .regex(/^\d+((\.\d+)?(ms|s|m|h|d))?$/, "must be ms, or a duration such as 30s")
      .optional()
      .describe(
        "how long to wait for the result: ms, or a duration such as 30s; only on servers with a store. Default: until it is there",
      ),
  }),
  // What else a body may hold is checked as that of `/execute` is. Other keys are mistakes, such as `input`.
  body: z.strictObject({
    inputs: z.record(z.string(), z.unknown()).nullish(),
    variables: z.record(z.string(), z.unknown()).nullish(),
    context: z.record(z.string(), z.unknown()).nullish(),
    options: z.strictObject(OPTIONS).nullish(),
    config: z.strictObject(CONFIG).nullish(),
    metadata: z.record(z.string(), z.unknown()).nullish(),
  }),
} as const;

/** The query of `/events`. */
export const EVENTS_QUERY = z.strictObject({ executionId: text.optional().describe("tells of this execution only") });

/** The body of `/execute`. */
export const REQUEST = requestSchema(z);
