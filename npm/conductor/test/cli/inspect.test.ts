import { describe, expect, it } from "vitest";
import { conductor, DOUBLE, file, folder } from "./cli.js";

const here = folder();
const double = file(here, "double.yaml", DOUBLE);

describe("conductor validate", () => {
  it("accepts valid flows", async () => {
    const { code, stdout } = await conductor("validate", double);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `✓ ${double} is valid\n` });
  });

  it("tells every problem of every file with code, path and line", async () => {
    const wrong = file(
      here,
      "wrong.yaml",
      `id: wrong
type: group
nodes:
  - id: a
    type: spreadsheet
    parameters:
      hasHeaders: perhaps
  - id: a
    type: transform
  - id: inner
    type: group
    nodes:
      - id: c
        type: carrier-pigeon
`,
    );
    const { code, stdout } = await conductor("validate", double, wrong, "--json");
    expect(code).toBe(3);
    const [first, second] = JSON.parse(stdout);
    expect(first).toEqual({ file: double, valid: true, problems: [] });
    expect(second.valid).toBe(false);
    expect(second.problems).toMatchObject([
      { code: "TYPE_MISMATCH", path: "/nodes/0/parameters/hasHeaders", line: 7, column: 7, nodeId: "a" },
      { code: "INVALID_NODE", path: "/nodes/1/id", line: 8 },
      { code: "NODE_TYPE_NOT_FOUND", path: "/nodes/2/nodes/0/type", line: 14 },
    ]);

    const text = await conductor("validate", wrong);
    expect(text.code).toBe(3);
    expect(text.stdout).toContain("wrong.yaml: 3 problems");
    expect(text.stdout).toContain("carrier-pigeon");
  });

  it("tells a missing field at the object that lacks it, in envelopes too", async () => {
    const lacking = file(
      here,
      "lacking.json",
      `{
  "version": "1",
  "metadata": {},
  "data": { "id": "f", "type": "group", "nodes": [
    { "id": "a", "type": "http-request",
      "parameters": {} }
  ] }
}`,
    );
    const { code, stdout } = await conductor("validate", "--json", lacking);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)[0].problems).toMatchObject([{ path: "/nodes/0/parameters/url", line: 6, column: 7 }]);
  });

  it("names line and column of text that is no YAML", async () => {
    const broken = file(here, "broken.yaml", "id: f\ntype: group\nnodes:\n  - { id: a, type: transform\n  - b\n");
    const { code, stdout } = await conductor("validate", broken);
    expect(code).toBe(3);
    expect(stdout).toMatch(/line [45], column \d+/);
  });
});

describe("settings without effect", () => {
  const flow = (name: string, node: string) =>
    file(
      here,
      name,
      `id: f\ntype: group\nnodes:\n  - { id: a, type: transform, parameters: { data: [1], ${node} } }\n` +
        "  - { id: b, type: transform, parameters: { data: [1], retries: 1 }, policy: { retries: 1, concurrency: 3 } }\n",
    );
  const usual = () => flow("usual.yaml", "retries: 1, timeout: 30000");

  it("are told once for a flow, with what is not carried out and its place", async () => {
    const { code, stdout } = await conductor("validate", usual());
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^! `concurrency` of a policy has no effect.*\n {2}line 5, column \d+ · \/nodes\/1\/policy\/concurrency/m,
    );
    expect(stdout.match(/^Hint: .*/gm)).toEqual([expect.stringMatching(/1 node has the default.*`policy/)]);
    const [entry] = JSON.parse((await conductor("validate", "--json", usual())).stdout);
    expect(entry).toMatchObject({ valid: true, problems: [], hints: [expect.any(String)] });
    expect(entry.warnings).toMatchObject([
      { rule: "ignored-policy", path: "/nodes/1/policy/concurrency", line: 5, nodeId: "b" },
      { rule: "no-edges" },
    ]);
  });

  it("are told when the flow runs, beside its output", async () => {
    const { code, stdout, stderr } = await conductor("run", "--json", usual());
    expect(code).toBe(0);
    expect(JSON.parse(stdout).success).toBe(true);
    expect(stderr.match(/Hint: 1 node has/g)?.length).toBe(1);
    expect(stderr.match(/`concurrency` of a policy has no effect/g)?.length).toBe(1);
  });

  it("are none where the values say something", async () => {
    const { stdout } = await conductor("validate", flow("asks.yaml", "retries: 2, timeout: 1000"));
    expect(stdout).not.toContain("Hint");
  });
});

describe("conductor graph", () => {
  it("shows levels, critical path, weights and groups", async () => {
    const { code, stdout } = await conductor("graph", double);
    expect(code).toBe(0);
    expect(stdout).toContain("level 0        keep (50)\n");
    expect(stdout).toContain("level 2        last (50)\n");
    expect(stdout).toContain("critical path  keep → inner → last (weight 150 of 150)\n");
    expect(stdout).toContain("group inner\n  level 0        double\n");
    expect(stdout).toContain("at once        1 at most\n");
  });

  it("gives the same as JSON", async () => {
    const { stdout } = await conductor("graph", double, "--json");
    const shape = JSON.parse(stdout);
    expect(shape).toMatchObject({
      id: "double",
      executionOrder: [["keep"], ["inner"], ["last"]],
      criticalPath: ["keep", "inner", "last"],
      maxParallelism: 1,
      groups: { inner: { criticalPath: ["double"], totalWeight: 50 } },
    });
    expect(shape.nodes.map(({ id, weight }: { id: string; weight: number }) => [id, weight])).toEqual([
      ["keep", 50],
      ["inner", 50],
      ["last", 50],
    ]);
  });

  it("draws a Mermaid flowchart whose labels cannot break it", async () => {
    const flow = file(
      here,
      "labels.yaml",
      `
id: labels
type: group
nodes:
  - { id: end, name: 'say "hi" & <b>#1</b>', type: transform }
  - { id: "a b]", type: condition, parameters: { expression: "true" } }
  - { id: light, type: transform }
edges:
  - { source: end, target: "a b]" }
  - { source: "a b]", target: light, sourceHandle: "true" }
`,
    );
    const { code, stdout } = await conductor("graph", flow, "--mermaid");
    expect(code).toBe(0);
    expect(stdout).toBe(`flowchart LR
  n0["say #quot;hi#quot; #amp; #lt;b#gt;#35;1#lt;/b#gt;<br/>transform"]
  n1["a b#93;<br/>condition"]
  n2["light<br/>transform"]
  n0 --> n1
  n1 -->|"true"| n2
  classDef critical stroke:#d33,stroke-width:3px
  class n0,n1,n2 critical
`);
  });

  it("refuses an invalid flow", async () => {
    const cyclic = file(
      here,
      "cyclic.yaml",
      "id: f\ntype: group\nnodes: [{ id: a, type: transform }]\nedges: [{ source: a, target: a }]\n",
    );
    const { code, stdout, stderr } = await conductor("graph", cyclic);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("CIRCULAR_DEPENDENCY");
  });
});

describe("conductor nodes", () => {
  it("tells what carrying out a node does to the world, for people and for programs", async () => {
    const { stdout } = await conductor("nodes", "file-system");
    expect(stdout).toContain(
      "Touches: reads files, writes files. Effects: looks at the world with `operation` `read`, `list`, `exists` or `stat`, else changes it.",
    );
    const all: { type: string; touches: string[]; effects: string }[] = JSON.parse(
      (await conductor("nodes", "--json")).stdout,
    );
    const of = (wanted: string) => {
      const { touches, effects } = all.find(({ type }) => type === wanted) ?? {};
      return { touches, effects };
    };
    expect(of("sort")).toEqual({ touches: [], effects: "none" });
    expect(of("message")).toEqual({ touches: ["network"], effects: "writes" });
    expect(of("spreadsheet").effects).toBe("looks at the world with `operation` `read`, else changes it");
  });
});
