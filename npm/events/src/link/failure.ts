/** Failures as they cross a link, and back into errors. */
import { EventError, eventText, thrownText } from "../error.js";
import type { Failure, FailureMessage } from "./message.js";

/** Longest message and longest stack that are sent, in characters. */
const LONGEST_MESSAGE = 8_192;
const LONGEST_STACK = 16_384;

/** What the other process is told about an error: text only, nothing that the error carries besides. */
export function failureOf(error: EventError): Failure {
  const cause: unknown = error.cause;
  const told = error.code === "HANDLER_FAILED" ? cause : error;
  const failure: Failure = { code: error.code, message: thrownText(told).slice(0, LONGEST_MESSAGE) };
  if (!(told instanceof Error)) return failure;
  failure.name = String(told.name).slice(0, LONGEST_MESSAGE);
  if ("code" in told && typeof told.code === "string") failure.causeCode = told.code.slice(0, LONGEST_MESSAGE);
  if (typeof told.stack === "string") failure.stack = told.stack.slice(0, LONGEST_STACK);
  return failure;
}

/** The error that the emitter gets for another process's failure. */
export function errorOf({ bus, event, data }: FailureMessage): EventError {
  if (data.code !== "HANDLER_FAILED") {
    return new EventError(data.code, data.message, { bus, event, remoteStack: data.stack });
  }
  const cause: Error & { code?: string } = new Error(data.message);
  // The stack of where the error was rebuilt would only mislead.
  cause.stack = data.stack ?? data.message;
  if (data.name !== undefined) cause.name = data.name;
  if (data.causeCode !== undefined) cause.code = data.causeCode;
  const message = `A handler of ${eventText(bus, event)} failed in another process: ${data.message}`;
  return new EventError("HANDLER_FAILED", message, { bus, event, cause, remoteStack: data.stack });
}
