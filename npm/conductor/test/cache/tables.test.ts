/** Tables outside of the JavaScript heap: told apart and kept without making records of them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConductor } from "@atomiton/conductor/desktop";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cache-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const csv = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

/** Reads a file, and filters it by a node that asks for reuse. */
const filtering = (path: string, more: Record<string, unknown> = {}) =>
  group(
    "f",
    [
      leaf("read", { type: "spreadsheet", parameters: { operation: "read", path, ...more } }),
      leaf("keep", {
        type: "transform",
        parameters: { operation: "filter", where: [{ field: "n", operator: "gt", value: 1 }] },
        policy: { cache: true },
      }),
    ],
    [edge("read", "keep")],
  );

const conductor = () => createConductor({ transport: "local" } as never);

/** Whether reading the property of an output would make records of a table. */
const isUnread = (output: unknown, key: string) =>
  Object.getOwnPropertyDescriptor(output as object, key)?.get !== undefined;

describe("a table that comes to a node whose output is reused", () => {
  it("counts by its rows, and no records are made of it, nor of the output that is kept", async () => {
    const { node } = conductor();
    const rows = "n,name\n1,a\n2,b\n3,c\n";
    const first = await node.run(filtering(csv("one.csv", rows)) as never);
    expect(first.error).toBeUndefined();
    expect(isUnread(first.outputs?.read, "records")).toBe(true);
    expect(isUnread(first.outputs?.keep, "result")).toBe(true);
    const second = await node.run(filtering(csv("copy.csv", rows)) as never);
    expect(second.trace?.nodes.map(({ cached }) => cached)).toEqual([undefined, 1]);
    expect(isUnread(second.outputs?.read, "records")).toBe(true);
    expect(second.data).toEqual(first.data);
    // biome-ignore lint/suspicious/noExplicitAny: made by the test.
    expect((second.data as any).result).toEqual([
      { n: "2", name: "b" },
      { n: "3", name: "c" },
    ]);
  });

  it.each([
    ["a cell", "n,name\n1,a\n2,b\n3,d\n"],
    ["the order of rows", "n,name\n1,a\n3,c\n2,b\n"],
    ["a header", "n,other\n1,a\n2,b\n3,c\n"],
    ["a row less", "n,name\n1,a\n2,b\n"],
    ["cells that are put together otherwise", 'n,name\n1,a\n2,"b\n3,c"\n'],
  ])("is another by %s", async (_, text) => {
    const { node } = conductor();
    await node.run(filtering(csv("one.csv", "n,name\n1,a\n2,b\n3,c\n")) as never);
    const other = await node.run(filtering(csv("other.csv", text)) as never);
    expect(other.error).toBeUndefined();
    expect(other.trace?.nodes[1]?.cached).toBeUndefined();
  });

  it("is another without rows, by its columns", async () => {
    const { node } = conductor();
    await node.run(filtering(csv("none.csv", "n,a\n")) as never);
    expect((await node.run(filtering(csv("none.csv", "n,b\n")) as never)).trace?.nodes[1]?.cached).toBeUndefined();
    expect((await node.run(filtering(csv("none.csv", "n,b\n")) as never)).trace?.nodes[1]?.cached).toBe(1);
  });
});

describe("a stream that comes to a node whose output is reused", () => {
  it("is left one, and nothing is kept, which is said", async () => {
    const { node } = conductor();
    const path = csv("stream.csv", "n,name\n1,a\n2,b\n3,c\n");
    for (let run = 0; run < 2; run++) {
      const result = await node.run(filtering(path, { stream: true }) as never);
      expect(result.error).toBeUndefined();
      const [, keep] = result.trace?.nodes ?? [];
      expect(keep?.cached).toBeUndefined();
      expect(keep?.notCached).toMatch(/a stream/);
      expect(result.warnings?.map(({ rule }) => rule)).toContain("not-cached");
    }
  });
});
