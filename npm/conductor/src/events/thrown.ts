import { describe } from "../types/errors.js";

/** What was thrown, in words: an error's message, else the value as text. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : describe(thrown);
  } catch {
    return "A value that cannot be read was thrown";
  }
}
