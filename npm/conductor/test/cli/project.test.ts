/** Node types and settings that belong to flows on the command line. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

import { conductor, ROOT, start } from "./cli.js";

const JS = (type: string, by: number) => `
import { defineNode } from "@atomiton/nodes";
export const ${type} = defineNode({
  type: "${type}",
  description: "Multiplies.",
  parameters: { type: "object", properties: { by: { type: "number", default: ${by} } } },
  execute: ({ parameters }) => 7 * parameters.by,
});
`;
const TS = `
import { defineNode } from "@atomiton/nodes";
interface Answer { value: number }
export default defineNode({ type: "typed", execute: (): Answer => ({ value: 42 }) });
`;
const flowOf = (type: string, parameters = "{}") =>
  `id: f\nnodes: [{ id: a, type: ${type}, parameters: ${parameters} }]\n`;

/** A folder of a project, within the checkout, so that packages are found. */
function project(files: Record<string, string>): string {
  mkdirSync(join(ROOT, "out"), { recursive: true });
  const root = mkdtempSync(join(ROOT, "out", "project-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
const dataOf = (stdout: string) => (JSON.parse(stdout) as { data: unknown }).data;

describe("node types", () => {
  test("come from files that are named, and from the nearest configuration above the flow", async () => {
    const root = project({
      "nodes.mjs": JS("times", 2),
      "more.ts": TS,
      "conductor.config.mjs": 'export default { nodes: ["./nodes.mjs"], concurrency: 2 };',
      "flows/deep/a.yaml": flowOf("times", "{ by: 6 }"),
      "flows/typed.yaml": flowOf("typed"),
    });
    const found = await conductor("run", "--json", join(root, "flows/deep/a.yaml"));
    expect(found.code).toBe(0);
    expect(dataOf(found.stdout)).toBe(42);
    const named = await conductor("run", "--json", "--nodes", join(root, "more.ts"), join(root, "flows/typed.yaml"));
    expect(dataOf(named.stdout)).toEqual({ value: 42 });
    expect((await conductor("validate", join(root, "flows/deep/a.yaml"))).code).toBe(0);
    expect((await conductor("graph", join(root, "flows/deep/a.yaml"))).code).toBe(0);
    const listed = await start(["nodes"], { cwd: join(root, "flows") }).ended;
    expect(listed.stdout).toMatch(/^times +Multiplies\.$/m);
    expect((await start(["nodes", "times"], { cwd: root }).ended).stdout).toContain("by");
  });

  test("are unknown without it, and their parameters are checked with it", async () => {
    const root = project({
      "nodes.mjs": JS("times", 2),
      "conductor.config.json": '{ "nodes": ["./nodes.mjs"] }',
      "a.yaml": flowOf("times", "{ by: six }"),
    });
    const checked = await conductor("validate", join(root, "a.yaml"));
    expect(checked).toMatchObject({ code: 3, stdout: expect.stringMatching(/by/) });
    expect(await conductor("validate", "--no-config", join(root, "a.yaml"))).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/times/),
    });
  });
});

describe("settings", () => {
  test("say where nodes may connect", async () => {
    const root = project({
      "a.yaml": "id: f\nnodes: [{ id: a, type: http-request, parameters: { url: 'http://127.0.0.1:1/' } }]\n",
      "conductor.config.json": '{ "network": { "privateAddresses": false } }',
    });
    const { stdout } = await conductor("run", "--json", join(root, "a.yaml"));
    expect(stdout).toContain("Connections to 127.0.0.1 are not allowed here");
  });

  test("may be durations, and say what expressions read", async () => {
    const flow = "id: f\nnodes: [{ id: a, type: echo, parameters: { text: '${{ env.STAGE + secrets.TOKEN }}' } }]\n";
    const root = project({
      "a.yaml": flow,
      "conductor.config.mjs": `
import { defineNode } from "@atomiton/nodes";
export const echo = defineNode({
  type: "echo",
  parameters: { type: "object", properties: { text: { type: "string" } } },
  execute: ({ parameters }) => parameters.text,
});
export default {
  nodes: [echo],
  timeout: "1m",
  retryDelay: "10ms",
  expressions: { env: { STAGE: "test" } },
  secrets: (name) => \`-\${name.toLowerCase()}\`,
};`,
    });
    const { code, stdout, stderr } = await conductor("run", "--json", join(root, "a.yaml"));
    expect(code, stderr).toBe(0);
    expect(dataOf(stdout)).toBe("test-token");
  });
});

describe("roots", () => {
  test("start at the folder of the configuration, and are kept by runs and told by validation", async () => {
    const read = (path: string) => `id: f\nnodes: [{ id: a, type: file-system, parameters: { path: '${path}' } }]\n`;
    const root = project({ "conductor.config.json": '{ "files": { "roots": ["data"] } }' });
    mkdirSync(join(root, "data"));
    writeFileSync(join(root, "data", "in"), "inside");
    writeFileSync(join(root, "in.yaml"), read(join(root, "data", "in")));
    writeFileSync(join(root, "out.yaml"), read(join(root, "in.yaml")));
    const inside = await conductor("run", "--json", join(root, "in.yaml"));
    expect(inside.code, inside.stderr).toBe(0);
    expect(dataOf(inside.stdout)).toMatchObject({ result: "inside" });
    expect(await conductor("run", join(root, "out.yaml"))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("outside of the folders that nodes may use"),
    });
    expect((await conductor("validate", join(root, "out.yaml"))).stdout).toContain("path-outside-roots");
  });
});

describe("what cannot be used ends with exit code 2 and says why", () => {
  test.each<[string, Record<string, string>, string[], RegExp]>([
    [
      "an unknown setting",
      { "conductor.config.json": '{ "concurency": 2 }' },
      [],
      /unknown setting `concurency`.*Did you mean `concurrency`/,
    ],
    [
      "a wrong setting",
      { "conductor.config.json": '{ "concurrency": "2" }' },
      [],
      /`concurrency` in .* must be a whole number, 1 or more/,
    ],
    [
      "a time that cannot be read",
      { "conductor.config.json": '{ "timeout": "soon" }' },
      [],
      /`timeout` in .* must be 1 ms or more, or a duration such as "10s"/,
    ],
    [
      "a word on connections that would not be kept",
      { "conductor.config.json": '{ "network": { "privateAddress": false } }' },
      [],
      /`network` in .* must be `\{ privateAddresses: false \}`/,
    ],
    [
      "what expressions cannot read",
      { "conductor.config.json": '{ "expressions": { "environment": ["A"] } }' },
      [],
      /`expressions` in .* must be `\{ env:/,
    ],
    [
      "roots that are no list",
      { "conductor.config.json": '{ "files": { "roots": "data" } }' },
      [],
      /`files` in .* must be `\{ roots: \["folder"\] \}`/,
    ],
    ["JSON that is none", { "conductor.config.json": "{" }, [], /conductor\.config\.json cannot be read/],
    [
      "a configuration without default",
      { "conductor.config.mjs": "export const a = 1;" },
      [],
      /must export its settings as default/,
    ],
    [
      "two configurations",
      { "conductor.config.mjs": "export default {};", "conductor.config.json": "{}" },
      [],
      /several configurations/,
    ],
    [
      "a module that throws",
      { "n.mjs": 'throw new Error("broken on purpose");' },
      ["--nodes", "n.mjs"],
      /cannot be loaded: broken on purpose/,
    ],
    [
      "a module without node types",
      { "n.mjs": "export const a = 1;" },
      ["--nodes", "n.mjs"],
      /exports no node type.*exports `a`/,
    ],
    ["a file that is not there", {}, ["--nodes", "n.mjs"], /There is no file .*n\.mjs/],
    [
      "a name twice",
      { "n.mjs": JS("times", 1), "m.mjs": JS("times", 2) },
      ["--nodes", "n.mjs", "--nodes", "m.mjs"],
      /`times` is not free/,
    ],
    ["a name of the library", { "n.mjs": JS("transform", 1) }, ["--nodes", "n.mjs"], /the library has it already/],
  ])("%s", async (_, files, options, message) => {
    const root = project({ "a.yaml": flowOf("transform"), ...files });
    const ended = await start(["validate", ...options, "a.yaml"], { cwd: root }).ended;
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(2);
  });
});
