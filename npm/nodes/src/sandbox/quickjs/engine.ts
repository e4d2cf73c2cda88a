import harness from "quickjs:harness";

import { NodeError } from "../../contract/error.js";
import { definedNames } from "../defined-names.js";
import { MOST_VALUES } from "../limits.js";
import { awaitAdvice } from "../nothing-to-await.js";
import type { ScriptSource } from "../sandbox.js";
import { type Stop, stoppedBy, tooManyValues } from "./failures.js";
import { Image } from "./image.js";
import { type Instance, type Outcome, OutOfMemory, type Value } from "./instance.js";

/**
 * Bytes of stack, in the engine's own count: no more than the browser's stack can hold, which is smaller in a worker.
 * That one ends first only where the engine descends into data of more than a thousand levels.
 */
const STACK_BYTES = 192 * 1024;
/** Bytes that are given beyond the limit to say what was thrown. */
const LAST_WORDS_BYTES = 1024 * 1024;
/** The part of its memory up to which an engine looks for cycles late: counting references frees all else. */
const LATE_COLLECTION = 0.5;
/** The part of its memory that an engine has at least asked for when it has no room for an error. */
const NEARLY_ALL = 0.75;
/** The engine's own words for it. */
const STACK_IS_FULL = "RangeError: Maximum call stack size exceeded";

/** Bytes of what code prints that are kept; the harness counts characters. */
const MOST_PRINTED = 4 * 65_536;

const functions = [
  "open",
  "give",
  "items",
  "keep",
  "step",
  "finish",
  "records",
  "evaluate",
  "describe",
  "printed",
] as const;

/** The functions of the harness. */
export type Harness = Readonly<Record<(typeof functions)[number], Value>>;

/** What the harness tells of a thrown value. */
interface Thrown {
  /** -1 outside of items. */
  item: number;
  name?: string;
  message?: string;
  stack?: string;
  /** Why an answer cannot leave the sandbox. */
  refused?: string;
  /** Whether the answers have more values than they may. */
  tooMany?: boolean;
}

/** QuickJS with the harness in it, ready for runs. */
export function quickJsImage(module: WebAssembly.Module): Promise<Image<Harness>> {
  return Image.of(module, (instance) => {
    const made = instance.evaluate(harness, "harness");
    if ("thrown" in made) throw new Error("The harness of user code could not be evaluated");
    return Object.fromEntries(functions.map((name) => [name, instance.property(made.value, name)])) as Harness;
  });
}

/** One run of one script in an engine of its own. Throws NodeErrors with the codes of {@link Sandbox}. */
export class Engine {
  readonly instance: Instance;
  readonly harness: Harness;
  readonly #source: ScriptSource;
  readonly #stopped: () => Stop | undefined;
  #broken = false;
  #isCompiled = false;

  /** @param stopped tells whether the run is over; asked every few thousand steps of the engine */
  constructor(instance: Instance, harness: Harness, source: ScriptSource, stopped: () => Stop | undefined) {
    this.instance = instance;
    this.harness = harness;
    this.#source = source;
    this.#stopped = stopped;
    instance.isOver = () => stopped() !== undefined;
    const { exports } = instance;
    exports.qjs_set_memory_limit(source.memoryBytes);
    exports.qjs_set_gc_threshold(source.memoryBytes * LATE_COLLECTION);
    exports.qjs_set_max_stack_size(STACK_BYTES);
    exports.qjs_set_interrupt_handler(1);
  }

  /** Whether the instance is in no state to be used again. */
  get isBroken(): boolean {
    return this.#broken;
  }

  /** Evaluates the user's code, which cannot reach what the harness keeps for itself. */
  open(): void {
    const { code, name, names, tag, prints = false } = this.#source;
    const expression = `(${code.trim().replace(/;+$/, "")}\n)`;
    const fn = this.attempt(() => this.instance.evaluate(expression, name));
    if (!this.instance.isFunction(fn)) throw new NodeError("INVALID_PARAMETERS", `${name} is not a function`);
    this.#isCompiled = true;
    this.call("open", fn, this.text(tag), this.instance.number(MOST_VALUES), this.instance.boolean(prints));
    if (names !== undefined) this.call("give", this.text(JSON.stringify(names.list)), this.text(names.values));
  }

  /** What the code has printed so far, whatever has ended it. */
  printed(): string {
    if (this.#source.prints !== true || this.#broken) return "";
    this.instance.isOver = () => false;
    try {
      const outcome = this.instance.call(this.harness.printed);
      if ("thrown" in outcome) return "";
      return this.instance.textOf(outcome.value, ({ length }) => {
        if (length > MOST_PRINTED) throw new Error("There is more than the harness keeps");
      });
    } catch {
      this.#broken = true;
      return "";
    }
  }

  /** Calls a function of the harness. */
  call(name: keyof Harness, ...values: Value[]): Value {
    return this.attempt(() => this.instance.call(this.harness[name], ...values));
  }

  /** Calls a function of the harness that answers with text, whose bytes are checked first. */
  callForText(name: keyof Harness, check: (bytes: Uint8Array) => void, ...values: Value[]): string {
    const answer = this.call(name, ...values);
    return this.#whole(() => {
      const text = this.instance.textOf(answer, check);
      this.instance.free(answer);
      return text;
    });
  }

  /** Text inside the engine. */
  text(text: string): Value {
    return this.#whole(() => this.instance.text(text));
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
    if (stop) throw stoppedBy(stop, this.#source);
  }

  #outOfMemory(): NodeError {
    const { name, memoryBytes } = this.#source;
    const limit = Math.floor(memoryBytes / (1024 * 1024));
    return new NodeError("MEMORY_LIMIT_EXCEEDED", `${name} needed more than its ${limit} MiB of memory`);
  }

  /** Does what may break the instance down: the host's stack or memory may be at an end before the engine's. */
  #whole<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof OutOfMemory) throw this.#outOfMemory();
      if (error instanceof NodeError) throw error;
      this.#broken = true;
      const words = error instanceof WebAssembly.RuntimeError ? error.message : STACK_IS_FULL;
      throw new NodeError("EXECUTION_FAILED", `${this.#source.name} failed: ${words}`, { cause: error });
    }
  }

  #failure(error: Value): NodeError {
    const { name, memoryBytes } = this.#source;
    const { exports } = this.instance;
    // Without room for an error the engine throws `null`, as user code may too.
    const isFull = exports.memory.buffer.byteLength >= memoryBytes * NEARLY_ALL;
    if (isFull && this.instance.isNull(error)) return this.#outOfMemory();
    exports.qjs_set_memory_limit(memoryBytes + LAST_WORDS_BYTES);
    const thrown = this.#describe(error);
    if (!thrown) {
      const stop = this.#stopped();
      if (stop) return stoppedBy(stop, this.#source);
      return new NodeError("EXECUTION_FAILED", `${name} failed: what it threw cannot be described`);
    }
    const { item, name: kind = "", message = "", stack = "", refused, tooMany } = thrown;
    if (tooMany) return tooManyValues(name);
    if (kind === "InternalError" && (message === "out of memory" || message === "string too long")) {
      return this.#outOfMemory();
    }
    const line = lineOf(stack, name);
    const place = `${item >= 0 ? ` at item ${item}` : ""}${line === undefined ? "" : `, line ${line}`}`;
    const { code: script, given = [] } = this.#source;
    if (refused !== undefined) {
      const advice = refused.startsWith("returned a Promise") ? awaitAdvice(script, true) : "";
      return new NodeError("TYPE_MISMATCH", `${name} failed${place}: ${refused}${advice}`);
    }
    const isSyntax = kind === "SyntaxError" && !this.#isCompiled;
    const advice = isSyntax
      ? awaitAdvice(script, false)
      : kind === "ReferenceError"
        ? definedNames(message, script, given)
        : "";
    const code = isSyntax ? "INVALID_PARAMETERS" : "EXECUTION_FAILED";
    return new NodeError(code, `${name} failed${place}: ${kind === "" ? "" : `${kind}: `}${message}${advice}`);
  }

  #describe(thrown: Value): Thrown | undefined {
    try {
      const outcome = this.instance.call(this.harness.describe, thrown);
      return "thrown" in outcome ? undefined : (JSON.parse(this.instance.textOf(outcome.value)) as Thrown);
    } catch {
      this.#broken = true;
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
