/** Cancelling what runs on the other side, and what waits here for it. */
import { messageOf } from "@atomiton/values";
import { ExecutionRegistry, type Registered } from "../../executions/registry.js";
import type { ExecutionId } from "../../types/ids.js";
import type { RemoteTransport } from "../../types/transport.js";
import { codeOf, TransportError } from "../failure.js";
import type { Attempted } from "../retry.js";

/** How long the other side may take to end a cancelled execution before its caller is told so anyway, in ms. */
const GRACE = 2000;

/** Wait before asking again when the other side does not know the execution yet, in ms; doubles. */
const FIRST_WAIT = 100;

/** What an execution under way learns about being cancelled. */
export interface Cancellation {
  /** There shall be no further attempt. */
  readonly signal: AbortSignal;
  /** The answer is not to be waited for any longer. Never rejects. */
  readonly abandoned: Promise<Attempted<never>>;
  /** Ends the execution with this error, here at once, and on the other side as soon as that hears of it. */
  readonly giveUp: (error: TransportError) => void;
}

interface Running extends Registered {
  controller: AbortController;
  /** Answers the waiting caller with this error. */
  abandon: (error: TransportError) => void;
  isOver: boolean;
  /** Settles when the execution is over. */
  over: Promise<void>;
}

/** Executions that callers here wait for, by id. */
export class Cancellations {
  readonly #transport: RemoteTransport | undefined;
  readonly #warn: (message: string) => void;
  readonly #running = new ExecutionRegistry<Running>();

  constructor(transport: RemoteTransport | undefined, warn: (message: string) => void) {
    this.#transport = transport;
    this.#warn = warn;
  }

  /** Tracks an execution as long as the work on it lasts. */
  async track<T>(executionId: string, work: (cancellation: Cancellation) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    let abandon: Running["abandon"] = () => {};
    const abandoned = new Promise<Attempted<never>>((resolve) => {
      abandon = (error) => resolve({ ok: false, error, attempts: 1 });
    });
    const giveUp = (error: TransportError) => {
      abandon(error);
      controller.abort();
      this.#ask(executionId).catch((cause) => this.#failed(cause));
    };
    const working = work({ signal: controller.signal, abandoned, giveUp });
    const over = working.then(noop, noop);
    const running: Running = { executionId: executionId as ExecutionId, controller, abandon, isOver: false, over };
    try {
      return await this.#running.track(running, () => working);
    } finally {
      running.isOver = true;
    }
  }

  /**
   * Stops an execution, also for others who wait for it. Those who wait here get the answer of the other side, or `CANCELLED` if
   * that cannot be reached or takes longer than 2 s. Rejects where a server refuses: the execution goes on then, and
   * is waited for.
   */
  async cancel(executionId: string): Promise<void> {
    const ours = this.#running.all(executionId);
    for (const { controller } of ours) controller.abort();
    const isAwaited = () => ours.some(({ isOver }) => !isOver);
    const abandon = () => {
      for (const running of ours) running.abandon(cancelled());
    };
    const over = Promise.all(ours.map((running) => running.over));
    const timer = ours.length > 0 ? setTimeout(abandon, GRACE) : undefined;
    over.then(() => clearTimeout(timer));
    try {
      // Requests can overtake each other: an execution that is not known yet may be about to arrive.
      for (let wait = FIRST_WAIT; !(await this.#ask(executionId)) && isAwaited(); wait *= 2) await pause(wait, over);
    } catch (error) {
      // Of the answers of a main process existing code expects that they are passed over.
      if (error instanceof TransportError && error.answered && this.#transport?.type !== "ipc") {
        clearTimeout(timer);
        throw error;
      }
      this.#failed(error);
      abandon();
    }
  }

  /** Ends all waits here. The other side is not told: it cannot be reached any more. */
  abandonAll(): void {
    for (const running of this.#running.list()) {
      running.abandon(cancelled());
      running.controller.abort();
    }
  }

  #failed(error: unknown): void {
    // The caller that shuts the transport down knows.
    if (codeOf(error) === "CANCELLED") return;
    this.#warn(`[CONDUCTOR] The execution could not be cancelled: ${messageOf(error)}`);
  }

  /** Whether the other side knew the execution. */
  async #ask(executionId: string): Promise<boolean> {
    const answer = await this.#transport?.call("node", "cancel", executionId);
    return (answer as { success?: unknown } | null | undefined)?.success !== false;
  }
}

/** Over after so many ms, or when no caller waits any more. */
async function pause(ms: number, over: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([elapsed, over]);
  clearTimeout(timer);
}

function cancelled(): TransportError {
  return new TransportError("CANCELLED", "Execution cancelled");
}

function noop(): void {}
