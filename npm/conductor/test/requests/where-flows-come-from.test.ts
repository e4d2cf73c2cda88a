/** Where the flows of requests come from, and the variables that they bring. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStorage } from "@atomiton/storage";
import { afterEach, describe, expect, it } from "vitest";
import { chain, group, leaf } from "../contract/flows.js";
import { asNode, conductorOf, storageOf } from "./stored.js";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "flows-"));
  folders.push(made);
  return made;
}

describe("flows of requests", () => {
  it("come from a storage that is still being opened", async () => {
    const storage = storageOf(chain(1, "f"));
    const conductor = await conductorOf({ storage: Promise.resolve(storage) });
    expect(await conductor.execute({ flowId: "f" })).toMatchObject({ success: true, outputs: { n1: "out:n1" } });
  });

  it("come from any engine that saves, loads, lists and deletes", async () => {
    const flows = new Map<string, unknown>([["f", chain(1, "f")]]);
    const storage = {
      save: async (key: string, value: unknown) => void flows.set(key, value),
      load: async (key: string) => flows.get(key),
      list: async () => [...flows.keys()].map((key) => ({ key })),
      delete: async (key: string) => void flows.delete(key),
    };
    expect((await (await conductorOf({ storage })).execute({ flowId: "f" })).success).toBe(true);
  });

  it("do not come from a storage that cannot be opened, which is told as a result", async () => {
    const conductor = await conductorOf({ storage: Promise.reject(new Error("no such database")) });
    const result = await conductor.execute({ flowId: "f" });
    expect(result.success).toBe(false);
    expect(result.error).toContain("no such database");
  });

  it("come from files that people wrote, comments and all", async () => {
    const basePath = await folder();
    await writeFile(
      join(basePath, "greeting.flow.yaml"),
      [
        "# Greets somebody.",
        "id: greeting",
        "name: Greeting",
        "type: group",
        'version: "1.0.0"',
        "variables:",
        "  greeting: { type: string, defaultValue: Hello }",
        "nodes:",
        "  - id: hello # the only one",
        "    type: test",
        "    parameters: { name: World }",
        "edges: []",
        "",
      ].join("\n"),
    );
    const conductor = await conductorOf({
      storage: createStorage({ type: "filesystem", basePath }),
      body: ({ variables, name }) => `${variables.greeting}, ${name}!`,
    });
    expect(await conductor.execute({ flowId: "greeting" })).toMatchObject({ success: true, data: "Hello, World!" });
  });

  it("are looked up anew each time", async () => {
    const storage = await storageOf(group("f", [leaf("old")]));
    const conductor = await conductorOf({ storage });
    expect((await conductor.execute({ flowId: "f" })).outputs).toEqual({ old: "out:old" });
    await storage.save("f", group("f", [leaf("new")]));
    expect((await conductor.execute({ flowId: "f" })).outputs).toEqual({ new: "out:new" });
    await storage.delete("f");
    expect((await conductor.execute({ flowId: "f" })).error).toBe("Flow with id f not found");
  });

  it.each([
    ["hello-world", "550e8400-e29b-41d4-a716-446655440001", 3],
    ["data-transform", "550e8400-e29b-41d4-a716-446655440002", 4],
    ["image-processor", "550e8400-e29b-41d4-a716-446655440003", 6],
  ])("are templates, too: %s", async (slug, id, nodes) => {
    const conductor = await conductorOf();
    for (const flowId of [slug, id]) {
      const { success, metadata } = await conductor.execute({ flowId });
      expect(success).toBe(true);
      expect(metadata?.flowId).toBe(flowId);
      expect(metadata?.executedNodes.length).toBe(nodes + 1);
    }
  });

  it("are the stored ones before templates of the same name", async () => {
    const conductor = await conductorOf({ flows: [group("hello-world", [leaf("mine")])] });
    expect((await conductor.execute({ flowId: "hello-world" })).outputs).toEqual({ mine: "out:mine" });
  });

  it("saved by one conductor are run by another on the same storage", async () => {
    const storage = createStorage({ type: "filesystem", basePath: await folder() });
    const one = await conductorOf({ storage });
    const { id } = await one.storage.saveFlow({ name: "Mine", nodes: [leaf("a")] } as never);
    const other = await conductorOf({ storage });
    expect(await other.execute({ flowId: id })).toMatchObject({ success: true, outputs: { a: "out:a" } });
  });
});

describe("variables of a flow", () => {
  const flow = {
    ...chain(1, "f"),
    variables: {
      env: { type: "string", defaultValue: "development" },
      list: { type: "array", defaultValue: [] as string[] },
      nothing: { type: "string" },
      off: { type: "boolean", defaultValue: false },
    },
  };

  it("hold their defaults unless the request says otherwise", async () => {
    const conductor = await conductorOf({ flows: [flow], body: ({ variables }) => ({ ...variables }) });
    const plain = await conductor.execute({ flowId: "f" });
    expect(plain.data).toMatchObject({ env: "development", list: [], off: false });
    const said = await conductor.execute({ flowId: "f", context: { variables: { env: "production", more: 1 } } });
    expect(said.data).toMatchObject({ env: "production", list: [], off: false, more: 1 });
  });

  it.each([[null], [""], [0], [false]])("give way to a request that says %j", async (env) => {
    const conductor = await conductorOf({ flows: [flow], body: ({ variables }) => variables.env });
    const result = await conductor.execute({ flowId: "f", context: { variables: { env } } });
    expect(result.data).toBe(env);
  });

  it("start over with each request, whatever nodes did to them", async () => {
    const conductor = await conductorOf({
      flows: [flow],
      body: ({ variables }) => {
        variables.env = "spoiled";
        return (variables.list as string[]).push("more");
      },
    });
    expect((await conductor.execute({ flowId: "f" })).data).toBe(1);
    expect((await conductor.execute({ flowId: "f" })).data).toBe(1);
  });

  it("are refused where the flow does not allow them or needs others, and doubtful ones are warned of", async () => {
    const mode = { enum: ["fast", "safe"], required: true };
    const strict = { ...chain(1, "f"), variables: { mode, limit: { type: "number", defaultValue: "none" } } };
    const conductor = await conductorOf({ flows: [strict], body: ({ variables }) => ({ ...variables }) });
    const said = async (variables: Record<string, unknown>) => {
      const { error } = await conductor.node.run(asNode(strict), { variables });
      const asked = await conductor.execute({ flowId: "f", context: { variables } });
      expect(asked).toMatchObject({
        success: false,
        error: error?.message,
        metadata: { error: { code: error?.code } },
      });
      return [error?.code, error?.message];
    };
    expect(await said({})).toEqual([
      "INVALID_PARAMETERS",
      "The variable `mode` of the flow `f` is required, and was given no value",
    ]);
    expect(await said({ mode: "fats" })).toEqual([
      "INVALID_PARAMETERS",
      'The variable `mode` of the flow `f` must be one of "fast", "safe", and was given "fats"',
    ]);
    const doubtful = await conductor.node.run(asNode(strict), { variables: { mode: "safe", limit: "x", limt: 3 } });
    expect(doubtful.data).toEqual({ mode: "safe", limit: "x", limt: 3 });
    expect(doubtful.warnings).toMatchObject([
      { rule: "variable-declaration" },
      {
        rule: "variable-type",
        message: "The variable `limit` of the flow `f` is of type `number`, and was given string",
      },
      {
        rule: "undeclared-variable",
        message: "The flow `f` has no variable `limt`; it declares `mode`, `limit`. Did you mean `limit`?",
      },
    ]);
    const well = await conductor.node.run(asNode(strict), { variables: { mode: "safe" } });
    expect(well.warnings).toMatchObject([{ rule: "variable-declaration" }]);
  });

  it("may be called like properties of objects", async () => {
    const odd = { ...chain(1, "f"), variables: { toString: { type: "string", defaultValue: "mine" } } };
    const conductor = await conductorOf({ flows: [odd], body: ({ variables }) => variables.toString });
    expect((await conductor.execute({ flowId: "f" })).data).toBe("mine");
  });
});
