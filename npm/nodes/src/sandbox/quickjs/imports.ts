/** What the module may ask of its host: the time, random bytes, and the functions of `Host`. Nothing else. */
export interface Host {
  /** The module's memory; missing before the instance is made. */
  memory(): WebAssembly.Memory;
  /** Microseconds since 1970. */
  now(): bigint;
  /** ns since some moment. */
  monotonic(): bigint;
  isOver(): boolean;
  /** Answers the one function that code inside the engine can call; a pointer to a value. */
  answer(values: number): number;
}

const SUCCESS = 0;
const NOT_SUPPORTED = 52;
const NANOSECONDS_PER_MICROSECOND = 1000n;
/** The number of the clock that tells the time of day. */
const REAL_TIME = 0;

/** The imports of the module. */
export function importsFor(host: Host): WebAssembly.Imports {
  const refuse = (): number => NOT_SUPPORTED;
  return {
    env: {
      host_interrupt: () => (host.isOver() ? 1 : 0),
      host_call: (_name: number, _length: number, _self: number, _count: number, values: number) => host.answer(values),
      host_get_timezone_offset: offsetOf,
      // There are no modules, and nothing waits for promises.
      host_module_normalize: () => 0,
      host_module_load: () => 0,
      host_promise_rejection: () => {},
    },
    wasi_snapshot_preview1: {
      clock_time_get(clock: number, _precision: bigint, result: number) {
        const time = clock === REAL_TIME ? host.now() * NANOSECONDS_PER_MICROSECOND : host.monotonic();
        new DataView(host.memory().buffer).setBigUint64(result, time, true);
        return SUCCESS;
      },
      random_get(start: number, length: number) {
        crypto.getRandomValues(new Uint8Array(host.memory().buffer, start, length));
        return SUCCESS;
      },
      fd_write: refuse,
      fd_close: refuse,
      fd_fdstat_get: refuse,
      fd_seek: refuse,
    },
  };
}

/** Seconds east of UTC at a time in seconds since 1970, given as the halves of a 64-bit integer. */
function offsetOf(high: number, low: number): number {
  const seconds = Number((BigInt(high) << 32n) | BigInt(low >>> 0));
  return -new Date(seconds * 1000).getTimezoneOffset() * 60;
}
