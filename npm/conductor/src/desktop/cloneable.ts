/** Which values can go to another process: those that the structured clone algorithm takes. */
import { types } from "node:util";
import { serialize } from "node:v8";
import { cloneability, messageOf } from "@atomiton/values";

/** A value as it can be sent, or what keeps it from being sent. */
export type Sendable = { value: unknown; problem?: undefined } | { value?: undefined; problem: string };

/**
 * A value that structured clone accepts: the value itself, or where parts of it are computed when they are read, plain
 * data with what they gave once, as they may give something else the next time. Else the first part that cannot be
 * cloned, such as `data.rows.0.parse is a function`.
 */
export function sendable(value: unknown, name: string): Sendable {
  const { problem, hasGetters } = cloneability(value, name, { takes: isSerialized, isProxy: types.isProxy });
  if (problem !== undefined) return { problem };
  if (!hasGetters) return { value };
  try {
    return { value: structuredClone(value) };
  } catch (error) {
    return { problem: `${name} changed while it was read: ${messageOf(error)}` };
  }
}

/** Between processes goes less than within one, such as no shared memory. */
function isSerialized(value: object): boolean {
  try {
    serialize(value);
    return true;
  } catch {
    return false;
  }
}
