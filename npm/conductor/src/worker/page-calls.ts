/** In the page: its executables, called for a run in the worker. */
import { type Asker, Call, type CallOwner, ExecutableParams, type FlowRunner } from "../engine/call.js";
import type { NodeExecutorFactory } from "../engine/executables.js";
import { coded } from "../engine/failure.js";
import type { Log } from "../engine/log.js";
import type { Plan } from "../engine/plan.js";
import type { RunRequest } from "../engine/run-request.js";
import { ScopeContext } from "../engine/scope-context.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import { CarriedCalls } from "./carried-calls.js";
import type { Answer, FromWorker, SentCall, ToWorker } from "./messages.js";
import { send } from "./post-message.js";
import type { SharedVariables } from "./shared-variables.js";

/** What the calls of a run are made of. */
export interface PageCallsParts {
  port: Pick<MessagePort, "postMessage">;
  plan: Plan;
  request: RunRequest;
  executables: NodeExecutorFactory;
  variables: SharedVariables;
}

/** The calls of one run. */
export class PageCalls implements CallOwner {
  readonly #parts: PageCallsParts;
  readonly #root: ScopeContext;
  readonly #calls = new CarriedCalls();
  /** The nodes of calls, by the calls' numbers. */
  readonly #nodes = new Map<number, number>();
  /** What was thrown, by call: an error keeps what caused it, which did not go with it. */
  readonly #thrown = new Map<number, unknown>();
  #isStopped = false;

  constructor(parts: PageCallsParts) {
    this.#parts = parts;
    this.#root = new ScopeContext(parts.request.context);
  }

  get log(): Log {
    return this.#parts.request.log;
  }

  get flows(): FlowRunner | undefined {
    return this.#parts.request.flows;
  }

  get asker(): Asker | undefined {
    return this.#parts.request.asker;
  }

  /** What a call threw. */
  thrownBy(call: number): unknown {
    return this.#thrown.get(call);
  }

  reportProgress(call: Call, percent: number, message: string | undefined): void {
    if (call.over) return;
    const text = message === undefined ? undefined : String(message);
    this.#say({ type: "progress", call: call.task, percent: Number(percent), message: text });
  }

  warn(call: Call, rule: string, message: string): void {
    if (!call.over) this.#say({ type: "warn", call: call.task, rule: String(rule), message: String(message) });
  }

  errorsHandled({ task }: Call): boolean {
    const { plan } = this.#parts;
    return plan.handlesErrors(this.#nodes.get(task) ?? 0);
  }

  timeLimit({ task }: Call): number {
    return this.#parts.plan.timeout(this.#nodes.get(task) ?? 0);
  }

  /** Executes a node. */
  begin(sent: SentCall): void {
    if (this.#isStopped) return;
    const { plan, executables } = this.#parts;
    const call = this.#callOf(sent);
    this.#nodes.set(sent.call, sent.node);
    const work = () => {
      const { type, parameters } = plan.node(sent.node);
      const executable = executables.getNodeExecutable(type);
      const params = new ExecutableParams(call, parameters);
      return sent.known === undefined ? executable?.execute(params) : executable?.items?.(params, sent.known);
    };
    this.#calls.begin(call, work, (answer, thrown) => this.#answer(call, answer, thrown));
  }

  /** Stops a call. */
  abort({ call, name, message }: Extract<FromWorker, { type: "abort" }>): void {
    this.#calls.abort(call, new DOMException(message, name));
  }

  /** Stops all calls; there will be no others. */
  abortAll(message: string): void {
    this.#isStopped = true;
    this.#calls.abortAll(message);
  }

  #callOf({ call, nodeId, executionId, input, scopes, outside, attempt }: SentCall): Call {
    const { context } = this.#parts.request;
    const given = input === undefined ? context.input : input.value;
    const parent = enclosing(scopes, context, outside ? context.parentContext : this.#root.shown);
    return new Call(this, call, nodeId, executionId, given, parent, context, attempt, attempt);
  }

  #answer({ task, nodeId }: Call, answer: Answer, thrown: unknown): void {
    if ("thrown" in answer) this.#thrown.set(task, thrown);
    const variables = this.#parts.variables.take();
    const message: ToWorker = { type: "answer", call: task, answer, variables };
    const parts =
      "thrown" in answer ? {} : { output: answer.value, ...(answer.carried && { carried: answer.carried }) };
    try {
      send(this.#parts.port, message, () => parts);
    } catch (error) {
      throw coded("SERIALIZATION_FAILED", `The output of node ${nodeId}: ${(error as Error).message}`, error);
    }
    this.#nodes.delete(task);
  }

  #say(message: ToWorker): void {
    this.#parts.port.postMessage(message);
  }
}

/** The context around a node, within `outermost`. All of a run share the rest of `root`. */
function enclosing(
  scopes: SentCall["scopes"],
  root: ConductorExecutionContext,
  outermost: ConductorExecutionContext | undefined,
): ConductorExecutionContext | undefined {
  return scopes.reduceRight<ConductorExecutionContext | undefined>(
    (parentContext, { nodeId, executionId, input }) => ({
      nodeId,
      executionId,
      variables: root.variables,
      input: input as Record<string, unknown>,
      parentContext: parentContext as ConductorExecutionContext,
      slowMo: root.slowMo as number,
      debug: root.debug as NonNullable<ConductorExecutionContext["debug"]>,
    }),
    outermost,
  );
}
