/** The command line on executions of a store. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { conductor, DOUBLE, FAILING, file, folder } from "./cli.js";

const here = folder();
const STORE = ["--store", `sqlite:${join(here, "runs.db")}`, "--no-config"];
const executions = (command: string, ...args: string[]) => conductor("executions", command, ...args, ...STORE);

beforeAll(async () => {
  const double = await conductor("run", file(here, "double.yaml", DOUBLE), ...STORE, "--id", "double", "--quiet");
  expect(double.code).toBe(0);
  const failing = await conductor("run", file(here, "failing.yaml", FAILING), ...STORE, "--id", "failing", "--quiet");
  expect(failing.code).toBe(1);
});

describe("conductor run", () => {
  it("says that nothing is run where the execution is over", async () => {
    const again = await conductor("run", join(here, "double.yaml"), ...STORE, "--id", "double");
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/The execution double completed at .*: nothing is run, this is what it gave/);
  });
});

/** A node that warns of a list that comes in, then a question. */
const WARNING = `
id: warning
type: group
nodes:
  - { id: list, type: transform, parameters: { data: [1, 2] } }
  - { id: note, type: edit-fields, parameters: { values: { text: Hello } } }
  - { id: ask, type: wait-for-input, parameters: { message: Which? } }
edges: [{ source: list, target: note }, { source: note, target: ask }]
`;
const WARNED = /1 warning\n {2}! note: .*list/;

describe("conductor executions", () => {
  it("tells of warnings at the end of an execution that waited, where it is shown and with its logs", async () => {
    const flow = file(here, "warning.yaml", WARNING);
    const waits = await conductor("run", flow, ...STORE, "--id", "warning", "--quiet");
    const how = `conductor executions answer warning --value VALUE --store 'sqlite:${join(here, "runs.db")}'\n`;
    expect(waits.stderr).toContain(`The execution waits: ${how}`);
    const answered = await executions("answer", "warning", "--value", '"csv"');
    expect([answered.code, answered.stdout]).toEqual([0, expect.stringMatching(WARNED)]);
    expect(answered.stdout).toMatch(/^warning completed\n/);
    expect((await executions("show", "warning")).stdout).toMatch(WARNED);
    expect((await executions("logs", "warning")).stdout).toMatch(WARNED);
    expect((await executions("logs", "warning", "--follow")).stdout).toMatch(WARNED);
    expect((await executions("show", "double")).stdout).not.toContain("warning");
    const listed = (await executions("list")).stdout;
    expect(listed).toMatch(/ completed .* warning {2}! 1 warning\n/);
    expect(listed).toMatch(/ completed .* double\n/);
  });

  it("shows nodes in their groups, with why they failed", async () => {
    const { code, stdout } = await executions("show", "failing");
    expect(code).toBe(0);
    expect(stdout).toMatch(/✗ inner .*EXECUTION_FAILED/);
    expect(stdout).toMatch(/ {2}✗ bad .*EXECUTION_FAILED: /);
    expect(stdout).toMatch(/○ after/);
    const { nodes } = JSON.parse((await executions("show", "failing", "--json")).stdout);
    expect(nodes.find(({ path }: { path: string }) => path === "inner/bad")).toMatchObject({
      state: "error",
      attempts: 1,
      error: { code: "EXECUTION_FAILED" },
    });
  });

  it("keeps the password of a store out of what is said of it", async () => {
    const address = "mysql://me:p@ss@host/db?password=other";
    const { code, stderr } = await conductor("executions", "list", "--store", address, "--no-config");
    expect([code, stderr]).toEqual([2, expect.stringContaining('"mysql://me:…@host/db?password=…"')]);
  });

  it("exports to a file that another store imports", async () => {
    const path = join(here, "double.conductor-run");
    const exported = await executions("export", "double", "--output", path);
    expect(exported).toMatchObject({ code: 0, stderr: "" });
    expect(exported.stdout).toContain(path);
    const other = ["--store", `sqlite:${join(here, "other.db")}`, "--no-config"];
    expect(await conductor("executions", "import", path, ...other)).toMatchObject({
      code: 0,
      stdout: "double imported: completed\n",
    });
    const again = await conductor("executions", "import", path, ...other);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("there is one of this id") });
    expect((await conductor("executions", "import", path, "--id", "two", ...other)).stdout).toContain("two imported");
    const torn = file(here, "torn.conductor-run", readFileSync(path, "latin1").slice(0, 60));
    expect(await conductor("executions", "import", torn, ...other)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("cut short"),
    });
    const shown = join(here, "shown.conductor-run");
    const without = await executions("export", "double", "--output", shown, "--no-values");
    expect(without.stdout).toMatch(/It holds no values/);
    expect(await conductor("replay", shown)).toMatchObject({
      code: 0,
      stderr: "All values were left out of this execution when it was exported\n",
    });
    const typo = await executions("export", "double", "--output", join(here, "none"), "--redact", "**.emial");
    expect(typo).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no value of the execution has anything there"),
    });
    expect((await executions("export", "none", "--output", join(here, "none"))).code).toBe(1);
    expect(existsSync(join(here, "none"))).toBe(false);
  });

  it("tells what nodes said, and cancels only what is not over", async () => {
    const said = await executions("logs", "double");
    expect(said).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse((await executions("logs", "double", "--json")).stdout)).toEqual(expect.any(Array));
    expect(await executions("cancel", "double")).toMatchObject({
      code: 2,
      stderr: "The execution double is over: completed\n",
    });
    expect((await executions("cancel", "none")).stderr).toContain("There is no execution none");
  });

  it("deletes by age and number, and says what that gave", async () => {
    const path = join(here, "vacuum.db");
    const own = ["--store", `sqlite:${path}`, "--no-config"];
    const flow = file(here, "three.yaml", DOUBLE);
    for (const id of ["a", "b", "c"]) await conductor("run", flow, ...own, "--id", id, "--quiet");
    const none = await conductor("executions", "vacuum", "--older-than", "30d", ...own);
    expect(none.stdout).toMatch(/^0 executions deleted; the store takes .* now, .* before\n$/);
    const another = await conductor("executions", "vacuum", "--keep-per-flow", "0", "--flow", "another", ...own);
    expect(another.stdout).toMatch(/^0 executions deleted/);
    const alone = await conductor("executions", "vacuum", "--flow", "another", ...own);
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining("--flow alone deletes nothing")]);
    const two = await conductor("executions", "vacuum", "--keep-per-flow", "1", ...own);
    expect(two.stdout).toMatch(/^2 executions deleted/);
    const left = JSON.parse((await conductor("executions", "list", "--json", ...own)).stdout);
    expect(left.map(({ id }: { id: string }) => id)).toEqual(["c"]);
    expect((await conductor("executions", "vacuum", "--older-than", "soon", ...own)).code).toBe(2);
  });
});

describe("conductor replay", () => {
  it("lists the steps, of a store and of a file", async () => {
    const path = join(here, "replayed.conductor-run");
    await executions("export", "double", "--output", path);
    const fromStore = await conductor("replay", "double", ...STORE);
    const fromFile = await conductor("replay", path);
    expect(fromStore.code).toBe(0);
    expect(fromFile.stdout).toBe(fromStore.stdout);
    const lines = fromFile.stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^1 .* started +keep$/);
    expect(lines.at(-1)).toMatch(/100 % {2}answered +.*last/);
  });

  it("prints a step, and what a node gave", async () => {
    const first = await conductor("replay", "double", "--step", "0", ...STORE);
    expect(first.stdout).toMatch(/^step 0 of \d+ /);
    expect(first.stdout).toMatch(/○ keep/);
    const keep = await conductor("replay", "double", "--node", "keep", ...STORE);
    expect(JSON.parse(keep.stdout)).toMatchObject({ result: [2, 3] });
    const early = await conductor("replay", "double", "--step", "1", "--node", "inner/double", "--json", ...STORE);
    expect(JSON.parse(early.stdout)).toMatchObject({ step: 1, node: { path: "inner/double", state: "pending" } });
    const all = JSON.parse((await conductor("replay", "double", "--json", ...STORE)).stdout);
    expect(all).toMatchObject({ executionId: "double", status: "completed", length: all.steps.length });
    const step = JSON.parse(
      (await conductor("replay", "double", "--step", String(all.length), "--json", ...STORE)).stdout,
    );
    expect(step.nodes.find(({ id }: { id: string }) => id === "last")).toMatchObject({
      state: "completed",
      value: { result: [6, 4] },
    });
  });

  it("says what is not there", async () => {
    expect(await conductor("replay", "double", "--step", "99", ...STORE)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("has no step 99; give a whole number from 0 to"),
    });
    expect((await conductor("replay", "double", "--node", "keeep", ...STORE)).stderr).toContain("it has keep, inner");
    expect((await conductor("replay", "none.conductor-run")).stderr).toContain("There is no file");
    expect((await conductor("replay", "none", ...STORE)).stderr).toContain("There is no execution none");
    expect((await conductor("replay", file(here, "text", "no run"), ...STORE)).stderr).toContain("cannot be read");
  });
});
