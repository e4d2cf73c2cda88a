import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DefinedNode } from "@atomiton/nodes";
import { afterAll, describe, expect, it } from "vitest";
import { createConductor, defineNode } from "../src/exports/node.js";
import type { NodeDefinition } from "../src/types/definition.js";

const folder = mkdtempSync(join(tmpdir(), "conductor-written-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "out.csv");

const write = (id: string, parameters: object = {}) => ({
  id,
  type: "file-system",
  parameters: { operation: "write", path, content: "a\n1\n", ...parameters },
});
const read = { id: "read", type: "spreadsheet", parameters: { path } };

/** A picture of one pixel. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** Nodes one after the other. */
const line = (...nodes: { id: string }[]) => ({
  id: "line",
  type: "group",
  nodes,
  edges: nodes.slice(1).map(({ id }, at) => ({ source: nodes[at]?.id, target: id })),
});

/** Warnings of a run, as the node and the words. */
async function warningsOf(flow: object, ...nodes: DefinedNode[]): Promise<string[]> {
  const { error, warnings = [] } = await createConductor({ nodes }).node.run(flow as NodeDefinition);
  expect(error).toBeUndefined();
  return warnings.filter(({ rule }) => rule === "written-over").map(({ nodeId, message }) => `${nodeId}: ${message}`);
}

const loop = (...nodes: object[]) => ({ id: "loop", type: "loop", parameters: { array: [1, 2, 3] }, nodes });

describe("a file that a run writes twice", () => {
  it("is told of where two nodes write it", async () => {
    expect(await warningsOf(line(write("one"), write("two", { content: "b" })))).toEqual([
      expect.stringMatching(/^two: `.*out.csv` was written by `one` before in this run, and is written over/),
    ]);
    expect(readFileSync(path, "utf8")).toBe("b");
    const rows = { id: "rows", type: "spreadsheet", parameters: { operation: "write", path, data: [{ a: 1 }] } };
    expect(await warningsOf(line(write("one"), rows))).toEqual([expect.stringMatching(/^rows: .* by `one` before/)]);
  });

  it("is told of once where each round of a loop writes it", async () => {
    expect(await warningsOf(loop(write("each")))).toEqual([expect.stringMatching(/^each: .*written in each round/)]);
  });

  it("is told of where pictures are written over, unless the next of them was made of it", async () => {
    const source = join(folder, "source.png");
    writeFileSync(source, Buffer.from(PNG, "base64"));
    const picture = (id: string, baseImage: string, output: string) => ({
      id,
      type: "image",
      parameters: { operation: "resize", width: 2, height: 2, enlarge: true, baseImage, output },
    });
    const out = join(folder, "out.png");
    expect(await warningsOf(loop(picture("thumb", source, out)))).toEqual([
      expect.stringMatching(/^thumb: .*in the name\), write once behind the loop, or set/),
    ]);
    expect(await warningsOf(line(picture("one", source, out), picture("two", source, out)))).toEqual([
      expect.stringMatching(/^two: `.*out.png` was written by `one` before .* another path, or set/),
    ]);
    expect(await warningsOf(line(picture("one", source, out), picture("two", out, out)))).toEqual([]);
    const otherwise = `${folder}/./out.png`;
    expect(await warningsOf(line(picture("one", source, out), picture("two", otherwise, out)))).toEqual([]);
    expect(await warningsOf(line(picture("one", source, out), picture("two", source, otherwise)))).toHaveLength(1);
    expect(await warningsOf(loop(picture("each", source, `${folder}/\${{ index }}.png`)))).toEqual([]);
  });

  it("is not told of where something may have read it between, or where it is another one", async () => {
    expect(await warningsOf(line(write("one"), read, write("two")))).toEqual([]);
    expect(await warningsOf(loop(write("each"), read))).toEqual([]);
    expect(await warningsOf(loop(write("each", { path: `${folder}/\${{ index }}.csv` })))).toEqual([]);
    const program = { id: "cat", type: "shell-command", parameters: { program: "cat", args: [path] } };
    expect(await warningsOf(loop(write("each"), program))).toEqual([]);
  });

  it("is not told of where `overwrite` says that it is meant", async () => {
    const data = [{ a: 1 }];
    const sheet = { id: "rows", type: "spreadsheet", parameters: { operation: "write", path, data } };
    const picture = {
      id: "picture",
      type: "image",
      parameters: {
        operation: "convert",
        baseImage: `data:image/png;base64,${PNG}`,
        output: join(folder, "again.png"),
      },
    };
    expect(await warningsOf(line(write("one", { overwrite: true }), write("two")))).toEqual([
      expect.stringMatching(/^two: .*written by `one` before/),
    ]);
    for (const node of [write("each"), sheet, picture]) {
      const saying = (overwrite: boolean) => ({ ...node, parameters: { ...node.parameters, overwrite } });
      const told =
        node === picture ? /behind the loop, or set `overwrite` to true/ : /loop, append, or set `overwrite`/;
      expect(await warningsOf(loop(node)), node.id).toEqual([expect.stringMatching(told)]);
      expect(await warningsOf(loop(saying(true))), node.id).toEqual([]);
      const { error } = await createConductor().node.run(saying(false) as NodeDefinition);
      expect(error?.message, node.id).toContain("There is something at the target already, and `overwrite` is false: ");
    }
  });

  it("is not told of where a person, a while, another flow or a node of one's own comes between", async () => {
    const delay = { id: "delay", type: "delay", parameters: { duration: 1 } };
    expect(await warningsOf(line(write("one"), delay, write("two")))).toEqual([]);
    const own = defineNode({ type: "own:upload", execute: () => readFileSync(path, "utf8") });
    expect(await warningsOf(loop(write("each"), { id: "upload", type: "own:upload" }), own)).toEqual([]);
  });

  it("is not told of in a further try, of the node or of a group around it, or after a write that failed", async () => {
    let tries = 0;
    const flaky = defineNode({
      type: "own:flaky",
      effects: "none",
      execute: () => {
        if (++tries < 3) throw new Error("not yet");
        return {};
      },
    });
    const group = {
      id: "group",
      type: "group",
      policy: { retries: 3, retryDelay: 1 },
      nodes: [write("a"), { id: "flaky", type: "own:flaky" }],
    };
    expect(await warningsOf(group, flaky)).toEqual([]);
    expect(tries).toBe(3);
    const long = {
      id: "long",
      type: "spreadsheet",
      parameters: { operation: "write", path, format: "xlsx", data: [{ a: "x".repeat(40_000) }] },
    };
    const after = {
      ...line(long, write("instead")),
      edges: [{ source: "long", target: "instead", sourceHandle: "error" }],
    };
    expect(await warningsOf(after)).toEqual([]);
  });

  it("is not told of in another run", async () => {
    expect(await warningsOf(write("one"))).toEqual([]);
    expect(await warningsOf(write("one"))).toEqual([]);
  });
});
