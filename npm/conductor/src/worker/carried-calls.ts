/** Calls of executables that another thread or process asked for, and is answered. */
import type { Call } from "../engine/call.js";
import { isThenable, marksOf } from "../engine/executables.js";
import type { Answer } from "./messages.js";
import { toThrown } from "./thrown.js";

/** Those of one run, from their beginning to their answer. */
export class CarriedCalls {
  readonly #running = new Map<number, Call>();

  /**
   * Carries one out.
   *
   * @param answer sends what it came to; what it throws of a value that cannot be sent is what the call failed with instead
   */
  begin(call: Call, work: () => unknown, answer: (answer: Answer, thrown?: unknown) => void): void {
    this.#running.set(call.task, call);
    const end = (given: Answer, thrown?: unknown) => {
      answer(given, thrown);
      call.over = true;
      this.#running.delete(call.task);
    };
    const threw = (thrown: unknown) => {
      if (!call.over) end({ thrown: toThrown(thrown) }, thrown);
    };
    const returned = (value: unknown) => {
      if (call.over) return;
      try {
        end({ value, ...marksOf(value) });
      } catch (error) {
        threw(error);
      }
    };
    try {
      const result = work();
      if (isThenable(result)) Promise.resolve(result).then(returned, threw);
      else returned(result);
    } catch (error) {
      threw(error);
    }
  }

  /** Stops a call: its signal fires, what it answers is too late. */
  abort(call: number, reason: DOMException): void {
    this.#running.get(call)?.abort(reason);
    this.#running.delete(call);
  }

  /** Stops all calls. */
  abortAll(message: string): void {
    for (const call of [...this.#running.keys()]) this.abort(call, new DOMException(message, "AbortError"));
  }
}
