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
    ["a list that becomes a text", 9, (data) => Object.assign(data, { nodes: "none" })],
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

  it("takes new fields of the whole without a change of any other line", async () => {
    for (const text of [
      HAND_MADE,
      "a:   1\nb: [ 1,2 , 3 ]   # odd\nc: |\n  x\n",
      "a:   1 # one\n",
      "a: 1\nb: >\n  x\n\n\n# end",
    ]) {
      const { change } = await handMade(text);
      const after = await change((data) =>
        Object.assign(data, { metadata: { tags: ["x"], empty: {} }, "odd #": "1\n" }),
      );
      const added = 'metadata:\n  tags:\n    - x\n  empty: {}\n"odd #": |\n  1\n';
      expect(after).toContain(added);
      expect(difference(text, after.replace(added, "")).gone).toEqual([]);
      expect(await change((data) => delete data["odd #"])).not.toContain("odd #");
    }
  });

  it("that lacks its last newline takes new fields too", async () => {
    const { change } = await handMade("a: 1 # one\nb: |\n  x");
    expect(await change((data) => Object.assign(data, { c: 1 }))).toBe("a: 1 # one\nb: |\n  x\nc: 1\n");
  });

  it("takes new fields above what is indented at its end", async () => {
    const text = "a:\n  - x\n  # more to come\n";
    const { change } = await handMade(text);
    expect(await change((data) => Object.assign(data, { b: 1 }))).toBe(`${text}b: 1\n`);
  });

  it("gives a flow its times without disturbing the rest", async () => {
    const { file, engine } = await handMade("id: f   # mine\nname:   F\nversion: '1.0'\n");
    await engine.save("report", { id: "f", name: "F", version: "1.0" });
    expect(await readFile(file, "utf8")).toMatch(
      /^id: f {3}# mine\nname: {3}F\nversion: '1\.0'\nmetadata:\n {2}updated: "20.*"\n {2}created: "20.*"\n$/,
    );
  });
});

describe("a comment above the first of several parts", () => {
  const nodes = "nodes:\n  # password check, do not remove\n  - id: a\n    v: 1\n  - id: b\n";
  const map = "p:\n  # the secret\n  a: 1\n  b: 2\n";

  it.each<[string, string, number, (data: Data) => void]>([
    ["node", nodes, 2, (data) => data.nodes.shift()],
    ["field", map, 2, (data) => delete (data["p"] as Record<string, unknown>)["a"]],
    ["field below a dash", "l:\n  -\n    # of a\n    a: 1\n    b: 2\n", 3, (data) => (data["l"] = [{ b: 2 }])],
    ["field below a line", "---\n# of a\na: 1\nb: 2\n", 2, (data) => delete data["a"]],
    ["text", "l:\n  # of one\n  - one\n  - two\n", 2, (data) => (data["l"] = ["two"])],
    ["list", "l:\n  -\n    # of one\n    - one\n    - two\n", 3, (data) => (data["l"] = [["two"]])],
  ])("does not go over to the next when its %s goes away", async (_, text, line, edit) => {
    const { file, engine } = await handMade(text);
    const data = await engine.load<Data>("report");
    edit(data);
    expect(await failureOf(engine.save("report", data))).toMatchObject({
      code: "UNSUPPORTED_OPERATION",
      context: { line },
    });
    expect(await readFile(file, "utf8")).toBe(text);
  });

  it("goes along when another part comes before it, or it changes places", async () => {
    expect(await (await handMade(nodes)).change((data) => data.nodes.unshift({ id: "z" }))).toBe(
      "nodes:\n  - id: z\n  # password check, do not remove\n  - id: a\n    v: 1\n  - id: b\n",
    );
    expect(await (await handMade(nodes)).change((data) => data.nodes.reverse())).toBe(
      "nodes:\n  - id: b\n  # password check, do not remove\n  - id: a\n    v: 1\n",
    );
  });

  it("stays where other parts go", async () => {
    expect(await (await handMade(nodes)).change((data) => data.nodes.pop())).toBe(nodes.replace("  - id: b\n", ""));
    const withMore = `${nodes}more:\n  - x\n`;
    const after = await (await handMade(withMore)).change((data) => (data["more"] = [{ k: 1 }, "x"]));
    expect(after).toBe(`${nodes}more:\n  - k: 1\n  - x\n`);
  });

  it("is about all of them on the line of their key, or above an empty line", async () => {
    const text = "nodes: # all\n  # of all\n\n  # of a\n  # too\n  - id: a\n  - id: b\n";
    expect(await (await handMade(text)).change((data) => data.nodes.reverse())).toBe(
      "nodes: # all\n  # of all\n\n  - id: b\n  # of a\n  # too\n  - id: a\n",
    );
    const list = "nodes: # all\n  - id: a\n  - id: b\n";
    expect(await (await handMade(list)).change((data) => data.nodes.shift())).toBe("nodes: # all\n  - id: b\n");
    expect(await (await handMade(list)).change((data) => data.nodes.splice(0))).toMatch(/^nodes: # all\n {2}\[\]\n$/);
  });
});

describe("comments in a list of values", () => {
  const text = "l:\n  - one # c1\n  - two # c2\n  - three # c3\n  - four # c4\n";

  it("go with their values", async () => {
    const { change } = await handMade(text);
    expect(await change((data) => (data["l"] = ["four", "three", "two", "five", "one"]))).toBe(
      "l:\n  - four # c4\n  - three # c3\n  - two # c2\n  - five\n  - one # c1\n",
    );
  });

  it("stay at a value that changed in its place", async () => {
    const { change } = await handMade(text);
    expect(await change((data) => (data["l"] = ["one", "2", "three", "4"]))).toBe(
      text.replace("two", '"2"').replace("four", '"4"'),
    );
  });

  it("go to no other value", async () => {
    for (const [l, line] of [
      [["one", "X", "three-b", "four"], 3],
      [["two", "three", "four!"], 2],
      [["one", "three", "four", "five"], 3],
    ] as const) {
      const { file, engine } = await handMade(text);
      expect(await failureOf(engine.save("report", { l }))).toMatchObject({
        code: "UNSUPPORTED_OPERATION",
        context: { line },
      });
      expect(await readFile(file, "utf8")).toBe(text);
    }
  });
});

describe("a large file with comments", () => {
  it("of very many keys is saved in a moment", async () => {
    const keys = Array.from({ length: 100_000 }, (_, n) => `key${n}: ${n}\n`).join("");
    const { change } = await handMade(`# mine\n${keys}`);
    expect(await change((data) => (data["key7"] = "x"))).toBe(`# mine\n${keys.replace("key7: 7\n", "key7: x\n")}`);
  });

  it("takes a text of several MiB", async () => {
    const { change } = await handMade("# mine\na: x\nb: y\n");
    const text = "word ".repeat(1_500_000).trimEnd();
    const after = await change((data) => Object.assign(data, { a: text, c: `${text}\n` }));
    expect(after.replaceAll(text, "<text>").slice(0, 300)).toBe("# mine\na: <text>\nb: y\nc: |\n  <text>\n");
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
