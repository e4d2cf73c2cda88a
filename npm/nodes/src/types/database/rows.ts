import { NodeError } from "../../contract/error.js";
import type { Answer } from "./session.js";

/**
 * The rows of an answer as objects.
 *
 * @throws NodeError EXECUTION_FAILED where two columns have one name, of which an object could hold one only
 */
export function objectsOf({ rows, fields }: Answer): Record<string, unknown>[] {
  const names = fields.map(({ name }) => name);
  const twice = names.find((name, position) => names.indexOf(name) !== position);
  if (twice !== undefined) {
    throw new NodeError("EXECUTION_FAILED", `Two columns of the result are called \`${twice}\``, {
      advice: ["Give one of them another name in the statement, with `as`."],
      retry: false,
    });
  }
  return rows.map((row) => {
    const object: Record<string, unknown> = {};
    for (const [position, name] of names.entries()) setOwn(object, name, row[position]);
    return object;
  });
}

/** A property of that very object, also where its name means something to JavaScript. */
function setOwn(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
