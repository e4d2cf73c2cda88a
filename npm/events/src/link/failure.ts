/** Failures as they cross a link, and back into errors. */
import { messageOf } from "@atomiton/values";
import { EventError, eventText } from "../error.js";
import type { Failure, FailureMessage } from "./message.js";

/** Longest message and longest stack that are sent, in characters. */
const LONGEST_MESSAGE = 8_192;
const LONGEST_STACK = 16_384;

/**
 * What the other process is told about an error: text only, nothing that the error carries besides. It never throws,
 * whatever a handler threw: a detail that cannot be read is left out.
 */
export function failureOf(error: EventError): Failure {
  const told: unknown = error.code === "HANDLER_FAILED" ? error.cause : error;
  const failure: Failure = { code: error.code, message: messageOf(told).slice(0, LONGEST_MESSAGE) };
  if (!isError(told)) return failure;
  const name = textFrom(() => String(told.name), LONGEST_MESSAGE);
  const causeCode = textFrom(() => ("code" in told ? told.code : undefined), LONGEST_MESSAGE);
  const stack = textFrom(() => told.stack, LONGEST_STACK);
  if (name !== undefined) failure.name = name;
  if (causeCode !== undefined) failure.causeCode = causeCode;
  if (stack !== undefined) failure.stack = stack;
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

function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}

/** The text that is read; undefined for anything else, and when reading throws, as a getter or a proxy may. */
function textFrom(read: () => unknown, longest: number): string | undefined {
  try {
    const text = read();
    return typeof text === "string" ? text.slice(0, longest) : undefined;
  } catch {
    return undefined;
  }
}
