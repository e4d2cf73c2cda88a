/** The API in this process: nodes run here, flows are kept in this conductor's storage. */

import { coded } from "../engine/failure.js";
import type { FlowProblem } from "../engine/flows.js";
import { problemWithPlace, validateFlow } from "../engine/flows.js";
import { getErrorRecoveryStrategy } from "../engine/recovery.js";
import { demandNames } from "../engine/setting-names.js";
import type { ConductorEventEmitter } from "../events/emitter.js";
import type { Isolate } from "../events/isolate.js";
import { progressEventOf } from "../events/progress-event.js";
import type { AuthApi } from "../services/auth.js";
import { SERVICES, type Services, serviceOf } from "../services/contract.js";
import type { ExecutionsApi } from "../services/executions.js";
import type { FlowApi } from "../services/flow.js";
import type { ExecutionEvents, NodeApi } from "../services/node.js";
import type { NodesApi } from "../services/nodes.js";
import type { StorageApi } from "../services/storage.js";
import type { SystemApi } from "../services/system.js";
import { refusedNode } from "../transports/remote/node.js";
import type { TokenStore } from "../transports/token-store.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ExecutionResult, ExecutionTrace } from "../types/execution.js";
import { asLoaded, demandChildren } from "../types/flow.js";
import type { NodeCompleteEvent, NodeErrorEvent } from "../types/progress-event.js";
import { Callbacks } from "./callbacks.js";
import type { Environment, Templates } from "./environment.js";
import type { ExecutionRef } from "./execution.js";
import { FlowStorageError, type FlowStore } from "./flow-store.js";
import { RunResult } from "./result.js";
import type { Runs } from "./runs.js";

/** What the services in this process are made of. */
export interface LocalParts {
  environment: Environment;
  /** Tells which node types there are. */
  nodes: NodesApi;
  runs: Runs;
  events: ConductorEventEmitter;
  flows: FlowStore;
  isolate: Isolate;
  tokens: TokenStore;
  health: SystemApi["health"];
}

/** The API of a conductor that runs nodes in this process. */
export function localServices(parts: LocalParts): Services {
  const node = localNode(parts);
  return {
    node,
    nodes: parts.nodes,
    executions: localExecutions(parts.runs),
    flow: localFlow(parts, node),
    storage: localFlows(parts),
    auth: noSessions(parts.tokens),
    system: { health: parts.health, restart: parts.environment.restart },
  };
}

function localNode({ environment, runs, events, isolate }: LocalParts): NodeApi {
  return {
    run: environment.rejectsInvalidNodes
      ? (node, context) => runs.run(node, context)
      : async (node, context) =>
          refusedNode(withTextAsId(node), context, getErrorRecoveryStrategy) ?? runs.run(node, context),
    async validate(node) {
      const missing = missingFields(node);
      if (missing.length > 0) return { valid: false, errors: missing };
      const types = environment.types();
      const problems =
        (await environment.workerHost?.problems(node, types.closed === true)) ?? validateFlow(node, types);
      problems.push(...((await environment.pathProblems?.(node)) ?? []), ...(await runs.labelWarnings(node)));
      const told = (wanted: FlowProblem["severity"]) =>
        problems.filter(({ severity }) => severity === wanted).map(problemWithPlace);
      const [errors, warnings] = [told("error"), told("warning")];
      return { valid: errors.length === 0, errors, ...(warnings.length > 0 && { warnings }) };
    },
    async cancel(executionId) {
      if (!runs.cancel(executionId)) await (await runs.keptOpen(executionId))?.cancel(executionId);
    },
    async pause(executionId) {
      if (!runs.pause(executionId, true)) await (await runs.keptOpen(executionId))?.pause(executionId);
    },
    async resume(executionId) {
      if (!runs.pause(executionId, false)) await (await runs.keptOpen(executionId))?.release(executionId);
    },
    async active() {
      return runs.list();
    },
    view: runs.view,
    async attach(executionId) {
      const result = runs.attach(executionId);
      if (result === undefined) throw coded("NODE_NOT_FOUND", `Execution ${executionId} not found`, undefined);
      return result;
    },
    ...localEvents(runs, events, isolate),
  };
}

function localExecutions(runs: Runs): ExecutionsApi {
  /** What looks after executions of the store, for calls that name some. */
  const kept = async (...ids: string[]) => {
    for (const id of ids) demandId(id);
    return runs.kept();
  };
  const store = async () => (await kept()).store;
  return {
    waiting: (executionId) => runs.waiting(executionId),
    answer: (id, answer) => runs.answer(id, answer),
    list: async (filter, options) => (await store()).list(filter, options),
    get: async (executionId) => (await kept(executionId)).described(executionId),
    async trace(executionId) {
      return (await (await kept(executionId)).lookBack(executionId)).trace as ExecutionTrace;
    },
    async value(executionId, nodeId) {
      const result = await (await kept(executionId)).lookBack(executionId);
      if (RunResult.hasNode(result, nodeId)) return result.outputs?.[nodeId];
      throw coded("NODE_NOT_FOUND", `The flow of the execution ${executionId} has no node \`${nodeId}\``, undefined);
    },
    logs: async (executionId) => [...(await (await kept(executionId)).recorded(executionId)).history.log],
    async export(executionId, options) {
      const { exportExecution } = await import("./replay/portable.js");
      return exportExecution(await (await kept(executionId)).store, executionId, options);
    },
    import: async (bytes, options = {}) => (await kept()).durability.import(bytes, options),
    async resume(executionId, options) {
      demandId(executionId);
      demandNames("resume", options ?? {}, ["anyVersion"]);
      return runs.resume(executionId, options ?? {});
    },
    async cancel(executionId) {
      const inStore = await kept(executionId);
      if (!runs.cancel(executionId)) await inStore.cancel(executionId);
    },
    fork: async (executionId, changes) => (await kept(executionId)).fork(executionId, changes),
    diff: async (a, b) => (await kept(a, b)).diff(a, b),
    result: async (executionId) => (await kept(executionId)).result(executionId),
    async vacuum(retention = {}) {
      const pruned = await store();
      const { bytes: bytesBefore } = await pruned.figures();
      const deleted = await pruned.prune(retention);
      await pruned.vacuum();
      return { deleted, bytesBefore, bytesAfter: (await pruned.figures()).bytes };
    },
    async delete(executionIds) {
      const isList = Array.isArray(executionIds) && executionIds.every((id) => typeof id === "string");
      if (!isList) throw coded("INVALID_PARAMETERS", "Executions are deleted by a list of their ids", undefined);
      return (await store()).delete(executionIds);
    },
    onQuestion: (callback) => runs.questions.onQuestion(callback),
  };
}

/** @throws Error INVALID_PARAMETERS for what is no id of an execution */
function demandId(id: unknown): void {
  if (typeof id === "string" && id !== "") return;
  const found = id === "" ? "an empty text" : id === null ? "null" : `a value of type ${typeof id}`;
  throw coded("INVALID_PARAMETERS", `An execution is named by its id, a text; found ${found}`, undefined);
}

/** An id that is not text counts as missing. */
function withTextAsId(node: NodeDefinition): NodeDefinition {
  const id: unknown = node?.id;
  return typeof id === "string" || !id ? node : { ...node, id: "" };
}

function localEvents(runs: Runs, events: ConductorEventEmitter, isolate: Isolate): ExecutionEvents {
  const completed = new Callbacks<NodeCompleteEvent>(isolate);
  const failed = new Callbacks<NodeErrorEvent>(isolate);
  runs.onEnd = (context, result) => {
    if (result.success) completed.tell(() => completeEventOf(context, result));
    else failed.tell(() => errorEventOf(context, result));
  };
  return {
    onProgress: (callback) => events.onProgress((state) => callback(progressEventOf(state))),
    onComplete: completed.add,
    onError: failed.add,
  };
}

/** How an execution's success is told. */
export function completeEventOf(
  { nodeId, executionId }: ExecutionRef,
  result: ExecutionResult,
  timestamp = Date.now(),
): NodeCompleteEvent {
  return { nodeId, executionId, result, output: result.data, timestamp };
}

/** How an execution's failure is told. */
export function errorEventOf(
  context: ExecutionRef,
  { error }: Pick<ExecutionResult, "error">,
  timestamp = Date.now(),
): NodeErrorEvent {
  const { message = "", code, nodeId = context.nodeId } = error ?? {};
  const { executionId } = context;
  return { nodeId, executionId, error: message, ...(code !== undefined && { code }), timestamp };
}

/** Flows to start from, as callers ask for them. */
export function templatesApi(templates: Templates): Pick<FlowApi, "listTemplates" | "getTemplate"> {
  return {
    listTemplates: async () => ({ templates: templates.list() }),
    async getTemplate(id) {
      const definition = templates.get(id);
      if (definition === undefined) throw coded("NODE_NOT_FOUND", `Flow template ${id} not found`, undefined);
      return { definition };
    },
  };
}

function localFlow({ environment, flows }: LocalParts, node: NodeApi): FlowApi {
  const { templates } = environment;
  const { listTemplates, getTemplate } = templatesApi(templates);
  return {
    async run(flow, context) {
      demandChildren(flow);
      return node.run(flow, context);
    },
    listTemplates,
    getTemplate,
    async loadFlow(id, options) {
      if (options?.version !== undefined) return asLoaded(await flows.loadFlow(id, options));
      const found = templates.get(id) ?? (await flows.get(id));
      return found ? asLoaded(found) : (await getTemplate(id)).definition;
    },
    history: flows.flowHistory,
    restore: flows.restoreFlow,
    onProgress: node.onProgress,
    onComplete: node.onComplete,
    onError: node.onError,
  };
}

function localFlows({ environment, flows }: LocalParts): StorageApi {
  const { missingFlow } = environment;
  return {
    ...serviceOf(SERVICES.storage, flows),
    async saveFlow(flow, options) {
      const isEmpty = !Array.isArray(flow?.nodes) || flow.nodes.length === 0;
      if (isEmpty && options?.allowEmpty !== true) throw new Error("Flow must contain at least one node");
      return flows.saveFlow(flow, options);
    },
    async loadFlow(id, options) {
      if (missingFlow === undefined || options?.version !== undefined) return flows.loadFlow(id, options);
      return flows.loadFlow(id).catch((error) => {
        throw error?.code === "NODE_NOT_FOUND" ? new FlowStorageError("NODE_NOT_FOUND", missingFlow) : error;
      });
    },
  };
}

/** Sessions are with a server; this process has no sessions. A token may be left from one that there was. */
function noSessions(tokens: TokenStore): AuthApi {
  const rejected = async (): Promise<never> => {
    throw noServer();
  };
  return {
    async login(credentials) {
      if (!credentials?.username || !credentials.password) throw new Error("Invalid credentials");
      throw noServer();
    },
    redeem: rejected,
    async logout() {
      tokens.clear();
    },
    getCurrentUser: async () => null,
    async refreshToken() {
      throw tokens.get() === null ? new Error("No token to refresh") : noServer();
    },
    changePassword: rejected,
    listSessions: rejected,
    endSession: rejected,
    endOtherSessions: rejected,
    onAuthExpired: () => () => {},
  };
}

function noServer(): Error {
  return new Error("No transport available for authentication");
}

/** What a node cannot do without, in the words that callers know. */
function missingFields(node: NodeDefinition): string[] {
  return (["id", "type"] as const)
    .filter((field) => typeof node?.[field] !== "string" || node[field] === "")
    .map((field) => `Node must have ${field === "id" ? "an id" : "a type"}`);
}
