import { describe, expect, it } from "vitest";
import { conductor, file, folder } from "./cli.js";

const here = folder();
const flow = (name: string, text: string) => file(here, name, text);

const DOUBTFUL = `id: f
type: group
nodes:
  - id: first
    type: edit-fields
    parameters: { vlues: { a: 1 } }
  - id: last
    type: edit-fields
edges:
  - { source: first, target: last, sourceHandle: reslt }
`;
const UNKNOWN = `id: f
type: group
nodes:
  - id: first
    type: edit-fields
    params: { values: { a: 1 } }
  - id: last
    parameters: { operation: reverse, data: [1, 2] }
edges:
  - { source: last, target: first }
`;

describe("warnings on the command line", () => {
  it("stand in the order of the file with their places, and are counted at the end", async () => {
    const name = flow("doubtful.yaml", DOUBTFUL);
    const { code, stdout } = await conductor("validate", name);
    expect(code).toBe(0);
    expect(stdout.split("\n")).toEqual([
      `✓ ${name} is valid`,
      expect.stringMatching(/^! `edit-fields` has no parameter `vlues`. Did you mean `values`\?/),
      "  line 6, column 19 · /nodes/0/parameters/vlues · INVALID_PARAMETERS unknown-parameter",
      expect.stringMatching(/^! The edge leaves `first` by the handle `reslt`.*Did you mean `result`\?/),
      "  line 10, column 36 · /edges/0/sourceHandle · VALIDATION_FAILED unknown-handle",
      "2 warnings",
      "",
    ]);
  });

  it("are told before the flow runs, and keep nothing from running", async () => {
    const { code, stdout, stderr } = await conductor("run", "--json", flow("run.yaml", DOUBTFUL));
    expect(code).toBe(0);
    expect(stderr).toMatch(/vlues[\s\S]*reslt[\s\S]*2 warnings[\s\S]*last/);
    expect(stderr.match(/vlues/g)).toHaveLength(2);
    expect(JSON.parse(stdout).warnings).toMatchObject([{ rule: "unknown-parameter" }, { rule: "unknown-handle" }]);
    expect((await conductor("run", "--quiet", flow("quiet.yaml", DOUBTFUL))).stderr).toBe("");
  });

  it("are errors with --strict", async () => {
    const name = flow("strict.yaml", DOUBTFUL);
    for (const command of ["validate", "run"]) {
      const { code, stdout, stderr } = await conductor(command, "--strict", name);
      expect(code, command).toBe(3);
      expect(stdout + stderr).toMatch(/strict.yaml: 2 problems[\s\S]*✗ `edit-fields` has no[\s\S]*\n2 errors\n/);
    }
    const [entry] = JSON.parse((await conductor("validate", "--strict", "--json", name)).stdout);
    expect(entry).toMatchObject({ valid: false, problems: [{ severity: "error" }, { severity: "error" }] });
  });

  it("come with all that is known of them as JSON", async () => {
    const [{ valid, problems, warnings }] = JSON.parse(
      (await conductor("validate", "--json", flow("json.yaml", DOUBTFUL))).stdout,
    );
    expect({ valid, problems }).toEqual({ valid: true, problems: [] });
    expect(warnings[0]).toEqual({
      code: "INVALID_PARAMETERS",
      severity: "warning",
      rule: "unknown-parameter",
      path: "/nodes/0/parameters/vlues",
      message: expect.any(String),
      nodeId: "first",
      found: "vlues",
      suggestion: "values",
      allowed: expect.arrayContaining(["values", "keepOnlySet"]),
      line: 6,
      column: 19,
    });
  });
});

describe("unknown keys and missing types", () => {
  it("are errors in a file", async () => {
    const { code, stdout } = await conductor("validate", flow("unknown.yaml", UNKNOWN));
    expect(code).toBe(3);
    expect(stdout).toMatch(/✗ Unknown key `params` of a node. Did you mean `parameters`\?.*\n {2}line 6, column 5 /);
    expect(stdout).toMatch(/✗ The node has no `type`.*\n {2}line 7, column 5 /);
    expect(stdout).toMatch(/\n2 errors\n$/);
    expect((await conductor("run", flow("unknown.yaml", UNKNOWN))).code).toBe(3);
  });

  it("are warnings with --lenient, and the flow runs as it used to", async () => {
    const name = flow("lenient.yaml", UNKNOWN);
    const { code, stdout } = await conductor("validate", "--lenient", name);
    expect(code).toBe(0);
    expect(stdout).toMatch(/! Unknown key `params`[\s\S]*! The node has no `type`.*It runs as a `transform`/);
    const run = await conductor("run", "--lenient", "--json", name);
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout).outputs.last.result).toEqual([2, 1]);
  });
});

describe("parts of the wrong kind", () => {
  it("are told with what belongs there, by every command that reads the flow", async () => {
    const wrong = [
      [
        "nodes: { a: { type: code } }",
        /✗ Expected a list such as `\[{ id: …, type: … }\]`, found an object\n.* \/nodes /,
      ],
      ["nodes:", /✗ Expected a list such as `\[{ id: …, type: … }\]`, found nothing\n.* \/nodes /],
      ["nodes: [5]", /✗ Expected an object, found a number\n.* \/nodes\/0 /],
      [
        "nodes: [{ id: a, type: group, nodes: 5 }]",
        /✗ Expected a list such as .*, found a number\n.* \/nodes\/0\/nodes /,
      ],
      [
        "nodes: [{ id: a, type: sub-flow, parameters: [] }]",
        /✗ Expected an object, found a list\n.* \/nodes\/0\/param/,
      ],
    ] as const;
    const files = wrong.map(([text], index) => flow(`wrong-${index}.yaml`, `id: q\n${text}\n`));
    for (const [index, name] of files.entries()) {
      for (const command of ["validate", "graph", "run"]) {
        const { code, stdout, stderr } = await conductor(command, name);
        expect(code, command).toBe(3);
        expect(stdout + stderr).toMatch(wrong[index]?.[1] as RegExp);
        expect(stdout + stderr).toMatch(/\n1 error\n$/);
      }
    }
  });
});

describe("text that cannot be read", () => {
  const shown = async (name: string, text: string) =>
    (await conductor("validate", flow(name, text))).stdout.split("\n");

  it("is shown with a caret below the place", async () => {
    expect(await shown("indent.yaml", "id: f\nnodes:\n  - id: a\n    type: transform\n   parameters: {}\n")).toEqual([
      expect.stringMatching(/indent.yaml: 1 problem$/),
      expect.stringContaining("the line is indented by 3, the one above by 4"),
      "  line 5, column 4 · /nodes/1 · DESERIALIZATION_FAILED",
      "  5 |    parameters: {}",
      "         ^",
      "1 error",
      "",
    ]);
    const json = await shown("comma.json", '{\n  "id": "f",\n  "type": group\n}\n');
    expect(json.slice(3, 5)).toEqual(['  3 |   "type": group', "                ^"]);
  });

  it("says that an expression needs quotes", async () => {
    for (const text of ["{ x: ${{ variables.y }} }", "[${{ variables.y }}]", "${{ a ? b : c }}"]) {
      const lines = await shown("quotes.yaml", `id: f\nnodes:\n  - { id: b }\n  - id: a\n    parameters: ${text}\n`);
      expect(lines[1]).toMatch(/; put quotes around `\${{ … }}`$/);
      expect(lines[2]).toContain("line 5, ");
    }
    const quoted = await shown("quoted.yaml", 'id: f\nnodes:\n  - { id: a, parameters: { x: "${{ y }}" z } }\n');
    expect(quoted[1]).not.toContain("put quotes");
  });

  it("names the line with the tab", async () => {
    const lines = await shown("tab.yaml", "id: f\nnodes:\n  - id: a\n    type: transform\n\tparameters: {}\n");
    expect(lines.slice(1, 5)).toEqual([
      expect.stringContaining("found a tab in the indentation; indent by spaces"),
      expect.stringContaining("line 5, column 1 "),
      "  5 |  parameters: {}",
      "      ^",
    ]);
  });

  it("shows a part of a long line, and nothing that steers the terminal", async () => {
    const lines = await shown("long.json", `{"a": "${"x".repeat(5000)}\u001b[31m", "b": oops}`);
    const [source, caret] = lines.slice(3, 5) as [string, string];
    expect(source.length).toBeLessThan(120);
    expect(source.includes("\u001b")).toBe(false);
    expect(source[caret.indexOf("^")]).toBeDefined();
  });
});

describe("a path that leads to nothing", () => {
  it("is told with the path that was tried and names close by", async () => {
    flow("flights.csv", "a\n1\n");
    const text = `id: f\nnodes:\n  - { id: read, type: spreadsheet, parameters: { path: ${here}/flihgts.csv } }\n`;
    const { code, stdout } = await conductor("validate", flow("path.yaml", text));
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /! There is no `.*flihgts.csv`.*`flights.csv`\n {2}line 3, column \d+ · .*no-such-path\n1 warning\n/,
    );
  });
});
