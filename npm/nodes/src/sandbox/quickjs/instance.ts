import type { QuickJsExports } from "./exports.js";
import { importsFor } from "./imports.js";

/** A value inside an engine. */
export type Value = number & { readonly "~value": never };

/** What a step inside an engine came to. */
export type Outcome = { value: Value } | { thrown: Value };

/** There was no memory for text on its way into an engine or out of it. */
export class OutOfMemory extends Error {}

const MICROSECONDS_PER_MS = 1000;
const NANOSECONDS_PER_MS = 1e6;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * An instance of the module, and how to move text and values in and out. Its methods throw {@link OutOfMemory}, or what
 * the host throws when an instance breaks down: then it is of no use any more.
 */
export class Instance {
  readonly exports: QuickJsExports;
  /** Asked every few thousand steps whether it is enough. */
  isOver: () => boolean = () => false;
  /** Answers the one function that code inside can call. */
  answer: (argument: number) => void = () => {};
  /** Microseconds since 1970, as long as it is not the present that the engine is to see. */
  time: bigint | undefined;
  /** When the clock without a date began to count, as `performance.now()` tells it; it stands still without. */
  began: number | undefined;
  #names = new Map<string, number>();

  private constructor(exports: QuickJsExports) {
    this.exports = exports;
  }

  /** Makes an instance in which nothing has happened. */
  static async of(module: WebAssembly.Module): Promise<Instance> {
    let made: Instance | undefined;
    const instance = (): Instance => made as Instance;
    const imports = importsFor({
      memory: () => instance().exports.memory,
      now: () => instance().time ?? BigInt(Math.trunc(Date.now() * MICROSECONDS_PER_MS)),
      monotonic: () => instance().#elapsed(),
      isOver: () => instance().isOver(),
      answer: (values) => instance().#answerTo(values),
    });
    // Some browsers refuse to make an instance of this size on the main thread while it waits.
    made = new Instance((await WebAssembly.instantiate(module, imports)).exports as QuickJsExports);
    return made;
  }

  /** Evaluates a script in the global scope. */
  evaluate(code: string, filename: string): Outcome {
    return this.#withText(code, (start, length) =>
      this.#outcome(this.exports.qjs_eval(start, length, this.#name(filename), 0)),
    );
  }

  /** Calls a function. */
  call(fn: Value, ...values: Value[]): Outcome {
    const list = this.exports.wasm_malloc(Math.max(1, values.length) * 4);
    if (list === 0) throw new OutOfMemory();
    values.forEach((value, i) => {
      this.#view().setUint32(list + i * 4, value, true);
    });
    const result = this.exports.qjs_call(fn, this.nothing(), values.length, list);
    this.exports.wasm_free(list);
    return this.#outcome(result);
  }

  /** Text as a value. */
  text(text: string): Value {
    const value = this.#withText(text, (start, length) => this.exports.qjs_new_string(start, length)) as Value;
    if (this.exports.qjs_is_string(value) === 0) throw new OutOfMemory();
    return value;
  }

  /**
   * What is written in a value of text.
   *
   * @param check is shown the bytes first, and throws if it does not want them as text
   */
  textOf(value: Value, check?: (bytes: Uint8Array) => void): string {
    const { exports } = this;
    const length = exports.wasm_malloc(4);
    if (length === 0) throw new OutOfMemory();
    const start = exports.qjs_get_string_len(value, length);
    const count = this.#view().getUint32(length, true);
    exports.wasm_free(length);
    if (start === 0) throw new OutOfMemory();
    const bytes = new Uint8Array(exports.memory.buffer, start, count);
    check?.(bytes);
    const text = decoder.decode(bytes);
    exports.qjs_free_cstring(start);
    return text;
  }

  number(value: number): Value {
    return this.exports.qjs_new_number(value) as Value;
  }

  boolean(value: boolean): Value {
    return (value ? this.exports.qjs_get_true() : this.exports.qjs_get_false()) as Value;
  }

  nothing(): Value {
    return this.exports.qjs_get_undefined() as Value;
  }

  /** The function inside the engine for {@link answer}, which answers with `undefined`. */
  hostFunction(): Value {
    return this.exports.qjs_new_host_function(this.#name("answer"), "answer".length, 1) as Value;
  }

  property(object: Value, key: string): Value {
    return this.exports.qjs_get_prop_string(object, this.#name(key)) as Value;
  }

  isFunction(value: Value): boolean {
    return this.exports.qjs_is_function(value) !== 0;
  }

  isNull(value: Value): boolean {
    return this.exports.qjs_is_null(value) !== 0;
  }

  /** Lets a value go. Only large ones need that: the others go with the engine. */
  free(value: Value): void {
    this.exports.qjs_free_value(value);
  }

  /** What was written of names, which is as much a part of the instance as its memory. */
  get names(): ReadonlyMap<string, number> {
    return this.#names;
  }

  set names(names: ReadonlyMap<string, number>) {
    this.#names = new Map(names);
  }

  #elapsed(): bigint {
    const { began } = this;
    return began === undefined ? 0n : BigInt(Math.trunc((performance.now() - began) * NANOSECONDS_PER_MS));
  }

  #answerTo(values: number): Value {
    this.answer(this.exports.qjs_get_float64(this.#view().getUint32(values, true)));
    return this.nothing();
  }

  #outcome(result: number): Outcome {
    if (this.exports.qjs_is_exception(result) === 0) return { value: result as Value };
    return { thrown: this.exports.qjs_get_exception() as Value };
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
      this.exports.wasm_free(start);
    }
  }

  /** Writes bytes and the zero that C wants after them. */
  #write(bytes: Uint8Array): number {
    const start = this.exports.wasm_malloc(bytes.length + 1);
    if (start === 0) throw new OutOfMemory();
    const memory = new Uint8Array(this.exports.memory.buffer);
    memory.set(bytes, start);
    memory[start + bytes.length] = 0;
    return start;
  }

  #view(): DataView {
    return new DataView(this.exports.memory.buffer);
  }
}
