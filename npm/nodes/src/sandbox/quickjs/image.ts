import { Instance } from "./instance.js";

const PAGE_BYTES = 65_536;
/** Bytes of heap that a run finds without the memory having to grow: enough for most. */
const SPARE_BYTES = 1024 * 1024;
/** Bytes of a context in which the state of `Math.random` is looked for. */
const CONTEXT_BYTES = 4096;
/** How often it may have been asked while a context was made. */
const MOST_DRAWS = 4;
const MASK = 2n ** 64n - 1n;

/**
 * The state of an instance in which the engine has started: a run begins with a copy of it, which takes a tenth of the
 * time that starting takes. Every run has the whole of an instance set back to the same state: memory and stack pointer
 * are all that changes in one. Its `Math.random` begins anew, and its clock is the real one.
 */
export class Image<T> {
  /** What was prepared in the instance: pointers that are the same in every copy. */
  readonly prepared: T;
  readonly #module: WebAssembly.Module;
  readonly #bytes: Uint8Array;
  readonly #size: number;
  readonly #stack: number;
  readonly #names: ReadonlyMap<string, number>;
  readonly #seed: number;
  /** An instance that is free for the next run, or will be. */
  #free: Instance | Promise<Instance> | undefined;

  private constructor(module: WebAssembly.Module, instance: Instance, prepared: T, seed: number) {
    this.#module = module;
    this.prepared = prepared;
    const memory = new Uint8Array(instance.exports.memory.buffer);
    let end = memory.length;
    while (memory[end - 1] === 0) end--;
    this.#bytes = memory.slice(0, end);
    this.#size = memory.length;
    this.#stack = instance.exports.__stack_pointer.value;
    this.#names = new Map(instance.names);
    this.#seed = seed;
    this.#free = instance;
  }

  /** Starts an engine, prepares it and takes its image. */
  static async of<T>(module: WebAssembly.Module, prepare: (instance: Instance) => T): Promise<Image<T>> {
    const instance = await Instance.of(module);
    const { exports } = instance;
    const [high, low] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number];
    // The engine seeds `Math.random` with the time, by which the place of the seed is found: one before 2038.
    const time = (BigInt(high >>> 14) << 32n) | BigInt((low | 1) >>> 0);
    instance.time = time;
    exports._initialize();
    if (exports.qjs_init() !== 0) throw new Error("QuickJS could not be started");
    const seed = seedAddress(exports.memory, exports.qjs_get_context_ptr(), time);
    const prepared = prepare(instance);
    exports.wasm_free(exports.wasm_malloc(SPARE_BYTES));
    return new Image(module, instance, prepared, seed);
  }

  /** An instance that is a copy of the image, for one run. */
  async open(): Promise<Instance> {
    const free = this.#free ?? this.#another();
    this.#free = undefined;
    const instance = await free;
    const memory = new Uint8Array(instance.exports.memory.buffer);
    memory.set(this.#bytes);
    memory.fill(0, this.#bytes.length);
    crypto.getRandomValues(memory.subarray(this.#seed, this.#seed + 8));
    memory[this.#seed] = (memory[this.#seed] as number) | 1;
    instance.exports.__stack_pointer.value = this.#stack;
    instance.names = this.#names;
    instance.time = undefined;
    instance.began = performance.now();
    return instance;
  }

  /**
   * Takes back an instance whose run is over. One that is broken, or whose memory has grown, since it never shrinks, is
   * dropped, and another one made while there is time.
   */
  close(instance: Instance, isBroken: boolean): void {
    if (!isBroken && instance.exports.memory.buffer.byteLength === this.#size) this.#free = instance;
    else if (this.#free === undefined) {
      this.#free = this.#another();
      // The next run hears of a failure.
      this.#free.catch(() => {});
    }
  }

  async #another(): Promise<Instance> {
    const instance = await Instance.of(this.#module);
    const { memory } = instance.exports;
    memory.grow((this.#size - memory.buffer.byteLength) / PAGE_BYTES);
    return instance;
  }
}

/** Where the state of `Math.random` is, which was seeded with `time`. */
function seedAddress(memory: WebAssembly.Memory, context: number, time: bigint): number {
  const view = new DataView(memory.buffer);
  let state = time;
  for (let draws = 0; draws <= MOST_DRAWS; draws++) {
    for (let at = context; at < context + CONTEXT_BYTES; at += 8) {
      if (view.getBigUint64(at, true) === state) return at;
    }
    state = drawn(state);
  }
  throw new Error("This build of QuickJS keeps the state of Math.random elsewhere");
}

/** The state after one number was drawn: xorshift64*. */
function drawn(state: bigint): bigint {
  let x = state;
  x ^= x >> 12n;
  x = (x ^ (x << 25n)) & MASK;
  return x ^ (x >> 27n);
}
