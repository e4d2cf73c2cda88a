/** In the page: its executables, called for a run in the worker. */
import { type Asker, Call, type CallOwner, ExecutableParams, type FlowRunner } from "../engine/call.js";
import { isThenable, marksOf, type NodeExecutorFactory } from "../engine/executables.js";
import { coded } from "../engine/failure.js";
import type { Log } from "../engine/log.js";
import type { Plan } from "../engine/plan.js";
import type { RunRequest } from "../engine/run-request.js";
import { ScopeContext } from "../engine/scope-context.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import { send } from "./crossing.js";
import type { Answer, FromWorker, SentCall, ToWorker } from "./messages.js";
import type { SharedVariables } from "./shared-variables.js";
import { toThrown } from "./thrown.js";

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
  readonly #running = new Map<number, Call>();
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
    this.#running.set(sent.call, call);
    this.#nodes.set(sent.call, sent.node);
    try {
      const { type, parameters } = plan.node(sent.node);
      const executable = executables.getNodeExecutable(type);
      const params = new ExecutableParams(call, parameters);
      const result = sent.known === undefined ? executable?.execute(params) : executable?.items?.(params, sent.known);
      if (!isThenable(result)) return this.#returned(call, result);
      Promise.resolve(result).then(
        (value) => this.#returned(call, value),
        (error) => this.#threw(call, error),
      );
    } catch (error) {
      this.#threw(call, error);
    }
  }

  /** Stops a call: its signal fires, what it answers is too late. */
  abort({ call: number, name, message }: Extract<FromWorker, { type: "abort" }>): void {
    this.#running.get(number)?.abort(new DOMException(message, name));
    this.#running.delete(number);
  }

  /** Stops all calls; there will be no others. */
  abortAll(message: string): void {
    this.#isStopped = true;
    for (const call of this.#running.values()) call.abort(new DOMException(message, "AbortError"));
    this.#running.clear();
  }

  #callOf({ call, nodeId, executionId, input, scopes, outside, attempt }: SentCall): Call {
    const { context } = this.#parts.request;
    const given = input === undefined ? context.input : input.value;
    const parent = enclosing(scopes, context, outside ? context.parentContext : this.#root.shown);
    return new Call(this, call, nodeId, executionId, given, parent, context, attempt, attempt);
  }

  #returned(call: Call, value: unknown): void {
    if (call.over) return;
    const marks = marksOf(value);
    try {
      this.#answer(call, { value, ...marks }, { output: value, ...(marks.carried && { carried: marks.carried }) });
    } catch (error) {
      const { message } = error as Error;
      this.#threw(call, coded("SERIALIZATION_FAILED", `The output of node ${call.nodeId}: ${message}`, error));
    }
  }

  #threw(call: Call, thrown: unknown): void {
    if (call.over) return;
    this.#thrown.set(call.task, thrown);
    this.#answer(call, { thrown: toThrown(thrown) }, {});
  }

  #answer(call: Call, answer: Answer, parts: Record<string, unknown>): void {
    const variables = this.#parts.variables.take();
    const message: ToWorker = { type: "answer", call: call.task, answer, variables };
    send(this.#parts.port, message, () => parts);
    call.over = true;
    this.#running.delete(call.task);
    this.#nodes.delete(call.task);
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
