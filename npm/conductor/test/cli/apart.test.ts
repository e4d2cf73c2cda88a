/** `conductor serve` beside files that its flows must not reach. */
import { mkdirSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { file, folder, start } from "./cli.js";

const env = { CONDUCTOR_SECRET_KEY: Buffer.alloc(32, 1).toString("base64") };
const NODES = `
import { defineNode } from "${new URL("../../../nodes/dist/index.js", import.meta.url).href}";
export const shout = defineNode({ type: "shout", execute: () => ({ result: "loud" }) });
`;
const FLOW = "id: f\nnodes: [{ id: a, type: edit-fields, parameters: { values: { a: 1 } } }]\n";

/** A folder with the folder `data` for flows, and one beside it, `own`. */
function project() {
  const cwd = folder();
  for (const name of ["data", "own"]) mkdirSync(join(cwd, name));
  const serve = (...args: string[]) => start(["serve", "--open", "--port", "0", ...args], { cwd, env });
  return { cwd, serve };
}

async function refusal(serve: ReturnType<typeof project>["serve"], ...args: string[]): Promise<string> {
  const { code, stderr } = await serve("--root", "data", ...args).ended;
  expect([args, code]).toEqual([args, 2]);
  return stderr;
}

describe("a server whose flows may write files", () => {
  it.each([
    ["the keys of callers", ["--keys", "data/inner/keys.json"], "--keys FILE"],
    ["all that the server keeps", ["--store", "sqlite:data/conductor.db"], "--store sqlite:PATH"],
    ["the audit", ["--audit", "data/audit.jsonl"], "--audit FILE"],
    ["how people sign in", ["--openid", "data/openid.yaml"], "--openid FILE"],
    ["the settings of the server", ["--config", "data/settings.json"], "--no-config"],
    ["what node types do", ["--no-config", "--nodes", "data/shout.mjs"], "another folder for files"],
    ["a flow that is saved at each start", ["--no-config", "data/f.flow.yaml"], "another folder for files"],
  ])("does not start where they could change %s", async (what, args, remedy) => {
    const { cwd, serve } = project();
    file(cwd, "data/settings.json", "{}");
    file(cwd, "data/f.flow.yaml", FLOW);
    file(cwd, "data/shout.mjs", NODES);
    const said = await refusal(serve, ...args);
    expect(said).toContain(`Flows could change ${what}: `);
    expect(said).toContain(" lies in data, where they may read and write files. ");
    expect(said).toContain(remedy);
  });

  it("does not start where they could make a configuration that the next start finds", async () => {
    const { cwd } = project();
    const args = ["serve", "--open", "--port", "0", "--root", "..", "--store", "sqlite:../../a.db"];
    const away = ["--keys", "../../keys.json"];
    const { code, stderr } = await start([...args, ...away], { cwd: join(cwd, "data"), env }).ended;
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/change the settings .*conductor\.config\.ts lies in \.\./),
    ]);
  });

  it("does not start where a link on the way lies there, or leads there", async () => {
    const { cwd, serve } = project();
    symlinkSync(join(cwd, "own"), join(cwd, "data", "link"));
    expect(await refusal(serve, "--keys", "data/link/keys.json")).toContain("the keys of callers");
    file(cwd, "own/keys.json", "{}");
    symlinkSync("../own/keys.json", join(cwd, "data", "keys.json"));
    symlinkSync("data/keys.json", join(cwd, "keys.json"));
    expect(await refusal(serve, "--keys", "keys.json")).toContain("the keys of callers");
    symlinkSync("data", join(cwd, "looks-other"));
    expect(await refusal(serve, "--audit", "looks-other/new/audit.jsonl")).toContain("the audit");
    renameSync(join(cwd, "data"), join(cwd, "real"));
    symlinkSync("real", join(cwd, "data"));
    expect(await refusal(serve, "--store", "sqlite:real/conductor.db")).toContain("all that the server keeps");
  });

  it("starts where they lie beside each other", async () => {
    const { cwd, serve } = project();
    file(cwd, "own/f.flow.yaml", FLOW);
    const own = ["--keys", "own/keys.json", "--store", "sqlite:own/conductor.db", "--audit", "own/audit.jsonl"];
    const server = serve("--root", "data", ...own, "own/f.flow.yaml");
    await server.says("Serving at");
    server.child.kill("SIGINT");
    expect((await server.ended).code).toBe(0);
  });
});
