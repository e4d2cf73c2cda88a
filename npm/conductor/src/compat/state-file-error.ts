/** Why a state cannot be written as it is, or read at all. */
export class StateFileError extends Error {
  override readonly name = "StateFileError";

  constructor(
    /** `VERSION_CONFLICT`: in a store is another state than the one that was to be replaced. */
    readonly code: "SERIALIZATION_FAILED" | "DESERIALIZATION_FAILED" | "VERSION_CONFLICT",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
