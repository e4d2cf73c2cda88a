/** A script that a package carries as text. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

import { rolldown } from "rolldown";

import { inlineScript } from "../../scripts/inline-script.mjs";

/** What a module that imports `worker.ts?script` is bundled to, with these files beside it. */
async function bundled(t, files, options) {
  const folder = await mkdtemp(join(tmpdir(), "inline-script-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  files["page.js"] = `import script from "./worker.ts?script"; export default script;`;
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const build = await rolldown({ input: join(folder, "page.js"), plugins: [inlineScript(options)] });
  const { output } = await build.generate({ format: "esm" });
  await build.close();
  const { default: script } = await import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
  return script;
}

const FILES = {
  "worker.ts": `
    import { double } from "./double.js";
    const value: number = double(21);
    self.answer = value;
    import("./later.ts").then(({ later }) => { self.later = later; });
  `,
  "double.ts": "export const double = (x: number): number => 2 * x; export const unused = 'not carried';",
  "later.ts": "export const later: string = 'came along';",
};

test("TypeScript and all it imports become one classic script", async (t) => {
  const script = await bundled(t, { ...FILES });
  const self = {};
  runInNewContext(script, { self });
  assert.equal(self.answer, 42);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(self.later, "came along");
  assert.doesNotMatch(script, /not carried|number/);
});

test("plugins serve the script's own imports", async (t) => {
  const words = {
    name: "words",
    resolveId: (source) => (source === "some:words" ? "\0words" : undefined),
    load: (id) => (id === "\0words" ? "export default 'from a plugin';" : undefined),
  };
  const files = { "worker.ts": `import words from "some:words"; self.words = words;` };
  const self = {};
  runInNewContext(await bundled(t, files, { plugins: [words] }), { self });
  assert.equal(self.words, "from a plugin");
});

test("a script that does not compile ends the build, naming the file", async (t) => {
  await assert.rejects(bundled(t, { "worker.ts": "const = 1;" }), /worker\.ts/);
});
