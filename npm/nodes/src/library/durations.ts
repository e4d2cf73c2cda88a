import { inMs } from "../data/duration.js";
import { isPlainObject } from "../data/input.js";
import type { ParameterSchema } from "../definition/node-type.js";

/** A value with the durations of its schema in ms, also of those inside an object; anything else as it is. */
export function withMs(schema: ParameterSchema, value: unknown): unknown {
  if (schema["x-duration"]) return inMs(value);
  if (schema.properties === undefined || !isPlainObject(value)) return value;
  const inner = schema.properties;
  const entries = Object.entries(value).map(([name, each]) => {
    const part = Object.hasOwn(inner, name) ? inner[name] : undefined;
    return [name, part === undefined ? each : withMs(part, each)];
  });
  return Object.fromEntries(entries) as unknown;
}
