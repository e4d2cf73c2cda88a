import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CLI, folder, follow, ROOT } from "./cli.js";

const here = folder();
const init = (cwd: string, ...args: string[]) => follow(process.execPath, [CLI, "init", ...args], { cwd }).ended;
const all = (path: string) => (readdirSync(path, { recursive: true }) as string[]).sort();

describe("conductor init", () => {
  it("makes a project whose flow is valid and runs, and says how to go on", async () => {
    const { code, stdout } = await init(here, "My Flows");
    expect(code).toBe(0);
    expect(stdout).toContain("cd My Flows");
    expect(stdout).toContain("npm test");
    const made = join(here, "My Flows");
    const manifest = JSON.parse(readFileSync(join(made, "package.json"), "utf8"));
    expect(manifest).toMatchObject({
      name: "my-flows",
      private: true,
      type: "module",
      scripts: { test: "node --test" },
    });
    expect(readFileSync(join(made, ".gitignore"), "utf8")).toContain("node_modules");
    // What `npm install` would bring.
    symlinkSync(join(ROOT, "node_modules"), join(made, "node_modules"));
    const run = await follow(process.execPath, [CLI, "run", "orders.flow.yaml", "--quiet"], { cwd: made }).ended;
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(join(made, "out", "customers.csv"), "utf8")).toBe("customer,spent\nAda,285\nLinus,15\n");
    const checked = await follow(process.execPath, [CLI, "validate", "orders.flow.yaml"], { cwd: made }).ended;
    expect(checked).toMatchObject({ code: 0, stdout: expect.stringContaining("is valid") });
    const known = await follow(process.execPath, [CLI, "nodes", "discount"], { cwd: made }).ended;
    expect(known).toMatchObject({ code: 0, stdout: expect.stringContaining("percent") });
  });

  it("makes it in the current folder, also beside what belongs to git", async () => {
    const made = join(here, "current");
    mkdirSync(join(made, ".git"), { recursive: true });
    const { code, stdout } = await init(made);
    expect(code).toBe(0);
    expect(stdout).not.toContain("  cd ");
    expect(existsSync(join(made, "orders.flow.yaml"))).toBe(true);
  });

  it("writes nothing into a folder that holds something, nor over a file", async () => {
    const taken = join(here, "taken");
    mkdirSync(taken);
    writeFileSync(join(taken, "package.json"), "{}");
    const { code, stderr } = await init(here, "taken");
    expect(code).toBe(2);
    expect(stderr).toBe(`Nothing was written: ${taken} is not empty, it holds package.json. Name another folder.\n`);
    expect(all(taken)).toEqual(["package.json"]);
    expect(readFileSync(join(taken, "package.json"), "utf8")).toBe("{}");
    writeFileSync(join(here, "a-file"), "");
    expect((await init(here, "a-file")).code).toBe(2);
    expect((await init(here, join("a-file", "below"))).code).toBe(2);
  });
});
