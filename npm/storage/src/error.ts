/** What kind of failure a {@link StorageError} is. The codes are stable; programs may compare them. */
export type StorageErrorCode =
  /** Nothing is stored under the key. */
  | "NOT_FOUND"
  /** The data cannot be written, or what is stored cannot be read. */
  | "SERIALIZATION_ERROR"
  /** The operating system, the browser or the rules of the base folder refuse access. */
  | "ACCESS_DENIED"
  /** A limit set for this user or this site is reached. */
  | "QUOTA_EXCEEDED"
  /** The disk is full. */
  | "STORAGE_FULL"
  /** The operation would lose something, or does not exist here. */
  | "UNSUPPORTED_OPERATION"
  /** Another version of the flow is there than the one that the save was to replace. Nothing was saved. */
  | "VERSION_CONFLICT"
  /** For engines of other packages. */
  | "NETWORK_ERROR"
  /** For engines of other packages. */
  | "AUTHENTICATION_FAILED";

/** Where a failure happened. */
export interface StorageErrorContext {
  key?: string;
  /** The engine's method: `save`, `load`, `list` … */
  operation?: string;
  /** The file, as an absolute path. */
  file?: string;
  /** The line in the file, from 1. */
  line?: number;
  /** The column in the line, from 1. */
  column?: number;
  /** The place in the data, such as `nodes[2].parameters.body`. */
  path?: string;
}

/** Every failure of this package. The message says what to do where something can be done; it never holds stored values. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageErrorCode;
  readonly context: StorageErrorContext;

  constructor(
    message: string,
    code: StorageErrorCode,
    { cause, context = {} }: { cause?: unknown; context?: StorageErrorContext } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.context = context;
  }
}
