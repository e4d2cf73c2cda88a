/** A failure of a native function, with its stable error code such as `TIMEOUT` or `INVALID_PARAMETERS`. */
export class NativeError extends Error {
  override readonly name = "NativeError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Native functions put the code in front of the message, because nothing else of an error crosses the boundary. */
export function nativeError(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const [, code, message] = /^\[([A-Z_]+)\] ([\s\S]*)$/.exec(thrown.message) ?? [];
  return code === undefined || message === undefined ? thrown : new NativeError(code, message);
}
