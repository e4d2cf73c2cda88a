import { join } from "node:path";
import { expect, it } from "vitest";
import { conductor, file, folder } from "./cli.js";

const here = folder();
const flow = file(
  here,
  "orders.yaml",
  `
id: orders
type: group
nodes:
  - { id: load, type: code, parameters: { code: "return [3, 1, 2]" } }
  - { id: sort, type: code, parameters: { code: "return [...data].sort()" } }
  - { id: report, type: code, parameters: { code: "if (!variables.ok) throw new Error('not ok'); return { list: data, by: variables.ok }" } }
edges:
  - { source: load, target: sort }
  - { source: sort, target: report }
`,
);
const store = ["--store", `sqlite:${join(here, "forks.db")}`];

it("forks an execution, shows how it goes, and tells what two differ in", async () => {
  expect((await conductor("run", flow, ...store, "--id", "one")).code).toBe(1);
  const fork = await conductor("executions", "fork", "one", ...store, "--var", "ok=Ada", "--id", "two");
  expect(fork.code).toBe(0);
  expect(fork.stdout).toMatch(/reused {5}load\nreused {5}sort\nstarted {4}report\ncompleted {2}report/);
  expect(fork.stdout).toContain("1 node run, 2 reused, 0 skipped, 0 failed");
  expect(fork.stdout).toContain("two is a fork of one\n");

  const again = await conductor(
    "executions",
    "fork",
    "two",
    ...store,
    "--param",
    "sort.code=return [...data].reverse()",
    "--json",
  );
  const document = JSON.parse(again.stdout);
  expect(document).toMatchObject({
    success: true,
    forkOf: "two",
    reused: ["load"],
    data: { result: { list: [2, 1, 3] } },
  });

  const fromStep = (step: string) =>
    conductor("executions", "fork", "two", ...store, "--from-step", step, "--json", "--id", `from-${step}`);
  expect(JSON.parse((await fromStep("2")).stdout)).toMatchObject({ success: true, reused: ["load"] });
  const beyond = await fromStep("99");
  expect([beyond.code, beyond.stderr]).toEqual([2, expect.stringMatching(/give a whole number from 0 to \d+/)]);
  const noLoop = await conductor("executions", "fork", "two", ...store, "--from-round", "sort=1");
  expect(noLoop.stderr).toContain("`sort` in `fromRound` is no loop");

  const failing = await conductor("executions", "fork", "two", ...store, "--from", "report", "--var", "ok=", "--quiet");
  expect(failing.code).toBe(1);
  expect(failing.stdout).toMatch(/^exec_\S+ is a fork of two\n$/);

  const list = await conductor("executions", "list", ...store);
  expect(list.stdout).toMatch(/ two {2}fork of one\n/);
  expect((await conductor("executions", "show", "two", ...store)).stdout).toMatch(/fork of {3}one\n/);

  const diff = await conductor("executions", "diff", "two", document.executionId, ...store);
  expect(diff.code).toBe(0);
  expect(diff.stdout).toContain("/result/0  1 → 2");
  expect(diff.stdout).toContain("1 other node alike");
  expect(Math.max(...diff.stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  const { nodes } = JSON.parse((await conductor("executions", "diff", "one", "two", ...store, "--json")).stdout);
  expect(nodes.map(({ path, b }: { path: string; b: { reused?: true } }) => [path, b.reused])).toEqual([
    ["load", true],
    ["sort", true],
    ["report", undefined],
  ]);
});

it("says that the flow has no such variable", async () => {
  const misspelt = await conductor("executions", "fork", "two", ...store, "--var", "okay=1", "--quiet");
  expect(misspelt.stderr).toContain("--var okay was not used: the flow does not mention it; it declares none\n");
  const named = ["--var", "okay=1", "--param", "sort.code=return [variables.okay]"];
  expect((await conductor("executions", "fork", "two", ...store, ...named, "--quiet")).stderr).toBe("");
});

it("refuses what does not fit, and says what does", async () => {
  const unknown = await conductor("executions", "fork", "one", ...store, "--from", "srt");
  expect(unknown).toMatchObject({
    code: 2,
    stderr: "`srt` in `from` names no node of the flow; it has load, sort, report. Did you mean `sort`?\n",
  });
  const misspelt = await conductor("executions", "fork", "one", ...store, "--param", "sort.cod=return 1");
  expect(misspelt).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("`code` has no parameter `cod`. Did you mean `code`?"),
  });
  expect((await conductor("executions", "fork", "none", ...store)).code).toBe(1);
  expect((await conductor("executions", "diff", "one", "none", ...store)).stderr).toBe("There is no execution none\n");
  expect((await conductor("executions", "fork", "one", ...store, "--param", "sort=1")).stderr).toContain(
    "node.key=value",
  );
});
