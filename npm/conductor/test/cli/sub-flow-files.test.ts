/** Files of flows that run each other, on the command line. */
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { CLI, conductor, file, folder, follow } from "./cli.js";

const here = folder();
const inside = join(here, "flows");
mkdirSync(inside);
const runs = (id: string, flow: string, more = "") =>
  `id: ${id}\nnodes:\n  - { id: sub, type: sub-flow, parameters: { flow: ${flow}${more} } }\n`;
const GREET = `id: greet
variables: { words: { type: string, enum: [Hello, Bye], defaultValue: Hello } }
nodes:
  - { id: text, type: code, parameters: { code: "return variables.words" } }
`;

describe("a flow in a file", () => {
  file(inside, "greet.yaml", GREET);
  file(inside, "between.yaml", runs("between", "./greet.yaml"));
  const outer = file(here, "outer.yaml", runs("outer", "flows/between.yaml"));

  it("runs the files that it names from its own folder, wherever the command runs", async () => {
    const ran = await conductor("run", outer, "--json");
    expect(JSON.parse(ran.stdout)).toMatchObject({ success: true, data: { result: { result: { result: "Hello" } } } });
    const elsewhere = await follow(process.execPath, [CLI, "run", outer, "--quiet"], { cwd: inside }).ended;
    expect(elsewhere).toMatchObject({ code: 0, stderr: "" });
  });

  it("knows its folder in the store, from which it goes on and is forked", async () => {
    // A name that is worked out is not looked for before.
    file(inside, "between-late.yaml", runs("between", "\"${{ './greet' + '.yaml' }}\""));
    const late = file(here, "late.yaml", runs("late", "flows/between-late.yaml"));
    const store = ["--store", `sqlite:${join(here, "kept.db")}`];
    const greet = join(inside, "greet.yaml");
    renameSync(greet, join(here, basename(greet)));
    const failed = await conductor("run", late, "--quiet", "--id", "first", ...store);
    renameSync(join(here, basename(greet)), greet);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(
      `Looked for at \`${greet}\`, from the folder of \`${join(inside, "between-late.yaml")}\``,
    );
    const forked = await conductor("executions", "fork", "first", "--quiet", ...store);
    expect(forked).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("conductor run", () => {
  const writes = (flow: string) =>
    "nodes:\n  - { id: note, type: file-system, parameters: { operation: write, path: note.txt, content: x } }\n" +
    `  - { id: sub, type: sub-flow, parameters: { flow: ${flow} } }\nedges: [{ source: note, target: sub }]\n`;
  const run = (name: string, ...more: string[]) =>
    follow(process.execPath, [CLI, "run", name, ...more], { cwd: here }).ended;

  it("begins nothing where a file is missing that a flow in a file names", async () => {
    file(inside, "names-none.yaml", runs("names-none", "./none-such.yaml"));
    file(here, "deep.yaml", `id: deep\n${writes("flows/names-none.yaml")}`);
    const { code, stdout, stderr } = await run("deep.yaml", "--json");
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      success: false,
      error: { rule: "no-such-flow", path: "/nodes/0/parameters/flow", file: join("flows", "names-none.yaml") },
    });
    expect(stderr).toMatch(/flows.names-none\.yaml: 1 problem\n.*none-such\.yaml` cannot be read/);
    expect(existsSync(join(here, "note.txt"))).toBe(false);
  });

  it("names the circle in which flows in files run each other, before it runs and once it is too deep", async () => {
    file(here, "first.yaml", runs("first", "second.yaml"));
    file(here, "second.yaml", runs("second", "first.yaml"));
    const { code, stderr } = await run("first.yaml");
    expect(code).toBe(1);
    expect(stderr).toContain("The flows run each other: `first.yaml` → `second.yaml` → `first.yaml`");
    expect(stderr).toMatch(/EXECUTION_FAILED {2}\[sub-flow\] Flows run each other 32 deep: … `first\.yaml` → /);
  });
});

describe("conductor validate", () => {
  it("looks into the files of flows that a flow runs, each once, and tells what is wrong in which", async () => {
    file(inside, "wrong.yaml", "id: wrong\nnodes: [{ id: a, type: spreadshet }]\n");
    file(inside, "between-wrong.yaml", runs("between", "wrong.yaml"));
    const nodes = ["between-wrong", "wrong", "none", "greet"].map((name) => {
      const given = name === "greet" ? ", variables: { wrods: Bye, words: Hi }" : "";
      return `  - { id: ${name}, type: sub-flow, parameters: { flow: flows/${name}.yaml${given} } }`;
    });
    const all = file(here, "all.yaml", ["id: all", "settings: {}", "nodes:", ...nodes, ""].join("\n"));
    const { code, stdout } = await follow(process.execPath, [CLI, "validate", "all.yaml", "--json"], { cwd: here })
      .ended;
    expect(code).toBe(3);
    const found = JSON.parse(stdout) as { file: string; problems: { rule: string; message: string; line: number }[] }[];
    expect(found.map((entry) => [entry.file, entry.problems.map(({ rule }) => rule)])).toEqual([
      ["all.yaml", ["no-such-flow", "sub-flow-variables", "sub-flow-variables"]],
      ["flows/between-wrong.yaml", []],
      ["flows/wrong.yaml", ["unknown-type"]],
      ["flows/greet.yaml", []],
    ]);
    const [missing, value, name] = found[0]?.problems ?? [];
    expect(missing?.line).toBe(6);
    expect(missing?.message).toMatch(
      /^The flow `flows\/none.yaml` cannot be read: ENOENT.* Looked for at `.*none.yaml`, from/,
    );
    expect(value?.message).toContain('must be one of "Hello", "Bye", and was given "Hi"');
    expect(name?.message).toContain("has no variable `wrods`; it declares `words`. Did you mean `words`?");
    const { stdout: text } = await conductor("validate", all);
    expect(text).toMatch(/all\.yaml: 3 problems[\s\S]*wrong\.yaml: 1 problem[\s\S]*greet\.yaml is valid/);
  });

  it("tells a cycle of flows by their files", async () => {
    const one = file(here, "one.yaml", runs("one", "two.yaml"));
    file(here, "two.yaml", runs("two", "one.yaml"));
    const way = "The flows run each other: `one.yaml` → `two.yaml` → `one.yaml`. A condition has to";
    for (const files of [[one], ["one.yaml", "two.yaml"]]) {
      const { code, stdout } = await follow(process.execPath, [CLI, "validate", ...files], { cwd: here }).ended;
      expect(code).toBe(0);
      expect(stdout.split(way)).toHaveLength(2);
      expect(stdout).toContain("CIRCULAR_DEPENDENCY sub-flow-cycle");
    }
    expect((await conductor("validate", "--strict", one)).code).toBe(3);
  });
});
