/** `conductor executions resume --any-version`, and a run that is killed beside a server on the same store. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { ROOT, start } from "./cli.js";

const WAIT = { timeout: 120_000, interval: 50 };

/** A project whose node type says its version, and stays until a file is there. */
function project() {
  mkdirSync(join(ROOT, "out"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "out", "any version "));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(
    join(folder, "nodes.mjs"),
    `import { existsSync, writeFileSync } from "node:fs";
import { defineNode } from "@atomiton/nodes";
export const hold = defineNode({
  type: "hold",
  version: process.env.HOLD_VERSION,
  execute: async ({ signal }) => {
    writeFileSync("reached", "");
    while (!existsSync("door")) {
      signal?.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return process.env.HOLD_VERSION;
  },
});
`,
  );
  writeFileSync(
    join(folder, "flow.json"),
    JSON.stringify({ id: "f", type: "group", nodes: [{ id: "hold", type: "hold" }], edges: [] }),
  );
  const command = (version: string, ...args: string[]) => {
    const running = start([...args, "--store", "sqlite:a.db", "--nodes", "nodes.mjs"], {
      cwd: folder,
      env: { HOLD_VERSION: version },
    });
    onTestFinished(() => void running.child.kill("SIGKILL"));
    return running;
  };
  /** A run that is killed in the middle. */
  const killed = async () => {
    const { child, ended } = command("1.4.0", "run", "flow.json", "--id", "one");
    await vi.waitFor(() => expect(existsSync(join(folder, "reached"))).toBe(true), WAIT);
    child.kill("SIGKILL");
    await ended;
  };
  return { folder, command, killed, open: () => writeFileSync(join(folder, "door"), "") };
}

describe("conductor executions resume", () => {
  it("goes on with another major version of a node type only where it is told to", async () => {
    const { command, killed, open } = project();
    await killed();
    open();
    const refused = await command("2.0.0", "executions", "resume", "one").ended;
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('version "1.4.0" of the node type hold, which is "2.0.0" here');
    expect(refused.stderr).toContain("conductor executions resume one --any-version");
    const shown = await command("2.0.0", "executions", "show", "one").ended;
    expect(shown.stdout).toContain("blocked");
    const all = await command("2.0.0", "executions", "resume", "--any-version").ended;
    expect(all).toMatchObject({ code: 2, stderr: expect.stringContaining("name the one that is to go on") });
    const { code, stdout } = await command("2.0.0", "executions", "resume", "one", "--any-version", "--json").ended;
    expect([code, stdout]).toEqual([0, expect.stringContaining("2.0.0")]);
  }, 300_000);

  it("is not needed for a run that was killed beside a server which recovered", async () => {
    const { command, killed, open } = project();
    const server = command("1.5.0", "serve", "--open", "--port", "0");
    await server.says("Everybody on this machine");
    await killed();
    await server.says("1 execution goes on here that another process left: one");
    open();
    await vi.waitFor(async () => {
      const answer = await fetch(`${server.apiUrl}/executions/one`);
      expect(await answer.json()).toMatchObject({ status: "completed", epoch: 2 });
    }, WAIT);
    server.child.kill("SIGTERM");
    expect((await server.ended).code).toBe(0);
  }, 300_000);
});
