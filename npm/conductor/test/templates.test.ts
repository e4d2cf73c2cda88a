/** The flow templates of the node library, run for real. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createConductor, type NodeDefinition, readFlow } from "@atomiton/conductor/desktop";
import { nodeExecutableRegistry } from "@atomiton/nodes/executables";
import { getFlowTemplate, loadFlowTemplates } from "@atomiton/nodes/templates/flows";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bitmap } from "./bitmap.js";
import { start } from "./cli/cli";

const FILES = fileURLToPath(new URL("../../nodes/src/templates/flows/", import.meta.url));

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "templates-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const at = (...parts: string[]) => join(folder, ...parts);

/** A template of which a node has other parameters. */
function template(slug: string, changes: Record<string, Record<string, unknown>> = {}): NodeDefinition {
  const flow = getFlowTemplate(slug);
  if (!flow) throw new Error(`no template ${slug}`);
  for (const node of flow.nodes) Object.assign(node.parameters, changes[node.id]);
  return flow;
}

describe("Hello World Flow", () => {
  const greet = (input: Record<string, unknown> | undefined) =>
    createConductor().flow.run(
      template("hello-world", { "write-to-file": { path: at("hello.txt") } }),
      input === undefined ? {} : { input },
    );

  it.each([
    ["whoever is named", { name: "Ada" }, "Hello, Ada!\n"],
    ["the world when nobody is", {}, "Hello, World!\n"],
    ["the world when there is no input at all", undefined, "Hello, World!\n"],
    ["names as they are written", { name: `<Ann> & "Bob" {{name}}` }, `Hello, <Ann> & "Bob" {{name}}!\n`],
  ])("greets %s", async (_what, input, text) => {
    const result = await greet(input);
    expect(result.error).toBeUndefined();
    expect(result.executedNodes?.slice(1)).toEqual(["create-message", "format-content", "write-to-file"]);
    expect(result.data).toMatchObject({ result: at("hello.txt"), size: Buffer.byteLength(text) });
    expect(readFileSync(at("hello.txt"), "utf8")).toBe(text);
  });

  it("writes to where its input says, and nowhere else", async () => {
    const result = await greet({ name: "Ada", path: at("made", "for", "ada.txt") });
    expect(result.data).toMatchObject({ path: at("made", "for", "ada.txt") });
    expect(readFileSync(at("made", "for", "ada.txt"), "utf8")).toBe("Hello, Ada!\n");
    expect(readdirSync(folder)).toEqual(["made"]);
  });
});

describe("Data Transform Pipeline", () => {
  const csv = "name,amount\nAda,1.5\n , \nBob,\nCleo,-3\nDan,n/a\n";
  const found = {
    rowCount: 4,
    columns: [
      { column: "name", filled: 4, numbers: 0 },
      { column: "amount", filled: 3, numbers: 2, sum: -1.5, average: -0.75, min: -3, max: 1.5 },
    ],
  };
  const process = (input: Record<string, unknown>) =>
    createConductor().flow.run(template("data-processor", { "output-file": { path: at("out", "found.json") } }), {
      input,
    });
  const written = () => JSON.parse(readFileSync(at("out", "found.json"), "utf8")) as unknown;

  it("writes what is in the columns of a CSV file as JSON", async () => {
    writeFileSync(at("data.csv"), csv);
    const result = await process({ file: at("data.csv"), outputFormat: "json", source: "database" });
    expect(result.error).toBeUndefined();
    expect(result.data).toMatchObject({ result: at("out", "found.json"), success: true });
    expect(written()).toEqual(found);
  });

  it.each([
    ["text", csv],
    [
      "records",
      [
        { name: "Ada", amount: 1.5 },
        { name: "", amount: null },
        { name: "Bob", amount: undefined },
        { name: "Cleo", amount: -3 },
        { name: "Dan", amount: "n/a" },
      ],
    ],
  ])("takes %s instead of a file", async (_what, data) => {
    expect((await process({ data })).error).toBeUndefined();
    expect(written()).toEqual(found);
  });

  it("finds nothing in a file without rows", async () => {
    writeFileSync(at("empty.csv"), "name,amount\n");
    expect((await process({ file: at("empty.csv") })).error).toBeUndefined();
    expect(written()).toEqual({ rowCount: 0, columns: [] });
  });

  it.each([
    ["no file is named", { source: "database" }, "INVALID_PARAMETERS", "No spreadsheet data provided"],
    ["the file is missing", { file: "/missing/data.csv" }, "EXECUTION_FAILED", "File not found: /missing/data.csv"],
  ])("fails where %s, and writes nothing", async (_what, input, code, message) => {
    const result = await process(input);
    expect(result.error).toMatchObject({ code, nodeId: "csv-source", message: expect.stringContaining(message) });
    expect(existsSync(at("out"))).toBe(false);
  });
});

describe("Image Processing Workflow", () => {
  it("makes a picture smaller, marks it and files the result", async () => {
    const image = nodeExecutableRegistry.get("image");
    const make = (output: string, baseImage: Uint8Array) =>
      image?.execute({ operation: "convert", input: { baseImage }, output });
    await make(at("images", "picture.jpg"), bitmap(1800, 600, [250, 250, 250]));
    await make(at("images", "marks", "watermark.png"), bitmap(60, 40, [0, 0, 0]));
    // The loop of the template has no nodes inside, so that one stands in for it here that comes to nothing.
    const loop = { execute: async () => ({ results: [] }) };
    const conductor = createConductor({
      nodeExecutorFactory: {
        getNodeExecutable: (type: string) => (type === "loop" ? loop : nodeExecutableRegistry.get(type)),
      },
    } as never);
    const watermarked = at("output", "watermarked.jpg");
    const flow = template("image-processor", {
      "image-source": { path: at("images") },
      "image-resize": { images: [at("images", "picture.jpg")], output: at("output", "resized.jpg") },
      "image-watermark": { overlayImage: at("images", "marks", "watermark.png"), output: watermarked },
      "save-processed": { path: watermarked, targetPath: at("output", "images", "processed.jpg") },
    });
    const result = await conductor.flow.run(flow);
    expect(result.error).toBeUndefined();
    expect(result.success).toBe(true);
    const pixelAt = async (left: number, top: number) => {
      const baseImage = at("output", "images", "processed.jpg");
      const pixel = { operation: "crop", left, top, width: 1, height: 1, format: "png", resultAs: "base64" };
      return ((await image?.execute({ ...pixel, input: { baseImage } })) as { result: string } | undefined)?.result;
    };
    expect(await pixelAt(10, 10)).toMatch(/^iVBOR/);
    expect(await pixelAt(1190, 390)).not.toBe(await pixelAt(10, 10));
    expect(await pixelAt(1100, 390)).toBe(await pixelAt(10, 10));
  });

  it("goes through all its nodes where there are executables for them", async () => {
    const received: [string, unknown][] = [];
    const conductor = createConductor({
      nodeExecutorFactory: {
        getNodeExecutable: () => ({
          async execute({ nodeId, input }: Record<string, unknown>) {
            received.push([nodeId as string, input]);
            return `from ${nodeId}`;
          },
        }),
      },
    });
    const result = await conductor.flow.run(template("image-processor"), { input: { given: true } });
    expect(result.error).toBeUndefined();
    expect(received).toEqual([
      ["image-source", { given: true }],
      ["image-loop", { items: "from image-source" }],
      ["parallel-processor", { operations: "from image-loop" }],
      ["image-resize", { default: "from parallel-processor" }],
      ["image-watermark", { baseImage: "from image-resize" }],
      ["save-processed", { path: "from image-watermark" }],
    ]);
  });
});

describe("every template", () => {
  it.each(["hello-world", "data-transform"])("passes the checks of a conductor: %s", async (slug) => {
    expect(await createConductor().node.validate(template(slug))).toEqual({ valid: true, errors: [] });
  });

  it("is warned of nothing but a loop without nodes inside, and of its missing files", async () => {
    const { errors, warnings = [] } = await createConductor().node.validate(template("image-processor"));
    expect(errors).toEqual([]);
    expect(warnings.filter((told) => !told.includes("There is no `images"))).toEqual([
      expect.stringMatching(/\bloop\b/),
    ]);
  });

  it.each([
    ["hello-world", ["--input", "name=Ada"], "output/hello-world.txt", "Hello, Ada!"],
    ["data-transform", ["--input", "file=in.csv"], "output/data-transform.json", '"sum": 3'],
    [
      "report-from-csv",
      ["--strict", "--var", "csv=in.csv", "--var", "amount=n", "--var", "groupBy=n"],
      "output/report.html",
      '<td align="right">2</td>',
    ],
  ])("runs from its file as well, writing below the working folder: %s", async (slug, args, output, text) => {
    writeFileSync(at("in.csv"), "n\n1\n2\n");
    const { ended } = start(["run", join(FILES, `${slug}.flow.yaml`), ...args], { cwd: folder });
    expect(await ended).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(at(output), "utf8")).toContain(text);
    expect(readdirSync(folder).sort()).toEqual(["in.csv", "output"]);
  });

  it("is what a conductor reads from its file", () => {
    const read = readdirSync(FILES)
      .map((name) => readFlow(readFileSync(join(FILES, name), "utf8"), "yaml", name))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const essence = ({ id, name, type, metadata, nodes, edges }: NodeDefinition) => ({
      ...{ id, name, type, tags: metadata?.["tags"] },
      // Edges that the library makes have a type for editors to draw.
      edges: edges?.map(({ type: _, ...edge }) => edge),
      nodes: nodes?.map(({ id, name, type, position, parameters }) => ({ id, name, type, position, parameters })),
    });
    expect(read.map(essence)).toMatchObject(loadFlowTemplates().map(essence));
  });
});
