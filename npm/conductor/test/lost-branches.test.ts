/** Groups whose branches do not meet, so that what ends one of them goes nowhere. */

import { createConductor } from "@atomiton/conductor";
import { readFlow } from "@atomiton/conductor/node";
import { expect, it } from "vitest";

const conductor = createConductor();

const told = async (inside: string, { type = "loop", parameters = "{}", behind = true } = {}) => {
  const flow = readFlow(`id: f
nodes:
  - { id: rows, type: code, parameters: { code: "return [1, 2]" } }
  - id: each
    type: ${type}
    parameters: ${parameters}
${inside.replace(/^/gm, "    ")}
  - { id: save, type: template, parameters: { template: "{{input}}" } }
edges:
  - { source: rows, target: each }
${behind ? "  - { source: each, target: save }" : ""}
`);
  const { warnings = [] } = (await conductor.node.validate(flow as never)) as unknown as { warnings?: string[] };
  return warnings.filter((text) => text.includes("go nowhere"));
};

const branches = `nodes:
  - { id: large, type: condition, parameters: { expression: "data > 1" } }
  - { id: yes, type: template, parameters: { template: "large" } }
  - { id: no, type: template, parameters: { template: "small" } }
edges:
  - { source: large, target: yes, sourceHandle: "true" }
  - { source: large, target: no, sourceHandle: "false" }`;

it("are warned of", async () => {
  expect(await told(branches)).toEqual([
    expect.stringContaining(
      "Branches of `each` end with `yes` and `no`, and `each` gathers what the last node inside gives, so that the others go nowhere, and it is nothing where the last one is skipped. Let the branches meet in a `merge` with `mode: first`, as the last node",
    ),
  ]);
  expect(await told(branches, { type: "group" })).toHaveLength(1);
});

it("are not where nothing is lost", async () => {
  const meeting = branches
    .replace("edges:", "  - { id: met, type: merge, parameters: { mode: first } }\nedges:")
    .concat("\n  - { source: yes, target: met }\n  - { source: no, target: met }");
  expect(await told(meeting)).toEqual([]);
  // One that does something to the world is there for that.
  expect(
    await told(
      branches.replace(
        "no, type: template, parameters: { template: ",
        "no, type: file-system, parameters: { operation: write, path: a.txt, content: ",
      ),
    ),
  ).toEqual([]);
  // Nothing takes what the loop gathers.
  expect(await told(branches, { behind: false })).toEqual([]);
  expect(await told(branches, { parameters: "{ collectResults: false }" })).toEqual([]);
  expect(await told(branches, { type: "parallel" })).toEqual([]);
  expect(await told(branches.replace('"small"', '"${{ nodes.yes }}"'))).toEqual([]);
  expect(
    await told(
      branches
        .replace("yes, type: template", "yes, type: merge")
        .replace('parameters: { template: "large" }', "parameters: { mode: first }"),
      { type: "try", parameters: "{ catch: no }" },
    ),
  ).toEqual([]);
});
