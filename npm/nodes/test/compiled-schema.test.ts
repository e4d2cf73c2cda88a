import { expect, it } from "vitest";

import { compiledSchema } from "../src/library/compiled-schema.js";

it("compiles a schema once, for calls as well that come while the compiler is loaded", async () => {
  const schema = { type: "object", properties: { n: { type: "number" } } };
  const [first, second] = await Promise.all([compiledSchema(schema), compiledSchema(schema)]);
  expect(second).toBe(first);
  expect(await compiledSchema(schema)).toBe(first);
  expect(await compiledSchema({ ...schema })).not.toBe(first);
});
