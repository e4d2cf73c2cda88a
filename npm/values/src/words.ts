/** Values in words, for messages. Nothing here throws, whatever the value does. */
import type { Step } from "./walk.js";

/** A value as text: a Proxy may refuse, a symbol must be asked, an object may have no prototype. */
export function describe(value: unknown): string {
  for (const text of [String, (value: unknown) => Object.prototype.toString.call(value)]) {
    try {
      return text(value);
    } catch {
      // The next one asks less of it.
    }
  }
  return "a value that cannot be looked at";
}

/** What was thrown: the message of an error, else the value as text. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? describe(thrown.message) : describe(thrown);
  } catch {
    return "A value that cannot be read was thrown";
  }
}

/** The path of a part in a value: `rows[0].name`; nothing for the value as a whole. */
export function pathText(path: readonly Step[]): string {
  return path.map((step, at) => (typeof step === "number" ? `[${step}]` : at === 0 ? step : `.${step}`)).join("");
}

/** The class of an object: `Map`; `undefined` for one without a name. */
export function classOf(value: object): string | undefined {
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" ? name : undefined;
}
