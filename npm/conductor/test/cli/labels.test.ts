/** `--label`: what a process of the command line offers to nodes that ask for it, alone and beside others on one store. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { conductor, file, folder, ROOT, start } from "./cli.js";

const WAIT = { timeout: 120_000, interval: 50 };
const here = folder();

const TRAIN = `id: f
nodes:
  - { id: first, type: transform, parameters: { data: [1] } }
  - { id: train, type: transform, policy: { runsOn: gpu }, parameters: { data: [2] } }
edges: [{ source: first, target: train }]
`;
const train = file(here, "train.yaml", TRAIN);
const around = file(
  here,
  "around.yaml",
  "id: around\nnodes: [{ id: runs, type: sub-flow, parameters: { flow: ./train.yaml } }]\n",
);

describe("conductor run", () => {
  it("refuses a flow that asks for a label before anything runs, and says how it is offered", async () => {
    for (const args of [[train], [train, "--label", "cpu", "--label", "disk"], [around]]) {
      const { code, stdout, stderr } = await conductor("run", ...args);
      expect(code).toBe(1);
      expect(stdout + stderr).toContain("asks for a process with the label `gpu`");
      expect(stdout + stderr).toContain("`--label gpu` on the command line");
      expect(stdout).not.toContain("started");
    }
    const { stdout } = await conductor("run", train, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      success: false,
      error: { code: "IMPLEMENTATION_NOT_FOUND", nodeId: "train", context: { path: "/nodes/1/policy/runsOn" } },
    });
  });

  it("runs it where the label is offered, by an option or the settings", async () => {
    for (const flow of [train, around]) {
      expect(await conductor("run", flow, "--quiet", "--label", "cpu", "--label", "gpu")).toMatchObject({ code: 0 });
    }
    const project = folder();
    file(project, "conductor.config.json", '{ "labels": ["gpu"] }');
    expect((await conductor("run", file(project, "train.yaml", TRAIN), "--label", "cpu")).code).toBe(0);
    file(project, "conductor.config.json", '{ "labels": "gpu" }');
    const wrong = await conductor("run", join(project, "train.yaml"));
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("`labels`") });
  });

  it("takes no label that nothing could ask for, and none for a server", async () => {
    const blank = await conductor("run", train, "--label", "a b");
    expect(blank).toMatchObject({ code: 2, stderr: expect.stringContaining("Expected a label, such as gpu") });
    for (const args of [
      ["run", train],
      ["executions", "resume", "one"],
    ]) {
      const { code, stderr } = await conductor(...args, "--label", "gpu", "--remote", "http://127.0.0.1:9");
      expect([code, stderr]).toEqual([2, expect.stringContaining("--label")]);
    }
  });

  it("tells of what would be refused where nothing is run", async () => {
    const { code, stderr } = await conductor("run", train, "--dry-run");
    expect([code, stderr]).toEqual([0, expect.stringContaining("asks for a process with the label `gpu`")]);
    expect((await conductor("run", train, "--dry-run", "--label", "gpu")).stderr).not.toContain("gpu");
  });
});

describe("conductor validate", () => {
  it("warns of labels that are not offered only where some are given, and refuses anyway what cannot be a label", async () => {
    expect((await conductor("validate", train)).stdout).not.toContain("gpu");
    expect((await conductor("validate", train, "--label", "gpu")).stdout).not.toContain("asks for");
    const [entry] = JSON.parse((await conductor("validate", "--json", train, "--label", "cpu")).stdout);
    expect(entry).toMatchObject({
      valid: true,
      warnings: [{ rule: "missing-label", nodeId: "train", path: "/nodes/1/policy/runsOn", line: 4 }],
    });
    expect((await conductor("validate", train, "--label", "cpu", "--strict")).code).toBe(3);
    const wrong = await conductor("validate", file(here, "wrong.yaml", TRAIN.replace("gpu", "[gpu]")));
    expect(wrong.code).toBe(3);
    expect(wrong.stdout).toContain("Expected a label that a process declares, such as `gpu`, found a list");
  });
});

describe("two processes on one store", () => {
  const NODES = `import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { defineNode } from "@atomiton/nodes";
export const hold = defineNode({
  type: "hold",
  execute: async ({ signal }) => {
    writeFileSync("reached", "");
    while (!existsSync("door")) {
      signal?.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return "done";
  },
});
`;

  it("leave an execution to the one that offers its label", async () => {
    // Modules find the packages from there.
    mkdirSync(join(ROOT, "out"), { recursive: true });
    const project = mkdtempSync(join(ROOT, "out", "labels "));
    onTestFinished(() => rmSync(project, { recursive: true, force: true }));
    file(project, "nodes.mjs", NODES);
    file(
      project,
      "flow.json",
      JSON.stringify({ id: "f", type: "group", nodes: [{ id: "hold", type: "hold", policy: { runsOn: "gpu" } }] }),
    );
    const command = (...args: string[]) => {
      const running = start([...args, "--store", "sqlite:a.db", "--nodes", "nodes.mjs"], { cwd: project });
      onTestFinished(() => void running.child.kill("SIGKILL"));
      return running;
    };
    const server = command("serve", "--open", "--port", "0");
    await server.says("Everybody on this machine");
    const run = command("run", "flow.json", "--id", "one", "--label", "gpu");
    await vi.waitFor(() => expect(existsSync(join(project, "reached"))).toBe(true), WAIT);
    run.child.kill("SIGKILL");
    await run.ended;
    await server.says(
      "The execution one asks for a process with the label `gpu` (`runsOn`), and this one offers no labels",
    );
    const read = async () => (await fetch(`${server.apiUrl}/executions/one`)).json();
    expect(await read()).toMatchObject({ status: "running", epoch: 1 });
    const refused = await command("executions", "resume", "one").ended;
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("it is left to one that offers it")]);
    const all = await command("executions", "resume").ended;
    expect([all.code, all.stderr]).toEqual([0, expect.stringContaining("it is left to one that offers it")]);
    expect(await read()).toMatchObject({ status: "running", epoch: 1 });

    writeFileSync(join(project, "door"), "");
    const able = command("serve", "--open", "--port", "0", "--label", "gpu");
    await able.says("Everybody on this machine");
    await vi.waitFor(async () => expect(await read()).toMatchObject({ status: "completed", epoch: 2 }), WAIT);
    for (const { child, ended } of [server, able]) {
      child.kill("SIGTERM");
      expect((await ended).code).toBe(0);
    }
  }, 300_000);
});
