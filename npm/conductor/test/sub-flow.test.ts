/** Flows that run other flows: stored ones, templates, files. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Conductor, createConductor, readFlow } from "@atomiton/conductor/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let folder = "";
let conductor: Conductor;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sub-flow-"));
  conductor = createConductor({ logLevel: "error" });
});
afterEach(async () => {
  await conductor.shutdown();
  rmSync(folder, { recursive: true });
});

const save = (text: string) => conductor.storage.saveFlow(readFlow(text) as never);
const run = (text: string, context = {}) => conductor.flow.run(readFlow(text) as never, context);
const outer = (flow: string, more = "") =>
  `id: outer\nnodes: [{ id: sub, type: sub-flow, parameters: { flow: ${JSON.stringify(flow)}${more} } }]`;

const DOUBLE = `id: double
variables: { factor: { type: number, defaultValue: 2 }, unit: { type: string } }
nodes: [{ id: times, type: code, parameters: { code: return data * variables.factor } }]`;

describe("a sub-flow", () => {
  it("runs a stored flow with what came in, and gives what its last node gives", async () => {
    await save(DOUBLE);
    const result = await run(outer("double"), { input: { data: 21 } });
    expect(result.error).toBeUndefined();
    expect(result.data).toEqual({ result: { result: 42 } });
    const next = `id: chain
nodes:
  - { id: sub, type: sub-flow, parameters: { flow: double, inputs: { data: "\${{ variables.n }}" }, variables: { factor: 10 } } }
  - { id: read, type: code, parameters: { code: return data + 1 } }
edges: [{ source: sub, target: read }]`;
    expect((await run(next, { variables: { n: 4 } })).data).toEqual({ result: 41 });
  });

  it("runs a template, and a file", async () => {
    expect((await run(outer("hello-world"))).success).toBe(true);
    const file = join(folder, "double.flow.yaml");
    writeFileSync(file, DOUBLE);
    expect((await run(outer(file), { input: { data: 3 } })).data).toEqual({ result: { result: 6 } });
    const json = join(folder, "double.json");
    writeFileSync(json, JSON.stringify(readFlow(DOUBLE)));
    expect((await run(outer(json), { input: { data: 4 } })).data).toEqual({ result: { result: 8 } });
  });

  it("says which flow, which node and why", async () => {
    await save("id: broken\nnodes: [{ id: bad, type: stop, parameters: { message: No more } }]");
    const { error } = await run(outer("broken"));
    expect(error).toMatchObject({ code: "EXECUTION_FAILED", nodeId: "sub" });
    expect(error?.message).toMatch(/In `broken`, node `bad`: .*No more/);
    expect(error?.recovery?.retryable).toBe(false);
    expect((await run(outer("nowhere"))).error).toMatchObject({ code: "NODE_NOT_FOUND" });
    expect((await run(outer(join(folder, "none.yaml")))).error?.message).toMatch(/none\.yaml` cannot be read/);
    writeFileSync(join(folder, "bad.yaml"), "nodes: [");
    expect((await run(outer(join(folder, "bad.yaml")))).error?.code).toBe("DESERIALIZATION_FAILED");
  });

  it("hands in no variables but those of the node", async () => {
    await save(DOUBLE);
    const next = outer("double", "").replace(
      "nodes:",
      "variables: { mine: { type: string, defaultValue: x } }\nnodes:",
    );
    const result = await run(next, { input: { data: 4 } });
    expect(result.error).toBeUndefined();
    expect(result.data).toEqual({ result: { result: 8 } });
  });

  it("refuses variables that the flow does not declare, or of another type", async () => {
    await save(DOUBLE);
    const why = async (variables: string) =>
      (await run(outer("double", `, variables: ${variables}`), { input: { data: 1 } })).error?.message;
    expect(await why("{ facto: 3 }")).toMatch(
      /has no variable `facto`; it declares `factor`, `unit`\. Did you mean `factor`\?/,
    );
    expect(await why("{ factor: three }")).toMatch(/is of type `number`, and was given string/);
    expect(await why("{ factor: 3, unit: kg }")).toBeUndefined();
  });

  it("goes several levels deep, and not for ever", async () => {
    for (let level = 1; level <= 6; level++) {
      const inner =
        level === 1
          ? "{ id: end, type: code, parameters: { code: return 'bottom' } }"
          : `{ id: down, type: sub-flow, parameters: { flow: level-${level - 1} } }`;
      await save(`id: level-${level}\nnodes: [${inner}]`);
    }
    const { data } = await run(outer("level-6"));
    expect(JSON.stringify(data)).toContain("bottom");
    await save("id: endless\nnodes: [{ id: again, type: sub-flow, parameters: { flow: endless } }]");
    const { error } = await run(outer("endless"));
    expect(error?.message).toMatch(/Flows run each other 32 deep: … `endless` → `endless`/);
  });

  it("hands on warnings, and tells listeners of the outer run alone", async () => {
    await save("id: warns\nnodes: [{ id: empty, type: code, parameters: { code: const a = 1 } }]");
    const ended: string[] = [];
    conductor.node.onComplete(({ nodeId }) => ended.push(String(nodeId)));
    const result = await run(outer("warns"));
    expect(result.warnings?.map(({ nodeId, rule, message }) => `${nodeId} ${rule} ${message}`).join()).toMatch(
      /sub empty-result In `warns`, node `empty`: /,
    );
    expect(ended).toEqual(["outer"]);
    expect(conductor.node.store.getState().nodes.has("sub")).toBe(true);
  });

  it("is cancelled, paused and timed out with the run around it", async () => {
    await save("id: slow\nnodes: [{ id: wait, type: delay, parameters: { duration: 1h } }]");
    const running = run(outer("slow"), { executionId: "around" });
    const isThere = async () =>
      (await conductor.node.active()).some(({ executionId }) => executionId === "around/sub/slow");
    while (!(await isThere())) await new Promise((resolve) => setImmediate(resolve));
    await conductor.node.cancel("around");
    expect((await running).error?.code).toBe("CANCELLED");
    while (await isThere()) await new Promise((resolve) => setImmediate(resolve));

    const timed = await run(outer("slow").replace("type: sub-flow", "type: sub-flow, policy: { timeout: 30ms }"));
    expect(timed.error?.code).toBe("TIMEOUT");
    while ((await conductor.node.active()).length > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
