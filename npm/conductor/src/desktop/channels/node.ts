/** The channel that runs nodes for pages, and tells all windows what becomes of them. */
import { nodeTypes } from "@atomiton/nodes/definitions";
import { messageOf } from "@atomiton/values";
import { failure } from "../../engine/failure.js";
import { problemWithPlace, validateFlow } from "../../engine/flows.js";
import { libraryTypes } from "../../engine/library-types.js";
import { progressEventOf } from "../../events/progress-event.js";
import { activeOf } from "../../executions/registry.js";
import type { Unsubscribe } from "../../services/declaration.js";
import type { ExecutionsApi } from "../../services/executions.js";
import type { ActiveExecution, NodeApi, ValidationResult } from "../../services/node.js";
import type { NodesApi } from "../../services/nodes.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { ConductorExecutionContext, ExecutionResult } from "../../types/execution.js";
import type { ExecutionGraphState } from "../../types/graph.js";
import type { NodeId } from "../../types/ids.js";
import type { NodeCompleteEvent, NodeErrorEvent, NodeProgressEvent } from "../../types/progress-event.js";
import type { OpenQuestion } from "../../types/question.js";
import type { HealthResult } from "../../types/transport.js";
import { type ChannelOptions, type ChannelServer, withCode } from "../channel-server.js";
import { plainResult, plainTrace, untracedResult } from "../cloneable-result.js";
import type { IpcHandlers } from "../electron.js";
import { type Execution, Executions } from "../executions.js";
import { DATA_LIMITS, FLOW_LIMITS, type FlowLimits } from "../limits.js";
import { issuesText, type SchemaIssue } from "../middleware.js";
import { payloadProblem } from "../payload.js";
import type { Requests } from "../requests.js";
import { notKept, type Retention } from "../result-cache.js";
import { executionBroadcasts } from "./node-events.js";
import { type ExecuteArgs, executeProblems, validateProblems } from "./node-schema.js";
import { serveChannel } from "./serve.js";

/** What the channel needs; the functions of a conductor's `node` fit, `run` as `execute`. */
export interface NodeChannelDependencies {
  execute(node: NodeDefinition, context?: Partial<ConductorExecutionContext>): Promise<ExecutionResult>;
  /** Checks nodes. Default: what the node library says of the parameters of its types, with other types let through. */
  validate?(node: NodeDefinition): ValidationResult | Promise<ValidationResult>;
  /** Without it a cancelled execution is answered at once, but what it does goes on. */
  cancel?(executionId: string): unknown;
  pause?(executionId: string): unknown;
  resume?(executionId: string): unknown;
  /** With these two, pages also find executions that were started elsewhere. */
  active?: NodeApi["active"];
  attach?: NodeApi["attach"];
  /** With this, pages follow executions step by step. */
  view?: NodeApi["view"];
  /** Fires once who waits for news of an execution is to be answered. */
  ending?(): AbortSignal;
  /** Whether the tracked windows stand for some that come later: they are told then how far executions are that are not over by then. */
  isForLater?(): boolean;
  /** With these, pages see what executions ask people, and answer. */
  waiting?: ExecutionsApi["waiting"];
  answer?: ExecutionsApi["answer"];
  /** With this, pages look after the executions that a store keeps. */
  executions?: ExecutionsApi;
  /** With this, pages see which node types there are. */
  nodes?: NodesApi;
  onQuestion?(callback: (question: OpenQuestion) => void): Unsubscribe;
  /** Requests of pages: their executions can be cancelled and attached to as well. */
  requests?: Pick<Requests, "active" | "result">;
  health?(): HealthResult | Promise<HealthResult>;
  onProgress?(callback: (event: NodeProgressEvent) => void): Unsubscribe;
  /** The same before it is put into words, which then happens only as often as windows are told. */
  onState?(callback: (state: ExecutionGraphState) => void): Unsubscribe;
  /** With these three, windows are also told of executions that were started elsewhere. */
  onStarted?(callback: (event: { executionId: string; nodeId: string }) => void): Unsubscribe;
  onComplete?(callback: (event: NodeCompleteEvent) => void): Unsubscribe;
  onError?(callback: (event: NodeErrorEvent) => void): Unsubscribe;
}

/** Settings of the channel. */
export interface NodeChannelOptions extends ChannelOptions {
  /** Default: 100,000 nodes, 60 levels. */
  flowLimits?: FlowLimits;
  /** How much can be attached to after its end. Default: 100 results of up to 1 MiB, 16 MiB in all, for 5 minutes. */
  keep?: Retention;
}

/** The channel, with what is going on. */
export interface NodeChannelServer extends ChannelServer {
  /** The command, for who gets calls another way. Never rejects. */
  execute(args: unknown): Promise<ExecutionResult>;
  health(): Promise<HealthResult>;
  /** Stops the executions that pages started. */
  cancelAll(): void;
}

/**
 * Serves `node`: `execute`, `validate`, `cancel`, `pause`, `resume`, `active`, `view`, `attach`, `waiting`, `answer` and `health`, `listTypes` and
 * `getType`, and what a
 * store keeps of executions: `listExecutions`, `getExecution`, `traceOfExecution`, `valueOfExecution`, `resumeExecution`,
 * `forkExecution`, `resultOfExecution`, `diffExecutions` and `deleteExecutions`. One execution id,
 * the caller's or a new one, stands in the run, in all events and in the answer. An execution outlives the page that
 * started it; `attach` gives its result to any caller, also for some minutes after its end. An `execute` with the id
 * and the node of one that goes on is the same one: it gets that result, and nothing is run a second time.
 *
 * Events: `started`, `progress`, `cancelled`, `question`, and at the end either `completed` or `error`. The result in `completed`
 * has no trace: it is in the answer.
 */
export function createNodeChannelServer(
  ipcMain: IpcHandlers,
  dependencies: NodeChannelDependencies,
  options: NodeChannelOptions = {},
): NodeChannelServer {
  const { flowLimits = FLOW_LIMITS, keep } = options;
  const executions = new Executions<ExecutionResult>(keep, shrink);

  const health = async (): Promise<HealthResult> =>
    (await dependencies.health?.()) ?? { status: "ok", timestamp: Date.now() };

  const execute = async (args: unknown): Promise<ExecutionResult> => {
    const issues = executeProblems(args, flowLimits);
    if (issues.length > 0) return invalid(issuesText(issues), issues);
    const { node, context } = args as ExecuteArgs;
    return executions.carryOut(context?.executionId, node.id, {
      begun: ({ executionId }) => broadcasts.started(executionId, node.id, node.type),
      run: async ({ executionId }) =>
        plainResult(await dependencies.execute(node, { nodeId: node.id as NodeId, ...context, executionId })),
      failed: (error, execution) => failed("EXECUTION_FAILED", messageOf(error), execution),
      finish,
    });
  };

  const finish = (execution: Execution<ExecutionResult>, result: ExecutionResult): void => {
    if (result.error?.code === "CANCELLED") tellCancelled(execution);
    broadcasts.ended(execution.executionId, execution.nodeId, result);
    execution.answer(result);
  };

  const tellCancelled = (execution: Execution<ExecutionResult>): void => {
    if (!execution.cancelled) broadcasts.cancelled(execution.executionId);
    execution.cancelled = true;
  };

  const cancelOwn = (execution: Execution<ExecutionResult>): void => {
    tellCancelled(execution);
    if (dependencies.cancel === undefined) finish(execution, failed("CANCELLED", "Execution cancelled", execution));
  };

  const requested = (): ActiveExecution[] => dependencies.requests?.active() ?? [];

  /** Whether an execution that is not over has this id, wherever it was started. */
  const isActive = async (executionId: string): Promise<boolean> =>
    executions.active(executionId).length > 0 ||
    requested().some((execution) => execution.executionId === executionId) ||
    ((await dependencies.active?.()) ?? []).some((execution) => execution.executionId === executionId);

  const cancel = async (args: unknown) => {
    const executionId = idOf(args);
    if (executionId === undefined) return NOT_FOUND;
    const known = await isActive(executionId);
    if (known) {
      const own = executions.active(executionId);
      own.forEach(cancelOwn);
      if (own.length === 0) broadcasts.cancelled(executionId);
    }
    // What carries it out may know of it before it lists it.
    await dependencies.cancel?.(executionId);
    return known ? { success: true } : NOT_FOUND;
  };

  const pausing = (change: NodeChannelDependencies["pause"]) => async (args: unknown) => {
    const executionId = idOf(args);
    if (change === undefined) return { success: false, error: "Executions cannot be paused here" };
    if (executionId === undefined || !(await isActive(executionId))) return NOT_FOUND;
    await change(executionId);
    return { success: true };
  };

  const attach = async (args: unknown): Promise<ExecutionResult> => {
    const executionId = idOf(args) ?? "";
    const own = executions.result(executionId) ?? dependencies.requests?.result(executionId);
    if (own !== undefined) return own;
    if (dependencies.attach === undefined || !(await isActive(executionId))) {
      throw withCode("NODE_NOT_FOUND", `Execution ${executionId} not found`);
    }
    return plainResult(await dependencies.attach(executionId));
  };

  const active = async () => {
    const own = [...executions.list().map(activeOf), ...requested()];
    const others = (await dependencies.active?.()) ?? [];
    const known = new Set(own.map(({ executionId }) => executionId));
    // Only what carries an execution out knows whether it is paused.
    const paused = new Set(others.filter((each) => each.paused).map(({ executionId }) => executionId));
    const told = own.map((each) => (paused.has(each.executionId) ? { ...each, paused: true as const } : each));
    return [...told, ...others.filter(({ executionId }) => !known.has(executionId) && !executions.has(executionId))];
  };

  const view = ({ executionId, after }: { executionId: string; after?: string }) => {
    if (dependencies.view !== undefined) return dependencies.view(executionId, after, dependencies.ending?.());
    throw withCode("IMPLEMENTATION_NOT_FOUND", "What this application serves does not tell how executions look");
  };

  const waiting = async (args: unknown): Promise<OpenQuestion[]> => (await dependencies.waiting?.(idOf(args))) ?? [];

  const answer = async (args: unknown) => {
    const { id, answer: given } = (args ?? {}) as { id?: unknown; answer?: unknown };
    if (typeof id !== "string") return NO_QUESTION;
    try {
      if (dependencies.answer === undefined) return NO_QUESTION;
      await dependencies.answer(id, given);
      return { success: true };
    } catch (error) {
      return { success: false, error: messageOf(error), code: (error as { code?: unknown }).code };
    }
  };

  const validate = async (args: unknown): Promise<ValidationResult> => {
    const issues = validateProblems(args, flowLimits);
    if (issues.length > 0) return { valid: false, errors: issues.map((issue) => issuesText([issue])) };
    const { node } = args as { node: NodeDefinition };
    return (await dependencies.validate?.(node)) ?? checkedByLibrary(node);
  };

  /** What tells of node types; the methods of `executions` have names of their own. */
  const types = (): NodesApi => {
    if (dependencies.nodes !== undefined) return dependencies.nodes;
    throw withCode("IMPLEMENTATION_NOT_FOUND", "What this application serves does not tell its node types");
  };

  const handlers = {
    listTypes: () => types().list(),
    getType: (args: unknown) => types().get((args as { type: string }).type),
    execute: { handle: execute, plain: true, refused: (problem: string) => invalid(problem, []) },
    validate: { handle: validate, refused: (problem: string) => ({ valid: false, errors: [problem] }) },
    cancel,
    pause: pausing(dependencies.pause),
    resume: pausing(dependencies.resume),
    active,
    view,
    attach: { handle: attach, plain: true },
    waiting: { handle: waiting, plain: true },
    answer,
    health,
  };
  const server = serveChannel("node", ipcMain, { handlers, api: keptBy(dependencies.executions) }, options);
  const broadcasts = executionBroadcasts(server, dependencies.isForLater);

  // Of its own executions the channel tells itself: it knows more about them.
  const isForeign = ({ executionId }: { executionId: string }) => !executions.has(executionId);
  // To look at a run takes longer than small ones do: how far they are is followed while a window is told of it.
  let endStates: Unsubscribe | undefined;
  const followStates = () => {
    if (endStates !== undefined || !server.isHeard()) return;
    endStates = dependencies.onState?.((state) => {
      if (server.isHeard()) return broadcasts.progressed(state.executionId ?? "", () => progressEventOf(state));
      endStates?.();
      endStates = undefined;
    });
  };
  const subscriptions = [
    dependencies.onProgress?.((event) => broadcasts.progressed(event.executionId, () => event)),
    dependencies.onStarted?.((event) => {
      if (isForeign(event)) broadcasts.started(event.executionId, event.nodeId);
    }),
    dependencies.onComplete?.((event) => {
      if (!isForeign(event) || !server.isHeard()) return;
      broadcasts.ended(event.executionId, event.nodeId, untracedResult(event.result));
    }),
    dependencies.onQuestion?.((question) => server.broadcast("question", question)),
    dependencies.onError?.((event) => {
      if (isForeign(event)) broadcasts.failed(event);
    }),
  ];

  return {
    ...server,
    trackWindow(window) {
      const untrack = server.trackWindow(window);
      followStates();
      broadcasts.goOn();
      return () => {
        untrack();
        broadcasts.goOn();
      };
    },
    async execute(args) {
      const problem = payloadProblem(args, options.limits ?? DATA_LIMITS);
      return problem === undefined ? execute(args) : invalid(problem, []);
    },
    health,
    cancelAll() {
      for (const execution of executions.list()) {
        cancelOwn(execution);
        Promise.resolve(dependencies.cancel?.(execution.executionId)).catch(() => {});
      }
    },
    dispose() {
      endStates?.();
      for (const unsubscribe of subscriptions) unsubscribe?.();
      executions.close();
      server.dispose();
    },
  };
}

/** Of executions that a store keeps. Questions are told by the channel itself. */
function keptBy(executions: ExecutionsApi | undefined): Partial<ExecutionsApi> {
  if (executions === undefined) return {};
  const { onQuestion: _, result, resume, trace, ...others } = executions;
  return {
    ...others,
    trace: async (executionId) => plainTrace(await trace(executionId)),
    resume: async (executionId, options) => plainResult(await resume(executionId, options)),
    result: async (executionId) => plainResult(await result(executionId)),
  };
}

const NO_QUESTION = { success: false, error: "No such question is open here", code: "NODE_NOT_FOUND" };

const NOT_FOUND = { success: false, error: "Execution not found" };

/** Older pages send the bare id. */
function idOf(args: unknown): string | undefined {
  const id: unknown =
    typeof args === "string" ? args : (args as { executionId?: unknown } | null | undefined)?.executionId;
  return typeof id === "string" && id !== "" ? id : undefined;
}

function invalid(problem: string, issues: SchemaIssue[]): ExecutionResult {
  const error = failure(
    "VALIDATION_FAILED",
    `Invalid execute parameters: ${problem}`,
    {},
    {
      context: { validationErrors: issues },
    },
  );
  return { success: false, error, duration: 0, executedNodes: [] };
}

function failed(code: "EXECUTION_FAILED" | "CANCELLED", message: string, execution: ActiveExecution): ExecutionResult {
  const { nodeId, executionId } = execution;
  return {
    success: false,
    error: failure(code, message, { nodeId, executionId }),
    duration: 0,
    executedNodes: [nodeId],
  };
}

/** Most of a large result is often its trace. */
function* shrink(result: ExecutionResult, execution: ActiveExecution, limit: number): Iterable<ExecutionResult> {
  const { trace, ...untraced } = result;
  if (trace !== undefined) yield untraced;
  yield { success: false, error: notKept(execution, limit), duration: result.duration ?? 0, executedNodes: [] };
}

function checkedByLibrary(node: NodeDefinition): ValidationResult {
  const problems = validateFlow(node, libraryTypes(nodeTypes, false));
  const errors = problems.filter(({ severity }) => severity === "error").map(problemWithPlace);
  return { valid: errors.length === 0, errors };
}
