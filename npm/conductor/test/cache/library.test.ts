/** Nodes of the library, whose version is that of their package. */
import { readFileSync } from "node:fs";
import { createConductor } from "@atomiton/conductor/desktop";
import { getNodeExecutable } from "@atomiton/nodes";
import { createMemoryCache } from "@atomiton/storage";
import { describe, expect, it } from "vitest";

import { group, leaf } from "../contract/flows.js";

describe("a node of the library", () => {
  it("has the version of its package", () => {
    const file = new URL("../../../nodes/package.json", import.meta.url);
    const { version } = JSON.parse(readFileSync(file, "utf8"));
    expect(getNodeExecutable("transform")?.version).toBe(version);
  });

  it("is taken again across conductors, user code as a part of its parameters", async () => {
    const cache = createMemoryCache();
    const cachedOf = async (code: string) => {
      const flow = group("f", [
        leaf("a", {
          type: "transform",
          parameters: { operation: "map", data: [1, 2], transformFunction: code },
          policy: { cache: "1h" },
        }),
      ]);
      const { node } = createConductor({ transport: "local", cache } as never);
      const result = await node.run(flow as never);
      expect(result.error).toBeUndefined();
      return result.trace?.nodes[0]?.cached;
    };
    expect(await cachedOf("(n) => n * 2")).toBeUndefined();
    expect(await cachedOf("(n) => n * 2")).toBe(1);
    expect(await cachedOf("(n) => n * 3")).toBeUndefined();
  });

  it("that reads files counts by where it may do so", async () => {
    const cache = createMemoryCache();
    const run = async (files?: object) => {
      const { node } = createConductor({ transport: "local", cache, ...(files && { files }) } as never);
      const file = new URL("../../package.json", import.meta.url).pathname;
      return node.run(
        group("f", [
          leaf("a", {
            type: "file-system",
            parameters: { operation: "read", path: file },
            policy: { cache: "1h" },
          }),
        ]) as never,
      );
    };
    expect((await run()).error).toBeUndefined();
    expect((await run()).trace?.nodes[0]?.cached).toBe(1);
    // What one conductor read is not handed out by another that may not read it.
    expect((await run({ roots: ["/nowhere"] })).success).toBe(false);
  });
});
