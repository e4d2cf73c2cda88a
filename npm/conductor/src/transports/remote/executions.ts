/** Executions on the other side: begun, waited for, found again after a bad line, cancelled, given up when it is time. */
import type { RemoteTransport } from "../../types/transport.js";
import { startDeadline } from "../deadline.js";
import { codeOf, isRetryable, isUncertain, TransportError } from "../failure.js";
import type { Lifetime } from "../lazy-transport.js";
import { type Attempted, withRetries } from "../retry.js";
import { Cancellations } from "./cancellation.js";
import { isUnknownExecution, saysUnknownExecution } from "./older-servers.js";

export interface RemoteExecutionsOptions {
  warn: (message: string) => void;
  /** Of the transport; without it, that is for ever. */
  lifetime?: Lifetime | undefined;
}

/** One execution on the other side. */
export interface RemoteExecution<T> {
  executionId: string;
  /** Deadline in ms, for all attempts together. Default none. */
  timeout?: number | undefined;
  /** How long after it an answer is still waited for, in ms: where the other side knows the deadline. Default 0. */
  grace?: number;
  /** Has it begin; resolves with its result. */
  begin: () => Promise<T>;
  /** The result in the answer to `node.attach`; `undefined` if that is not a result. */
  read: (attached: unknown) => T | undefined;
}

/** What the other side says of an execution that may have begun: its result, or that it does not know it. */
type Found<T> = { result: T } | "unknown" | "unsayable";

/** Executions over one transport. */
export class RemoteExecutions {
  readonly #transport: RemoteTransport | undefined;
  readonly #warn: (message: string) => void;
  readonly #lifetime: Lifetime | undefined;
  readonly #cancellations: Cancellations;

  constructor(transport: RemoteTransport | undefined, { warn, lifetime }: RemoteExecutionsOptions) {
    this.#transport = transport;
    this.#warn = warn;
    this.#lifetime = lifetime;
    this.#cancellations = new Cancellations(transport, warn);
    lifetime?.ended.addEventListener("abort", () => this.#cancellations.abandonAll());
  }

  /**
   * Has an execution begin and waits for its end. Where the transport fails it tries again after 1, 2 and 4 s; an
   * execution that may have begun is looked for on the other side, and begins again only if that does not know it. Where
   * the other side cannot say, the error stands if it is `TIMEOUT`: what takes long may still be at work. What is known
   * to be at work is waited for however long it takes. Never rejects.
   * The error is `TIMEOUT` after the deadline, and `CANCELLED` once it was cancelled or the transport shut down.
   */
  run<T>(execution: RemoteExecution<T>): Promise<Attempted<T>> {
    const { executionId, timeout = 0, grace = 0 } = execution;
    return this.#track(() =>
      this.#cancellations.track(executionId, async ({ signal, abandoned, giveUp }) => {
        const late = () => giveUp(new TransportError("TIMEOUT", `Execution timed out after ${timeout}ms`));
        const endDeadline = startDeadline(timeout > 0 ? timeout + grace : 0, late);
        const tried = await Promise.race([this.#try(execution, signal), abandoned]);
        endDeadline();
        return tried;
      }),
    );
  }

  /** Waits for an execution that began elsewhere; for one that the other side does not know, it rejects at once. */
  async attach<T>(executionId: string, read: (attached: unknown) => T | undefined): Promise<T> {
    const tried = await this.#track(() =>
      withRetries(() => this.#attach(executionId, this.#lifetime?.ended), {
        warn: this.#warn,
        ...(this.#lifetime !== undefined && { signal: this.#lifetime.ended }),
        isRetryable: (error) => isRetryable(error) && !(error instanceof TransportError && error.answered),
      }),
    );
    if (!tried.ok) throw tried.error;
    const result = read(tried.value);
    if (result !== undefined) return result;
    throw new TransportError("DESERIALIZATION_FAILED", "The answer of node.attach is no result");
  }

  /** Stops an execution, also for others who wait for it; see `Cancellations`. */
  cancel(executionId: string): Promise<void> {
    return this.#track(() => this.#cancellations.cancel(executionId));
  }

  #try<T>({ executionId, begin, read }: RemoteExecution<T>, signal: AbortSignal): Promise<Attempted<T>> {
    /** Why it is not known whether the execution began. */
    let doubt: { error: unknown } | undefined;
    let isFinal = false;
    const attempt = async (): Promise<T> => {
      if (doubt !== undefined) {
        const found = await this.#find(executionId, read, signal);
        if (typeof found === "object") return found.result;
        if (found === "unsayable" && codeOf(doubt.error) === "TIMEOUT") {
          isFinal = true;
          throw doubt.error;
        }
        // Where it cannot be said, the other side knows a repetition by its id, if anybody does.
        if (found === "unknown") doubt = undefined;
        // It may have been cancelled meanwhile.
        if (signal.aborted) throw new TransportError("CANCELLED", "Execution cancelled");
      }
      try {
        return await begin();
      } catch (error) {
        if (isUncertain(error)) doubt = { error };
        throw error;
      }
    };
    return withRetries(attempt, {
      warn: this.#warn,
      signal,
      isRetryable: (error) => !isFinal && isRetryable(error),
    });
  }

  /** Rejects where the other side cannot be reached. */
  async #find<T>(
    executionId: string,
    read: (attached: unknown) => T | undefined,
    signal: AbortSignal,
  ): Promise<Found<T>> {
    let attached: unknown;
    try {
      attached = await this.#attach(executionId, signal);
    } catch (error) {
      if (isOfTheWay(error)) throw error;
      return isUnknownExecution(error) ? "unknown" : "unsayable";
    }
    if (saysUnknownExecution(attached)) return "unknown";
    const result = read(attached);
    return result === undefined ? "unsayable" : { result };
  }

  /**
   * The answer to `node.attach`. The other side keeps it back until the execution is over: one that does not come in time
   * says that it is not, and it is asked again.
   */
  async #attach(executionId: string, signal: AbortSignal | undefined): Promise<unknown> {
    for (;;) {
      try {
        return await this.#transport?.call("node", "attach", executionId);
      } catch (error) {
        if (signal?.aborted || !isKeptBack(error)) throw error;
      }
    }
  }

  #track<R>(work: () => Promise<R>): Promise<R> {
    return this.#lifetime === undefined ? work() : this.#lifetime.track(work);
  }
}

/** Whether a question reached the other side, as far as is known, and time ran out before its answer. */
function isKeptBack(error: unknown): boolean {
  return error instanceof TransportError && error.code === "TIMEOUT" && error.uncertain && !error.answered;
}

/** Statuses with which servers and those before them say that they could not answer. */
const NO_ANSWER: ReadonlySet<number | undefined> = new Set([408, 425, 429, 502, 503, 504]);

/** Whether the other side did not get to answer, so that asking again can help. */
function isOfTheWay(error: unknown): boolean {
  if (!isRetryable(error)) return false;
  return !(error instanceof TransportError && error.answered) || NO_ANSWER.has(error.status);
}
