/** An execution that ends every process that has it, among servers on one store. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { type Running, start } from "../cli/cli.js";
import { projectWith, sharedStores, WAIT } from "./on-stores.js";

/** What a crash of native code does to its process, unless a file is there; it is not held until what came before is on disk. */
const NODES = `import { appendFileSync, existsSync } from "node:fs";
import { defineNode } from "@atomiton/nodes";
export const quick = defineNode({ type: "quick", effects: "writes", execute: () => appendFileSync("quick.log", "x") });
export const poison = defineNode({
  type: "poison",
  effects: "reads",
  execute: () => {
    if (existsSync("mended")) return "done";
    appendFileSync("ends.log", "x");
    process.kill(process.pid, "SIGKILL");
    return new Promise(() => {});
  },
});
`;

const FLOW = {
  id: "deadly",
  type: "group",
  nodes: [
    { id: "first", type: "quick" },
    { id: "crash", type: "poison" },
  ],
  edges: [{ id: "e", source: "first", target: "crash" }],
};

describe.each(sharedStores())("an execution that ends its process, on $name", ({ address, missing }) => {
  it("is blocked by the process that would be the next, and goes on where it is asked for", async ({ skip }) => {
    if (missing !== undefined) skip(missing);
    const folder = projectWith(NODES);
    writeFileSync(join(folder, "flow.json"), JSON.stringify(FLOW));
    const command = (...args: string[]): Running => {
      const all = [...args, "--store", address(folder), "--nodes", join(folder, "nodes.mjs")];
      const running = start(all, { cwd: folder });
      onTestFinished(() => void running.child.kill("SIGKILL"));
      return running;
    };
    const ends = () =>
      existsSync(join(folder, "ends.log")) ? readFileSync(join(folder, "ends.log"), "utf8").length : 0;
    const servers = Array.from({ length: 5 }, () => command("serve", "--open", "--port", "0"));
    await Promise.all(servers.map((server) => server.says("Everybody on this machine")));
    const ended = new Set<Running>();
    for (const server of servers) void server.ended.then(() => ended.add(server));

    await command("run", "flow.json", "--id", "one").ended;
    expect(ends()).toBe(1);
    const row = async () => {
      const server = servers.find((each) => !ended.has(each)) as Running;
      return (await (await fetch(`${server.apiUrl}/executions/one`)).json()) as { status: string; reason: string };
    };
    await vi.waitFor(async () => expect(await row()).toMatchObject({ status: "blocked" }), WAIT);
    const { reason } = await row();
    // The process that began it may have left no word of its first node.
    expect(reason).toMatch(/taken over 3 times in a row .* each time with `crash` under way/);
    expect(reason).toContain("conductor executions resume one");
    const count = ends();
    expect([4, 5]).toContain(count);
    expect(ended.size).toBe(count - 1);
    const living = servers.filter((server) => !ended.has(server));
    await living[0]?.says("The execution one cannot go on: It was taken over 3 times in a row");

    // Neither does one that starts go on with it.
    const all = await command("executions", "resume").ended;
    expect(all).toMatchObject({ code: 1, stderr: expect.stringContaining("taken over 3 times in a row") });
    // Asked for, it ends that process alone: none takes it over.
    await command("executions", "resume", "one").ended;
    expect(ends()).toBe(count + 1);
    await vi.waitFor(async () => {
      expect((await row()).reason).toContain("taken over 4 times in a row");
    }, WAIT);
    expect(ends()).toBe(count + 1);
    writeFileSync(join(folder, "mended"), "");
    const resumed = await command("executions", "resume", "one", "--json").ended;
    expect([resumed.code, resumed.stdout]).toEqual([0, expect.stringContaining("done")]);
    for (const server of living) server.child.kill("SIGTERM");
    for (const server of living) expect((await server.ended).code).toBe(0);
  }, 600_000);
});
