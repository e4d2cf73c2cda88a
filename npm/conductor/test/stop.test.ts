/** A node that ends the run: as a failure, or as a success before its end. */
import { createConductor, readFlow } from "@atomiton/conductor/node";
import { describe, expect, it } from "vitest";

const run = (text: string, config: Parameters<typeof createConductor>[0] = {}, context = {}) =>
  createConductor({ logLevel: "error", ...config }).flow.run(readFlow(text) as never, context);

const STOPS = `id: f
nodes:
  - { id: first, type: code, parameters: { code: return 1 } }
  - { id: enough, type: stop, parameters: { as: success, message: That is all } }
  - { id: later, type: code, parameters: { code: return 2 } }
edges: [{ source: first, target: enough }, { source: enough, target: later }]`;

describe("a stop that is a success", () => {
  it("ends the run with what came in; nothing begins any more", async () => {
    const result = await run(STOPS);
    expect(result).toMatchObject({ success: true, data: { result: 1, message: "That is all" } });
    expect(result.executedNodes).not.toContain("later");
    expect(result.outputs).not.toHaveProperty("later");
  });

  it("cancels what runs beside it", async () => {
    const conductor = createConductor({ concurrency: 2 });
    const started = Date.now();
    const result = await conductor.flow.run(
      readFlow(`id: f
nodes:
  - { id: slow, type: delay, parameters: { duration: 1h } }
  - { id: enough, type: stop, parameters: { as: success } }`) as never,
    );
    expect(result.success).toBe(true);
    expect(Date.now() - started).toBeLessThan(3_000_000);
    const { nodes, cachedProgress } = conductor.node.store.getState();
    expect(nodes.get("enough")?.state).toBe("completed");
    expect(nodes.get("slow")?.state).toBe("error");
    expect(cachedProgress).toBe(100);
    expect(result.trace?.events.length).toBeGreaterThan(0);
  });

  it("ends the run from inside of groups and loops", async () => {
    const result = await run(`id: f
nodes:
  - id: l
    type: loop
    parameters: { array: [1, 2, 3] }
    nodes:
      - id: g
        type: group
        policy: { retries: 3 }
        nodes:
          - { id: third, type: condition, parameters: { expression: index === 1 } }
          - { id: enough, type: stop, parameters: { as: success } }
          - { id: on, type: code, parameters: { code: return item } }
        edges:
          - { source: third, target: enough, sourceHandle: "true" }
          - { source: third, target: on, sourceHandle: "false" }
  - { id: later, type: code, parameters: { code: return 2 } }
edges: [{ source: l, target: later }]`);
    expect(result.error).toBeUndefined();
    expect(result.success).toBe(true);
    expect(result.data).toMatchObject({ result: 2 });
    expect(result.executedNodes).not.toContain("later");
  });
});

describe("a stop that is a failure", () => {
  const fails = (policy: string) => `id: f
nodes:
  - { id: no, type: stop, parameters: { message: "Nothing for \${{ variables.month }}" }, policy: ${policy} }`;

  it("fails with its message, and is not tried again", async () => {
    const result = await run(fails("{ retries: 5, retryDelay: 1h }"), {}, { variables: { month: "May" } });
    expect(result).toMatchObject({ success: false, error: { code: "EXECUTION_FAILED", nodeId: "no" } });
    expect(result.error?.message).toContain("Nothing for May");
    expect(result.error?.recovery?.retryable).toBe(false);
  });

  it("can be taken by an error edge like any other failure", async () => {
    const result = await run(`${fails("{}")}
  - { id: told, type: code, parameters: { code: return data.message } }
edges: [{ source: no, target: told, sourceHandle: error }]`);
    expect(result.success).toBe(true);
  });

  it("needs a message", async () => {
    const flow = readFlow("id: f\nnodes: [{ id: no, type: stop }]");
    expect((await createConductor().node.validate(flow as never)).errors.join()).toMatch(/needs a `message`/);
    expect((await run("id: f\nnodes: [{ id: no, type: stop }]")).error?.code).toBe("INVALID_PARAMETERS");
  });
});
