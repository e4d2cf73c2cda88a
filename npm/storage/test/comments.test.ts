import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { marksOf } from "../src/document/marks.js";
import { createFileSystemEngine, type StorageError, saveFlowFile } from "../src/exports/desktop.js";
import { failureOf, temporaryFolder } from "./folder.js";

type Data = Record<string, unknown> & { nodes: Record<string, unknown>[]; edges: unknown[] };

const HAND_MADE = `# Sends the report every morning.

id: report        # used by the scheduler
name: 'Morning report'
type: group


nodes:
  # Where the numbers come from
  - id: read
    type: file-system
    position: {x: 10, y: 20}   # left
    parameters:
      path: "/data/in.csv"
      retries: 0x10  # hex, on purpose
      script: |
        # not a comment of the file
        return rows

  # Who gets them
  - id: send
    type: http-request
    parameters: {url: https://example.com, tags: [a, b]}
edges:
  - {id: e1, source: read, target: send} # the only one
# the end
`;

async function handMade(text = HAND_MADE, name = "report.composite.yaml") {
  const folder = await temporaryFolder();
  const file = join(folder, name);
  await writeFile(file, text);
  const engine = createFileSystemEngine({ baseDir: folder });
  const change = async (edit: (data: Data) => void) => {
    const data = await engine.load<Data>("report");
    edit(data);
    await engine.save("report", data);
    expect(await engine.load("report")).toEqual(data);
    return readFile(file, "utf8");
  };
  return { folder, file, engine, change };
}

function parametersOf({ nodes: [first] }: Data): Record<string, unknown> {
  return first?.["parameters"] as Record<string, unknown>;
}

/** The lines that only one of two texts has. */
function difference(before: string, after: string): { gone: string[]; come: string[] } {
  const [old, now] = [before.split("\n"), after.split("\n")];
  return { gone: old.filter((line) => !now.includes(line)), come: now.filter((line) => !old.includes(line)) };
}

describe("a file with comments", () => {
  it("is not touched by data that did not change", async () => {
    const { change } = await handMade();
    expect(await change(() => {})).toBe(HAND_MADE);
  });

  it("changes in nothing but the values that changed", async () => {
    const { change } = await handMade();
    const after = await change((data) => {
      data["name"] = "It's evening";
      (data.nodes[0] as { position: { x: number } }).position.x = -1.5;
      parametersOf(data)["path"] = 'C:\\in "x"\n.csv';
      (data.nodes[1] as { parameters: { tags: string[] } }).parameters.tags[1] = "yes";
    });
    expect(difference(HAND_MADE, after)).toEqual({
      gone: [
        "name: 'Morning report'",
        "    position: {x: 10, y: 20}   # left",
        '      path: "/data/in.csv"',
        "    parameters: {url: https://example.com, tags: [a, b]}",
      ],
      come: [
        "name: 'It''s evening'",
        "    position: {x: -1.5, y: 20}   # left",
        '      path: "C:\\\\in \\"x\\"\\n.csv"',
        '    parameters: {url: https://example.com, tags: [a, "yes"]}',
      ],
    });
  });

  it("takes new nodes, edges and fields at the end, and keeps all that was there", async () => {
    const { change } = await handMade();
    const after = await change((data) => {
      data.nodes.push({ id: "wait", type: "delay", parameters: { ms: 5, empty: {}, none: [] } });
      data.edges.push({ id: "e2", source: "send", target: "wait" });
      data["metadata"] = { created: "2024-01-01", "odd key: #": "text\nof lines\n" };
    });
    expect(after.match(/#.*/g)).toEqual([...(HAND_MADE.match(/#.*/g) as string[]).slice(0, -1), '#": |', "# the end"]);
    expect(difference(HAND_MADE, after).gone).toEqual([
      "id: report        # used by the scheduler",
      "    position: {x: 10, y: 20}   # left",
      "      retries: 0x10  # hex, on purpose",
    ]);
    expect(after).toContain(
      "  - id: wait\n    type: delay\n    parameters:\n      ms: 5\n      empty: {}\n      none: []\n",
    );
    expect(after).toContain("  - id: e2\n    source: send\n    target: wait\n");
  });

  it("finds nodes by their id when they change places", async () => {
    const { change } = await handMade(
      "nodes:\n  - id: a # first\n    x: 1\n  - id: b # second\n    x: 2\n  # third\n  - id: c\n",
    );
    const after = await change((data) => {
      data.nodes.reverse();
      (data.nodes[2] as { x: number }).x = 7;
    });
    expect(after).toBe("nodes:\n  # third\n  - id: c\n  - id: b # second\n    x: 2\n  - id: a # first\n    x: 7\n");
  });

  it("loses what was removed, if no comment goes with it", async () => {
    const { change } = await handMade(
      "nodes:\n  # the one\n  - id: a\n    x: 1\n    y: 2\n  - id: b\nedges: []\nz: 1 # last\n",
    );
    const after = await change((data) => {
      data.nodes.pop();
      delete data.nodes[0]?.["x"];
      delete (data as Record<string, unknown>)["edges"];
    });
    expect(after).toBe("nodes:\n  # the one\n  - id: a\n    y: 2\nz: 1 # last\n");
  });

  it.each<[string, number, (data: Data) => void]>([
    ["a node that is removed", 20, (data) => data.nodes.pop()],
    ["a list that becomes a text", 12, (data) => Object.assign(data, { nodes: "none" })],
    ["a field that is removed", 15, (data) => delete parametersOf(data)["retries"]],
    [
      "everything",
      3,
      (data) => {
        for (const key of Object.keys(data)) delete data[key];
        data["other"] = 1;
      },
    ],
  ])("is not saved where its comment belongs to %s", async (_, line, edit) => {
    const { file, engine } = await handMade();
    const data = await engine.load<Data>("report");
    edit(data);
    const error = (await failureOf(engine.save("report", data))) as StorageError;
    expect(error).toMatchObject({ code: "UNSUPPORTED_OPERATION", context: { key: "report", operation: "save", file } });
    expect(error.message).toContain(`${file} line ${line} `);
    expect(error.message).toContain("overwrite: true");
    expect(await readFile(file, "utf8")).toBe(HAND_MADE);
    await engine.save("report", data, { overwrite: true });
    expect(await engine.load("report")).toEqual(data);
    expect(marksOf(await readFile(file, "utf8"))).toEqual([]);
  });

  it.each([
    ["anchor", "a: &x 1\nb: 2\n", 1],
    ["anchor", "# note\nb: 2\na: &x [1]\nc: *x\n", 3],
    ["tag", "# note\na: !!str 1\n", 2],
  ])("is not saved over an %s", async (kind, text, line) => {
    const { file, engine } = await handMade(text);
    const error = (await failureOf(engine.save("report", { a: 5 }))) as StorageError;
    expect(error).toMatchObject({ code: "UNSUPPORTED_OPERATION", context: { line } });
    expect(error.message).toContain(`the ${kind}`);
    expect(await readFile(file, "utf8")).toBe(text);
  });

  it("keeps them in a JSON file too, or is left alone", async () => {
    const text = "# by hand\na: 1\n";
    const { folder, file, engine } = await handMade(text, "report.flow.json");
    expect(await failureOf(engine.save("report", { a: 2 }))).toMatchObject({
      code: "UNSUPPORTED_OPERATION",
      context: { line: 1 },
    });
    expect(await readFile(file, "utf8")).toBe(text);
    await engine.save("other", { a: 2 });
    expect(await readFile(join(folder, "other.composite.yaml"), "utf8")).toBe("a: 2\n");
  });

  it("keeps its line ends and its byte order mark", async () => {
    const text = "\uFEFF# windows\r\na: 1 # one\r\nscript: |\r\n  x\r\n  y\r\n";
    const { change } = await handMade(text);
    expect(await change((data) => Object.assign(data, { a: 2 }))).toBe(text.replace("a: 1", "a: 2"));
    const after = await change((data) => Object.assign(data, { b: "x\ny\n" }));
    expect(after).toBe(`${text.replace("a: 1", "a: 2")}b: |\r\n  x\r\n  y\r\n`);
  });

  it("keeps its own indentation", async () => {
    const text = "# mine\nouter:\n    inner:\n        x: 1\nlist: [1]\n";
    const { change } = await handMade(text);
    expect(await change((data) => Object.assign(data, { more: { a: { b: 1 } } }))).toBe(
      `${text}more:\n    a:\n        b: 1\n`,
    );
    const flush = await handMade("# mine\nnodes:\n- id: a\n");
    expect(await flush.change((data) => data.nodes.push({ id: "b", x: 1 }))).toBe(
      "# mine\nnodes:\n- id: a\n- id: b\n  x: 1\n",
    );
  });

  it("gives a flow its times without disturbing the rest", async () => {
    const { file, engine } = await handMade("id: f # mine\nname: F\nversion: '1.0'\n");
    await engine.save("report", { id: "f", name: "F", version: "1.0" });
    expect(await readFile(file, "utf8")).toMatch(
      /^id: f # mine\nname: F\nversion: '1\.0'\nmetadata:\n {2}updated: "20.*"\n {2}created: "20.*"\n$/,
    );
  });
});

describe("a flow file with comments", () => {
  it("keeps them", async () => {
    const { file } = await handMade(
      "version: 1.0.0\n# about\nmetadata:\n  name: R # shown\ndata:\n  id: r # the id\n",
      "r.flow.yaml",
    );
    await saveFlowFile(file, { id: "r", type: "group" }, { author: "me" });
    const text = await readFile(file, "utf8");
    expect(text.match(/#.*/g)).toEqual(["# about", "# shown", "# the id"]);
    expect(text).toContain("  type: group\n");
    const line = 1 + text.split("\n").findIndex((each) => each.includes("# the id"));
    expect(await failureOf(saveFlowFile(file, { type: "group" }))).toMatchObject({
      code: "UNSUPPORTED_OPERATION",
      context: { file, line },
    });
  });
});
