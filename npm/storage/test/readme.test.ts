import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

import { builtPackage } from "./built.js";
import { filesBelow, temporaryFolder } from "./folder.js";

const built = builtPackage();

/** Runs every program of the README, as it stands there, in a folder of its own that is the home folder too. */
async function run(snippet: string, name: string): Promise<{ files: string[]; stderr: string }> {
  const folder = await temporaryFolder();
  const program = snippet.replace(/"@atomiton\/storage(?:\/(\w+))?"/g, (_, entry = "index") => `"./${entry}.js"`);
  const file = join(built(), name);
  await writeFile(file, program);
  const env = { ...process.env, HOME: folder, USERPROFILE: folder, NODE_ENV: "production" };
  const { stderr } = await promisify(execFile)(process.execPath, [file], { cwd: folder, env });
  return { files: await filesBelow(folder), stderr };
}

describe("the programs of the README", () => {
  it("run as they stand, and do what is said", async () => {
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    const [first, shared, second, third, ...more] = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(
      ([, code]) => code as string,
    );
    expect(more).toEqual([]);
    const saved = await run(`${first}\nawait storage.save("left", 1);`, "first.mjs");
    expect(saved).toEqual({ files: ["data/left.composite.yaml"], stderr: "" });
    expect((await run(shared as string, "shared.mjs")).files).toEqual(["data/my-flow.composite.yaml"]);
    expect((await run(second as string, "second.mjs")).stderr).toMatch(/^Data not found: nobody \{ key: 'nobody'/);
    const flows = await run(third as string, "third.mjs");
    expect(flows).toEqual({ files: ["Documents/Atomiton/flows/my-flow.flow.yaml"], stderr: "" });
  });
});
