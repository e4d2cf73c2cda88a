/** What the module may ask of its host: the time, a seed for `Math.random`, and the functions of `Host`. Nothing else. */
export interface Host {
  /** The module's memory; there is none before the instance is made. */
  memory(): WebAssembly.Memory;
  isOver(): boolean;
  /** Answers the one function that code inside the engine can call; a pointer to a value. */
  answer(values: number): number;
}

const SUCCESS = 0;
const NOT_SUPPORTED = 52;
const NANOSECONDS_PER_MS = 1_000_000n;

/** The imports of the module. */
export function importsFor(host: Host): WebAssembly.Imports {
  const refuse = (): number => NOT_SUPPORTED;
  return {
    env: {
      host_interrupt: () => (host.isOver() ? 1 : 0),
      host_call: (_name: number, _length: number, _self: number, _count: number, values: number) => host.answer(values),
      host_get_timezone_offset: offsetOf,
      // There are no modules, and nobody waits for promises.
      host_module_normalize: () => 0,
      host_module_load: () => 0,
      host_promise_rejection: () => {},
    },
    wasi_snapshot_preview1: {
      clock_time_get(_clock: number, _precision: bigint, result: number) {
        new DataView(host.memory().buffer).setBigUint64(result, BigInt(Date.now()) * NANOSECONDS_PER_MS, true);
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
