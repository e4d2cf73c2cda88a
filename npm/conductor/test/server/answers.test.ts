/** Results of executions as callers of a server get them: in JSON, which does not hold every value. */
import { describe, expect, it, onTestFinished } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { listening } from "./event-client.js";
import { flowOf, serving } from "./serving.js";

const OUTPUTS: Readonly<Record<string, () => unknown>> = {
  list: () => [{ a: 1 }],
  map: () => ({ found: new Map([["a", 1]]) }),
  bigint: () => 5n,
  nan: () => ({ rate: Number.NaN }),
  thrown: () => {
    throw new TypeError("it fails");
  },
};

/** A client of an open server whose nodes give the outputs that their types name. */
async function clientOf(transport: "http" | "websocket") {
  const conductor = createConductor({
    transport: "local",
    nodeExecutorFactory: {
      getNodeExecutable: (type) => OUTPUTS[type] && { execute: async () => OUTPUTS[type]?.() as never },
    },
  });
  const { apiUrl } = await serving({ conductor, durable: false, open: true });
  const client = createConductor({ transport, apiUrl, wsUrl: `${apiUrl.replace("http", "ws")}/ws` });
  onTestFinished(async () => {
    await client.shutdown();
    await conductor.shutdown();
  });
  return { client, conductor };
}

describe.each(["http", "websocket"] as const)("over %s the result of a node", (transport) => {
  it("comes with its trace", async () => {
    const { client } = await clientOf(transport);
    const { success, data, trace } = await client.node.run({ id: "n", type: "list" });
    expect([success, data]).toEqual([true, [{ a: 1 }]]);
    const events = trace?.events ?? [];
    expect(events.map(({ type }) => type)).toContain("progress");
    expect(events.filter(({ data }) => "allNodes" in data)).toEqual([]);
  });

  it("is its failure, whatever was thrown", async () => {
    const { client } = await clientOf(transport);
    const { success, error } = await client.node.run({ id: "n", type: "thrown" });
    expect([success, error?.code, error?.message, error?.nodeId]).toEqual([false, "EXECUTION_FAILED", "it fails", "n"]);
  });

  it.each([
    ["map", "data.found is an instance of Map"],
    ["bigint", "BigInt"],
    ["nan", "data.rate is NaN"],
  ])("is a failure that says what cannot be sent of it (%s)", async (type, problem) => {
    const { client } = await clientOf(transport);
    const told = new Promise<unknown>((resolve) => {
      client.node.onError(resolve);
      client.node.onComplete(resolve);
    });
    const { success, error, executedNodes, ...rest } = await client.node.run({ id: "n", type });
    expect([success, error?.code, executedNodes, "data" in rest]).toEqual([
      false,
      "SERIALIZATION_FAILED",
      ["n"],
      false,
    ]);
    expect(error?.message).toContain(problem);
    expect(await told).toMatchObject({ nodeId: "n", error: error?.message, code: "SERIALIZATION_FAILED" });
  });

  it("of a stored flow is the same kind of failure", async () => {
    const { client, conductor } = await clientOf(transport);
    await conductor.storage.saveFlow({ id: "f", name: "F", nodes: [{ id: "a", type: "map" }] } as never);
    const { success, error, metadata } = await client.execute({ flowId: "f" });
    expect([success, metadata?.executedNodes, metadata?.error?.code]).toEqual([
      false,
      ["f", "a"],
      "SERIALIZATION_FAILED",
    ]);
    expect(error).toContain("outputs.a.found is an instance of Map");
  });
});

describe("errors of executions", () => {
  it("tell nothing of the server's files, by whichever way they come", async () => {
    const { ask, post, apiUrl, conductor } = await serving();
    await conductor.storage.saveFlow(flowOf("fail") as never);
    const { told, first, next } = await listening(apiUrl);
    await first;
    const node = { node: flowOf("fail"), context: { executionId: "x" } };
    const answers = [
      await post("runner", "/flows/f/run", {}),
      await post("runner", "/flows/f/run", {}, { accept: "text/event-stream" }),
      await post("runner", "/execute", { flowId: "f" }),
      await post("runner", "/node/execute", node),
      await post("viewer", "/node/attach", "x"),
      await post("viewer", "/node/resultOfExecution", { executionId: "x" }),
      await ask("viewer", "/executions/x"),
      await ask("viewer", "/executions/x/trace"),
    ];
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    for (let ends = 0; ends < 4; ) if (/:(completed|error)$/.test((await next()).event)) ends++;
    for (const text of [...texts, JSON.stringify(told)]) {
      expect(text).toContain(text.includes("totalNodes") ? "error" : "it fails");
      expect(text).not.toMatch(/"stack"|serving\.ts|node:internal/);
    }
    expect((await conductor.node.run(flowOf("fail") as never)).error?.stack).toContain("serving.ts");
  });
});
