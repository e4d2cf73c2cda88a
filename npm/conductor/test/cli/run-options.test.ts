import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { conductor, DOUBLE, FAILING, file, folder, start } from "./cli.js";

const here = folder();
const double = file(here, "double.yaml", DOUBLE);
const failing = file(here, "failing.yaml", FAILING);

describe("conductor run --output", () => {
  it("prints the output of one node, and everything else to standard error", async () => {
    const { code, stdout, stderr } = await conductor("run", double, "--output", "keep");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ result: [2, 3] });
    expect(stderr).toContain("completed  keep");
    expect((await conductor("run", double, "--output", "keep", "--format", "csv", "--quiet")).stdout).toBe(
      "value\n2\n3\n",
    );
  });

  it("refuses a node that the flow does not have before anything runs, and formats without a node", async () => {
    const unknown = await conductor("run", double, "--output", "kep");
    expect(unknown).toMatchObject({ code: 2, stdout: "" });
    expect(unknown.stderr).toContain('no node "kep" for --output; it has keep, inner, double, last');
    expect(unknown.stderr).not.toContain("started");
    for (const options of [
      ["--format", "csv"],
      ["--output", "keep", "--format", "xml"],
      ["--quiet", "--verbose"],
    ]) {
      expect((await conductor("run", double, ...options)).code).toBe(2);
    }
    expect((await conductor("run", double, "--json", "--output", "keep")).code).toBe(2);
  });
});

describe("conductor run --dry-run", () => {
  it("tells order, files and hosts, and runs nothing", async () => {
    const written = join(here, "out.txt");
    const touching = file(
      here,
      "touching.yaml",
      `
id: touching
type: group
nodes:
  - { id: write, type: file-system, parameters: { operation: write, path: ${JSON.stringify(written)}, content: x } }
  - { id: read, type: spreadsheet, parameters: { path: ${JSON.stringify(join(here, "in.csv"))} } }
  - { id: ask, type: http-request, parameters: { url: "http://user:word@127.0.0.1:9/a?key=secret" } }
edges:
  - { source: read, target: ask }
  - { source: ask, target: write }
`,
    );
    writeFileSync(join(here, "in.csv"), "a\n1\n");
    const { code, stdout } = await conductor("run", touching, "--dry-run", "--input", "token=secret");
    expect(code).toBe(0);
    expect(stdout.match(/^ +\d {2}(\w+)/gm)?.map((line) => line.trim().split(/ +/)[1])).toEqual([
      "read",
      "ask",
      "write",
    ]);
    expect(stdout).toContain(`Files that would be read\n  ${join(here, "in.csv")}`);
    expect(stdout).toContain(`Files that would be written or removed\n  ${written}`);
    expect(stdout).toContain("Hosts that would be called\n  127.0.0.1:9");
    expect(stdout).toContain("inputs  token");
    expect(stdout).not.toMatch(/secret|word@/);
    expect(() => readFileSync(written)).toThrow();
  });
});

describe("what conductor run tells", () => {
  it("is what failed by itself before what that cancelled, which is not counted as failed", async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const text = `
id: two
type: group
nodes:
  - { id: a, type: http-request, parameters: { url: "${url}" } }
  - { id: z, type: transform, parameters: { data: [1], transformFunction: "x => x.y.z" } }
`;
    const { stdout } = await conductor("run", file(here, "two.yaml", text), "--concurrency", "2");
    expect(stdout).toMatch(/failed {5}z in .*\ncancelled {2}a in /);
    expect(stdout).toContain("2 nodes run, 0 skipped, 1 failed, 1 cancelled");
  });

  it("counts a failure that an edge takes as handled", async () => {
    const text = FAILING.replace(
      "source: inner, target: after",
      "source: inner, target: after, sourceHandle: error",
    ).replace(
      "{ id: after, type: transform }",
      "{ id: after, type: edit-fields, parameters: { values: { ok: true } } }",
    );
    const { code, stdout } = await conductor("run", file(here, "handled.yaml", text));
    expect(code).toBe(0);
    expect(stdout).toContain("handled    inner/bad in ");
    expect(stdout).toContain("0 failed, 1 handled");
  });

  it("counts a failure that a policy goes on after as handled, and warns of it", async () => {
    const text = `
id: flow
type: group
nodes:
  - { id: bad, type: transform, parameters: { data: [1], transformFunction: "x => x.y.z" }, policy: { continueOnError: true } }
  - { id: after, type: edit-fields, parameters: { values: { ok: true } } }
edges:
  - { source: bad, target: after }
`;
    const { code, stdout, stderr } = await conductor("run", file(here, "continued.yaml", text));
    expect(code).toBe(0);
    expect(stdout).toContain("handled    bad in ");
    expect(stdout).toContain("2 nodes run, 0 skipped, 0 failed, 1 handled");
    expect(`${stdout}${stderr}`).toMatch(/bad: Failed, and the run went on: /);
  });

  it("names the round in which a loop failed, and the place of its node", async () => {
    const text = `
id: flow
type: group
nodes:
  - id: each
    type: loop
    parameters: { array: [{ id: 7 }, { id: 8 }] }
    nodes:
      - { id: bad, type: condition, parameters: { expression: "input.item.id === 8 ? input.no.where : true" } }
`;
    const { stdout, stderr } = await conductor("run", file(here, "round.yaml", text));
    expect(stdout).toContain("each in ");
    expect(stdout).toContain('bad in round 2, item {"id":8}: ');
    expect(stderr).toContain("node bad at /nodes/0/nodes/0");
    expect(stderr).toContain('in round 2 of each, item {"id":8}');
  });

  it("is the time of every node with --verbose", async () => {
    const { stdout } = await conductor("run", failing, "--verbose");
    expect(stdout).toMatch(/running {4}(inner\/)?\w+: /);
  });
});

describe("variables of a flow", () => {
  it("are declared, or written as their values", async () => {
    const path = file(
      here,
      "variables.yaml",
      `
id: variables
nodes:
  - { id: all, type: transform, parameters: { data: [1], transformFunction: "x => variables" } }
variables:
  declared: { type: number, defaultValue: 1 }
  without: { type: number }
  number: 2
  list: [3]
  object: { host: h }
  nothing:
`,
    );
    const { stdout } = await conductor("run", path, "--json", "--var", "number=5");
    expect((JSON.parse(stdout) as { data: { result: unknown } }).data.result).toEqual([
      { declared: 1, number: 5, list: [3], object: { host: "h" } },
    ]);
  });
});

describe("conductor run --watch", () => {
  it("runs again when the flow changes, and keeps the outputs of what did not", async () => {
    const watched = file(here, "watched.yaml", DOUBLE);
    const { child, says, ended } = start(["run", watched, "--watch"]);
    await says("Waiting for changes");
    writeFileSync(watched, DOUBLE.replace("x * 2", "x * 10"));
    await says("1 node did not change and kept its output");
    await says("[30,20]");
    child.kill("SIGINT");
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    expect(stdout.match(/succeeded in/g)).toHaveLength(2);
  });

  it("runs what comes after a node that ran, whether or not that changed", async () => {
    const flow = (by: number) => `
id: after
type: group
nodes:
  - id: each
    type: loop
    parameters: { array: [1, 2] }
    nodes: [{ id: twice, type: transform, parameters: { data: [1], transformFunction: "x => item * 2" } }]
  - { id: last, type: transform, parameters: { operation: limit } }
  - { id: beside, type: transform, parameters: { data: [1], transformFunction: "x => x + ${by}" } }
edges:
  - { source: each, target: last }
`;
    const watched = file(here, "after.yaml", flow(1));
    const { child, says, ended } = start(["run", watched, "--watch"]);
    await says("Waiting for changes");
    writeFileSync(watched, `${flow(1)}\n`);
    // The rounds of a loop always run, and so does what they lead to.
    await says("1 node did not change and kept its output");
    child.kill("SIGINT");
    await ended;
  });

  it("goes on after a flow that is wrong, and when a file that is read changes", async () => {
    const data = file(here, "rows.csv", "a\n1\n");
    const text = `
id: rows
type: group
nodes:
  - { id: rows, type: spreadsheet, parameters: { path: ${JSON.stringify(data)} } }
`;
    const watched = file(here, "rows.yaml", text);
    const { child, says, ended } = start(["run", watched, "--watch", "--json"]);
    await says('"a": "1"');
    await says("Waiting for changes");
    writeFileSync(data, "a\n22\n");
    await says('"a": "22"');
    writeFileSync(watched, "nodes: [");
    await says("problem");
    writeFileSync(watched, `${text}\n`);
    await says("rows.yaml has changed");
    child.kill("SIGINT");
    await ended;
  });
});

describe("conductor run --var", () => {
  const flow = file(
    here,
    "words.yaml",
    `
id: words
variables: { words: { type: string, defaultValue: Hello } }
nodes:
  - { id: note, type: edit-fields, parameters: { values: { text: "\${{ variables.words }} \${{ variables.name }}" } } }
`,
  );

  it("refuses a misspelt name before anything runs, with the one that is meant", async () => {
    const told = "--var wrods: The flow `words` has no variable `wrods`; it declares `words`. Did you mean `words`?\n";
    expect(await conductor("run", flow, "--var", "wrods=Bye")).toEqual({ code: 2, stdout: "", stderr: told });
  });

  it("refuses values that the flow does not allow, and takes a number for the text that it asks for", async () => {
    const strict = file(
      here,
      "declared.yaml",
      `
id: declared
variables:
  tone: { enum: [kind, curt], required: true }
  word: { type: string }
  times: { type: integer, defaultValue: 1 }
nodes:
  - { id: note, type: code, parameters: { code: "return [variables.tone, variables.word, variables.times]" } }
`,
    );
    const said = async (...given: string[]) => {
      const args = given.flatMap((one) => ["--var", one]);
      const { code, stderr } = await conductor("run", strict, "--quiet", ...args);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await said()).toBe(
      "--var tone: The variable `tone` of the flow `declared` is required, and was given no value\n",
    );
    expect(await said("tone=cirt")).toContain('`declared` must be one of "kind", "curt", and was given "cirt"');
    expect(await said("tone=kind", "times=x")).toContain("is of type `integer`, and was given string");
    const { stdout } = await conductor("run", strict, "--json", "--var", "tone=curt", "--var", "word=007");
    expect(JSON.parse(stdout).data).toEqual({ result: ["curt", "007", 1] });
  });

  it("says that the flow has no such variable, which is wrong with --strict", async () => {
    const told = "--var more was not used: the flow does not mention it; it declares words\n";
    const given = ["--var", "more=1", "--var", "words=Hi", "--var", "name=Ada"];
    expect(await conductor("run", flow, ...given)).toMatchObject({ code: 0, stderr: told });
    expect(await conductor("run", flow, ...given, "--quiet")).toMatchObject({ code: 0, stderr: "" });
    expect(await conductor("run", flow, ...given, "--quiet", "--strict")).toMatchObject({ code: 2, stderr: told });
  });
});
