/** Any value as JSON. */
import { types } from "node:util";

/**
 * A value as JSON, also where JSON has no word for parts of it: a circle becomes `"[Circular]"`, a bigint text, a map an
 * object, a set a list, an error its name and message. Throws where a value refuses to be read.
 */
export function jsonText(value: unknown, space?: number): string {
  /** The objects around the one that is written, and what is written in their place. */
  const above: { part: object; shown: object }[] = [];
  const text = JSON.stringify(
    value,
    function (this: object, _key, part: unknown) {
      if (typeof part === "bigint") return part.toString();
      if (typeof part !== "object" || part === null) return part;
      while (above.length > 0 && above.at(-1)?.shown !== this) above.pop();
      if (above.some((outer) => outer.part === part)) return "[Circular]";
      const shown = plain(part);
      above.push({ part, shown });
      return shown;
    },
    space,
  );
  return text ?? "null";
}

function plain(value: object): object {
  if (types.isMap(value)) return Object.fromEntries(value);
  if (types.isSet(value)) return [...value];
  if (value instanceof Error) return { name: value.name, message: value.message };
  return value;
}
