/** The node library as flows use it: real nodes, from edge to edge. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConductor, type NodeDefinition } from "@atomiton/conductor/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listenToConsole } from "../contract/flows.js";
import { httpServer, json } from "../transports/servers.js";
import { ending } from "./stored.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "library-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const node = (id: string, type: string, parameters: Record<string, unknown>): NodeDefinition => ({
  id,
  type,
  parameters,
});
const link = (source: string, target: string, targetHandle: string) => ({
  id: `${source}-${target}`,
  source,
  target,
  sourceHandle: "result",
  targetHandle,
});

describe("a chain of real nodes", () => {
  it("hands data from transform to transform", async () => {
    const conductor = ending(createConductor());
    const flow = {
      id: "f",
      type: "group",
      nodes: [
        node("big", "transform", { operation: "filter", transformFunction: "item => item > 1" }),
        node("double", "transform", { operation: "map", transformFunction: "item => item * 2" }),
        node("sort", "transform", { operation: "sort", sortDirection: "desc" }),
      ],
      edges: [link("big", "double", "data"), link("double", "sort", "data")],
    };
    const result = await conductor.flow.run(flow, { input: { data: [1, 2, 3] } });
    expect(result.error).toBeUndefined();
    expect(result.data).toMatchObject({ result: [6, 4], inputCount: 2, outputCount: 2, success: true });
  });

  it("hands data from a file to fields to a file", async () => {
    const [from, to] = [join(folder, "in.txt"), join(folder, "out.txt")];
    await writeFile(from, "Ada");
    const conductor = ending(createConductor());
    const flow = {
      id: "f",
      type: "group",
      nodes: [
        node("read", "file-system", { operation: "read", path: from }),
        node("write", "file-system", { operation: "write", path: to }),
      ],
      edges: [{ id: "e", source: "read", target: "write", sourceHandle: "content", targetHandle: "content" }],
    };
    const result = await conductor.flow.run(flow);
    expect(result.error).toBeUndefined();
    expect(await readFile(to, "utf8")).toBe("Ada");
  });
});

describe("the parameters that every node has", () => {
  it("switch it off: its input is passed on", async () => {
    const conductor = ending(createConductor());
    const off = node("off", "edit-fields", { enabled: false, values: { greeting: "hello" } });
    expect(await conductor.node.run(off, { input: { data: { a: 1 } } })).toMatchObject({
      success: true,
      data: { data: { a: 1 } },
    });
  });

  it("limit its time, also over the network", async () => {
    const server = await httpServer(() => undefined);
    const conductor = ending(createConductor());
    const result = await conductor.node.run(node("get", "http-request", { url: server.url, timeout: 50 }));
    expect(result).toMatchObject({ success: false, error: { code: "TIMEOUT", nodeId: "get" } });
  });

  it("try it again", async () => {
    let connections = 0;
    // Not before there is a request: a client that has sent none yet may connect again by itself, any number of times.
    const refusing = createServer((socket) => {
      socket.once("data", () => {
        connections += 1;
        socket.destroy();
      });
    });
    await new Promise<void>((resolve) => refusing.listen(0, "127.0.0.1", resolve));
    const { port } = refusing.address() as { port: number };
    const conductor = ending(createConductor({ retryDelay: 1 }));
    const result = await conductor.node.run(
      node("get", "http-request", { url: `http://127.0.0.1:${port}/`, retries: 2 }),
    );
    await new Promise<void>((resolve) => refusing.close(() => resolve()));
    expect(result.success).toBe(false);
    expect(connections).toBe(3);
  });

  it("do none of this where they are not given", async () => {
    let requests = 0;
    const server = await httpServer((_, response) => {
      requests += 1;
      response.destroy();
    });
    const conductor = ending(createConductor({ retryDelay: 1 }));
    expect((await conductor.node.run(node("get", "http-request", { url: server.url }))).success).toBe(false);
    expect(requests).toBe(1);
  });
});

describe("the console while real nodes run", () => {
  it("stays silent, and shows no secret when one fails", async () => {
    const server = await httpServer((_, response) => json(response, { token: "s3cret-answer" }));
    const printed = listenToConsole();
    const conductor = ending(createConductor());
    const headers = { Authorization: "Bearer s3cret" };
    expect((await conductor.node.run(node("get", "http-request", { url: server.url, headers }))).success).toBe(true);
    expect(printed.all()).toEqual([]);
    await conductor.node.run(node("get", "http-request", { url: "http://127.0.0.1:1/?key=s3cret", headers }));
    await conductor.node.run(
      node("odd", "file-system", { operation: "write", path: "/dev/null/f", content: "s3cret" }),
    );
    const shown = printed.all().join("\n");
    printed.restore();
    expect(shown).not.toContain("s3cret");
  });
});
