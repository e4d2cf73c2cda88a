import harness from "quickjs:harness";

import { NodeError } from "../../contract/error.js";
import type { ScriptSource } from "../../sandbox/sandbox.js";
import { type Engine, type Outcome, OutOfMemory, type Value } from "./engine.js";

/** The engine's own words for it. */
const STACK_IS_FULL = "RangeError: Maximum call stack size exceeded";

/** Why a run is over before its end. */
export type Stop = "deadline" | "cancelled";

/** What the harness tells of a thrown value. */
interface Thrown {
  /** -1 outside of items. */
  item: number;
  name?: string;
  message?: string;
  stack?: string;
  refused?: boolean;
}

/** The evaluation of one script in an engine. Failures have the codes and words of the native engine's. */
export class Evaluation {
  readonly engine: Engine;
  readonly #source: ScriptSource;
  readonly #stopped: () => Stop | undefined;
  #harness: Value | undefined;
  #function: Value | undefined;

  constructor(engine: Engine, source: ScriptSource, stopped: () => Stop | undefined) {
    this.engine = engine;
    this.#source = source;
    this.#stopped = stopped;
  }

  /** The user's function. */
  get function(): Value {
    if (this.#function === undefined) throw this.#outOfMemory();
    return this.#function;
  }

  /** Evaluates the harness, then the user's code, which therefore cannot reach what the harness keeps for itself. */
  start(): void {
    const { code, name } = this.#source;
    this.#harness = this.attempt(() => this.engine.evaluate(harness, "harness"));
    const expression = `(${code.trim().replace(/;+$/, "")}\n)`;
    const made = this.attempt(() => this.engine.evaluate(expression, name));
    if (!this.engine.isFunction(made)) throw new NodeError("INVALID_PARAMETERS", `${name} is not a function`);
    this.#function = made;
  }

  /** A function of the harness. */
  harness(name: string): Value {
    if (this.#harness === undefined) throw this.#outOfMemory();
    return this.engine.property(this.#harness, name);
  }

  /** Calls a function inside the engine. */
  call(fn: Value, ...values: Value[]): Value {
    return this.attempt(() => this.engine.call(fn, ...values));
  }

  /** Calls a function that answers with text. */
  callForText(fn: Value, ...values: Value[]): string {
    const answer = this.call(fn, ...values);
    return this.#whole(() => {
      const text = this.engine.textOf(answer);
      this.engine.free(answer);
      return text;
    });
  }

  /** Text inside the engine. */
  text(text: string): Value {
    return this.#whole(() => this.engine.text(text));
  }

  /** Does one step inside the engine. */
  attempt(step: () => Outcome): Value {
    const outcome = this.#whole(step);
    this.check();
    if ("thrown" in outcome) throw this.#failure(outcome.thrown);
    return outcome.value;
  }

  /** Fails when the run is over. An interrupt that user code swallowed still counts. */
  check(): void {
    const stop = this.#stopped();
    if (stop) throw this.#stoppedBy(stop);
  }

  #outOfMemory(): NodeError {
    const { name, memoryBytes } = this.#source;
    const limit = Math.floor(memoryBytes / (1024 * 1024));
    return new NodeError("MEMORY_LIMIT_EXCEEDED", `${name} needed more than its ${limit} MiB of memory`);
  }

  #stoppedBy(stop: Stop): NodeError {
    const { name, timeoutMs } = this.#source;
    return stop === "cancelled"
      ? new NodeError("CANCELLED", `${name} was cancelled`)
      : new NodeError("TIMEOUT", `${name} was stopped after ${timeoutMs} ms`);
  }

  /** Does what may break the instance down: the browser's stack or memory may be at an end before the engine's. */
  #whole<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof OutOfMemory) throw this.#outOfMemory();
      const words = error instanceof WebAssembly.RuntimeError ? error.message : STACK_IS_FULL;
      throw new NodeError("EXECUTION_FAILED", `${this.#source.name} failed: ${words}`, { cause: error });
    }
  }

  #failure(error: Value): NodeError {
    const { name } = this.#source;
    const thrown = this.#describe(error);
    // Without room to describe the error there was none to make it either.
    if (!thrown) {
      const stop = this.#stopped();
      return stop ? this.#stoppedBy(stop) : this.#outOfMemory();
    }
    const { item, name: kind = "", message = "", stack = "", refused = false } = thrown;
    if (kind === "InternalError" && (message === "out of memory" || message === "string too long")) {
      return this.#outOfMemory();
    }
    const isSyntax = kind === "SyntaxError" && this.#function === undefined;
    const code = refused ? "TYPE_MISMATCH" : isSyntax ? "INVALID_PARAMETERS" : "EXECUTION_FAILED";
    const line = lineOf(stack, name);
    const place = `${item >= 0 ? ` at item ${item}` : ""}${line === undefined ? "" : `, line ${line}`}`;
    return new NodeError(code, `${name} failed${place}: ${refused || kind === "" ? "" : `${kind}: `}${message}`);
  }

  #describe(thrown: Value): Thrown | undefined {
    try {
      const outcome = this.engine.call(this.harness("describe"), thrown);
      return "thrown" in outcome ? undefined : (JSON.parse(this.engine.textOf(outcome.value)) as Thrown);
    } catch {
      return undefined;
    }
  }
}

/** The line in the user's code that a stack of the engine names first. */
function lineOf(stack: string, name: string): number | undefined {
  const start = stack.indexOf(`${name}:`);
  if (start < 0) return undefined;
  const digits = /^\d+/.exec(stack.slice(start + name.length + 1));
  return digits ? Number(digits[0]) : undefined;
}
