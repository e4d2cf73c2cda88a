/** Where an error carries its code for whoever does not share this package's classes, such as the conductor. */
export const errorCode: unique symbol = Symbol.for("@atomiton/error-code") as never;

/** The codes that nodes of this library fail with. */
export type NodeErrorCode =
  | "INVALID_PARAMETERS"
  | "TYPE_MISMATCH"
  | "DESERIALIZATION_FAILED"
  | "EXECUTION_FAILED"
  | "TIMEOUT"
  | "CANCELLED"
  | "MEMORY_LIMIT_EXCEEDED"
  | "NO_TRANSPORT"
  | "INTERNAL_ERROR"
  | (string & {});

/** The failure of a node, with a stable code. */
export class NodeError extends Error {
  override readonly name = "NodeError";
  readonly code: NodeErrorCode;
  readonly [errorCode]: NodeErrorCode;

  constructor(code: NodeErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this[errorCode] = code;
  }
}

/** The code of an error, whatever class it is of; `EXECUTION_FAILED` when it carries none. */
export function codeOf(error: unknown): NodeErrorCode {
  const code =
    typeof error === "object" && error !== null ? (error as { [errorCode]?: unknown })[errorCode] : undefined;
  return typeof code === "string" ? code : "EXECUTION_FAILED";
}

/** What an error says, in one line for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
