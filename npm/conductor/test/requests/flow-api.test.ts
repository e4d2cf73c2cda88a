/** Templates and flows through `conductor.flow`. */
import { createConductor } from "@atomiton/conductor/node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { chain, group, leaf, pass, stopClock, watch } from "../contract/flows.js";
import { asNode, conductorOf } from "./stored.js";

afterEach(() => {
  vi.useRealTimers();
});

const templates = [
  ["hello-world", "550e8400-e29b-41d4-a716-446655440001", "Hello World Flow", 3, ["file-system"]],
  [
    "data-transform",
    "550e8400-e29b-41d4-a716-446655440002",
    "Data Transform Pipeline",
    4,
    ["spreadsheet", "file-system"],
  ],
  ["image-processor", "550e8400-e29b-41d4-a716-446655440003", "Image Processing Workflow", 6, ["file-system", "image"]],
] as const;

describe("the templates", () => {
  it("are listed with name, description, size and what of them needs a machine", async () => {
    const { flow } = await conductorOf();
    const list = await flow.listTemplates();
    expect(list.templates).toEqual(
      expect.arrayContaining(
        templates.map(([, id, name, nodeCount, needs]) => ({
          ...{ id, name, nodeCount, needs },
          description: expect.stringMatching(/./),
        })),
      ),
    );
  });

  it.each(templates)("are given by short name and by id: %s", async (slug, id, name, nodeCount) => {
    const { flow } = await conductorOf();
    const { definition } = await flow.getTemplate(slug);
    expect(definition).toMatchObject({ id, name, type: "group" });
    expect(definition.nodes?.length).toBe(nodeCount);
    expect((await flow.getTemplate(id)).definition).toEqual(definition);
    expect(await flow.loadFlow(slug)).toEqual(definition);
    expect(await flow.loadFlow(id)).toEqual(definition);
  });

  it.each(["data-pipeline", "data-processor"])("include %s, which the documentation uses", async (slug) => {
    const { flow } = await conductorOf();
    const definition = await flow.loadFlow(slug);
    expect(definition.nodes?.length).toBeGreaterThan(0);
    expect((await flow.getTemplate(slug)).definition).toEqual(definition);
  });

  it.each(["nobody", "", "__proto__", "constructor"])("that do not exist reject by name: %j", async (id) => {
    const { flow } = await conductorOf();
    await expect(flow.getTemplate(id)).rejects.toThrow(`Flow template ${id} not found`);
  });

  it("are not changed by what somebody does to one", async () => {
    const { flow } = await conductorOf();
    const first = await flow.loadFlow("hello-world");
    const before = structuredClone(first);
    first.name = "Spoiled";
    first.nodes?.splice(0);
    expect(await flow.loadFlow("hello-world")).toEqual(before);
  });

  it("can be customised, saved and run, as the documentation shows", async () => {
    const conductor = await conductorOf();
    const template = await conductor.flow.loadFlow("hello-world");
    const custom = {
      ...template,
      id: "my-custom",
      name: "My Custom",
      parameters: { ...template.parameters, outputFormat: "json" },
    };
    expect((await conductor.flow.run(custom, { input: { file: "test.csv" } })).success).toBe(true);
    await conductor.storage.saveFlow(custom as never);
    expect((await conductor.storage.listFlows()).flows).toMatchObject([
      { id: "my-custom", name: "My Custom", nodeCount: 3 },
    ]);
    const saved = await conductor.storage.loadFlow("my-custom");
    expect(saved).toMatchObject({ parameters: { outputFormat: "json" } });
    expect((await conductor.flow.run(saved)).success).toBe(true);
    expect((await conductor.execute({ flowId: "my-custom" })).success).toBe(true);
  });
});

describe("loading a flow", () => {
  it("finds a saved one where there is no template", async () => {
    const conductor = await conductorOf({ flows: [chain(2, "mine")] });
    expect(await conductor.flow.loadFlow("mine")).toMatchObject({ id: "mine", nodes: [{ id: "n1" }, { id: "n2" }] });
  });

  it("rejects what is neither", async () => {
    const { flow } = await conductorOf();
    await expect(flow.loadFlow("nobody")).rejects.toThrow("not found");
  });

  it("works with detached functions", async () => {
    const { loadFlow, getTemplate, listTemplates, run } = (await conductorOf()).flow;
    expect((await getTemplate("hello-world")).definition).toEqual(await loadFlow("hello-world"));
    expect((await listTemplates()).templates.length).toBeGreaterThanOrEqual(3);
    expect((await run(asNode(chain(1)))).success).toBe(true);
  });
});

describe("running a flow", () => {
  it("gives its variables their defaults, and those that are given go before", async () => {
    const conductor = createConductor();
    const values = { text: "${{ variables.a }} ${{ variables.b }} ${{ variables.c }}" };
    const flow = {
      ...group("g", [{ id: "set", type: "edit-fields", parameters: { values } } as never]),
      variables: { a: { type: "string", defaultValue: "one" }, b: 2, c: { type: "string", description: "none" } },
    };
    const given = { b: 3, c: "four" };
    const { data, error } = await conductor.flow.run(asNode(flow as never), { variables: given });
    expect(error).toBeUndefined();
    expect(data).toMatchObject({ result: { text: "one 3 four" } });
    expect(given).toEqual({ b: 3, c: "four" });
    await conductor.shutdown();
  });

  it.each([leaf("a"), group("g", []), { id: "g", type: "group" }])("rejects one without children: %j", async (flow) => {
    const conductor = await conductorOf();
    await expect(conductor.flow.run(asNode(flow))).rejects.toThrow(
      "Flow must be a group node with child nodes. Use conductor.node.run() for atomic nodes.",
    );
  });

  it("does what running it as a node does", async () => {
    const conductor = await conductorOf();
    const context = { executionId: "exec_1" as never, input: { a: 1 }, variables: { v: 1 } };
    const asFlow = await conductor.flow.run(asNode(chain(2)), context);
    const plain = await conductor.node.run(asNode(chain(2)), context);
    expect(Object.keys(asFlow)).toEqual(Object.keys(plain));
    expect(asFlow).toMatchObject({ data: "out:n2", executedNodes: plain.executedNodes, context: plain.context });
  });

  it("keeps slow motion, debug settings and the execution id", async () => {
    stopClock();
    const conductor = await conductorOf();
    const slow = watch(conductor.flow.run(asNode(chain(1)), { slowMo: 50, executionId: "exec_1" as never }));
    await pass(90);
    expect(slow.settled).toBe(false);
    await pass(20);
    expect(slow.value).toMatchObject({ success: true, context: { executionId: "exec_1", slowMo: 50 } });
    const debug = { simulateError: { nodeId: "n1" as never, errorType: "permission" as const } };
    expect((await conductor.flow.run(asNode(chain(1)), { debug })).error?.message).toBe(
      "[PERMISSION] Permission denied - insufficient access rights",
    );
  });

  it("takes true for debug", async () => {
    const conductor = await conductorOf();
    expect((await conductor.flow.run(asNode(chain(1)), { debug: true })).success).toBe(true);
  });

  it("can be done for a batch at once", async () => {
    const conductor = await conductorOf({
      flows: ["flow-1", "flow-2", "flow-3"].map((id) => group(id, [leaf(`in-${id}`)])),
    });
    const flows = await Promise.all(["flow-1", "flow-2", "flow-3"].map((id) => conductor.flow.loadFlow(id)));
    const results = await Promise.all(flows.map((flow, index) => conductor.flow.run(flow, { input: { index } })));
    expect(results.map(({ data }) => data)).toEqual(["out:in-flow-1", "out:in-flow-2", "out:in-flow-3"]);
  });
});

describe("the events of flows", () => {
  it("are those of nodes", async () => {
    const { flow, node } = await conductorOf();
    expect(flow.onProgress).toBe(node.onProgress);
    expect(flow.onComplete).toBe(node.onComplete);
    expect(flow.onError).toBe(node.onError);
  });
});
