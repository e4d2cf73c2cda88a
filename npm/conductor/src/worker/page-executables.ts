/** In the worker: executables that are in the page. */
import { type AnyExecutable, markedAgain } from "../engine/executables.js";
import { coded } from "../engine/failure.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import type { Answer, FromWorker, SentCall, SentScope, ToWorker } from "./messages.js";
import { send } from "./post-message.js";
import type { SharedVariables } from "./shared-variables.js";
import { fromThrown } from "./thrown.js";

/** What of a run the calls of its nodes need. */
export interface CallingRun {
  readonly run: number;
  readonly context: ConductorExecutionContext;
  readonly variables: SharedVariables;
}

/** What such an executable is given: see `ExecutableParams`. */
interface Params {
  nodeId: unknown;
  executionId: string;
  input: unknown;
  parentContext: ConductorExecutionContext | undefined;
  readonly signal: AbortSignal;
  readonly attempt: number;
  readonly progress: (percent: number, message?: string) => void;
  readonly warn: (rule: string, message: string) => void;
}

/** A call that the page has not answered. */
interface Pending {
  calling: CallingRun;
  progress: Params["progress"];
  warn: Params["warn"];
  resolve(value: unknown): void;
  reject(thrown: unknown): void;
  /** No longer listens for the abort of the call. */
  leave(): void;
}

/** Executables of the page, for runs in the worker: a call goes to the page, and is answered by it. */
export class PageExecutables {
  readonly #port: Pick<MessagePort, "postMessage">;
  readonly #pending = new Map<number, Pending>();
  /** By what they threw, so that the page finds it again. */
  readonly #threw = new WeakMap<object, number>();
  #count = 0;

  constructor(port: Pick<MessagePort, "postMessage">) {
    this.#port = port;
  }

  /** The executable that stands for the page's one of a node. */
  of(calling: CallingRun, node: number, hasItems: boolean): AnyExecutable {
    const executable: AnyExecutable = { execute: (params) => this.#call(calling, node, params, undefined) };
    if (hasItems) executable.items = (params, known) => this.#call(calling, node, params, known);
    return executable;
  }

  /** The call that threw this, if one did. */
  origin(thrown: unknown): number | undefined {
    return typeof thrown === "object" && thrown !== null ? this.#threw.get(thrown) : undefined;
  }

  /** Takes what the page says about a call. */
  hear(message: Extract<ToWorker, { type: "progress" | "warn" | "answer" }>): void {
    const pending = this.#pending.get(message.call);
    if (pending === undefined) return;
    if (message.type === "progress") return pending.progress(message.percent, message.message);
    if (message.type === "warn") return pending.warn(message.rule, message.message);
    this.#end(message.call, pending);
    pending.calling.variables.give(message.variables);
    this.#settle(message.call, pending, message.answer);
  }

  #settle(call: number, pending: Pending, answer: Answer): void {
    if (!("thrown" in answer)) return pending.resolve(markedAgain(answer.value, answer));
    const thrown = fromThrown(answer.thrown);
    if (typeof thrown === "object" && thrown !== null) this.#threw.set(thrown, call);
    pending.reject(thrown);
  }

  #call(calling: CallingRun, node: number, params: Params, known: number | undefined): Promise<unknown> {
    const call = ++this.#count;
    return new Promise((resolve, reject) => {
      const { signal } = params;
      const abort = () => {
        this.#end(call, pending);
        const { name, message } = (signal.reason ?? {}) as Partial<DOMException>;
        this.#say({ type: "abort", run: calling.run, call, name: name ?? "AbortError", message: message ?? "" });
      };
      const leave = () => signal.removeEventListener("abort", abort);
      const pending: Pending = { calling, progress: params.progress, warn: params.warn, resolve, reject, leave };
      const message = {
        type: "call",
        run: calling.run,
        call: sentCall(calling, { call, node, known }, params),
        variables: calling.variables.take(),
      } satisfies FromWorker;
      try {
        send(this.#port, message, () => ({ input: params.input, parentContext: message.call.scopes }));
      } catch (error) {
        const { message: why } = error as Error;
        return reject(coded("SERIALIZATION_FAILED", `Node ${String(params.nodeId)} runs in the page. ${why}`, error));
      }
      this.#pending.set(call, pending);
      signal.addEventListener("abort", abort);
    });
  }

  #end(call: number, pending: Pending): void {
    this.#pending.delete(call);
    pending.leave();
  }

  #say(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}

function sentCall(
  { context }: CallingRun,
  { call, node, known }: Pick<SentCall, "call" | "node" | "known">,
  { nodeId, executionId, input, parentContext, attempt }: Params,
): SentCall {
  const sent: SentCall = { call, node, known, nodeId, executionId, attempt, ...scopesOf(parentContext, context) };
  if (input !== context.input) sent.input = { value: input };
  return sent;
}

/** The scopes from a node's own up to that of the node that was run. The items of a loop have scopes beside that one. */
function scopesOf(
  innermost: ConductorExecutionContext | undefined,
  root: ConductorExecutionContext,
): Pick<SentCall, "scopes" | "outside"> {
  const scopes: SentScope[] = [];
  let scope = innermost;
  // Executables see copies of scopes; an execution's id tells them apart.
  while (scope !== undefined && scope.executionId !== root.executionId && scope !== root.parentContext) {
    const { nodeId, executionId, input } = scope;
    scopes.push({ nodeId, executionId, ...(input !== undefined && { input }) });
    scope = scope.parentContext;
  }
  return { scopes, outside: scope === root.parentContext };
}
