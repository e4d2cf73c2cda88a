/** How deeply groups may lie in one another is the same wherever a flow goes. */
import { createConductor, readFlow, validateFlow, writeFlow } from "@atomiton/conductor/node";
import { expect, it } from "vitest";
import { constants } from "../src/engine/constants.js";
import type { NodeDefinition } from "../src/types/definition.js";

const LIMIT = 64;
const FORMATS = ["yaml", "json"] as const;

/** A leaf, with parameters as deep as they may be anywhere, inside so many groups. */
function inGroups(count: number): NodeDefinition {
  let value: unknown = "deep";
  for (let level = 0; level < 126; level++) value = { value };
  let node: NodeDefinition = { id: "leaf", type: "t", parameters: { value } } as NodeDefinition;
  for (let group = count; group > 0; group--)
    node = { id: `g${group}`, type: "group", nodes: [node] } as NodeDefinition;
  return node;
}

const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => ({ execute: () => "ran" }) } });

it("as many groups as the limit says run, are valid, and are written and read", async () => {
  expect(constants().limits.groups).toBe(LIMIT);
  const flow = inGroups(LIMIT);
  expect(await conductor.node.run(flow)).toMatchObject({ success: true, data: "ran" });
  expect(validateFlow(flow, { schemas: {} })).toEqual([]);
  for (const format of FORMATS) {
    let [read, given] = [readFlow(writeFlow(flow, format), format), flow];
    for (let group = 0; group < LIMIT; group++) {
      [read, given] = [read, given].map((node) => node.nodes?.[0]) as [NodeDefinition, NodeDefinition];
    }
    expect(read.parameters).toEqual(given.parameters);
  }
});

it("one more is refused everywhere, and the message counts groups", async () => {
  const flow = inGroups(LIMIT + 1);
  const message = "The limit `groups` is 64, found 65";
  const result = await conductor.node.run(flow);
  expect(result.error).toMatchObject({ message: expect.stringContaining(message) });
  expect(validateFlow(flow, { schemas: {} })).toMatchObject([{ code: "VALIDATION_FAILED", message }]);
  for (const format of FORMATS) expect(() => writeFlow(flow, format)).toThrow(message);
  expect(() => readFlow(JSON.stringify(flow), "json")).toThrow(message);
  expect(() => readFlow(JSON.stringify(flow), "yaml")).toThrow(message);
});

it("groups that contain one another are refused with the same message", async () => {
  const flow = inGroups(1);
  flow.nodes = [flow];
  const result = await conductor.node.run(flow);
  expect(result.error).toMatchObject({ message: expect.stringContaining("The limit `groups` is 64, found 65") });
});
