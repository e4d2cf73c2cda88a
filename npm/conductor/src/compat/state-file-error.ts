/** Why a state cannot be written as it is, or read at all. */
export class StateFileError extends Error {
  override readonly name = "StateFileError";

  constructor(
    readonly code: "SERIALIZATION_FAILED" | "DESERIALIZATION_FAILED",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
