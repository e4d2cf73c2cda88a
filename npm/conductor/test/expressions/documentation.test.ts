/** Each example in docs/expressions.md gives what stands beside it. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createConductor } from "../../src/exports/node";
import { NAMES } from "../../src/expressions/scope";
import type { NodeDefinition } from "../../src/types/definition";

const text = readFileSync(new URL("../../../../docs/expressions.md", import.meta.url), "utf8");
const examples = [...text.matchAll(/^\| `(.+?)` \| `(.+)` \|$/gm)].map(
  ([, source, gives]) => [source, gives] as [string, string],
);
const isOfLoop = (source: string) => /^(item|index|loop)/.test(source);

const fetched = { user: { name: "Ada", tags: ["x", "y"] }, count: 3 };

async function value(source: string): Promise<unknown> {
  const found: unknown[] = [];
  const conductor = createConductor({
    expressions: { env: { STAGE: "test" } },
    secrets: (name) => (name === "TOKEN" ? "t0k3n" : undefined),
    nodeExecutorFactory: {
      getNodeExecutable: (type: string) => ({
        // biome-ignore lint/suspicious/noExplicitAny: an executable
        execute: (params: any) => (type === "source" ? fetched : found.push(params.value)),
      }),
    },
  });
  const shown = { id: "shown", type: "show", parameters: { value: `\${{ ${source} }}` } };
  const loop = { id: "each", type: "loop", parameters: { array: [{ id: 7 }, { id: 8 }] }, nodes: [shown] };
  const last = isOfLoop(source) ? loop : shown;
  const flow = {
    id: "flow",
    type: "group",
    nodes: [{ id: "fetch", type: "source" }, last],
    edges: [{ source: "fetch", target: last.id }],
  };
  const result = await conductor.node.run(flow as unknown as NodeDefinition, { variables: { limit: 10 } });
  expect(result.error).toBeUndefined();
  expect(result.warnings).toBeUndefined();
  return found.at(-1);
}

describe("docs/expressions.md", () => {
  it("has an example of every name", () => {
    for (const name of NAMES)
      expect(
        examples.some(([source]) => new RegExp(`\\b${name}\\b`).test(source)),
        name,
      ).toBe(true);
    expect(examples.length).toBeGreaterThan(20);
  });

  it.each(examples)("%s gives %s", async (source, gives) => expect(await value(source)).toEqual(JSON.parse(gives)));
});
