/** Flows, executions and logs of a store, and the same of a server. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineNode } from "@atomiton/nodes";
import { describe, expect, it } from "vitest";

import { keyOf } from "../server/serving.js";
import { DOUBLE, FAILING, file, folder, start } from "./cli.js";
import { libraryServer } from "./server.js";

const ASKING = `
id: asking
nodes:
  - { id: words, type: edit-fields, parameters: { values: { text: hello } } }
  - { id: wait, type: wait-for-input, parameters: { message: "Go on?" } }
edges: [{ source: words, target: wait }]
`;

/** Where flows are: in a database, or at a server. */
const PLACES = {
  "in a store": async () => {
    const path = folder();
    return { path, where: ["--store", `sqlite:${join(path, "flows.db")}`], env: {} };
  },
  "at a server": async () => {
    const { apiUrl } = await libraryServer();
    return { path: folder(), where: ["--remote", apiUrl], env: { CONDUCTOR_KEY: keyOf("admin") } };
  },
};

async function place(name: keyof typeof PLACES) {
  const { path, where, env } = await PLACES[name]();
  const run = (...args: string[]) => start([...args, ...where, "--no-config"], { env }).ended;
  /** What a command prints that ends well. */
  const said = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args);
    expect(code, stderr).toBe(0);
    return stdout;
  };
  return { path, where, env, run, said };
}

describe.each(Object.keys(PLACES) as (keyof typeof PLACES)[])("%s", (name) => {
  it("flows are saved, listed, shown, saved again, deleted and restored", async () => {
    const { path, run, said } = await place(name);
    const flow = file(path, "double.yaml", DOUBLE);
    expect(await said("flows", "save", flow)).toBe("Saved double as version 1\n");
    expect(await said("flows", "list")).toMatch(/3 nodes +Keep and double +double\n$/);
    const shown = await said("flows", "show", "double");
    expect(shown).toContain("id: double");
    // What is shown is a file again.
    writeFileSync(flow, shown.replace("Keep and double", "Renamed"));
    const again = JSON.parse(await said("flows", "save", flow, "--if-version", "1", "--json"));
    expect(again).toMatchObject({ id: "double", storedVersion: 2 });
    const other = file(path, "other.yaml", DOUBLE.replace("Keep and double", "Of another"));
    const late = await run("flows", "save", other, "--if-version", "1");
    expect([late.code, late.stderr]).toEqual([2, expect.stringContaining("version")]);
    expect(await said("flows", "show", "double", "1")).toContain("Keep and double");
    expect(await said("flows", "history", "double")).toMatch(/^2 .*\n1 .*\n$/);
    expect(await said("flows", "delete", "double")).toBe("double deleted\n");
    expect((await run("flows", "show", "double")).code).toBe(1);
    expect(await said("flows", "history", "double")).toMatch(/deleted /);
    expect(await said("flows", "restore", "double", "1")).toBe("Saved double as version 3\n");
    expect(JSON.parse(await said("flows", "list", "--json"))).toMatchObject([
      { id: "double", name: "Keep and double" },
    ]);
    const bad = file(path, "bad.yaml", "id: bad\nnodes: [{ id: a, type: transfrom }]\n");
    expect((await run("flows", "save", bad)).code).toBe(3);
    expect((await run("flows", "restore", "double", "x")).code).toBe(2);
  });

  it("executions are listed, shown, forked, compared, replayed, exported, deleted and imported", async () => {
    const { path, run, said } = await place(name);
    await said("run", file(path, "double.yaml", DOUBLE), "--id", "one", "--quiet");
    expect((await run("run", file(path, "failing.yaml", FAILING), "--id", "bad", "--quiet")).code).toBe(1);
    expect(await said("executions", "list")).toMatch(/failed .* bad {2}! 1 warning\n.*completed .* one\n$/);
    expect(JSON.parse(await said("executions", "list", "--status", "failed", "--json"))).toMatchObject([{ id: "bad" }]);
    expect(await said("executions", "show", "bad")).toMatch(/✗ bad .*EXECUTION_FAILED/);
    const forked = await said("executions", "fork", "one", "--param", "keep.data=[2,5]", "--id", "two");
    expect(forked).toContain("two is a fork of one");
    expect(forked).toContain("succeeded");
    expect(JSON.parse(await said("executions", "diff", "one", "two", "--json"))).toMatchObject({
      a: { executionId: "one" },
    });
    expect(JSON.parse(await said("replay", "two", "--node", "last"))).toMatchObject({ result: [10, 4] });
    const exported = join(path, "one.conductor-run");
    await said("executions", "export", "one", "--output", exported);
    expect(existsSync(exported)).toBe(true);
    expect(await said("executions", "delete", "one")).toBe("1 execution deleted\n");
    expect(await said("executions", "import", exported)).toMatch(/^one imported/);
    expect(await said("executions", "vacuum", "--keep-per-flow", "0")).toMatch(/^3 executions deleted/);
    expect((await run("executions", "show", "one")).code).toBe(1);
  });

  it("a question is left open by a run that nothing answers, and answered by another command", async () => {
    const { path, where, run, said } = await place(name);
    const left = await run("run", file(path, "asking.yaml", ASKING), "--id", "asked");
    expect(left.code).toBe(2);
    expect(left.stderr).toContain(`conductor executions answer asked --value VALUE ${where[0]} `);
    expect(await said("executions", "waiting")).toContain("Go on?");
    expect(await said("executions", "answer", "asked", "--value", '"yes"')).toBe("asked completed\n");
  });

  it("logs are told, also as they come, to the end", async () => {
    const { path, run, said } = await place(name);
    const code =
      "id: talk\nnodes: [{ id: a, type: transform, parameters: { data: [1], transformFunction: 'x => x' } }]\n";
    await said("run", file(path, "talk.yaml", code), "--id", "talk", "--quiet");
    expect(await said("logs", "talk")).toBe(await said("executions", "logs", "talk"));
    const lines = JSON.parse(await said("logs", "talk", "--json")) as unknown[];
    const followed = (await said("logs", "talk", "--follow", "--json")).split("\n").filter((line) => line !== "");
    expect(followed.map((line) => JSON.parse(line))).toEqual(lines);
    expect((await run("logs", "none", "--follow")).code).toBe(1);
  });
});

describe("at a server", () => {
  it("logs are followed while the execution goes on", async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const talk = defineNode({
      type: "talk",
      async execute({ progress }) {
        progress(10, "the first words");
        await released;
        progress(90, "the last words");
      },
    });
    const { apiUrl, conductor } = await libraryServer([talk]);
    const begun = new Promise((resolve) => conductor.events.on("started", resolve));
    void conductor.node.run({ id: "f", type: "group", nodes: [{ id: "a", type: "talk" }] } as never, {
      executionId: "talking",
    });
    await begun;
    const env = { CONDUCTOR_KEY: keyOf("viewer") };
    const following = start(["logs", "talking", "--follow", "--remote", apiUrl], { env });
    await following.says("the first words");
    release();
    const { code, stdout } = await following.ended;
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^[^\n]*the first words\n[^\n]*the last words\n$/)]);
  });

  it("what belongs to one place is refused with the other", async () => {
    const { where, env } = await place("at a server");
    const refused = async (...args: string[]) => (await start([...args, ...where], { env }).ended).code;
    expect(await refused("flows", "list", "--store", "sqlite:x.db")).toBe(2);
    expect(await refused("executions", "resume")).toBe(2);
    expect(await refused("executions", "fork", "one", "--concurrency", "2")).toBe(2);
    expect((await start(["flows", "list", "--key-file", "k", "--store", "sqlite:x.db"]).ended).code).toBe(2);
    expect((await start(["flows", "list", "--no-config"]).ended).stderr).toContain("or a server: --remote URL");
    expect(existsSync("x.db")).toBe(false);
  });

  it("roles count", async () => {
    const { apiUrl } = await libraryServer();
    const path = folder();
    const flow = file(path, "double.yaml", DOUBLE);
    const as = (role: string, ...args: string[]) =>
      start([...args, "--remote", apiUrl], { env: { CONDUCTOR_KEY: keyOf(role) } }).ended;
    const refused = await as("runner", "flows", "save", flow);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("role runner")]);
    expect((await as("editor", "flows", "save", flow)).code).toBe(0);
    expect((await as("viewer", "flows", "list")).stdout).toContain("double");
  });
});
