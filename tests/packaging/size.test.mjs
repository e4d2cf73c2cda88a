/** What `@atomiton/nodes` brings without optional packages, beside the addon. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { demand, run } from "../../scripts/command.mjs";
import { packPackage } from "../../scripts/pack.mjs";
import { packages } from "../../scripts/packages.mjs";
import { projectIn, QUIETLY } from "./project.mjs";

const COMPILER = fileURLToPath(import.meta.resolve("typescript/bin/tsc"));

/**
 * Bytes of all files. 2.6 million are of what takes types out of TypeScript in pages, which has to be in the package for these; 6.2 are zod,
 * which runs from within the package, and whose types those of the schemas are.
 */
const MOST = 23_500_000;
/** The library and what of this repository it needs. */
const OWN = ["nodes", "storage", "conductor-native"].map((name) => `@atomiton/${name}`);

let project;

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), "conductor-size-"));
  project = { ...projectIn(folder), remove: () => rmSync(folder, { recursive: true, force: true }) };
  const tarballs = join(folder, "tarballs");
  mkdirSync(tarballs);
  const packed = [];
  for (const one of packages) if (OWN.includes(one.name)) packed.push(await packPackage(one, tarballs));
  assert.equal(packed.length, OWN.length);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "project", private: true }));
  // The addon is an optional dependency of what loads it, and in no registry.
  await demand("npm", ["install", ...QUIETLY, "--omit=optional", ...packed], { cwd: folder });
});

after(() => project?.remove());

/** Files below a folder, with their sizes. */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => ({ path, size: statSync(path).size }));
}

/** Packages in a path, the innermost last: those that a bundler names, and those that are installed. */
const packagesOf = (path) => [...path.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g)].map(([, name]) => name);

test(`it takes ${MOST / 1e6} MB at the most`, (t) => {
  const sizes = new Map();
  for (const { path, size } of filesBelow(join(project.folder, "node_modules"))) {
    const [name = ".package-lock.json"] = packagesOf(path.slice(project.folder.length));
    sizes.set(name, (sizes.get(name) ?? 0) + size);
  }
  assert.ok(sizes.get("@atomiton/nodes") > 1e6);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const listed = [...sizes].sort(([, one], [, other]) => other - one).map(([name, size]) => `${size} ${name}`);
  t.diagnostic(`${total} bytes`);
  assert.ok(total <= MOST, `${total} bytes:\n${listed.join("\n")}`);
});

test("it brings no maps, and no types of pages that are those of Node", () => {
  const own = filesBelow(join(project.folder, "node_modules/@atomiton/nodes")).map(({ path }) => path);
  assert.deepEqual(
    own.filter((path) => path.endsWith(".map")),
    [],
  );
  assert.deepEqual(
    own.filter((path) => /dist\/browser\/.*\.d\.c?ts$/.test(path)),
    [],
  );
});

test("the licence of every package whose code is in it is in THIRD-PARTY.md", () => {
  const root = join(project.folder, "node_modules/@atomiton/nodes");
  const code = filesBelow(join(root, "dist")).filter(({ path }) => /\.c?js$/.test(path));
  const bundled = new Set(
    code.flatMap(({ path }) =>
      [...readFileSync(path, "utf8").matchAll(/^\s*\/\/#region (.*node_modules\/.*)$/gm)].map(([, module]) =>
        packagesOf(module).at(-1),
      ),
    ),
  );
  assert.ok(bundled.has("zod") && bundled.has("fast-xml-parser"), [...bundled].join());
  const told = readFileSync(join(root, "THIRD-PARTY.md"), "utf8");
  const missing = [...bundled].filter((name) => !new RegExp(`(?<![\\w@/.-])${name}(?![\\w/-])`).test(told));
  assert.deepEqual(missing, []);
});

const USE = `
  const html = "<ul><li class=a>1</li><li>2</li></ul>";
  Promise.all([
    ["html", { input: { html }, fields: { a: "li.a" } }],
    ["xml", { input: { data: "<a><b>1</b></a>" }, operation: "parse" }],
    ["validate", { input: [{ n: "x" }], schema: { type: "object", properties: { n: { type: "number" } } } }],
  ].map(([type, parameters]) => getNodeExecutable(type).execute(parameters)).map((answer) => answer.then((value) => "result" in value, ({ message }) => message)))
    .then((answers) => console.log(JSON.stringify([...answers, httpRequestSchema.safeParse({ url: "x" }).success])));
`;

test("what is in it works without the packages that it is of, by `import` and by `require`", async () => {
  const expected = [true, true, true, false];
  const module = `import { getNodeExecutable } from "@atomiton/nodes"; import { httpRequestSchema } from "@atomiton/nodes/schemas"; ${USE}`;
  const common = `const { getNodeExecutable } = require("@atomiton/nodes"); const { httpRequestSchema } = require("@atomiton/nodes/schemas"); ${USE}`;
  assert.deepEqual(JSON.parse(await project.runFile("use.mjs", module)), expected);
  assert.deepEqual(JSON.parse(await project.runFile("use.cjs", common)), expected);
});

test("code in TypeScript names the package that it needs", async () => {
  const source = `
    import { getNodeExecutable } from "@atomiton/nodes";
    const parameters = { language: "typescript", code: "return 1 as number" };
    const told = await getNodeExecutable("code").execute(parameters).catch(({ code, message }) => [code, message]);
    console.log(JSON.stringify(told));`;
  const [code, message] = JSON.parse(await project.runFile("typescript.mjs", source));
  assert.equal(code, "EXECUTION_FAILED");
  assert.match(message, /TypeScript needs the package @swc\/wasm-typescript \(npm install @swc\/wasm-typescript\)/);
});

test("the types of schemas are those of an application's own zod", async () => {
  const source = `
    import { getNodeSchema, httpRequestSchema, transformSchema } from "@atomiton/nodes/schemas";
    import { z } from "zod";
    const takes = <T extends z.ZodType>(schema: T): z.output<T> => schema.parse({ url: "http://a" });
    const found: z.infer<typeof httpRequestSchema> = takes(httpRequestSchema);
    const both = z.object({ one: httpRequestSchema, other: z.union([transformSchema, httpRequestSchema]).optional() });
    const name: string = httpRequestSchema.extend({ name: z.string() }).parse({ url: "http://a", name: both.parse({ one: found }).one.url }).name;
    const { url, method }: { url: string; method: string } = httpRequestSchema.parse({ url: "http://a" });
    // @ts-expect-error A method is text.
    const wrong: number = httpRequestSchema.shape.method.parse("GET");
    const sorted = getNodeSchema("sort")?.safeParse({}).success satisfies boolean | undefined;
    export { method, name, sorted, url, wrong };
  `;
  const file = project.write("types.mts", source);
  const options = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022", "--module", "nodenext"];
  const { ok, output } = await run(process.execPath, [COMPILER, ...options, file], {
    cwd: project.folder,
  });
  assert.ok(ok, output);
});
