/** What executables throw, on its way to the other side. */
import { describe, isCloneable } from "@atomiton/values";
import { ADVICE, adviceOf, CODE, RETRY, retryAdvice } from "../engine/failure.js";
import type { Thrown } from "./messages.js";

/** What was thrown as it can be sent. */
export function toThrown(value: unknown): Thrown {
  try {
    if (!(value instanceof Error)) return { value: isCloneable(value) ? value : describe(value) };
    const { name, message, stack = "" } = value;
    const code = (value as { [CODE]?: unknown })[CODE];
    const retry = retryAdvice(value);
    const error = { name: String(name), message: String(message), stack: String(stack) };
    const advice = adviceOf(value);
    return {
      error: {
        ...error,
        ...(typeof code === "string" && { code }),
        ...(advice !== undefined && { advice }),
        ...(retry !== undefined && { retry }),
      },
    };
  } catch {
    return { value: "A value that cannot be read was thrown" };
  }
}

/** The like of what was thrown on the other side. */
export function fromThrown(thrown: Thrown): unknown {
  if (thrown.error === undefined) return thrown.value;
  const { name, message, stack, code, advice, retry } = thrown.error;
  const error = new Error(message);
  for (const [key, value] of Object.entries({ name, stack })) {
    Object.defineProperty(error, key, { value, configurable: true, writable: true });
  }
  if (advice !== undefined) Object.defineProperty(error, ADVICE, { value: advice });
  if (retry !== undefined) Object.defineProperty(error, RETRY, { value: retry });
  return code === undefined ? error : Object.assign(error, { code, [CODE]: code });
}
