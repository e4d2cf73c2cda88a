import type { ZodType } from "zod";

const compiled = new WeakMap<object, ZodType>();

/** A JSON Schema as a check, made at its first use; from then on it is given at once. */
export function compiledSchema(schema: object): ZodType | Promise<ZodType> {
  return compiled.get(schema) ?? compile(schema);
}

async function compile(schema: object): Promise<ZodType> {
  // Loaded when a node first runs, so that importing the library stays cheap.
  const { fromJSONSchema, withoutEval } = await import("./json-schema.js");
  // Calls that came before it was loaded need one check as well.
  const meanwhile = compiled.get(schema);
  if (meanwhile !== undefined) return meanwhile;
  const check = withoutEval(() => fromJSONSchema(schema as Parameters<typeof fromJSONSchema>[0]));
  compiled.set(schema, check);
  return check;
}
