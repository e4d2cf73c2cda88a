/** Files of flows that run each other, on the command line. */
import { mkdirSync, renameSync } from "node:fs";
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
    const store = ["--store", `sqlite:${join(here, "kept.db")}`];
    const greet = join(inside, "greet.yaml");
    renameSync(greet, join(here, basename(greet)));
    const failed = await conductor("run", outer, "--quiet", "--id", "first", ...store);
    renameSync(join(here, basename(greet)), greet);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(
      `Looked for at \`${greet}\`, from the folder of \`${join(inside, "between.yaml")}\``,
    );
    const forked = await conductor("executions", "fork", "first", "--quiet", ...store);
    expect(forked).toMatchObject({ code: 0, stderr: "" });
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
