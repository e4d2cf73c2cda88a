/** Where the owner of a conductor lets nodes connect, with a real server. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createConductor as createPageConductor } from "@atomiton/conductor/browser";
import { type ConductorConfig, createConductor } from "@atomiton/conductor/node";
import { getNodeExecutable, type NodeParams, nodes } from "@atomiton/nodes";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { group, leaf } from "./contract/flows";

let url = "";
let asked = 0;
const server = createServer((_, response) => {
  asked++;
  response.end("fine");
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = 0;
});

const ask = (parameters = {}) => leaf("ask", { type: "http-request", parameters: { url, ...parameters } });
const run = (config: ConductorConfig, node = group("flow", [ask()])) => createConductor(config).node.run(node as never);
const closed = { network: { privateAddresses: false } };

describe("the setting `network`", () => {
  it("lets nodes connect anywhere where it is not given", async () => {
    expect(await run({})).toMatchObject({ success: true });
    expect(await run({ network: {} })).toMatchObject({ success: true });
    expect(asked).toBe(2);
  });

  it("keeps nodes from addresses and hosts that it does not allow, and is tried once", async () => {
    for (const config of [closed, { network: { hosts: ["api.example.com"] } }]) {
      const result = await run({ ...config, maxRetries: 3 });
      expect(result).toMatchObject({ success: false, error: { code: "EXECUTION_FAILED", nodeId: "ask" } });
      expect(result.error?.message).toContain("Connections to 127.0.0.1 are not allowed here");
      expect(result.error?.recovery?.retryable).toBe(false);
      expect(result.error?.recovery?.suggestions?.[0]).toContain(
        config === closed ? "`--allow-private-addresses` of `conductor serve`" : "`network: { hosts: [...] }`",
      );
    }
    expect(await run({ network: { privateAddresses: ["127.0.0.1"], hosts: ["127.0.0.1"] } })).toMatchObject({
      success: true,
    });
    expect(asked).toBe(1);
  });

  it("counts in groups and loops, and for library nodes that a factory wraps", async () => {
    const loop = { ...group("each", [ask()]), type: "loop", parameters: { array: [1] } };
    expect((await run(closed, group("flow", [group("inner", [ask()])]))).success).toBe(false);
    expect((await run(closed, group("flow", [loop as never]))).success).toBe(false);
    const factories: ((type: string) => unknown)[] = [
      getNodeExecutable,
      (type) => ({ execute: (params: NodeParams) => getNodeExecutable(type)?.execute({ ...params }) }),
      (type) => nodes[type]?.({ method: "GET" }),
    ];
    for (const getExecutable of factories) {
      const nodeExecutorFactory = { getNodeExecutable: getExecutable as never };
      expect((await run({ ...closed, nodeExecutorFactory })).success).toBe(false);
      expect((await run({ nodeExecutorFactory })).success).toBe(true);
    }
    expect(asked).toBe(factories.length);
  });

  it("is not changed by what a flow holds, nor after the conductor was made", async () => {
    const network = { privateAddresses: [] as string[] };
    const conductor = createConductor({ network });
    network.privateAddresses.push("127.0.0.1");
    const node = ask({ network: {}, "@atomiton/network-access": {}, privateAddresses: true });
    expect((await conductor.node.run({ ...node, network: { privateAddresses: true } } as never)).success).toBe(false);
    expect(asked).toBe(0);
  });

  it.each([
    ["public", "must be an object"],
    [null, "must be an object"],
    [[], "must be an object"],
    [{ privateAdresses: false }, "may have privateAddresses and hosts, found privateAdresses"],
    [{ privateAddresses: "no" }, "must have `privateAddresses: true`, `false`, or a list"],
    [{ hosts: "a.example" }, "must have `hosts` as a list of names"],
    [{ hosts: [1] }, "must have `hosts` as a list of names"],
  ])("is refused as %j", (network, message) => {
    expect(() => createConductor({ network: network as never })).toThrow(message);
  });

  it("is refused in a page, which cannot keep it", () => {
    expect(() => createPageConductor(closed)).toThrow("The setting `network` cannot be kept here");
  });
});
