import type { ZodType } from "zod";

const compiled = new WeakMap<object, ZodType>();

/** A JSON Schema as a check, made at its first use. */
export async function compiledSchema(schema: object): Promise<ZodType> {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  // Loaded when a node first runs, so that importing the library stays cheap.
  const { config, fromJSONSchema } = await import("./json-schema.js");
  const { jitless } = config();
  // Trying out `new Function`, as it otherwise does, is a violation of the CSP that pages ought to have.
  if ("window" in globalThis || "WorkerGlobalScope" in globalThis) config({ jitless: true });
  try {
    const check = fromJSONSchema(schema as Parameters<typeof fromJSONSchema>[0]);
    compiled.set(schema, check);
    return check;
  } finally {
    config({ jitless });
  }
}
