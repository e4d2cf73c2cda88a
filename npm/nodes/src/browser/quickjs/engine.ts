import type { QuickJsExports } from "./exports.js";
import { importsFor } from "./imports.js";

/** A value inside an engine. */
export type Value = number & { readonly "~value": never };

/** What a step inside an engine came to. */
export type Outcome = { value: Value } | { thrown: Value };

/** What an engine may take, and who says that it is enough. */
export interface EngineLimits {
  memoryBytes: number;
  /** Asked every few thousand steps. */
  isOver(): boolean;
}

/**
 * Bytes of stack, in the engine's own count: as many calls inside each other as the native engine has room for, and no
 * more than the browser's stack can hold, which is smaller in a worker. That one ends first only where the engine
 * descends into data of more than a thousand levels.
 */
const STACK_BYTES = 192 * 1024;

/** There was no memory for text on its way into an engine or out of it. */
export class OutOfMemory extends Error {}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A JavaScript engine in an instance of the module that it has for itself: nothing of one run is there in the next, and
 * an instance that broke down is dropped with all it held. It has the built-ins of the language and nothing else.
 *
 * Its methods throw {@link OutOfMemory}, or what the browser throws when an instance breaks down: then it is of no use
 * any more.
 */
export class Engine {
  readonly #exports: QuickJsExports;
  readonly #names = new Map<string, number>();
  readonly undefined: Value;
  #answer: (argument: number) => string = () => "";

  private constructor(exports: QuickJsExports) {
    this.#exports = exports;
    this.undefined = exports.qjs_get_undefined() as Value;
  }

  /** Makes an instance and starts the engine in it. */
  static async open(module: WebAssembly.Module, { memoryBytes, isOver }: EngineLimits): Promise<Engine> {
    let engine: Engine | undefined;
    let exports: QuickJsExports | undefined;
    const imports = importsFor({
      memory: () => (exports as QuickJsExports).memory,
      isOver,
      answer: (values) => (engine as Engine).#answerTo(values),
    });
    // Some browsers refuse to make an instance of this size on the main thread while it waits.
    const instance = await WebAssembly.instantiate(module, imports);
    exports = instance.exports as QuickJsExports;
    exports._initialize();
    if (exports.qjs_init() !== 0) throw new Error("QuickJS could not be started");
    exports.qjs_set_memory_limit(memoryBytes);
    exports.qjs_set_max_stack_size(STACK_BYTES);
    exports.qjs_set_interrupt_handler(1);
    engine = new Engine(exports);
    return engine;
  }

  /** Evaluates a script in the global scope. */
  evaluate(code: string, filename: string): Outcome {
    return this.#withText(code, (start, length) =>
      this.#outcome(this.#exports.qjs_eval(start, length, this.#name(filename), 0)),
    );
  }

  /** Calls a function. */
  call(fn: Value, ...values: Value[]): Outcome {
    const list = this.#exports.wasm_malloc(Math.max(1, values.length) * 4);
    values.forEach((value, i) => {
      this.#view().setUint32(list + i * 4, value, true);
    });
    const result = this.#exports.qjs_call(fn, this.undefined, values.length, list);
    this.#exports.wasm_free(list);
    return this.#outcome(result);
  }

  /** Text as a value. */
  text(text: string): Value {
    const value = this.#withText(text, (start, length) => this.#exports.qjs_new_string(start, length)) as Value;
    if (this.#exports.qjs_is_string(value) === 0) throw new OutOfMemory();
    return value;
  }

  /** What is written in a value of text. */
  textOf(value: Value): string {
    const exports = this.#exports;
    const length = exports.wasm_malloc(4);
    const start = exports.qjs_get_string_len(value, length);
    const bytes = this.#view().getUint32(length, true);
    exports.wasm_free(length);
    if (start === 0) throw new OutOfMemory();
    const text = decoder.decode(new Uint8Array(exports.memory.buffer, start, bytes));
    exports.qjs_free_cstring(start);
    return text;
  }

  number(value: number): Value {
    return this.#exports.qjs_new_number(value) as Value;
  }

  boolean(value: boolean): Value {
    return (value ? this.#exports.qjs_get_true() : this.#exports.qjs_get_false()) as Value;
  }

  object(properties: Readonly<Record<string, Value>>): Value {
    const object = this.#exports.qjs_new_object() as Value;
    for (const [key, value] of Object.entries(properties)) {
      this.#exports.qjs_set_prop_string(object, this.#name(key), value);
    }
    return object;
  }

  /** A function inside the engine that answers a number with text. An engine has one at most. */
  function(answer: (argument: number) => string): Value {
    this.#answer = answer;
    return this.#exports.qjs_new_host_function(this.#name("answer"), "answer".length, 1) as Value;
  }

  property(object: Value, key: string): Value {
    return this.#exports.qjs_get_prop_string(object, this.#name(key)) as Value;
  }

  isFunction(value: Value): boolean {
    return this.#exports.qjs_is_function(value) !== 0;
  }

  /** Lets a value go. Only large ones need that: the others go with the engine. */
  free(value: Value): void {
    this.#exports.qjs_free_value(value);
  }

  #answerTo(values: number): Value {
    const argument = this.#exports.qjs_get_float64(this.#view().getUint32(values, true));
    return this.text(this.#answer(argument));
  }

  #outcome(result: number): Outcome {
    if (this.#exports.qjs_is_exception(result) === 0) return { value: result as Value };
    return { thrown: this.#exports.qjs_get_exception() as Value };
  }

  /** The address of a name, which is written once. */
  #name(name: string): number {
    let start = this.#names.get(name);
    if (start === undefined) {
      start = this.#write(encoder.encode(name));
      this.#names.set(name, start);
    }
    return start;
  }

  #withText<T>(text: string, use: (start: number, length: number) => T): T {
    const bytes = encoder.encode(text);
    const start = this.#write(bytes);
    try {
      return use(start, bytes.length);
    } finally {
      this.#exports.wasm_free(start);
    }
  }

  /** Writes bytes and the zero that C wants after them. */
  #write(bytes: Uint8Array): number {
    const start = this.#exports.wasm_malloc(bytes.length + 1);
    if (start === 0) throw new OutOfMemory();
    const memory = new Uint8Array(this.#exports.memory.buffer);
    memory.set(bytes, start);
    memory[start + bytes.length] = 0;
    return start;
  }

  #view(): DataView {
    return new DataView(this.#exports.memory.buffer);
  }
}
